// A batch of writes as statements, and what it means when one of them is turned down.
import {
  alreadyCompleted,
  episodeNotFound,
  evidenceTaken,
  type MemoryError,
  ownerNotFound,
  stepCountConflict,
  stepTaken,
  tooManyBytes,
  tooManySteps,
  versionConflict,
} from '@episodica/memory-core/backend';
import type { IndexedKind, Kind, Require, Write } from '@episodica/memory-core/ports';
import type { Statement } from './connection.ts';
import { cellSql, cellsOf, columnNames, columnText } from './rows.ts';
import { TEXT_FIELDS, type TextField } from './search.ts';

/** Writes that a few statements can do at once. Never empty. */
export type Group = readonly [Write, ...Write[]];

/**
 * Puts together what can be done together, also where the batch, made of several callers' writes, has it apart: a write
 * moves up past all that has nothing to do with it, and joins its like. Together or each alone, the outcome is the
 * same, but alone, the statement that fails tells which write was turned down.
 */
export function groupsOf(batch: readonly Write[]): readonly Group[] {
  const groups: {
    readonly key: string | undefined;
    readonly ids: Set<string>;
    readonly writes: [Write, ...Write[]];
  }[] = [];
  /** The last group that touched a thing. */
  const lastOf = new Map<string, number>();
  let lastOfAll = -1;
  for (const write of batch) {
    const key = groupKey(write);
    const id = idOf(write);
    const touched = touchedBy(write);
    const behind = touched === undefined ? groups.length - 1 : lastIndex(touched, lastOf, lastOfAll);
    // Also a group that it has to do with, if it is of its like: in there, all is done in the order of the batch.
    const found = groups.findIndex((group, index) => index >= behind && group.key === key && hasRoomFor(group, write));
    const place = found < 0 ? groups.length : found;
    const group = groups[place];
    if (group === undefined) groups.push({ key, ids: new Set([id]), writes: [write] });
    else {
      group.ids.add(id);
      group.writes.push(write);
    }
    if (touched === undefined) lastOfAll = place;
    for (const thing of touched ?? []) lastOf.set(thing, Math.max(place, lastOf.get(thing) ?? -1));
  }
  return groups.map(({ writes }) => writes);
}

interface OpenGroup {
  readonly key: string | undefined;
  readonly ids: Set<string>;
  readonly writes: [Write, ...Write[]];
}

/** Writes of one group: few enough to make their statements without holding up the thread. */
const MAX_GROUP_WRITES = 100;

/** Whether a write of the same key can join: in one group, nothing is changed twice. */
function hasRoomFor({ key, ids, writes }: OpenGroup, write: Write): boolean {
  return key !== undefined && writes.length < MAX_GROUP_WRITES && (isRequire(write) || !ids.has(idOf(write)));
}

function lastIndex(touched: readonly string[], lastOf: ReadonlyMap<string, number>, lastOfAll: number): number {
  return touched.reduce((last, thing) => Math.max(last, lastOf.get(thing) ?? -1), lastOfAll);
}

/** What a write reads or changes; writes without a thing in common may change places. `undefined`: it cannot be told. */
function touchedBy(write: Write): readonly string[] | undefined {
  switch (write.kind) {
    case 'episode':
    case 'pattern':
      // Steps, evidence and embeddings go with it, and nothing here says which.
      return write.op === 'delete' ? undefined : [`${write.kind} ${idOf(write)}`];
    case 'step':
    case 'evidence':
      // Whose they are is known of what is put, not of what is deleted.
      if (write.op === 'delete') return undefined;
      return [`episode ${write.value.episodeId}`, `${write.kind} ${write.value.id}`];
    case 'embedding':
      if (write.op === 'delete') return undefined;
      return [`${write.value.ownerKind} ${write.value.ownerId}`, `embedding ${write.value.id}`];
    default:
      return [`${write.kind} ${idOf(write)}`];
  }
}

/** The statements of a group, in the order they must run. */
export function statementsOf(group: Group): readonly Statement[] {
  const [first] = group;
  switch (first.op) {
    case 'require':
      return [requireStatement(group.filter(isRequire))];
    case 'delete':
      return deleteStatements(first.kind, group.filter(isDelete));
    case 'put':
      return putStatements(first.kind, group.filter(isPut));
  }
}

