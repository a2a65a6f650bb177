// Aggregations as tools, programs and terminal ask for them and get them.
import * as z from 'zod';
import { EPISODE_FIELDS, type Field, type FieldValue, STEP_FIELDS } from '../aggregate/fields.ts';
import type { Order } from '../aggregate/groups.ts';
import { EPISODE_MEASURES, type Measure, STEP_MEASURES } from '../aggregate/measures.ts';
import {
  AGGREGATED,
  type Aggregated,
  type AggregateFilter,
  type AggregateQuery,
  DEFAULT_LISTED_GROUPS,
  FIELD_NAMES,
  MAX_AGGREGATED_EPISODES,
  MAX_GROUP_FIELDS,
  MAX_LISTED_GROUPS,
  MEASURE_NAMES,
  RESULTS,
  STATUSES,
} from '../aggregate/query.ts';
import type { AggregateResult } from '../aggregate.ts';
import { OUTCOME_KINDS, type TaskType } from '../episode.ts';
import { FIELDS, list } from '../input.ts';
import type { ShapeOf } from './shape.ts';
import { rounded } from './shares.ts';

/** What is looked at. */
export interface AggregateFilterArguments extends Omit<AggregateFilter, 'taskType'> {
  readonly task_type?: TaskType | undefined;
}

/** Arguments of `aggregate`. */
export interface AggregateArguments {
  readonly of?: Aggregated | undefined;
  readonly where?: AggregateFilterArguments | undefined;
  readonly group_by?: Field | readonly Field[] | undefined;
  readonly measures?: Measure | readonly Measure[] | undefined;
  readonly having?: { readonly min_count?: number | undefined } | undefined;
  readonly order_by?: Order | undefined;
  readonly descending?: boolean | undefined;
  readonly limit?: number | undefined;
  readonly max_episodes?: number | undefined;
}

const filterShape: ShapeOf<AggregateFilterArguments> = {
  project: FIELDS.name.optional().describe("Default: that of the server's folder, over HTTP none"),
  scope: z.enum(['project', 'all']).optional().describe('"all" looks into every project. Default "project"'),
  domain: FIELDS.name.optional(),
  task_type: FIELDS.taskType.optional(),
  outcome: z.enum(OUTCOME_KINDS).optional(),
  status: z.enum(STATUSES).optional(),
  tags: FIELDS.tags.optional().describe('All of them'),
  agent: FIELDS.name.optional(),
  since: FIELDS.time.optional(),
  until: FIELDS.time.optional(),
  tool: FIELDS.name.optional().describe('Steps alone'),
  result: z.enum(RESULTS).optional().describe('Steps alone'),
};

const measureName = z.enum(MEASURE_NAMES).meta({
  id: 'AggregateMeasure',
  description: 'episodes, errors, error_* and *_latency_ms of steps, *_tokens of both, the others of episodes',
});
const fieldName = z
  .enum(FIELD_NAMES)
  .meta({ id: 'AggregateField', description: `${STEP_FIELDS.join(', ')} of steps alone` });

/** What `memory.aggregate` takes. */
export const aggregateShape: ShapeOf<AggregateArguments> = {
  of: z.enum(AGGREGATED).optional().describe('What is counted. Default "episodes"'),
  where: z
    .strictObject(filterShape)
    .meta({ id: 'AggregateFilter' })
    .optional()
    .describe('Default: all that the project sees'),
  group_by: oneOrSeveral(fieldName, MAX_GROUP_FIELDS)
    .optional()
    .describe(
      'An episode counts in each of its tags and quality flags; ' +
        'day, week (its Monday) and month are of its start, in UTC. Default: one group of all',
    ),
  measures: oneOrSeveral(measureName, MEASURE_NAMES.length)
    .optional()
    .describe('Default: how often it went well; of steps also how long it took'),
  having: z
    .strictObject({ min_count: z.int().min(1).optional() })
    .optional()
    .describe('Smaller groups are left out'),
  order_by: z
    .union([z.enum(['group', 'count']), measureName])
    .optional()
    .describe('Default "count". What was not measured comes last'),
  descending: z.boolean().optional().describe('Default true, but false by group'),
  limit: z.int().min(1).max(MAX_LISTED_GROUPS).optional().describe(`Groups. Default ${DEFAULT_LISTED_GROUPS}`),
  max_episodes: z
    .int()
    .min(1)
    .max(MAX_AGGREGATED_EPISODES)
    .optional()
    .describe(`The newest that are looked at. Default ${MAX_AGGREGATED_EPISODES}`),
};

