// A database in a local file, through statements that are prepared once: `@libsql/client` prepares each one anew,
// which makes a small write two to three times as slow. It calls the same engine and fails with the same errors.
import { closeSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { MemoryError, makePrivateFolder, throwIfAborted, turns } from '@episodica/memory-core/backend';
import Database from 'libsql';
import type { Access, Connection, Result, Row, Statement } from './connection.ts';
import { copiesBeside } from './copies.ts';
import { type EngineOptions, openDatabase, pragma, toBatchError, toLibsqlError } from './engine.ts';
import { codeOf, isBusy, isSpending } from './errors.ts';
import {
  accessOf,
  changeOf,
  contentStateOf,
  type FileChange,
  fileAt,
  Hindered,
  isSystemError,
  logPathOf,
  sizeAt,
  stateOf,
} from './file-state.ts';
import { runLong } from './long-statement.ts';

/** How a file is opened. */
export interface LocalFileOptions extends EngineOptions {
  readonly durability: 'full' | 'normal';
  /** Ends what is under way and what comes later, with `ABORTED`. */
  readonly signal?: AbortSignal | undefined;
}

/** How a file that is there is used: beside others, by nobody else, or without changing anything: also while others do. */
export type FileUse = 'shared' | 'alone' | 'reading' | 'looking';

/** A connection of the kind that is asked for. */
export function connectAs(use: FileUse, path: string, options: LocalFileOptions): Promise<Connection> {
  switch (use) {
    case 'shared':
      return connectLocalFile(path, options);
    case 'alone':
      return connectBare(path, options);
    case 'looking':
      return connectToInspect(path, options);
    case 'reading':
      return connectUnseen(path, options);
  }
}

/**
 * Makes the file and its directory when they are missing, for the user's eyes only.
 * @throws `STORE_FAILED` where they cannot be made; `STORE_CORRUPT` where a log, a backup or a copy tells of a lost file
 */
export function createLocalFile(path: string): void {
  if (sizeAt(path) > 0) return;
  refuseLoneLog(path);
  refuseLostFile(path);
  const stale = [logPathOf(path), `${path}-shm`].map((log) => ({ log, file: fileAt(log) }));
  if (!createPrivately(path)) return;
  // Empty, and part of a file that is gone: whoever still has that open must not share them with the new one.
  for (const { log, file } of stale) if (file !== undefined && fileAt(log) === file) rmSync(log);
}

/**
 * One connection to a file that is there: to write where that is permitted, else to read. Each call looks first
 * whether the file is still the one it opened, and rejects with `Hindered` when it is not.
 */
export async function connectLocalFile(path: string, options: LocalFileOptions): Promise<Connection> {
  const access = accessOf(path);
  const opened = access === 'read-write' ? await connectToWrite(path, options) : connectToRead(path, options);
  return localConnection(opened, path, options);
}

/**
 * One connection to look at a file that may be damaged: it writes nothing.
 * @throws `STORE_CORRUPT` for a log without its file
 */
export async function connectToInspect(path: string, options: LocalFileOptions): Promise<Connection> {
  refuseLoneLog(path);
  return localConnection(connectToRead(path, { ...options, isShared: true }), path, options);
}

/** A connection to a file as it is, with the journal that it has: nothing is set, and nothing looked after. */
export async function connectBare(path: string, options: LocalFileOptions): Promise<Connection> {
  const database = openDatabase(path, 'mode=rw', options);
  return localConnection({ database, access: 'read-write', change: () => undefined }, path, options);
}

/** A connection that reads a file and leaves it, and its folder, as they are. */
async function connectUnseen(path: string, options: LocalFileOptions): Promise<Connection> {
  refuseLoneLog(path);
  return localConnection(connectToRead(path, options), path, options);
}

/**
 * Repeats what another process holds up, for a few seconds at most. Needed while opening alone: switching a new file
 * to WAL and reading a schema that is being made can be busy at once, without the engine waiting for its timeout.
 */
export async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() - startedMs >= MAX_OPENING_MS) throw error;
      await sleep(5 + Math.random() * 5 * failures);
    }
  }
}

