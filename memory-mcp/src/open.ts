// The composition root: the only place here that reads the environment and the working folder.
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  embedderOf,
  encryptionKeyOf,
  inMemoryCache,
  isMemoryError,
  layeredCache,
  MemoryError,
  makePrivateFolder,
  openMemory,
  projectConfigPath,
  projectOf,
  reflectorOf,
} from '@episodica/memory-core';
import {
  type Config,
  type ConfigLayers,
  type ResolvedConfig,
  resolveConfig,
  strayReplicaIn,
  userConfigPath,
} from '@episodica/memory-core/config';
import {
  type GaugeReading,
  type MetricsRegistry,
  measuredCache,
  measuredEmbedder,
  measuredStore,
} from '@episodica/memory-core/metrics';
import type { Logger, MemoryCache, MemoryStore } from '@episodica/memory-core/ports';
import type { TursoStore } from '@episodica/memory-storage-turso';
import { watchedStore } from './changes.ts';
import type { CodeModeRights } from './code-mode/methods.ts';
import { LOG_BASE, type SwitchableLogger } from './log.ts';
import type { Backend } from './services.ts';

const BYTES_PER_MB = 1_048_576;

/** Where the HTTP server listens and whom it lets in. */
export type HttpSettings = Pick<Config, 'MCP_HOST' | 'MCP_PORT' | 'MCP_TOKEN' | 'MEMORY_DATA_DIR'>;

/** As environment, files and `flags` say. @throws `INVALID_INPUT` */
export async function readHttpSettings(flags: NonNullable<ConfigLayers['flags']>): Promise<HttpSettings> {
  return (await readConfig(flags)).values;
}

/** Whom a memory is opened for. */
export interface BackendOptions {
  /** Who asks works in the working folder; who comes over a network names a project, or gets none. @default true */
  readonly hasProject?: boolean | undefined;
}

/**
 * Opens the memory as environment and files say, and tells `metrics` what it does. What is heavy is loaded here and not
 * before.
 * @throws MemoryError of the configuration or the store; nothing stays open then
 */
export async function openBackend(
  log: SwitchableLogger,
  metrics: MetricsRegistry,
  { hasProject = true }: BackendOptions = {},
): Promise<Backend> {
  const config = await readConfig();
  const { values, warnings } = config;
  const logger = await openLogger(values);
  log.switchTo(logger);
  for (const warning of [...warnings, ...strayReplicaIn(values, existsSync)]) logger.warn({}, warning);
  if (!hasProject && values.MEMORY_PROJECT !== '') {
    logger.warn({}, 'MEMORY_PROJECT is set and has no meaning over HTTP, where each call names its project.');
  }
  const project = hasProject ? values.MEMORY_PROJECT || projectOf(process.cwd()) : undefined;
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
  const opened = await openCache(values, { identity: store.identity, encryptionKey, logger });
  const watched = watchedStore(store);
  const embedder = await embedderOf(values);
  const memory = openMemory({
    store: measuredStore(watched, metrics),
    cache: opened.cache && measuredCache(opened.cache, metrics),
    embedder: embedder === undefined ? 'none' : measuredEmbedder(embedder, metrics),
    reflector: await reflectorOf(values),
    project,
    actor: 'mcp',
    logger,
  });
  metrics.gauge('journal_seq', () => newestSeq(store));
  metrics.gauge('store_bytes', () => fileBytes(store));
  metrics.gauge('cache_bytes', opened.sizes);
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

/** What programs in the sandbox are allowed; where the configuration cannot be read, no writes, and why. Opens no store. */
export async function readRights(): Promise<CodeModeRights> {
  try {
    const { values, notTaken } = await readConfig();
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

async function readConfig(flags: ConfigLayers['flags'] = {}): Promise<ResolvedConfig> {
  const world = { environment: process.env, platform: process.platform, home: homedir() };
  const { parse } = await import('smol-toml');
  const userFilePath = userConfigPath(world);
  const userFile = readToml(userFilePath, parse);
  const projectFile = readToml(projectConfigPath(process.cwd()), parse);
  const layers: ConfigLayers = {
    ...world,
    flags,
    ...(userFile === undefined ? {} : { userFile, userFilePath }),
    ...(projectFile === undefined ? {} : { projectFile }),
  };
  return resolveConfig(layers);
}

type Settings = Readonly<Record<string, unknown>>;

function readToml(path: string | undefined, parse: (text: string) => Settings): Settings | undefined {
  if (path === undefined || !existsSync(path)) return undefined;
  try {
    return parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw new MemoryError('INVALID_INPUT', `${path} cannot be read: ${reason}. Correct it or move it away.`, { cause });
  }
}

async function openLogger(values: Config): Promise<Logger> {
  const { default: pino } = await import('pino');
  const serializers = { error: pino.stdSerializers.err };
  const options = { level: values.MEMORY_LOG_LEVEL, base: LOG_BASE, serializers };
  const logger: Logger = pino(options, pino.destination({ dest: logDestination(values.MEMORY_LOG_FILE), sync: true }));
  return logger;
}

/** A path whose file only this user can read, or standard error. */
function logDestination(path: string): string | number {
  if (path === '') return process.stderr.fd;
  try {
    makePrivateFolder(dirname(path));
    closeSync(openSync(path, 'a', 0o600));
    return path;
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    throw new MemoryError('INVALID_INPUT', `MEMORY_LOG_FILE: ${path} cannot be written${reason}; choose another.`, {
      cause,
    });
  }
}
