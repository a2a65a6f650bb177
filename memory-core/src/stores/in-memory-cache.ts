// The cache of reference: the laws of `MemoryCache` in the plainest code that keeps them.
import { MemoryError } from '../errors.ts';
import type { MemoryCache } from '../ports/cache.ts';
import type { Entities, Kind } from '../ports/store.ts';

export interface InMemoryCacheOptions {
  /** Past this many, what was not read for longest is forgotten. @default 10_000 */
  readonly maxEntries?: number;
}

/** A cache that lives as long as its process. Its calls reject with `CLOSED` after `close()`. */
export function inMemoryCache({ maxEntries = 10_000 }: InMemoryCacheOptions = {}): MemoryCache {
  // As JSON, so that nobody outside holds a part of it; in the order of last use, oldest first.
  const texts = new Map<string, string>();
  let current = 0;
  let isClosed = false;

  function enter(): void {
    if (isClosed) throw new MemoryError('CLOSED', 'The in-memory cache is closed; open another.');
  }

  function keep(key: string, text: string): void {
    texts.delete(key);
    texts.set(key, text);
  }

  return {
    name: 'memory',

    async get<K extends Kind>(kind: K, ids: readonly string[]) {
      enter();
      const values = ids.map((id): Entities[K] | undefined => {
        const key = keyOf(kind, id);
        const text = texts.get(key);
        if (text === undefined) return undefined;
        keep(key, text);
        return JSON.parse(text);
      });
      return { seq: current, values };
    },

    async set(kind, values, seq) {
      enter();
      // Ahead of `current`, there is no telling whether the numbers are still those of the same store.
      if (seq !== current) return;
      for (const value of values) keep(keyOf(kind, value.id), JSON.stringify(value));
      for (const key of texts.keys()) {
        if (texts.size <= maxEntries) break;
        texts.delete(key);
      }
    },

    async advance(changed, seq) {
      enter();
      if (seq <= current) return;
      // The journal has no gaps. Fewer changes than numbers: the caller started from a place ahead of this one, as
      // happens when another reader's `clear` moved back. Then what changed in between is not known.
      if (changed.length < seq - current) texts.clear();
      for (const { kind, id } of changed) texts.delete(keyOf(kind, id));
      current = seq;
    },

    async clear(seq) {
      enter();
      texts.clear();
      current = seq;
    },

    async close() {
      isClosed = true;
      texts.clear();
    },
  };
}

function keyOf(kind: Kind, id: string): string {
  return `${kind}/${id}`;
}
