// Attempts at one task among what was found: which they are, what they say for each other, in what order. Pure.
import type { Parts } from './fuse.ts';
import type { WeightedTerm } from './term-index.ts';

/** How alike two hits are, 0–1. The same both ways. */
export type Likeness<H> = (one: H, other: H) => number;

/**
 * Alikeness from which on two hits are taken for attempts at one task, of what they tell and of how they were described.
 * Of pairs of airline runs it takes 6 in 10 that are for such, and 1 in 1,800 that are not; of pairs of shell tasks, all of
 * them different, 1 in 90.
 */
export const SAME_TASK = 0.3;
/** What speaks for another has to be surer still. */
const SURELY_SAME_TASK = 0.4;
/** A hit that answers much worse than the best attempt at its task stays where it is. */
const ALMOST_AS_GOOD = 0.7;

/**
 * The cosine of what each of these tells by its telling terms, for two of them by their places. Its cost goes by the terms
 * that several of them tell.
 */
export function likenessAmong(told: readonly (readonly WeightedTerm[])[]): Likeness<number> {
  const count = told.length;
  const shared = new Float64Array(count * count);
  const holders = new Map<string, { readonly places: number[]; readonly weights: number[] }>();
  for (const [place, terms] of told.entries()) {
    let length = 0;
    for (const { weight } of terms) length += weight;
    length = Math.sqrt(length);
    for (const { term, weight } of terms) {
      // Said ten times is not ten times as telling.
      const own = Math.sqrt(weight) / length;
      const others = holders.get(term);
      if (others === undefined) {
        holders.set(term, { places: [place], weights: [own] });
      } else {
        others.places.push(place);
        others.weights.push(own);
      }
    }
  }
  for (const { places, weights } of holders.values()) addShared(shared, { count, places, weights });
  return (one, other) => shared[one * count + other] ?? 0;
}

/**
 * The likeness of attempts, for two of so many hits by their places: what they tell, as far as the tasks were described
 * alike as well. What was done in one place tells of the same files and tools, whatever it was for. Each pair is looked at
 * once.
 */
export function attemptsAmong(
  count: number,
  { alike, described }: { readonly alike: Likeness<number>; readonly described: Likeness<number> },
): Likeness<number> {
  const attempts = new Float64Array(count * count);
  for (let one = 0; one < count; one += 1) {
    for (let other = 0; other < one; other += 1) {
      const likeness = alike(one, other);
      if (likeness < SAME_TASK || described(one, other) < SAME_TASK) continue;
      attempts[one * count + other] = likeness;
      attempts[other * count + one] = likeness;
    }
  }
  return (one, other) => attempts[one * count + other] ?? 0;
}

/** What one term adds to the likeness of all who tell it. */
function addShared(
  shared: Float64Array,
  told: { readonly count: number; readonly places: readonly number[]; readonly weights: readonly number[] },
): void {
  const { count, places, weights } = told;
  for (let one = 0; one < places.length; one += 1) {
    const row = (places[one] ?? 0) * count;
    const weight = weights[one] ?? 0;
    for (let other = 0; other < places.length; other += 1) {
      const at = row + (places[other] ?? 0);
      shared[at] = (shared[at] ?? 0) + weight * (weights[other] ?? 0);
    }
  }
}

/** A candidate with what its sources say of it. */
export interface Supported {
  /** 0–1. */
  readonly relevance: number;
  readonly parts: Parts;
}

/**
 * The hits with what attempts at the same task say for them: a task may be told in words that the question does not
 * share, while another attempt at it was told in those. The relevance becomes the mean of its own and theirs, theirs
 * weighed by how alike they are (regularised scores, Diaz 2007). What it gains is a part called `attempts`; what it loses,
 * each part loses in proportion.
 */
export function corroborated<H extends Supported>(hits: readonly H[], alike: Likeness<H>): readonly H[] {
  return hits.map((hit) => {
    let sum = hit.relevance;
    let weight = 1;
    for (const other of hits) {
      const likeness = other === hit ? 0 : alike(hit, other);
      if (likeness < SURELY_SAME_TASK) continue;
      sum += likeness * other.relevance;
      weight += likeness;
    }
    return weight === 1 ? hit : withRelevance(hit, sum / weight);
  });
}

function withRelevance<H extends Supported>(hit: H, relevance: number): H {
  if (relevance >= hit.relevance) {
    return { ...hit, relevance, parts: { ...hit.parts, attempts: relevance - hit.relevance } };
  }
  const share = relevance / hit.relevance;
  const parts = Object.fromEntries(Object.entries(hit.parts).map(([source, part]) => [source, part * share]));
  return { ...hit, relevance, parts };
}

/** What a hit must tell to be taken for an attempt at a task. */
export interface Attempt {
  /** 0–1. */
  readonly score: number;
  readonly isSuccess: boolean;
}

/**
 * Which hits are attempts at one task, by a number for each task. A hit belongs to the best one that it is like, unless it
 * answers much worse. They come best first.
 */
export function groupsOf<H extends Attempt>(hits: readonly H[], alike: Likeness<H>): ReadonlyMap<H, number> {
  const groups = new Map<H, number>();
  const firsts: H[] = [];
  for (const hit of hits) {
    const own = firsts.findIndex((best) => hit.score >= ALMOST_AS_GOOD * best.score && alike(best, hit) >= SAME_TASK);
    groups.set(hit, own < 0 ? firsts.push(hit) - 1 : own);
  }
  return groups;
}

/** The hits, with the places that attempts at one task have given to them anew: those that succeeded first. */
export function successFirst<H extends Attempt>(hits: readonly H[], groups: ReadonlyMap<H, number>): readonly H[] {
  const attempts = new Map<number | undefined, H[]>();
  for (const hit of hits) {
    const group = groups.get(hit);
    const others = attempts.get(group);
    if (others === undefined) attempts.set(group, [hit]);
    else others.push(hit);
  }
  for (const members of attempts.values()) members.sort((a, b) => Number(b.isSuccess) - Number(a.isSuccess));
  return hits.map((hit) => attempts.get(groups.get(hit))?.shift() ?? hit);
}
