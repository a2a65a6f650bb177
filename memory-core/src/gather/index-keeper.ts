// Who has the index of the memory: makes it when it is first asked for, brings it up to the store before each answer,
// and leaves it in the cache for the next start.
import { throwIfAborted } from '../errors.ts';
import type { MemoryCache } from '../ports/cache.ts';
import type { Logger } from '../ports/runtime.ts';
import type { CallOptions, MemoryStore } from '../ports/store.ts';
import type { ExperienceIndex } from './experience-index.ts';
import { heldIndex } from './held-index.ts';
import { forgiving, indexInCache } from './index-in-cache.ts';

export interface IndexKeeperOptions {
  readonly store: MemoryStore;
  /** Whose vectors are in it; without one there are none. */
  readonly model?: string | undefined;
  /** Where it is kept between starts. */
  readonly cache?: MemoryCache | undefined;
  readonly logger: Logger;
  /** Entries of the journal that a question waits for; with more, the index is made in the background. @default 5_000 */
  readonly maxAwaitedChanges?: number | undefined;
}

export interface IndexKeeper {
  /** The index as the store stands now, or `undefined` while it is being made. Rejects as the store does. */
  current(options: CallOptions): Promise<ExperienceIndex | undefined>;
  /** The same, however long it takes. */
  ready(options: CallOptions): Promise<ExperienceIndex>;
  /** Episodes read so far for an index that is being made; `undefined` while none is. */
  episodesRead(): number | undefined;
  /** Something was forgotten: nothing of it may stay in the cache. */
  forgotten(): Promise<void>;
  /** Stops what runs, and keeps in the cache what is worth it. Idempotent. */
  close(): Promise<void>;
}

const MAX_AWAITED_CHANGES = 5_000;

/** Keeps the index of `store`. Does nothing until it is asked. */
export function indexKeeper(options: IndexKeeperOptions): IndexKeeper {
  const { store, model, logger, maxAwaitedChanges = MAX_AWAITED_CHANGES } = options;
  const kept = options.cache === undefined ? undefined : forgiving(indexInCache(options.cache, model), logger);
  const stop = new AbortController();
  const held = heldIndex({ store, model, kept, signal: stop.signal, logger });
  const runs = sharedRuns(broughtUp);
  let making: Promise<void> | undefined;

  async function broughtUp(): Promise<ExperienceIndex | undefined> {
    if (making !== undefined) return undefined;
    const { behind, index } = await held.look();
    if (behind === 0 && index !== undefined) return index;
    if (behind <= maxAwaitedChanges) return held.bringUp();
    making = held
      .bringUp()
      .then(() => undefined)
      .catch((error: unknown) => {
        // The next question begins anew; until then the text index of the store answers.
        if (!stop.signal.aborted) logger.warn({ error }, 'the index of the memory could not be made');
      })
      .finally(() => {
        making = undefined;
      });
    return undefined;
  }

  async function current(asked: CallOptions): Promise<ExperienceIndex | undefined> {
    throwIfAborted(asked.signal);
    return unlessAborted(runs.next(), asked.signal);
  }

  return {
    current,
    async ready(asked) {
      for (;;) {
        const index = await current(asked);
        if (index !== undefined) return index;
        await making;
      }
    },
    episodesRead: () => (making === undefined ? undefined : held.episodesRead()),
    forgotten: () => runs.behind(held.emptyCache),
    async close() {
      stop.abort();
      await runs.settled();
      await making;
      await held.close();
    },
  };
}

/** Work that is shared goes on for the others; who gives up does not wait for it. */
async function unlessAborted<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return shared;
  const listening = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: listening.signal });
  });
  try {
    await Promise.race([shared, aborted]);
    throwIfAborted(signal);
    return await shared;
  } finally {
    listening.abort();
  }
}

interface SharedRuns<T> {
  /** The answer of a run that begins from now on: what anybody wrote before is in it. */
  next(): Promise<T>;
  /** Does `work` when no run is under way. */
  behind(work: () => Promise<void>): Promise<void>;
  settled(): Promise<void>;
}

/** One run at a time; one that has not begun is shared by all who ask for it. */
function sharedRuns<T>(run: () => Promise<T>): SharedRuns<T> {
  let next: Promise<T> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return {
    next() {
      if (next === undefined) {
        next = last.then(() => {
          next = undefined;
          return run();
        });
        last = next.catch(() => undefined);
      }
      return next;
    },
    behind(work) {
      const done = last.then(work);
      last = done.catch(() => undefined);
      return done;
    },
    async settled() {
      await last;
    },
  };
}
