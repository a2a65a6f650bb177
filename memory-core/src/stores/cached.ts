// A store with a cache in front of its reads by id and of its text index. The cache may forget, lag or fail: the
// journal tells what of it is still true, so it changes how long a read takes and never what it answers.
import { createHash } from 'node:crypto';
import type { MemoryCache, Position } from '../ports/cache.ts';
import { type Logger, silentLogger } from '../ports/runtime.ts';
import type {
  CallOptions,
  Entities,
  IndexedKind,
  Kind,
  MemoryStore,
  TextIndex,
  TextMatches,
  TextQuery,
} from '../ports/store.ts';
import { type PlacedReads, placedReads } from './dated-reads.ts';
import { positionText, readPosition, type Since, since } from './journal-position.ts';

/** Who is told when the cache fails. */
export interface CachedStoreOptions {
  /** Told of a failing cache: the first time as a warning, then at `debug`. @default silentLogger */
  readonly logger?: Logger;
}

/**
 * `store`, with `cache` asked first in `getMany` and `text.match`; all else goes to the store as it is.
 *
 * The answer is what the store alone would give, also after its database was put back to an older copy. A cache that
 * throws counts as one that has nothing; errors of the store are passed on. The values of one call may stand on either
 * side of a write that ran meanwhile. Closing it closes both.
 */
export function cachedStore(store: MemoryStore, cache: MemoryCache, options: CachedStoreOptions = {}): MemoryStore {
  const attempt = attemptWith(options.logger ?? silentLogger);
  const reads = placedReads(store);

  /** Asks the store for these, and what happened since `from`; the cache is told both. */
  async function fetched<K extends Kind>(
    asked: { readonly kind: K; readonly ids: readonly string[]; readonly from: Position },
    call: CallOptions | undefined,
  ): Promise<{ readonly values: readonly (Entities[K] | undefined)[]; readonly now: Since | undefined }> {
    const { answer, at, now } = await reads.getMany(asked, call);
    if (now !== undefined && now.changed?.length !== 0) {
      await attempt('move', () => cache.move({ from: asked.from, ...now }));
    }
    const found = answer.filter((value) => value !== undefined);
    if (found.length > 0 && at !== undefined) await attempt('set', () => cache.set(asked.kind, found, at));
    return { values: answer, now };
  }

  async function getMany<K extends Kind>(
    kind: K,
    ids: readonly string[],
    call?: CallOptions,
  ): Promise<readonly (Entities[K] | undefined)[]> {
    if (!IS_CACHED[kind] || ids.length === 0) return store.getMany(kind, ids, call);
    const read = await attempt('get', () => cache.get(kind, ids));
    if (read === undefined) return store.getMany(kind, ids, call);
    const missing = ids.filter((_, index) => read.values[index] === undefined);
    const { values, now } = await fetched({ kind, ids: missing, from: read.at }, call);
    const isStale = changeIn(kind, now);
    const stale = ids.filter((id, index) => read.values[index] !== undefined && isStale(id));
    const from = now?.to ?? read.at;
    const renewed = stale.length === 0 ? [] : (await fetched({ kind, ids: stale, from }, call)).values;
    let nextMissing = 0;
    let nextStale = 0;
    return read.values.map((held) => {
      if (held === undefined) return values[nextMissing++];
      return isStale(held.id) ? renewed[nextStale++] : held;
    });
  }

  return {
    name: store.name,
    getMany,
    scan: (kind, filter, call) => store.scan(kind, filter, call),
    write: (batch, call) => store.write(batch, call),
    changes: (from, call) => store.changes(from, call),
    ...(store.text === undefined ? {} : { text: cachedText(store, store.text, { cache, attempt, reads }) }),
    async close() {
      try {
        await store.close();
      } finally {
        await attempt('close', () => cache.close());
      }
    },
  };
}

/**
 * Steps, evidence and embeddings are not kept: deleting an episode deletes them too, without an entry of their own in
 * the journal, and they are read by `scan` anyway, as kinds of task are. The row of a model changes with whoever reads it.
 */
const IS_CACHED: Readonly<Record<Kind, boolean>> = {
  episode: true,
  step: false,
  pattern: true,
  evidence: false,
  baseline: true,
  cluster: false,
  recommendation: true,
  tombstone: true,
  embedding: false,
  model: false,
};

/** Whether an entity of this kind may have changed meanwhile. */
function changeIn(kind: Kind, now: Since | undefined): (id: string) => boolean {
  if (now?.changed === undefined) return () => true;
  const changed = new Set(now.changed.filter((entry) => entry.kind === kind).map((entry) => entry.id));
  return (id) => changed.has(id);
}

/** Rises whenever the same question to the same store may have another answer, as with other ranking. */
const MATCH_FORMAT = 1;

/** `text`, with answers kept as blocks. One stays true until something of the kind that was asked for changes. */
function cachedText(
  store: MemoryStore,
  text: TextIndex,
  { cache, attempt, reads }: { readonly cache: MemoryCache; readonly attempt: Attempt; readonly reads: PlacedReads },
): TextIndex {
  return {
    terms: (kind, ids, call) => text.terms(kind, ids, call),
    async match<K extends IndexedKind>(query: TextQuery<K>, call?: CallOptions): Promise<TextMatches> {
      const key = `match-${createHash('sha256')
        .update(JSON.stringify([MATCH_FORMAT, store.name, query]))
        .digest('hex')}`;
      const block = await attempt('getBlock', () => cache.getBlock(key));
      const from = block && readPosition(block.mark);
      const now = from && (await since(store, from, call));
      const isTrue = now?.changed?.every(({ kind }) => kind !== query.kind) ?? false;
      // `match` alone sets such blocks, and a cache gives back the bytes that it was given.
      if (block && isTrue) return JSON.parse(Buffer.from(block.bytes).toString()) as TextMatches;

      const { answer, at } = await reads.match({ text, query, near: now?.to }, call);
      if (at !== undefined) {
        const bytes = Buffer.from(JSON.stringify(answer));
        await attempt('setBlock', () => cache.setBlock(key, { mark: positionText(at), bytes }));
      }
      return answer;
    },
  };
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
