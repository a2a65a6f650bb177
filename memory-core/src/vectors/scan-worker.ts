// The worker: searches the vectors of another thread, in the memory that both share, one search after the other.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type Scan, type Scanned, scanning } from './scan.ts';
import { type RoomSetup, vectorRoom } from './vector-room.ts';

/** A scan that the worker is to make. */
export interface ScanOrder {
  readonly id: number;
  readonly scan: Scan;
  /** One number, in memory that both share: no longer 0 when nobody waits for the answer. */
  readonly stop: Int32Array;
}

/** What it says: first that it is there, then an answer to each order that nobody stopped. */
export type ScanAnswer = 'ready' | { readonly id: number; readonly scanned: Scanned };

function serve(port: MessagePort, setup: RoomSetup): void {
  const room = vectorRoom(setup, 'worker');
  port.on('message', ({ id, scan, stop }: ScanOrder) => {
    // This thread learns here that another one let the memory grow.
    setup.memory.grow(0);
    const steps = scanning(room, scan);
    let step = steps.next();
    while (!step.done && Atomics.load(stop, 0) === 0) step = steps.next();
    if (step.done) port.postMessage({ id, scanned: step.value } satisfies ScanAnswer);
  });
  port.postMessage('ready' satisfies ScanAnswer);
}

// Only `scan-thread.ts` starts this file, with this setup.
if (parentPort !== null) serve(parentPort, workerData as RoomSetup);
