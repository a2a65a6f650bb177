// The parts of retrieval, for those who measure them or build an index of their own.
export { LEXICAL_NOISE, lexicalEmbedder } from './embed/lexical.ts';
export { episodeCandidates, type Question } from './gather/candidates.ts';
export type { ExperienceIndex } from './gather/experience-index.ts';
export { newIndex } from './gather/index-making.ts';
export { describedAlike, type RankedEpisode, rankedEpisodes } from './gather/ranked-episodes.ts';
export {
  attemptsAmong,
  corroborated,
  groupsOf,
  type Likeness,
  likenessAmong,
  successFirst,
} from './retrieve/attempts.ts';
export { informationOf } from './retrieve/bm25.ts';
export { differenceOf } from './retrieve/difference.ts';
export { diversify } from './retrieve/diversify.ts';
export { type Calibration, DEFAULT_TRUST, fuse, isRelevant, LEXICAL_TRUST, type Signals } from './retrieve/fuse.ts';
export type { Candidate } from './retrieve/order.ts';
export { rated } from './retrieve/rank.ts';
export type { WeightedTerm } from './retrieve/term-index.ts';
export { queryTerms } from './retrieve/tokenize.ts';
