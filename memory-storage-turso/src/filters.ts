// The filters of the port, as SQL. `memory-core/src/stores/filters.ts` says the same in plain code.
import type { EmbeddedKind } from '@episodica/memory-core';
import type {
  ClusterFilter,
  EmbeddingFilter,
  EpisodeFilter,
  Filters,
  Kind,
  PatternFilter,
  StepFilter,
} from '@episodica/memory-core/ports';
import type { Row, Value } from './connection.ts';
import { columnText, numberIn, textIn } from './rows.ts';

/** A condition with a `?` for each of its values. */
export interface Condition {
  readonly sql: string;
  readonly args: readonly Value[];
}

/** What a filter asks for, all of which must hold. Paging (`order`, `after`, `limit`) is left to `ordersOf`. */
export function conditionsOf<K extends Kind>(kind: K, filter: Filters[K]): readonly Condition[] {
  return CONDITIONS[kind](filter).filter((condition) => condition !== undefined);
}

/** `WHERE` and the conditions; nothing when there are none. */
export function whereOf(conditions: readonly Condition[]): Condition {
  if (conditions.length === 0) return { sql: '', args: [] };
  return {
    sql: `WHERE ${conditions.map(({ sql }) => `(${sql})`).join(' AND ')}`,
    args: conditions.flatMap(({ args }) => args),
  };
}

/** How the rows of a kind are ordered, and how to go on behind one of them. */
export interface Order {
  readonly sql: string;
  /** The condition that holds for all rows behind this one. */
  behind(row: Row): Condition;
}

/** The order that the port asks for. */
export function orderOf<K extends Kind>(kind: K, filter: Filters[K]): Order {
  if (kind === 'step') return STEP_ORDER;
  if (kind === 'evidence') return EVIDENCE_ORDER;
  if (kind !== 'episode')
    return { sql: `${kind}.id`, behind: (row) => ({ sql: `${kind}.id > ?`, args: [textIn(row, 'id')] }) };
  return 'order' in filter && filter.order === 'newest' ? NEWEST_FIRST : OLDEST_FIRST;
}

type MaybeCondition = Condition | undefined;

const CONDITIONS: { readonly [K in Kind]: (filter: Filters[K]) => readonly MaybeCondition[] } = {
  episode: episodeConditions,
  step: ({ episodeIds, key, afterNumber }: StepFilter) => [
    isOneOf('step.episode_id', episodeIds),
    compare('step.key = ?', columnText(key)),
    compare('step.number > ?', afterNumber),
  ],
  pattern: ({ idPrefix, kind, project, visibleTo, domain, minSupport, embeddingDue }: PatternFilter) => [
    beginsWith('pattern.id', idPrefix),
    compare('pattern.kind = ?', kind),
    compare('pattern.project = ?', columnText(project)),
    isVisible('pattern.project', visibleTo),
    compare('pattern.domain = ?', columnText(domain)),
    compare('pattern.support >= ?', minSupport),
    isDue('pattern', embeddingDue),
  ],
  evidence: ({ patternId, episodeIds }) => [
    compare('evidence.pattern_id = ?', patternId),
    isOneOf('evidence.episode_id', episodeIds),
  ],
  baseline: () => [],
  cluster: ({ project, visibleTo, domain }: ClusterFilter) => [
    compare('cluster.project = ?', columnText(project)),
    isVisible('cluster.project', visibleTo),
    compare('cluster.domain = ?', columnText(domain)),
  ],
  recommendation: () => [],
  tombstone: () => [],
  embedding: ({ ownerKind, ownerIds, model }: EmbeddingFilter) => [
    ownerKind && { sql: `embedding.${ownerKind}_id IS NOT NULL`, args: [] },
    isOfOwner(ownerIds),
    compare('embedding.model = ?', columnText(model)),
  ],
  model: () => [],
};

function episodeConditions(filter: EpisodeFilter): readonly MaybeCondition[] {
  return [
    isOneOf('episode.id', filter.ids),
    beginsWith('episode.id', filter.idPrefix),
    compare('episode.project = ?', columnText(filter.project)),
    isVisible('episode.project', filter.visibleTo),
    compare('episode.domain = ?', columnText(filter.domain)),
    compare('episode.task_type = ?', filter.taskType),
    compare('episode.status = ?', filter.status),
    compare('episode.outcome = ?', filter.outcome),
    ...(filter.tagsAll ?? []).map((tag) => hasAnyTag([tag])),
    hasAnyTag(filter.tagsAny),
    compare('episode.started_at >= ?', filter.since),
    compare('episode.started_at < ?', filter.until),
    compareReal('episode.reward >=', filter.minReward),
    compareReal('episode.reward <=', filter.maxReward),
    compare('episode.agent = ?', columnText(filter.agent)),
    compare('episode.session = ?', columnText(filter.session)),
    compare('episode.captured_from = ?', columnText(filter.capturedFrom)),
    compareReal('episode.confidence >=', filter.minConfidence),
    // A literal, so that the partial index serves it.
    filter.learningPending === undefined
      ? undefined
      : { sql: `episode.learning_pending = ${filter.learningPending ? 1 : 0}`, args: [] },
    isDue('episode', filter.embeddingDue),
    speaksOf(filter.speaksOf),
  ];
}

