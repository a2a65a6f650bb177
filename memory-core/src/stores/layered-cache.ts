// Two caches as one: a near one that is quick, before a far one that outlives the process and is shared.
import type { CacheRead, MemoryCache } from '../ports/cache.ts';
import type { Entities, Kind } from '../ports/store.ts';
import { samePosition } from './journal-position.ts';

/**
 * `near`, and `far` for what it does not have. `near` must be used by this cache alone; closing it closes both.
 *
 * All values of one read are of one position: where the two stand apart, the answer is that of the one that is behind,
 * so that its reader brings it forward and they meet. While `far` is not ready, `near` does alone.
 */
export function layeredCache(near: MemoryCache, far: MemoryCache): MemoryCache {
  async function get<K extends Kind>(kind: K, ids: readonly string[]): Promise<CacheRead<K> | undefined> {
    const first = await near.get(kind, ids);
    if (first?.values.every((value) => value !== undefined) && ids.length > 0) return first;
    const second = await far.get(kind, first === undefined ? ids : missingOf(ids, first));
    if (first === undefined || second === undefined) return first ?? second;
    const found = second.values.filter((value) => value !== undefined);
    if (samePosition(first.at, second.at)) {
      if (found.length > 0) await near.set(kind, found, second.at);
      return { at: second.at, values: inPlaceOfMissing(first.values, second.values, (value) => value) };
    }
    // A near one that was nowhere yet holds nothing, and begins where the far one stands.
    if (first.at.seq === 0) {
      await near.move({ from: first.at, to: second.at });
      await near.set(kind, found, second.at);
    } else if (first.at.seq <= second.at.seq) return first;
    return { at: second.at, values: inPlaceOfMissing(first.values, second.values, () => undefined) };
  }

  return {
    name: `${near.name} before ${far.name}`,
    get,
    set: (kind, values, at) => both(near.set(kind, values, at), far.set(kind, values, at)),
    move: (step) => both(near.move(step), far.move(step)),
    async getBlock(key) {
      const block = await near.getBlock(key);
      if (block !== undefined) return block;
      const kept = await far.getBlock(key);
      if (kept !== undefined) await near.setBlock(key, kept);
      return kept;
    },
    setBlock: (key, block) => both(near.setBlock(key, block), far.setBlock(key, block)),
    close: () => both(near.close(), far.close()),
  };
}

function missingOf<K extends Kind>(ids: readonly string[], { values }: CacheRead<K>): readonly string[] {
  return ids.filter((_, index) => values[index] === undefined);
}

type Values<K extends Kind> = readonly (Entities[K] | undefined)[];

/** `values` with the gaps filled from `others`, which has one for each; `present` says what becomes of the rest. */
function inPlaceOfMissing<K extends Kind>(
  values: Values<K>,
  others: Values<K>,
  present: (value: Entities[K]) => Entities[K] | undefined,
): Values<K> {
  let next = 0;
  return values.map((value) => (value === undefined ? others[next++] : present(value)));
}

/** Waits for all of them, then fails if one did. */
async function both(...works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) if (result.status === 'rejected') throw result.reason;
}
