// What may be asked of an aggregation, checked once, at the edge. Pure.
import * as z from 'zod';
import { OUTCOME_KINDS } from '../episode.ts';
import { MemoryError } from '../errors.ts';
import { FIELDS, list, parse } from '../input.ts';
import type { SearchQuery } from '../query.ts';
import { EPISODE_FIELDS, type Field, STEP_FIELDS } from './fields.ts';
import type { Order } from './groups.ts';
import { DEFAULT_MEASURES, EPISODE_MEASURES, type Measure, STEP_MEASURES } from './measures.ts';

export const AGGREGATED = ['episodes', 'steps'] as const;
export type Aggregated = (typeof AGGREGATED)[number];

export const STATUSES = ['open', 'completed'] as const;
export const RESULTS = ['success', 'error', 'timeout'] as const;

/** What is looked at: the episodes that all of it lets through, and of their steps those that `tool` and `result` do. */
export interface AggregateFilter
  extends Pick<SearchQuery, 'project' | 'scope' | 'domain' | 'taskType' | 'outcome' | 'tags' | 'since' | 'until'> {
  readonly status?: (typeof STATUSES)[number] | undefined;
  readonly agent?: string | undefined;
  /** Of steps alone. */
  readonly tool?: string | undefined;
  /** Of steps alone. */
  readonly result?: (typeof RESULTS)[number] | undefined;
}

/** What is counted, which of it, and in what groups. */
export interface AggregateQuery {
  /** @default 'episodes' */
  readonly of?: Aggregated | undefined;
  /** @default the project the memory was opened for, and what belongs to none */
  readonly where?: AggregateFilter | undefined;
  /** Fields of episodes; of steps also those of theirs. At most 4. @default none: all are one group */
  readonly groupBy?: readonly Field[] | undefined;
  /** @default how often it went well; of steps also how long it took */
  readonly measures?: readonly Measure[] | undefined;
  /** Groups of fewer are left out. @default 1 */
  readonly minCount?: number | undefined;
  /** @default 'count' */
  readonly orderBy?: Order | undefined;
  /** @default true, but by group from a to z */
  readonly isDescending?: boolean | undefined;
  /** Groups, 1–1,000. @default 50 */
  readonly limit?: number | undefined;
  /** Episodes that are looked at, the newest first, 1–10,000. @default 10,000 */
  readonly maxEpisodes?: number | undefined;
}

/** A query with nothing left open. */
export interface CheckedAggregate {
  readonly of: Aggregated;
  readonly where: AggregateFilter;
  readonly groupBy: readonly Field[];
  readonly measures: readonly Measure[];
  readonly minCount: number;
  readonly orderBy: Order;
  readonly isDescending: boolean;
  readonly limit: number;
  readonly maxEpisodes: number;
}

/** Fields of one grouping. */
export const MAX_GROUP_FIELDS = 4;
export const DEFAULT_LISTED_GROUPS = 50;
export const MAX_LISTED_GROUPS = 1_000;
export const MAX_AGGREGATED_EPISODES = 10_000;

export const FIELD_NAMES: readonly [Field, ...Field[]] = [...EPISODE_FIELDS, ...STEP_FIELDS];
export const MEASURE_NAMES: readonly [Measure, ...Measure[]] = [
  ...EPISODE_MEASURES,
  ...STEP_MEASURES.filter((measure) => !isOneOf(EPISODE_MEASURES, measure)),
];

const aggregateFilter = z.strictObject({
  project: FIELDS.name.optional(),
  scope: z.enum(['project', 'all']).optional(),
  domain: FIELDS.name.optional(),
  taskType: FIELDS.taskType.optional(),
  outcome: z.enum(OUTCOME_KINDS).optional(),
  status: z.enum(STATUSES).optional(),
  tags: FIELDS.tags.optional(),
  agent: FIELDS.name.optional(),
  since: FIELDS.time.optional(),
  until: FIELDS.time.optional(),
  tool: FIELDS.name.optional(),
  result: z.enum(RESULTS).optional(),
});

const aggregateQuery: z.ZodType<AggregateQuery> = z.strictObject({
  of: z.enum(AGGREGATED).optional(),
  where: aggregateFilter.optional(),
  groupBy: list(z.enum(FIELD_NAMES), MAX_GROUP_FIELDS).optional(),
  measures: list(z.enum(MEASURE_NAMES), MEASURE_NAMES.length).optional(),
  minCount: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
  orderBy: z.enum(['group', 'count', ...MEASURE_NAMES]).optional(),
  isDescending: z.boolean().optional(),
  limit: z.int().min(1).max(MAX_LISTED_GROUPS).optional(),
  maxEpisodes: z.int().min(1).max(MAX_AGGREGATED_EPISODES).optional(),
});

/** @throws `INVALID_INPUT` that names what is wrong, also a field of steps where episodes are asked for */
export function checkedAggregate(query: AggregateQuery): CheckedAggregate {
  const given = parse(aggregateQuery, query, 'query');
  const { of = 'episodes', where = {}, orderBy = 'count' } = given;
  const measures = [...new Set(given.measures ?? DEFAULT_MEASURES[of])];
  const groupBy = [...new Set(given.groupBy ?? [])];
  for (const field of groupBy) {
    if (of === 'episodes' && isOneOf(STEP_FIELDS, field)) throw ofSteps(field, 'group by', EPISODE_FIELDS);
  }
  const ownMeasures = of === 'episodes' ? EPISODE_MEASURES : STEP_MEASURES;
  const isMeasured = orderBy !== 'group' && orderBy !== 'count';
  for (const measure of isMeasured ? [...measures, orderBy] : measures) {
    if (isOneOf(ownMeasures, measure)) continue;
    if (of === 'episodes') throw ofSteps(measure, 'measure', EPISODE_MEASURES);
    const others = `measure ${STEP_MEASURES.join(', ')}`;
    throw new MemoryError('INVALID_INPUT', `"${measure}" is measured of episodes alone: of steps ${others}.`);
  }
  for (const name of ['tool', 'result'] as const) {
    if (of === 'episodes' && where[name] !== undefined) {
      throw new MemoryError('INVALID_INPUT', `where.${name}: narrows steps alone; give of: "steps", or leave it out.`);
    }
  }
  return {
    of,
    where,
    groupBy,
    measures: isMeasured && !measures.includes(orderBy) ? [...measures, orderBy] : measures,
    minCount: given.minCount ?? 1,
    orderBy,
    isDescending: given.isDescending ?? orderBy !== 'group',
    limit: given.limit ?? DEFAULT_LISTED_GROUPS,
    maxEpisodes: given.maxEpisodes ?? MAX_AGGREGATED_EPISODES,
  };
}

function ofSteps(name: string, verb: string, others: readonly string[]): MemoryError {
  const advice = `give of: "steps", or ${verb} ${others.join(', ')}`;
  return new MemoryError('INVALID_INPUT', `"${name}" is known of steps alone: ${advice}.`);
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return names.some((each) => each === name);
}
