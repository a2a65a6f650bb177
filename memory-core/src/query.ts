// Questions that callers may ask, checked once, at the edge.
import { z } from 'zod';
import { OUTCOME_KINDS, type OutcomeKind, type TaskType } from './episode.ts';
import { FIELDS, list, text } from './input.ts';
import { LIMITS } from './limits.ts';

export interface SearchQuery {
  /** What is wanted, in any words. May be left out when a filter is given. */
  readonly text?: string | undefined;
  /** @default the project the memory was opened for */
  readonly project?: string | undefined;
  /** `project`: that project and what belongs to none; `all`: every project. @default 'project' */
  readonly scope?: 'project' | 'all' | undefined;
  readonly domain?: string | undefined;
  readonly taskType?: TaskType | undefined;
  readonly outcome?: OutcomeKind | undefined;
  /** All of them. */
  readonly tags?: readonly string[] | undefined;
  /** ISO time; started at or after. */
  readonly since?: string | undefined;
  /** ISO time; started before. */
  readonly until?: string | undefined;
  /** Ids of episodes, 100 at most, that are never found: the asker has them before its eyes. */
  readonly except?: readonly string[] | undefined;
  /** Hits of each kind, 1–100. @default 10 */
  readonly limit?: number | undefined;
  /** What the asker is doing: ranks what is near, hides nothing. */
  readonly situation?: SituationInput | undefined;
}

export interface SituationInput {
  readonly domain?: string | undefined;
  readonly taskType?: TaskType | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
  /** Files and directories that the asker works on; those named in the text count as well. */
  readonly files?: readonly string[] | undefined;
}

export interface RecommendQuery extends SituationInput {
  readonly description: string;
  readonly project?: string | undefined;
  /** @default 5 */
  readonly limit?: number | undefined;
}

export interface FeedbackInput {
  readonly recommendationId: string;
  /** Ids of the episodes and patterns, of those offered, that were followed. */
  readonly applied: readonly string[];
  readonly isSuccess: boolean;
  readonly note?: string | undefined;
}

const situation = {
  domain: FIELDS.name.optional(),
  taskType: FIELDS.taskType.optional(),
  language: FIELDS.name.optional(),
  framework: FIELDS.name.optional(),
  files: FIELDS.files.optional(),
};

const hitCount = z.int().min(1).max(LIMITS.hits);

export const searchQuery: z.ZodType<SearchQuery> = z.strictObject({
  text: text(LIMITS.queryBytes).optional(),
  project: FIELDS.name.optional(),
  scope: z.enum(['project', 'all']).optional(),
  domain: FIELDS.name.optional(),
  taskType: FIELDS.taskType.optional(),
  outcome: z.enum(OUTCOME_KINDS).optional(),
  tags: FIELDS.tags.optional(),
  since: FIELDS.time.optional(),
  until: FIELDS.time.optional(),
  except: list(z.uuid(), LIMITS.hits).optional(),
  limit: hitCount.optional(),
  situation: z.strictObject(situation).optional(),
});

export const recommendQuery: z.ZodType<RecommendQuery> = z.strictObject({
  description: FIELDS.description,
  project: FIELDS.name.optional(),
  limit: hitCount.optional(),
  ...situation,
});

export const feedbackInput: z.ZodType<FeedbackInput> = z.strictObject({
  recommendationId: z.uuid(),
  applied: list(z.uuid(), LIMITS.hits),
  isSuccess: z.boolean(),
  note: FIELDS.outcomeText.optional(),
});
