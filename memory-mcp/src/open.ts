// The composition root: the only place here that reads the environment and the working folder.
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
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
import type { Logger, MemoryCache, MemoryStore } from '@episodica/memory-core/ports';
import type { TursoStore } from '@episodica/memory-storage-turso';
import type { CodeModeRights } from './code-mode/methods.ts';
import type { SwitchableLogger } from './log.ts';
import type { Backend } from './services.ts';

const BYTES_PER_MB = 1_048_576;

/**
 * Opens the memory as environment and files say. What is heavy is loaded here and not before.
 * @throws MemoryError of the configuration or the store; nothing stays open then
 */
export async function openBackend(log: SwitchableLogger): Promise<Backend> {
  const config = await readConfig();
  const { values, warnings } = config;
  const logger = await openLogger(values);
  log.switchTo(logger);
  for (const warning of [...warnings, ...strayReplicaIn(values, existsSync)]) logger.warn({}, warning);
  const project = values.MEMORY_PROJECT === '' ? projectOf(process.cwd()) : values.MEMORY_PROJECT;
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
  const memory = openMemory({
    store,
    cache: opened.cache,
    embedder: (await embedderOf(values)) ?? 'none',
    reflector: await reflectorOf(values),
    project,
    actor: 'mcp',
    logger,
  });
  return {
    memory,
    project,
    place: () => placeText(store, encryptionKey),
    access: () => store.access,
    replica: store.replica,
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

interface CacheOf {
  /** Of the store. */
  readonly identity: string;
  readonly encryptionKey: string | undefined;
  readonly logger: Logger;
}

/** The cache is never needed: without it everything works, only slower. Each store has one of its own. */
async function openCache(
  values: Config,
  { identity, encryptionKey, logger }: CacheOf,
): Promise<{ readonly cache?: MemoryCache; readonly health: NonNullable<Backend['cache']> }> {
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
    };
  } catch (error) {
    logger.warn({ error, path }, 'the cache cannot be opened; going on without');
    const detail = `not open: ${error instanceof Error ? error.message : String(error)}`;
    return { health: async () => ({ isOpen: false, detail }) };
  }
}

async function readConfig(): Promise<ResolvedConfig> {
  const world = { environment: process.env, platform: process.platform, home: homedir() };
  const { parse } = await import('smol-toml');
  const userFilePath = userConfigPath(world);
  const userFile = readToml(userFilePath, parse);
  const projectFile = readToml(projectConfigPath(process.cwd()), parse);
  const layers: ConfigLayers = {
    ...world,
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
  const options = { level: values.MEMORY_LOG_LEVEL, serializers: { error: pino.stdSerializers.err } };
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
