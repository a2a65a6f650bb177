// An answer that does not say the same thing twice. Pure.
import type { Group, Likeness } from './attempts.ts';

export interface Diversity<H> {
  readonly alike: Likeness<H>;
  /** 1 keeps the order; the lower, the more a hit loses for being like those before it. 0–1. */
  readonly lambda: number;
}

/**
 * Maximal marginal relevance (Carbonell & Goldstein 1998) over groups of attempts, which are not each other's rivals: the
 * next is the one with the highest λ · its best score as a share of the highest of all − (1 − λ) · its alikeness to the most alike of those before it; of
 * equals the earlier. The group with the best hit stays the first.
 */
export function diversify<H extends { readonly score: number }>(
  groups: readonly Group<H>[],
  { alike, lambda }: Diversity<H>,
): readonly Group<H>[] {
  const scoreOf = (group: Group<H>): number => Math.max(...group.map(({ score }) => score));
  const highest = Math.max(...groups.map(scoreOf));
  const left = groups.map((group) => ({ group, score: scoreOf(group) / highest, nearest: 0 }));
  const chosen: Group<H>[] = [];
  for (;;) {
    const next = bestOf(left, ({ score, nearest }) => lambda * score - (1 - lambda) * nearest);
    if (next === undefined) return chosen;
    left.splice(left.indexOf(next), 1);
    chosen.push(next.group);
    for (const other of left) other.nearest = Math.max(other.nearest, alike(next.group[0], other.group[0]));
  }
}

function bestOf<T>(items: readonly T[], worth: (item: T) => number): T | undefined {
  let best: { readonly item: T; readonly worth: number } | undefined;
  for (const item of items) {
    const own = worth(item);
    if (best === undefined || own > best.worth) best = { item, worth: own };
  }
  return best?.item;
}
