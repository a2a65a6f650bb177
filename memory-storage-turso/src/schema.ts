// Tables and indexes, as numbered steps that only go forward. A step that has been released is never edited.
import { MemoryError } from '@episodica/memory-core';
import type { Connection } from './connection.ts';
import { violationOf } from './errors.ts';
import { numberIn, textIn } from './rows.ts';

/**
 * Brings the database to the newest schema, one transaction a step. Of several processes that try at once, one does
 * each step and the others find it done.
 * @throws `STORE_FAILED` for a schema that is newer than this code
 */
export async function migrate(connection: Connection): Promise<void> {
  const table = 'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, at TEXT NOT NULL)';
  await connection.execute({ sql: table, args: [] });
  for (;;) {
    const version = await schemaVersion(connection);
    if (version > MIGRATIONS.length) throw tooNew(connection.place, version);
    const statements = MIGRATIONS[version];
    if (statements === undefined) return;
    // Two processes cannot both insert the number: the second one's batch changes nothing.
    const claim = {
      sql: 'INSERT INTO migration (number, at) VALUES (?, ?)',
      args: [version + 1, new Date().toISOString()],
    };
    try {
      await connection.batch([claim, ...statements.map((sql) => ({ sql, args: [] }))]);
    } catch (error) {
      if (violationOf(error)?.statementIndex !== 0) throw error;
    }
  }
}

/** The number of the last step that was taken; 0 before the first. */
export async function schemaVersion(connection: Connection): Promise<number> {
  const { rows } = await connection.execute({
    sql: 'SELECT ifnull(max(number), 0) AS number FROM migration',
    args: [],
  });
  return numberIn(rows[0], 'number');
}

/** The name that the database was given when it was made. */
export async function identityOf(connection: Connection): Promise<string> {
  const { rows } = await connection.execute({ sql: 'SELECT id FROM identity', args: [] });
  return textIn(rows[0], 'id');
}

function tooNew(place: string, version: number): MemoryError {
  const what = `Cannot open the store ${place}: its schema ${version} is newer than this library (${MIGRATIONS.length})`;
  return new MemoryError('STORE_FAILED', `${what}. Upgrade @episodica/memory-storage-turso.`);
}

/**
 * `body` is the entity as JSON; the other columns are copies for filters and constraints. Title and body have a text index
 * each, because BM25 weighs a word by the length of its document; both have the rowid of their entity, and a row for each. The terms come ready-made, so its tokenizer splits at spaces and nothing else. It
 * keeps the terms: without them FTS5 never takes a deleted document out of the counts that BM25 is made of.
 */
