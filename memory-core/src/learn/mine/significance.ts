// Whether a difference between two groups of attempts may be chance. Pure.

/** A fourfold table: how many of each group, and how many of these succeeded. */
export interface Table {
  readonly with: number;
  readonly withSuccesses: number;
  readonly without: number;
  readonly withoutSuccesses: number;
}

/**
 * Fisher's exact test, two-sided (Fisher 1935): the share of all tables with these margins that are no likelier than
 * this one. `smallest` is the least that any table with these margins could have reached.
 */
export function fisherExact(table: Table): { readonly p: number; readonly smallest: number } {
  const all = table.with + table.without;
  const successes = table.withSuccesses + table.withoutSuccesses;
  const low = Math.max(0, successes - table.without);
  const high = Math.min(table.with, successes);
  // Relative to the first table, each next one by the ratio of neighbours: no factorials that overflow.
  const logs = [0];
  for (let k = low; k < high; k += 1) {
    const up = (table.with - k) * (successes - k);
    const down = (k + 1) * (all - table.with - successes + k + 1);
    logs.push((logs.at(-1) ?? 0) + Math.log(up / down));
  }
  const top = logs.reduce((most, log) => Math.max(most, log), 0);
  const weights = logs.map((log) => Math.exp(log - top));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const noLikelierThan = (limit: number): number =>
    weights.reduce((sum, weight) => sum + (weight <= limit * (1 + ROUNDING) ? weight : 0), 0) / total;
  const ends = Math.min(weights[0] ?? 1, weights.at(-1) ?? 1);
  return { p: noLikelierThan(weights[table.withSuccesses - low] ?? 1), smallest: noLikelierThan(ends) };
}

/** Tables that are equally likely differ in the last digits. */
const ROUNDING = 1e-7;

/** One task, or the attempts at it that are in one group. */
export interface TaskTally {
  readonly attempts: number;
  readonly successes: number;
}

/** Tasks that must have been attempted more than once, before it is known how alike attempts at one task end. */
const MIN_REPEATED_TASKS = 10;

/**
 * How alike attempts at one task end, 0–1: the intraclass correlation, by analysis of variance (Donner & Koval 1980;
 * for binary outcomes Ridout et al. 1999). Where too few tasks were attempted again it is taken as 1: each task then
 * has one vote, however often it was tried.
 */
export function taskCorrelation(tasks: readonly TaskTally[]): number {
  const attempts = tasks.reduce((sum, task) => sum + task.attempts, 0);
  const repeated = tasks.filter((task) => task.attempts > 1).length;
  if (repeated < MIN_REPEATED_TASKS) return 1;
  const mean = tasks.reduce((sum, task) => sum + task.successes, 0) / attempts;
  let [between, within, squares] = [0, 0, 0];
  for (const task of tasks) {
    const rate = task.successes / task.attempts;
    between += task.attempts * (rate - mean) ** 2;
    within += task.attempts * rate * (1 - rate);
    squares += task.attempts ** 2;
  }
  const meanBetween = between / (tasks.length - 1);
  const meanWithin = within / (attempts - tasks.length);
  const size = (attempts - squares / attempts) / (tasks.length - 1);
  const spread = meanBetween + (size - 1) * meanWithin;
  // All ended the same way: nothing is known of how alike they end.
  return spread === 0 ? 1 : Math.min(1, Math.max(0, (meanBetween - meanWithin) / spread));
}

/** What attempts are worth that are not independent: as if so many independent ones had been made. */
export interface EffectiveTally {
  readonly attempts: number;
  readonly successes: number;
}

/**
 * `n` attempts at a task that end alike with correlation `r` are worth `n / (1 + (n − 1) r)` independent ones: the
 * design effect of Kish 1965, by which Rao & Scott 1992 divide counts before a test for independent ones.
 */
export function effectiveTally({ attempts, successes }: TaskTally, correlation: number): EffectiveTally {
  const weight = attempts === 0 ? 0 : 1 / (1 + (attempts - 1) * correlation);
  return { attempts: attempts * weight, successes: successes * weight };
}

/**
 * The table of whole numbers that two effective counts allow: what lies between two is rounded towards no difference.
 * Where each task was tried once, nothing is rounded.
 */
export function wholeTable(those: EffectiveTally, others: EffectiveTally): Table {
  const isMore = those.successes * others.attempts >= others.successes * those.attempts;
  return {
    ...{ with: floor(those.attempts), without: floor(others.attempts) },
    withSuccesses: wholeSuccesses(those, isMore),
    withoutSuccesses: wholeSuccesses(others, !isMore),
  };
}

function wholeSuccesses({ attempts, successes }: EffectiveTally, isMore: boolean): number {
  if (attempts === 0) return 0;
  const share = (successes / attempts) * floor(attempts);
  return isMore ? floor(share) : Math.ceil(share - ROUNDING);
}

function floor(value: number): number {
  return Math.floor(value + ROUNDING);
}

/**
 * Each p corrected for all that were looked at, in the order given: Holm 1979, over those that could have become
 * significant at all (Tarone 1990). Which these are is known from the margins, before any outcome is looked at.
 */
export function correctedForAll(
  tests: readonly { readonly p: number; readonly smallest: number }[],
  level: number,
): readonly number[] {
  const least = tests.map(({ smallest }) => smallest).sort((a, b) => a - b);
  // The smallest family size that those who could reach its level fill no more than.
  let size = 1;
  while (countUpTo(least, level / size) > size) size += 1;
  const family = [...tests.keys()].filter((index) => (tests[index]?.smallest ?? 1) <= level / size);
  family.sort((a, b) => (tests[a]?.p ?? 1) - (tests[b]?.p ?? 1));
  const corrected = tests.map(() => 1);
  let last = 0;
  for (const [rank, index] of family.entries()) {
    last = Math.max(last, Math.min(1, (tests[index]?.p ?? 1) * (family.length - rank)));
    corrected[index] = last;
  }
  return corrected;
}

/** How many of some numbers, in order, are no more than `limit`. */
function countUpTo(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
