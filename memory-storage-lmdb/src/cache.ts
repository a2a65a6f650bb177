// MemoryCache over LMDB: warm at start, and shared by all processes of one user. Here it is
// put together; `place.ts` says when its files are opened, `session.ts` what is done with open ones.
import { readdir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  AMOUNT,
  checkOptions,
  FUNCTION,
  isMemoryError,
  LOGGER,
  MemoryError,
  makePrivateFolder,
  needed,
  type OptionRules,
  TEXT,
} from '@episodica/memory-core/backend';
import { type Clock, type Logger, type MemoryCache, silentLogger } from '@episodica/memory-core/ports';
import { type BlockFiles, blockFiles } from './block-files.ts';
import { type Counts, NO_COUNTS, sum } from './counts.ts';
import { type Place, placeOf } from './place.ts';
import { NO_SEAL, sealOf } from './sealing.ts';

/** Where the cache lies, how large it may be, and how it is sealed. */
export interface LmdbCacheOptions {
  /** The cache lives in the folders `lmdb` and `blocks` inside of this one, whose names tell keys apart; all are made where missing. One per store. */
  readonly path: string;
  /**
   * 64 hexadecimal digits: nothing that is kept can be read in the files without them. What was kept in plain text, or
   * with another key, is deleted when the cache is opened. The last part of `path`, which names the store, is part of
   * the key. Without, everything is kept in plain text.
   */
  readonly encryptionKey?: string | undefined;
  /**
   * Past this, what is used least goes: half of it is for entities, an eighth for small blocks, the rest for large ones.
   * At least 1 MB is sensible. @default 256 MB
   */
  readonly maxSizeBytes?: number;
  /** What was kept for longer is read from the store again. @default 7 days */
  readonly ttlMs?: number;
  /** For the age of what is kept. @default Date.now */
  readonly clock?: Clock;
  /** @default silentLogger */
  readonly logger?: Logger;
}

/** How the cache stands. */
export interface LmdbCacheStats {
  /** `examining`: its files have to be looked at first, as their last user did not close them; it has nothing at hand. */
  readonly state: 'open' | 'examining' | 'unavailable' | 'closed';
  /** Counted by this process. */
  readonly process: Counts;
  /** Counted by all processes so far; what others did not write down yet is missing. Only while it is open. */
  readonly total?: Counts;
  readonly entries?: number;
  readonly sizeBytes?: number;
}

/** The cache, with what it counted. */
export interface LmdbCache extends MemoryCache {
  stats(): Promise<LmdbCacheStats>;
  /** Resolves when it is known whether the files that were found are of use: at once, where nobody has to look at them. */
  settled(): Promise<void>;
}

const DEFAULTS = { maxSizeBytes: 256_000_000, ttlMs: 7 * 86_400_000, clock: Date.now, logger: silentLogger };

/** A block up to this size is kept in LMDB, a larger one as a file. */
const MAX_SMALL_BLOCK_BYTES = 65_536;

const OPTIONS: OptionRules<LmdbCacheOptions> = {
  path: needed(TEXT),
  encryptionKey: TEXT,
  maxSizeBytes: AMOUNT,
  ttlMs: AMOUNT,
  clock: FUNCTION,
  logger: LOGGER,
};

/**
 * Opens the cache. Files that were not closed by their last user are first looked at by another process, as LMDB ends
 * whoever reads damaged ones: until that is done, and while nothing can be opened, the cache has nothing at hand. Files
 * of no use are replaced by new ones.
 *
 * Rejects with `STORE_FAILED` when there can be no cache at `path`; do without, then. With `INVALID_INPUT` for options
 * that cannot be meant. A value that msgpack cannot keep
 * exactly is not kept.
 */
export async function openLmdbCache(options: LmdbCacheOptions): Promise<LmdbCache> {
  checkOptions('openLmdbCache', options, OPTIONS);
  const { path, maxSizeBytes, ttlMs, clock, logger } = { ...DEFAULTS, ...options };
  const { encryptionKey } = options;
  const seal = encryptionKey === undefined ? NO_SEAL : sealOf({ encryptionKey, store: basename(resolve(path)) });
  const folders = { lmdb: `lmdb${seal.suffix}`, blocks: `blocks${seal.suffix}` };
  const folder = join(path, folders.lmdb);
  const shares = { entities: maxSizeBytes / 2, blocks: maxSizeBytes / 8, files: (maxSizeBytes * 3) / 8 };
  let own = NO_COUNTS;
  const place = placeOf({
    folder,
    logger,
    maxFileBytes: 4 * (shares.entities + shares.blocks),
    session: {
      seal,
      maxEntitiesBytes: shares.entities,
      maxBlocksBytes: shares.blocks,
      nowSeconds: () => Math.floor(clock() / 1_000),
      ttlSeconds: ttlMs / 1_000,
      onCounted(counts) {
        own = sum(own, counts);
      },
    },
  });
  try {
    makePrivateFolder(path);
    if (seal.isSecret) await deleteOthers(path, { kept: Object.values(folders), logger });
    await place.open();
  } catch (cause) {
    const message = `There can be no cache in ${folder}; check its permissions, or do without.`;
    throw new MemoryError('STORE_FAILED', message, { cause });
  }
  const files = blockFiles(join(path, folders.blocks), { seal, maxSizeBytes: shares.files });
  return lmdbCache({ folder, place, files, oldestMs: () => clock() - ttlMs, ownCounts: () => own });
}