/** Longest time that opening waits for others, who may be making the file or bringing its schema up to date. */
const MAX_OPENING_MS = 10_000;
/** Filters make many different texts; those used least recently are prepared again. */
const MAX_PREPARED = 256;

/** A log holds what is not in its file yet, and is of no use without it. */
function refuseLoneLog(path: string): void {
  const log = logPathOf(path);
  if (sizeAt(path) > 0 || sizeAt(log) === 0) return;
  const missing = fileAt(path) === undefined ? 'is missing' : 'is empty';
  const what = `Cannot open the store ${path}: it ${missing}, but its log ${log} holds writes that belong to it`;
  const advice = 'Put the file back or restore a backup with "memory-cli backup restore FILE"';
  throw new MemoryError('STORE_CORRUPT', `${what}. ${advice}; to begin anew, move the log away.`);
}

/** A store that is gone is not begun anew in silence where a copy of it could be put back. */
function refuseLostFile(path: string): void {
  const copies = copiesBeside(path);
  if (copies.length === 0) return;
  const missing = fileAt(path) === undefined ? 'is missing' : 'is empty';
  const what = `Cannot open the store ${path}: it ${missing}, and there are copies of it, such as ${copies.at(-1)}`;
  const advice = 'Restore one with "memory-cli backup restore FILE"';
  throw new MemoryError('STORE_CORRUPT', `${what}. ${advice}; to begin anew, move the copies away.`);
}

/** Answers whether it was this process that made it. */
function createPrivately(path: string): boolean {
  try {
    makePrivateFolder(dirname(path));
    // Never opens a file that is there: closing it again would let go of every lock this process has on it.
    closeSync(openSync(path, 'wx', 0o600));
    return true;
  } catch (cause) {
    if (isSystemError(cause) && cause.code === 'EEXIST') return false;
    const reason = isSystemError(cause) ? ` (${cause.code})` : '';
    const advice = 'Choose a file in a directory where this user may write';
    throw new MemoryError('STORE_FAILED', `Cannot open the store ${path}${reason}. ${advice}.`, { cause });
  }
}

interface Opened {
  readonly database: Database.Database;
  readonly access: Access;
  /** What happened to the files since it was opened. */
  change(): FileChange | undefined;
}

