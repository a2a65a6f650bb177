// Tables and indexes, as numbered steps that only go forward. A step that has been released is never edited.
import { MemoryError } from '@episodica/memory-core/backend';
import type { Connection } from './connection.ts';
import { isBusy, isEngineError, violationOf } from './errors.ts';
import { numberIn, textIn } from './rows.ts';

/** One step from a schema to the next. */
export interface Migration {
  readonly statements: readonly string[];
  /** Whether this code reads a store that has not taken the step: one that may not be written is opened all the same. */
  readonly isNeededToRead: boolean;
}

export interface MigrateOptions {
  /** @default every step there is */
  readonly migrations?: readonly Migration[];
  /** Keeps the store as it was at this schema; called when the first step away from it is about to be committed. */
  readonly backUp?: (schema: number) => void;
}

/**
 * Brings the database to the newest schema, one transaction a step. Of several processes that try at once, one does
 * each step and the others find it done. A store that may not be written stays as it is.
 * @throws `STORE_FAILED` for a schema that is newer than this code, for another program's database, and for a schema
 * that must not stay as it is and cannot be changed
 */
export async function migrate(connection: Connection, options: MigrateOptions = {}): Promise<void> {
  const { migrations = MIGRATIONS, backUp } = options;
  let isBackedUp = false;
  for (;;) {
    const version = await schemaVersion(connection);
    if (version > migrations.length) throw tooNew(connection.place, { version, newest: migrations.length });
    const next = migrations[version];
    if (next === undefined) return;
    if (connection.access === 'read-only') {
      const missing = migrations.slice(version);
      if (version === 0 || missing.some((step) => step.isNeededToRead)) throw notMigrated(connection.place, version);
      return;
    }
    if (version === 0) await beginSchema(connection);
    // Two processes cannot both insert the number: the second one's batch changes nothing.
    const claim = {
      sql: 'INSERT INTO migration (number, at) VALUES (?, ?)',
      args: [version + 1, new Date().toISOString()],
    };
    const isReleased = version > 0 && !isBackedUp;
    try {
      const statements = [claim, ...next.statements.map((sql) => ({ sql, args: [] }))];
      await connection.batch(statements, isReleased && backUp !== undefined ? () => backUp(version) : undefined);
      isBackedUp = true;
    } catch (error) {
      if (violationOf(error)?.statementIndex !== 0) throw error;
    }
  }
}

/** The number of the last step that was taken; 0 before the first. */
export async function schemaVersion(connection: Connection): Promise<number> {
  const tables = await connection.execute({
    sql: `SELECT count(*) FILTER (WHERE name = 'migration') AS begun, count(*) FILTER (WHERE name = 'identity') AS own,
      count(*) AS total FROM sqlite_schema WHERE name NOT LIKE 'sqlite@_%' ESCAPE '@' AND name NOT LIKE 'libsql@_%' ESCAPE '@'`,
    args: [],
  });
  const [begun, own, total] = [
    numberIn(tables.rows[0], 'begun'),
    numberIn(tables.rows[0], 'own'),
    numberIn(tables.rows[0], 'total'),
  ];
  // The table of migrations stands alone when the first one was about to be made.
  const isOurs = begun > 0 && (own > 0 || total === begun);
  if (!isOurs && total > 0) throw foreign(connection.place);
  if (!isOurs) return 0;
  const { rows } = await connection.execute({
    sql: 'SELECT ifnull(max(number), 0) AS number FROM migration',
    args: [],
  });
  return numberIn(rows[0], 'number');
}

async function beginSchema(connection: Connection): Promise<void> {
  const table = 'CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, at TEXT NOT NULL)';
  await connection.execute({ sql: table, args: [] });
}

/** What a database says of itself. */
export interface SchemaState {
  readonly version: number;
  readonly identity: string;
  /** `undefined`: it does not say. */
  readonly hasForeignKeys: boolean | undefined;
  /** It is being filled from another one. */
  readonly isUnfinishedCopy: boolean;
}

/** In one round trip; `undefined` where a part of the answer is missing, as in a database that is new. */
export async function schemaState(connection: Connection): Promise<SchemaState | undefined> {
  try {
    const { rows } = await connection.execute({
      sql: `SELECT (SELECT max(number) FROM migration) AS version, (SELECT id FROM identity) AS identity,
        (SELECT count(*) FROM copying) AS copies, (SELECT foreign_keys FROM pragma_foreign_keys()) AS foreign_keys`,
      args: [],
    });
    const { version, identity, copies, foreign_keys: foreignKeys } = rows[0] ?? {};
    if (typeof version !== 'number' || typeof identity !== 'string') return undefined;
    const hasForeignKeys = foreignKeys === undefined ? undefined : foreignKeys === 1;
    return { version, identity, hasForeignKeys, isUnfinishedCopy: copies !== 0 };
  } catch (error) {
    // What is missing makes the whole statement one that cannot be run. Whoever looks closer finds out what it is.
    if (!isEngineError(error) || isBusy(error)) throw error;
    return undefined;
  }
}

/** The name that the database was given when it was made. */
export async function identityOf(connection: Connection): Promise<string> {
  const { rows } = await connection.execute({ sql: 'SELECT id FROM identity', args: [] });
  return textIn(rows[0], 'id');
}

function tooNew(place: string, { version, newest }: { version: number; newest: number }): MemoryError {
  const what = `Cannot open the store ${place}: its schema ${version} is newer than this library (${newest})`;
  return new MemoryError('STORE_FAILED', `${what}. Upgrade @episodica/memory-storage-turso.`);
}