/** Deletes what was kept in plain text or with another key. Programs that have it open notice, and begin another. */
async function deleteOthers(
  path: string,
  { kept, logger }: { readonly kept: readonly string[]; readonly logger: Logger },
): Promise<void> {
  const isOurs = (name: string): boolean => kept.some((own) => name === own || name.startsWith(`${own}.`));
  const others = (await readdir(path)).filter((name) => /^(?:lmdb|blocks)\b/u.test(name) && !isOurs(name));
  for (const name of others) {
    const other = join(path, name);
    logger.info({ path: other }, 'a cache in plain text, or of another key, is deleted');
    await rm(other, { recursive: true, force: true, maxRetries: 10 });
  }
}

interface CacheParts {
  readonly folder: string;
  readonly place: Place;
  readonly files: BlockFiles;
  readonly oldestMs: () => number;
  readonly ownCounts: () => Counts;
}

function lmdbCache({ folder, place, files, oldestMs, ownCounts }: CacheParts): LmdbCache {
  let closing: Promise<void> | undefined;

  /** Runs `work` unless the cache is closed, and says in our words what goes wrong. */
  async function act<T>(action: string, work: () => T | Promise<T>): Promise<T> {
    if (closing !== undefined) throw new MemoryError('CLOSED', `The cache in ${folder} is closed; open it again.`);
    try {
      return await work();
    } catch (cause) {
      if (isMemoryError(cause)) throw cause;
      throw new MemoryError('STORE_FAILED', `The cache in ${folder} could not ${action}; do without it.`, { cause });
    }
  }

  function count(counts: Partial<Counts>): void {
    place.session()?.count(counts);
  }

  return {
    name: 'lmdb',
    get: (kind, ids) => act('read', () => place.session()?.get(kind, ids)),
    set: (kind, values, at) => act('keep values', () => place.sessionToWrite()?.set(kind, values, at)),
    move: (step) => act('move', () => place.sessionToWrite()?.move(step)),

    getBlock: (key) =>
      act('read a block', async () => {
        const small = place.session()?.getBlock(key);
        if (small !== undefined) return small;
        const large = await files.get(key, oldestMs());
        if (large !== undefined) count({ hits: 1, misses: -1 });
        return large;
      }),

    setBlock: (key, block) =>
      act('keep a block', async () => {
        if (block.bytes.byteLength <= MAX_SMALL_BLOCK_BYTES) {
          await files.remove(key);
          place.sessionToWrite()?.setBlock(key, block);
          return;
        }
        const { evicted, expired } = await files.set(key, block, oldestMs());
        place.sessionToWrite()?.removeBlock(key);
        count({ evictions: evicted, expired });
      }),

    async stats() {
      const figures = closing === undefined ? place.session()?.figures() : undefined;
      const state = closing === undefined ? place.state() : 'closed';
      if (figures === undefined) return { state, process: ownCounts() };
      const large = await files.figures();
      const { counts: total, entries, sizeBytes } = figures;
      const kept = { entries: entries + large.entries, sizeBytes: sizeBytes + large.sizeBytes };
      return { state, process: ownCounts(), total, ...kept };
    },

    settled: () => place.settled(),

    async close() {
      closing ??= place.close();
      await closing;
    },
  };
}

/** What was counted, in a line for people; `near` is what stands before this cache in the same process. */
export function statsText(
  { state, process: own, total, entries, sizeBytes }: LmdbCacheStats,
  near?: { readonly hits: number; readonly misses: number },
): string {
  const reads = ({ hits, misses }: { readonly hits: number; readonly misses: number }): string =>
    `${hits} of ${hits + misses} reads`;
  const here = `this process: ${near === undefined ? '' : `${reads(near)} in memory, `}${reads(own)} in LMDB`;
  if (total === undefined) return `${state}; ${here}; totals unavailable`;
  const bytes = sizeBytes ?? 0;
  const size = bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
  const kept = `${entries} ${entries === 1 ? 'entry' : 'entries'}, ${size}`;
  return `${state}; ${kept}; ${here}; in all: ${reads(total)}, ${total.evictions} evicted, ${total.expired} expired`;
}
