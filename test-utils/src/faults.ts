// Collaborators that fail on demand, always in the same way for the same plan.
import { MemoryError } from '@episodica/memory-core';
import type { Block, CacheRead, DatedReads, Kind, MemoryCache, MemoryStore } from '@episodica/memory-core/ports';

/**
 * What happens to one call of a cache:
 * `none`, `forget` (answers as if done, or with nothing at hand), `throw` (nothing done), `throwAfter` (done, then
 * fails), `slow` (done some turns later, then answers), `late` (a read answers some turns after it was made; a write
 * answers at once and is made some turns later).
 */
export const CACHE_FAULTS = ['none', 'forget', 'throw', 'throwAfter', 'slow', 'late'] as const;
export type CacheFault = (typeof CACHE_FAULTS)[number];

/** `cache` with the nth call going as `plan[n]` says; the plan starts again at its end. Empty: nothing fails. */
export function lossyCache(cache: MemoryCache, plan: readonly CacheFault[]): MemoryCache {
  const belated = new Set<Promise<void>>();
  let callIndex = 0;
  const nextFault = (): CacheFault => plan[callIndex++ % plan.length] ?? 'none';

  async function read<T>(work: () => Promise<T>, forget: (found: T) => T): Promise<T> {
    const fault = nextFault();
    if (fault === 'throw') throw injected('cache');
    if (fault === 'slow') await turns(SLOW_TURNS);
    const found = await work();
    if (fault === 'throwAfter') throw injected('cache');
    if (fault === 'late') await turns(LATE_TURNS);
    return fault === 'forget' ? forget(found) : found;
  }

  async function write(work: () => Promise<void>): Promise<void> {
    const fault = nextFault();
    if (fault === 'forget') return;
    if (fault === 'throw') throw injected('cache');
    if (fault === 'late') {
      // Nobody waits for it, so nobody hears of its failure either.
      const later: Promise<void> = turns(LATE_TURNS)
        .then(work)
        .catch(() => undefined)
        .finally(() => belated.delete(later));
      belated.add(later);
      return;
    }
    if (fault === 'slow') await turns(SLOW_TURNS);
    await work();
    if (fault === 'throwAfter') throw injected('cache');
  }

  return {
    name: `lossy ${cache.name}`,

    async get<K extends Kind>(kind: K, ids: readonly string[]): Promise<CacheRead<K> | undefined> {
      return read(
        () => cache.get(kind, ids),
        (found) => found && { at: found.at, values: ids.map(() => undefined) },
      );
    },

    getBlock(key) {
      return read<Block | undefined>(
        () => cache.getBlock(key),
        () => undefined,
      );
    },

    set: (kind, values, at) => write(() => cache.set(kind, values, at)),
    move: (step) => write(() => cache.move(step)),
    setBlock: (key, block) => write(() => cache.setBlock(key, block)),

    async close() {
      await Promise.all(belated);
      await cache.close();
    },
  };
}

const SLOW_TURNS = 1;
const LATE_TURNS = 3;

/** Lets everything that is ready run, `count` times. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export interface StoreFault {
  /** `match` is that of the text index, `terms` too. A read that is dated counts like one that is not. */
  readonly verb: (typeof STORE_VERBS)[number];
  /** Which call of that verb fails: 1 is the first. */
  readonly call: number;
  /**
   * `before`: nothing was done. `after`: it took effect, but the caller hears of a failure all the same. `during`: a
   * scan breaks behind its first item; what has no middle does not fail.
   */
  readonly when: 'before' | 'during' | 'after';
}

export const STORE_VERBS = ['getMany', 'scan', 'write', 'changes', 'match', 'terms'] as const;

/** `store`, failing with a retryable `STORE_UNAVAILABLE` where a fault says so. */
export function faultyStore(store: MemoryStore, faults: readonly StoreFault[]): MemoryStore {
  const { text, dated } = store;
  const calls = { getMany: 0, scan: 0, write: 0, changes: 0, match: 0, terms: 0 };

  function begin(verb: StoreFault['verb']): (when: StoreFault['when']) => void {
    calls[verb] += 1;
    const call = calls[verb];
    return (when) => {
      if (faults.some((fault) => fault.verb === verb && fault.call === call && fault.when === when)) {
        throw injected(`store (${verb} ${call}, ${when})`);
      }
    };
  }

  async function around<T>(verb: StoreFault['verb'], work: () => Promise<T>): Promise<T> {
    const failWhere = begin(verb);
    failWhere('before');
    const result = await work();
    failWhere('after');
    return result;
  }

  return {
    name: `faulty ${store.name}`,
    getMany: (kind, ids, call) => around('getMany', () => store.getMany(kind, ids, call)),
    async *scan(kind, filter, call) {
      const failWhere = begin('scan');
      failWhere('before');
      for await (const item of store.scan(kind, filter, call)) {
        yield item;
        failWhere('during');
      }
      failWhere('after');
    },
    write: (batch, call) => around('write', () => store.write(batch, call)),
    changes: (since, call) => around('changes', () => store.changes(since, call)),
    ...(text && {
      text: {
        match: (query, call) => around('match', () => text.match(query, call)),
        terms: (kind, ids, call) => around('terms', () => text.terms(kind, ids, call)),
      },
    }),
    ...(dated && { dated: faultyReads(dated, around) }),
    close: () => store.close(),
  };
}

type Around = <T>(verb: StoreFault['verb'], work: () => Promise<T>) => Promise<T>;

function faultyReads({ getMany, match }: DatedReads, around: Around): DatedReads {
  return {
    getMany: (asked, call) => around('getMany', () => getMany(asked, call)),
    ...(match && { match: (query, call) => around('match', () => match(query, call)) }),
  };
}

function injected(what: string): MemoryError {
  return new MemoryError('STORE_UNAVAILABLE', `The ${what} was told to fail here; try again.`, { retryable: true });
}
