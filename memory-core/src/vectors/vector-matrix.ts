// The vectors of one kind of thing, packed to a byte a number, and which of them are nearest to another.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryError, throwIfAborted } from '../errors.ts';
import type { PackedPart, UnpackedParts } from '../retrieve/packed-part.ts';
import type { SlotSet } from '../retrieve/slot-set.ts';
import { turns } from '../turns.ts';
import { type PackedRows, type PackedVector, packedRows, unpackedRows } from './packed-rows.ts';
import { costBytes, type Scan, type Scanned, scanning } from './scan.ts';
import { type ScanThread, scanThread } from './scan-thread.ts';

/** A vector that was found, and how near it is. */
export interface NearVector {
  readonly slot: number;
  readonly cosine: number;
}

/** Vectors of one dimension by slots, and a search for the nearest. */
export interface VectorMatrix {
  readonly dimensions: number;
  /** Slots that have a vector. */
  readonly count: number;
  /**
   * A vector of length 1 for a slot, in place of the one it had.
   * @throws `INVALID_INPUT` for another dimension or a number that is none; `LIMIT_EXCEEDED` beyond 4 GiB
   */
  put(slot: number, vector: Float32Array): void;
  delete(slot: number): void;
  has(slot: number): boolean;
  /**
   * The `count` nearest among the slots that `among` lets through, nearest first; equal ones by slot. What takes
   * milliseconds is done in a worker, or in slices where there is none. A vector that was put meanwhile may be missed.
   * @throws `INVALID_INPUT` as `put`, `ABORTED`, `CLOSED`
   */
  nearest(query: Float32Array, asked: NearestAsked): Promise<readonly NearVector[]>;
  /** Cosine of two slots, or of a slot with a vector, from the packed form; undefined where one has none. */
  cosine(slot: number, other: number | Float32Array): number | undefined;
  /** The same for many slots with one vector, which is packed once. */
  cosinesWith(vector: Float32Array): (slot: number) => number | undefined;
  /** What `unpackedVectorMatrix` takes, under names that begin with `prefix`. */
  parts(prefix: string): readonly PackedPart[];
  /** Ends its worker, if it has one; who waits is told `CLOSED`. Idempotent. */
  close(): Promise<void>;
}

