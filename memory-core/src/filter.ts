// Filters that callers hand in, checked once, at the edge, and brought into the form in which things are stored.
import { z } from 'zod';
import { OUTCOME_KINDS } from './episode.ts';
import { FIELDS, list, parse } from './input.ts';
import { defined } from './json.ts';
import type { EpisodeFilter, StepFilter } from './ports/store.ts';
import { normaliseTag } from './tag.ts';

/** Ids in one filter. */
const MAX_IDS = 10_000;

const tags = FIELDS.tags.transform((given) => given.map(normaliseTag));
const reward = z.number().min(0).max(1);

const stepFilter = z.strictObject({
  episodeIds: list(z.string(), MAX_IDS).optional(),
  key: FIELDS.name.optional(),
  afterNumber: z.int().min(0).optional(),
});

const episodeFilter = z.strictObject({
  ids: list(z.string(), MAX_IDS).optional(),
  idPrefix: z
    .string()
    .regex(/^[0-9a-f-]{1,36}$/u, { message: 'is no beginning of an id' })
    .optional(),
  project: FIELDS.name.optional(),
  visibleTo: z.strictObject({ project: FIELDS.name.optional() }).transform(defined).optional(),
  domain: FIELDS.name.optional(),
  taskType: FIELDS.taskType.optional(),
  status: z.enum(['open', 'completed']).optional(),
  outcome: z.enum(OUTCOME_KINDS).optional(),
  tagsAll: tags.optional(),
  tagsAny: tags.optional(),
  since: FIELDS.time.optional(),
  until: FIELDS.time.optional(),
  minReward: reward.optional(),
  maxReward: reward.optional(),
  agent: FIELDS.name.optional(),
  session: FIELDS.name.optional(),
  capturedFrom: FIELDS.name.optional(),
  minConfidence: FIELDS.confidence.optional(),
  learningPending: z.boolean().optional(),
  order: z.enum(['oldest', 'newest']).optional(),
  after: z.object({ startedAt: FIELDS.time, id: z.string() }).optional(),
  limit: z.int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
});

/**
 * Tags clean, times in UTC.
 * @throws `INVALID_INPUT` that names every field at fault, `LIMIT_EXCEEDED` past 32 tags or 10,000 ids
 */
export function checkedFilter(filter: EpisodeFilter): EpisodeFilter {
  return defined(parse(episodeFilter, filter, 'filter'));
}

/** @throws `INVALID_INPUT` that names every field at fault, `LIMIT_EXCEEDED` past 10,000 ids */
export function checkedStepFilter(filter: StepFilter): StepFilter {
  return defined(parse(stepFilter, filter, 'filter'));
}
