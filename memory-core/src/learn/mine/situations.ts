// Situations known before the work begins, and what was done in them. Pure.
import { MIN_SUPPORT, type Situation } from '../../pattern.ts';
import type { Trace } from '../../trace.ts';
import { type Group, groupOf } from './comparison.ts';
import { type Corpus, order } from './corpus.ts';
import type { Proposal } from './hypothesis.ts';
import type { Sequence } from './sequences.ts';

/** Kinds of task that episodes are of, by their ids. */
export type KindOf = ReadonlyMap<string, { readonly clusterId: string; readonly label: string }>;

/** Situations of one scope that are looked at: those that most attempts were in. */
const MAX_SITUATIONS = 48;

/** Proposals of all that was done three times or more, and left three times or more, in situations of a scope. */
export function contextProposals(
  corpus: Corpus,
  { kindOf, pairs }: { readonly kindOf: KindOf; readonly pairs: readonly Sequence[] },
): readonly Proposal[] {
  const single = corpus.doers.map((holders, act): Sequence => ({ acts: [act], holders }));
  const approaches = [...single, ...pairs];
  const isMember = new Uint8Array(corpus.traces.length);
  return situationsOf(corpus, kindOf).flatMap(({ where, members }) => {
    const group = groupOf(members, corpus);
    for (const at of members) isMember[at] = 1;
    const found = approaches.flatMap(({ acts, holders }) => {
      const inside = holders.filter((at) => isMember[at] === 1);
      const hasBoth = inside.length >= MIN_SUPPORT && members.length - inside.length >= MIN_SUPPORT;
      const approach = acts.map((act) => corpus.acts[act] ?? '');
      return hasBoth ? proposalIn({ where, approach, acts, holders: inside, group }) : [];
    });
    for (const at of members) isMember[at] = 0;
    return found;
  });
}

function proposalIn(found: {
  readonly where: Situation;
  readonly approach: readonly string[];
  readonly acts: readonly number[];
  readonly holders: readonly number[];
  readonly group: Group;
}): Proposal {
  const { where, approach, acts, holders, group } = found;
  return {
    content: { kind: 'context', where, approach },
    key: [...situationKey(where), ...approach],
    holders,
    acts,
    group,
    complexity: 4 + approach.length,
  };
}

/** The label of a kind of task may change from run to run. */
function situationKey(where: Situation): readonly [string, string] {
  return [where.kind, where.kind === 'cluster' ? where.clusterId : where.value];
}

interface Found {
  readonly where: Situation;
  readonly members: number[];
}

/** A situation that all attempts were in tells nothing, and of two with the same attempts the first is enough. */
function situationsOf({ traces, ended }: Corpus, kindOf: KindOf): readonly Found[] {
  const found = new Map<string, Found>();
  for (const at of ended) {
    const trace = traces[at];
    if (trace === undefined) continue;
    for (const where of situationsAround(trace, kindOf)) {
      const key = JSON.stringify(situationKey(where));
      const known = found.get(key) ?? { where, members: [] };
      found.set(key, known);
      if (known.members.at(-1) !== at) known.members.push(at);
    }
  }
  const large = [...found]
    .filter(([, { members }]) => members.length >= 2 * MIN_SUPPORT && members.length < ended.length)
    .sort(([a, one], [b, other]) => other.members.length - one.members.length || order(a, b))
    .map(([, situation]) => situation)
    .slice(0, 2 * MAX_SITUATIONS);
  const different = new Map(large.toReversed().map((situation) => [situation.members.join(), situation]));
  return [...different.values()].toReversed().slice(0, MAX_SITUATIONS);
}

function situationsAround(trace: Trace, kindOf: KindOf): readonly Situation[] {
  const kind = kindOf.get(trace.episodeId);
  const { language, framework, taskType, complexity } = trace;
  return [
    ...(kind === undefined ? [] : [{ kind: 'cluster', ...kind } as const]),
    ...(language === undefined ? [] : [{ kind: 'language', value: language } as const]),
    ...(framework === undefined ? [] : [{ kind: 'framework', value: framework } as const]),
    { kind: 'task_type', value: taskType },
    ...(complexity === undefined ? [] : [{ kind: 'complexity', value: complexity } as const]),
    ...trace.tags.map((value) => ({ kind: 'tag', value }) as const),
    ...trace.directories.map((value) => ({ kind: 'directory', value }) as const),
  ];
}
