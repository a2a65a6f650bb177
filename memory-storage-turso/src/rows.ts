// Entities to rows and back.
import assert from 'node:assert/strict';
import { MemoryError } from '@episodica/memory-core';
import type { Entities, Kind } from '@episodica/memory-core/ports';
import type { Row } from './connection.ts';

type Cell = string | number | boolean | null;
type Columns<T> = Readonly<Record<string, (entity: T) => Cell>>;

/** The columns of each table that are copied from the entity. A step's number and totals are not: the store counts. */
const COLUMNS: { readonly [K in Kind]: Columns<Entities[K]> } = {
  episode: {
    id: (episode) => episode.id,
    version: (episode) => episode.version,
    status: (episode) => episode.status,
    project: (episode) => columnText(episode.project),
    domain: (episode) => columnText(episode.domain),
    task_type: (episode) => episode.taskType,
    outcome: (episode) => (episode.status === 'completed' ? episode.outcome.kind : null),
    reward: (episode) => (episode.status === 'completed' ? episode.reward.total : null),
    started_at: (episode) => episode.startedAt,
    agent: (episode) => columnText(episode.source.agent),
    session: (episode) => columnText(episode.source.session),
    captured_from: (episode) => columnText(episode.source.capturedFrom),
    confidence: (episode) => episode.source.confidence ?? null,
    learning_pending: (episode) => episode.status === 'completed' && episode.learningPending,
    body: bodyOf,
  },
  step: {
    id: (step) => step.id,
    version: (step) => step.version,
    key: (step) => columnText(step.key),
    body: (step) => bodyOf({ ...step, number: 0 }),
  },
  pattern: {
    id: (pattern) => pattern.id,
    version: (pattern) => pattern.version,
    kind: (pattern) => pattern.kind,
    project: (pattern) => columnText(pattern.scope.project),
    domain: (pattern) => columnText(pattern.scope.domain),
    support: (pattern) => pattern.support,
    body: bodyOf,
  },
  evidence: {
    id: (evidence) => evidence.id,
    version: (evidence) => evidence.version,
    pattern_id: (evidence) => evidence.patternId,
    episode_id: (evidence) => evidence.episodeId,
    body: bodyOf,
  },
  baseline: { id: (baseline) => baseline.id, version: (baseline) => baseline.version, body: bodyOf },
  recommendation: { id: (given) => given.id, version: (given) => given.version, body: bodyOf },
  tombstone: { id: (tombstone) => tombstone.id, version: (tombstone) => tombstone.version, body: bodyOf },
};

/** The columns that are copied from the entity. */
export function columnNames(kind: Kind): readonly string[] {
  return Object.keys(COLUMNS[kind]);
}

/** In the order of `columnNames`. */
export function cellsOf<K extends Kind>(kind: K, entity: Entities[K]): readonly Cell[] {
  return Object.values(COLUMNS[kind]).map((cell) => cell(entity));
}

/** What `rowToEntity` needs to see, and what a scan goes on from. */
export function selectedColumns(kind: Kind): string {
  if (kind === 'episode') return 'episode.id, episode.started_at, episode.body';
  if (kind === 'step') return 'step.id, step.episode_id, step.number, step.body';
  if (kind === 'evidence') return 'evidence.id, evidence.episode_id, evidence.pattern_id, evidence.body';
  return `${kind}.id, ${kind}.body`;
}

/** @throws `STORE_CORRUPT` for a body that is no JSON */
export function rowToEntity<K extends Kind>(kind: K, row: Row): Entities[K] {
  const entity = parseBody(kind, row);
  // The store wrote this body from an entity of this kind.
  return (kind === 'step' ? { ...entity, number: numberIn(row, 'number') } : entity) as Entities[K];
}

/**
 * Text as it stands in a column, for filters and uniqueness. The engine cuts JSON strings at NUL and replaces lone
 * surrogates, so these are written as an escape: two different texts stay different. The body has the text itself.
 */
export function columnText(text: string | undefined): string | null {
  if (text === undefined) return null;
  return text.replace(UNSTORABLE, (character) => `\u001b${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
const UNSTORABLE = /[\u0000\u001b\p{Surrogate}]/gu;

/** The text in this column. The schema says that there is one. */
export function textIn(row: Row | undefined, column: string): string {
  const value = row?.[column];
  assert(typeof value === 'string', `column ${column} holds no text`);
  return value;
}

/** The number in this column. The schema says that there is one. */
export function numberIn(row: Row | undefined, column: string): number {
  const value = row?.[column];
  assert(typeof value === 'number', `column ${column} holds no number`);
  return value;
}

function bodyOf(entity: object): string {
  return JSON.stringify(entity);
}

function parseBody(kind: Kind, row: Row): object {
  try {
    return JSON.parse(textIn(row, 'body'));
  } catch (cause) {
    const what = `The ${kind} ${textIn(row, 'id')} cannot be read`;
    throw new MemoryError('STORE_CORRUPT', `${what}. Verify the store and restore a backup.`, { cause });
  }
}
