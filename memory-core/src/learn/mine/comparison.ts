// Attempts that hold a pattern beside those in the same situation that do not. Pure.
import type { Counts, HeldOut } from '../../pattern.ts';
import { type Corpus, order } from './corpus.ts';
import { effectiveTally, fisherExact, type TaskTally, wholeTable } from './significance.ts';

/** Attempts in one situation, ready to be compared with some among them. */
export interface Group {
  /** In the order of the corpus. */
  readonly members: readonly number[];
  readonly outcome: OutcomeOfAttempts;
  readonly tasks: ReadonlyMap<number, TaskTally>;
  /** Of tasks that patterns are found on, and of those held out. */
  readonly found: Counts;
  readonly heldOut: Counts;
  /** What all of them are worth. */
  readonly worth: TaskTally;
}

/** What counts as success, and how alike attempts at one task end. */
export type OutcomeOfAttempts = Pick<Corpus, 'isSuccess' | 'correlation'>;

/** What came of comparing. */
export interface Comparison {
  readonly with: Counts;
  readonly without: Counts;
  /** On all tasks, as the correction allows for having looked at many; not corrected yet. */
  readonly p: number;
  /** The least that it could have been. */
  readonly smallest: number;
  readonly heldOut?: HeldOut;
}

/** Tasks that must have been held out of those that hold a pattern, and of those that do not, to say anything. */
const MIN_HELD_OUT_TASKS = 2;

const NONE: Counts = { episodes: 0, successes: 0, tasks: 0 };
const NOTHING: TaskTally = { attempts: 0, successes: 0 };

export function groupOf(members: readonly number[], corpus: Corpus, outcome: OutcomeOfAttempts = corpus): Group {
  const tasks = new Map<number, TaskTally>();
  let [found, heldOut, worth] = [NONE, NONE, NOTHING];
  for (const { task, isHeldOut, tally } of byTask(members, corpus, outcome)) {
    tasks.set(task, tally);
    worth = plus(worth, effectiveTally(tally, outcome.correlation));
    if (isHeldOut) heldOut = counted(heldOut, tally);
    else found = counted(found, tally);
  }
  return { members, outcome, tasks, found, heldOut, worth };
}

/** `holders` are members of the group, in its order. */
export function compare(holders: readonly number[], group: Group, corpus: Corpus): Comparison {
  const { correlation } = group.outcome;
  let [found, otherFound, heldOut, otherHeldOut] = [NONE, group.found, NONE, group.heldOut];
  let [those, others] = [NOTHING, group.worth];
  for (const { task, isHeldOut, tally } of byTask(holders, corpus, group.outcome)) {
    const all = group.tasks.get(task) ?? tally;
    const rest = minus(all, tally);
    if (isHeldOut) {
      heldOut = counted(heldOut, tally);
      otherHeldOut = uncounted(otherHeldOut, tally, rest);
    } else {
      found = counted(found, tally);
      otherFound = uncounted(otherFound, tally, rest);
    }
    those = plus(those, effectiveTally(tally, correlation));
    // What is left of the task is worth more an attempt than before: fewer of them say the same.
    others = plus(minus(others, effectiveTally(all, correlation)), effectiveTally(rest, correlation));
  }
  const isHelpful = rateOf(found) >= rateOf(otherFound);
  const isTold = heldOut.tasks >= MIN_HELD_OUT_TASKS && otherHeldOut.tasks >= MIN_HELD_OUT_TASKS;
  const difference = rateOf(heldOut) - rateOf(otherHeldOut);
  const agrees = isHelpful ? difference > 0 : difference < 0;
  return {
    with: both(found, heldOut),
    without: both(otherFound, otherHeldOut),
    ...fisherExact(wholeTable(those, others)),
    ...(isTold ? { heldOut: { with: heldOut, without: otherHeldOut, agrees } } : {}),
  };
}

/** Different attempts, their successes and tasks. */
export function countsOf(attempts: readonly number[], corpus: Corpus, outcome: OutcomeOfAttempts = corpus): Counts {
  return [...byTask(attempts, corpus, outcome)].reduce((counts, { tally }) => counted(counts, tally), NONE);
}

/** Whether the newest third of those that hold it does not point the other way than all of them. */
export function isStillSo(
  holders: readonly number[],
  { group, comparison }: { readonly group: Group; readonly comparison: Comparison },
  { traces }: Corpus,
): boolean {
  const endedAt = (at: number): string => traces[at]?.endedAt ?? '';
  const newest = [...holders].sort((a, b) => order(endedAt(b), endedAt(a)) || a - b);
  const third = newest.slice(0, Math.ceil(newest.length / 3));
  const rate = third.filter((at) => group.outcome.isSuccess[at] === 1).length / third.length;
  const otherRate = rateOf(comparison.without);
  return rateOf(comparison.with) >= otherRate ? rate >= otherRate : rate <= otherRate;
}

/** Attempts by task: those of one lie side by side. */
function* byTask(
  attempts: readonly number[],
  { task, isHeldOut }: Corpus,
  { isSuccess }: OutcomeOfAttempts,
): Generator<{ readonly task: number; readonly isHeldOut: boolean; readonly tally: TaskTally }> {
  let start = 0;
  while (start < attempts.length) {
    const first = attempts[start] ?? 0;
    const key = task[first] ?? 0;
    let [end, successes] = [start, 0];
    for (let at = attempts[end]; at !== undefined && task[at] === key; at = attempts[end]) {
      successes += isSuccess[at] ?? 0;
      end += 1;
    }
    yield { task: key, isHeldOut: isHeldOut[first] === 1, tally: { attempts: end - start, successes } };
    start = end;
  }
}

function counted({ episodes, successes, tasks }: Counts, tally: TaskTally): Counts {
  return { episodes: episodes + tally.attempts, successes: successes + tally.successes, tasks: tasks + 1 };
}

/** A task of which nothing is left is none any more. */
function uncounted({ episodes, successes, tasks }: Counts, tally: TaskTally, rest: TaskTally): Counts {
  return {
    episodes: episodes - tally.attempts,
    successes: successes - tally.successes,
    tasks: tasks - (rest.attempts === 0 ? 1 : 0),
  };
}

function both(one: Counts, other: Counts): Counts {
  return {
    episodes: one.episodes + other.episodes,
    successes: one.successes + other.successes,
    tasks: one.tasks + other.tasks,
  };
}

function plus(one: TaskTally, other: TaskTally): TaskTally {
  return { attempts: one.attempts + other.attempts, successes: one.successes + other.successes };
}

function minus(one: TaskTally, other: TaskTally): TaskTally {
  return { attempts: one.attempts - other.attempts, successes: one.successes - other.successes };
}

function rateOf({ episodes, successes }: Counts): number {
  return episodes === 0 ? 0 : successes / episodes;
}
