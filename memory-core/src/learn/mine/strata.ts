// Attempts in layers that are alike in one respect: how much they did, or when they ended. Pure.

/** Layers of attempts, by a number that is known of each. */
export interface Strata {
  readonly count: number;
  readonly of: (value: number) => number;
}

/**
 * Five layers take away nine tenths of what such a number brings about by itself (Cochran 1968); ten leave next to
 * nothing, as long as each holds enough to be compared.
 */
const MAX_STRATA = 10;
const MIN_ATTEMPTS = 10;

/** Of what is counted, the most in a layer is at most so many times the least: 8 and 24 are not alike, however few lie between. */
export const WIDEST = 1.5;

/** Layers with about as many attempts each, or with values as near to each other; what is equal stays together. */
export function strataOf(
  attempts: readonly number[],
  { values, widest }: { readonly values: Int32Array; readonly widest: number },
): Strata {
  const sorted = Int32Array.from(attempts, (at) => values[at] ?? 0).sort();
  const size = sorted.length / Math.max(1, Math.min(MAX_STRATA, Math.floor(sorted.length / MIN_ATTEMPTS)));
  const starts: number[] = [];
  let [from, least] = [0, sorted[0] ?? 0];
  for (const [place, value] of sorted.entries()) {
    const isFull = place - from >= size - ROUNDING && value > (sorted[place - 1] ?? value);
    if (!isFull && (value <= least * widest || value === least)) continue;
    starts.push(value);
    [from, least] = [place, value];
  }
  const of = (value: number): number => {
    let layer = 0;
    while (value >= (starts[layer] ?? Number.POSITIVE_INFINITY)) layer += 1;
    return layer;
  };
  return { count: starts.length + 1, of };
}

/** A tenth of a whole number, ten times, is not quite that number. */
const ROUNDING = 1e-9;
