// Whether a difference between two groups of attempts may be chance. Pure.

/** A fourfold table: how many of each group, and how many of these succeeded. */
export interface Table {
  readonly with: number;
  readonly withSuccesses: number;
  readonly without: number;
  readonly withoutSuccesses: number;
}

/** What a test says. `smallest` is the least that any tables with these margins could have reached. */
export interface Tested {
  readonly p: number;
  readonly smallest: number;
}

/** Multiplications after which the exact distribution gives way to the normal one: some thousand attempts. */
const MAX_EXACT_WORK = 400_000;

/**
 * Whether groups differ within strata: the exact conditional test of no common odds ratio (Birch 1964; Mehta, Patel &
 * Gray 1985), two-sided by the share of all sums that are no likelier than this one. Of one stratum that is Fisher's
 * exact test (1935). Of very many attempts that of Mantel & Haenszel 1959, corrected for continuity.
 */
export function stratifiedExact(tables: readonly Table[]): Tested {
  const strata = tables.flatMap(telling);
  if (strata.length === 0) return { p: 1, smallest: 1 };
  const { observed, expected, variance } = margins(strata);
  const ends = strata.map(({ low, high }) => high - low);
  const low = strata.reduce((sum, stratum) => sum + stratum.low, 0);
  const width = ends.reduce((sum, end) => sum + end, 0);
  const work = ends.length === 1 ? 0 : ends.reduce((sum, end) => sum + end * width, 0) / 2;
  if (work > MAX_EXACT_WORK) {
    const normal = (sum: number): number => twoSided((Math.abs(sum - expected) - 0.5) / Math.sqrt(variance));
    return { p: normal(observed), smallest: Math.min(normal(low), normal(low + width)) };
  }
  const weights = strata.map(({ table, low, high }) => weightsOf(table, { low, high })).reduce(convolved);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const noLikelierThan = (limit: number): number =>
    Math.min(1, weights.reduce((sum, weight) => sum + (weight <= limit * (1 + ROUNDING) ? weight : 0), 0) / total);
  const least = Math.min(weights[0] ?? 1, weights.at(-1) ?? 1);
  return { p: noLikelierThan(weights[observed - low] ?? 1), smallest: noLikelierThan(least) };
}

/** Fisher's exact test, two-sided (Fisher 1935). */
export function fisherExact(table: Table): Tested {
  return stratifiedExact([table]);
}

/**
 * Which way groups differ within strata: above 0 where those with succeed more often, 0 where nothing tells. The
 * numerator of Mantel & Haenszel 1959.
 */
export function differenceWithin(tables: readonly Table[]): number {
  const { observed, expected } = margins(tables.flatMap(telling));
  // Sums of fractions differ in the last digits.
  return Math.abs(observed - expected) < ROUNDING ? 0 : observed - expected;
}

/** A table that has both groups and both outcomes, with the least and the most successes that one group may have. */
interface Stratum {
  readonly table: Table;
  readonly low: number;
  readonly high: number;
}

function telling(table: Table): readonly Stratum[] {
  const successes = table.withSuccesses + table.withoutSuccesses;
  const low = Math.max(0, successes - table.without);
  const high = Math.min(table.with, successes);
  return high > low ? [{ table, low, high }] : [];
}

function margins(strata: readonly Stratum[]): {
  readonly observed: number;
  readonly expected: number;
  readonly variance: number;
} {
  let [observed, expected, variance] = [0, 0, 0];
  for (const { table } of strata) {
    const all = table.with + table.without;
    const successes = table.withSuccesses + table.withoutSuccesses;
    observed += table.withSuccesses;
    expected += (table.with * successes) / all;
    variance += (table.with * table.without * successes * (all - successes)) / (all * all * Math.max(1, all - 1));
  }
  return { observed, expected, variance };
}

/** How likely each number of successes is against the likeliest. */
function weightsOf(table: Table, { low, high }: { readonly low: number; readonly high: number }): readonly number[] {
  const all = table.with + table.without;
  const successes = table.withSuccesses + table.withoutSuccesses;
  // Relative to the first table, each next one by the ratio of neighbours: no factorials that overflow.
  const logs = [0];
  for (let k = low; k < high; k += 1) {
    const up = (table.with - k) * (successes - k);
    const down = (k + 1) * (all - table.with - successes + k + 1);
    logs.push((logs.at(-1) ?? 0) + Math.log(up / down));
  }
  const top = logs.reduce((most, log) => Math.max(most, log), 0);
  return logs.map((log) => Math.exp(log - top));
}

/** Of the sum of two numbers that do not depend on each other. */
function convolved(one: readonly number[], other: readonly number[]): readonly number[] {
  const sums = new Float64Array(one.length + other.length - 1);
  for (let i = 0; i < one.length; i += 1) {
    const weight = one[i] ?? 0;
    for (let j = 0; j < other.length; j += 1) sums[i + j] = (sums[i + j] ?? 0) + weight * (other[j] ?? 0);
  }
  return [...sums];
}

/** How likely a normal number is to be as far from its mean (Abramowitz & Stegun 1964, 7.1.26; farther out 7.1.23). */
function twoSided(deviations: number): number {
  const x = Math.max(0, deviations) / Math.SQRT2;
  if (x > 3) return (Math.exp(-x * x) / (x * Math.sqrt(Math.PI))) * (1 - 1 / (2 * x * x) + 3 / (4 * x ** 4));
  const t = 1 / (1 + 0.3275911 * x);
  const series = [0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429];
  return Math.min(1, series.reduceRight((sum, factor) => (sum + factor) * t, 0) * Math.exp(-x * x));
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
 * The tables of whole numbers that effective counts allow, stratum by stratum: what lies between two goes over to the
 * next stratum, and in the end is rounded towards no difference. Where each task was tried once, nothing is rounded.
 */
export function wholeTables(tables: readonly Table[]): readonly Table[] {
  const isMore = differenceWithin(tables) >= 0;
  const those = wholeSide(
    tables.map((table) => ({ attempts: table.with, successes: table.withSuccesses })),
    isMore,
  );
  const others = wholeSide(
    tables.map((table) => ({ attempts: table.without, successes: table.withoutSuccesses })),
    !isMore,
  );
  return tables.map((_, index) => ({
    with: those[index]?.attempts ?? 0,
    withSuccesses: those[index]?.successes ?? 0,
    without: others[index]?.attempts ?? 0,
    withoutSuccesses: others[index]?.successes ?? 0,
  }));
}

function wholeSide(strata: readonly EffectiveTally[], isRoundedDown: boolean): readonly EffectiveTally[] {
  let [owedAttempts, owedSuccesses] = [0, 0];
  return strata.map((tally) => {
    owedAttempts += tally.attempts;
    owedSuccesses += tally.successes;
    const attempts = floor(owedAttempts);
    const share = owedAttempts === 0 ? 0 : (owedSuccesses / owedAttempts) * attempts;
    const wanted = isRoundedDown ? floor(share) : Math.ceil(share - ROUNDING);
    const successes = Math.min(attempts, Math.max(0, wanted));
    owedAttempts -= attempts;
    owedSuccesses -= successes;
    return { attempts, successes };
  });
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
