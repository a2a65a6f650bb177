// A store with a cache in front of its reads by id. The cache may forget, lag or fail: the journal tells what of it
// is still true, so it changes how long a read takes and never what it answers.
import type { CacheRead, MemoryCache } from '../ports/cache.ts';
import { type Logger, silentLogger } from '../ports/runtime.ts';
import type { CallOptions, Changes, Entities, Kind, MemoryStore } from '../ports/store.ts';

export interface CachedStoreOptions {
  /** Told of a failing cache: the first time as a warning, then at `debug`. @default silentLogger */
  readonly logger?: Logger;
}

/**
 * `store`, with `cache` asked first in `getMany`; all else goes to the store as it is.
 *
 * The answer is what the store alone would give. A cache that throws counts as one that has nothing; errors of the
 * store are passed on. The values of one call may stand on either side of a write that ran meanwhile.
 * A cache belongs to one store for its whole life: one that was filled from another database is noticed only when its
 * sequence number is ahead. Give each store a cache of its own. One whose `epoch` changes is read without cache from then on.
 */
export function cachedStore(store: MemoryStore, cache: MemoryCache, options: CachedStoreOptions = {}): MemoryStore {
  const attempt = attemptWith(options.logger ?? silentLogger);
  const { epoch } = store;
  let isLeft = false;

  /** For good: to which of two databases the cache belongs, nobody can tell any more. So it is left empty. */
  async function leaveCache(): Promise<void> {
    if (isLeft) return;
    isLeft = true;
    const { seq } = await store.changes(0, { limit: 1 });
    await attempt('clear', () => cache.clear(seq));
  }

  async function getMany<K extends Kind>(
    kind: K,
    ids: readonly string[],
    call?: CallOptions,
  ): Promise<readonly (Entities[K] | undefined)[]> {
    if (store.epoch !== epoch) await leaveCache();
    if (!IS_CACHED[kind] || ids.length === 0 || isLeft) return store.getMany(kind, ids, call);
    const read = await attempt('get', () => cache.get(kind, ids));
    if (read === undefined) return store.getMany(kind, ids, call);

    const changes = await store.changes(read.seq, { ...call, limit: MAX_CHANGES });
    if (store.epoch !== epoch) return getMany(kind, ids, call);
    if (changes.seq !== read.seq) {
      const catchUp = coversAll(changes, read.seq)
        ? () => cache.advance(changes.entries, changes.seq)
        : () => cache.clear(changes.seq);
      await attempt('catch up', catchUp);
    }
    const known = stillTrue(kind, ids, read, changes);
    const missing = ids.filter((_, index) => known[index] === undefined);
    if (missing.length === 0) return known;

    // Behind `changes`, so that these values are at least as new as the number they are kept under.
    const fetched = await store.getMany(kind, missing, call);
    if (store.epoch !== epoch) return getMany(kind, ids, call);
    const found = fetched.filter((value) => value !== undefined);
    if (found.length > 0) await attempt('set', () => cache.set(kind, found, changes.seq));
    let next = 0;
    return known.map((value) => value ?? fetched[next++]);
  }

  return {
    name: store.name,
    getMany,
    scan: (kind, filter, call) => store.scan(kind, filter, call),
    write: (batch, call) => store.write(batch, call),
    changes: (since, call) => store.changes(since, call),
    ...(store.text === undefined ? {} : { text: store.text }),
    async close() {
      try {
        await store.close();
      } finally {
        await attempt('close', () => cache.close());
      }
    },
  };
}

/** With more changes than this, catching up costs more than starting anew. */
const MAX_CHANGES = 1_000;

/**
 * Steps and evidence are not kept: deleting an episode deletes them too, without an entry of their own in the journal,
 * and they are read by `scan` anyway.
 */
const IS_CACHED: Readonly<Record<Kind, boolean>> = {
  episode: true,
  step: false,
  pattern: true,
  evidence: false,
  baseline: true,
  recommendation: true,
  tombstone: true,
};

/** Every number has one entry, so what is missing shows. Also false when `since` is ahead of the store. */
function coversAll(changes: Changes, since: number): boolean {
  return since + changes.entries.length === changes.seq;
}

/** What the cache held, without what may have changed since. */
function stillTrue<K extends Kind>(
  kind: K,
  ids: readonly string[],
  read: CacheRead<K>,
  changes: Changes,
): readonly (Entities[K] | undefined)[] {
  if (!coversAll(changes, read.seq)) return ids.map(() => undefined);
  const changed = new Set(changes.entries.filter((entry) => entry.kind === kind).map((entry) => entry.id));
  return ids.map((id, index) => (changed.has(id) ? undefined : read.values[index]));
}

type Attempt = <T>(action: string, work: () => Promise<T>) => Promise<T | undefined>;

/** Runs `work` of the cache; when that fails, says so and answers nothing. */
function attemptWith(logger: Logger): Attempt {
  let hasWarned = false;
  return async (action, work) => {
    try {
      return await work();
    } catch (error) {
      const level = hasWarned ? 'debug' : 'warn';
      hasWarned = true;
      logger[level]({ action, error: String(error) }, 'The cache failed; the store answers in its place.');
      return undefined;
    }
  };
}
