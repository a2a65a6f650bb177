// Errors that episodes made good which are like one just seen: by their signatures, and by their vectors.
import type { CallOptions } from '../ports/store.ts';
import { bestSlots } from '../retrieve/best-slots.ts';
import { rarity, relevanceFor } from '../retrieve/bm25.ts';
import { errorSignature, looksLikeError, signatureTerms } from '../retrieve/error-signature.ts';
import { aboveNoise, type Calibration } from '../retrieve/fuse.ts';
import type { SlotSet } from '../retrieve/slot-set.ts';
import type { ExperienceIndex } from './experience-index.ts';

export interface ErrorCandidate {
  readonly episodeSlot: number;
  /** Which of the errors that the episode made good, from 0 on. */
  readonly number: number;
  /** How like the asked one it is, 0–1. */
  readonly relevance: number;
}

/** The text of an error just seen. */
export interface AskedError {
  readonly text: string;
  readonly vector: Float32Array | undefined;
  readonly calibration: Calibration;
  /** Episodes. */
  readonly among: SlotSet | undefined;
}

/** Taken of each source. */
const MAX_ERRORS = 50;
/**
 * What does not look like an error may be one that is known: where much of it is found in one. Below this nothing is read
 * from the store for it. It only saves work: whether two errors are the same is for their match to say.
 */
const MIN_UNSEEN = 0.3;

/** Best first. */
export async function errorCandidates(
  index: ExperienceIndex,
  { text, vector, calibration, among }: AskedError,
  call: CallOptions,
): Promise<readonly ErrorCandidate[]> {
  const { slots, terms: errors } = index.errors;
  // Of whom the asker may know, and nobody else: others must not take the places of the best.
  const own = among && slots.among(among);
  const asked = [...new Set(signatureTerms(errorSignature(text)))];
  const relevances = index.scored((scores) => {
    const relevanceOf = relevanceFor(asked, errors, rarity);
    errors.score(
      asked.map((term) => ({ term, weight: 1 })),
      { scores, among: own },
    );
    const best = bestSlots(scores.touched(), { scoreOf: scores.of, count: MAX_ERRORS });
    return new Map(best.map((slot) => [slot, relevanceOf(scores.of(slot))]));
  });
  const isSeen = looksLikeError(text);
  const least = isSeen ? 0 : MIN_UNSEEN;
  const near =
    isSeen && vector && (await index.vectors('error')?.nearest(vector, { count: MAX_ERRORS, among: own, ...call }));
  for (const { slot, cosine } of near || []) {
    const meaning = calibration.trust * aboveNoise(cosine, calibration.noise);
    if (meaning > (relevances.get(slot) ?? 0)) relevances.set(slot, meaning);
  }
  return [...relevances]
    .flatMap(([slot, relevance]): readonly ErrorCandidate[] => {
      const place = slots.placeOf(slot);
      return place === undefined || relevance < least ? [] : [{ ...place, relevance }];
    })
    .sort((a, b) => b.relevance - a.relevance || b.episodeSlot - a.episodeSlot || a.number - b.number);
}
