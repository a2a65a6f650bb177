// An answer that does not say the same thing twice. Pure.

export interface DiversifyOptions<H> {
  /** How alike two hits are, 0–1. */
  readonly alike: (one: H, other: H) => number;
  /** 1 keeps the order as it is; the lower, the more a hit loses for being like those before it. */
  readonly lambda: number;
  readonly limit: number;
}

/**
 * Maximal marginal relevance (Carbonell & Goldstein 1998): the next hit is the one with the highest
 * λ · score − (1 − λ) · its alikeness to the most alike of those before it. The first stays the first.
 */
export function diversify<H extends { readonly score: number }>(
  hits: readonly H[],
  { alike, lambda, limit }: DiversifyOptions<H>,
): readonly H[] {
  const left = hits.map((hit) => ({ hit, nearest: 0 }));
  const chosen: H[] = [];
  const worth = ({ hit, nearest }: (typeof left)[number]): number => lambda * hit.score - (1 - lambda) * nearest;
  while (chosen.length < limit) {
    const best = left.reduce<(typeof left)[number] | undefined>(
      (so, next) => (so === undefined || worth(next) > worth(so) ? next : so),
      undefined,
    );
    if (best === undefined) break;
    left.splice(left.indexOf(best), 1);
    chosen.push(best.hit);
    for (const other of left) other.nearest = Math.max(other.nearest, alike(best.hit, other.hit));
  }
  return chosen;
}
