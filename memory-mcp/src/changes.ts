// What changes in the memory, by this process or another, for those who asked to be told. The journal of the store
// says it: what this process wrote is looked up soon, what others wrote at intervals.
import type { JournalEntry, Logger, MemoryStore } from '@episodica/memory-core/ports';

/** Something that was stored, changed or taken away. */
export interface MemoryChange {
  readonly kind: 'episode' | 'pattern';
  readonly id: string;
  /** Of an episode: it got steps, and is itself as it was. */
  readonly onlySteps: boolean;
}

/** Where one is told of changes. */
export interface Changes {
  /** Tells `listener` of what changes from now on, until the answer is called. Nothing is asked of the store while nobody listens. */
  subscribe(listener: ChangeListener): () => void;
  /** Resolves when it is known from where on those who listen are told; also where the store does not say. */
  settled(): Promise<void>;
}

/** Told each change once in a call, at most 1,000 of them. */
export type ChangeListener = (changed: readonly MemoryChange[]) => void;

/** What changes are read from. */
export interface Journal extends Pick<MemoryStore, 'changes' | 'getMany'> {
  /** Calls `listener` behind each write that was made through here, until the answer is called. */
  onWrite(listener: () => void): () => void;
}

/** `store`, which tells of what is written through it. */
export function watchedStore(store: MemoryStore): MemoryStore & Journal {
  const listeners = new Set<() => void>();
  return {
    name: store.name,
    getMany: (kind, ids, call) => store.getMany(kind, ids, call),
    scan: (kind, filter, call) => store.scan(kind, filter, call),
    async write(batch, call) {
      const receipt = await store.write(batch, call);
      for (const listener of listeners) listener();
      return receipt;
    },
    changes: (from, call) => store.changes(from, call),
    ...(store.text === undefined ? {} : { text: store.text }),
    ...(store.dated === undefined ? {} : { dated: store.dated }),
    close: () => store.close(),
    onWrite(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Where changes are looked for, and how often. */
export interface JournalChangesOptions {
  /** Asked while somebody listens; `undefined` where there is no journal: nobody is told anything then. */
  journal(): Promise<Journal | undefined>;
  readonly logger: Logger;
  /** How long what others wrote may go unnoticed. @default 1_000 */
  readonly pollMs?: number | undefined;
}

const POLL_MS = 1_000;
/** What this process writes within so long is looked up at once: a look for each of many steps would be half their cost. */
const GATHER_MS = 20;
/** Entries that are read, and told, at once. */
const PAGE_ENTRIES = 1_000;
/** Steps that are read at once: the largest take 128 kB each. */
const STEPS_AT_ONCE = 50;

/** Follows the journal while somebody listens. `close` ends that. */
export function journalChanges(options: JournalChangesOptions): Changes & { close(): void } {
  const listeners = new Set<{ readonly tell: ChangeListener }>();
  let watch: Watch | undefined;
  let isClosed = false;

  function tell(changed: readonly MemoryChange[]): void {
    for (const listener of [...listeners]) {
      try {
        listener.tell(changed);
      } catch (error) {
        // One who fails does not keep the others from hearing it.
        options.logger.error({ error }, 'a listener of changes failed');
      }
    }
  }

  return {
    subscribe(listener) {
      const entry = { tell: listener };
      listeners.add(entry);
      if (!isClosed) watch ??= watchOf(options, tell);
      return () => {
        listeners.delete(entry);
        if (listeners.size > 0) return;
        watch?.stop();
        watch = undefined;
      };
    },
    settled: async () => watch?.settled(),
    close() {
      isClosed = true;
      watch?.stop();
      watch = undefined;
    },
  };
}

/** The journal being followed, from the moment of its making on. */
interface Watch {
  /** Resolves behind the look that is under way. */
  settled(): Promise<void>;
  stop(): void;
}

function watchOf({ journal, logger, pollMs = POLL_MS }: JournalChangesOptions, tell: ChangeListener): Watch {
  /** The last entry that was told, or that was there before. */
  let at: number | undefined;
  let isStopped = false;
  /** This process wrote since the last look began. */
  let isWritten = false;
  let isFailing = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ignoreWrites: (() => void) | undefined;

  async function follow(): Promise<void> {
    const read = await journal();
    if (read === undefined || isStopped) return;
    ignoreWrites ??= read.onWrite(wrote);
    at ??= (await read.changes(Number.MAX_SAFE_INTEGER, { limit: 1 })).seq;
    for (let isMore = true; isMore && !isStopped; ) {
      const { entries, seq } = await read.changes(at, { limit: PAGE_ENTRIES });
      const changed = await changesIn(entries, read);
      if (changed.length > 0 && !isStopped) tell(changed);
      // A database that was put back to an older copy goes on from there.
      at = entries.at(-1)?.seq ?? seq;
      isMore = at < seq;
    }
  }

  async function run(): Promise<void> {
    isWritten = false;
    try {
      await follow();
      isFailing = false;
    } catch (error) {
      if (isStopped) return;
      if (!isFailing) logger.warn({ error }, 'the store does not say what changed; it is asked again');
      isFailing = true;
    }
  }

  function look(): void {
    running = run().finally(() => {
      running = undefined;
      lookIn(isWritten && !isFailing ? GATHER_MS : pollMs);
    });
  }

  function lookIn(pauseMs: number): void {
    clearTimeout(timer);
    if (isStopped) return;
    timer = setTimeout(look, pauseMs);
    timer.unref();
  }

  function wrote(): void {
    if (isWritten) return;
    isWritten = true;
    if (running === undefined) lookIn(GATHER_MS);
  }

  look();
  return {
    settled: async () => running,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      ignoreWrites?.();
    },
  };
}

/** What these entries say of episodes and patterns, each once. A step changes its episode. */
async function changesIn(entries: readonly JournalEntry[], journal: Journal): Promise<readonly MemoryChange[]> {
  const changed = new Map<string, MemoryChange>();
  for (const { kind, id } of entries) {
    if (kind === 'episode' || kind === 'pattern') changed.set(id, { kind, id, onlySteps: false });
  }
  const steps = entries.filter(({ kind }) => kind === 'step').map(({ id }) => id);
  for (let start = 0; start < steps.length; start += STEPS_AT_ONCE) {
    const read = await journal.getMany('step', steps.slice(start, start + STEPS_AT_ONCE));
    for (const step of read) {
      // One that is gone went with its episode, which has an entry of its own.
      if (step === undefined || changed.has(step.episodeId)) continue;
      changed.set(step.episodeId, { kind: 'episode', id: step.episodeId, onlySteps: true });
    }
  }
  return [...changed.values()];
}
