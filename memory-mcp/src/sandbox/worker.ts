// The worker's entry: takes one order at a time, runs it in a fresh engine, and gets the next engine ready while it
// has nothing else to do. All hostile text (source, types, results) is handled here, where it can be killed.
import { readlinkSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Engine } from './engine.ts';
import { DEFAULT_MEMORY_MB } from './limits.ts';
import type { FromWorker, RunOrder, ToWorker, WorkerSetup } from './protocol.ts';
import { quickJsEngines } from './quickjs-engine.ts';
import { Recorder } from './recorder.ts';
import { ProgramRun } from './run.ts';

/** Serves orders until the worker is terminated. */
export async function serve(port: MessagePort, setup: WorkerSetup): Promise<void> {
  const recorder = new Recorder(setup.recorder);
  const post = (message: FromWorker): void => port.postMessage(message);
  const ready: FromWorker = { kind: 'ready', ...systemThread() };
  let current: ProgramRun | undefined;
  const openEngine = quickJsEngines(setup.wasmModule);
  let spare: Engine | undefined = await openEngine(DEFAULT_MEMORY_MB);

  const perform = async (order: RunOrder): Promise<void> => {
    recorder.start();
    const engine =
      order.limits.memoryMb === DEFAULT_MEMORY_MB && spare !== undefined
        ? spare
        : await openEngine(order.limits.memoryMb);
    if (engine === spare) spare = undefined;
    current = new ProgramRun(order, engine, recorder, post);
    const outcome = await current.outcome();
    current = undefined;
    post({ kind: 'done', runId: order.id, outcome });
    spare ??= await openEngine(DEFAULT_MEMORY_MB);
    post(ready);
  };

  port.on('message', (message: ToWorker) => {
    if (message.kind === 'answer') current?.answer(message);
    // A rejection is ours, and ends the worker: the pool then answers ENGINE_CRASH for this run and starts another.
    else void perform(message.order);
  });
  post(ready);
}

// Linux alone knows threads by numbers of their own. Where the numbers of `/proc` are not those of this process, as under
// another's, they are not used.
function systemThread(): { readonly threadId?: number } {
  if (process.platform !== 'linux') return {};
  try {
    const [owner, , threadId = Number.NaN] = readlinkSync('/proc/thread-self').split('/').map(Number);
    return owner === process.pid && threadId > 0 ? { threadId } : {};
  } catch {
    return {};
  }
}

if (parentPort !== null) {
  // The pool starts this file with exactly this setup.
  await serve(parentPort, workerData as WorkerSetup);
}
