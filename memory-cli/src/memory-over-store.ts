// A whole memory over an open store: with its cache, what searches, and what learns. Loaded where a command needs that.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { embedderOf, inMemoryCache, layeredCache, type Memory, openMemory } from '@episodica/memory-core';
import type { LoadedConfig } from '@episodica/memory-core/config';
import {
  type MetricsRegistry,
  measuredCache,
  measuredEmbedder,
  measuredMemory,
  measuredStore,
} from '@episodica/memory-core/metrics';
import type { Logger, MemoryCache, MemoryStore } from '@episodica/memory-core/ports';
import type { LmdbCacheStats } from '@episodica/memory-storage-lmdb';
import type { TursoStore } from '@episodica/memory-storage-turso';

/** Where the cache lies, and why it is done without; no problem, and it is in use. */
export interface CacheState {
  readonly path: string;
  readonly problem?: string;
  /** What it counted so far. Waits until it is known whether its files are of use. */
  stats?(): Promise<LmdbCacheStats>;
}

/** What the memory is opened with. */
export interface MemoryOverStoreOptions {
  readonly settings: LoadedConfig;
  readonly encryptionKey: string | undefined;
  readonly logger: Logger;
  /** As in `Invocation`. */
  readonly learnsOwed: boolean;
  /** Told what the memory does. */
  readonly metrics: MetricsRegistry;
}

/** Closing the memory closes the store. */
export async function memoryOver(
  store: TursoStore,
  { settings, encryptionKey, logger, learnsOwed, metrics }: MemoryOverStoreOptions,
): Promise<{ readonly memory: Memory; readonly cache: CacheState }> {
  metrics.gauge('store_bytes', () => fileBytes(store));
  const { opened, cache } = await withCache(store, { settings, encryptionKey, logger });
  const embedder = await embedderOf(settings.values);
  const plain = openMemory({
    store: measuredStore(store, metrics),
    cache: opened && measuredCache(opened, metrics),
    embedder: embedder === undefined ? 'none' : measuredEmbedder(embedder, metrics),
    project: settings.project,
    isShortLived: true,
    actor: 'cli',
    logger,
    learnsOwed: learnsOwed && store.access === 'read-write',
  });
  const memory = measuredMemory(plain, metrics);
  return { memory, cache };
}

/** Over the store alone: no cache, no embedder, nothing learnt. */
export function bareMemory(store: MemoryStore): Memory {
  return openMemory({ store, embedder: 'none', isShortLived: true, actor: 'cli' });
}

async function withCache(
  store: TursoStore,
  { settings, encryptionKey, logger }: Pick<MemoryOverStoreOptions, 'settings' | 'encryptionKey' | 'logger'>,
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

/** Of the file with its log; how much a host keeps, its host knows. */
async function fileBytes({ reach, place }: TursoStore): Promise<number | undefined> {
  if (reach !== 'file') return undefined;
  const [file, log] = await Promise.all([stat(place), stat(`${place}-wal`).catch(() => undefined)]);
  return file.size + (log?.size ?? 0);
}
