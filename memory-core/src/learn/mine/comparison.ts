// Attempts that hold a pattern beside those in the same situation that do not. Pure.
import type { Counts, HeldOut } from '../../pattern.ts';
import { type Corpus, order } from './corpus.ts';
import {
  differenceWithin,
  effectiveTally,
  stratifiedExact,
  type Table,
  type TaskTally,
  wholeTables,
} from './significance.ts';
import { type Strata, strataOf, WIDEST } from './strata.ts';

/** Attempts in one situation, ready to be compared with some among them. */
export interface Group {
  /** In the order of the corpus. */
  readonly members: readonly number[];
  readonly outcome: OutcomeOfAttempts;
  readonly counts: Counts;
  readonly byLength: Strata;
  readonly byTime: Strata;
}

/** What counts as success, and how alike attempts at one task end. */
export type OutcomeOfAttempts = Pick<Corpus, 'isSuccess' | 'correlation' | 'lengths'>;

/** What came of comparing. */
export interface Comparison {
  readonly with: Counts;
  readonly without: Counts;
  /** On all tasks, as the correction allows for having looked at many; not corrected yet. */
  readonly p: number;
  /** The least that it could have been. */
  readonly smallest: number;
  /** Whether attempts as long, and attempts of the same time, differ in the way that all do. */
  readonly isSoWithin: boolean;
  readonly heldOut?: HeldOut;
}

/** Tasks that must have been held out of those that hold a pattern, and of those that do not, to say anything. */
const MIN_HELD_OUT_TASKS = 2;

const NONE: Counts = { episodes: 0, successes: 0, tasks: 0 };

export function groupOf(members: readonly number[], corpus: Corpus, outcome: OutcomeOfAttempts = corpus): Group {
  return {
    ...{ members, outcome, counts: countsOf(members, corpus, outcome) },
    byLength: strataOf(members, { values: outcome.lengths, widest: WIDEST }),
    byTime: strataOf(members, { values: corpus.times, widest: Number.POSITIVE_INFINITY }),
  };
}

/**
 * Like is compared with like: attempts with those that did as much, and with those of the same time; the weaker
 * of the two counts. Long attempts hold more of everything, and what is taken up late is held by those that would have
 * gone better anyway.
 */
export function compare(holders: readonly number[], group: Group, corpus: Corpus): Comparison {
  const { members, outcome } = group;
  const ways = [
    tablesOf(group.byLength, (at) => outcome.lengths[at] ?? 0),
    tablesOf(group.byTime, (at) => corpus.times[at] ?? 0),
  ];
  const found = { with: NONE, without: NONE };
  const heldOut = { with: NONE, without: NONE };
  let holder = 0;
  for (const [start, end] of taskRuns(members, corpus)) {
    const first = holder;
    while (holder < holders.length && (holders[holder] ?? 0) <= (members[end - 1] ?? 0)) holder += 1;
    const isHeldOut = corpus.isHeldOut[members[start] ?? 0] === 1;
    const worth = {
      with: effectiveTally({ attempts: holder - first, successes: 0 }, outcome.correlation).attempts / (holder - first),
      without:
        effectiveTally({ attempts: end - start - holder + first, successes: 0 }, outcome.correlation).attempts /
        (end - start - holder + first),
    };
    const tally = { with: { attempts: 0, successes: 0 }, without: { attempts: 0, successes: 0 } };
    for (let [place, next] = [start, first]; place < end; place += 1) {
      const at = members[place] ?? 0;
      const side = holders[next] === at ? 'with' : 'without';
      if (side === 'with') next += 1;
      const isSuccess = outcome.isSuccess[at] ?? 0;
      tally[side].attempts += 1;
      tally[side].successes += isSuccess;
      for (const { layerOf, effective, plain } of ways) {
        const layer = layerOf(at);
        add(effective[layer], { side, isSuccess, weight: worth[side] });
        add((isHeldOut ? plain.heldOut : plain.found)[layer], { side, isSuccess, weight: 1 });
      }
    }
    const counts = isHeldOut ? heldOut : found;
    counts.with = counted(counts.with, tally.with);
    counts.without = counted(counts.without, tally.without);
  }
  return comparisonOf({ found, heldOut, ways });
}

/** Tables that are filled, one for each layer. */
interface Tables {
  readonly layerOf: (at: number) => number;
  /** On all tasks, each attempt as far as it counts. */
  readonly effective: readonly MutableTable[];
  /** On tasks that patterns are found on, and on those held out. */
  readonly plain: { readonly found: readonly MutableTable[]; readonly heldOut: readonly MutableTable[] };
}

type MutableTable = { -readonly [Key in keyof Table]: Table[Key] };

