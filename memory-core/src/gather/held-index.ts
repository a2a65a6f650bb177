// The index that a process holds: where it comes from, where it stands, and when it is kept in the cache.
import type { Logger } from '../ports/runtime.ts';
import type { JournalEntry, MemoryStore } from '../ports/store.ts';
import { type ChangePage, pageOfChanges, START } from '../stores/journal-position.ts';
import type { ExperienceIndex } from './experience-index.ts';
import type { IndexInCache } from './index-in-cache.ts';
import { followedIndex, type IndexAt, newIndex } from './index-making.ts';

export interface HeldIndex {
  /** The index as it is, and how many entries of the journal it does not know; without one, all. */
  look(): Promise<{ readonly behind: number; readonly index: ExperienceIndex | undefined }>;
  /** Makes what there is not, and follows the journal to its end. */
  bringUp(): Promise<ExperienceIndex>;
  /** Episodes read since the last index was begun. */
  episodesRead(): number;
  emptyCache(): Promise<void>;
  /** Keeps in the cache what is worth it. */
  close(): Promise<void>;
}

export interface HeldIndexSetup {
  readonly store: MemoryStore;
  /** Whose vectors are in it. */
  readonly model: string | undefined;
  readonly kept: IndexInCache | undefined;
  /** Ends what runs. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

export function heldIndex(setup: HeldIndexSetup): HeldIndex {
  const { store, model, kept, signal } = setup;
  const keeping = keepingOf(setup);
  let held: IndexAt | undefined;
  let hasLoaded = false;
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

  /** Given up, and perhaps still being searched by who asked before. */
  let dropped: ExperienceIndex | undefined;

  async function drop(): Promise<void> {
    const before = dropped;
    dropped = held?.index;
    held = undefined;
    await before?.close();
  }

  return {
    async look() {
      if (!hasLoaded) {
        hasLoaded = true;
        held = await kept?.load(store, { signal });
        keeping.loaded(held);
      }
      for (;;) {
        seen = await pageOfChanges(store, held?.at ?? START, { signal });
        if (seen !== undefined) {
          keeping.noticed(seen);
          return { behind: seen.newestSeq - (held?.at.seq ?? 0), index: held?.index };
        }
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
          await keeping.saveAfter(SAVED_AFTER_CHANGES, held);
          return held.index;
        }
        await drop();
      }
    },
    episodesRead: () => episodesRead,
    emptyCache: keeping.empty,
    async close() {
      if (held !== undefined) await keeping.saveAtClose(held);
      await drop();
      await drop();
    },
  };
}

/** Entries of the journal by which what is in the cache may be behind: following them costs less than writing it. */
const SAVED_AFTER_CHANGES = 1_000;
const SAVED_AT_CLOSE_AFTER_CHANGES = 100;

interface Keeping {
  loaded(index: IndexAt | undefined): void;
  noticed(page: ChangePage): void;
  saveAfter(changes: number, index: IndexAt): Promise<void>;
  /** An index that is behind may hold what was forgotten: at the end it is kept as the store stands, or not at all. */
  saveAtClose(index: IndexAt): Promise<void>;
  empty(): Promise<void>;
}

/** When an index is kept in the cache, so that nothing stays there that was forgotten, by whichever process. */
function keepingOf({ store, model, kept, logger }: HeldIndexSetup): Keeping {
  let savedSeq = 0;

  async function empty(): Promise<void> {
    await kept?.clear();
    savedSeq = 0;
  }

  async function saveAfter(changes: number, index: IndexAt): Promise<void> {
    if (kept === undefined || index.at.seq - savedSeq < changes) return;
    await kept.save(index);
    savedSeq = index.at.seq;
    // Whoever forgot something meanwhile has emptied what was kept before, and this may hold it again.
    const page = await pageOfChanges(store, index.at);
    if (page === undefined || page.newestSeq > page.to.seq || page.changed.some(isForgetting)) await empty();
  }

  function noticed({ changed, to }: ChangePage): void {
    // Whoever forgot has emptied what was kept: at the end it is worth keeping anew.
    if (changed.some(isForgetting)) savedSeq = Math.min(savedSeq, to.seq - SAVED_AT_CLOSE_AFTER_CHANGES);
  }

  return {
    saveAfter,
    empty,
    noticed,
    loaded(index) {
      savedSeq = index?.at.seq ?? 0;
    },
    async saveAtClose(index) {
      if (kept === undefined) return;
      try {
        const first = await pageOfChanges(store, index.at);
        if (first === undefined || first.newestSeq > first.to.seq) return;
        noticed(first);
        if (first.to.seq - savedSeq < SAVED_AT_CLOSE_AFTER_CHANGES) return;
        const followed = await followedIndex(store, index, { model, first });
        if (followed !== undefined) await saveAfter(0, followed);
      } catch (error) {
        logger.debug({ error: String(error) }, 'the index could not be kept: the store does not say what is new');
      }
    },
  };
}

function isForgetting({ kind, op }: JournalEntry): boolean {
  return kind === 'episode' && op === 'delete';
}
