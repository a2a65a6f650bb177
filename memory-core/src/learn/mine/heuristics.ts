// Rules about how to work: where a condition holds, something was done or not. Pure.
import { ANY_ATTEMPT, MIN_SUPPORT } from '../../pattern.ts';
import type { TraceStep } from '../../trace.ts';
import { groupOf } from './comparison.ts';
import type { Corpus } from './corpus.ts';
import type { Proposal } from './hypothesis.ts';

type Rule = Extract<Proposal['content'], { kind: 'heuristic' }>;

/** A condition and an action, both read from the steps of one attempt, as clauses. */
interface ReadRule {
  readonly condition: string;
  readonly action: string;
  readonly holdsIn: (steps: readonly TraceStep[]) => boolean;
  readonly wasDone: (steps: readonly TraceStep[]) => boolean;
}

/** Proposals of all rules whose condition some attempts met that did it, and others that did not. */
export function heuristicProposals(corpus: Corpus): readonly Proposal[] {
  const stepsAt = (at: number): readonly TraceStep[] => corpus.traces[at]?.steps ?? [];
  const conditional = RULES.flatMap(({ condition, action, holdsIn, wasDone }) => {
    const members = corpus.ended.filter((at) => holdsIn(stepsAt(at)));
    const holders = members.filter((at) => wasDone(stepsAt(at)));
    const group = groupOf(members, corpus);
    return proposalOf({ content: { kind: 'heuristic', condition, action }, holders, acts: [], group, complexity: 1 });
  });
  const group = groupOf(
    corpus.ended.filter((at) => stepsAt(at).length > 0),
    corpus,
  );
  const anyAttempt = doneAtAll(corpus).flatMap(({ action, holders, acts }) => {
    // A pair of acts says more.
    return proposalOf({
      content: { kind: 'heuristic', condition: ANY_ATTEMPT, action },
      holders,
      acts,
      group,
      complexity: 3,
    });
  });
  return [...conditional, ...anyAttempt];
}

function proposalOf(proposal: Omit<Proposal, 'key' | 'content'> & { readonly content: Rule }): readonly Proposal[] {
  const { content, holders, group } = proposal;
  if (holders.length < MIN_SUPPORT || group.members.length - holders.length < MIN_SUPPORT) return [];
  return [{ ...proposal, key: [content.condition, content.action] }];
}

const RULES: readonly ReadRule[] = [
  {
    condition: 'something was changed',
    action: 'a check ran after the last change',
    holdsIn: hasChange,
    wasDone: (steps) => steps.slice(steps.findLastIndex(isChange)).some(isCheck),
  },
  {
    condition: 'something was changed',
    action: 'something was looked at before the first change',
    holdsIn: hasChange,
    wasDone: (steps) => steps.slice(0, steps.findIndex(isChange)).some(({ does }) => does === 'look'),
  },
  {
    condition: 'something was changed',
    action: 'a check ran before the first change',
    holdsIn: hasChange,
    wasDone: (steps) => steps.slice(0, steps.findIndex(isChange)).some(isCheck),
  },
  {
    condition: 'a step failed',
    action: 'the same was done again at once and failed in the same way',
    holdsIn: hasFailure,
    wasDone: (steps) => steps.some((step) => isFailure(step) && (step.times ?? 1) > 1),
  },
  {
    condition: 'a step failed',
    action: 'the same error came three times or more',
    holdsIn: hasFailure,
    wasDone: (steps) => [...errorCounts(steps).values()].some((count) => count >= 3),
  },
];

/** What is done at all, and first: the plainest rules that there are. What is done last follows from how it went. */
function doneAtAll({ traces, ended, acts, doers }: Corpus): readonly {
  readonly action: string;
  readonly holders: readonly number[];
  readonly acts: readonly number[];
}[] {
  const first = new Map<string, number[]>();
  for (const at of ended) {
    const act = traces[at]?.steps[0]?.act;
    if (act === undefined) continue;
    const holders = first.get(act) ?? [];
    first.set(act, holders);
    holders.push(at);
  }
  return [
    ...acts.map((act, index) => ({ action: `used "${act}"`, holders: doers[index] ?? [], acts: [index] })),
    ...[...first].map(([act, holders]) => ({ action: `began with "${act}"`, holders, acts: [] })),
  ];
}

function hasChange(steps: readonly TraceStep[]): boolean {
  return steps.some(isChange);
}

function hasFailure(steps: readonly TraceStep[]): boolean {
  return steps.some(isFailure);
}

function isChange({ does }: TraceStep): boolean {
  return does === 'change';
}

function isCheck({ does }: TraceStep): boolean {
  return does === 'check';
}

function isFailure({ result }: TraceStep): boolean {
  return result !== 'success';
}

function errorCounts(steps: readonly TraceStep[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { error, times } of steps) {
    if (error !== undefined) counts.set(error.signature, (counts.get(error.signature) ?? 0) + (times ?? 1));
  }
  return counts;
}