function compare(sql: string, value: Value | undefined): MaybeCondition {
  return value === undefined || value === null ? undefined : { sql, args: [value] };
}

/** The column's number came through JSON, which the engine may round in the last bit: the bound goes the same way. */
function compareReal(sql: string, value: number | undefined): MaybeCondition {
  return value === undefined ? undefined : { sql: `${sql} (? ->> '$')`, args: [JSON.stringify(value)] };
}

function isOneOf(column: string, values: readonly string[] | undefined): MaybeCondition {
  if (values === undefined) return undefined;
  return { sql: `${column} IN (SELECT value FROM json_each(?))`, args: [JSON.stringify(values)] };
}

/** By the index of the column: ids are ASCII, and nothing of them comes behind `~`. */
function beginsWith(column: string, prefix: string | undefined): MaybeCondition {
  if (prefix === undefined) return undefined;
  return { sql: `${column} >= ? AND ${column} < ?`, args: [prefix, `${prefix}~`] };
}

function isVisible(column: string, reader: { readonly project?: string } | undefined): MaybeCondition {
  if (reader === undefined) return undefined;
  if (reader.project === undefined) return { sql: `${column} IS NULL`, args: [] };
  return { sql: `${column} = ? OR ${column} IS NULL`, args: [columnText(reader.project)] };
}

function hasAnyTag(tags: readonly string[] | undefined): MaybeCondition {
  if (tags === undefined) return undefined;
  return {
    sql: 'episode.id IN (SELECT episode_id FROM episode_tag WHERE tag IN (SELECT value FROM json_each(?)))',
    args: [JSON.stringify(tags.map(columnText))],
  };
}

function isDue(kind: EmbeddedKind, model: string | undefined): MaybeCondition {
  if (model === undefined) return undefined;
  return {
    sql: `NOT EXISTS (SELECT 1 FROM embedding WHERE embedding.${kind}_id = ${kind}.id AND embedding.model = ?
      AND (embedding.text_hash = ${kind}.text_hash OR ${kind}.text_hash IS NULL))`,
    args: [columnText(model)],
  };
}

/** What cannot be read is for `verify` to find: it keeps nobody from forgetting another. */
function speaksOf(ids: readonly string[] | undefined): MaybeCondition {
  if (ids === undefined) return undefined;
  const given = JSON.stringify(ids);
  const isIn = 'IN (SELECT value FROM json_each(?))';
  return {
    sql: `episode.status = 'completed' AND episode.id NOT ${isIn} AND CASE WHEN json_valid(episode.body) THEN
      episode.body ->> '$.quality.duplicateOf' ${isIn}
      OR EXISTS (SELECT 1 FROM json_each(episode.body, '$.reflection.of') AS named WHERE named.value ${isIn}) END`,
    args: [given, given, given],
  };
}

function isOfOwner(ids: readonly string[] | undefined): MaybeCondition {
  if (ids === undefined) return undefined;
  const given = JSON.stringify(ids);
  const isIn = 'IN (SELECT value FROM json_each(?))';
  return { sql: `embedding.episode_id ${isIn} OR embedding.pattern_id ${isIn}`, args: [given, given] };
}

const OLDEST_FIRST: Order = {
  sql: 'episode.started_at, episode.id',
  behind: (row) => ({
    sql: '(episode.started_at, episode.id) > (?, ?)',
    args: [textIn(row, 'started_at'), textIn(row, 'id')],
  }),
};

const NEWEST_FIRST: Order = {
  sql: 'episode.started_at DESC, episode.id DESC',
  behind: (row) => ({
    sql: '(episode.started_at, episode.id) < (?, ?)',
    args: [textIn(row, 'started_at'), textIn(row, 'id')],
  }),
};

const EVIDENCE_ORDER: Order = {
  sql: 'evidence.episode_id DESC, evidence.pattern_id DESC',
  behind: (row) => ({
    sql: '(evidence.episode_id, evidence.pattern_id) < (?, ?)',
    args: [textIn(row, 'episode_id'), textIn(row, 'pattern_id')],
  }),
};

const STEP_ORDER: Order = {
  sql: 'step.episode_id, step.number',
  behind: (row) => ({
    sql: '(step.episode_id, step.number) > (?, ?)',
    args: [textIn(row, 'episode_id'), numberIn(row, 'number')],
  }),
};
