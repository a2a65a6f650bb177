// `MemoryStore` over libSQL: each verb is one statement or one batch.
import {
  type CommitOptions,
  groupCommit,
  MemoryError,
  mapInTurns,
  throwIfAborted,
  turns,
} from '@episodica/memory-core';
import type {
  CallOptions,
  Changes,
  DatedReads,
  Entities,
  Filters,
  JournalEntry,
  Kind,
  Logger,
  MemoryStore,
  Write,
  WriteReceipt,
} from '@episodica/memory-core/ports';
import { silentLogger } from '@episodica/memory-core/ports';
import { type Address, addressOf } from './address.ts';
import { careOf, type StoreCare } from './care.ts';
import type { Access, Connection, Result, Row, Statement } from './connection.ts';
import { copyUnfinished, FIRST_SCHEMA, readCopying } from './copying.ts';
import { checkedKey } from './encryption-key.ts';
import { toMemoryError, violationOf } from './errors.ts';
import { type JobThreads, jobThreads } from './job-threads.ts';
import { jobsOn, type PageRequest, readPage } from './jobs.ts';
import type { StoreConnection } from './lasting-connection.ts';
import { InDoubt, NetworkFailure } from './network-failure.ts';
import { hasLanded, keyStatement, landed, newKey, pruneStatements } from './receipt.ts';
import { connectRemote } from './remote.ts';
import { openReplica, type Replica } from './replica.ts';
import { numberIn, rowToEntity, selectedColumns, textIn } from './rows.ts';
import {
  identityOf,
  MIGRATIONS,
  type Migration,
  migrate,
  NEWEST_SCHEMA,
  type SchemaState,
  schemaState,
} from './schema.ts';
import { matchesIn, matchStatement } from './search.ts';
import { openStoreFile, type StoreFile, schemaAt } from './store-file.ts';
import { inspectFile, type Verification } from './verify.ts';
import { type Group, groupsOf, journalStatement, refusalOf, statementsOf, stepIdsOf } from './write.ts';

/** Where the store is, and how it writes. */
export interface TursoStoreOptions {
  /**
   * `file:` and a path, where a percent sign, a space and the like are escaped, as `pathToFileURL` does it; or
   * `libsql:`, `https:`, `http:`, `wss:`, `ws:` and the host of a database.
   */
  readonly url: string;
  /**
   * The host of a database that the file follows: reads are answered by the file, writes go to the database. The file
   * is filled when it is opened for the first time. @default none: the file is a memory of its own
   */
  readonly syncUrl?: string | undefined;
  /** How often a file that follows a database looks for what others wrote there. @default 30000 */
  readonly syncIntervalMs?: number;
  /** Told when a file cannot follow its database, and when it can again. @default silentLogger */
  readonly logger?: Logger;
  /** What the host of a database asks for. */
  readonly authToken?: string | undefined;
  /** Calls to a host at the same time; others wait. @default 10 */
  readonly poolSize?: number;
  /** How long a call to a host may take, with all its repetitions. @default 20000 */
  readonly deadlineMs?: number;
  /** How long a call waits for other processes before it fails with `STORE_UNAVAILABLE`. @default 5000 */
  readonly busyTimeoutMs?: number;
  /** `full`: a write that resolved survives a power cut. `normal`: it survives the end of the process. @default 'full' */
  readonly durability?: 'full' | 'normal';
  /**
   * What the file is encrypted with, also its log and every copy that is made of it: 64 hexadecimal digits. A file that
   * is encrypted with another key, or not at all, is not opened. A database on a host is encrypted by its host.
   */
  readonly encryptionKey?: string | undefined;
  /**
   * Whether work that grows with the store has threads of its own, so that it never holds up the caller's. Without, a
   * program that does one thing and ends is spared their start, some 50 ms. @default true
   */
  readonly threads?: boolean;
}

/** What this store offers beside the port. */
export interface TursoStore extends MemoryStore, StoreCare {
  /**
   * Tells this database from every other one, wherever its file lies: a cache of it is kept under this name. Another
   * one when another database took the place of this one.
   */
  readonly identity: string;
  /** The file or the address, for messages. Without credentials. */
  readonly place: string;
  /** Whether it lies in a file here, or is reached over a network. */
  readonly reach: Connection['reach'];
  /** `read-only`: the file may not be written; reads work. The next write looks again. */
  readonly access: Access;
  readonly text: NonNullable<MemoryStore['text']>;
  readonly dated: Required<DatedReads>;
  /** Of a file that follows a database, and of no other store. */
  readonly replica?: Replica;
}

