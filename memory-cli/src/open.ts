// The composition root: the only file that reads environment, arguments, home and working folder, and that knows
// which store and which cache the program runs on. Everything heavy is loaded when it is needed.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Address,
  addressOf,
  embedderOf,
  encryptionKeyOf,
  inMemoryCache,
  isMemoryError,
  layeredCache,
  type Memory,
  MemoryError,
  makePrivateFolder,
  openMemory,
  projectConfigPath,
  projectOf,
  readEncryptionKey,
  readKeyFile,
  readPrivateLine,
} from '@episodica/memory-core';
import { type ResolvedConfig, resolveConfig, strayReplicaIn, userConfigPath } from '@episodica/memory-core/config';
import type { Logger, MemoryCache } from '@episodica/memory-core/ports';
import type { LmdbCacheStats } from '@episodica/memory-storage-lmdb';
import type { TursoStore, TursoStoreOptions, Verification } from '@episodica/memory-storage-turso';
import type { Format, Picture } from './output.ts';
import { note } from './output.ts';

/** What every command is given beside its own arguments. */
export interface Invocation {
  readonly format: Format;
  /** Asked for in place of a format; only of a command that draws. */
  readonly picture?: Picture | undefined;
  /** Read instead of the user's own file. */
  readonly config?: string | undefined;
  readonly dataDir?: string | undefined;
  /** Once the command is done, what other programs left owed to learning is learnt, where that is little. @default false */
  readonly learnsOwed?: boolean | undefined;
  /** Aborts when the user interrupts the program. */
  readonly signal: AbortSignal;
  /** Keeps a warning until the command has ended: it is told once, and not where an error says the same. */
  readonly warn: (text: string) => void;
}

/** The settings that hold here. */
export interface Settings extends ResolvedConfig {
  /** The files that were read; absent where there is none. */
  readonly files: { readonly user?: string; readonly project?: string };
  /** Where the user's file would be. */
  readonly userFilePath: string;
  /** The project of the working folder, or the one that is set. */
  readonly project: string;
}

/** Everything opened together. `memory.close()` closes all of it. */
export interface Opened {
  readonly memory: Memory;
  readonly store: TursoStore;
  readonly settings: Settings;
  readonly cache: CacheState;
  /** Whether there is a key, for the store's file where it has one, and for the cache. */
  readonly isEncrypted: boolean;
}

/** Where the cache lies, and why it is done without; no problem, and it is in use. */
export interface CacheState {
  readonly path: string;
  readonly problem?: string;
  /** What it counted so far. Waits until it is known whether its files are of use. */
  stats?(): Promise<LmdbCacheStats>;
}

/** The settings by defaults, files, environment and flags. @throws `INVALID_INPUT`, `NOT_SUPPORTED` */
export async function readSettings(invocation: Invocation): Promise<Settings> {
  const environment = process.env;
  const folder = process.cwd();
  const surroundings = { environment, platform: process.platform, home: homedir() };
  const ownFile = userConfigPath(surroundings);
  if (invocation.config === '') {
    throw new MemoryError('INVALID_INPUT', '--config: is empty; name a file, or leave it out.');
  }
  const user = invocation.config === undefined ? ifExisting(ownFile) : resolve(invocation.config);
  const project = projectConfigPath(folder);
  const projectOwn = project === user ? undefined : project;
  const layers = {
    ...surroundings,
    ...(user === undefined ? {} : { userFile: await readToml(user), userFilePath: user }),
    ...(projectOwn === undefined ? {} : { projectFile: await readToml(projectOwn) }),
    flags: dataDirFlags(invocation.dataDir),
  };
  const resolved = resolveConfig(layers);
  return {
    ...resolved,
    warnings: [...resolved.warnings, ...strayReplicaIn(resolved.values, existsSync)],
    userFilePath: ownFile,
    files: { ...(user === undefined ? {} : { user }), ...(projectOwn === undefined ? {} : { project: projectOwn }) },
    project: resolved.values.MEMORY_PROJECT || projectOf(folder),
  };
}

/**
 * Runs `work` on an open memory and closes it whatever happens. Learning that can be done in a moment is waited for; what
 * takes longer stays owed, until a server or "pattern extract" sees to it.
 */
