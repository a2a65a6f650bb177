// What of the patterns and kinds of task of a scope differs from what is stored, as writes that bring it there.
import { isDeepStrictEqual } from 'node:util';
import type { TaskCluster } from '../cluster.ts';
import { type Applied, merged } from '../learn/merge.ts';
import type { ScopeLearning } from '../learn/scope-learning.ts';
import { isShown, type Pattern, patternWords, type Scope } from '../pattern.ts';
import type { CallOptions, IndexTerms, MemoryStore, Write } from '../ports/store.ts';
import { patternTerms } from '../retrieve/index-terms.ts';
import type { Trace } from '../trace.ts';
import { fadedEvidence, minedEvidence } from './kept-evidence.ts';
import { scopeRows } from './scope-filter.ts';

/** Writes that belong together: a pattern, and all that changes in what bears it out. */
export type Difference = readonly Write[];

export interface Compared {
  readonly scope: Scope;
  /** What was learnt from, in the order that its evidence counts them. */
  readonly traces: readonly Trace[];
  readonly learning: ScopeLearning;
  readonly at: string;
  /** Something of the scope was forgotten since it was last learnt from. */
  readonly isForgetting: boolean;
}

/** Faded patterns of one scope; of more than these, those go that faded first. */
const MAX_FADED = 200;

/** One pattern, or kind of task, after the other; none of those that are as they should be. */
export async function* differences(
  store: MemoryStore,
  { scope, traces, learning, at, isForgetting }: Compared,
  options: CallOptions,
): AsyncGenerator<Difference> {
  const clusters = clusterWrites(await scopeRows(store, 'cluster', scope, options), learning.clusters);
  if (clusters.length > 0) yield clusters;
  const known = new Map((await scopeRows(store, 'pattern', scope, options)).map((pattern) => [pattern.id, pattern]));
  const isAnyNew = learning.patterns.some(({ pattern }) => !known.has(pattern.id));
  const applied = isAnyNew ? await appliedBefore(store, options) : new Map<string, Applied>();
  for (const learnt of learning.patterns) {
    const { pattern } = learnt;
    const before = known.get(pattern.id);
    const { kept, writes } = await minedEvidence(store, { learnt, traces, known: before }, options);
    const result = merged({ known: before, mined: { ...pattern, kept }, at, applied: applied.get(pattern.id) });
    if (result.kind === 'stored') yield [putOf(result.value, before), ...writes];
    known.delete(pattern.id);
  }
  // Behind a forgetting nothing fades: nobody can tell whose words are in what is mined no more.
  for (const [index, before] of lastFadedFirst(known.values()).entries()) {
    const result = merged({ known: before, mined: undefined, at, mayFade: !isForgetting && index < MAX_FADED });
    if (result.kind === 'gone') yield await goneWrites(store, before, options);
    if (result.kind !== 'stored') continue;
    const { kept, writes } = await fadedEvidence(store, before, options);
    yield [putOf({ ...result.value, kept }, before), ...writes];
  }
}

/** What fades only now is the first. */
function lastFadedFirst(patterns: Iterable<Pattern>): readonly Pattern[] {
  const fadedAt = ({ standing, history }: Pattern): string => (standing === 'faded' ? (history.at(-1)?.at ?? '') : '~');
  return [...patterns].sort((a, b) => (fadedAt(a) < fadedAt(b) ? 1 : -Number(fadedAt(a) > fadedAt(b))));
}

/** Everything of a scope that no episode is left of. */
export async function* goneScope(store: MemoryStore, scope: Scope, options: CallOptions): AsyncGenerator<Difference> {
  const clusters = clusterWrites(await scopeRows(store, 'cluster', scope, options), []);
  if (clusters.length > 0) yield clusters;
  for (const pattern of await scopeRows(store, 'pattern', scope, options)) {
    yield await goneWrites(store, pattern, options);
  }
}

function clusterWrites(known: readonly TaskCluster[], now: readonly TaskCluster[]): readonly Write[] {
  const before = new Map(known.map((cluster) => [cluster.id, cluster]));
  const puts = now.flatMap((cluster): readonly Write[] => {
    const version = before.get(cluster.id)?.version ?? 0;
    if (isDeepStrictEqual(before.get(cluster.id), { ...cluster, version })) return [];
    return [{ op: 'put', kind: 'cluster', value: { ...cluster, version: version + 1 }, ifVersion: version }];
  });
  const kept = new Set(now.map(({ id }) => id));
  const ended = known.filter(({ id }) => !kept.has(id));
  return [
    ...puts,
    ...ended.map(({ id, version }): Write => ({ op: 'delete', kind: 'cluster', id, ifVersion: version })),
  ];
}

const NO_TERMS: IndexTerms = { title: [], body: [] };

/** With its words where they are not in the text index yet; what faded takes no room there. */
function putOf(pattern: Pattern, before: Pattern | undefined): Write {
  const value: Pattern = { ...pattern, version: pattern.version + 1 };
  const put = { op: 'put', kind: 'pattern', value, ifVersion: pattern.version } as const;
  if (value.standing === 'faded') return { ...put, terms: NO_TERMS };
  const isIndexed =
    before !== undefined && isShown(before) && isDeepStrictEqual(patternWords(before), patternWords(value));
  return isIndexed ? put : { ...put, terms: patternTerms(value) };
}

async function goneWrites(store: MemoryStore, pattern: Pattern, options: CallOptions): Promise<Difference> {
  const evidence: Write[] = [];
  for await (const { id } of store.scan('evidence', { patternId: pattern.id }, options)) {
    evidence.push({ op: 'delete', kind: 'evidence', id });
  }
  return [{ op: 'delete', kind: 'pattern', id: pattern.id, ifVersion: pattern.version }, ...evidence];
}

/** Feedback to patterns that was stored before they were: it came with an import, ahead of what was learnt from it. */
async function appliedBefore(store: MemoryStore, options: CallOptions): Promise<ReadonlyMap<string, Applied>> {
  const counts = new Map<string, Applied>();
  for await (const { feedback } of store.scan('recommendation', {}, options)) {
    for (const id of feedback?.applied ?? []) {
      const { applied, appliedSuccesses } = counts.get(id) ?? { applied: 0, appliedSuccesses: 0 };
      const isSuccess = feedback?.isSuccess === true;
      counts.set(id, { applied: applied + 1, appliedSuccesses: appliedSuccesses + (isSuccess ? 1 : 0) });
    }
  }
  return counts;
}
