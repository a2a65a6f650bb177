// A database in a local file, through statements that are prepared once: `@libsql/client` prepares each one anew,
// which makes a small write two to three times as slow. It calls the same engine and fails with the same errors.
import { closeSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MemoryError, makePrivateFolder, turns } from '@episodica/memory-core';
import { LibsqlBatchError, LibsqlError } from '@libsql/client';
import Database from 'libsql';
import type { Connection, Result, Row, Statement } from './connection.ts';
import { isBusy } from './errors.ts';

/** How a file is opened. */
export interface LocalFileOptions {
  /** How long a statement waits for another process. */
  readonly busyTimeoutMs: number;
  readonly durability: 'full' | 'normal';
}

/** How a file that is there is used: beside others, by nobody else, or without changing anything. */
export type FileUse = 'shared' | 'alone' | 'reading';

/** A connection of the kind that is asked for. */
export function connectAs(use: FileUse, path: string, options: LocalFileOptions): Promise<Connection> {
  switch (use) {
    case 'shared':
      return connectLocalFile(path, options);
    case 'alone':
      return connectBare(path, options);
    case 'reading':
      return connectReading(path, options);
  }
}

/** Opens the file, and makes it and its directory when they are missing, for the user's eyes only. */
export async function openLocalFile(path: string, options: LocalFileOptions): Promise<Connection> {
  createPrivately(path);
  return connectLocalFile(path, options);
}

/** One more connection to a file that is there. */
export async function connectLocalFile(path: string, options: LocalFileOptions): Promise<Connection> {
  const database = connect(path, Math.min(ENGINE_WAIT_MS, options.busyTimeoutMs));
  const connection = localConnection(database, path, options.busyTimeoutMs);
  try {
    await patiently(() => connection.execute({ sql: 'PRAGMA journal_mode = WAL', args: [] }));
    // Both PRAGMAs take no parameters; the values come from a closed set.
    const synchronous = options.durability === 'full' ? 'FULL' : 'NORMAL';
    await connection.execute({ sql: `PRAGMA synchronous = ${synchronous}`, args: [] });
    await connection.execute({ sql: 'PRAGMA foreign_keys = ON', args: [] });
  } catch (error) {
    await connection.close();
    throw error;
  }
  return connection;
}

/** A connection to a file as it is, with the journal that it has: nothing is set, and nothing looked after. */
export async function connectBare(path: string, options: LocalFileOptions): Promise<Connection> {
  return localConnection(connect(path, 0), path, options.busyTimeoutMs);
}

/** A connection that reads a file and leaves it, and its folder, as they are. What lies in a log beside it is read too. */
async function connectReading(path: string, options: LocalFileOptions): Promise<Connection> {
  const logs = [`${path}-wal`, `${path}-journal`];
  const hasLog = logs.some((log) => statSync(log, { throwIfNoEntry: false }) !== undefined);
  const address = `${pathToFileURL(path).href}?${hasLog ? 'mode=ro' : 'immutable=1'}`;
  return localConnection(connect(address, options.busyTimeoutMs), path, options.busyTimeoutMs);
}

/** The path that a `file:` URL names, absolute. */
export function pathOf(url: string): string {
  return url.startsWith('file:/') ? fileURLToPath(url) : resolve(decodeURIComponent(url.slice('file:'.length)));
}

/**
 * Repeats what another process holds up, for a few seconds at most. Needed while opening alone: switching a new file
 * to WAL and reading a schema that is being made can be busy at once, without the engine waiting for its timeout.
 */
export async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || failures >= MAX_OPEN_ATTEMPTS) throw error;
      await sleep(5 + Math.random() * 5 * failures);
    }
  }
}

const MAX_OPEN_ATTEMPTS = 40;
/** Filters make many different texts; those used least recently are prepared again. */
const MAX_PREPARED = 256;

function createPrivately(path: string): void {
  try {
    makePrivateFolder(dirname(path));
    // Never opens a file that is there: closing it again would let go of every lock this process has on it.
    closeSync(openSync(path, 'wx', 0o600));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return;
    const reason = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    const advice = 'Choose a file in a directory where this user may write';
    throw new MemoryError('STORE_FAILED', `Cannot open the store ${path}${reason}. ${advice}.`, { cause });
  }
}

function connect(path: string, busyTimeoutMs: number): Database.Database {
  try {
    return new Database(path, { timeout: busyTimeoutMs });
  } catch (cause) {
    // The driver says no more than a text here.
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new LibsqlError(message, 'SQLITE_CANTOPEN', undefined, undefined, cause instanceof Error ? cause : undefined);
  }
}

