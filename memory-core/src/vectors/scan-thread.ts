// A worker that searches, from the side of the thread that asks it.
import { Worker } from 'node:worker_threads';
import type { Scan, Scanned } from './scan.ts';
import type { ScanAnswer, ScanOrder } from './scan-worker.ts';
import type { RoomSetup } from './vector-room.ts';

export interface ScanThread {
  /** It takes a worker a while to be there. */
  readonly isReady: boolean;
  /** `lost`: the worker ended before it answered, or it was not told all. `stopped`: the signal came first. */
  run(scan: Scan, signal: AbortSignal | undefined): Promise<Scanned | 'lost' | 'stopped'>;
  /** Ends the worker; who waits is told `lost`. Idempotent. */
  close(): Promise<void>;
}

/** Starts the worker. It keeps the process alive only while someone waits. `onEnd` is called once. */
export function scanThread(setup: RoomSetup, workerUrl: URL, onEnd: () => void): ScanThread {
  const worker = new Worker(workerUrl, { workerData: setup });
  const waiting = new Map<number, (end: Scanned | 'lost' | 'stopped') => void>();
  let lastId = 0;
  let isReady = false;
  let isOver = false;
  const settle = (id: number, end: Scanned | 'lost' | 'stopped'): void => {
    const resolve = waiting.get(id);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
    resolve?.(end);
  };
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    isReady = false;
    onEnd();
    for (const id of [...waiting.keys()]) settle(id, 'lost');
  };
  worker.unref();
  worker.on('message', (answer: ScanAnswer) => {
    if (answer === 'ready') isReady = !isOver;
    else settle(answer.id, answer.scanned);
  });
  // What it died of is no matter: the search is done without it.
  worker.on('error', end);
  worker.on('exit', end);
  return {
    get isReady() {
      return isReady;
    },
    async run(scan, signal) {
      if (isOver) return 'lost';
      lastId += 1;
      const id = lastId;
      const stop = new Int32Array(new SharedArrayBuffer(4));
      const giveUp = (): void => {
        Atomics.store(stop, 0, 1);
        settle(id, 'stopped');
      };
      const ended = new Promise<Scanned | 'lost' | 'stopped'>((resolve) => waiting.set(id, resolve));
      worker.ref();
      worker.postMessage({ id, scan, stop } satisfies ScanOrder);
      signal?.addEventListener('abort', giveUp);
      return ended.finally(() => signal?.removeEventListener('abort', giveUp));
    },
    async close() {
      end();
      await worker.terminate();
    },
  };
}
