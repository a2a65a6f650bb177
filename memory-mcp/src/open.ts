// The composition root: the only place here that reads the environment and the working folder.
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  embedderOf,
  encryptionKeyOf,
  inMemoryCache,
  isMemoryError,
  layeredCache,
  type MemoryError,
  openMemory,
  reflectorOf,
} from '@episodica/memory-core';
import { type Config, figuresIn, type LoadedConfig, loadConfig, logPathOf } from '@episodica/memory-core/config';
import { type LogFile, logFileRefusal, openLogFile, toldError } from '@episodica/memory-core/log';
import {
  type GaugeReading,
  type KeptRegistry,
  measuredCache,
  measuredEmbedder,
  measuredMemory,
  measuredStore,
} from '@episodica/memory-core/metrics';
import type { Logger, MemoryCache, MemoryStore } from '@episodica/memory-core/ports';
import type { TursoStore } from '@episodica/memory-storage-turso';
import { watchedStore } from './changes.ts';
import type { CodeModeRights } from './code-mode/methods.ts';
import { LOG_BASE, type LogTarget, NO_LOSSES, type SwitchableLogger } from './log.ts';
import { msSince } from './requests.ts';
import type { Backend } from './services.ts';
import { version } from './version.ts';

const BYTES_PER_MB = 1_048_576;

/** Where the HTTP server listens and whom it lets in. */
export type HttpSettings = Pick<Config, 'MCP_HOST' | 'MCP_PORT' | 'MCP_TOKEN' | 'MEMORY_DATA_DIR'>;

/** What the command line says of settings; it goes before all others. */
export interface ProgramFlags {
  /** Read in place of the user's own file. */
  readonly config?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: string | undefined;
}

/** As environment, files and `flags` say. @throws `INVALID_INPUT` */
export async function readHttpSettings(flags: ProgramFlags): Promise<HttpSettings> {
  return (await readConfig(flags)).values;
}

/** Whom a memory is opened for. */
export interface BackendOptions {
  /** Who asks works in the working folder; who comes over a network names a project, or gets none. @default true */
  readonly hasProject?: boolean | undefined;
  readonly flags?: ProgramFlags | undefined;
}

/**
 * Opens the memory as environment and files say, and tells `metrics` what it does. What is heavy is loaded here and not
 * before.
 * @throws MemoryError of the configuration or the store; nothing stays open then
 */
export async function openBackend(
  logger: SwitchableLogger,
  metrics: KeptRegistry,
  { hasProject = true, flags = {} }: BackendOptions = {},
): Promise<Backend> {
  const config = await readConfig(flags);
  const { values, project: here } = config;
  const isProjectUnused = !hasProject && values.MEMORY_PROJECT !== '';
  logger.switchTo(await openLog(config, isProjectUnused ? [PROJECT_UNUSED] : []));
  const startedMs = performance.now();
  const project = hasProject ? here : undefined;
  const { openTursoStore } = await import('@episodica/memory-storage-turso');
  const encryptionKey = await encryptionKeyOf(values);
  const store = await openTursoStore({
    url: values.DATABASE_URL,
    syncUrl: values.TURSO_SYNC_URL || undefined,
    authToken: values.TURSO_AUTH_TOKEN || undefined,
    poolSize: values.TURSO_POOL_SIZE,
    durability: values.MEMORY_DURABILITY,
    encryptionKey,
    logger,
  });
  // Where the memory cannot be opened, no folder is begun for its figures.
  metrics.keepIn(figuresIn(values.MEMORY_DATA_DIR), { isServer: true, logger });
  const opened = await openCache(values, { identity: store.identity, encryptionKey, logger });
  const watched = watchedStore(store);
  const embedder = await embedderOf(values);
  const plain = openMemory({
    store: measuredStore(watched, metrics),
    cache: opened.cache && measuredCache(opened.cache, metrics),
    embedder: embedder === undefined ? 'none' : measuredEmbedder(embedder, metrics),
    reflector: await reflectorOf(values),
    project,
    actor: 'mcp',
    logger,
  });
  const memory = measuredMemory(plain, metrics);
  metrics.gauge('journal_seq', () => newestSeq(store));
  metrics.gauge('store_bytes', () => fileBytes(store));
  metrics.gauge('cache_bytes', opened.sizes);
  logger.info({ version, node: process.versions.node, ms: msSince(startedMs) }, 'the memory is open');
  return {
    memory,
    project,
    place: () => placeText(store, encryptionKey),
    access: () => store.access,
    replica: store.replica,
    journal: watched,
    journalSeq: () => newestSeq(store),
    cache: opened.health,
    close: () => memory.close(),
  };
}

const PROJECT_UNUSED = 'MEMORY_PROJECT is set and has no meaning over HTTP, where each call names its project.';

/** What programs in the sandbox are allowed; where the configuration cannot be read, no writes, and why. Opens no store. */
export async function readRights(flags: ProgramFlags = {}): Promise<CodeModeRights> {
  try {
    const { values, notTaken } = await readConfig(flags);
    const isProjectIgnored = notTaken.includes('SANDBOX_ALLOW_WRITES');
    return { allowWrites: values.SANDBOX_ALLOW_WRITES, isProjectIgnored };
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    return { allowWrites: false, unreadBecause: error.message };
  }
}

