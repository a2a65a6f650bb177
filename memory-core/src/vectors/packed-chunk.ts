// One chunk of rows as bytes to keep: a head, the bits of the rows that are there, their scales, the rows.
import { crc32 } from 'node:zlib';
import { widthOf } from './rotation.ts';
import { CHUNK_ROWS, CHUNK_WORDS, type VectorRoom } from './vector-room.ts';

export interface ChunkHead {
  readonly dimensions: number;
  readonly index: number;
  /** How many chunks there are; it counts in the first one, the others say what it was when they were packed. */
  readonly chunks: number;
}

export interface PackedChunk extends ChunkHead {
  /** Rows up to the last one that is there. */
  readonly rows: number;
  readonly body: Uint8Array;
}

/** A copy of what the chunk is now. */
export function packChunk(room: VectorRoom, { dimensions, index, chunks }: ChunkHead): Uint8Array {
  const { bytes } = room.views();
  const chunk = room.chunk(index);
  const rows = lastRow(room, index) + 1;
  const packed = new Uint8Array(HEAD_BYTES + bodyBytes(rows, room.width));
  let at = HEAD_BYTES;
  for (const [address, length] of pieces(chunk, rows, room.width)) {
    packed.set(bytes.subarray(address, address + length), at);
    at += length;
  }
  const head = new DataView(packed.buffer, 0, HEAD_BYTES);
  [FORMAT, dimensions, index, chunks, rows].forEach((value, field) => {
    head.setUint32(4 * field, value, true);
  });
  head.setUint32(CHECK_AT, check(packed), true);
  return packed;
}

/** What `packChunk` gave; undefined for anything else, or when a bit of it is another. */
export function readChunk(packed: Uint8Array): PackedChunk | undefined {
  if (packed.length < HEAD_BYTES) return undefined;
  const head = new DataView(packed.buffer, packed.byteOffset, HEAD_BYTES);
  const [format = 0, dimensions = 0, index = 0, chunks = 0, rows = 0] = [0, 4, 8, 12, 16].map((at) =>
    head.getUint32(at, true),
  );
  const body = packed.subarray(HEAD_BYTES);
  const isWhole = rows <= CHUNK_ROWS && body.length === bodyBytes(rows, widthOf(dimensions));
  if (format !== FORMAT || !isWhole || head.getUint32(CHECK_AT, true) !== check(packed)) return undefined;
  return { dimensions, index, chunks, rows, body };
}

/** Puts the rows of a packed chunk into a room for vectors of its dimensions that has space for it; how many there are. */
export function fillChunk(room: VectorRoom, { index, rows, body }: PackedChunk): number {
  const { bytes, words } = room.views();
  const chunk = room.chunk(index);
  let at = 0;
  for (const [address, length] of pieces(chunk, rows, room.width)) {
    bytes.set(body.subarray(at, at + length), address);
    at += length;
  }
  room.kernel.sign(chunk.rows, rows * room.width, chunk.signs);
  return words
    .subarray(chunk.present / 4, chunk.present / 4 + CHUNK_WORDS)
    .reduce((sum, word) => sum + bitsIn(word), 0);
}

/** Another number for another layout, or another rotation. */
const FORMAT = 0x31637665;
const CHECK_AT = 20;
const HEAD_BYTES = 24;

const presentBytes = (rows: number): number => 4 * Math.ceil(rows / 32);
const bodyBytes = (rows: number, width: number): number => presentBytes(rows) + rows * (4 + width);

/** Address and length of each piece of the body. */
function pieces(
  chunk: ReturnType<VectorRoom['chunk']>,
  rows: number,
  width: number,
): readonly (readonly [number, number])[] {
  return [
    [chunk.present, presentBytes(rows)],
    [chunk.scales, 4 * rows],
    [chunk.rows, width * rows],
  ];
}

/** Of all but the check itself. */
function check(packed: Uint8Array): number {
  return crc32(packed.subarray(HEAD_BYTES), crc32(packed.subarray(0, CHECK_AT)));
}

/** -1 for none. */
function lastRow(room: VectorRoom, index: number): number {
  const { words } = room.views();
  const first = room.chunk(index).present / 4;
  for (let word = CHUNK_WORDS - 1; word >= 0; word -= 1) {
    const bits = words[first + word] ?? 0;
    if (bits !== 0) return 32 * word + 31 - Math.clz32(bits);
  }
  return -1;
}

/** Counted in pairs, fours and eights of bits at once. */
function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return (((fours + (fours >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
