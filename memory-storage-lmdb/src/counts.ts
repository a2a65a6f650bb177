// What a cache counts. Apart from what does it, so that who imports the cache needs no declarations of LMDB's.

/** What was counted. A block is counted like an entity. */
export interface Counts {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly expired: number;
}

export const NO_COUNTS: Counts = { hits: 0, misses: 0, evictions: 0, expired: 0 };

/** Counts of two together. */
export function sum(a: Counts, b: Counts): Counts {
  return {
    hits: a.hits + b.hits,
    misses: a.misses + b.misses,
    evictions: a.evictions + b.evictions,
    expired: a.expired + b.expired,
  };
}
