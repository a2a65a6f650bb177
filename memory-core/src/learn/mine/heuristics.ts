// Rules about how to work: where a condition holds, something was done or not. Pure.
import { ANY_ATTEMPT, MIN_SUPPORT } from '../../pattern.ts';
import type { TraceStep } from '../../trace.ts';
import { groupOf } from './comparison.ts';
import type { Corpus } from './corpus.ts';
import type { Proposal } from './hypothesis.ts';

/** A condition and an action, both read from the steps of one attempt, as clauses. */
interface Rule {
  readonly condition: string;
  readonly action: string;
  readonly holdsIn: (steps: readonly TraceStep[]) => boolean;
  readonly wasDone: (steps: readonly TraceStep[]) => boolean;
}

/** Proposals of all rules whose condition some attempts met that did it, and others that did not. */
export function heuristicProposals(corpus: Corpus): readonly Proposal[] {
  return [...RULES, ...rulesOfActs(corpus.acts)].flatMap(({ condition, action, holdsIn, wasDone }) => {
    const stepsAt = (at: number): readonly TraceStep[] => corpus.traces[at]?.steps ?? [];
    const members = corpus.ended.filter((at) => holdsIn(stepsAt(at)));
    const holders = members.filter((at) => wasDone(stepsAt(at)));
    if (holders.length < MIN_SUPPORT || members.length - holders.length < MIN_SUPPORT) return [];
    return {
      content: { kind: 'heuristic', condition, action },
      key: [condition, action],
      holders,
      group: groupOf(members, corpus),
      complexity: condition === ANY_ATTEMPT ? 3 : 1,
    };
  });
}

const RULES: readonly Rule[] = [
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

/** What is done at all, first and last: the plainest rules that there are. A pair of acts says more. */
function rulesOfActs(acts: readonly string[]): readonly Rule[] {
  const rule = { condition: ANY_ATTEMPT, holdsIn: (steps: readonly TraceStep[]): boolean => steps.length > 0 };
  return acts.flatMap((act): readonly Rule[] => [
    { ...rule, action: `used "${act}"`, wasDone: (steps) => steps.some((step) => step.act === act) },
    { ...rule, action: `began with "${act}"`, wasDone: (steps) => steps[0]?.act === act },
    { ...rule, action: `ended with "${act}"`, wasDone: (steps) => steps.at(-1)?.act === act },
  ]);
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
