// Jobs on a local file, each in a thread where it does not hold up the others: what is read, what is written, and what
// takes as long as the whole store does.
import { Worker } from 'node:worker_threads';
import { MemoryError } from '@episodica/memory-core';
import { fromPlainError } from './errors.ts';
import type { Job, RunJob } from './jobs.ts';
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

/** Nothing is started before the first job. The threads don't keep the process alive but for jobs under way. */
export function jobThreads(setup: ThreadSetup): JobThreads {
  const threads = new Map<string, JobThread>();
  let isClosed = false;

  function threadFor(room: string): JobThread {
    const known = threads.get(room);
    if (known !== undefined) return known;
    const thread: JobThread = jobThread(setup, () => {
      // One that failed is told of twice, and may have been followed by another.
      if (threads.get(room) === thread) threads.delete(room);
    });
    threads.set(room, thread);
    return thread;
  }

  let ownCount = 0;
  const slots = slotsFor(MAX_OWN_THREADS);
  return {
    async run(job, input) {
      if (isClosed) throw closed(setup.path);
      if (ROOMS[job] !== 'own') return threadFor(ROOMS[job]).run(job, input);
      await slots.take();
      try {
        ownCount += 1;
        const thread = threadFor(`${job} ${ownCount}`);
        return await thread.run(job, input).finally(() => thread.close());
      } finally {
        slots.give();
      }
    },
    async close() {
      isClosed = true;
      await Promise.all([...threads.values()].map((thread) => thread.close()));
    },
  };
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

function jobThread(setup: ThreadSetup, onEnd: () => void): JobThread {
  const worker = new Worker(new URL('./store-thread.js', import.meta.url), { workerData: setup });
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  const settle = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    return found;
  };
  const endAll = (error: unknown): void => {
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
  worker.on('error', (cause) => endAll(threadFailed(setup.path, cause)));
  const ended = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      endAll(closed(setup.path));
      resolve();
    });
  });
  return {
    run: (job, input) =>
      new Promise((resolve, reject) => {
        lastId += 1;
        // Throws for what cannot be sent, and nobody waits for that.
        worker.postMessage({ id: lastId, job, input } satisfies JobOrder);
        waiting.set(lastId, { resolve, reject });
        worker.ref();
      }),
    async close() {
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
