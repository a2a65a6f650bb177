// Attempts at one task among what was found. Pure.
import type { WeightedTerm } from './expand.ts';

/** What a hit must tell to be grouped. */
export interface Attempt {
  /** 0–1. */
  readonly score: number;
  readonly isSuccess: boolean;
}

/** Alikeness from which on two hits are attempts at one task. */
const SAME_TASK = 0.5;

/**
 * The hits, best first, as groups of attempts at one task: a hit joins the group of the best one that it is like. A
 * group stands where its best member stood; inside, what succeeded comes first, and otherwise the order stays.
 */
export function groupAttempts<H extends Attempt>(
  hits: readonly H[],
  alike: (one: H, other: H) => number,
): readonly (readonly H[])[] {
  const groups: H[][] = [];
  for (const hit of hits) {
    const own = groups.find(([first]) => first !== undefined && alike(first, hit) >= SAME_TASK);
    if (own === undefined) groups.push([hit]);
    else own.push(hit);
  }
  return groups.map((group) => [...group.filter((hit) => hit.isSuccess), ...group.filter((hit) => !hit.isSuccess)]);
}

/** Cosine of two documents by their telling terms, 0–1. */
export function likeness(one: readonly WeightedTerm[], other: readonly WeightedTerm[]): number {
  const weights = new Map(one.map(({ term, weight }) => [term, weight]));
  const shared = other.reduce((sum, { term, weight }) => sum + weight * (weights.get(term) ?? 0), 0);
  return shared === 0 ? 0 : shared / (lengthOf(one) * lengthOf(other));
}

function lengthOf(terms: readonly WeightedTerm[]): number {
  return Math.sqrt(terms.reduce((sum, { weight }) => sum + weight * weight, 0));
}
