// The rows of a matrix, on the side of the thread that writes them: vectors packed into rows, rows packed into parts.
import assert from 'node:assert/strict';
import { isMemoryError, MemoryError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { PackedPart, UnpackedParts } from '../retrieve/packed-part.ts';
import { kernelModule, sharedMemory } from './kernel.ts';
import { fillChunk, type PackedChunk, packChunk, readChunk } from './packed-chunk.ts';
import { rotation } from './rotation.ts';
import { CHUNK_ROWS, type RoomSetup, type VectorRoom, vectorRoom } from './vector-room.ts';

/** The numbers times the scale are the vector, turned. Those of a row are bytes; of a query, as fine as the kernel takes. */
export interface PackedVector {
  readonly numbers: Int16Array;
  readonly scale: number;
}

export interface PackedRows {
  readonly dimensions: number;
  readonly room: VectorRoom;
  /** What another thread needs to see the same room. */
  readonly setup: RoomSetup;
  /** Rows that are there. */
  readonly count: number;
  readonly chunks: number;
  /** Rises with every change. */
  readonly changes: number;
  /** @throws `INVALID_INPUT` for another dimension or a number that is none; `LIMIT_EXCEEDED` */
  put(slot: number, vector: Float32Array): void;
  delete(slot: number): void;
  has(slot: number): boolean;
  /** A copy. */
  get(slot: number): PackedVector | undefined;
  /** A vector to ask for. @throws as `put` */
  query(vector: Float32Array): PackedVector;
  /** Scalar product of the numbers of a row and of a query, times the row's scale; undefined where there is no row. */
  score(slot: number, query: Int16Array): number | undefined;
  parts(prefix: string): readonly PackedPart[];
}

/** @throws `INVALID_INPUT` for dimensions that it cannot take */
export function packedRows(dimensions: number): PackedRows {
  if (!isDimension(dimensions)) {
    const message = `Vectors of ${dimensions} dimensions cannot be searched; choose a model with 1 to ${LIMITS.vectorDimensions}.`;
    throw new MemoryError('INVALID_INPUT', message);
  }
  return rowsOf(dimensions, []);
}

/** The rows as they were packed; undefined when these are no parts of them, or not all, or damaged. */
export function unpackedRows(parts: UnpackedParts, prefix: string): PackedRows | undefined {
  const first = readPart(parts, prefix, 0);
  if (first === undefined || !isDimension(first.dimensions)) return undefined;
  const chunks: PackedChunk[] = [first];
  for (let index = 1; index < first.chunks; index += 1) {
    const chunk = readPart(parts, prefix, index);
    if (chunk?.dimensions !== first.dimensions) return undefined;
    chunks.push(chunk);
  }
  try {
    return rowsOf(first.dimensions, chunks);
  } catch (error) {
    // They are more than this machine has room for: the caller goes on as without them.
    if (isMemoryError(error)) return undefined;
    throw error;
  }
}

function readPart(parts: UnpackedParts, prefix: string, index: number): PackedChunk | undefined {
  const bytes = parts.get(`${prefix}-${index}`);
  const chunk = bytes === undefined ? undefined : readChunk(bytes);
  return chunk?.index === index ? chunk : undefined;
}

function isDimension(dimensions: number): boolean {
  return Number.isInteger(dimensions) && dimensions >= 1 && dimensions <= LIMITS.vectorDimensions;
}

function rowsOf(dimensions: number, packed: readonly PackedChunk[]): PackedRows {
  const { width, turn } = rotation(dimensions);
  const setup = { memory: sharedMemory(), module: kernelModule(), width };
  const room = vectorRoom(setup, 'writer');
  // Half of the error of a product of two packed vectors would be the query's. Whatever they are, 32 bits hold the sum.
  const queryLargest = Math.min(MAX_INT16, Math.floor(MAX_INT32 / (ROW_LARGEST * width)));
  const revisions: number[] = [];
  let count = 0;
  let changes = 0;
  const change = (chunk: number): void => {
    changes += 1;
    revisions[chunk] = changes;
  };
  const grow = (chunks: number): void => {
    if (chunks <= revisions.length) return;
    growRoom(room, chunks);
    while (revisions.length < chunks) revisions.push(changes);
    // The first chunk says how many there are.
    change(0);
  };
  const rows: PackedRows = {
    dimensions,
    room,
    setup,
    get count() {
      return count;
    },
    get chunks() {
      return revisions.length;
    },
    get changes() {
      return changes;
    },
    put(slot, vector) {
      requireVector(vector, dimensions);
      assert(Number.isSafeInteger(slot) && slot >= 0, 'a slot is a small whole number');
      grow(chunkOf(slot) + 1);
      if (!rows.has(slot)) count += 1;
      writeRow(room, slot, quantised(turn(vector), ROW_LARGEST));
      change(chunkOf(slot));
    },
    delete(slot) {
      if (!rows.has(slot)) return;
      clearRow(room, slot);
      count -= 1;
      change(chunkOf(slot));
    },
    has: (slot) => slot >= 0 && chunkOf(slot) < revisions.length && isPresent(room, slot),
    get: (slot) => (rows.has(slot) ? readRow(room, slot) : undefined),
    query(vector) {
      requireVector(vector, dimensions);
      return quantised(turn(vector), queryLargest);
    },
    score: (slot, query) => (rows.has(slot) ? scoreRow(room, slot, query) : undefined),
    parts: (prefix) =>
      revisions.map((revision, index) => ({
        name: `${prefix}-${index}`,
        revision,
        bytes: () => packChunk(room, { dimensions, index, chunks: revisions.length }),
      })),
  };
  grow(Math.max(1, packed.length));
  for (const chunk of packed) count += fillChunk(room, chunk);
  return rows;
}

function growRoom(room: VectorRoom, chunks: number): void {
  try {
    room.grow(chunks);
  } catch (cause) {
    const message = `The vectors of ${chunks * CHUNK_ROWS} things, ${room.width} bytes each, don't fit into 4 GiB, or into the memory of this machine; choose a model with fewer dimensions.`;
    throw new MemoryError('LIMIT_EXCEEDED', message, { cause });
  }
}

function chunkOf(slot: number): number {
  return Math.floor(slot / CHUNK_ROWS);
}

interface RowPlace {
  readonly row: number;
  readonly scale: number;
  readonly signs: number;
  /** Number of the word, and the bit in it. */
  readonly word: number;
  readonly bit: number;
}

function placeOf(room: VectorRoom, slot: number): RowPlace {
  const chunk = room.chunk(chunkOf(slot));
  const row = slot % CHUNK_ROWS;
  return {
    row: chunk.rows + row * room.width,
    scale: (chunk.scales + row * 4) / 4,
    signs: chunk.signs + row * room.signBytes,
    word: chunk.present / 4 + (row >>> 5),
    bit: 1 << (row & 31),
  };
}

function isPresent(room: VectorRoom, slot: number): boolean {
  const { word, bit } = placeOf(room, slot);
  return ((room.views().words[word] ?? 0) & bit) !== 0;
}

function setPresent(room: VectorRoom, slot: number, isThere: boolean): void {
  const { word, bit } = placeOf(room, slot);
  const { words } = room.views();
  const before = words[word] ?? 0;
  words[word] = isThere ? before | bit : before & ~bit;
}

function writeRow(room: VectorRoom, slot: number, { numbers, scale }: PackedVector): void {
  const place = placeOf(room, slot);
  const views = room.views();
  views.numbers.set(numbers, place.row);
  views.floats[place.scale] = scale;
  room.kernel.sign(place.row, room.width, place.signs);
  setPresent(room, slot, true);
}

/** Nothing of it stays to be packed. */
function clearRow(room: VectorRoom, slot: number): void {
  setPresent(room, slot, false);
  const { row, scale } = placeOf(room, slot);
  const { numbers, floats } = room.views();
  numbers.fill(0, row, row + room.width);
  floats[scale] = 0;
}

function readRow(room: VectorRoom, slot: number): PackedVector {
  const { row, scale } = placeOf(room, slot);
  const { numbers, floats } = room.views();
  return { numbers: Int16Array.from(numbers.subarray(row, row + room.width)), scale: floats[scale] ?? 0 };
}

function scoreRow(room: VectorRoom, slot: number, query: Int16Array): number {
  const { row, scale } = placeOf(room, slot);
  const { wide, floats } = room.views();
  wide.set(query, room.desk.query / 2);
  // Rounded as the kernel does it: the same row has the same score, however it was found.
  return Math.fround(Math.fround(room.kernel.product(row, room.desk.query, room.width)) * (floats[scale] ?? 0));
}

const ROW_LARGEST = 127;
const MAX_INT16 = 2 ** 15 - 1;
const MAX_INT32 = 2 ** 31 - 1;

/**
 * Whole numbers, the largest of which is `most`, and the scale with which their product with the vector itself is what
 * it was: the error that is left stands at right angles to it.
 */
function quantised(vector: Float32Array, most: number): PackedVector {
  const numbers = new Int16Array(vector.length);
  let largest = 0;
  for (let index = 0; index < vector.length; index += 1) largest = Math.max(largest, Math.abs(vector[index] ?? 0));
  if (largest === 0) return { numbers, scale: 0 };
  let squares = 0;
  let products = 0;
  for (let index = 0; index < vector.length; index += 1) {
    const number = vector[index] ?? 0;
    const whole = Math.round((number / largest) * most);
    numbers[index] = whole;
    squares += number * number;
    products += number * whole;
  }
  return { numbers, scale: Math.fround(squares / products) };
}

function requireVector(vector: Float32Array, dimensions: number): void {
  if (vector.length !== dimensions) {
    const message = `A vector of ${vector.length} dimensions has no place among vectors of ${dimensions}; it is of another model.`;
    throw new MemoryError('INVALID_INPUT', message);
  }
  let sum = 0;
  for (let index = 0; index < vector.length; index += 1) sum += Math.abs(vector[index] ?? 0);
  if (!Number.isFinite(sum)) {
    throw new MemoryError('INVALID_INPUT', 'A vector holds a number that is none; look at the embedder it comes from.');
  }
}
