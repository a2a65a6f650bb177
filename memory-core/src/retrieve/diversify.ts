// An answer that does not say the same thing twice. Pure.
import type { Group, Likeness } from './attempts.ts';

export interface Diversity<H> {
  readonly alike: Likeness<H>;
  /** 1 keeps the order; the lower, the more a hit loses for being like those before it. 0–1. */
  readonly lambda: number;
  /** Hits wanted: as soon as there are so many, the groups that are left are left out. @default all */
  readonly count?: number | undefined;
}

/**
 * Maximal marginal relevance (Carbonell & Goldstein 1998) over groups of attempts, which are not each other's rivals: the
 * next is the one with the highest λ · its best score as a share of the highest of all − (1 − λ) · its alikeness to the most alike of those before it; of
 * equals the earlier. The group with the best hit stays the first.
 */
export function diversify<H extends { readonly score: number }>(
  groups: readonly Group<H>[],
  { alike, lambda, count = Number.POSITIVE_INFINITY }: Diversity<H>,
): readonly Group<H>[] {
  const scores = groups.map((group) => Math.max(...group.map(({ score }) => score)));
  const highest = Math.max(...scores);
  const left = groups.map((group, place) => ({ group, score: (scores[place] ?? 0) / highest, nearest: 0 }));
  const chosen: Group<H>[] = [];
  for (let hits = 0; hits < count; ) {
    const place = bestPlace(left, lambda);
    const [next] = place === undefined ? [] : left.splice(place, 1);
    if (next === undefined) break;
    chosen.push(next.group);
    hits += next.group.length;
    for (const other of left) other.nearest = Math.max(other.nearest, alike(next.group[0], other.group[0]));
  }
  return chosen;
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
