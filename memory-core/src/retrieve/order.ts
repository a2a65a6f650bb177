// The whole way from what the sources found to the order of an answer. Pure.
import { corroborated, type Group, groupAttempts, likenessAmong } from './attempts.ts';
import { diversify } from './diversify.ts';
import { fuse, isRelevant, type Scale, type Signals } from './fuse.ts';
import { rated, type Standing, type Why } from './rank.ts';
import type { WeightedTerm } from './term-index.ts';

export interface Candidate {
  readonly slot: number;
  readonly signals: Signals;
}

/** What is known of the candidates. */
export interface Candidates {
  readonly scale: Scale;
  standingOf(slot: number): Standing;
  tellingOf(slot: number): readonly WeightedTerm[];
  isSuccess(slot: number): boolean;
  /** Equal ones come in the order of these, the last first. */
  idOf(slot: number): string;
}

export interface Ordered {
  readonly slot: number;
  readonly score: number;
  readonly why: Why;
  /** The same for attempts at one task. */
  readonly group: number;
}

/** Candidates that are looked at closely. */
const MAX_COMPARED = 50;
const MAX_RANKED = 150;
/** Between 1, which keeps the order, and 0: only what says nearly the same as what stands before it moves down. */
const LAMBDA = 0.95;

/**
 * The candidates that answer, best first: each with what attempts at the same task say for it, then by what it is
 * worth, attempts at one task together with the successful first, and what says the same again further down.
 */
export function ordered(candidates: readonly Candidate[], known: Candidates): readonly Ordered[] {
  const { scale, standingOf, tellingOf, isSuccess, idOf } = known;
  const fused = candidates
    .filter(({ signals }) => isRelevant(signals, scale))
    .map(({ slot, signals }) => ({ slot, ...fuse(signals, scale) }))
    .sort((a, b) => b.relevance - a.relevance || compareIds(idOf(b.slot), idOf(a.slot)))
    .slice(0, MAX_RANKED);
  const compared = fused.slice(0, MAX_COMPARED);
  const likeness = likenessAmong(
    compared.map(({ slot }) => slot),
    tellingOf,
  );
  const alike = (one: { readonly slot: number }, other: { readonly slot: number }): number =>
    likeness(one.slot, other.slot);
  const hits = [...corroborated(compared, alike), ...fused.slice(MAX_COMPARED)]
    .map((hit) => ({ slot: hit.slot, isSuccess: isSuccess(hit.slot), ...rated(hit, standingOf(hit.slot)) }))
    .sort((a, b) => b.score - a.score || compareIds(idOf(b.slot), idOf(a.slot)));
  return descending(diversify(groupAttempts(hits, alike), { alike, lambda: LAMBDA }));
}

interface Hit {
  readonly slot: number;
  readonly score: number;
  readonly why: Why;
}

/**
 * The hits of the groups, one after the other, with scores that never rise: the first of a group has the score of its
 * best, and who was moved behind a lesser one no more than that. What that adds or takes is the part `order`.
 */
function descending(groups: readonly Group<Hit>[]): readonly Ordered[] {
  let last = 1;
  return groups.flatMap((hits, group) =>
    hits.map(({ slot, score, why }, place) => {
      const due = place === 0 ? Math.max(...hits.map((hit) => hit.score)) : score;
      last = Math.min(last, due);
      const moved = last - score;
      return { slot, score: last, why: moved === 0 ? why : { ...why, order: moved }, group };
    }),
  );
}

function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