/**
 * Opens the store, creates it where there is none, and brings its schema up to date.
 * @throws `STORE_FAILED` for a place that cannot be opened or a schema that is newer than this code, `STORE_CORRUPT`
 * for a file that is no database or does not open with the key, `STORE_UNAVAILABLE` while other processes keep it busy
 */
export async function openTursoStore(options: TursoStoreOptions): Promise<TursoStore> {
  const address = addressOf(options.url);
  if (options.syncUrl !== undefined) return openReplicaStore(address, options.syncUrl, options);
  return address.kind === 'file' ? openStoreAt(options, MIGRATIONS) : openRemoteStore(address, options);
}

async function openRemoteStore(
  { url, place, authToken: tokenInUrl }: Extract<Address, { kind: 'remote' }>,
  { authToken = tokenInUrl, poolSize = 10, deadlineMs = 20_000 }: TursoStoreOptions,
): Promise<TursoStore> {
  try {
    return await openStoreOver(connectRemote({ url, place, authToken, poolSize, deadlineMs }));
  } catch (error) {
    throw toMemoryError(error, `open the store ${place}`);
  }
}

async function openReplicaStore(address: Address, syncUrl: string, options: TursoStoreOptions): Promise<TursoStore> {
  const primary = addressOf(syncUrl);
  if (address.kind !== 'file' || primary.kind !== 'remote') throw noReplica();
  const { authToken = primary.authToken, poolSize = 10, deadlineMs = 20_000 } = options;
  const { store: local, connection, jobs } = await openFileAt(options, MIGRATIONS);
  return openReplica({
    local,
    file: writingInThreads(connection, jobs),
    primary: primary.place,
    async openPrimary(signal) {
      const { url, place } = primary;
      const reached = connectRemote({ url, place, authToken, poolSize, deadlineMs, signal });
      try {
        return { connection: reached, store: await openStoreOver(reached) };
      } catch (error) {
        throw toMemoryError(error, `open the store ${place}`);
      }
    },
    intervalMs: options.syncIntervalMs ?? 30_000,
    logger: options.logger ?? silentLogger,
  });
}

/** A store whose newest schema is what these steps lead to. */
export async function openStoreAt(options: TursoStoreOptions, migrations: readonly Migration[]): Promise<TursoStore> {
  return (await openFileAt(options, migrations)).store;
}

interface OpenedStore {
  readonly store: TursoStore;
  readonly connection: StoreConnection;
  readonly jobs: JobThreads;
}

async function openFileAt(
  { url, busyTimeoutMs = 5_000, durability = 'full', encryptionKey, threads = true }: TursoStoreOptions,
  migrations: readonly Migration[],
): Promise<OpenedStore> {
  const key = checkedKey(encryptionKey);
  const file = { path: localPathOf(url), busyTimeoutMs, durability, encryptionKey: key, migrations };
  try {
    if (threads) await bringForward(file);
    const connection = await openStoreFile(file);
    const jobs = threads ? jobThreads(file) : jobsHere(connection);
    const store = tursoStore(connection, { jobs, schema: migrations.length, encryptionKey: key });
    return { store, connection, jobs };
  } catch (error) {
    throw toMemoryError(error, `open the store ${file.path}`);
  }
}

/** The connection, with large batches done where they hold up nothing. */
function writingInThreads(connection: StoreConnection, jobs: JobThreads): Connection {
  return {
    reach: connection.reach,
    place: connection.place,
    get access() {
      return connection.access;
    },
    execute: (statement) => connection.execute(statement),
    read: (statements) => connection.read(statements),
    batch: (statements) => batchWhereFitting(statements, { connection, jobs }),
    close: () => connection.close(),
  };
}

/** Copying a store and changing its schema takes as long as it is large: where that is due, a thread does it first. */
async function bringForward(file: StoreFile): Promise<void> {
  const schema = await schemaAt(file);
  if (schema === 0 || schema >= file.migrations.length) return;
  const threads = jobThreads(file);
  try {
    await threads.run('schema', undefined);
  } finally {
    await threads.close();
  }
}

