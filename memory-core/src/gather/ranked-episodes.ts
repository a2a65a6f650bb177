// The episodes of an index that answer a question, in the order of the answer. Nothing is read but the index.
import type { CallOptions } from '../ports/store.ts';
import { likenessAmong } from '../retrieve/attempts.ts';
import { informationOf } from '../retrieve/bm25.ts';
import { aboveNoise } from '../retrieve/fuse.ts';
import { ordered } from '../retrieve/order.ts';
import type { Here } from '../retrieve/place-and-time.ts';
import type { Standing, Why } from '../retrieve/rank.ts';
import type { SlotSet } from '../retrieve/slot-set.ts';
import { episodeCandidates, type Question } from './candidates.ts';
import type { ExperienceIndex } from './experience-index.ts';

export interface AskedOfIndex {
  readonly index: ExperienceIndex;
  readonly question: Question;
  readonly among: SlotSet | undefined;
  readonly limit: number;
}

/** An episode of the index, with its score and the parts of it. */
export interface RankedEpisode {
  readonly slot: number;
  readonly score: number;
  readonly why: Why;
  /** The same for attempts at one task; absent where nothing was compared. */
  readonly group?: number;
}

/** Terms by which episodes are compared. */
const TELLING_TERMS = 12;

/** The best ones, best first, at least `limit` where there are so many, with the other attempts at their tasks. */
export async function rankedEpisodes(
  { index, question, among, limit }: AskedOfIndex,
  call: CallOptions,
): Promise<readonly RankedEpisode[]> {
  const { slots, bodies, placeAndTime } = index.episodes;
  const { documents } = bodies;
  return ordered(await episodeCandidates(index, { question, among }, call), {
    scale: { ...question.calibration, documents, information: informationOf(question.terms, bodies) },
    count: limit,
    standingOf: (slot) => standingAt(index, slot, question.here),
    tellingOf: (slot) => bodies.tellingTerms(slot, TELLING_TERMS),
    describedAlike: (slot, other) => describedAlike(index, { slot, other, noise: question.calibration.noise }),
    isSuccess: (slot) => placeAndTime.outcome(slot) === 'success',
    idOf: (slot) => slots.idOf(slot) ?? '',
  });
}

/** How alike two tasks were described, 0–1: by what that means, or by its words where one has no vector. */
export function describedAlike(
  { episodes, vectors }: ExperienceIndex,
  { slot, other, noise }: { readonly slot: number; readonly other: number; readonly noise: number },
): number {
  const cosine = vectors('episode')?.cosine(other, slot);
  if (cosine !== undefined) return aboveNoise(cosine, noise);
  return likenessAmong([slot, other].map((each) => episodes.titles.tellingTerms(each, TELLING_TERMS)))(0, 1);
}

export function standingAt({ episodes }: ExperienceIndex, slot: number, here: Here): Standing {
  return { reward: episodes.placeAndTime.reward(slot) ?? 0, ...episodes.placeAndTime.nearness(slot, here) };
}
