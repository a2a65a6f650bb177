// What a cache must do: little, because it may forget anything at any time. `cacheSuite` in test-utils says it as tests.
import type { Entities, Kind } from './store.ts';

/**
 * A place in the journal of one store. The number alone is not enough: a database that was put back to an older copy
 * and then written gives the same numbers to other changes. The stamp tells such histories apart.
 */
export interface Position {
  readonly seq: number;
  /** Says which change has this number; empty at 0. Made by who reads the store; a cache only compares it. */
  readonly stamp: string;
}

/**
 * Copies of entities as they stood at a position of the store's journal, and blocks of bytes.
 *
 * The one law: a value that `get` returns is what the store held at the position returned beside it. Who reads it asks
 * the store whether that position is still part of its history and what changed since, and so is never wrong, whatever
 * the cache lost, delayed or was told by others.
 */
export interface MemoryCache {
  readonly name: string;

  /**
   * The values that are at hand, in the order of the ids, and the position at which they all are true. Nothing while
   * the cache cannot tell where it stands, as one that is not ready yet; it is then not worth telling anything either.
   */
  get<K extends Kind>(kind: K, ids: readonly string[]): Promise<CacheRead<K> | undefined>;

  /** Keeps values that the store held at `at`. Dropped in silence when the cache stands elsewhere. */
  set<K extends Kind>(kind: K, values: readonly Entities[K][], at: Position): Promise<void>;

  /** Moves from one position to another, forwards or backwards. Does nothing when the cache does not stand at `from`. */
  move(step: CacheMove): Promise<void>;

  /** The block under `key`, or nothing. It stays until it is replaced or forgotten: `move` does not touch it. */
  getBlock(key: string): Promise<Block | undefined>;

  /** Keeps a block in place of the one under `key`. The caller may not change the bytes until this resolves. */
  setBlock(key: string, block: Block): Promise<void>;

  /** Idempotent. */
  close(): Promise<void>;
}

/** What was at hand, and the position at which all of it is true. */
export interface CacheRead<K extends Kind> {
  readonly at: Position;
  readonly values: readonly (Entities[K] | undefined)[];
}

/** From where to where the journal went, and what changed on the way. */
export interface CacheMove {
  readonly from: Position;
  readonly to: Position;
  /** All that changed between the two. Left out: that is not known, and every value is dropped. */
  readonly changed?: readonly { readonly kind: Kind; readonly id: string }[] | undefined;
}

/** Bytes whose meaning their owner knows: a packed index, an embedding, the answer to a query. */
export interface Block {
  /** By which its owner tells whether the bytes still count, as a position or the name of a model. At most 1,000 characters. */
  readonly mark: string;
  readonly bytes: Uint8Array;
}
