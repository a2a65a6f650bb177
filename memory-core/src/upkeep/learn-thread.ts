// Learning from the episodes of a scope, where it does not hold up the rest of the program.
import { Worker } from 'node:worker_threads';
import { MemoryError, throwIfAborted } from '../errors.ts';
import { learnScope, type ScopeInput, type ScopeLearning } from '../learn/scope-learning.ts';
import type { CallOptions } from '../ports/store.ts';
import { turns } from '../turns.ts';
import type { LearnOrder } from './learn-worker.ts';

/** Learnt from in the caller's thread: that is done before a worker is there. */
const MAX_INLINE_TRACES = 50;
/** Handed over in one message: packing more would hold up the thread. */
const MESSAGE_TRACES = 25;
/** Memory of the worker. One that needs more ends with an error, and leaves the program as it is. */
const MAX_HEAP_MB = 2_048;

/**
 * As `learnScope`; many episodes are learnt from in a worker of their own, which ends with its answer.
 * @throws `ABORTED`; `STORE_FAILED` when the worker dies
 */
export async function learnScopeAside(
  input: ScopeInput,
  { signal }: CallOptions,
  workerUrl: URL = WORKER_URL,
): Promise<ScopeLearning> {
  if (input.traces.length <= MAX_INLINE_TRACES) return learnScope(input);
  throwIfAborted(signal);
  const worker = new Worker(workerUrl, { resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB } });
  const answer = answerOf(worker, signal);
  // Heard below; until then it is not unhandled.
  answer.catch(() => undefined);
  try {
    const { traces, ...rest } = input;
    const tell = (order: LearnOrder): void => worker.postMessage(order);
    const turn = turns();
    for (let start = 0; start < traces.length; start += MESSAGE_TRACES) {
      await turn();
      tell({ kind: 'traces', traces: traces.slice(start, start + MESSAGE_TRACES) });
    }
    tell({ kind: 'learn', input: rest });
    return await answer;
  } finally {
    await worker.terminate();
  }
}

const WORKER_URL = new URL('./learn-worker.js', import.meta.url);

function answerOf(worker: Worker, signal: AbortSignal | undefined): Promise<ScopeLearning> {
  return new Promise((resolve, reject) => {
    const died = (cause?: unknown): void =>
      reject(new MemoryError('STORE_FAILED', 'The worker that learns ended early; it is tried again.', { cause }));
    const stop = (): void => {
      reject(new MemoryError('ABORTED', 'Learning was stopped; what is owed stays owed.', { cause: signal?.reason }));
    };
    signal?.addEventListener('abort', stop, { once: true });
    worker.once('message', (learning: ScopeLearning) => resolve(learning));
    worker.once('error', died);
    worker.once('exit', () => {
      signal?.removeEventListener('abort', stop);
      died();
    });
  });
}