/** How many, among which, and a way to give up. */
export interface NearestAsked {
  readonly count: number;
  readonly among?: SlotSet | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where the worker for long scans is. */
export interface VectorWorkerOptions {
  /** The worker's file. @default the one beside this module */
  readonly workerUrl?: URL;
}

/** The shape of the vectors. */
export interface VectorMatrixOptions extends VectorWorkerOptions {
  /** Numbers of a vector: 1 to 8,192. */
  readonly dimensions: number;
}

/** An empty matrix. @throws `INVALID_INPUT` for dimensions that it cannot take */
export function vectorMatrix({ dimensions, ...worker }: VectorMatrixOptions): VectorMatrix {
  return matrixOver(packedRows(dimensions), worker);
}

/** The matrix as it was packed; undefined when these are no parts of one, or not all, or damaged. */
export function unpackedVectorMatrix(
  parts: UnpackedParts,
  prefix: string,
  worker: VectorWorkerOptions = {},
): VectorMatrix | undefined {
  const rows = unpackedRows(parts, prefix);
  return rows === undefined ? undefined : matrixOver(rows, worker);
}

const WORKER_URL = new URL('./scan-worker.js', import.meta.url);

function matrixOver(rows: PackedRows, { workerUrl = WORKER_URL }: VectorWorkerOptions): VectorMatrix {
  const scans = scansOver(rows, workerUrl);
  const cosine = (slot: number, other: PackedVector): number | undefined => {
    const score = rows.score(slot, other.numbers);
    return score === undefined ? undefined : asCosine(score * other.scale);
  };
  // Whoever compares many rows does it with one after the other.
  let last: { readonly slot: number; readonly changes: number; readonly row: PackedVector | undefined } | undefined;
  const rowAt = (slot: number): PackedVector | undefined => {
    if (last?.slot !== slot || last.changes !== rows.changes) {
      last = { slot, changes: rows.changes, row: rows.get(slot) };
    }
    return last.row;
  };
  return {
    dimensions: rows.dimensions,
    get count() {
      return rows.count;
    },
    put: rows.put,
    delete: rows.delete,
    has: rows.has,
    async nearest(query, { count, among, signal }) {
      const { numbers, scale } = rows.query(query);
      throwIfAborted(signal);
      const scan = {
        query: numbers,
        count: Math.max(0, count),
        chunks: rows.chunks,
        rows: Math.min(rows.count, among?.size ?? Infinity),
        among: among?.words,
      };
      const { slots, scores } = await scans.run(scan, signal);
      return Array.from(slots, (slot, index) => ({ slot, cosine: asCosine((scores[index] ?? 0) * scale) }));
    },
    cosine(slot, other) {
      const packed = typeof other === 'number' ? rowAt(other) : rows.query(other);
      return packed === undefined ? undefined : cosine(slot, packed);
    },
    cosinesWith(vector) {
      const packed = rows.query(vector);
      return (slot) => cosine(slot, packed);
    },
    parts: rows.parts,
    close: scans.close,
  };
}

/** Rounding may lead a hair beyond. */
function asCosine(product: number): number {
  return Math.max(-1, Math.min(1, product));
}

interface Scans {
  run(scan: Scan, signal: AbortSignal | undefined): Promise<Scanned>;
  close(): Promise<void>;
}

/** What a search may cost to be done right away: a millisecond. */
const AT_ONCE_BYTES = 16_000_000;
/** A worker that ends by itself is started again, so often. */
const MAX_STARTS = 3;

/** Says where a search is done: at once, in the worker, or in slices while there is none yet or any more. */
function scansOver(rows: PackedRows, workerUrl: URL): Scans {
  const { room } = rows;
  let isClosed = false;
  let thread: ScanThread | undefined;
  let starts = 0;

  function readyThread(): ScanThread | undefined {
    if (thread === undefined && starts < MAX_STARTS) {
      starts += 1;
      thread = scanThread(rows.setup, workerUrl, () => {
        thread = undefined;
      });
    }
    return thread?.isReady ? thread : undefined;
  }

  async function beside(scan: Scan, signal: AbortSignal | undefined): Promise<Scanned> {
    const answer = await readyThread()?.run(scan, signal);
    if (typeof answer === 'object') return answer;
    throwIfAborted(signal);
    return inSlices(scan, signal);
  }

  async function inSlices(scan: Scan, signal: AbortSignal | undefined): Promise<Scanned> {
    // So that a worker which has started can say so, however closely one search follows the other.
    await nextTurn();
    const turn = turns();
    const steps = scanning(room, scan);
    for (;;) {
      await turn();
      requireOpen(isClosed);
      throwIfAborted(signal);
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  return {
    async run(scan, signal) {
      requireOpen(isClosed);
      if (scan.count === 0 || scan.rows === 0) return NOTHING;
      if (costBytes(room, scan) <= AT_ONCE_BYTES) return scanned(scanning(room, scan));
      const { changes } = rows;
      // A copy: whoever asks may use the set for something else once the call has given way.
      const found = await beside({ ...scan, among: scan.among?.slice() }, signal);
      requireOpen(isClosed);
      return rows.changes === changes ? found : asTheyAreNow(rows, scan.query, found);
    },
    async close() {
      isClosed = true;
      await thread?.close();
    },
  };
}

const NOTHING: Scanned = { slots: new Uint32Array(), scores: new Float64Array() };

function scanned(steps: Generator<void, Scanned>): Scanned {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** A row that changed while it was looked at may have been seen half old, half new. */
function asTheyAreNow(rows: PackedRows, query: Int16Array, { slots }: Scanned): Scanned {
  const found = Array.from(slots, (slot) => ({ slot, score: rows.score(slot, query) ?? Number.NaN }))
    .filter(({ score }) => !Number.isNaN(score))
    .sort((left, right) => right.score - left.score || left.slot - right.slot);
  return { slots: Uint32Array.from(found, ({ slot }) => slot), scores: Float64Array.from(found, ({ score }) => score) };
}

function requireOpen(isClosed: boolean): void {
  if (isClosed) throw new MemoryError('CLOSED', 'The vectors were closed; open the memory again.');
}
