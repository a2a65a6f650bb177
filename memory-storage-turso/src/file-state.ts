// What lies at the path of a database, told without opening it: to close a file that the engine has open in this
// process would let go of the engine's locks.
import { accessSync, type BigIntStats, constants, lstatSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Access } from './connection.ts';

/** The file at the path and its log, each by what tells it from every other; `undefined`: there is none. */
export interface FileState {
  readonly file: string | undefined;
  readonly log: string | undefined;
}

/** The files that lie there. Writing to them does not change this. */
export function stateOf(path: string): FileState {
  return { file: fileAt(path), log: fileAt(logPathOf(path)) };
}

/** The files and when they were last written: for who reads them without taking part in the engine's locks. */
export function contentStateOf(path: string): FileState {
  return { file: contentAt(path), log: contentAt(logPathOf(path)) };
}

/** Two files that are there at the same time have different names here. Costs 2 µs. */
export function fileAt(path: string): string | undefined {
  const found = lookAt(path);
  return found && `${found.dev} ${found.ino}`;
}

/** 0 where there is none. */
export function sizeAt(path: string): number {
  return Number(lookAt(path)?.size ?? 0n);
}

/** Whether a folder lies where a file should. */
export function isFolder(path: string): boolean {
  return lookAt(path)?.isDirectory() ?? false;
}

/** Whether a regular file lies there. To open another thing, like a pipe, may take for ever. */
export function isFile(path: string): boolean {
  try {
    return lookAt(path)?.isFile() ?? false;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}

/** Where the file lies, where a link stands at the path: the log is beside the file, and who gives a file another name replaces a link. */
export function realPathOf(path: string): string {
  const isLink = lookAt(path) !== undefined && lstatSync(path).isSymbolicLink();
  return isLink ? realpathSync(path) : path;
}

/** Where the engine writes first. */
export function logPathOf(path: string): string {
  return `${path}-wal`;
}

/** An error of the operating system, like `EACCES`. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && 'syscall' in error;
}

/** What of the files is not as a connection found it. */
export type FileChange =
  /** There is none at the path. */
  | 'deleted'
  /** Another file is there. */
  | 'replaced'
  /** Another file is there, and beside it the log of the one that was, with writes in it. */
  | 'mixed'
  /** The file is there, its log is not. */
  | 'log deleted'
  /** The file is there, with another log. */
  | 'log replaced';

/** What happened at the path between the two; `undefined` when nothing did. */
export function changeOf(path: string, before: FileState, now: FileState): FileChange | undefined {
  if (now.file === undefined) return 'deleted';
  if (now.file !== before.file) {
    // An empty one does no harm, and is about to go where a backup is being restored.
    const isOldLog = now.log !== undefined && now.log === before.log && sizeAt(logPathOf(path)) > 0;
    return isOldLog ? 'mixed' : 'replaced';
  }
  if (now.log === before.log) return undefined;
  return now.log === undefined ? 'log deleted' : 'log replaced';
}

/**
 * Why a connection did nothing of what it was asked. Beside the changes of its files: `read-only`, it may not write;
 * `writable`, it may not, but one that is opened now may; `spent`, it failed in a way that it cannot get over;
 * `rekeyed`, what lies there now does not open with the key that it has.
 */
export type Hindrance = FileChange | 'read-only' | 'writable' | 'spent' | 'rekeyed';

/** Stays within this package: whoever holds the connection opens another, or tells the caller. */
export class Hindered extends Error {
  readonly hindrance: Hindrance;

  constructor(hindrance: Hindrance) {
    super(hindrance);
    this.name = 'Hindered';
    this.hindrance = hindrance;
  }
}

/** Writing needs the file, its log and the log's index, each of them there or to be made. */
export function accessOf(path: string): Access {
  const files = [path, logPathOf(path), `${path}-shm`].map((file) =>
    fileAt(file) === undefined ? dirname(path) : file,
  );
  return files.every(isWritable) ? 'read-write' : 'read-only';
}

function lookAt(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // A file stands where a directory should be: so there is nothing at the path.
    if (isSystemError(error) && error.code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function contentAt(path: string): string | undefined {
  const found = lookAt(path);
  return found && `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}`;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
