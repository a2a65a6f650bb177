// Questions that callers may ask, checked once, at the edge.
import * as z from 'zod';
import { OUTCOME_KINDS, type OutcomeKind, type TaskType } from './episode.ts';
import { FIELDS, list, text } from './input.ts';
import { LIMITS } from './limits.ts';

/** A question to the memory: a text, filters, or both. */
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

/** The task that a playbook is wanted for. */
export interface RecommendQuery extends SituationInput {
  readonly description: string;
  readonly project?: string | undefined;
  /** The attempt that it is asked for: it is not found itself, and its outcome counts as feedback. */
  readonly episodeId?: string | undefined;
  /** Ids of episodes, 100 at most, that are never found besides. */
  readonly except?: readonly string[] | undefined;
  /** @default 5 */
  readonly limit?: number | undefined;
}

/** What came of a recommendation. */
export interface FeedbackInput {
  readonly recommendationId: string;
  /** Ids of the episodes and patterns, of those offered, that were followed. @default none but those below */
  readonly applied?: readonly string[] | undefined;
  /** Ids that were looked at and left. What is named nowhere counts as ignored. */
  readonly ignored?: readonly string[] | undefined;
  /** Ids that were followed and did good, however it ended. */
  readonly helped?: readonly string[] | undefined;
  /** Ids that were followed and did harm, however it ended. */
  readonly hindered?: readonly string[] | undefined;
  /** How the attempt ended. @default the outcome of its episode, where one is named here or in the recommendation */
  readonly isSuccess?: boolean | undefined;
  /** The attempt, where the recommendation was not asked for it. */
  readonly episodeId?: string | undefined;
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
  episodeId: z.uuid().optional(),
  except: list(z.uuid(), LIMITS.hits).optional(),
  limit: hitCount.optional(),
  ...situation,
});

const offeredIds = list(z.uuid(), 2 * LIMITS.hits).optional();

export const feedbackInput: z.ZodType<FeedbackInput> = z.strictObject({
  recommendationId: z.uuid(),
  applied: offeredIds,
  ignored: offeredIds,
  helped: offeredIds,
  hindered: offeredIds,
  isSuccess: z.boolean().optional(),
  episodeId: z.uuid().optional(),
  note: FIELDS.outcomeText.optional(),
});