/** Arguments of `memory.aggregate` as the library takes them. */
export function toAggregateQuery(given: AggregateArguments): AggregateQuery {
  const { where, group_by, measures, having, order_by, descending, max_episodes, of, limit } = given;
  const { task_type, ...sameFilter } = where ?? {};
  return {
    of,
    where: where && { ...sameFilter, taskType: task_type },
    groupBy: several(group_by),
    measures: several(measures),
    minCount: having?.min_count,
    orderBy: order_by,
    isDescending: descending,
    limit,
    maxEpisodes: max_episodes,
  };
}

/** A group: `count`, and what was measured of it beside it. */
export type AggregateGroupItem = {
  readonly group: { readonly [F in Field]?: FieldValue };
  readonly count: number;
} & { readonly [M in Measure]?: number | null };

/** The answer in the form in which it is printed. */
export interface AggregateAnswer {
  readonly groups: readonly AggregateGroupItem[];
  readonly groups_left_out: number;
  readonly scanned: number;
  readonly is_complete: boolean;
}

const value = z.string().nullable().exactOptional();
const figure = z.number().nullable().exactOptional();

/** The schema of `aggregateResult`. */
export const aggregateAnswer: z.ZodType<AggregateAnswer> = z
  .strictObject({
    groups: z.array(
      z
        .strictObject({
          group: z
            .strictObject(shapeOf([...EPISODE_FIELDS, ...STEP_FIELDS], value))
            .describe('Of the fields grouped by; null: it says nothing'),
          count: z.int(),
          ...shapeOf([...EPISODE_MEASURES, ...STEP_MEASURES], figure),
        })
        .meta({ id: 'AggregateGroup' }),
    ),
    groups_left_out: z.int().describe('Found, and beyond limit or min_count'),
    scanned: z.int().describe('Episodes that were looked at'),
    is_complete: z.boolean().describe('Whether that was all there is'),
  })
  .meta({ id: 'AggregateAnswer' });

/** The groups, outward. */
export function aggregateResult({ groups, groupsLeftOut, scanned, isComplete }: AggregateResult): AggregateAnswer {
  return {
    groups: groups.map(({ group, count, measures }) => ({
      group,
      count,
      ...Object.fromEntries(Object.entries(measures).map(([measure, amount]) => [measure, shown(amount)])),
    })),
    groups_left_out: groupsLeftOut,
    scanned,
    is_complete: isComplete,
  };
}

/** Larger numbers have no decimals to round; JSON has none that are not finite. */
const MAX_ROUNDED = 1e11;

function shown(amount: number | null): number | null {
  if (amount === null || !Number.isFinite(amount)) return null;
  return Math.abs(amount) < MAX_ROUNDED ? rounded(amount) : amount;
}

function oneOrSeveral<T extends string>(name: z.ZodType<T>, maxItems: number): z.ZodType<T | readonly T[]> {
  return z.union([name, list(name, maxItems)]);
}

function several<T extends string>(given: T | readonly T[] | undefined): readonly T[] | undefined {
  return typeof given === 'string' ? [given] : given;
}

function shapeOf<K extends string, S>(names: readonly K[], schema: S): Readonly<Record<K, S>> {
  // Exactly these names were put in.
  return Object.fromEntries(names.map((name) => [name, schema])) as Record<K, S>;
}