/** Of a database on a host, only its host knows what is encrypted. */
function placeText({ place, reach }: TursoStore, encryptionKey: string | undefined): string {
  const state = encryptionKey === undefined ? 'in plain text' : 'encrypted';
  return `${place}, ${reach === 'file' ? state : `over a network, with its cache here ${state}`}`;
}

async function newestSeq(store: MemoryStore): Promise<number> {
  const { seq } = await store.changes(0, { limit: 1 });
  return seq;
}

/** Of the file with its log; how much a host keeps, its host knows. */
async function fileBytes({ reach, place }: TursoStore): Promise<number | undefined> {
  if (reach !== 'file') return undefined;
  const [file, log] = await Promise.all([stat(place), stat(`${place}-wal`).catch(() => undefined)]);
  return file.size + (log?.size ?? 0);
}

interface CacheOf {
  /** Of the store. */
  readonly identity: string;
  readonly encryptionKey: string | undefined;
  readonly logger: Logger;
}

interface OpenedCache {
  readonly cache?: MemoryCache;
  readonly health: NonNullable<Backend['cache']>;
  readonly sizes: () => Promise<GaugeReading<'cache_bytes'>>;
}

/** The cache is never needed: without it everything works, only slower. Each store has one of its own. */
async function openCache(values: Config, { identity, encryptionKey, logger }: CacheOf): Promise<OpenedCache> {
  const path = join(values.LMDB_CACHE_PATH, identity);
  const maxSizeBytes = values.MEMORY_CACHE_SIZE_MB * BYTES_PER_MB;
  try {
    const { openLmdbCache, statsText } = await import('@episodica/memory-storage-lmdb');
    const near = inMemoryCache();
    const far = await openLmdbCache({ path, maxSizeBytes, encryptionKey, logger });
    return {
      cache: layeredCache(near, far),
      async health() {
        const stats = await far.stats();
        // Until its files are looked through it has nothing at hand, which is no fault of anything.
        const isOpen = stats.state === 'open' || stats.state === 'examining';
        return { isOpen, detail: statsText(stats, near.stats()) };
      },
      async sizes() {
        const { sizeBytes } = await far.stats();
        const held = [{ labels: { layer: 'memory' }, value: near.stats().sizeBytes }];
        return sizeBytes === undefined ? held : [...held, { labels: { layer: 'file' }, value: sizeBytes }];
      },
    };
  } catch (error) {
    logger.warn({ error, path }, 'the cache cannot be opened; going on without');
    const detail = `not open: ${error instanceof Error ? error.message : String(error)}`;
    return { health: async () => ({ isOpen: false, detail }), sizes: async () => undefined };
  }
}

function readConfig(flags: ProgramFlags): Promise<LoadedConfig> {
  const { config, dataDir, host, port } = flags;
  return loadConfig({
    environment: process.env,
    platform: process.platform,
    home: homedir(),
    folder: process.cwd(),
    configFile: config,
    dataDir,
    flags: { MCP_HOST: host, MCP_PORT: port },
  });
}

/**
 * Into the file, and what is more than information also to standard error, which clients show; or there alone. Warnings
 * of the settings, and `more`, are told at every level but `silent`.
 */
async function openLog({ values, origins, warnings }: LoadedConfig, more: readonly string[]): Promise<LogTarget> {
  const { default: pino } = await import('pino');
  const { MEMORY_LOG_LEVEL: level } = values;
  const path = logPathOf(values);
  const withMessages = level === 'debug';
  const options = {
    level,
    base: LOG_BASE,
    serializers: { error: (error: unknown) => toldError(error, { withMessages }) },
  };
  const shown = pino.destination({ dest: process.stderr.fd, sync: true });
  const opened = path === undefined ? undefined : openedFile(path);
  const file = opened !== undefined && 'write' in opened ? opened : undefined;
  const unusable = opened !== undefined && 'refusal' in opened ? opened : undefined;
  if (unusable !== undefined && origins.MEMORY_LOG_FILE.layer !== 'default') throw unusable.refusal;
  const onlyShown = { level: path === undefined ? 'debug' : 'warn', stream: shown } as const;
  const into =
    file === undefined
      ? [onlyShown]
      : ([
          { level: 'debug', stream: file },
          { level: 'warn', stream: shown },
        ] as const);
  const logger: Logger = pino(options, pino.multistream([...into]));
  const warner = level === 'error' ? pino({ ...options, level: 'warn' }, pino.multistream([...into])) : logger;
  for (const warning of [...warnings, ...more]) warner.warn({}, warning);
  if (unusable !== undefined) {
    const { reason } = unusable;
    logger.warn({ path, reason }, 'the log file cannot be written; warnings and errors are shown here alone');
  }
  if (path === undefined || file === undefined) {
    return { logger, place: 'standard error', losses: () => NO_LOSSES, close() {} };
  }
  return { logger, place: path, losses: () => file.losses(), close: () => file.close() };
}

function openedFile(path: string): LogFile | { readonly reason: string; readonly refusal: MemoryError } {
  try {
    return openLogFile({ path, base: LOG_BASE });
  } catch (cause) {
    const refusal = logFileRefusal(path, cause);
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
    return { reason, refusal };
  }
}