async function connectToWrite(path: string, options: LocalFileOptions): Promise<Opened> {
  const { file } = stateOf(path);
  const database = openDatabase(path, 'mode=rw', options);
  try {
    await patiently(async () => pragma(database, 'journal_mode = WAL'));
    pragma(database, `synchronous = ${options.durability === 'full' ? 'FULL' : 'NORMAL'}`);
    pragma(database, 'foreign_keys = ON');
    await patiently(async () => readSchema(database));
    // The engine made the log, unless it was there.
    const state = stateOf(path);
    if (state.file !== file) throw new Hindered('replaced');
    return { database, access: 'read-write', change: () => changeOf(path, state, stateOf(path)) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * A file without a log is whole by itself, and is read as such: without locks, which would have to be written beside
 * it. So whoever writes to it meanwhile is seen by the time of the file. `isShared`: with locks where they can be had.
 */
function connectToRead(path: string, options: LocalFileOptions & { readonly isShared?: boolean }): Opened {
  const isWhole = sizeAt(logPathOf(path)) === 0;
  if (isWhole && !options.isShared) return readWhole(path, options);
  const { file } = stateOf(path);
  const database = openDatabase(path, 'mode=ro', options);
  try {
    readSchema(database);
  } catch (error) {
    database.close();
    if (codeOf(error) !== 'SQLITE_CANTOPEN') throw error;
    if (isWhole) return readWhole(path, options);
    throw unreadableLog(path, error);
  }
  // The engine made the log, unless it was there.
  const state = { ...stateOf(path), file };
  return { database, access: 'read-only', change: () => changeOfRead(changeOf(path, state, stateOf(path))) };
}

function readWhole(path: string, options: LocalFileOptions): Opened {
  const state = contentStateOf(path);
  const database = openDatabase(path, 'mode=ro&immutable=1', options);
  try {
    readSchema(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return { database, access: 'read-only', change: () => changeOfRead(changeOf(path, state, contentStateOf(path))) };
}

/** Nothing of it is unwritten: whatever happened to its log, it can be opened anew. */
function changeOfRead(change: FileChange | undefined): FileChange | undefined {
  return change === undefined || change === 'deleted' ? change : 'replaced';
}

/** The first thing that is read: it opens the log, and fails for what is no database. */
function readSchema(database: Database.Database): void {
  try {
    database.prepare('SELECT count(*) FROM sqlite_schema').all();
  } catch (cause) {
    throw toLibsqlError(cause);
  }
}

function unreadableLog(path: string, cause: unknown): MemoryError {
  const what = `Cannot open the store ${path}: its newest writes are in ${logPathOf(path)}, which cannot be read here`;
  const advice = `Make the directory ${dirname(path)} writable for this user, or copy both files to one that is`;
  return new MemoryError('STORE_FAILED', `${what}, because nothing can be written beside it. ${advice}.`, { cause });
}

function localConnection(
  opened: Opened,
  place: string,
  { busyTimeoutMs, signal }: Pick<LocalFileOptions, 'busyTimeoutMs' | 'signal'>,
): Connection {
  const { database, access } = opened;
  const calls = callsOn(opened, place, signal);
  const turn = turns();
  const inTurn = async <T>(work: () => T | Promise<T>): Promise<T> => {
    await turn();
    throwIfAborted(signal, STOPPED);
    try {
      return await waiting(work, { timeoutMs: busyTimeoutMs, signal });
    } catch (error) {
      throwIfAborted(signal, STOPPED);
      throw error;
    }
  };
  return {
    reach: 'file',
    place,
    access,
    execute: (statement) => inTurn(() => calls.execute(statement)),
    read: (statements) => inTurn(() => calls.read(statements)),
    batch: (batch, beforeCommit) =>
      inTurn(() => (batch.some(({ isLong }) => isLong) ? calls.longBatch(batch) : calls.batch(batch, beforeCommit))),
    async close() {
      if (!database.open) return;
      calls.clear();
      closeDatabase(opened);
    },
  };
}

/** What an end by a signal leaves. */
const STOPPED = 'the store is whole, and as it was but for what was done before';

interface Calls {
  execute(statement: Statement): Result | Promise<Result>;
  read(statements: readonly Statement[]): readonly Result[];
  batch(batch: readonly Statement[], beforeCommit: (() => void) | undefined): readonly Result[];
  /** Also with statements that leave the thread free: nobody else may use the connection meanwhile. */
  longBatch(batch: readonly Statement[]): Promise<readonly Result[]>;
  clear(): void;
}

/** What is looked at around each call. */
interface Checks {
  /** @throws `Hindered` when another connection took the place of this one, while a call still waited for its turn */
  connection(): void;
  /** @throws `Hindered` also where the file is no longer the one that was opened */
  file(): void;
  /** @throws `Hindered` also where nothing can be written */
  writing(): void;
  /** What is told of a failure. */
  failed(cause: unknown): unknown;
}

function checksOn(opened: Opened, place: string): Checks {
  const { database, access } = opened;
  let isSpent = false;
  const connection = (): void => {
    if (isSpent || !database.open) throw new Hindered('spent');
  };
  return {
    connection,
    file() {
      connection();
      const change = opened.change();
      // This connection still has the log that is lost to all others.
      if (change === 'log deleted') foldLogIntoFile(database);
      if (change !== undefined) throw new Hindered(change);
    },
    writing() {
      connection();
      if (access === 'read-only') throw new Hindered(accessOf(place) === 'read-only' ? 'read-only' : 'writable');
    },
    /** After some failures, a connection opened anew knows more than this one: which the next call then gets. */
    failed(cause) {
      const error = toLibsqlError(cause);
      if (isSpending(error) || database.inTransaction) isSpent = true;
      return error;
    },
  };
}

/** The calls, each done at once, or hindered before it has done anything. */
function callsOn(opened: Opened, place: string, signal: AbortSignal | undefined): Calls {
  const { database } = opened;
  const check = checksOn(opened, place);
  const { run, runAll, rollBack, clear } = statementsOn(database);

  async function runFreely(statement: Statement): Promise<Result> {
    return { rows: await runLong(database, statement, signal), lastInsertRowid: 0 };
  }

  function inTransaction<T>(begin: Statement, work: () => T): T {
    try {
      run(begin);
      const result = work();
      run(COMMIT);
      return result;
    } catch (cause) {
      rollBack();
      throw check.failed(cause);
    }
  }

  return {
    execute(statement) {
      check.file();
      if (statement.isLong) {
        return runFreely(statement).catch((cause: unknown) => {
          throw check.failed(cause);
        });
      }
      try {
        return run(statement);
      } catch (cause) {
        throw check.failed(cause);
      }
    },
    read(statements) {
      check.file();
      return inTransaction(BEGIN_READING, () => runAll(statements));
    },
    batch(batch, beforeCommit) {
      check.writing();
      return inTransaction(BEGIN, () => {
        // Who puts another file in place holds this lock meanwhile: what is committed here is in the file of this path.
        check.file();
        const results = runAll(batch);
        beforeCommit?.();
        return results;
      });
    },
    async longBatch(batch) {
      check.writing();
      try {
        run(BEGIN);
        check.file();
        const results: Result[] = [];
        for (const statement of batch) results.push(await runFreely(statement));
        run(COMMIT);
        return results;
      } catch (cause) {
        rollBack();
        throw check.failed(cause);
      }
    },
    clear,
  };
}

function closeDatabase({ database, access, change }: Opened): void {
  try {
    if (access === 'read-write' && ownsLog(change())) foldLogIntoFile(database);
  } finally {
    database.close();
  }
}

/** The log beside another file is no longer this connection's to touch. */
function ownsLog(change: FileChange | undefined): boolean {
  return change === undefined || change === 'log deleted';
}

interface Statements {
  run(statement: Statement): Result;
  /** Says which one failed. */
  runAll(batch: readonly Statement[]): readonly Result[];
  /** Does nothing where a failure has rolled back already. Where it cannot be done, the transaction stays open. */
  rollBack(): void;
  clear(): void;
}

function statementsOn(database: Database.Database): Statements {
  const statements = preparedStatements(database);

  function run({ sql, args }: Statement): Result {
    if (sql.startsWith('BEGIN')) return begin(database, sql);
    const statement = statements.prepare(sql);
    const values = [...args];
    if (!statement.reader) return { rows: [], lastInsertRowid: Number(statement.run(values).lastInsertRowid) };
    // A row is an object by column name, which is what `Row` says.
    return { rows: statement.all(values) as Row[], lastInsertRowid: 0 };
  }

  return {
    run,
    runAll: (batch) =>
      batch.map((statement, index) => {
        try {
          return run(statement);
        } catch (cause) {
          throw toBatchError(cause, index);
        }
      }),
    rollBack() {
      try {
        if (database.inTransaction) database.exec('ROLLBACK');
      } catch (error) {
        // What failed before is what the caller hears of.
        if (!(error instanceof Database.SqliteError)) throw error;
      }
    },
    clear: () => statements.clear(),
  };
}

/**
 * Not by a prepared statement: one that found the lock taken stays half-way until it is run again, and meanwhile keeps the
 * connection from seeing what others commit.
 */
function begin(database: Database.Database, sql: string): Result {
  database.exec(sql);
  return { rows: [], lastInsertRowid: 0 };
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
async function waiting<T>(
  attempt: () => T | Promise<T>,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || signal?.aborted || performance.now() - startedMs >= timeoutMs) throw error;
    }
    await sleep(1 + Math.random() * MAX_SLEEP_MS);
    // While timers are due, Node runs nothing else: several callers that wait in turn would keep all input from it.
    await nextTurn();
  }
}

const MAX_SLEEP_MS = 10;

type Prepared = ReturnType<Database.Database['prepare']>;

const BEGIN: Statement = { sql: 'BEGIN IMMEDIATE', args: [] };
/** The first statement that reads sets the moment that all of them see. */
const BEGIN_READING: Statement = { sql: 'BEGIN', args: [] };
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
