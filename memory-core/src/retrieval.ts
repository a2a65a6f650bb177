// The pure functions of retrieval, for those who measure them or build an index of their own.
export { LEXICAL_NOISE, lexicalEmbedder } from './embed/lexical.ts';
export { corroborated, type Group, groupAttempts, type Likeness, likenessAmong } from './retrieve/attempts.ts';
export { documentRelevance, informationOf, relevance } from './retrieve/bm25.ts';
export { differenceOf } from './retrieve/difference.ts';
export { diversify } from './retrieve/diversify.ts';
export { type Calibration, fuse, isRelevant, LEXICAL_TRUST, type Signals } from './retrieve/fuse.ts';
export { episodeTerms } from './retrieve/index-terms.ts';
export { rated } from './retrieve/rank.ts';
export { scores } from './retrieve/scores.ts';
export { type TermIndex, termIndex, type WeightedTerm } from './retrieve/term-index.ts';
export { queryTerms } from './retrieve/tokenize.ts';
