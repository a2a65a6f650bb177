// Processes that write to a store when they are told to.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const WRITER = fileURLToPath(new URL('fixtures/writer.mjs', import.meta.url));

export interface Writer {
  readonly process: ChildProcess;
  /** Ids of each batch that the process was told is durable. */
  readonly acknowledged: string[][];
  /** Does a task; rejects when the process reports a failure. */
  tell(task: Task): Promise<void>;
}

export type Task =
  | { readonly task: 'open'; readonly url: string; readonly syncUrl?: string; readonly encryptionKey?: string }
  | { readonly task: 'write'; readonly count: number };

interface Message {
  readonly acknowledged?: string[];
  readonly done?: string;
  readonly failed?: object;
}

/** A process that has loaded all it needs. */
export async function startWriter(): Promise<Writer> {
  const process = fork(WRITER);
  const acknowledged: string[][] = [];
  process.on('message', (message: Message) => {
    if (message.acknowledged !== undefined) acknowledged.push(message.acknowledged);
  });
  await answerTo(process, 'start');
  return {
    process,
    acknowledged,
    tell(task) {
      const answered = answerTo(process, task.task);
      process.send(task);
      return answered;
    },
  };
}

function answerTo(process: ChildProcess, task: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.on('message', function listen({ done, failed }: Message) {
      if (failed === undefined && done !== task) return;
      process.off('message', listen);
      if (failed === undefined) resolve();
      else reject(new Error(JSON.stringify(failed)));
    });
  });
}
