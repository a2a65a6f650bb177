// The composition root: the only file that reads environment, arguments, home and working folder, and that knows
// which store and which cache the program runs on. Everything heavy is loaded when it is needed.
import { existsSync, lstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type Address,
  addressOf,
  encryptionKeyOf,
  isMemoryError,
  type Memory,
  MemoryError,
  readEncryptionKey,
  readKeyFile,
  readPrivateLine,
} from '@episodica/memory-core';
import { figuresIn, type LoadedConfig, loadConfig, type Surroundings } from '@episodica/memory-core/config';
import { keptRegistry, type MetricsRegistry } from '@episodica/memory-core/metrics';
import type { Logger, MemoryStore } from '@episodica/memory-core/ports';
import type { TursoStore, TursoStoreOptions, Verification } from '@episodica/memory-storage-turso';
import type { CommandLog } from './command-log.ts';
import { fileTarget, openLogger } from './logger.ts';
import type { CacheState } from './memory-over-store.ts';
import type { Format, Picture } from './output.ts';

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
  /** What is noted of the command; left out where it is not to be noted. */
  readonly log?: CommandLog | undefined;
  /** Keeps a warning until the command has ended: it is told once, and not where an error says the same. */
  readonly warn: (text: string) => void;
  /** What the command counts; empty until it opens a store. */
  readonly figures: CommandFigures;
}

/** The figures of one command, written when it has ended. */
export interface CommandFigures {
  metrics?: MetricsRegistry;
  /** Is told how the command ended: `ok`, the code of its error, or its exit code. Never rejects. */
  end?(ended: { readonly command: string; readonly outcome: string; readonly tookMs: number }): Promise<void>;
}

/** Everything opened together. `memory.close()` closes all of it. */
export interface Opened {
  readonly memory: Memory;
  readonly store: TursoStore;
  readonly settings: LoadedConfig;
  readonly cache: CacheState;
  /** Whether there is a key, for the store's file where it has one, and for the cache. */
  readonly isEncrypted: boolean;
}

/** The settings by defaults, files, environment and flags. @throws `INVALID_INPUT` */
export async function readSettings(invocation: Invocation): Promise<LoadedConfig> {
  const settings = await loadConfig(surroundingsOf(invocation));
  invocation.log?.open(() => fileTarget(settings, invocation.log?.request));
  return settings;
}

/** Where the program runs. */
export type Here = Pick<Surroundings, 'environment' | 'home' | 'folder'>;

/** What a program that is started here sees. */
export function here(): Here {
  return { environment: process.env, home: homedir(), folder: process.cwd() };
}

/** Where the program runs, and which settings its flags name. */
export function surroundingsOf({ config, dataDir }: Pick<Invocation, 'config' | 'dataDir'>): Surroundings {
  return {
    ...here(),
    platform: process.platform,
    configFile: config,
    dataDir,
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

/** What a command has that only reads; the store, where there is one. */
export type Read = Pick<Opened, 'memory' | 'settings'> & Partial<Pick<Opened, 'store'>>;

/** As `useMemory`, for what only reads: where there is no store yet none is made, and nothing is found. */
export async function useMemoryToRead<T>(invocation: Invocation, work: (opened: Read) => Promise<T>): Promise<T> {
  const settings = await readSettings(invocation);
  const missing = missingFile(settings);
  if (missing === undefined) return useMemory(invocation, work);
  await openLogger(settings, invocation);
  const { bareMemory } = await import('./memory-over-store.ts');
  const memory = bareMemory(await emptyStore());
  return tellingMissing(missing, invocation, () => closing(memory, () => work({ memory, settings })));
}

/** The file of the store, where it is yet to be made. */
function missingFile({ values }: LoadedConfig): string | undefined {
  const address = addressOf(values.DATABASE_URL);
  // A replica is filled by the database that it follows.
  if (address.kind === 'remote' || values.TURSO_SYNC_URL !== '' || !isMissing(address.path)) return undefined;
  return address.path;
}

/** Says besides why nothing is found: it may be looked for in the wrong place. */
async function tellingMissing<T>(path: string, { warn }: Invocation, work: () => Promise<T>): Promise<T> {
  const nothing = `no memory yet at ${path}; the first episode makes it.`;
  try {
    const result = await work();
    warn(`there is ${nothing}`);
    return result;
  } catch (error) {
    if (!isMemoryError(error) || error.code !== 'NOT_FOUND') throw error;
    throw new MemoryError('NOT_FOUND', `${error.message} There is ${nothing}`, { cause: error });
  }
}

/** What cannot be looked at may be there: opening it tells why not. */
function isMissing(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false;
  }
}

async function emptyStore(): Promise<MemoryStore> {
  const { inMemoryStore } = await import('@episodica/memory-core');
  return inMemoryStore();
}

/**
 * As `useMemory`, for a look in passing: where there is a file with the newest schema, and for a moment only. Leaves
 * nothing behind, uses no cache and learns nothing.
 */
export async function glanceAtMemory(invocation: Invocation, work: (memory: Memory) => Promise<void>): Promise<void> {
  const { values } = await readSettings(invocation);
  if (addressOf(values.DATABASE_URL).kind !== 'file') return;
  const { isNewestTursoFile, openTursoStore } = await import('@episodica/memory-storage-turso');
  const encryptionKey = await encryptionKeyOf(values);
  const file = { url: values.DATABASE_URL, encryptionKey, busyTimeoutMs: GLANCE_MS, threads: false };
  if (!(await isNewestTursoFile(file))) return;
  const store = await openTursoStore(file);
  const { bareMemory } = await import('./memory-over-store.ts');
  const memory = bareMemory(store);
  await closing(memory, () => work(memory));
}

/** How long a glance waits for other processes. */
const GLANCE_MS = 200;

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
  const metrics = keepFigures(invocation, settings, logger);
  const encryptionKey = await encryptionKeyOf(settings.values);
  const store = await openStore(settings, { encryptionKey, logger, threads: false, signal: invocation.signal });
  const { memoryOver } = await import('./memory-over-store.ts');
  const { learnsOwed = false } = invocation;
  const over = await memoryOver(store, { settings, encryptionKey, logger, learnsOwed, metrics });
  return { ...over, store, settings, isEncrypted: encryptionKey !== undefined };
}

