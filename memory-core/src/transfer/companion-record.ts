// The lines that are no episodes: what was recommended and came of it, what was forgotten.
import * as z from 'zod';
import { isId } from '../id.ts';
import { FIELDS, list, parse } from '../input.ts';
import { defined } from '../json.ts';
import { LIMITS } from '../limits.ts';
import type { Feedback, Recommendation, Tombstone } from '../recommendation.ts';

/** A line that is no episode. */
export type CompanionRecord = RecommendationRecord | TombstoneRecord;

/** What was offered for a task, and what came of it. */
export interface RecommendationRecord {
  readonly type: 'recommendation';
  readonly recommendation_id: string;
  readonly at: string;
  readonly task_description: string;
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
  /** The attempt it was asked for. */
  readonly episode_id?: string | undefined;
  readonly episode_ids: readonly string[];
  readonly pattern_ids: readonly string[];
  readonly feedback?: FeedbackRecord | undefined;
}

/** Feedback as a record says it. */
export interface FeedbackRecord {
  readonly at: string;
  readonly applied: readonly string[];
  readonly ignored?: readonly string[] | undefined;
  readonly helped?: readonly string[] | undefined;
  readonly hindered?: readonly string[] | undefined;
  readonly is_success?: boolean | undefined;
  readonly note?: string | undefined;
}

/** An episode or a recommendation that was forgotten. */
export interface TombstoneRecord {
  readonly type: 'tombstone';
  readonly id: string;
  readonly forgotten_at: string;
}

/** What an episode counted for in patterns where it comes from. Files of before have such lines; they are passed over. */
export interface LearningRecord {
  readonly type: 'learning';
  readonly episode_id: string;
  readonly patterns: readonly { readonly kind: 'tool_sequence'; readonly tools: readonly string[] }[];
}

/** Patterns that one episode may count for. */
const MAX_PATTERNS = 1_000;
const MAX_TOOLS = 16;

const id = z.string().refine(isId, { message: 'is not a lower-case UUID' });
const ids = list(id, LIMITS.hits);
const namedIds = list(id, 2 * LIMITS.hits);

const isSequence = (tools: readonly string[]): boolean => tools.length >= 2 && tools.every((tool) => tool !== '');

const companionSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('recommendation'),
      recommendation_id: id,
      at: FIELDS.time,
      task_description: FIELDS.description,
      project: FIELDS.name.optional(),
      domain: FIELDS.name.optional(),
      episode_id: id.optional(),
      episode_ids: ids,
      pattern_ids: namedIds,
      feedback: z
        .strictObject({
          at: FIELDS.time,
          applied: namedIds,
          ignored: namedIds.optional(),
          helped: namedIds.optional(),
          hindered: namedIds.optional(),
          is_success: z.boolean().optional(),
          note: FIELDS.outcomeText.optional(),
        })
        .optional(),
    }),
    z.strictObject({ type: z.literal('tombstone'), id, forgotten_at: FIELDS.time }),
    z.strictObject({
      type: z.literal('learning'),
      episode_id: id,
      patterns: list(
        z.strictObject({
          kind: z.literal('tool_sequence'),
          tools: list(FIELDS.name, MAX_TOOLS).refine(isSequence, { message: 'is no sequence of two tools or more' }),
        }),
        MAX_PATTERNS,
      ).refine((patterns) => new Set(patterns.map(({ tools }) => JSON.stringify(tools))).size === patterns.length, {
        message: 'has a pattern twice',
      }),
    }),
  ],
  { error: (issue) => (issue.code === 'invalid_union' ? 'is none of recommendation, tombstone, learning' : undefined) },
);

/** Whether a parsed line says of itself that it is no episode. */
export function isCompanion(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value;
}

/** @throws `INVALID_INPUT` that names the field, also for a type that is not known; `LIMIT_EXCEEDED` */
export function toCompanion(value: unknown): CompanionRecord | LearningRecord {
  return parse(companionSchema, value, 'record');
}

export function recommendationRecord(given: Recommendation): RecommendationRecord {
  const { feedback } = given;
  return {
    type: 'recommendation',
    recommendation_id: given.id,
    at: given.at,
    task_description: given.description,
    ...defined({ project: given.project, domain: given.domain, episode_id: given.episodeId }),
    episode_ids: given.episodeIds,
    pattern_ids: given.patternIds,
    ...defined({ feedback: feedback && feedbackRecord(feedback) }),
  };
}

/** `recommendationRecord` gives the same record again. */
export function toRecommendation(record: RecommendationRecord, project: string | undefined): Recommendation {
  const { feedback } = record;
  return {
    id: record.recommendation_id,
    version: 1,
    at: record.at,
    description: record.task_description,
    ...defined({ project: record.project ?? project, domain: record.domain, episodeId: record.episode_id }),
    episodeIds: record.episode_ids,
    patternIds: record.pattern_ids,
    ...defined({ feedback: feedback && toFeedback(feedback) }),
  };
}

function feedbackRecord({ at, applied, ignored, helped, hindered, isSuccess, note }: Feedback): FeedbackRecord {
  return { at, applied, ...defined({ ignored, helped, hindered, is_success: isSuccess, note }) };
}

function toFeedback({ at, applied, ignored, helped, hindered, is_success, note }: FeedbackRecord): Feedback {
  return { at, applied, ...defined({ ignored, helped, hindered, isSuccess: is_success, note }) };
}

export function tombstoneRecord({ id: forgotten, at }: Tombstone): TombstoneRecord {
  return { type: 'tombstone', id: forgotten, forgotten_at: at };
}

export function toTombstone(record: TombstoneRecord): Tombstone {
  return { id: record.id, version: 1, at: record.forgotten_at };
}
