// Numbers whose quantiles are asked for: exact, and never sorted all at once, which would hold up the thread. Pure.

/** Numbers, with their sum. */
export interface Sample {
  readonly count: number;
  readonly sum: number;
  add(value: number): void;
  /** The value below which this share of the numbers lies, linearly between the nearest two; of none, `null`. */
  quantile(share: number): number | null;
}

/** So many are sorted together: few enough for 3 ms, and enough that a million of them are 31 runs. */
const RUN_NUMBERS = 32_768;

/** An empty sample. */
export function sample(): Sample {
  let sum = 0;
  let count = 0;
  let tail: number[] = [];
  const runs: Float64Array[] = [];

  function settle(): void {
    runs.push(Float64Array.from(tail).sort());
    tail = [];
  }

  return {
    get count() {
      return count;
    },
    get sum() {
      return sum;
    },
    add(value) {
      sum += value;
      count += 1;
      tail.push(value);
      if (tail.length === RUN_NUMBERS) settle();
    },
    quantile(share) {
      if (count === 0) return null;
      if (tail.length > 0) settle();
      const place = share * (count - 1);
      const low = atRank(runs, Math.floor(place));
      const high = atRank(runs, Math.ceil(place));
      return low + (high - low) * (place - Math.floor(place));
    },
  };
}

/** The number that `rank` others come before: the largest of those that no more are smaller than. */
function atRank(runs: readonly Float64Array[], rank: number): number {
  const smaller = (value: number): number => runs.reduce((sum, run) => sum + leading(run, (other) => other < value), 0);
  return runs.reduce((largest, run) => {
    const last = run[leading(run, (value) => smaller(value) <= rank) - 1];
    return last === undefined ? largest : Math.max(largest, last);
  }, Number.NEGATIVE_INFINITY);
}

/** How many numbers at the beginning of a sorted run something holds for that holds for none behind them. */
function leading(run: Float64Array, holds: (value: number) => boolean): number {
  let [from, to] = [0, run.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (holds(run[middle] ?? 0)) from = middle + 1;
    else to = middle;
  }
  return from;
}