/** A store, and nothing around it. */
export interface OpenedStore {
  readonly store: MemoryStore;
  readonly settings: LoadedConfig;
}

/**
 * Runs `work` on the store alone, without threads: for what only reads what is stored. It is spared what searching and
 * learning take to load, which is longer than the reading itself. Where there is no store yet none is made.
 */
export async function useReading<T>(invocation: Invocation, work: (opened: OpenedStore) => Promise<T>): Promise<T> {
  const settings = await readSettings(invocation);
  const logger = await openLogger(settings, invocation);
  const missing = missingFile(settings);
  if (missing !== undefined) {
    const none = await emptyStore();
    return tellingMissing(missing, invocation, () => closing(none, () => work({ store: none, settings })));
  }
  keepFigures(invocation, settings, logger);
  const encryptionKey = await encryptionKeyOf(settings.values);
  const store = await openStore(settings, { encryptionKey, logger, threads: false, signal: invocation.signal });
  return closing(store, () => work({ store, settings }));
}

/** Where a command counts that does more than to work on a store. */
export async function figuresOf(invocation: Invocation): Promise<MetricsRegistry> {
  const settings = await readSettings(invocation);
  return keepFigures(invocation, settings, await openLogger(settings, invocation));
}

/** What the command counts is written when it has ended; of one that never comes here nothing is. */
function keepFigures({ figures }: Invocation, { values }: LoadedConfig, logger: Logger): MetricsRegistry {
  if (figures.metrics !== undefined) return figures.metrics;
  const metrics = keptRegistry('memory-cli');
  figures.metrics = metrics;
  figures.end = async ({ command, outcome, tookMs }) => {
    // No folder is begun for figures alone.
    if (!existsSync(values.MEMORY_DATA_DIR)) return;
    metrics.keepIn(figuresIn(values.MEMORY_DATA_DIR), { logger });
    metrics.time('command', { command }, tookMs);
    metrics.count('commands', { command, outcome });
    await metrics.close();
  };
  return metrics;
}

/** Whether the terminal shows signs beyond ASCII, as its locale says. What is no terminal takes all of UTF-8. */
export function isUnicodeTerminal(): boolean {
  if (!process.stdout.isTTY || process.platform === 'darwin') return true;
  const { LC_ALL, LC_CTYPE, LANG, WT_SESSION, TERM_PROGRAM } = process.env;
  if (process.platform === 'win32') return WT_SESSION !== undefined || TERM_PROGRAM === 'vscode';
  return /utf-?8/iu.test(LC_ALL || LC_CTYPE || LANG || '');
}

/** Runs `work` on the bare store, without cache. */
export async function useStore<T>(invocation: Invocation, work: (store: TursoStore) => Promise<T>): Promise<T> {
  const settings = await readSettings(invocation);
  const encryptionKey = await encryptionKeyOf(settings.values);
  const logger = await openLogger(settings, invocation);
  keepFigures(invocation, settings, logger);
  const store = await openStore(settings, { encryptionKey, logger, threads: true, signal: invocation.signal });
  return closing(store, () => work(store));
}

/** Checks the file of the store without opening it as one: it may be damaged. What a host has is opened. */
export async function verifyStore(invocation: Invocation): Promise<Verification> {
  const { values } = await readSettings(invocation);
  const { verifyTursoFile } = await import('@episodica/memory-storage-turso');
  if (addressOf(values.DATABASE_URL).kind === 'remote') {
    return useStore(invocation, (store) => store.verify({ signal: invocation.signal }));
  }
  const { signal } = invocation;
  return verifyTursoFile({ url: values.DATABASE_URL, encryptionKey: await encryptionKeyOf(values), signal });
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
  { values }: LoadedConfig,
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
