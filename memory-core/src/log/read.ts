// Reading a log back: what all its files hold at one moment, while others go on writing and rotating.
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { linesBackward, linesForward } from './file-lines.ts';
import type { LogPosition } from './follow.ts';
import { LOG_LIMITS } from './log-file.ts';
import { contentOf, type LogRecord } from './record.ts';

/** The log as it was when it was opened; what is written later is not in it. */
export interface LogSnapshot {
  /** The newest first. Sizes as they were. */
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  /** Files that are there and are left out, and what the file system says of each: another user's, or none. */
  readonly unreadable: readonly UnreadableFile[];
  /** Where what comes later begins. */
  readonly end: LogPosition;
  /** Everything, in bounded memory; in the order in which it was written, but for processes that wrote while another rotated. */
  records(order: 'oldest' | 'newest'): AsyncGenerator<LogRecord>;
  /** Lines that were passed over so far, of all that was read: torn, or written by somebody else. */
  damaged(): number;
  close(): Promise<void>;
}

export interface UnreadableFile {
  readonly path: string;
  readonly code: string;
}

/** Which log. */
export interface ReadOptions {
  /** Older files. @default as many as are kept */
  readonly keep?: number;
}

/** Opens all there is and can be read; nothing where there is no log. */
export async function openLog(path: string, { keep = LOG_LIMITS.keep }: ReadOptions = {}): Promise<LogSnapshot> {
  const { files, unreadable } = await openFiles(path, { keep });
  let damaged = 0;
  async function* records(order: 'oldest' | 'newest'): AsyncGenerator<LogRecord> {
    for (const file of order === 'newest' ? files : [...files].reverse()) {
      for await (const text of linesOf(file, order)) {
        if (text === '') continue;
        const { record, isDamaged } = text === undefined ? { isDamaged: true } : contentOf(text);
        if (isDamaged) damaged += 1;
        if (record !== undefined) yield record;
      }
    }
  }
  const [newest] = files;
  return {
    files: files.map(({ path: place, sizeBytes }) => ({ path: place, sizeBytes })),
    unreadable,
    end: { file: newest?.id, offset: newest?.sizeBytes ?? 0, older: files.slice(1).map(({ id }) => id) },
    records,
    damaged: () => damaged,
    async close() {
      await Promise.all(files.map(({ handle }) => handle.close()));
    },
  };
}

/** A file of a log, open: it stays the same whatever name it gets. */
export interface OpenedFile {
  readonly path: string;
  readonly handle: FileHandle;
  /** Which file it is, under any name. */
  readonly id: string;
  readonly sizeBytes: number;
}

/**
 * The newest first, up to the one that is `until` where it is met. Opened in this order none is missed: one that is
 * renamed meanwhile is met again.
 */
export async function openFiles(
  path: string,
  { keep, until }: { readonly keep: number; readonly until?: string | undefined },
): Promise<{ readonly files: readonly OpenedFile[]; readonly unreadable: readonly UnreadableFile[] }> {
  const files = new Map<string, OpenedFile>();
  const unreadable: UnreadableFile[] = [];
  try {
    for (let index = 0; index <= keep + 1; index += 1) {
      const place = index === 0 ? path : `${path}.${index}`;
      const file = await openedFile(place);
      if (typeof file === 'string') {
        if (file !== 'ENOENT') unreadable.push({ path: place, code: file });
        continue;
      }
      if (files.has(file.id)) await file.handle.close();
      else files.set(file.id, file);
      if (file.id === until) break;
    }
  } catch (error) {
    await Promise.all([...files.values()].map(({ handle }) => handle.close()));
    throw error;
  }
  return { files: [...files.values()], unreadable };
}

/** Or why not, as the file system calls it. */
async function openedFile(path: string): Promise<OpenedFile | string> {
  let handle: FileHandle;
  try {
    // A pipe would be waited for.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
  const stat = await handle.stat();
  if (stat.isFile()) return { path, handle, id: `${stat.dev}:${stat.ino}`, sizeBytes: stat.size };
  await handle.close();
  return stat.isDirectory() ? 'EISDIR' : 'no regular file';
}

async function* linesOf(
  { handle, sizeBytes }: OpenedFile,
  order: 'oldest' | 'newest',
): AsyncGenerator<string | undefined> {
  const part = { from: 0, to: sizeBytes };
  if (order === 'newest') yield* linesBackward(handle, part);
  else for await (const { text } of linesForward(handle, part)) yield text;
}
