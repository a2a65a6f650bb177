// What the tools work on: the memory and the sandbox, both opened when they are first needed.
import type { Memory } from '@episodica/memory-core';
import type { Logger } from '@episodica/memory-core/ports';
import type { Replica } from '@episodica/memory-storage-turso';
import type { CodeModeRights } from './code-mode/methods.ts';
import { type Lazy, lazy } from './lazy.ts';
import type { Sandbox } from './sandbox/sandbox.ts';

/** An open memory, and what health reports beside it. */
export interface Backend {
  readonly memory: Memory;
  /** What counts where a call names no project: the same as the memory was opened for. */
  readonly project?: string | undefined;
  /** Where the store is and whether it is encrypted, for people; without credentials. */
  readonly place?: (() => string) | undefined;
  /** Whether the store can be written, or only read. */
  readonly access?: (() => 'read-write' | 'read-only') | undefined;
  /** Of a file that follows a database; absent where it follows none. */
  readonly replica?: Pick<Replica, 'sync' | 'state'> | undefined;
  /** Sequence number of the newest journal entry. */
  readonly journalSeq?: (() => Promise<number>) | undefined;
  /** Whether there is a cache, with what it counted, and why not. */
  readonly cache?: (() => Promise<{ readonly isOpen: boolean; readonly detail: string }>) | undefined;
  /** Closes the memory and all beneath it. */
  close(): Promise<void>;
}

/** How the services come to be. */
export interface ServiceOptions {
  /** Called when the memory is first needed, and again after it rejected. */
  openBackend(): Promise<Backend>;
  /** Left out: there is no `execute_code`. */
  readonly openSandbox?: (() => Promise<Sandbox>) | undefined;
  /** What programs in the sandbox are allowed; asked once, before the memory is opened. @default to read */
  readonly readRights?: (() => Promise<CodeModeRights>) | undefined;
  readonly logger: Logger;
}

/** Shared by all connections of one process. */
export interface Services {
  readonly backend: Lazy<Backend>;
  readonly sandbox: Lazy<Sandbox> | undefined;
  /** What programs in the sandbox are allowed. Never rejects: where nobody can say, they may read. */
  rights(): Promise<CodeModeRights>;
  readonly logger: Logger;
  readonly startedAtMs: number;
  readonly openEpisodes: OpenEpisodes;
  /** Finishes what has begun and closes what is open. Idempotent; later calls answer `CLOSED`. */
  close(): Promise<void>;
}

/** Episodes that were begun here and have not ended: whoever asks a question is at work on them. */
export interface OpenEpisodes {
  began(id: string): void;
  ended(id: string): void;
  ids(): readonly string[];
}

/** As many as a question may leave out; the oldest are found again. */
const MAX_OPEN_EPISODES = 100;

function openEpisodes(): OpenEpisodes {
  const open = new Set<string>();
  return {
    began(id) {
      open.add(id);
      for (const oldest of open) {
        if (open.size <= MAX_OPEN_EPISODES) return;
        open.delete(oldest);
      }
    },
    ended: (id) => void open.delete(id),
    ids: () => [...open],
  };
}

/** Opening the memory tells what is wrong with a configuration that cannot be read. */
const READING: CodeModeRights = Object.freeze({ allowWrites: false });

/** Opens nothing yet. */
export function createServices({ openBackend, openSandbox, readRights, logger }: ServiceOptions): Services {
  let rights: Promise<CodeModeRights> | undefined;
  const stopping = new AbortController();
  const learning: Promise<void>[] = [];
  const backend = lazy<Backend>({
    name: 'memory',
    async open() {
      const opened = await openBackend();
      const debts = learnDebts(opened.memory, { logger, signal: stopping.signal });
      learning.push(debts);
      // Closing the memory ends this; nobody has to wait for it.
      void debts.then(() => catchUp(opened.memory, { logger, signal: stopping.signal }));
      return opened;
    },
    async close(opened) {
      // It learns a moment longer and then stops this too.
      await opened.close();
      await Promise.all(learning);
    },
  });
  const sandbox =
    openSandbox && lazy<Sandbox>({ name: 'sandbox', open: openSandbox, close: (opened) => opened.close() });
  return {
    backend,
    sandbox,
    rights() {
      rights ??= readRights?.().catch(() => READING) ?? Promise.resolve(READING);
      return rights;
    },
    logger,
    startedAtMs: performance.now(),
    openEpisodes: openEpisodes(),
    async close() {
      stopping.abort();
      await Promise.all([backend.close(), sandbox?.close()]);
    },
  };
}

/** Pays what another process still owed, until the memory is closed. Never rejects: the markers stay, and the next completion tries again. */
async function learnDebts(
  memory: Memory,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  try {
    const learnt = await memory.learnPending();
    if (learnt > 0) logger.info({ episodes: learnt }, 'learnt from episodes that were still owed');
  } catch (error) {
    if (signal.aborted) return;
    logger.warn({ error }, 'episodes that are still owed could not be learnt from');
  }
}

/** Gives vectors to what has none yet, and makes the index before somebody asks. Never rejects: each call does it too. */
async function catchUp(
  memory: Memory,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await memory.catchUp({ signal });
  } catch (error) {
    if (signal.aborted) return;
    logger.warn({ error }, 'not all that is stored can be searched by meaning yet');
  }
}
