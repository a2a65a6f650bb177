// The pure functions of retrieval, for those who measure them or build an index of their own.
export { LEXICAL_NOISE, lexicalEmbedder } from '../embed/lexical.ts';
export { corroborated, type Group, groupAttempts, type Likeness, likenessAmong } from './attempts.ts';
export { documentRelevance, informationOf, relevance } from './bm25.ts';
export { differenceOf } from './difference.ts';
export { diversify } from './diversify.ts';
export { type Calibration, fuse, isRelevant, LEXICAL_TRUST, type Signals } from './fuse.ts';
export { episodeTerms } from './index-terms.ts';
export { rankEpisodes } from './rank.ts';
export { scores } from './scores.ts';
export { type TermIndex, termIndex, type WeightedTerm } from './term-index.ts';
export { queryTerms } from './tokenize.ts';
