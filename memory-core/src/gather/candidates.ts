// Candidates for a question, from the index: each source says what it found, and how much.
import type { CallOptions } from '../ports/store.ts';
import { bestSlots } from '../retrieve/best-slots.ts';
import { documentRelevance, relevanceFor } from '../retrieve/bm25.ts';
import { errorSignature, looksLikeError, signatureTerms } from '../retrieve/error-signature.ts';
import type { Signals } from '../retrieve/fuse.ts';
import type { Here } from '../retrieve/place-and-time.ts';
import { scores } from '../retrieve/scores.ts';
import { hasSlot, type SlotSet } from '../retrieve/slot-set.ts';
import type { TermIndex, WeightedTerm } from '../retrieve/term-index.ts';
import type { NearVector } from '../vectors/vector-matrix.ts';
import type { ExperienceIndex, Searched, Vectors } from './experience-index.ts';

/** What is asked, in the form of each source. */
export interface Question {
  readonly text: string;
  /** Distinct, without words that say nothing. */
  readonly terms: readonly string[];
  /** Of the embedder whose vectors are in the index. */
  readonly vector: Float32Array | undefined;
  readonly here: Here;
}

export interface Candidate {
  readonly slot: number;
  readonly signals: Signals;
}

/** Candidates taken of each source. What is mediocre in one can be the best of all. */
const FROM_TEXT = 100;
const FROM_VECTORS = 50;
const FROM_ERRORS = 50;
const FROM_PLACES = 20;

/** Episodes for which any source has something to say. */
export async function episodeCandidates(
  index: ExperienceIndex,
  { question, among }: { readonly question: Question; readonly among: SlotSet | undefined },
  call: CallOptions,
): Promise<readonly Candidate[]> {
  const { episodes } = index;
  const near = nearest(index, 'episode', { vector: question.vector, among, count: FROM_VECTORS, ...call });
  const text = textRelevance(episodes, question.terms.map(asked), among);
  const errors = errorRelevance(index, { question, among });
  const places = new Map(
    question.here.places.length === 0
      ? []
      : episodes.placeAndTime.nearest(question.here, { count: FROM_PLACES, among }).map(({ slot, place }) => [slot, place]),
  );
  const meanings = new Map((await near).map(({ slot, cosine }) => [slot, cosine]));
  const matrix = index.vectors('episode');
  const slots = new Set([...text.best(FROM_TEXT), ...meanings.keys(), ...errors.keys(), ...places.keys()]);
  return [...slots].map((slot) => ({
    slot,
    signals: {
      text: text.of(slot),
      meaning: meanings.get(slot) ?? (question.vector && matrix?.cosine(slot, question.vector)),
      error: errors.get(slot),
      place: places.get(slot),
    },
  }));
}

interface TextRelevance {
  /** 0–1. */
  of(slot: number): number;
  best(count: number): readonly number[];
}
