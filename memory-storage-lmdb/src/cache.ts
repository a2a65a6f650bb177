// MemoryCache over LMDB: warm at start, and shared by all processes of one user. LMDB lets one transaction write at a
// time over all processes, and gives readers a snapshot; all laws of the port rest on these two.
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { isMemoryError, MemoryError, makePrivateFolder } from '@episodica/memory-core';
import { type Entities, type Kind, type Logger, type MemoryCache, silentLogger } from '@episodica/memory-core/ports';
import { type Database, open, type RootDatabase } from 'lmdb';
import { codec, type ShapeStore } from './codec.ts';
import { DATA_FILE, discard, LOCK_FILE, looksSound, markInUse, unmark, wasLeftOpen } from './files.ts';

export interface LmdbCacheOptions {
  /** The cache lives in the folder `lmdb` inside of this one; both are made where missing. One per store. */
  readonly path: string;
  /** Past this everything is dropped. At least 1 MB is sensible. @default 256 MB */
  readonly maxSizeBytes?: number;
  /** @default silentLogger */
  readonly logger?: Logger;
}

const DEFAULT_MAX_SIZE_BYTES = 256_000_000;

/** Rises with every change to what is stored or how. A cache of another format is emptied by who opens it. */
const FORMAT = 1;

/**
 * Opens the cache, or starts a fresh one where the files are damaged or of another format.
 *
 * Rejects with `STORE_FAILED` when there can be no cache at `path`; do without, then. After a process that ended
 * without closing it, the cache starts again from nothing: LMDB ends a process that reads a half-written page. A value that msgpack cannot keep exactly is not kept.
 */
export async function openLmdbCache(options: LmdbCacheOptions): Promise<MemoryCache> {
  const folder = join(options.path, 'lmdb');
  const logger = options.logger ?? silentLogger;
  const environment = await openEnvironment(options.path, folder, logger);
  const cache = lmdbCache(environment, options.maxSizeBytes ?? DEFAULT_MAX_SIZE_BYTES, logger);
  return {
    ...cache,
    async close() {
      await cache.close();
      await unmark(options.path);
    },
  };
}

interface Environment {
  readonly folder: string;
  readonly root: RootDatabase;
  /** Entities as bytes, by kind and id. */
  readonly entities: Database<Uint8Array, string>;
  /** Where the cache stands, and the shapes of records, which outlive the entities. */
  readonly notes: Database<unknown, string>;
}

interface State {
  readonly format: number;
  readonly seq: number;
}

async function openEnvironment(path: string, folder: string, logger: Logger): Promise<Environment> {
  try {
    makePrivateFolder(path);
    if (await wasLeftOpen(path)) {
      logger.debug({ folder }, 'The cache was not closed by who used it; it starts again from nothing.');
      await discard(folder);
    }
    await markInUse(path);
    if (!(await looksSound(folder))) {
      logger.warn({ folder }, 'The cache is damaged; it starts again from nothing.');
      await discard(folder);
    }
    return await openFiles(folder).catch(async (error: unknown) => {
      logger.warn({ folder, error: String(error) }, 'The cache does not open; it starts again from nothing.');
      await discard(folder);
      return openFiles(folder);
    });
  } catch (cause) {
    throw new MemoryError('STORE_FAILED', `There can be no cache in ${folder}; check its permissions, or do without.`, {
      cause,
    });
  }
}

async function openFiles(folder: string): Promise<Environment> {
  makePrivateFolder(folder);
  // Without flushes: what a power cut takes is read from the store again.
  const root = open({ path: folder, noSubdir: false, noSync: true, maxDbs: 2 });
  try {
    await Promise.all([DATA_FILE, LOCK_FILE].map((name) => chmod(join(folder, name), 0o600)));
    const entities = root.openDB<Uint8Array, string>('entities', { encoding: 'binary' });
    const notes = root.openDB<unknown, string>('notes', { encoding: 'json' });
    const environment = { folder, root, entities, notes };
    root.transactionSync(() => {
      if (stateOf(environment)?.format === FORMAT) return;
      entities.clearSync();
      keepState(environment, 0);
    });
    return environment;
  } catch (error) {
    await root.close();
    throw error;
  }
}

