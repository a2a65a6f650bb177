// Who has the index of the memory: makes it when it is first asked for, brings it up to the store before each answer,
// and leaves it in the cache for the next start.
import { throwIfAborted } from '../errors.ts';
import type { MemoryCache } from '../ports/cache.ts';
import type { Logger } from '../ports/runtime.ts';
import type { CallOptions, JournalEntry, MemoryStore } from '../ports/store.ts';
import { type ChangePage, pageOfChanges, START } from '../stores/journal-position.ts';
import type { ExperienceIndex } from './experience-index.ts';
import { forgiving, type IndexInCache, indexInCache } from './index-in-cache.ts';
import { followedIndex, type IndexAt, newIndex } from './index-making.ts';

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
/** Entries of the journal by which what is in the cache may be behind: following them costs less than writing it. */
const SAVED_AFTER_CHANGES = 1_000;
const SAVED_AT_CLOSE_AFTER_CHANGES = 100;

/** Keeps the index of `store`. Does nothing until it is asked. */
export function indexKeeper(options: IndexKeeperOptions): IndexKeeper {
  const { store, model, logger, maxAwaitedChanges = MAX_AWAITED_CHANGES } = options;
  const kept = options.cache === undefined ? undefined : forgiving(indexInCache(options.cache, model), logger);
  const stop = new AbortController();
  const holder = indexHolder({ store, model, kept, signal: stop.signal, logger });
  const runs = sharedRuns(broughtUp);
  let making: Promise<void> | undefined;

  async function broughtUp(): Promise<ExperienceIndex | undefined> {
    if (making !== undefined) return undefined;
    const { behind, index } = await holder.look();
    if (behind === 0 && index !== undefined) return index;
    if (behind <= maxAwaitedChanges) return holder.bringUp();
    making = holder
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
    const index = await runs.next();
    throwIfAborted(asked.signal);
    return index;
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
    episodesRead: () => (making === undefined ? undefined : holder.episodesRead()),
    forgotten: () => runs.behind(holder.emptyCache),
    async close() {
      stop.abort();
      await runs.settled();
      await making;
      await holder.close();
    },
  };
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

interface IndexHolder {
  /** The index as it is, and how many entries of the journal it does not know; without one, all. */
  look(): Promise<{ readonly behind: number; readonly index: ExperienceIndex | undefined }>;
  /** Makes what there is not, and follows the journal to its end. */
  bringUp(): Promise<ExperienceIndex>;
  /** Episodes read since the last index was begun. */
  episodesRead(): number;
  emptyCache(): Promise<void>;
  close(): Promise<void>;
}

interface HolderSetup {
  readonly store: MemoryStore;
  readonly model: string | undefined;
  readonly kept: IndexInCache | undefined;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

function indexHolder({ store, model, kept, signal, logger }: HolderSetup): IndexHolder {
  let held: IndexAt | undefined;
  let hasLoaded = false;
  let savedSeq = 0;
  let episodesRead = 0;
  /** What was seen of the journal behind the index that is held. */
  let seen: ChangePage | undefined;
  const making = {
    model,
    signal,
    onRead: (episodes: number) => {
      episodesRead += episodes;
    },
  };

  async function emptyCache(): Promise<void> {
    await kept?.clear();
    savedSeq = 0;
  }

  async function saveAfter(changes: number): Promise<void> {
    if (kept === undefined || held === undefined || held.at.seq - savedSeq < changes) return;
    await kept.save(held);
    savedSeq = held.at.seq;
    // Whoever forgot something meanwhile has emptied what was kept before, and this may hold it again.
    const page = await pageOfChanges(store, held.at);
    if (page === undefined || page.newestSeq > page.to.seq || page.changed.some(isForgetting)) await emptyCache();
  }

  /** An index that is behind may hold what was forgotten: at the end it is kept as the store stands, or not at all. */
  async function saveAtClose(): Promise<void> {
    if (kept === undefined || held === undefined || held.at.seq - savedSeq < SAVED_AT_CLOSE_AFTER_CHANGES) return;
    const page = await pageOfChanges(store, held.at);
    if (page === undefined || page.newestSeq > page.to.seq) return;
    held = await followedIndex(store, held, { model, first: page });
    await saveAfter(0);
  }

  async function drop(): Promise<void> {
    const { index } = held ?? {};
    held = undefined;
    await index?.close();
  }

  return {
    async look() {
      if (!hasLoaded) {
        hasLoaded = true;
        held = await kept?.load(store, { signal });
        savedSeq = held?.at.seq ?? 0;
      }
      for (;;) {
        seen = await pageOfChanges(store, held?.at ?? START, { signal });
        // Whoever forgot has emptied what was kept: at the end it is worth keeping anew.
        if (seen?.changed.some(isForgetting)) savedSeq = Math.min(savedSeq, seen.to.seq - SAVED_AT_CLOSE_AFTER_CHANGES);
        if (seen !== undefined) return { behind: seen.newestSeq - (held?.at.seq ?? 0), index: held?.index };
        // Of another history: the database was put back to an older copy.
        await drop();
      }
    },
    async bringUp() {
      for (;;) {
        const isNew = held === undefined;
        if (isNew) episodesRead = 0;
        held ??= await newIndex(store, making);
        // What fails on the way is followed again from where it began: reading a change twice is the same as once.
        const followed = await followedIndex(store, held, { ...making, first: isNew ? undefined : seen });
        seen = undefined;
        if (followed !== undefined) {
          held = followed;
          await saveAfter(SAVED_AFTER_CHANGES);
          return held.index;
        }
        await drop();
      }
    },
    episodesRead: () => episodesRead,
    emptyCache,
    async close() {
      const { index } = held ?? {};
      try {
        await saveAtClose();
      } catch (error) {
        logger.debug({ error: String(error) }, 'the index could not be kept: the store does not say what is new');
      }
      held = undefined;
      await index?.close();
    },
  };
}

function isForgetting({ kind, op }: JournalEntry): boolean {
  return kind === 'episode' && op === 'delete';
}