function localConnection(database: Database.Database, place: string, busyTimeoutMs: number): Connection {
  const statements = preparedStatements(database);

  function run({ sql, args }: Statement): Result {
    const statement = statements.prepare(sql);
    const values = [...args];
    if (!statement.reader) return { rows: [], lastInsertRowid: Number(statement.run(values).lastInsertRowid) };
    // A row is an object by column name, which is what `Row` says.
    return { rows: statement.all(values) as Row[], lastInsertRowid: 0 };
  }

  function runAll(batch: readonly Statement[]): readonly Result[] {
    return batch.map((statement, index) => {
      try {
        return run(statement);
      } catch (cause) {
        throw toBatchError(cause, index);
      }
    });
  }

  function executeNow(statement: Statement): Result {
    try {
      return run(statement);
    } catch (cause) {
      throw toLibsqlError(cause);
    }
  }

  function batchNow(batch: readonly Statement[]): readonly Result[] {
    try {
      run(BEGIN);
      const results = runAll(batch);
      run(COMMIT);
      return results;
    } catch (cause) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw toLibsqlError(cause);
    }
  }

  // The engine works in this thread and holds up everything else in it.
  const turn = turns(PAUSE_MS);

  return {
    place,

    async execute(statement) {
      await turn();
      return waiting(busyTimeoutMs, () => executeNow(statement));
    },

    async batch(batch) {
      await turn();
      return waiting(busyTimeoutMs, () => batchNow(batch));
    },

    async close() {
      if (!database.open) return;
      statements.clear();
      foldLogIntoFile(database);
      database.close();
    },
  };
}

/** Statements by their text, each prepared once; those used least recently are let go. */
function preparedStatements(database: Database.Database): { prepare(sql: string): Prepared; clear(): void } {
  const prepared = new Map<string, Prepared>();
  return {
    prepare(sql) {
      const known = prepared.get(sql);
      if (known !== undefined) {
        prepared.delete(sql);
        prepared.set(sql, known);
        return known;
      }
      const statement = database.prepare<unknown[]>(sql);
      const [oldest] = prepared.keys();
      if (prepared.size >= MAX_PREPARED && oldest !== undefined) prepared.delete(oldest);
      prepared.set(sql, statement);
      return statement;
    },
    clear: () => prepared.clear(),
  };
}

/** Repeats what other processes hold up, until it has waited long enough; meanwhile the event loop turns. */
async function waiting<T>(timeoutMs: number, attempt: () => T): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() - startedMs >= timeoutMs) throw error;
    }
    await sleep(1 + Math.random() * MAX_SLEEP_MS);
  }
}

/** Longest time that the engine itself waits for another process: it stops the thread while it does. */
const ENGINE_WAIT_MS = 5;
const MAX_SLEEP_MS = 10;
/** A pause after which a call does not follow the one before it. */
const PAUSE_MS = 5;

type Prepared = ReturnType<Database.Database['prepare']>;

const BEGIN: Statement = { sql: 'BEGIN IMMEDIATE', args: [] };
const COMMIT: Statement = { sql: 'COMMIT', args: [] };

/** The driver keeps prepared statements, and with them the log, until they are collected: so the file is made whole here. */
function foldLogIntoFile(database: Database.Database): void {
  try {
    database.exec('PRAGMA busy_timeout = 0');
    // Answers "busy" in a row, not as an error, when another process reads or writes: then that one will do it.
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  } catch (error) {
    // The log stays beside the file, as after a crash, and is read from there: nothing is lost.
    if (!(error instanceof Database.SqliteError)) throw error;
  }
}

function toLibsqlError(cause: unknown): unknown {
  if (cause instanceof LibsqlError || !(cause instanceof Database.SqliteError)) return cause;
  return new LibsqlError(cause.message, primaryCode(cause.code), cause.code, cause.rawCode, cause);
}

function toBatchError(cause: unknown, index: number): unknown {
  if (!(cause instanceof Database.SqliteError)) return cause;
  return new LibsqlBatchError(cause.message, index, primaryCode(cause.code), cause.code, cause.rawCode, cause);
}

/** `SQLITE_CONSTRAINT` of `SQLITE_CONSTRAINT_UNIQUE`. */
function primaryCode(code: string): string {
  return code.split('_').slice(0, 2).join('_');
}
