// How durations are spread, in a fixed number of buckets whose widths grow with them. Two spreads can be added, and a
// percentile is wrong by a known share however many values there are.

/** Up to this, all is one bucket, told as this. */
export const MIN_MS = 0.01;
/** A bucket ends where it begins times this. */
const GROWTH = 2 ** (1 / 4);
/** Up to 671 s; what took longer is in the last one, told as the longest that there was. */
export const BOUNDED_BUCKETS = 105;
const BUCKETS = BOUNDED_BUCKETS + 1;

/** By how much of itself a percentile may be wrong, between `MIN_MS` and 671 s: half a bucket to either side. */
export const QUANTILE_ERROR: number = GROWTH ** (1 / 2) - 1;

/** A spread as plain data. Whole microseconds, so that adding several gives the same in whichever order. */
export interface Spread {
  readonly count: number;
  readonly sumUs: number;
  readonly maxUs: number;
  /** Bucket and how many are in it, rising; empty ones are left out. */
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
}

/** Takes durations. */
export interface Histogram {
  /** What is no duration is not counted; less than nothing, as after a clock was set back, counts as nothing. */
  add(ms: number): void;
  spread(): Spread;
}

/** Holds the same few hundred bytes whatever it was told. */
export function histogram(): Histogram {
  const counts = new Float64Array(BUCKETS);
  let count = 0;
  let sumMs = 0;
  let maxMs = 0;
  return {
    add(given) {
      if (!Number.isFinite(given)) return;
      const ms = Math.max(0, given);
      const bucket = bucketOf(ms);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      count += 1;
      sumMs += ms;
      if (ms > maxMs) maxMs = ms;
    },
    spread: () => ({
      count,
      sumUs: Math.round(sumMs * 1_000),
      maxUs: Math.round(maxMs * 1_000),
      buckets: [...counts.entries()].filter(([, inIt]) => inIt > 0),
    }),
  };
}

/** All of both. */
export function sumOfSpreads(a: Spread, b: Spread): Spread {
  const buckets = new Map(a.buckets);
  for (const [bucket, count] of b.buckets) buckets.set(bucket, (buckets.get(bucket) ?? 0) + count);
  return {
    count: a.count + b.count,
    sumUs: a.sumUs + b.sumUs,
    maxUs: Math.max(a.maxUs, b.maxUs),
    buckets: [...buckets].sort(([first], [second]) => first - second),
  };
}

/** What at least this share of the durations did not exceed, wrong by `QUANTILE_ERROR` at most; 0 where there are none. */
export function quantileMs({ count, maxUs, buckets }: Spread, share: number): number {
  const maxMs = maxUs / 1_000;
  let left = Math.max(1, Math.ceil(share * count));
  for (const [bucket, inIt] of buckets) {
    left -= inIt;
    if (left > 0) continue;
    if (bucket >= BOUNDED_BUCKETS) return maxMs;
    return Math.min(bucket === 0 ? MIN_MS : boundMs(bucket) / Math.sqrt(GROWTH), maxMs);
  }
  return maxMs;
}

/** The longest duration that is in this bucket. */
export function boundMs(bucket: number): number {
  return MIN_MS * GROWTH ** bucket;
}

function bucketOf(ms: number): number {
  if (ms <= MIN_MS) return 0;
  return Math.min(Math.ceil(Math.log2(ms / MIN_MS) * 4), BOUNDED_BUCKETS);
}
