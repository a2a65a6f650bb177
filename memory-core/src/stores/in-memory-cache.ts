// The cache of reference: the laws of `MemoryCache` in the plainest code that keeps them. It is also the near half of
// a layered cache, where what counts is that a read costs next to nothing.
import { MemoryError } from '../errors.ts';
import type { Block, MemoryCache } from '../ports/cache.ts';
import type { Entities, Kind } from '../ports/store.ts';
import { START, samePosition } from './journal-position.ts';

/** How much is kept. */
export interface InMemoryCacheOptions {
  /** Past this many, what was not read for longest is forgotten. @default 10_000 */
  readonly maxEntries?: number;
  /** The same for what they take, reckoned by their JSON. What takes more than an eighth alone is not kept. @default 32 MB */
  readonly maxSizeBytes?: number;
}

/** What was counted since it was opened. A block is counted like an entity. */
export interface InMemoryCacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
  readonly entries: number;
  readonly sizeBytes: number;
}

/** A cache without files, and its counts. */
export interface InMemoryCache extends MemoryCache {
  stats(): InMemoryCacheStats;
}

const DEFAULTS: Required<InMemoryCacheOptions> = { maxEntries: 10_000, maxSizeBytes: 32_000_000 };

interface Entry {
  readonly held: Entities[Kind] | Block;
  readonly sizeBytes: number;
}

/** A cache that lives as long as its process. Its calls reject with `CLOSED` after `close()`. */
export function inMemoryCache(options: InMemoryCacheOptions = {}): InMemoryCache {
  const { keep, use, drop, keys, empty, stats } = shelf({ ...DEFAULTS, ...options });
  let current = START;
  let isClosed = false;

  function enter(): void {
    if (isClosed) throw new MemoryError('CLOSED', 'The in-memory cache is closed; open another.');
  }

  return {
    name: 'memory',

    async get<K extends Kind>(kind: K, ids: readonly string[]) {
      enter();
      // `set` alone writes under this key, and what it was given is of this kind.
      const values = ids.map((id) => copyOf(use(keyOf(kind, id)) as Entities[K] | undefined));
      return { at: current, values };
    },

    async set(kind, values, at) {
      enter();
      if (!samePosition(at, current)) return;
      for (const value of values) {
        keep(keyOf(kind, value.id), { held: copyOf(value), sizeBytes: JSON.stringify(value).length });
      }
    },

    async move({ from, to, changed }) {
      enter();
      if (!samePosition(from, current)) return;
      const gone = changed?.map(({ kind, id }) => keyOf(kind, id)) ?? keys().filter(isEntity);
      for (const key of gone) drop(key);
      current = to;
    },

    async getBlock(key) {
      enter();
      // `setBlock` alone writes under this key.
      const block = use(blockKeyOf(key)) as Block | undefined;
      return block && copyOfBlock(block);
    },

    async setBlock(key, block) {
      enter();
      keep(blockKeyOf(key), { held: copyOfBlock(block), sizeBytes: block.bytes.byteLength + block.mark.length });
    },

    stats,

    async close() {
      isClosed = true;
      empty();
    },
  };
}

interface Shelf {
  keep(key: string, entry: Entry): void;
  /** What is kept, now the last to go. */
  use(key: string): Entry['held'] | undefined;
  drop(key: string): void;
  keys(): readonly string[];
  empty(): void;
  stats(): InMemoryCacheStats;
}

function shelf({ maxEntries, maxSizeBytes }: Required<InMemoryCacheOptions>): Shelf {
  // In the order of last use, oldest first.
  const entries = new Map<string, Entry>();
  const counts = { hits: 0, misses: 0, evictions: 0 };
  let sizeBytes = 0;

  function drop(key: string): void {
    sizeBytes -= entries.get(key)?.sizeBytes ?? 0;
    entries.delete(key);
  }

  function keep(key: string, entry: Entry): void {
    drop(key);
    if (entry.sizeBytes > maxSizeBytes / 8) return;
    entries.set(key, entry);
    sizeBytes += entry.sizeBytes;
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries && sizeBytes <= maxSizeBytes) break;
      drop(oldest);
      counts.evictions += 1;
    }
  }

  function use(key: string): Entry['held'] | undefined {
    const entry = entries.get(key);
    counts[entry === undefined ? 'misses' : 'hits'] += 1;
    if (entry === undefined) return undefined;
    entries.delete(key);
    entries.set(key, entry);
    return entry.held;
  }

  return {
    keep,
    use,
    drop,
    keys: () => [...entries.keys()],
    empty: () => entries.clear(),
    stats: () => ({ ...counts, entries: entries.size, sizeBytes }),
  };
}

function keyOf(kind: Kind, id: string): string {
  return `${kind}/${id}`;
}

const BLOCK_PREFIX = 'block/';

function blockKeyOf(key: string): string {
  return `${BLOCK_PREFIX}${key}`;
}

function isEntity(key: string): boolean {
  return !key.startsWith(BLOCK_PREFIX);
}

function copyOfBlock({ mark, bytes }: Block): Block {
  return { mark, bytes: Uint8Array.from(bytes) };
}

/** A deep copy of JSON, so that nobody outside holds a part of what is kept: three times as fast as parsing its text. */
function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  // A list is copied to a list and an object to an object, part by part: of the same type as before.
  if (Array.isArray(value)) return value.map(copyOf) as T;
  // Spreading keeps a key `__proto__` what it is, a key; one that is there already can be assigned like any other.
  const copy = { ...value };
  for (const key in copy) {
    const part = copy[key];
    if (typeof part === 'object' && part !== null) copy[key] = copyOf(part);
  }
  return copy;
}
