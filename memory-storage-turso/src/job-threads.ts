// Jobs on a local file, each in a thread where it does not hold up the others: what is read, what is written, and what
// takes as long as the whole store does.
import { Worker } from 'node:worker_threads';
import { MemoryError, throwIfAborted } from '@episodica/memory-core/backend';
import type { Connection } from './connection.ts';
import { fromPlainError } from './errors.ts';
import { type Job, jobsOn, type RunJob } from './jobs.ts';
import { numberIn } from './rows.ts';
import type { JobAnswer, JobOrder, ThreadSetup } from './store-thread.ts';

export interface JobThreads {
  readonly run: RunJob;
  /** Waits for the jobs under way and ends the threads. Idempotent. */
  close(): Promise<void>;
}

/** `lasting`: one thread for all jobs of the name, started with the first. `own`: a thread for each job. */
const ROOMS: Readonly<Record<Job, 'reading' | 'writing' | 'own'>> = {
  page: 'reading',
  match: 'reading',
  terms: 'reading',
  read: 'reading',
  batch: 'writing',
  schema: 'own',
  stats: 'own',
  verify: 'own',
  quickCheck: 'own',
  repair: 'own',
  copy: 'own',
  describe: 'own',
  examine: 'own',
  seal: 'own',
  renew: 'own',
  rebuildText: 'own',
  vacuum: 'own',
  erase: 'own',
  probeWrite: 'own',
};

export interface JobThreadsOptions {
  /** How long a thread waits for its next job before it ends. @default 30_000 */
  readonly idleMs?: number | undefined;
  /** What a thread runs. @default what is built beside this file */
  readonly threadUrl?: URL | undefined;
}

const THREAD_URL = new URL('./store-thread.js', import.meta.url);
/** A thread costs memory while it is there, and time to be there again. */
const IDLE_MS = 30_000;

/**
 * Nothing is started before the first job, and a thread that has had none for a while ends. The threads don't keep the
 * process alive but for jobs under way.
 */
export function jobThreads(
  setup: ThreadSetup,
  { idleMs = IDLE_MS, threadUrl = THREAD_URL }: JobThreadsOptions = {},
): JobThreads {
  const threads = new Map<string, JobThread>();
  /** Threads that are ending for want of work. */
  const ending = new Set<Promise<void>>();
  let isClosed = false;

  function threadFor(room: string): JobThread {
    const known = threads.get(room);
    if (known !== undefined) return known;
    const forget = (): void => {
      // One that failed is told of twice, and may have been followed by another.
      if (threads.get(room) === thread) threads.delete(room);
    };
    const thread: JobThread = jobThread(new Worker(threadUrl, { workerData: setup }), {
      path: setup.path,
      idleMs,
      onIdle() {
        // The next job gets another one.
        forget();
        const ended = thread.close().finally(() => ending.delete(ended));
        ending.add(ended);
      },
      onEnd: forget,
    });
    threads.set(room, thread);
    return thread;
  }

  let ownCount = 0;
  const slots = slotsFor(MAX_OWN_THREADS);
  return {
    async run(job, input, signal) {
      if (isClosed) throw closed(setup.path);
      if (ROOMS[job] !== 'own') return threadFor(ROOMS[job]).run(job, input);
      await slots.take();
      try {
        throwIfAborted(signal);
        ownCount += 1;
        const thread = threadFor(`${job} ${ownCount}`);
        return await thread.run(job, input, signal).finally(() => thread.close());
      } finally {
        slots.give();
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([...ending, ...[...threads.values()].map((thread) => thread.close())]);
    },
  };
}

/** A whole look at a file of so many pages (4 MB) takes a few milliseconds: less than it takes to begin a thread. */
const SMALL_PAGES = 1_024;

/** What is only read is read on `connection`, without a thread, as long as its store is small. */
export function readingHereWhileSmall(connection: Connection, threads: JobThreads): JobThreads {
  const here = jobsOn(connection);
  let isSmall = true;
  return {
    async run(job, input, signal) {
      if (ROOMS[job] !== 'reading') return threads.run(job, input, signal);
      // One that has grown once is not asked again.
      isSmall &&= (await pageCount(connection)) <= SMALL_PAGES;
      return isSmall ? here(job, input) : threads.run(job, input);
    },
    close: () => threads.close(),
  };
}

async function pageCount(connection: Connection): Promise<number> {
  const { rows } = await connection.execute({ sql: 'SELECT page_count FROM pragma_page_count()', args: [] });
  return numberIn(rows[0], 'page_count');
}

/** Jobs that each have a thread, at the same time; others wait. */
const MAX_OWN_THREADS = 4;

/** Lets in as many as there are slots, the others in the order in which they came. */
function slotsFor(count: number): { take(): Promise<void>; give(): void } {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    async take() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    },
    give() {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    },
  };
}

type JobThread = JobThreads;

interface Waiting {
  resolve(output: never): void;
  reject(error: unknown): void;
}

interface JobThreadSetup {
  /** Of the store. */
  readonly path: string;
  readonly idleMs: number;
  /** Called when it had nothing to do for so long. */
  onIdle(): void;
  onEnd(): void;
}

function jobThread(worker: Worker, { path, idleMs, onIdle, onEnd }: JobThreadSetup): JobThread {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let isClosing = false;
  let idle: NodeJS.Timeout | undefined;
  const settle = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size > 0) return found;
    worker.unref();
    clearTimeout(idle);
    if (!isClosing) idle = setTimeout(onIdle, idleMs).unref();
    return found;
  };
  const endAll = (error: unknown): void => {
    isClosing = true;
    clearTimeout(idle);
    onEnd();
    for (const id of [...waiting.keys()]) settle(id)?.reject(error);
  };
  worker.unref();
  worker.on('message', (answer: JobAnswer) => {
    const found = settle(answer.id);
    if ('error' in answer) found?.reject(fromPlainError(answer.error));
    // The job of this number answers what its caller awaits: both come from the same table.
    else found?.resolve(answer.output as never);
  });
  worker.on('error', (cause) => endAll(threadFailed(path, cause)));
  const ended = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      endAll(closed(path));
      resolve();
    });
  });
  return {
    run(job, input, signal) {
      const stop = (): void => worker.postMessage('stop' satisfies JobOrder);
      signal?.addEventListener('abort', stop, { once: true });
      return new Promise<never>((resolve, reject) => {
        lastId += 1;
        // Throws for what cannot be sent, and nobody waits for that.
        worker.postMessage({ id: lastId, job, input } satisfies JobOrder);
        waiting.set(lastId, { resolve, reject });
        clearTimeout(idle);
        worker.ref();
      }).finally(() => signal?.removeEventListener('abort', stop));
    },
    async close() {
      isClosing = true;
      clearTimeout(idle);
      worker.ref();
      worker.postMessage('close' satisfies JobOrder);
      await ended;
    },
  };
}

function closed(path: string): MemoryError {
  return new MemoryError('CLOSED', `The store ${path} is closed; open it again.`);
}

function threadFailed(path: string, cause: unknown): MemoryError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MemoryError('STORE_FAILED', `A thread that works on the store ${path} ended (${reason}). Try again.`, {
    cause,
    retryable: true,
  });
}
