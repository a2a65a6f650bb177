// Candidates for a question, from the index: each source says what it found, and how much.
import type { CallOptions } from '../ports/store.ts';
import { bestSlots } from '../retrieve/best-slots.ts';
import { documentRelevance, relevanceFor } from '../retrieve/bm25.ts';
import { errorSignature, looksLikeError, signatureTerms } from '../retrieve/error-signature.ts';
import { expansionTerms, MAX_SEEDS } from '../retrieve/expand.ts';
import type { Signals } from '../retrieve/fuse.ts';
import type { Here } from '../retrieve/place-and-time.ts';
import type { Scores } from '../retrieve/scores.ts';
import { hasSlot, type SlotSet } from '../retrieve/slot-set.ts';
import type { TermIndex, WeightedTerm } from '../retrieve/term-index.ts';
import type { ExperienceIndex, Searched } from './experience-index.ts';

/** What is asked, in the form of each source. */
export interface Question {
  readonly text: string;
  /** Distinct, without words that say nothing. */
  readonly terms: readonly string[];
  /** By the model whose vectors are in the index. */
  readonly vector: Float32Array | undefined;
  readonly here: Here;
}

export interface Candidate {
  readonly slot: number;
  readonly signals: Signals;
}

/** Candidates taken of each source: what is mediocre in one can be the best of all. */
const FROM_TEXT = 100;
const FROM_VECTORS = 50;
const FROM_ERRORS = 50;
const FROM_PLACES = 20;
/** Terms that a document lends to the second look. */
const LENT_TERMS = 12;

/** Episodes for which any source has something to say, in no order. */
export async function episodeCandidates(
  index: ExperienceIndex,
  { question, among }: { readonly question: Question; readonly among: SlotSet | undefined },
  call: CallOptions,
): Promise<readonly Candidate[]> {
  const { episodes } = index;
  // A large matrix is scanned elsewhere meanwhile.
  const nearest =
    question.vector && index.vectors('episode')?.nearest(question.vector, { count: FROM_VECTORS, among, ...call });
  const errors = errorRelevances(index, { text: question.text, among });
  const meanings = new Map((await nearest)?.map(({ slot, cosine }) => [slot, cosine]));
  return index.scored((title, body) => {
    const text = textRelevance(episodes, { terms: question.terms, among, scores: { title, body } });
    const places = placesOf(index, { here: question.here, among });
    const slots = new Set([...text.best(FROM_TEXT), ...meanings.keys(), ...errors.keys(), ...places.keys()]);
    const meaningOf = (slot: number): number | undefined =>
      meanings.get(slot) ?? (question.vector && index.vectors('episode')?.cosine(slot, question.vector));
    return [...slots].map((slot) => ({
      slot,
      signals: { text: text.of(slot), meaning: meaningOf(slot), error: errors.get(slot), place: places.get(slot) },
    }));
  });
}
