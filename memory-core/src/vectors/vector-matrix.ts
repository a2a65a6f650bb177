// The vectors of one kind of thing, packed to a byte a number, and which of them are nearest to another.
import { MemoryError, throwIfAborted } from '../errors.ts';
import type { PackedPart, UnpackedParts } from '../retrieve/packed-part.ts';
import { hasSlot, type SlotSet } from '../retrieve/slot-set.ts';

export interface NearVector {
  readonly slot: number;
  readonly cosine: number;
}

export interface VectorMatrix {
  readonly dimensions: number;
  /** Slots that have a vector. */
  readonly count: number;
  /**
   * A vector of length 1 for a slot, in place of the one it had.
   * @throws `INVALID_INPUT` for another dimension or a number that is none
   */
  put(slot: number, vector: Float32Array): void;
  delete(slot: number): void;
  has(slot: number): boolean;
  /** The `count` nearest among the slots that `among` lets through, nearest first; equal ones by slot. */
  nearest(query: Float32Array, asked: AskedVectors): Promise<readonly NearVector[]>;
  /** Cosine of two slots, or of a slot with a vector, from the packed form; undefined where one has none. */
  cosine(slot: number, other: number | Float32Array): number | undefined;
  /** What `unpackedVectorMatrix` takes, under names that begin with `prefix`. */
  parts(prefix: string): readonly PackedPart[];
  /** Ends its worker, if it has one. Idempotent. */
  close(): Promise<void>;
}

export interface AskedVectors {
  readonly count: number;
  readonly among?: SlotSet | undefined;
  readonly signal?: AbortSignal | undefined;
}

export function vectorMatrix({ dimensions }: { readonly dimensions: number }): VectorMatrix {
  const rows = new Map<number, Float32Array>();
  const dot = (left: Float32Array, right: Float32Array): number => {
    let sum = 0;
    for (let index = 0; index < dimensions; index += 1) sum += (left[index] ?? 0) * (right[index] ?? 0);
    return sum;
  };
  let revision = 0;
  return {
    dimensions,
    get count() {
      return rows.size;
    },
    put(slot, vector) {
      requireVector(vector, dimensions);
      revision += 1;
      rows.set(slot, vector.slice());
    },
    delete(slot) {
      if (rows.delete(slot)) revision += 1;
    },
    has: (slot) => rows.has(slot),
    async nearest(query, { count, among, signal }) {
      requireVector(query, dimensions);
      throwIfAborted(signal);
      return [...rows]
        .filter(([slot]) => among === undefined || hasSlot(among, slot))
        .map(([slot, row]) => ({ slot, cosine: dot(query, row) }))
        .sort((a, b) => b.cosine - a.cosine || a.slot - b.slot)
        .slice(0, count);
    },
    cosine(slot, other) {
      const left = rows.get(slot);
      const right = typeof other === 'number' ? rows.get(other) : other;
      return left === undefined || right === undefined ? undefined : dot(left, right);
    },
    parts: (prefix) => [
      {
        name: `${prefix}-0`,
        revision,
        bytes: () =>
          Buffer.from(JSON.stringify({ dimensions, rows: [...rows].map(([slot, row]) => [slot, [...row]]) })),
      },
    ],
    async close() {},
  };
}

/** The matrix as it was packed; undefined when these are no parts of one. */
export function unpackedVectorMatrix(parts: UnpackedParts, prefix: string): VectorMatrix | undefined {
  const bytes = parts.get(`${prefix}-0`);
  if (bytes === undefined) return undefined;
  try {
    const { dimensions, rows } = JSON.parse(Buffer.from(bytes).toString());
    const matrix = vectorMatrix({ dimensions });
    for (const [slot, row] of rows) matrix.put(slot, Float32Array.from(row));
    return matrix;
  } catch {
    return undefined;
  }
}

function requireVector(vector: Float32Array, dimensions: number): void {
  if (vector.length !== dimensions) {
    throw new MemoryError(
      'INVALID_INPUT',
      `A vector has ${vector.length} dimensions and is to go among vectors of ${dimensions}; embed it with their model.`,
    );
  }
  if (!vector.every(Number.isFinite)) {
    throw new MemoryError('INVALID_INPUT', 'A vector has numbers that are none; its embedder is at fault.');
  }
}
