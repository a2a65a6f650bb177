// The whole way from what the sources found to the order of an answer. Pure.
import { attemptsAmong, corroborated, groupsOf, type Likeness, likenessAmong, successFirst } from './attempts.ts';
import { diversify } from './diversify.ts';
import { type Fused, fuse, isRelevant, relevanceOf, type Scale, type Signals } from './fuse.ts';
import { rated, type Standing, scoreOf, type Why } from './rank.ts';
import type { WeightedTerm } from './term-index.ts';

/** What a source found, before it is weighed. */
export interface Candidate {
  readonly slot: number;
  readonly signals: Signals;
}

/** What is known of the candidates. */
export interface Candidates {
  readonly scale: Scale;
  /** Hits wanted: what comes behind them may be left out. @default all */
  readonly count?: number | undefined;
  standingOf(slot: number): Standing;
  tellingOf(slot: number): readonly WeightedTerm[];
  /** How alike two tasks are as they were described, 0–1, whatever came to light while they were done. */
  describedAlike(slot: number, other: number): number;
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
 * worth, of attempts at one task the successful first, and what says the same again further down.
 */
export function ordered(candidates: readonly Candidate[], known: Candidates): readonly Ordered[] {
  const { scale, tellingOf, idOf, count } = known;
  const relevant = candidates
    .filter(({ signals }) => isRelevant(signals, scale))
    .map(({ slot, signals }) => ({ slot, signals, relevance: relevanceOf(signals, scale) }))
    .sort((a, b) => b.relevance - a.relevance || compareIds(idOf(b.slot), idOf(a.slot)))
    .slice(0, MAX_RANKED);
  const compared = relevant
    .slice(0, MAX_COMPARED)
    .map(({ slot, signals }, place) => ({ slot, place, ...fuse(signals, scale) }));
  const likeness = likenessAmong(compared.map(({ slot }) => tellingOf(slot)));
  const slotAt = (place: number): number => compared[place]?.slot ?? 0;
  const sameTask = attemptsAmong(compared.length, {
    alike: likeness,
    described: (one, other) => known.describedAlike(slotAt(one), slotAt(other)),
  });
  const alike = byPlace(likeness);
  const attempts = byPlace(sameTask);
  const hits = corroborated(compared, attempts).map((hit) => toHit(hit, known));
  const least = leastWorth(hits, { highest: relevant[0]?.relevance ?? 0, count });
  const others = relevant
    .slice(MAX_COMPARED)
    .filter(({ relevance }) => relevance >= least)
    .map(({ slot, signals }) => toHit({ slot, place: undefined, ...fuse(signals, scale) }, known));
  const all = [...hits, ...others].sort((a, b) => b.score - a.score || compareIds(idOf(b.slot), idOf(a.slot)));
  const groups = groupsOf(all, attempts);
  // Attempts at one task are not each other's rivals.
  const rivals = (one: Hit, other: Hit): number => (groups.get(one) === groups.get(other) ? 0 : alike(one, other));
  const spread = diversify(all, { alike: rivals, lambda: LAMBDA, count });
  return descending(successFirst(spread, groups), groups);
}

interface Placed {
  readonly slot: number;
  /** Among those that are compared. */
  readonly place: number | undefined;
}

/** Hits that were not compared are like nothing. */
function byPlace(likeness: Likeness<number>): Likeness<Placed> {
  return (one, other) => (one.place === undefined || other.place === undefined ? 0 : likeness(one.place, other.place));
}

interface Hit extends Placed, Fused {
  readonly standing: Standing;
  readonly isSuccess: boolean;
  readonly score: number;
}

function toHit({ slot, place, relevance, parts }: Placed & Fused, { standingOf, isSuccess }: Candidates): Hit {
  const standing = standingOf(slot);
  return { slot, place, relevance, parts, standing, isSuccess: isSuccess(slot), score: scoreOf(relevance, standing) };
}

/**
 * What is worth less, and like nothing, is not among so many: where these stand, so many are worth more even after all
 * that likeness takes from them. `highest`: no score is above it.
 */
function leastWorth(
  hits: readonly Hit[],
  { highest, count = Number.POSITIVE_INFINITY }: { readonly highest: number; readonly count: number | undefined },
): number {
  const scores = hits.map(({ score }) => score).sort((a, b) => b - a);
  return (scores[count - 1] ?? 0) - (highest * (1 - LAMBDA)) / LAMBDA;
}

/** The hits with scores that never rise, however they were moved. What that adds or takes is the part `order`. */
function descending(hits: readonly Hit[], groups: ReadonlyMap<Hit, number>): readonly Ordered[] {
  const due = hits.map(({ score }) => score).sort((a, b) => b - a);
  return hits.map((hit, place) => {
    const score = due[place] ?? 0;
    const moved = score - hit.score;
    const { why } = rated(hit, hit.standing);
    return { slot: hit.slot, score, why: moved === 0 ? why : { ...why, order: moved }, group: groups.get(hit) ?? 0 };
  });
}

function compareIds(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
