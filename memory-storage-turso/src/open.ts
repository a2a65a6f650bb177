// Opening a store: in a file, on a host, or in a file that follows one on a host.
import {
  type Address,
  AMOUNT,
  addressOf,
  checkOptions,
  FLAG,
  LOGGER,
  MemoryError,
  needed,
  type OptionRules,
  TEXT,
  withMethods,
} from '@episodica/memory-core/backend';
import { type Logger, silentLogger } from '@episodica/memory-core/ports';
import type { Connection } from './connection.ts';
import { copyUnfinished, readCopying } from './copying.ts';
import { checkedKey } from './encryption-key.ts';
import { toMemoryError } from './errors.ts';
import { connectToHost } from './host.ts';
import { type JobThreads, jobThreads, readingHereWhileSmall } from './job-threads.ts';
import { jobsOn } from './jobs.ts';
import type { StoreConnection } from './lasting-connection.ts';
import { openReplica, type Primary } from './replica.ts';
import {
  identityOf,
  MIGRATIONS,
  type Migration,
  migrate,
  NEWEST_SCHEMA,
  type SchemaState,
  schemaState,
} from './schema.ts';
import { hurried, type TursoStore, tursoStore } from './store.ts';
import { openStoreFile, type StoreFile, schemaAt } from './store-file.ts';
import { inspectFile, type Verification } from './verify.ts';
import { batchWhereFitting } from './write-batch.ts';

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
  /** Aborting gives up the opening, and all calls to a host that are under way or come later. */
  readonly signal?: AbortSignal | undefined;
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

const OPTIONS: OptionRules<TursoStoreOptions> = {
  url: needed(TEXT),
  syncUrl: TEXT,
  syncIntervalMs: AMOUNT,
  logger: LOGGER,
  authToken: TEXT,
  poolSize: AMOUNT,
  deadlineMs: AMOUNT,
  signal: withMethods('an AbortSignal', 'addEventListener'),
  busyTimeoutMs: AMOUNT,
  durability: { kind: '"full" or "normal"', holds: (value) => value === 'full' || value === 'normal' },
  encryptionKey: TEXT,
  threads: FLAG,
};

/**
 * Opens the store, creates it where there is none, and brings its schema up to date.
 * @throws `STORE_FAILED` for a place that cannot be opened or a schema that is newer than this code, `STORE_CORRUPT`
 * for a file that is no database or does not open with the key, `STORE_UNAVAILABLE` while other processes keep it busy;
 * `INVALID_INPUT` for options that cannot be meant
 */
export async function openTursoStore(options: TursoStoreOptions): Promise<TursoStore> {
  checkOptions('openTursoStore', options, OPTIONS);
  const address = addressOf(options.url);
  if (options.syncUrl !== undefined) return openReplicaStore(address, options.syncUrl, options);
  return address.kind === 'file' ? openStoreAt(options, MIGRATIONS) : (await openHostAt(address, options)).store;
}

async function openHostAt(address: Extract<Address, { kind: 'remote' }>, options: TursoStoreOptions): Promise<Primary> {
  const connection = await connectToHost(address, options);
  try {
    return { connection, store: await openStoreOver(connection) };
  } catch (error) {
    throw toMemoryError(error, `open the store ${address.place}`);
  }
}

async function openReplicaStore(address: Address, syncUrl: string, options: TursoStoreOptions): Promise<TursoStore> {
  const primary = addressOf(syncUrl);
  if (address.kind !== 'file' || primary.kind !== 'remote') throw noReplica();
  const { store: local, connection, jobs } = await openFileAt(options, MIGRATIONS);
  return openReplica({
    local,
    file: writingInThreads(connection, jobs),
    primary: primary.place,
    openPrimary: (signal) => openHostAt(primary, { ...options, signal }),
    intervalMs: options.syncIntervalMs ?? 30_000,
    logger: options.logger ?? silentLogger,
  });
}

function noReplica(): MemoryError {
  const what = 'A replica is a local file that follows a remote database';
  const advice = 'Give a file: URL for the store, and a libsql:, https:, http:, wss: or ws: URL as TURSO_SYNC_URL';
  return new MemoryError('INVALID_INPUT', `${what}. ${advice}.`);
}

/** A store whose newest schema is what these steps lead to. */
export async function openStoreAt(options: TursoStoreOptions, migrations: readonly Migration[]): Promise<TursoStore> {
  return (await openFileAt(options, migrations)).store;
}

/** Whether there is a store in the file that can be opened without changing its schema. Only reads. */
export async function isNewestTursoFile({
  url,
  busyTimeoutMs = 5_000,
  encryptionKey,
}: Pick<TursoStoreOptions, 'url' | 'busyTimeoutMs' | 'encryptionKey'>): Promise<boolean> {
  const key = checkedKey(encryptionKey);
  const file = { path: localPathOf(url), busyTimeoutMs, durability: 'full', encryptionKey: key } as const;
  return (await schemaAt({ ...file, migrations: MIGRATIONS })) === NEWEST_SCHEMA;
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
    const jobs = threads ? readingHereWhileSmall(connection, jobThreads(file)) : jobsHere(connection);
    const store = tursoStore(connection, { jobs, schema: migrations.length, encryptionKey: key, busyTimeoutMs });
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
 * It works in the caller's thread, and gives way meanwhile; `signal` ends it.
 * @throws `NOT_FOUND` where there is no store
 */
export async function verifyTursoFile({
  url,
  busyTimeoutMs = 5_000,
  encryptionKey,
  signal,
}: TursoStoreOptions): Promise<Verification> {
  const path = localPathOf(url);
  const key = checkedKey(encryptionKey);
  try {
    return await inspectFile(path, { busyTimeoutMs, durability: 'full', encryptionKey: key, signal });
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

function localPathOf(url: string): string {
  const address = addressOf(url);
  if (address.kind === 'file') return address.path;
  throw new MemoryError('NOT_SUPPORTED', `This needs a file, and the store is at ${address.place}.`);
}