/** One journal entry for each put and delete, in the order of the batch; answers with its last number. */
export function journalStatement(batch: readonly Write[], entry: { at: string; actor: string }): Statement {
  const changes = batch.filter((write) => write.op !== 'require');
  if (changes.length === 0) return { sql: 'SELECT ifnull(max(seq), 0) AS seq FROM journal', args: [] };
  return {
    sql: `INSERT INTO journal (at, actor, kind, id, op)
      SELECT ?1, ?2, value ->> 0, value ->> 1, value ->> 2 FROM json_each(?3) ORDER BY key`,
    args: [entry.at, entry.actor, JSON.stringify(changes.map((write) => [write.kind, idOf(write), write.op]))],
  };
}

/** Why the engine turned this write down, from what it said. */
export function refusalOf(write: Write, message: string): MemoryError {
  if (write.op === 'require') return brokenRequire(write, message);
  if (write.op === 'put') {
    const { value } = write;
    if (message.includes('FOREIGN KEY') && 'episodeId' in value) return episodeNotFound(value.episodeId);
    if (message.includes('FOREIGN KEY') && write.kind === 'embedding') return ownerNotFound(write.value);
    if (write.kind === 'step' && /step\.(key|number)/.test(message)) return stepTaken(write.value);
    if (write.kind === 'evidence' && message.includes('evidence.pattern_id')) return evidenceTaken(write.value);
  }
  return versionConflict(write.kind, idOf(write));
}

function brokenRequire({ id, status, maxSteps = 0, maxBytes = 0 }: Require, message: string): MemoryError {
  if (status === 'completed') return versionConflict('episode', id);
  if (message.includes('guard:NOT_FOUND')) return episodeNotFound(id);
  if (message.includes('guard:INVALID_STATE')) return alreadyCompleted(id);
  if (message.includes('guard:MAX_STEPS')) return tooManySteps(id, maxSteps);
  if (message.includes('guard:MAX_BYTES')) return tooManyBytes(id, maxBytes);
  return stepCountConflict(id);
}

/** The steps that a batch puts, in its order. */
export function stepIdsOf(batch: readonly Write[]): readonly string[] {
  return batch.flatMap((write) => (write.op === 'put' && write.kind === 'step' ? [write.value.id] : []));
}

type AnyPut = Extract<Write, { op: 'put' }>;
type AnyDelete = Extract<Write, { op: 'delete' }>;
type StepPut = Extract<AnyPut, { kind: 'step' }>;

function isPut(write: Write): write is AnyPut {
  return write.op === 'put';
}

function isRequire(write: Write): write is Require {
  return write.op === 'require';
}

function isDelete(write: Write): write is AnyDelete {
  return write.op === 'delete';
}

function isIndexed(kind: Kind): kind is IndexedKind {
  return kind === 'episode' || kind === 'pattern';
}

function idOf(write: Write): string {
  return write.op === 'put' ? write.value.id : write.id;
}

/** Writes with the same key go together; those without one stay alone. */
function groupKey(write: Write): string | undefined {
  if (write.op === 'require') return 'require';
  // To replace or delete a step is rare, and shifts the totals of those behind it.
  if (write.kind === 'step' && !(write.op === 'put' && write.ifVersion === 0)) return undefined;
  return `${write.op} ${write.kind} ${write.ifVersion === 0}`;
}

function requireStatement(requires: readonly Require[]): Statement {
  const asked = requires.map(({ id, stepCount, maxSteps, maxBytes, status }) => [
    id,
    stepCount,
    maxSteps,
    maxBytes,
    status,
  ]);
  return {
    sql: `INSERT INTO guard (code)
      SELECT code FROM (
        SELECT CASE
          WHEN asked.value ->> 4 = 'completed' THEN iif(episode.status IS 'completed', NULL, 'NOT_FOUND')
          WHEN episode.status IS NULL THEN 'NOT_FOUND'
          WHEN episode.status <> 'open' THEN 'INVALID_STATE'
          WHEN ifnull(last.total_steps, 0) <> asked.value ->> 1 THEN 'STEP_COUNT'
          WHEN ifnull(last.total_steps, 0) > asked.value ->> 2 THEN 'MAX_STEPS'
          WHEN ifnull(last.total_bytes, 0) > asked.value ->> 3 THEN 'MAX_BYTES'
        END AS code
        FROM json_each(?1) AS asked
        LEFT JOIN episode ON episode.id = asked.value ->> 0
        LEFT JOIN step AS last ON last.episode_id = asked.value ->> 0 AND last.number = (${LAST_NUMBER})
      ) WHERE code IS NOT NULL`,
    args: [JSON.stringify(asked)],
  };
}

/** The number of the last step of the episode whose id stands first in `asked`. */
const LAST_NUMBER = 'SELECT max(number) FROM step WHERE episode_id = asked.value ->> 0';

