// What a cache must do: little, because it may forget anything at any time. `cacheSuite` in test-utils says it as tests.
import type { Entities, Kind } from './store.ts';

/**
 * Copies of entities as they stood at a sequence number of the store's journal.
 *
 * The one law: a value that `get` returns is what the store held at the `seq` returned beside it, unless its id is among
 * the changes behind that number. Who reads it asks the store for those changes, and so is never wrong, whatever the
 * cache lost, delayed or was told by others.
 */
export interface MemoryCache {
  readonly name: string;

  /** The values that are at hand, in the order of the ids, and the sequence number at which they all are true. */
  get<K extends Kind>(kind: K, ids: readonly string[]): Promise<CacheRead<K>>;

  /**
   * Keeps values that were read from the store when its newest sequence number was at least `seq`. Dropped in silence
   * when the cache stands elsewhere: past `seq`, one of them may have changed in between; before it, the numbers may be
   * those of another store.
   */
  set<K extends Kind>(kind: K, values: readonly Entities[K][], seq: number): Promise<void>;

  /**
   * Drops what changed up to `seq` and moves there. Moving backwards does nothing.
   * `changed` are the journal's entries up to `seq`, all of them: the journal has no gaps, so their count says where
   * they begin, and a cache that stands before that drops everything.
   */
  advance(changed: readonly { readonly kind: Kind; readonly id: string }[], seq: number): Promise<void>;

  /** Drops everything and moves to `seq`, forwards or backwards. */
  clear(seq: number): Promise<void>;

  /** Idempotent. */
  close(): Promise<void>;
}

export interface CacheRead<K extends Kind> {
  readonly seq: number;
  readonly values: readonly (Entities[K] | undefined)[];
}
