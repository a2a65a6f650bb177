// The worker's entry: takes one order at a time, runs it in a fresh engine, and gets the next engine ready while it
// has nothing else to do. All hostile text (source, types, results) is handled here, where it can be killed.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Engine, openEngine } from './engine.ts';
import { DEFAULT_MEMORY_MB } from './limits.ts';
import type { FromWorker, RunOrder, ToWorker, WorkerSetup } from './protocol.ts';
import { Recorder } from './recorder.ts';
import { ProgramRun } from './run.ts';

/** Serves orders until the worker is terminated. */
export async function serve(port: MessagePort, setup: WorkerSetup): Promise<void> {
  const recorder = new Recorder(setup.recorder);
  const post = (message: FromWorker): void => port.postMessage(message);
  let current: ProgramRun | undefined;
  let spare: Engine | undefined = await openEngine(setup.wasmModule, DEFAULT_MEMORY_MB);

  const perform = async (order: RunOrder): Promise<void> => {
    recorder.start();
    const engine =
      order.limits.memoryMb === DEFAULT_MEMORY_MB && spare !== undefined
        ? spare
        : await openEngine(setup.wasmModule, order.limits.memoryMb);
    if (engine === spare) spare = undefined;
    current = new ProgramRun(order, engine, recorder, post);
    const outcome = await current.outcome();
    current = undefined;
    post({ kind: 'done', runId: order.id, outcome });
    spare ??= await openEngine(setup.wasmModule, DEFAULT_MEMORY_MB);
    post({ kind: 'ready' });
  };

  port.on('message', (message: ToWorker) => {
    if (message.kind === 'answer') current?.answer(message);
    // A rejection is ours, and ends the worker: the pool then answers ENGINE_CRASH for this run and starts another.
    else void perform(message.order);
  });
  post({ kind: 'ready' });
}

if (parentPort !== null) {
  // The pool starts this file with exactly this setup.
  await serve(parentPort, workerData as WorkerSetup);
}