function putStatements(kind: Kind, puts: readonly AnyPut[]): readonly Statement[] {
  const isNew = puts.every(({ ifVersion }) => ifVersion === 0);
  const versions = puts.flatMap(({ value, ifVersion }) => (ifVersion === undefined ? [] : [[value.id, ifVersion]]));
  return [
    // The insert of something new is its own guard: an id that is there already fails it.
    ...(isNew || versions.length === 0 ? [] : [versionGuard(kind, versions)]),
    ...(kind === 'step' ? stepStatements(puts.filter(isStepPut), isNew) : [entityStatement(kind, puts, isNew)]),
    ...(kind === 'episode' ? tagStatements(puts, isNew) : []),
    ...(isIndexed(kind) ? textStatements(kind, puts, isNew) : []),
  ];
}

function versionGuard(kind: Kind, versions: readonly (readonly (string | number)[])[]): Statement {
  return {
    sql: `INSERT INTO guard (code)
      SELECT 'VERSION' FROM json_each(?1) AS given
      WHERE ifnull((SELECT version FROM ${kind} WHERE id = given.value ->> 0), 0) <> given.value ->> 1`,
    args: [JSON.stringify(versions)],
  };
}

function entityStatement(kind: Kind, puts: readonly AnyPut[], isNew: boolean): Statement {
  const names = columnNames(kind);
  const cells = names.map(cellSql).join(', ');
  const replaced = names.map((name) => `${name} = excluded.${name}`).join(', ');
  return {
    sql: `INSERT INTO ${kind} (${names.join(', ')}) SELECT ${cells} FROM json_each(?1) WHERE true
      ${isNew ? '' : `ON CONFLICT (id) DO UPDATE SET ${replaced}`}`,
    args: [JSON.stringify(puts.map((put) => cellsOf(put.kind, put.value)))],
  };
}

function isStepPut(put: AnyPut): put is StepPut {
  return put.kind === 'step';
}

/**
 * New steps follow on the last one of their episode; a step that is there already keeps its number. The last statement
 * answers with the id and the number of each. Bytes leave the digits of the number out: the statement adds them.
 */
function stepStatements(puts: readonly StepPut[], isNew: boolean): readonly Statement[] {
  const counts = new Map<string, number>();
  const rows = puts.map(({ value }) => {
    const cells = cellsOf('step', value);
    const place = (counts.get(value.episodeId) ?? 0) + 1;
    counts.set(value.episodeId, place);
    return { ...value, place, cells, bytes: Buffer.byteLength(String(cells.at(-1))) - 1 };
  });
  const [first] = rows;
  if (first === undefined) return [];
  const insert: Statement = {
    sql: `INSERT INTO step (episode_id, ${columnNames('step').join(', ')}, number, total_steps, total_bytes)
      SELECT episode_id, id, version, step_key, body, number, total_steps,
        before + sum(bytes + length(number)) OVER (PARTITION BY episode_id ORDER BY number)
      FROM (
        SELECT
          asked.value ->> 0 AS episode_id, asked.value ->> 1 AS id, asked.value ->> 2 AS version,
          asked.value ->> 3 AS step_key, asked.value ->> 4 AS body, asked.value ->> 5 AS bytes,
          ifnull(last.number, 0) + (asked.value ->> 6) AS number,
          ifnull(last.total_steps, 0) + (asked.value ->> 6) AS total_steps,
          ifnull(last.total_bytes, 0) AS before
        FROM json_each(?1) AS asked
        LEFT JOIN step AS last ON last.episode_id = asked.value ->> 0 AND last.number = (${LAST_NUMBER})
      ) WHERE true
      ${isNew ? '' : REPLACE_STEP}
      RETURNING id, number`,
    args: [JSON.stringify(rows.map(({ episodeId, cells, bytes, place }) => [episodeId, ...cells, bytes, place]))],
  };
  return isNew ? [insert] : [resizeStatement(first), insert];
}

/** A step never moves to another episode: NULL breaks the constraint on the number. */
const REPLACE_STEP = `ON CONFLICT (id) DO UPDATE SET
  version = excluded.version, key = excluded.key, body = excluded.body,
  number = CASE WHEN episode_id = excluded.episode_id THEN number END`;

/** Makes room in the totals for a step that is about to be replaced; does nothing for a new one. */
function resizeStatement(step: { readonly id: string; readonly episodeId: string; readonly bytes: number }): Statement {
  return {
    sql: `UPDATE step SET total_bytes = step.total_bytes + ?3 - (octet_length(old.body) - 1)
      FROM (SELECT number, body FROM step WHERE id = ?1 AND episode_id = ?2) AS old
      WHERE step.episode_id = ?2 AND step.number >= old.number`,
    args: [step.id, step.episodeId, step.bytes],
  };
}

