// The lines of a part of a file, from either end, in bounded memory.
import type { FileHandle } from 'node:fs/promises';
import { LOG_LIMITS } from './log-file.ts';

const CHUNK_BYTES = 65_536;
const LINE_END = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);

/** Bytes of a file, the last one left out. */
export interface FilePart {
  readonly from: number;
  readonly to: number;
}

/** One line, or what a longer one than there may be is told as. */
export interface FileLine {
  readonly text: string | undefined;
  /** Where the next one begins. */
  readonly end: number;
  /** Its end is there; only the last one of a file may be without. */
  readonly isWhole: boolean;
}

/** The first line first. */
export async function* linesForward(file: FileHandle, { from, to }: FilePart): AsyncGenerator<FileLine> {
  let rest = NOTHING;
  let isTooLong = false;
  for (let at = from; at < to; ) {
    const chunk = await read(file, { from: at, to: Math.min(to, at + CHUNK_BYTES) });
    if (chunk.length === 0) break;
    let start = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, start)) {
      const line = joined(rest, chunk.subarray(start, end));
      yield { text: isTooLong ? undefined : textOf(line), end: at + end + 1, isWhole: true };
      rest = NOTHING;
      isTooLong = false;
      start = end + 1;
    }
    rest = joined(rest, chunk.subarray(start));
    if (rest.length > LOG_LIMITS.lineBytes) {
      rest = NOTHING;
      isTooLong = true;
    }
    at += chunk.length;
  }
  if (rest.length > 0 || isTooLong) yield { text: isTooLong ? undefined : textOf(rest), end: to, isWhole: false };
}

/** The last line first. */
export async function* linesBackward(file: FileHandle, { from, to }: FilePart): AsyncGenerator<string | undefined> {
  let rest = NOTHING;
  let isTooLong = false;
  for (let at = to; at > from; ) {
    const chunk = await read(file, { from: Math.max(from, at - CHUNK_BYTES), to: at });
    if (chunk.length === 0) return;
    let end = chunk.length;
    for (let before = chunk.lastIndexOf(LINE_END); before >= 0; before = lastIndexBefore(chunk, end)) {
      yield isTooLong ? undefined : textOf(joined(chunk.subarray(before + 1, end), rest));
      rest = NOTHING;
      isTooLong = false;
      end = before;
    }
    rest = joined(chunk.subarray(0, end), rest);
    if (rest.length > LOG_LIMITS.lineBytes) {
      rest = NOTHING;
      isTooLong = true;
    }
    at -= chunk.length;
  }
  yield isTooLong ? undefined : textOf(rest);
}

function lastIndexBefore(chunk: Buffer, end: number): number {
  return end === 0 ? -1 : chunk.lastIndexOf(LINE_END, end - 1);
}

function joined(a: Buffer, b: Buffer): Buffer {
  if (a.length === 0) return b;
  return b.length === 0 ? a : Buffer.concat([a, b]);
}

function textOf(line: Buffer): string | undefined {
  return line.length > LOG_LIMITS.lineBytes ? undefined : line.toString('utf8');
}

/** All of the part, or as much as there is. */
async function read(file: FileHandle, { from, to }: FilePart): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(to - from);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, from + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return bytes.subarray(0, length);
}
