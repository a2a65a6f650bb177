// One search through the packed vectors, chunk by chunk: the same in the thread that writes them and in its worker.
import { type Best, best } from '../retrieve/best.ts';
import { CHUNK_ROWS, CHUNK_WORDS, type VectorRoom } from './vector-room.ts';

export interface Scan {
  /** Turned and packed. */
  readonly query: Int16Array;
  readonly count: number;
  /** Chunks that there are. */
  readonly chunks: number;
  /** Rows that are looked at, at most. */
  readonly rows: number;
  /** Slots as bits; all of them without it. */
  readonly among: Uint32Array | undefined;
}

/** Slots, best first, and their scalar products with the query's bytes, times the scale of each. */
export interface Scanned {
  readonly slots: Uint32Array;
  readonly scores: Float64Array;
}

/** Gives way after each chunk, which takes a few milliseconds at most. */
export function* scanning(room: VectorRoom, scan: Scan): Generator<void, Scanned> {
  const nearest = best(wantedOf(scan));
  const among = isSignsFirst(room, scan) ? yield* likely(room, scan) : scan.among;
  for (let chunk = 0; chunk < scan.chunks; chunk += 1) {
    if (takeRows(room, { ...scan, among }, chunk, nearest)) yield;
  }
  return nearest.take();
}

/** What a search costs, as bytes of rows that are looked at. */
export function costBytes(room: VectorRoom, scan: Scan): number {
  if (!isSignsFirst(room, scan)) return scan.rows * room.width;
  return scan.rows * room.signBytes * SIGN_BYTE_COST + candidatesOf(scan) * room.width;
}

/**
 * Slots whose vectors agree with the query in most signs. Of a turned vector each sign is a vote on the angle, so the
 * nearest are among the first hundredth unless all are much alike, at an eighth of the memory to read.
 */
function* likely(room: VectorRoom, scan: Scan): Generator<void, Uint32Array> {
  const alike = best(candidatesOf(scan));
  for (let chunk = 0; chunk < scan.chunks; chunk += 1) {
    if (takeSigns(room, scan, chunk, alike)) yield;
  }
  const slots = new Uint32Array(scan.chunks * CHUNK_WORDS);
  for (const slot of alike.take().slots) slots[slot >>> 5] = (slots[slot >>> 5] ?? 0) | (1 << (slot & 31));
  return slots;
}

/** Rows that the signs leave over: at least, for each one that is wanted, and of those there are. */
const MIN_CANDIDATES = 1_000;
const CANDIDATES_EACH = 20;
const CANDIDATE_SHARE = 0.01;
/**
 * From so many bytes of rows on the signs go first. Where vectors fall into groups they lose nothing, where all are much
 * alike half of the nearest: so not as long as every row can be looked at in time.
 */
const SIGNS_FIRST_BYTES = 500_000_000;
/** Counting the bits of a byte takes as long as multiplying two. */
const SIGN_BYTE_COST = 2;

function wantedOf({ count, rows }: Scan): number {
  return Math.min(count, rows);
}

function candidatesOf(scan: Scan): number {
  return Math.max(MIN_CANDIDATES, CANDIDATES_EACH * wantedOf(scan), Math.ceil(CANDIDATE_SHARE * scan.rows));
}

function isSignsFirst({ width }: VectorRoom, scan: Scan): boolean {
  return scan.rows * width >= SIGNS_FIRST_BYTES && scan.rows > candidatesOf(scan);
}

/** Whether there was anything to look at. */
function takeRows(room: VectorRoom, scan: Scan, index: number, nearest: Best): boolean {
  if (!maskChunk(room, scan, index)) return false;
  const { desk, kernel, width } = room;
  const chunk = room.chunk(index);
  const { wide, words, floats } = room.views();
  wide.set(scan.query, desk.query / 2);
  // As long as there is no floor every row gets in: pieces that double in size keep those few.
  let size = nearest.floor === -Infinity ? FIRST_PIECE_WORDS : CHUNK_WORDS;
  for (let from = 0; from < CHUNK_WORDS; from += size, size = Math.min(2 * size, CHUNK_WORDS - from)) {
    const found = kernel.above(
      desk.mask + 4 * from,
      size,
      chunk.rows + 32 * from * width,
      chunk.scales + 4 * 32 * from,
      desk.query,
      width,
      nearest.floor,
      desk.found,
    );
    const firstRow = index * CHUNK_ROWS + 32 * from;
    for (let at = desk.found / 4; at < desk.found / 4 + 2 * found; at += 2) {
      nearest.offer(firstRow + (words[at] ?? 0), floats[at + 1] ?? 0);
    }
  }
  return true;
}

const FIRST_PIECE_WORDS = 4;

function takeSigns(room: VectorRoom, scan: Scan, index: number, alike: Best): boolean {
  if (!maskChunk(room, scan, index)) return false;
  const { desk, kernel, signBytes, width } = room;
  const { numbers, words } = room.views();
  for (let index = 0; index < width; index += 1) numbers[desk.query + index] = (scan.query[index] ?? 0) < 0 ? -1 : 0;
  kernel.sign(desk.query, width, desk.querySigns);
  const most = alike.floor === -Infinity ? width : -alike.floor - 1;
  const { signs } = room.chunk(index);
  const found = kernel.alike(desk.mask, CHUNK_WORDS, signs, desk.querySigns, signBytes, most, desk.found);
  for (let at = desk.found / 4; at < desk.found / 4 + 2 * found; at += 2) {
    alike.offer(index * CHUNK_ROWS + (words[at] ?? 0), -(words[at + 1] ?? 0));
  }
  return true;
}

/** Lays the slots of a chunk that are there and let through on the desk; false when there are none. */
function maskChunk(room: VectorRoom, { among }: Scan, index: number): boolean {
  const { words } = room.views();
  const present = room.chunk(index).present / 4;
  const mask = room.desk.mask / 4;
  let some = 0;
  for (let word = 0; word < CHUNK_WORDS; word += 1) {
    const lets = among === undefined ? -1 : (among[index * CHUNK_WORDS + word] ?? 0);
    const bits = (words[present + word] ?? 0) & lets;
    words[mask + word] = bits;
    some |= bits;
  }
  return some !== 0;
}
