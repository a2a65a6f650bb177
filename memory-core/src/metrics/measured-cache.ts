// A cache whose operations are timed, and whose hits and misses are counted.
import type { CacheRead, MemoryCache } from '../ports/cache.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Kind } from '../ports/store.ts';
import { timed } from './timed.ts';

/** `cache` as it is, told to `metrics`. */
export function measuredCache(cache: MemoryCache, metrics: Metrics): MemoryCache {
  const watched: Watched = (operation, work) =>
    timed(work, {
      done: (ms) => metrics.time('cache_operation', { operation }, ms),
      failed: () => metrics.count('cache_failures', { operation }),
    });

  async function get<K extends Kind>(kind: K, ids: readonly string[]): Promise<CacheRead<K> | undefined> {
    const read = await watched('get', () => cache.get(kind, ids));
    const hits = read?.values.reduce((sum, value) => (value === undefined ? sum : sum + 1), 0) ?? 0;
    if (hits > 0) metrics.count('cache_reads', { result: 'hit' }, hits);
    if (hits < ids.length) metrics.count('cache_reads', { result: 'miss' }, ids.length - hits);
    return read;
  }

  return {
    name: cache.name,
    get,
    set: (kind, values, at) => watched('set', () => cache.set(kind, values, at)),
    move: (step) => watched('move', () => cache.move(step)),
    async getBlock(key) {
      const block = await watched('get_block', () => cache.getBlock(key));
      metrics.count('cache_reads', { result: block === undefined ? 'miss' : 'hit' });
      return block;
    },
    setBlock: (key, block) => watched('set_block', () => cache.setBlock(key, block)),
    close: () => cache.close(),
  };
}

type Operation = 'get' | 'set' | 'move' | 'get_block' | 'set_block';
type Watched = <T>(operation: Operation, work: () => Promise<T>) => Promise<T>;