export async function useMemory<T>(invocation: Invocation, work: (opened: Opened) => Promise<T>): Promise<T> {
  const opened = await openAll(invocation);
  return closing(opened.memory, () => work(opened));
}

/** As `useMemory`, for work that may do without: the memory is opened when it is first asked for. */
export async function useMemoryLater<T>(
  invocation: Invocation,
  work: (open: () => Promise<Opened>) => Promise<T>,
): Promise<T> {
  let opening: Promise<Opened> | undefined;
  const open = (): Promise<Opened> => {
    opening ??= openAll(invocation);
    return opening;
  };
  // Who asked for what could not be opened was told so.
  const close = async (): Promise<void> => (await opening?.catch(() => undefined))?.memory.close();
  return closing({ close }, () => work(open));
}

async function openAll(invocation: Invocation): Promise<Opened> {
  const settings = await readSettings(invocation);
  const logger = await openLogger(settings, invocation);
  const encryptionKey = await encryptionKeyOf(settings.values);
  const store = await openStore(settings, { encryptionKey, logger, threads: false, signal: invocation.signal });
  const { opened, cache } = await withCache(store, { settings, encryptionKey, logger });
  const embedder = (await embedderOf(settings.values)) ?? 'none';
  const memory = openMemory({
    store,
    cache: opened,
    embedder,
    project: settings.project,
    isShortLived: true,
    actor: 'cli',
    logger,
    learnsOwed: invocation.learnsOwed === true && store.access === 'read-write',
  });
  return { memory, store, settings, cache, isEncrypted: encryptionKey !== undefined };
}

/** Runs `work` on the bare store, without cache. */
export async function useStore<T>(invocation: Invocation, work: (store: TursoStore) => Promise<T>): Promise<T> {
  const settings = await readSettings(invocation);
  const encryptionKey = await encryptionKeyOf(settings.values);
  const logger = await openLogger(settings, invocation);
  const store = await openStore(settings, { encryptionKey, logger, threads: true, signal: invocation.signal });
  return closing(store, () => work(store));
}

/** Checks the file of the store without opening it as one: it may be damaged. What a host has is opened. */
export async function verifyStore(invocation: Invocation): Promise<Verification> {
  const { values } = await readSettings(invocation);
  const { verifyTursoFile } = await import('@episodica/memory-storage-turso');
  if (addressOf(values.DATABASE_URL).kind === 'remote') return useStore(invocation, (store) => store.verify());
  return verifyTursoFile({ url: values.DATABASE_URL, encryptionKey: await encryptionKeyOf(values) });
}

/** Where a store is that lies in a file. */
export interface DatabaseFile {
  readonly url: string;
  readonly path: string;
  readonly cachePath: string;
  readonly encryptionKey: string | undefined;
  /** The host whose database the file follows, without credentials. */
  readonly primary: string | undefined;
}

/**
 * Runs `work` with the place of the database, and opens nothing.
 * @throws `NOT_SUPPORTED` for a database on a host
 */
export async function useDatabaseFile<T>(invocation: Invocation, work: (file: DatabaseFile) => Promise<T>): Promise<T> {
  const place = await databasePlace(invocation);
  if (place.kind === 'remote') throw needsFile(place.place);
  return work(place);
}

/** Where the database is. Opens nothing. */
export async function databasePlace(
  invocation: Invocation,
): Promise<({ readonly kind: 'file' } & DatabaseFile) | Extract<Address, { kind: 'remote' }>> {
  const { values } = await readSettings(invocation);
  const address = addressOf(values.DATABASE_URL);
  if (address.kind === 'remote') return address;
  const { DATABASE_URL: url, LMDB_CACHE_PATH: cachePath, TURSO_SYNC_URL: syncUrl } = values;
  const sync = syncUrl === '' ? undefined : addressOf(syncUrl);
  const primary = sync?.kind === 'remote' ? sync.place : undefined;
  return { ...address, url, cachePath, encryptionKey: await encryptionKeyOf(values), primary };
}