function notMigrated(place: string, version: number): MemoryError {
  const what =
    version === 0 ? 'there is no memory in it yet' : `its schema ${version} is too old to be read and must be changed`;
  const advice = 'give this user write permission for the file and its directory, and open it once';
  return new MemoryError('STORE_FAILED', `Cannot open the store ${place} for reading alone: ${what}; ${advice}.`);
}

function foreign(place: string): MemoryError {
  const what = `Cannot open the store ${place}: it is a database of another program, and was left as it is`;
  return new MemoryError('STORE_FAILED', `${what}. Name another file.`);
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
 * few pages, and a commit writes half as many. What was captured from one place or in one session is found without a
 * look at every episode.
 */
const SECOND: readonly string[] = [
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
  'CREATE INDEX episode_by_source ON episode (captured_from, started_at, id) WHERE captured_from IS NOT NULL',
  'CREATE INDEX episode_by_session ON episode (session, started_at, id) WHERE session IS NOT NULL',
];

/**
 * What a database needs that is written over a network, or copied from another. A local file has the same tables, so
 * that a copy is a copy: nothing stands in them there.
 */
const THIRD: readonly string[] = [
  // A write that was sent twice because its answer was lost is known by its key, and is done once.
  'CREATE TABLE receipt (key TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, at TEXT NOT NULL) WITHOUT ROWID',
  'CREATE INDEX receipt_by_time ON receipt (at)',
  // At most one row: this database is being filled from another, see `Copying`.
  `CREATE TABLE copying (
     source TEXT NOT NULL,
     since INTEGER NOT NULL,
     entry TEXT NOT NULL,
     copier TEXT NOT NULL,
     progress TEXT NOT NULL
   )`,
  // At most one row: this database follows another, see `Following`.
  'CREATE TABLE following (primary_identity TEXT NOT NULL, place TEXT NOT NULL, synced_at TEXT)',
];

/**
 * Vectors stand in a table of their own, one row an owner and model; `text_hash` says of an episode or a pattern which
 * texts it has now, so that what is due is found without reading it. It is not there for what was written before: then
 * any embedding of the model counts.
 */
const FOURTH: readonly string[] = [
  'ALTER TABLE episode ADD COLUMN text_hash TEXT',
  'ALTER TABLE pattern ADD COLUMN text_hash TEXT',
  // With the hash in it, what has its vectors is passed over without a look at its row.
  'DROP INDEX episode_by_start',
  'CREATE INDEX episode_by_start ON episode (started_at, id, text_hash)',
  `CREATE TABLE embedding (
     id TEXT NOT NULL PRIMARY KEY,
     version INTEGER NOT NULL,
     episode_id TEXT REFERENCES episode (id) ON DELETE CASCADE,
     pattern_id TEXT REFERENCES pattern (id) ON DELETE CASCADE,
     model TEXT NOT NULL,
     text_hash TEXT NOT NULL,
     body TEXT NOT NULL,
     vectors BLOB NOT NULL,
     CHECK ((episode_id IS NULL) <> (pattern_id IS NULL))
   )`,
  'CREATE INDEX embedding_by_episode ON embedding (episode_id, model, text_hash)',
  'CREATE INDEX embedding_by_pattern ON embedding (pattern_id, model, text_hash)',
  'CREATE TABLE model (id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL)',
];

/**
 * Learning looks at all of a scope at once, and patterns tell more of themselves: they get the fields that they lack,
 * and every completed episode owes its learning once more. Each change has its entry in the journal, so that no cache and
 * no index keeps what was. A database that follows another, or is being filled from it, changes in the same way, but
 * gets these entries from there. A body that cannot be read stays for a verification to find.
 */
const FIFTH: readonly string[] = [
  `CREATE TABLE cluster (
     id TEXT NOT NULL PRIMARY KEY,
     version INTEGER NOT NULL,
     project TEXT,
     domain TEXT,
     body TEXT NOT NULL
   )`,
  // What is to be learnt of one project is found without a look at all that it has.
  'CREATE INDEX episode_pending_by_project ON episode (project, started_at, id) WHERE learning_pending = 1',
  ...['pattern', 'episode'].map(
    (kind) => `INSERT INTO journal (at, kind, id, op, actor)
      SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), '${kind}', id, 'put', 'migration' FROM ${kind}
      WHERE ${kind === 'episode' ? "status = 'completed' AND " : ''}json_valid(body)
        AND NOT EXISTS (SELECT 1 FROM following) AND NOT EXISTS (SELECT 1 FROM copying) ORDER BY rowid`,
  ),
  `UPDATE pattern SET version = version + 1, body = json_insert(json_set(body, '$.version', version + 1),
     '$.tasks', 0, '$.standing', 'candidate', '$.pValue', 1, '$.history', json('[]')) WHERE json_valid(body)`,
  `UPDATE episode SET version = version + 1, learning_pending = 1,
     body = json_set(body, '$.version', version + 1, '$.learningPending', json('true'))
   WHERE status = 'completed' AND json_valid(body)`,
];

/** Every step, in order. */
export const MIGRATIONS: readonly Migration[] = [
  { statements: FIRST, isNeededToRead: true },
  { statements: SECOND, isNeededToRead: false },
  { statements: THIRD, isNeededToRead: false },
  { statements: FOURTH, isNeededToRead: false },
  { statements: FIFTH, isNeededToRead: false },
];

/** The schema that this code reads and writes. */
export const NEWEST_SCHEMA: number = MIGRATIONS.length;
