// An answer that does not say the same thing twice. Pure.
import type { Likeness } from './attempts.ts';

export interface Diversity<H> {
  readonly alike: Likeness<H>;
  /** 1 keeps the order; the lower, the more a hit loses for being like those before it. 0–1. */
  readonly lambda: number;
  /** Hits wanted: those behind them stay in their order. @default all */
  readonly count?: number | undefined;
}

/**
 * Maximal marginal relevance (Carbonell & Goldstein 1998): the next hit is the one with the highest λ · its score as a
 * share of the highest − (1 − λ) · its alikeness to the most alike of those before it; of equals the earlier. The best
 * hit stays the first.
 */
export function diversify<H extends { readonly score: number }>(
  hits: readonly H[],
  { alike, lambda, count = Number.POSITIVE_INFINITY }: Diversity<H>,
): readonly H[] {
  const highest = hits.reduce((most, { score }) => Math.max(most, score), 0);
  const left = hits.map((hit) => ({ hit, score: hit.score / highest, nearest: 0 }));
  const chosen: H[] = [];
  while (chosen.length < count) {
    const place = bestPlace(left, lambda);
    const [next] = place === undefined ? [] : left.splice(place, 1);
    if (next === undefined) break;
    chosen.push(next.hit);
    for (const other of left) other.nearest = Math.max(other.nearest, alike(next.hit, other.hit));
  }
  return [...chosen, ...left.map(({ hit }) => hit)];
}

function bestPlace(
  left: readonly { readonly score: number; readonly nearest: number }[],
  lambda: number,
): number | undefined {
  let best: number | undefined;
  let most = Number.NEGATIVE_INFINITY;
  for (const [place, { score, nearest }] of left.entries()) {
    const worth = lambda * score - (1 - lambda) * nearest;
    if (best !== undefined && !(worth > most)) continue;
    best = place;
    most = worth;
  }
  return best;
}