/** The key in a file, where one is named, else the one that is set. @throws `INVALID_INPUT` for one that cannot be used */
export async function readKey(invocation: Invocation, keyFile: string | undefined): Promise<string | undefined> {
  if (keyFile !== undefined) return readKeyFile(resolve(keyFile));
  return encryptionKeyOf((await readSettings(invocation)).values);
}

/**
 * The key that `storage rekey` is to use from now on: in the file, else in MEMORY_NEW_ENCRYPTION_KEY, which is no
 * setting, as it is wanted once.
 * @throws `INVALID_INPUT` for one that cannot be used, and for two
 */
export async function readNewKey(keyFile: string | undefined): Promise<string | undefined> {
  const text = process.env.MEMORY_NEW_ENCRYPTION_KEY;
  if (keyFile !== undefined && text !== undefined) {
    throw new MemoryError('INVALID_INPUT', '--new-key-file and MEMORY_NEW_ENCRYPTION_KEY are two keys: give one.');
  }
  if (keyFile !== undefined) return readKeyFile(resolve(keyFile));
  return text === undefined ? undefined : readEncryptionKey(text);
}

function needsFile(place: string): MemoryError {
  const what = `This works on the file of a store, and the store is at ${place}`;
  const advice =
    'Its host keeps and repairs it; "memory-cli storage migrate --to file:///folder/copy.db" makes a copy here';
  return new MemoryError('NOT_SUPPORTED', `${what}. ${advice}.`);
}

/** Which ends of a move are named by flags; the source is what the settings name unless a flag does. */
export interface MoveFlags {
  readonly from?: string | undefined;
  readonly fromTokenFile?: string | undefined;
  readonly to: string;
  readonly toTokenFile?: string | undefined;
}

/** Both ends of a move, with what each needs to be opened. @throws `INVALID_INPUT` */
export async function moveEnds(
  invocation: Invocation,
  { from, fromTokenFile, to, toTokenFile }: MoveFlags,
): Promise<{ readonly from: TursoStoreOptions; readonly to: TursoStoreOptions }> {
  const { values } = await readSettings(invocation);
  // A replica may be behind the database that it follows.
  const own = addressOf(values.TURSO_SYNC_URL || values.DATABASE_URL);
  const source = from === undefined ? own : flagAddress(from, '--from');
  const target = flagAddress(to, '--to');
  const others = {
    poolSize: values.TURSO_POOL_SIZE,
    durability: values.MEMORY_DURABILITY,
    encryptionKey: await encryptionKeyOf(values),
    signal: invocation.signal,
  };
  const end = async (address: Address, file: string | undefined, other: Address): Promise<TursoStoreOptions> => {
    if (address.kind === 'file') return { ...others, url: pathToFileURL(address.path).href };
    if (file !== undefined) {
      return { ...others, url: address.url, authToken: await readPrivateLine(file, { what: 'token' }) };
    }
    // The token is for one host: the one that the settings name, or the only one there is.
    const isMeant = own.kind === 'remote' ? own.url === address.url : other.kind === 'file';
    return { ...others, url: address.url, authToken: isMeant ? values.TURSO_AUTH_TOKEN || undefined : undefined };
  };
  return { from: await end(source, fromTokenFile, target), to: await end(target, toTokenFile, source) };
}

/** What is on a command line is seen by other users, and kept in its history. */
function flagAddress(url: string, flag: string): Address {
  const address = addressOf(url, { name: flag });
  if (address.kind === 'file' || address.authToken === undefined) return address;
  throw new MemoryError('INVALID_INPUT', `${flag}: holds a token. Put it into a file of mode 600: ${flag}-token-file.`);
}

async function closing<T>(resource: { close(): Promise<void> }, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // What went wrong first is what the user wants to know.
    await resource.close().catch(() => undefined);
    throw error;
  }
  await resource.close();
  return result;
}

/** Without threads, a command that asks little is not kept waiting for their start. */
async function openStore(
  { values }: Settings,
  options: Pick<TursoStoreOptions, 'encryptionKey' | 'threads' | 'logger' | 'signal'>,
): Promise<TursoStore> {
  const { openTursoStore } = await import('@episodica/memory-storage-turso');
  return openTursoStore({
    url: values.DATABASE_URL,
    syncUrl: values.TURSO_SYNC_URL || undefined,
    authToken: values.TURSO_AUTH_TOKEN || undefined,
    poolSize: values.TURSO_POOL_SIZE,
    durability: values.MEMORY_DURABILITY,
    ...options,
  });
}

