// Who has the index of the memory: makes it when it is first asked for, brings it up to the store before each answer,
// and leaves it in the cache for the next start.
import { throwIfAborted } from '../errors.ts';
import type { MemoryCache } from '../ports/cache.ts';
import type { Logger } from '../ports/runtime.ts';
import type { CallOptions, JournalEntry, MemoryStore } from '../ports/store.ts';
import { type ChangesPage, pageOfChanges, START } from '../stores/journal-position.ts';
import type { ExperienceIndex } from './experience-index.ts';
import { forgiving, indexInCache } from './index-in-cache.ts';
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
  const call = { signal: stop.signal };
  let held: IndexAt | undefined;
  let hasLoaded = false;
  let savedSeq = 0;
  let making: { readonly done: Promise<void>; episodesRead: number } | undefined;
  // A run that has not begun is shared: what anybody wrote before it begins is in its answer.
  let next: Promise<ExperienceIndex | undefined> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function broughtUp(): Promise<ExperienceIndex | undefined> {
    next = undefined;
    if (making !== undefined) return undefined;
    if (!hasLoaded) {
      hasLoaded = true;
      held = await kept?.load(store, call);
      savedSeq = held?.at.seq ?? 0;
    }
    const from = held?.at ?? START;
    const page = await pageOfChanges(store, from, call);
    if (held !== undefined && page?.changed.length === 0) return held.index;
    if (page !== undefined) noteForgetting(page);
    if (page === undefined || page.newestSeq - from.seq > maxAwaitedChanges) {
      makeInBackground();
      return undefined;
    }
    await bring(page);
    return held?.index;
  }

  /** Makes what there is not, and follows the journal to its end. `first`: what it says behind what is held. */
  async function bring(first?: ChangesPage): Promise<void> {
    const before = held;
    // What fails half-way is not half an index: it is made anew.
    held = undefined;
    const onRead = (episodes: number): void => {
      if (making !== undefined) making.episodesRead += episodes;
    };
    const begun = before ?? (await newIndex(store, { model, onRead, ...call }));
    const followed = await followedIndex(store, begun, { model, onRead, first: before && first, ...call });
    if (followed === undefined) {
      await begun.index.close();
      return bring();
    }
    held = followed;
    if (followed.at.seq - savedSeq >= SAVED_AFTER_CHANGES) await save(followed);
  }

  function makeInBackground(): void {
    const begun = { done: Promise.resolve(), episodesRead: 0 };
    making = begun;
    begun.done = bring()
      .catch((error: unknown) => {
        // The next question begins anew; until then the text index of the store answers.
        if (!stop.signal.aborted) logger.warn({ error }, 'the index of the memory could not be made');
      })
      .finally(() => {
        making = undefined;
      });
  }

  async function save(index: IndexAt): Promise<void> {
    if (kept === undefined || index.at.seq === savedSeq) return;
    await kept.save(index);
    savedSeq = index.at.seq;
    // Whoever forgot something before that has emptied what was kept then, and this may hold it again.
    const page = await pageOfChanges(store, index.at);
    if (page === undefined || page.newestSeq > page.to.seq || page.changed.some(isForgetting)) await forgotten();
  }

  /** Whoever forgot has emptied what was kept, or meant to: at the end it is worth keeping anew. */
  function noteForgetting({ changed, to }: ChangesPage): void {
    if (changed.some(isForgetting)) savedSeq = Math.min(savedSeq, to.seq - SAVED_AT_CLOSE_AFTER_CHANGES);
  }

  async function forgotten(): Promise<void> {
    await kept?.clear();
    savedSeq = 0;
  }

  /** At the end: an index that is behind may hold what was forgotten meanwhile, so it is not kept as it is. */
  async function saveWhatIsNew(index: IndexAt): Promise<void> {
    if (kept === undefined) return;
    try {
      const page = await pageOfChanges(store, index.at);
      if (page === undefined || page.newestSeq > page.to.seq) return;
      noteForgetting(page);
      if (page.to.seq - savedSeq < SAVED_AT_CLOSE_AFTER_CHANGES) return;
      const followed = await followedIndex(store, index, { model, first: page });
      if (followed !== undefined) await save(followed);
    } catch (error) {
      logger.debug({ error: String(error) }, 'the index could not be kept: the store does not say what is new');
    }
  }

  async function current(asked: CallOptions): Promise<ExperienceIndex | undefined> {
    if (next === undefined) {
      next = last.then(broughtUp);
      last = next.catch(() => undefined);
    }
    const index = await next;
    throwIfAborted(asked.signal);
    return index;
  }

  return {
    current,
    async ready(asked) {
      for (;;) {
        const index = await current(asked);
        if (index !== undefined) return index;
        await making?.done;
      }
    },
    episodesRead: () => making?.episodesRead,
    forgotten,
    async close() {
      stop.abort();
      await Promise.allSettled([last, making?.done]);
      if (held === undefined) return;
      const index = held;
      held = undefined;
      await saveWhatIsNew(index);
      await index.index.close();
    },
  };
}

function isForgetting({ kind, op }: JournalEntry): boolean {
  return kind === 'episode' && op === 'delete';
}