function tagStatements(puts: readonly AnyPut[], isNew: boolean): readonly Statement[] {
  const tags = puts.flatMap(({ kind, value }) =>
    kind === 'episode' ? [...new Set(value.tags)].map((tag) => [columnText(tag), value.id]) : [],
  );
  const insert: Statement = {
    sql: 'INSERT INTO episode_tag (tag, episode_id) SELECT value ->> 0, value ->> 1 FROM json_each(?1)',
    args: [JSON.stringify(tags)],
  };
  const remove: Statement = {
    sql: 'DELETE FROM episode_tag WHERE episode_id IN (SELECT value FROM json_each(?1))',
    args: [idList(puts.map(({ value }) => value.id))],
  };
  return [...(isNew ? [] : [remove]), ...(tags.length === 0 ? [] : [insert])];
}

/** Terms that are given replace what is there; without any, a new entity gets an empty row. */
function textStatements(kind: IndexedKind, puts: readonly AnyPut[], isNew: boolean): readonly Statement[] {
  const given = isNew ? puts : puts.filter(({ terms }) => terms !== undefined);
  const silent = isNew ? [] : puts.filter(({ terms, ifVersion }) => terms === undefined && ifVersion === undefined);
  return TEXT_FIELDS.flatMap((field) => {
    const documents = given.map(({ value, terms }) => [value.id, (terms?.[field] ?? []).join(' ')]);
    return [
      ...(isNew || given.length === 0 ? [] : [deleteText(kind, field, idList(given.map(({ value }) => value.id)))]),
      ...(given.length === 0 ? [] : [insertText(kind, field, documents)]),
      ...(silent.length === 0 ? [] : [insertEmptyText(kind, field, idList(silent.map(({ value }) => value.id)))]),
    ];
  });
}

function insertText(kind: IndexedKind, field: TextField, documents: readonly (readonly string[])[]): Statement {
  return {
    sql: `INSERT INTO ${kind}_${field} (rowid, terms)
      SELECT entity.rowid, given.value ->> 1
      FROM json_each(?1) AS given JOIN ${kind} AS entity ON entity.id = given.value ->> 0`,
    args: [JSON.stringify(documents)],
  };
}

function insertEmptyText(kind: IndexedKind, field: TextField, ids: string): Statement {
  return {
    sql: `INSERT INTO ${kind}_${field} (rowid, terms)
      SELECT entity.rowid, '' FROM json_each(?1) AS given JOIN ${kind} AS entity ON entity.id = given.value
      WHERE entity.rowid NOT IN (SELECT id FROM ${kind}_${field}_docsize)`,
    args: [ids],
  };
}

function deleteText(kind: IndexedKind, field: TextField, ids: string): Statement {
  return {
    sql: `DELETE FROM ${kind}_${field}
      WHERE rowid IN (SELECT entity.rowid FROM json_each(?1) AS given JOIN ${kind} AS entity ON entity.id = given.value)`,
    args: [ids],
  };
}

function deleteStatements(kind: Kind, deletes: readonly AnyDelete[]): readonly Statement[] {
  const versions = deletes.flatMap(({ id, ifVersion }) => (ifVersion === undefined ? [] : [[id, ifVersion]]));
  const ids = idList(deletes.map(({ id }) => id));
  return [
    ...(versions.length === 0 ? [] : [versionGuard(kind, versions)]),
    ...(isIndexed(kind) ? TEXT_FIELDS.map((field) => deleteText(kind, field, ids)) : []),
    ...(kind === 'step' ? [uncountStatement(ids)] : []),
    { sql: `DELETE FROM ${kind} WHERE id IN (SELECT value FROM json_each(?1))`, args: [ids] },
  ];
}

/** Takes a step that is about to be deleted out of the totals behind it. One step at a time. */
function uncountStatement(ids: string): Statement {
  return {
    sql: `UPDATE step SET
        total_steps = step.total_steps - 1,
        total_bytes = step.total_bytes - (octet_length(gone.body) - 1 + length(gone.number))
      FROM (SELECT * FROM step WHERE id IN (SELECT value FROM json_each(?1))) AS gone
      WHERE step.episode_id = gone.episode_id AND step.number > gone.number`,
    args: [ids],
  };
}

function idList(ids: readonly string[]): string {
  return JSON.stringify(ids);
}