// All calls of LMDB are synchronous: they take microseconds, and lmdb's asynchronous transactions, whose callback is
// called from a thread of its own, were seen to never call it.
function lmdbCache(environment: Environment, maxSizeBytes: number, logger: Logger): MemoryCache {
  const { root, entities } = environment;
  const { encode, decode } = codec(shapesIn(environment));
  const act = actIn(environment.folder);
  let closing: Promise<void> | undefined;

  // The plainest eviction: all of it. The pages are used again; the file itself never shrinks.
  function evict(): void {
    logger.debug({ maxSizeBytes }, 'The cache is full; it drops everything.');
    entities.clearSync();
  }

  return {
    name: 'lmdb',

    async get<K extends Kind>(kind: K, ids: readonly string[]) {
      return act('read', closing, () => {
        // lmdb renews its snapshot between turns of the event loop. No `await` in here: one snapshot for all.
        const { seq } = currentState(environment);
        const values = ids.map((id) => {
          const bytes = entities.getBinary(keyOf(kind, id));
          // `set` alone writes under this key, after checking that the bytes read as what it was given.
          return bytes === undefined ? undefined : (decode(bytes) as Entities[K]);
        });
        return { seq, values };
      });
    },

    async set(kind, values, seq) {
      act('keep values', closing, () => {
        const encoded = values.map((value) => ({ key: keyOf(kind, value.id), bytes: encode(value) }));
        const neededBytes = encoded.reduce((sum, { bytes }) => sum + (bytes?.byteLength ?? 0), 0);
        if (neededBytes > maxSizeBytes) return;
        root.transactionSync(() => {
          // Ahead of the cache, there is no telling whether the numbers are still those of the same store.
          if (currentState(environment).seq !== seq) return;
          if (usedBytes(entities) + neededBytes > maxSizeBytes) evict();
          for (const { key, bytes } of encoded) if (bytes !== undefined) entities.putSync(key, bytes);
        });
      });
    },

    async advance(changed, seq) {
      act('advance', closing, () => root.transactionSync(() => moveOn(environment, changed, seq)));
    },

    async clear(seq) {
      act('clear', closing, () =>
        root.transactionSync(() => {
          currentState(environment);
          entities.clearSync();
          keepState(environment, seq);
        }),
      );
    },

    async close() {
      closing ??= root.close();
      await closing;
    },
  };
}

function moveOn(environment: Environment, changed: Parameters<MemoryCache['advance']>[0], seq: number): void {
  const { entities } = environment;
  const current = currentState(environment).seq;
  if (seq <= current) return;
  // The journal has no gaps. Fewer changes than numbers: the caller started from a place ahead of this one, as happens
  // when another reader's `clear` moved back. Then what changed in between is not known.
  if (changed.length < seq - current) entities.clearSync();
  else for (const { kind, id } of changed) entities.removeSync(keyOf(kind, id));
  keepState(environment, seq);
}

type Act = <T>(action: string, closing: Promise<void> | undefined, work: () => T) => T;

/** Runs `work` unless the cache is closed, and says in our words what goes wrong. */
function actIn(folder: string): Act {
  return (action, closing, work) => {
    if (closing !== undefined) throw new MemoryError('CLOSED', `The cache in ${folder} is closed; open it again.`);
    try {
      return work();
    } catch (cause) {
      if (isMemoryError(cause)) throw cause;
      throw new MemoryError('STORE_FAILED', `The cache in ${folder} could not ${action}; do without it.`, { cause });
    }
  };
}

/** Shapes are kept per format, and never deleted: another process may have read them long ago. */
function shapesIn({ root, notes }: Environment): ShapeStore {
  const key = `shapes-${FORMAT}`;
  return {
    // Written by `replace` alone.
    read: () => notes.get(key) as readonly (readonly string[])[] | undefined,
    replace: (shapes, isExpected) =>
      root.transactionSync(() => {
        if (!isExpected(notes.get(key))) return false;
        notes.putSync(key, shapes);
        return true;
      }),
  };
}

function keyOf(kind: Kind, id: string): string {
  return `${kind}/${id}`;
}

function stateOf({ notes }: Environment): State | undefined {
  // `keepState` alone writes under this key; formats of the future keep `format` where it is.
  return notes.get('state') as State | undefined;
}

/** @throws when a program with another format has taken the cache over: this one cannot use it any more. */
function currentState(environment: Environment): State {
  const state = stateOf(environment);
  if (state?.format !== FORMAT) {
    throw new MemoryError(
      'STORE_FAILED',
      'The cache belongs to another version of this program now; restart this one.',
    );
  }
  return state;
}

function keepState({ notes }: Environment, seq: number): void {
  notes.putSync('state', { format: FORMAT, seq } satisfies State);
}

function usedBytes(database: Database<Uint8Array, string>): number {
  // The fields of LMDB's `MDB_stat`, under the names that lmdb gives them; its types say only `{}`.
  const stats = database.getStats() as {
    pageSize: number;
    treeBranchPageCount: number;
    treeLeafPageCount: number;
    overflowPages: number;
  };
  return stats.pageSize * (stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages);
}
