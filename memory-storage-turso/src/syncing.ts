// Keeps a file that follows a remote database up to it: on demand, and when something is owed to those who read.
import { isMemoryError, type MemoryError } from '@episodica/memory-core';
import type { Logger } from '@episodica/memory-core/ports';
import type { Connection } from './connection.ts';
import { toMemoryError } from './errors.ts';
import { type Followed, type FollowProgress, followJournal, unlessAborted } from './follow.ts';
import { noteSynced, readFollowing } from './following.ts';

/** What is brought together. */
export interface SyncSetup {
  /** The file that follows. */
  readonly file: Connection;
  /** Rejects while it is away; the next call tries again. */
  primary(): Promise<{ readonly connection: Connection; readonly identity: string }>;
  /** After a failure, reads don't try again for so long. */
  readonly pauseMs: number;
  readonly logger: Logger;
}

/** How the file stands to its primary. */
export interface Syncing {
  /** Brings the file up to where the primary is now. Calls at the same time share what is not under way yet. */
  sync(): Promise<Followed>;
  /** The same, up to an entry that is there: what is under way may be enough. */
  syncTo(seq: number): Promise<void>;
  /** The primary has this entry; without a number, something that may not be in the file. */
  owe(seq?: number): void;
  readonly isOwed: boolean;
  /** Whether another attempt so soon would only keep those waiting who read. */
  readonly isPausing: boolean;
  /** Whether the file held all that the primary did at some time: what it lacks until then is not missing there. */
  isFilled(): Promise<boolean>;
  /** What went wrong last; `undefined` since it went well. */
  readonly problem: MemoryError | undefined;
  /** How far the present or the last attempt came. */
  readonly progress: FollowProgress | undefined;
  /** Stops what is under way between two pages. */
  stop(): Promise<void>;
}

/** Nothing is asked of the primary before the first `sync`. */
export function syncing({ file, primary, pauseMs, logger }: SyncSetup): Syncing {
  const stop = new AbortController();
  let running: Promise<Followed> | undefined;
  let next: Promise<Followed> | undefined;
  let seq = 0;
  let isFilled = false;
  /** What reads wait for: an entry, and how often something was owed that has no number. */
  let owedSeq = 0;
  let owed = 0;
  let paid = 0;
  let problem: MemoryError | undefined;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  let notedAtMs = Number.NEGATIVE_INFINITY;
  let progress: FollowProgress | undefined;

  async function follow(): Promise<Followed> {
    const { signal } = stop;
    const { connection, identity } = await unlessAborted(primary(), signal);
    return followJournal(connection, file, {
      signal,
      identity,
      onProgress(now) {
        progress = now;
      },
    });
  }

  async function run(): Promise<Followed> {
    // What comes from now on may be too late for this.
    const before = owed;
    try {
      const followed = await follow();
      await noteTime();
      seq = followed.seq;
      paid = before;
      if (problem !== undefined) logger.info({ file: file.place }, 'the replica follows its primary again');
      problem = undefined;
      failedAtMs = Number.NEGATIVE_INFINITY;
      return followed;
    } catch (cause) {
      const error = toMemoryError(cause, `bring the replica ${file.place} up to its primary`);
      if (error.code === 'ABORTED') throw error;
      if (problem?.message !== error.message)
        logger.warn({ reason: error.message }, 'the replica cannot be synchronised');
      problem = error;
      failedAtMs = performance.now();
      throw error;
    }
  }

  /** Others see by it that they need not sync; where many write, once in a while is enough. */
  async function noteTime(): Promise<void> {
    if (isFilled && performance.now() - notedAtMs < NOTE_PAUSE_MS) return;
    await noteSynced(file, new Date().toISOString());
    isFilled = true;
    notedAtMs = performance.now();
  }

  function start(): Promise<Followed> {
    const started = run().finally(() => {
      running = undefined;
    });
    running = started;
    // Whoever waits hears of it; where nobody does any more, it is in `problem`.
    started.catch(() => undefined);
    return started;
  }

  function sync(): Promise<Followed> {
    if (running === undefined) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return start();
      });
    next.catch(() => undefined);
    return next;
  }

  return {
    sync,
    async syncTo(wanted) {
      if (running !== undefined) {
        await running;
        if (seq >= wanted) return;
      }
      // What runs now began later than this was called.
      await (running ?? start());
    },
    owe(wanted) {
      if (wanted === undefined) owed += 1;
      else owedSeq = Math.max(owedSeq, wanted);
    },
    get isOwed() {
      return seq < owedSeq || paid < owed;
    },
    get isPausing() {
      return performance.now() - failedAtMs < pauseMs;
    },
    async isFilled() {
      isFilled ||= (await readFollowing(file))?.syncedAt !== undefined;
      return isFilled;
    },
    get problem() {
      return problem;
    },
    get progress() {
      return progress;
    },
    async stop() {
      stop.abort();
      await next?.catch(() => undefined);
      await running?.catch(() => undefined);
    },
  };
}

/** Whether what the file holds is another history than the primary's: what it answers would be wrong. */
export function isForked(problem: unknown): boolean {
  return isMemoryError(problem) && problem.code === 'INVALID_STATE';
}

const NOTE_PAUSE_MS = 1_000;
