// Keeps a file that follows a remote database up to it: on demand, and when something is owed to those who read.
import { isMemoryError, type MemoryError, throwIfAborted } from '@episodica/memory-core/backend';
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
  /** It takes longer than those who read would wait: as after a failure, they don't for a while. */
  pause(): void;
  /** Whether another attempt so soon would only keep those waiting who read. */
  readonly isPausing: boolean;
  /** Whether the file held all that the primary did at some time: what it lacks until then is not missing there. */
  isFilled(): Promise<boolean>;
  /** What went wrong last; `undefined` since it went well. */
  readonly problem: MemoryError | undefined;
  /** How far the present or the last attempt came. */
  readonly progress: FollowProgress | undefined;
  /** Stops what is under way between two pages, for good. */
  stop(): Promise<void>;
  readonly isStopped: boolean;
}

/** Nothing is asked of the primary before the first `sync`. */
export function syncing(setup: SyncSetup): Syncing {
  const stop = new AbortController();
  const status: Status = {
    seq: 0,
    isFilled: false,
    owedSeq: 0,
    owed: 0,
    paid: 0,
    problem: undefined,
    progress: undefined,
    pausedAtMs: Number.NEGATIVE_INFINITY,
    notedAtMs: Number.NEGATIVE_INFINITY,
  };
  const runs = oneAtATime(() => syncOnce(setup, { status, signal: stop.signal }));
  return {
    sync: runs.fresh,
    async syncTo(wanted) {
      if (runs.running !== undefined) {
        await runs.running;
        if (status.seq >= wanted) return;
      }
      // What runs now began later than this was called.
      await (runs.running ?? runs.fresh());
    },
    owe(wanted) {
      if (wanted === undefined) status.owed += 1;
      else status.owedSeq = Math.max(status.owedSeq, wanted);
    },
    get isOwed() {
      return isOwed(status);
    },
    pause() {
      status.pausedAtMs = performance.now();
    },
    get isPausing() {
      const pauseMs = isOwed(status) ? Math.min(OWED_PAUSE_MS, setup.pauseMs) : setup.pauseMs;
      return performance.now() - status.pausedAtMs < pauseMs;
    },
    async isFilled() {
      status.isFilled ||= (await readFollowing(setup.file))?.syncedAt !== undefined;
      return status.isFilled;
    },
    get problem() {
      return status.problem;
    },
    get progress() {
      return status.progress;
    },
    get isStopped() {
      return stop.signal.aborted;
    },
    async stop() {
      stop.abort();
      await runs.idle();
    },
  };
}

/** Pause before another attempt where a read would miss what this process has written. */
const OWED_PAUSE_MS = 250;

function isOwed({ seq, owedSeq, paid, owed }: Status): boolean {
  return seq < owedSeq || paid < owed;
}

/** What is known at the moment. */
interface Status {
  /** The entry that both were at when the file was brought up last. */
  seq: number;
  isFilled: boolean;
  /** What reads wait for: an entry, and how often something was owed that has no number. */
  owedSeq: number;
  owed: number;
  /** How much of `owed` the file has. */
  paid: number;
  problem: MemoryError | undefined;
  progress: FollowProgress | undefined;
  pausedAtMs: number;
  notedAtMs: number;
}

interface Course {
  readonly status: Status;
  readonly signal: AbortSignal;
}

async function syncOnce(setup: SyncSetup, course: Course): Promise<Followed> {
  const { file, logger } = setup;
  const { status } = course;
  // What comes from now on may be too late for this.
  const before = status.owed;
  try {
    const followed = await follow(setup, course);
    await noteTime(file, status);
    if (status.problem !== undefined) logger.info({ file: file.place }, 'the replica follows its primary again');
    status.seq = followed.seq;
    status.paid = before;
    status.problem = undefined;
    status.pausedAtMs = Number.NEGATIVE_INFINITY;
    return followed;
  } catch (cause) {
    const error = toMemoryError(cause, `bring the replica ${file.place} up to its primary`);
    if (error.code === 'ABORTED') throw error;
    if (status.problem?.message !== error.message) {
      logger.warn({ reason: error.message }, 'the replica cannot be synchronised');
    }
    status.problem = error;
    status.pausedAtMs = performance.now();
    throw error;
  }
}

async function follow({ file, primary }: SyncSetup, { status, signal }: Course): Promise<Followed> {
  throwIfAborted(signal);
  const { connection, identity } = await unlessAborted(primary(), signal);
  return followJournal(connection, file, {
    signal,
    identity,
    onProgress(now) {
      status.progress = now;
    },
  });
}

/** Others see by it that they need not sync; where many write, once in a while is enough. */
async function noteTime(file: Connection, status: Status): Promise<void> {
  if (status.isFilled && performance.now() - status.notedAtMs < NOTE_PAUSE_MS) return;
  await noteSynced(file, new Date().toISOString());
  status.isFilled = true;
  status.notedAtMs = performance.now();
}

interface Runs<T> {
  readonly running: Promise<T> | undefined;
  /** One that begins no earlier than now: all who want it while another is under way share it. */
  fresh(): Promise<T>;
  /** Settles when nothing is under way and nothing waits. */
  idle(): Promise<void>;
}

function oneAtATime<T>(run: () => Promise<T>): Runs<T> {
  let running: Promise<T> | undefined;
  let next: Promise<T> | undefined;

  function start(): Promise<T> {
    const started = run().finally(() => {
      running = undefined;
    });
    running = started;
    // Whoever waits hears of it; where nobody does any more, it is in `problem`.
    started.catch(() => undefined);
    return started;
  }

  return {
    get running() {
      return running;
    },
    fresh() {
      if (running === undefined) return start();
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = undefined;
          return start();
        });
      next.catch(() => undefined);
      return next;
    },
    async idle() {
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
