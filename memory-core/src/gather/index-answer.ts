// The answer by the index: candidates of every source, rated, the best of them read from the store.
import type { MemoryContext } from '../context.ts';
import type { Episode } from '../episode.ts';
import { isMemoryError } from '../errors.ts';
import { baselineId, MIN_SUPPORT, patternFigures, patternStatement } from '../pattern.ts';
import type { CallOptions, EpisodeFilter, PatternFilter } from '../ports/store.ts';
import { looksLikeError } from '../retrieve/error-signature.ts';
import { fuse } from '../retrieve/fuse.ts';
import { type Hint, hintsFor } from '../retrieve/hints.ts';
import { type EpisodeHit, isFailed, type PatternHit, rankPatterns, rated } from '../retrieve/rank.ts';
import { hasSlot, type SlotSet } from '../retrieve/slot-set.ts';
import { queryTerms } from '../retrieve/tokenize.ts';
import { matchesPattern } from '../stores/filters.ts';
import { turns } from '../turns.ts';
import type { Answer, Asked } from './asked.ts';
import { episodeCandidates, errorRelevances, patternCandidates, type Question } from './candidates.ts';
import type { ExperienceIndex } from './experience-index.ts';
import { FIX_EPISODES, withEvidenceIds } from './gather.ts';