const FIRST: readonly string[] = [
  // Never holds a row: a guard that fails inserts its code, and the trigger turns that into the failure of the batch.
  'CREATE TABLE guard (code TEXT NOT NULL)',
  `CREATE TRIGGER guard_fails BEFORE INSERT ON guard BEGIN
     SELECT CASE NEW.code
       WHEN 'NOT_FOUND' THEN RAISE(ABORT, 'guard:NOT_FOUND')
       WHEN 'INVALID_STATE' THEN RAISE(ABORT, 'guard:INVALID_STATE')
       WHEN 'VERSION' THEN RAISE(ABORT, 'guard:VERSION')
       WHEN 'STEP_COUNT' THEN RAISE(ABORT, 'guard:STEP_COUNT')
       WHEN 'MAX_STEPS' THEN RAISE(ABORT, 'guard:MAX_STEPS')
       WHEN 'MAX_BYTES' THEN RAISE(ABORT, 'guard:MAX_BYTES')
     END;
   END`,
  // One row, made with the database: what is kept beside it, like a cache, knows by it which database it belongs to.
  'CREATE TABLE identity (id TEXT NOT NULL)',
  'INSERT INTO identity (id) VALUES (lower(hex(randomblob(16))))',
  // Entries are never deleted, so the next rowid is the next number.
  `CREATE TABLE journal (
     seq INTEGER PRIMARY KEY,
     at TEXT NOT NULL,
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     op TEXT NOT NULL,
     actor TEXT NOT NULL
   )`,
  `CREATE TABLE episode (
     rowid INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     version INTEGER NOT NULL,
     status TEXT NOT NULL,
     project TEXT,
     domain TEXT,
     task_type TEXT NOT NULL,
     outcome TEXT,
     reward REAL,
     started_at TEXT NOT NULL,
     agent TEXT,
     session TEXT,
     captured_from TEXT,
     confidence REAL,
     learning_pending INTEGER NOT NULL,
     body TEXT NOT NULL
   )`,
  'CREATE INDEX episode_by_start ON episode (started_at, id)',
  'CREATE INDEX episode_by_project ON episode (project, started_at, id)',
  'CREATE INDEX episode_learning_pending ON episode (started_at, id) WHERE learning_pending = 1',
  `CREATE TABLE episode_tag (
     tag TEXT NOT NULL,
     episode_id TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
     PRIMARY KEY (tag, episode_id)
   ) WITHOUT ROWID`,
  'CREATE INDEX episode_tag_by_episode ON episode_tag (episode_id)',
  // The totals count this step and those before it, so that the limits of an episode are one look at its last step.
  `CREATE TABLE step (
     id TEXT NOT NULL UNIQUE,
     version INTEGER NOT NULL,
     episode_id TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
     number INTEGER NOT NULL,
     key TEXT,
     total_steps INTEGER NOT NULL,
     total_bytes INTEGER NOT NULL,
     body TEXT NOT NULL,
     PRIMARY KEY (episode_id, number)
   ) WITHOUT ROWID`,
  'CREATE UNIQUE INDEX step_by_key ON step (episode_id, key) WHERE key IS NOT NULL',
  `CREATE TABLE pattern (
     rowid INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     version INTEGER NOT NULL,
     kind TEXT NOT NULL,
     project TEXT,
     domain TEXT,
     support INTEGER NOT NULL,
     body TEXT NOT NULL
   )`,
  `CREATE TABLE evidence (
     id TEXT NOT NULL PRIMARY KEY,
     version INTEGER NOT NULL,
     pattern_id TEXT NOT NULL,
     episode_id TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
     body TEXT NOT NULL,
     UNIQUE (pattern_id, episode_id)
   )`,
  'CREATE INDEX evidence_by_episode ON evidence (episode_id)',
  'CREATE TABLE baseline (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL)',
  'CREATE TABLE recommendation (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL)',
  'CREATE TABLE tombstone (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL)',
  ...['episode_title', 'episode_body', 'pattern_title', 'pattern_body'].flatMap((table) => [
    `CREATE VIRTUAL TABLE ${table} USING fts5(terms, tokenize = 'ascii')`,
    `CREATE VIRTUAL TABLE ${table}_vocabulary USING fts5vocab(${table}, 'row')`,
  ]),
];

/**
 * Steps in the order in which they come, not side by side by episode: those of many open episodes then fill the same
 * few pages, and a commit writes half as many.
 */
const STEPS_IN_ORDER: readonly string[] = [
  `CREATE TABLE step_in_order (
     rowid INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     version INTEGER NOT NULL,
     episode_id TEXT NOT NULL REFERENCES episode (id) ON DELETE CASCADE,
     number INTEGER NOT NULL,
     key TEXT,
     total_steps INTEGER NOT NULL,
     total_bytes INTEGER NOT NULL,
     body TEXT NOT NULL,
     UNIQUE (episode_id, number)
   )`,
  `INSERT INTO step_in_order (id, version, episode_id, number, key, total_steps, total_bytes, body)
     SELECT id, version, episode_id, number, key, total_steps, total_bytes, body FROM step ORDER BY episode_id, number`,
  'DROP TABLE step',
  'ALTER TABLE step_in_order RENAME TO step',
  'CREATE UNIQUE INDEX step_by_key ON step (episode_id, key) WHERE key IS NOT NULL',
];

const MIGRATIONS: readonly (readonly string[])[] = [FIRST, STEPS_IN_ORDER];

/** The schema that this code reads and writes. */
export const NEWEST_SCHEMA: number = MIGRATIONS.length;