/**
 * A store over any connection, which it closes when it cannot be opened. It does the jobs as well. One whose schema is
 * the newest costs one round trip. There is no place for a backup beside a database that is elsewhere: an older schema
 * is brought forward without one, a step a transaction, so that it is always the older or the newer one.
 */
export async function openStoreOver(connection: Connection): Promise<TursoStore> {
  try {
    const state = await bringUpToDate(hurried(connection));
    if (state.hasForeignKeys === false) throw withoutForeignKeys(connection.place);
    if (state.isUnfinishedCopy) throw copyUnfinished(connection.place);
    const opened = { ...connection, identity: state.identity };
    return tursoStore(opened, { jobs: jobsHere(connection), schema: NEWEST_SCHEMA });
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function bringUpToDate(connection: Connection): Promise<SchemaState> {
  const state = await schemaState(connection);
  if (state?.version === NEWEST_SCHEMA) return state;
  await migrate(connection);
  return (
    (await schemaState(connection)) ?? {
      version: NEWEST_SCHEMA,
      identity: await identityOf(connection),
      hasForeignKeys: undefined,
      isUnfinishedCopy: (await readCopying(connection)) !== undefined,
    }
  );
}

function withoutForeignKeys(place: string): MemoryError {
  const what = `Cannot open the store ${place}: its host does not enforce foreign keys, so deleting would leave rows behind`;
  return new MemoryError('STORE_FAILED', `${what}. Have them switched on there (PRAGMA foreign_keys).`);
}

/**
 * Checks the store in a file as `verify()` does, also one that is too damaged to be opened, and changes nothing in it.
 * It works in the caller's thread for as long as that takes.
 * @throws `NOT_FOUND` where there is no store
 */
export async function verifyTursoFile({
  url,
  busyTimeoutMs = 5_000,
  encryptionKey,
}: TursoStoreOptions): Promise<Verification> {
  const path = localPathOf(url);
  const key = checkedKey(encryptionKey);
  try {
    return await inspectFile(path, { busyTimeoutMs, durability: 'full', encryptionKey: key });
  } catch (error) {
    throw toMemoryError(error, `verify the store ${path}`);
  }
}

/** Does every job in the caller's thread. Verification takes as long as it takes; a verb ends in time. */
function jobsHere(connection: Connection): JobThreads {
  return {
    run: (job, input) => jobsOn(job === 'verify' ? connection : hurried(connection))(job, input),
    close: async () => undefined,
  };
}

/** For the calls of one verb, which has one deadline. */
function hurried(connection: Connection, sinceMs?: number): Connection {
  return connection.withOneDeadline?.(sinceMs) ?? connection;
}

function localPathOf(url: string): string {
  const address = addressOf(url);
  if (address.kind === 'file') return address.path;
  throw new MemoryError('NOT_SUPPORTED', `This needs a file, and the store is at ${address.place}.`);
}

/** Does work of the store unless it is closed or given up, and translates what the work fails with. */
type Call = <T>(action: string, signal: AbortSignal | undefined, work: () => Promise<T>) => Promise<T>;

/** Rows read at a time: few enough to keep a page's time and memory small. */
const PAGE_ROWS = 200;
/**
 * Pages of a scan. Over a network the next one is far away, so they are larger; they end early where bodies are long,
 * as hosts bound the size of an answer.
 */
const PAGES: Readonly<Record<Connection['reach'], PageSize>> = {
  file: { page: PAGE_ROWS },
  network: { page: 1_000, maxCharacters: 2_000_000 },
};
type PageSize = Pick<PageRequest, 'page' | 'maxCharacters'>;
/** Journal entries in one answer, unless the caller says otherwise. */
const CHANGES_LIMIT = 1_000;

interface StoreSetup {
  readonly jobs: JobThreads;
  readonly schema: number;
  readonly encryptionKey?: string | undefined;
}

function tursoStore(connection: StoreConnection, { jobs, schema, encryptionKey }: StoreSetup): TursoStore {
  const { place } = connection;
  const { call, end } = callsOf(place);

  /** The steps of an episode lie side by side; any other page may cost a look at every row there is. */
  const readRows = (request: PageRequest): Promise<readonly Row[]> =>
    request.kind === 'step' ? readPage(connection, request) : jobs.run('page', request);

  const commit = groupCommit((batch, options) => write({ connection, jobs, schema, batch, options }));

  return {
    name: 'turso',
    place,
    reach: connection.reach,
    get identity() {
      return connection.identity;
    },
    get access() {
      return connection.access;
    },

    getMany<K extends Kind>(kind: K, ids: readonly string[], options?: CallOptions) {
      return call('read', options?.signal, () => getMany(hurried(connection), kind, ids));
    },

    async *scan<K extends Kind>(kind: K, filter: Filters[K], options?: CallOptions) {
      const turn = turns();
      const size = PAGES[connection.reach];
      const readBehind = (last: Row | undefined, page: number): Promise<readonly Row[]> =>
        call('read', options?.signal, () => readRows({ kind, filter, last, ...size, page }));
      for await (const row of rowsInPages({ filter, size }, readBehind)) {
        throwIfAborted(options?.signal);
        await turn();
        yield rowToEntity(kind, row);
      }
    },

    write: (batch, options) => call('write to', options?.signal, () => commit(batch, options)),

    changes: (since, options) => call('read', options?.signal, () => readChanges(connection, since, options?.limit)),

    text: {
      match: (query, options) => call('search', options?.signal, () => jobs.run('match', query)),
    },

    dated: datedReads({ connection, jobs, call }),

    ...careOf({ place, reach: connection.reach, run: jobs.run, encryptionKey, call }),

    async close() {
      await end();
      await jobs.close();
      await connection.close();
    },
  };
}

/** `end` refuses calls from now on, and waits for those that have begun. */
function callsOf(place: string): { readonly call: Call; end(): Promise<void> } {
  const begun = new Set<Promise<unknown>>();
  let isEnded = false;
  return {
    async call(action, signal, work) {
      if (isEnded) throw new MemoryError('CLOSED', `The store ${place} is closed; open it again.`);
      throwIfAborted(signal);
      const working = work();
      begun.add(working);
      try {
        return await working;
      } catch (error) {
        throw toMemoryError(error, `${action} the store ${place}`);
      } finally {
        begun.delete(working);
      }
    },
    async end() {
      isEnded = true;
      await Promise.allSettled(begun);
    },
  };
}

async function* rowsInPages(
  { filter, size }: { readonly filter: Filters[Kind]; readonly size: PageSize },
  readBehind: (last: Row | undefined, page: number) => Promise<readonly Row[]>,
): AsyncIterable<Row> {
  const limit = 'limit' in filter && filter.limit !== undefined ? filter.limit : Number.POSITIVE_INFINITY;
  let last = firstPlace(filter);
  for (let left = limit; left > 0; ) {
    const page = Math.min(left, size.page);
    const rows = await readBehind(last, page);
    yield* rows;
    left -= rows.length;
    last = rows.at(-1);
    if (last === undefined || (rows.length < page && !isCut(rows, size))) return;
  }
}

/** Whether there may be more, because these have as many characters as a page may have. */
function isCut(rows: readonly Row[], { maxCharacters = Number.POSITIVE_INFINITY }: PageSize): boolean {
  return rows.reduce((sum, row) => sum + textIn(row, 'body').length, 0) >= maxCharacters;
}

/** Things asked of a host at once: one round trip for nearly everybody, and an answer of a few megabytes at most. */
const HOST_IDS = 2_000;

/** In pages, so that many ids don't hold up the thread. */
async function getMany<K extends Kind>(
  connection: Connection,
  kind: K,
  ids: readonly string[],
): Promise<readonly (Entities[K] | undefined)[]> {
  const entities: (Entities[K] | undefined)[] = [];
  const pageIds = connection.reach === 'network' ? HOST_IDS : PAGE_ROWS;
  for (let start = 0; start < ids.length; start += pageIds) {
    const page = ids.slice(start, start + pageIds);
    const { rows } = await connection.execute(entitiesStatement(kind, page));
    entities.push(...entitiesIn(rows, kind, page));
  }
  return entities;
}

function entitiesStatement(kind: Kind, ids: readonly string[]): Statement {
  return {
    sql: `SELECT ${selectedColumns(kind)} FROM ${kind} WHERE id IN (SELECT value FROM json_each(?1))`,
    args: [JSON.stringify(ids)],
  };
}

function entitiesIn<K extends Kind>(
  rows: readonly Row[],
  kind: K,
  ids: readonly string[],
): readonly (Entities[K] | undefined)[] {
  const found = new Map(rows.map((row) => [textIn(row, 'id'), row]));
  return ids.map((id) => {
    const row = found.get(id);
    return row && rowToEntity(kind, row);
  });
}

/** Each is several statements that read one moment. What may take long is done in a thread. */
function datedReads({
  connection,
  jobs,
  call,
}: {
  readonly connection: Connection;
  readonly jobs: JobThreads;
  readonly call: Call;
}): Required<DatedReads> {
  return {
    getMany: ({ kind, ids, since, limit }, options) =>
      call('read', options?.signal, async () => {
        const statements = [NEWEST_ENTRY, changesStatement(since, limit), entitiesStatement(kind, ids)];
        const isLarge = ids.length > PAGE_ROWS;
        const results = await (isLarge ? jobs.run('read', statements) : connection.read(statements));
        const [newest = [], changes = [], entities = []] = results.map(({ rows }) => rows);
        return {
          answer: entitiesIn(entities, kind, ids),
          changes: changesIn(changes),
          newest: newest.map(rowToEntry)[0],
        };
      }),
    match: (query, options) =>
      call('search', options?.signal, async () => {
        const results = await jobs.run('read', [NEWEST_ENTRY, matchStatement(query)]);
        const [newest = [], matches = []] = results.map(({ rows }) => rows);
        return { answer: matchesIn(matches, query), newest: newest.map(rowToEntry)[0] };
      }),
  };
}

/** The row behind which a scan begins, as if it had just been read. */
function firstPlace(filter: Filters[Kind]): Row | undefined {
  if (!('after' in filter) || filter.after === undefined) return undefined;
  return { started_at: filter.after.startedAt, id: filter.after.id };
}

/** Statements with more text than this, in characters, go to a thread: here they would hold up everything else. */
const MAX_TEXT_HERE = 64_000;

function batchWhereFitting(
  statements: readonly Statement[],
  { connection, jobs }: { readonly connection: Connection; readonly jobs: JobThreads },
): Promise<readonly Result[]> {
  const isHeavy = connection.reach === 'file' && textLength(statements) > MAX_TEXT_HERE;
  return isHeavy ? jobs.run('batch', statements) : connection.batch(statements);
}

/**
 * One batch. When the engine turns down a group of writes, the batch is run again with each write alone: nothing was
 * changed, and now the statement that fails names the write.
 */
async function write(order: {
  readonly connection: Connection;
  readonly jobs: JobThreads;
  readonly schema: number;
  readonly batch: readonly Write[];
  readonly options: CommitOptions;
}): Promise<WriteReceipt> {
  const { jobs, schema, batch, options } = order;
  const connection = hurried(order.connection, options.askedMs);
  const entry = { at: new Date().toISOString(), actor: options.actor ?? 'library' };
  const key = connection.reach === 'network' ? newKey() : undefined;
  const firsts = [...(key === undefined ? [] : [keyStatement(key, batch)]), storeGuard(schema)];
  const lasts = [...(key === undefined ? [] : pruneStatements(key)), journalStatement(batch, entry)];
  let isInDoubt = false;
  for (let groups = groupsOf(batch); ; groups = batch.map((single): Group => [single])) {
    const parts = await mapInTurns(groups, (group) => ({ group, statements: statementsOf(group) }));
    const statements = [...firsts, ...parts.flatMap((part) => part.statements), ...lasts];
    try {
      return receiptOf(batch, await batchWhereFitting(statements, { connection, jobs }));
    } catch (error) {
      const violation = violationOf(error);
      // An attempt at the group may still be on its way when each of its writes is tried alone.
      if (violation === undefined) throw isInDoubt && error instanceof NetworkFailure ? new InDoubt(error) : error;
      isInDoubt ||= error instanceof InDoubt;
      const isTurnedDownBy = (index: number): boolean => firsts.length - violation.statementIndex === index;
      // It was done already, and only the answer was lost.
      if (key !== undefined && isTurnedDownBy(2)) return landed(connection, key, batch);
      const owners = parts.flatMap((part) => part.statements.map(() => part.group));
      const [first, ...others] = owners[violation.statementIndex - firsts.length] ?? [];
      if (others.length > 0) continue;
      if (key !== undefined && isInDoubt && (await hasLanded(connection, key))) {
        return landed(connection, key, batch);
      }
      if (isTurnedDownBy(1)) throw await whyNobodyWrites(connection, violation.message);
      if (first === undefined) throw error;
      throw refusalOf(first, violation.message);
    }
  }
}

/**
/**
 * Another program may have brought the schema forward since this one opened the store: then what it would write is wrong.
 * Or it fills the store, which was empty, from another one: then what this one would write does not belong there. And
 * what is written to a file that follows a database would be nowhere else, and keep it from following.
 */
function storeGuard(schema: number): Statement {
  const isNewer = "SELECT 'VERSION' AS code WHERE (SELECT max(number) FROM migration) <> ?1";
  const isCopy = "UNION ALL SELECT 'INVALID_STATE' FROM copying UNION ALL SELECT 'INVALID_STATE' FROM following";
  return {
    sql: `INSERT INTO guard (code) ${isNewer} ${schema >= FIRST_SCHEMA ? isCopy : ''}`,
    args: [schema],
  };
}

async function whyNobodyWrites(connection: Connection, message: string): Promise<MemoryError> {
  const { place } = connection;
  if (message.includes('guard:VERSION')) {
    const what = `The store ${place} was brought to a newer schema by a newer program; nothing was written`;
    return new MemoryError('STORE_FAILED', `${what}. Upgrade and restart this one.`);
  }
  if ((await readCopying(connection)) !== undefined) return copyUnfinished(place);
  const what = `The file ${place} is a replica, and what is written goes to the database that it follows`;
  const advice = 'Set TURSO_SYNC_URL to the address of that one';
  return new MemoryError('INVALID_STATE', `${what}; nothing was written. ${advice}.`);
}

function noReplica(): MemoryError {
  const what = 'A replica is a local file that follows a remote database';
  const advice = 'Give a file: URL for the store, and a libsql:, https:, http:, wss: or ws: URL as TURSO_SYNC_URL';
  return new MemoryError('INVALID_INPUT', `${what}. ${advice}.`);
}

function textLength(statements: readonly Statement[]): number {
  return statements.reduce(
    (sum, { args }) => args.reduce<number>((length, arg) => length + (typeof arg === 'string' ? arg.length : 0), sum),
    0,
  );
}

function receiptOf(batch: readonly Write[], results: readonly Result[]): WriteReceipt {
  const journal = results.at(-1);
  const numbers = new Map<string, number>();
  for (const { rows } of results.slice(0, -1)) {
    for (const row of rows) numbers.set(textIn(row, 'id'), numberIn(row, 'number'));
  }
  const [newest] = journal?.rows ?? [];
  return {
    seq: newest === undefined ? (journal?.lastInsertRowid ?? 0) : numberIn(newest, 'seq'),
    stepNumbers: stepIdsOf(batch).map((id) => numbers.get(id) ?? 0),
  };
}

const NEWEST_ENTRY: Statement = {
  sql: 'SELECT seq, at, kind, id, op, actor FROM journal ORDER BY seq DESC LIMIT 1',
  args: [],
};

async function readChanges(connection: Connection, since: number, limit: number | undefined): Promise<Changes> {
  const { rows } = await connection.execute(changesStatement(since, limit));
  return changesIn(rows);
}

function changesStatement(since: number, limit = CHANGES_LIMIT): Statement {
  return {
    sql: `SELECT newest.seq AS newest, page.*
      FROM (SELECT ifnull(max(seq), 0) AS seq FROM journal) AS newest
      LEFT JOIN (SELECT seq, at, kind, id, op, actor FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2) AS page`,
    args: [since, limit],
  };
}

function changesIn(rows: readonly Row[]): Changes {
  return { entries: rows.filter(({ seq }) => seq !== null).map(rowToEntry), seq: numberIn(rows[0], 'newest') };
}

function rowToEntry(row: Row): JournalEntry {
  return {
    seq: numberIn(row, 'seq'),
    at: textIn(row, 'at'),
    // Only `journalStatement` writes these two.
    kind: textIn(row, 'kind') as JournalEntry['kind'],
    id: textIn(row, 'id'),
    op: textIn(row, 'op') as JournalEntry['op'],
    actor: textIn(row, 'actor'),
  };
}