function tablesOf(strata: Strata, numberOf: (at: number) => number): Tables {
  const empty = (): readonly MutableTable[] =>
    Array.from({ length: strata.count }, () => ({ with: 0, withSuccesses: 0, without: 0, withoutSuccesses: 0 }));
  return {
    layerOf: (at) => strata.of(numberOf(at)),
    effective: empty(),
    plain: { found: empty(), heldOut: empty() },
  };
}

interface Attempt {
  readonly side: 'with' | 'without';
  readonly isSuccess: number;
  readonly weight: number;
}

function add(table: MutableTable | undefined, { side, isSuccess, weight }: Attempt): void {
  if (table === undefined) return;
  table[side] += weight;
  table[`${side}Successes`] += isSuccess * weight;
}

interface Sides {
  readonly with: Counts;
  readonly without: Counts;
}

function comparisonOf(told: {
  readonly found: Sides;
  readonly heldOut: Sides;
  readonly ways: readonly Tables[];
}): Comparison {
  const { found, heldOut, ways } = told;
  const all = { with: both(found.with, heldOut.with), without: both(found.without, heldOut.without) };
  const sign = Math.sign(rateOf(all.with) - rateOf(all.without));
  const isSo = (tables: readonly Table[]): boolean => sign !== 0 && Math.sign(differenceWithin(tables)) === sign;
  const isTold = heldOut.with.tasks >= MIN_HELD_OUT_TASKS && heldOut.without.tasks >= MIN_HELD_OUT_TASKS;
  const tests = ways.map(({ effective }) => stratifiedExact(wholeTables(effective)));
  return {
    ...all,
    p: Math.max(...tests.map(({ p }) => p)),
    smallest: Math.max(...tests.map(({ smallest }) => smallest)),
    isSoWithin: ways.every(({ plain }) => isSo(plain.found)),
    ...(isTold ? { heldOut: { ...heldOut, agrees: ways.every(({ plain }) => isSo(plain.heldOut)) } } : {}),
  };
}

/** Different attempts, their successes and tasks. */
export function countsOf(attempts: readonly number[], corpus: Corpus, outcome: OutcomeOfAttempts = corpus): Counts {
  let counts = NONE;
  for (const [start, end] of taskRuns(attempts, corpus)) {
    const those = attempts.slice(start, end);
    counts = counted(counts, { attempts: those.length, successes: successesOf(those, outcome) });
  }
  return counts;
}

/**
 * Whether the newest third of those that hold it does not point the other way than all of them: beside the others of the
 * same time, as with everything else what is usual may have changed. Where everybody holds it by now, beside all others.
 */
export function isStillSo(
  holders: readonly number[],
  { group, comparison }: { readonly group: Group; readonly comparison: Comparison },
  { traces }: Corpus,
): boolean {
  const endedAt = (at: number): string => traces[at]?.endedAt ?? '';
  const newest = [...holders].sort((a, b) => order(endedAt(b), endedAt(a)) || a - b);
  const third = newest.slice(0, Math.ceil(newest.length / 3));
  const since = endedAt(third.at(-1) ?? -1);
  const held = new Set(holders);
  const others = group.members.filter((at) => !held.has(at) && endedAt(at) >= since);
  const rate = successesOf(third, group.outcome) / third.length;
  const usual = rateOf(comparison.without);
  const otherRate = others.length === 0 ? usual : successesOf(others, group.outcome) / others.length;
  return rateOf(comparison.with) >= usual ? rate >= otherRate : rate <= otherRate;
}

function successesOf(attempts: readonly number[], { isSuccess }: OutcomeOfAttempts): number {
  return attempts.reduce((sum, at) => sum + (isSuccess[at] ?? 0), 0);
}

/** Where the attempts at each task begin and end: those of one lie side by side. */
function* taskRuns(attempts: readonly number[], { task }: Corpus): Generator<readonly [number, number]> {
  let start = 0;
  while (start < attempts.length) {
    const key = task[attempts[start] ?? 0];
    let end = start + 1;
    while (end < attempts.length && task[attempts[end] ?? 0] === key) end += 1;
    yield [start, end];
    start = end;
  }
}

function counted({ episodes, successes, tasks }: Counts, tally: TaskTally): Counts {
  if (tally.attempts === 0) return { episodes, successes, tasks };
  return { episodes: episodes + tally.attempts, successes: successes + tally.successes, tasks: tasks + 1 };
}

function both(one: Counts, other: Counts): Counts {
  return {
    episodes: one.episodes + other.episodes,
    successes: one.successes + other.successes,
    tasks: one.tasks + other.tasks,
  };
}

function rateOf({ episodes, successes }: Counts): number {
  return episodes === 0 ? 0 : successes / episodes;
}
