// The thread that does jobs: one after the other, on a connection of its own.
import { parentPort, workerData } from 'node:worker_threads';
import { toPlainError } from './errors.ts';
import { type Job, type Jobs, jobsOn } from './jobs.ts';
import { connectAs, type FileUse, type LocalFileOptions } from './local-file.ts';

/** What the thread is started with. */
export interface ThreadSetup {
  readonly path: string;
  readonly options: LocalFileOptions;
  /** @default 'shared' */
  readonly use?: FileUse;
}

/** What it is asked; `close` comes last. */
export type JobOrder = { readonly id: number; readonly job: Job; readonly input: Jobs[Job]['input'] } | 'close';

/** What it answers: `error` is what `fromPlainError` takes. */
export type JobAnswer =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly error: ReturnType<typeof toPlainError> };

// Only `job-threads.ts` starts this file, with these.
const { path, options, use = 'shared' } = workerData as ThreadSetup;
const port = parentPort;
let opened: ReturnType<typeof connectAs> | undefined;
let last: Promise<unknown> = Promise.resolve();

port?.on('message', (order: JobOrder) => {
  last = last.then(() => (order === 'close' ? close() : answer(order)));
});

/** A thread that ended with its connection open would keep the file's locks for as long as the process lives. */
async function close(): Promise<void> {
  const connection = await opened?.catch(() => undefined);
  await connection?.close();
  port?.close();
}

async function answer({ id, job, input }: Exclude<JobOrder, 'close'>): Promise<void> {
  let reply: JobAnswer;
  try {
    opened ??= connectAs(use, path, options);
    reply = { id, output: await jobsOn(await opened)(job, input) };
  } catch (error) {
    reply = { id, error: toPlainError(error) };
  }
  port?.postMessage(reply);
}
