// The thread that does jobs: one after the other, on a connection of its own.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Connection } from './connection.ts';
import { type PlainError, toPlainError } from './errors.ts';
import { type Job, type Jobs, jobsOn } from './jobs.ts';
import { connectAs, type FileUse, type LocalFileOptions } from './local-file.ts';
import { connectStoreFile, type StoreFile } from './store-file.ts';

/** What the thread is started with: a store, or a file that no store has open. */
export type ThreadSetup =
  | (StoreFile & { readonly use?: undefined })
  | (LocalFileOptions & { readonly path: string; readonly use: FileUse });

/** What it is asked; `stop` ends the job that is under way, and `close` comes last. */
export type JobOrder =
  | { readonly id: number; readonly job: Job; readonly input: Jobs[Job]['input'] }
  | 'stop'
  | 'close';

/** What it answers: `error` is what `fromPlainError` takes. */
export type JobAnswer =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly error: PlainError };

/** Serves until it is told to close. */
function serve(port: MessagePort, setup: ThreadSetup): void {
  const stopped = new AbortController();
  const { signal } = stopped;
  let opened: Connection | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function answer({ id, job, input }: Exclude<JobOrder, string>): Promise<void> {
    let reply: JobAnswer;
    try {
      opened ??= await (setup.use === undefined
        ? connectStoreFile({ ...setup, signal })
        : connectAs(setup.use, setup.path, { ...setup, signal }));
      reply = { id, output: await jobsOn(opened)(job, input) };
    } catch (error) {
      reply = { id, error: toPlainError(error) };
    }
    port.postMessage(reply);
  }

  /** A thread that ended with its connection open would keep the file's locks for as long as the process lives. */
  async function close(): Promise<void> {
    try {
      await opened?.close();
    } finally {
      port.close();
    }
  }

  port.on('message', (order: JobOrder) => {
    if (order === 'stop') return stopped.abort();
    last = last.then(() => (order === 'close' ? close() : answer(order)));
  });
}

// Only `job-threads.ts` starts this file, with this setup.
if (parentPort !== null) serve(parentPort, workerData as ThreadSetup);