interface CacheSettings {
  readonly settings: Settings;
  readonly encryptionKey: string | undefined;
  readonly logger: Logger;
}

async function withCache(
  store: TursoStore,
  { settings, encryptionKey, logger }: CacheSettings,
): Promise<{ readonly opened: MemoryCache | undefined; readonly cache: CacheState }> {
  const path = join(settings.values.LMDB_CACHE_PATH, store.identity);
  const maxSizeBytes = settings.values.MEMORY_CACHE_SIZE_MB * 1_048_576;
  try {
    const { openLmdbCache } = await import('@episodica/memory-storage-lmdb');
    const far = await openLmdbCache({ path, maxSizeBytes, encryptionKey, logger });
    const stats = () => far.settled().then(() => far.stats());
    return { opened: layeredCache(inMemoryCache(), far), cache: { path, stats } };
  } catch (cause) {
    // Nothing depends on the cache: without it the same answers come a little later.
    const problem = cause instanceof Error ? cause.message : String(cause);
    logger.warn({ path, reason: problem }, 'the cache cannot be opened and is done without');
    return { opened: undefined, cache: { path, problem } };
  }
}

/** Who names a data folder means everything that lies in it, whatever else is set. */
function dataDirFlags(dataDir: string | undefined): Readonly<Record<string, string>> {
  if (dataDir === undefined) return {};
  if (dataDir === '') throw new MemoryError('INVALID_INPUT', '--data-dir: is empty; name a folder, or leave it out.');
  const folder = resolve(dataDir);
  return {
    MEMORY_DATA_DIR: folder,
    DATABASE_URL: pathToFileURL(join(folder, 'memory.db')).href,
    TURSO_SYNC_URL: '',
    LMDB_CACHE_PATH: join(folder, 'cache'),
  };
}

function ifExisting(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

async function readToml(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { parse } = await import('smol-toml');
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const [reason = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new MemoryError('INVALID_INPUT', `${path} cannot be read as configuration: ${reason}`, { cause });
  }
}

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** Structured lines into the log file, where there is one; else plain lines on standard error, by default from `warn`. */
async function openLogger(settings: Settings, invocation: Invocation): Promise<Logger> {
  const { MEMORY_LOG_FILE: path, MEMORY_LOG_LEVEL: level } = settings.values;
  const logger = path === '' ? consoleLogger(settings, invocation) : await fileLogger(path, level);
  for (const warning of settings.warnings) logger.warn({}, warning);
  return logger;
}

function consoleLogger({ values, origins }: Settings, invocation: Invocation): Logger {
  const threshold = LEVELS.indexOf(origins.MEMORY_LOG_LEVEL === 'default' ? 'warn' : values.MEMORY_LOG_LEVEL);
  const line = (own: (typeof LEVELS)[number]) => (fields: object, message: string) => {
    if (LEVELS.indexOf(own) < threshold) return;
    const text = `${message}${fieldsText(fields)}`;
    if (own === 'warn') invocation.warn(text);
    else note(own, text);
  };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

async function fileLogger(path: string, level: string): Promise<Logger> {
  const { pino } = await import('pino');
  try {
    makePrivateFolder(dirname(path));
    const destination = pino.destination({ dest: path, sync: true, mode: 0o600 });
    const logger: Logger = pino(
      { level, base: { program: 'memory-cli', pid: process.pid }, serializers: { error: pino.stdSerializers.err } },
      destination,
    );
    return logger;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MemoryError('INVALID_INPUT', `MEMORY_LOG_FILE: ${path} cannot be written: ${reason}.`, { cause });
  }
}

function fieldsText(fields: object): string {
  const told = Object.entries(fields).map(([name, value]) => `${name}: ${fieldText(value)}`);
  return told.length === 0 ? '' : ` (${told.join(', ')})`;
}

function fieldText(value: unknown): string {
  if (isMemoryError(value)) return `${value.code}: ${value.message}`;
  return value instanceof Error ? value.message : String(value);
}
