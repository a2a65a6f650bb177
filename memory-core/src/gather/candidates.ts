// Candidates for a question, from the index: each source says what it found, and how much.
import type { CallOptions } from '../ports/store.ts';
import { bestSlots } from '../retrieve/best-slots.ts';
import { documentRelevance, informationOf, rarity, relevanceFor, type TermStatistics } from '../retrieve/bm25.ts';
import { looksLikeError } from '../retrieve/error-signature.ts';
import type { Calibration } from '../retrieve/fuse.ts';
import type { Candidate } from '../retrieve/order.ts';
import type { Here } from '../retrieve/place-and-time.ts';
import type { Scores } from '../retrieve/scores.ts';
import type { SlotSet } from '../retrieve/slot-set.ts';
import type { TermIndex, WeightedTerm } from '../retrieve/term-index.ts';
import { errorCandidates } from './error-candidates.ts';
import type { ExperienceIndex, Searched } from './experience-index.ts';

/** What is asked, in the form of each source. */
export interface Question {
  readonly text: string;
  /** Distinct, without words that say nothing. */
  readonly terms: readonly string[];
  /** By the model whose vectors are in the index. */
  readonly vector: Float32Array | undefined;
  readonly calibration: Calibration;
  readonly here: Here;
}

/** Candidates taken of each source: what is mediocre in one can be the best of all. */
const FROM_TEXT = 100;
const FROM_VECTORS = 50;
const FROM_PLACES = 20;

/** Episodes for which any source has something to say, in no order. */
export async function episodeCandidates(
  index: ExperienceIndex,
  { question, among }: { readonly question: Question; readonly among: SlotSet | undefined },
  call: CallOptions,
): Promise<readonly Candidate[]> {
  const { episodes } = index;
  const nearest =
    question.vector && index.vectors('episode')?.nearest(question.vector, { count: FROM_VECTORS, among, ...call });
  const errors = await errorRelevances(index, { question, among }, call);
  const meanings = new Map((await nearest)?.map(({ slot, cosine }) => [slot, cosine]));
  return index.scored((title, body, held) => {
    const text = textRelevance(episodes, { terms: question.terms, among, scores: { title, body, held } });
    const places = placesOf(index, { here: question.here, among });
    const slots = new Set([...text.best(FROM_TEXT), ...meanings.keys(), ...errors.keys(), ...places.keys()]);
    const cosineOf = question.vector && index.vectors('episode')?.cosinesWith(question.vector);
    const meaningOf = (slot: number): number | undefined => meanings.get(slot) ?? cosineOf?.(slot);
    return [...slots].map((slot) => ({
      slot,
      signals: {
        text: text.of(slot),
        held: text.heldOf(slot),
        meaning: meaningOf(slot),
        error: errors.get(slot),
        place: places.get(slot),
      },
    }));
  });
}

/** Patterns for which words or vectors have something to say, in no order. */
export async function patternCandidates(
  index: ExperienceIndex,
  { question, among }: { readonly question: Question; readonly among: SlotSet },
  call: CallOptions,
): Promise<readonly Candidate[]> {
  const { vector, terms } = question;
  const matrix = index.vectors('pattern');
  const nearest = vector && matrix?.nearest(vector, { count: FROM_VECTORS, among, ...call });
  const meanings = new Map((await nearest)?.map(({ slot, cosine }) => [slot, cosine]));
  return index.scored((title, body, held) => {
    const text = textRelevance(index.patterns, { terms, among, scores: { title, body, held } });
    const slots = new Set([...text.best(FROM_TEXT), ...meanings.keys()]);
    return [...slots].map((slot) => ({
      slot,
      signals: { text: text.of(slot), held: text.heldOf(slot), meaning: meanings.get(slot) },
    }));
  });
}

/** Where the question holds an error: how like it the errors are that an episode made good, by the most like of them. */
async function errorRelevances(
  index: ExperienceIndex,
  { question, among }: { readonly question: Question; readonly among: SlotSet | undefined },
  call: CallOptions,
): Promise<ReadonlyMap<number, number>> {
  if (!looksLikeError(question.text)) return new Map();
  const found = await errorCandidates(index, { ...question, among }, call);
  // The best come first, and the last one to be put in stays.
  return new Map(found.toReversed().map(({ episodeSlot, relevance }) => [episodeSlot, relevance]));
}

/** Where the asker works on something that has a name, the episodes that worked on it too. */
function placesOf(
  { episodes }: ExperienceIndex,
  { here, among }: { readonly here: Here; readonly among: SlotSet | undefined },
): ReadonlyMap<number, number> {
  if (here.places.length === 0) return new Map();
  const near = episodes.placeAndTime.nearest(here, { count: FROM_PLACES, among });
  return new Map(near.map(({ slot, place }) => [slot, place]));
}

interface TextRelevance {
  /** 0–1: `documentRelevance`. */
  of(slot: number): number;
  /** The share of what the question says that is in the body, 0–1. */
  heldOf(slot: number): number;
  /** Slots, best first. */
  best(count: number): readonly number[];
}

function textRelevance(
  { titles, bodies }: Searched,
  asked: {
    readonly terms: readonly string[];
    readonly among: SlotSet | undefined;
    readonly scores: { readonly title: Scores; readonly body: Scores; readonly held: Scores };
  },
): TextRelevance {
  const { terms, among } = asked;
  const { title, body, held } = asked.scores;
  const inTitle = relevanceFor(terms, statisticsOf(titles), rarity);
  const inBody = relevanceFor(terms, statisticsOf(bodies), rarity);
  titles.score(terms.map(plain), { scores: title, among });
  bodies.score(terms.map(plain), { scores: body, held, among });
  const information = informationOf(terms, statisticsOf(bodies));
  const of = (slot: number): number =>
    documentRelevance({ title: inTitle(title.of(slot)), body: inBody(body.of(slot)) });
  return {
    of,
    heldOf: (slot) => (information === 0 ? 0 : held.of(slot) / information),
    // A body has all the words of its title.
    best: (count) => bestSlots(body.touched(), { scoreOf: of, count }),
  };
}

function statisticsOf({ documents, frequencyOf }: TermIndex): TermStatistics {
  return { documents, frequencyOf };
}

function plain(term: string): WeightedTerm {
  return { term, weight: 1 };
}
