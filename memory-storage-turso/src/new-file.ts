// A file that is made under a passing name and gets its own when it is whole and on the disk.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MemoryError, makePrivateFolder } from '@episodica/memory-core';
import { toMemoryError } from './errors.ts';

/** Makes an empty file beside `target`, for the user's eyes only, and its folder. Clears away what earlier ones left. */
export async function newFileFor(target: string): Promise<string> {
  const folder = dirname(target);
  const path = join(folder, `.${basename(target)}.${randomBytes(6).toString('hex')}${SUFFIX}`);
  try {
    makePrivateFolder(folder);
    await removeLeftovers(folder);
    await (await open(path, 'wx', 0o600)).close();
  } catch (cause) {
    throw fileFailure(cause, `write a file in ${folder}`);
  }
  return path;
}

/** Writes a file that nobody has open through to the disk. */
export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the names in a folder durable, where the system can. */
export async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY).catch(() => undefined);
  try {
    await handle?.sync();
  } catch (error) {
    // Windows and some file systems keep names in their own way.
    if (!isRefusal(error)) throw error;
  } finally {
    await handle?.close();
  }
}

/** Gives the file its name, unless there is one of that name already. @throws `INVALID_INPUT` when there is */
export async function nameOnce(path: string, target: string): Promise<void> {
  try {
    await link(path, target);
    await rm(path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST' || (await exists(target))) throw alreadyThere(target);
    if (!isRefusal(error)) throw fileFailure(error, `write ${target}`);
    // A file system without links.
    await rename(path, target);
  }
  await syncFolder(dirname(target));
}

/** Takes away the file and what the engine keeps beside it. */
export async function discard(path: string): Promise<void> {
  for (const end of ['', '-journal', '-wal', '-shm']) await rm(`${path}${end}`, { force: true });
}

/** Whether there is a file of that name. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The refusal to write over a file. */
export function alreadyThere(path: string): MemoryError {
  return new MemoryError('INVALID_INPUT', `${path} is there already and is left as it is. Name another file.`);
}

/** What the engine or the file system says, in our words. */
export function fileFailure(cause: unknown, action: string): MemoryError {
  if (cause instanceof MemoryError) return cause;
  if (!(cause instanceof Error && 'syscall' in cause)) return toMemoryError(cause, action);
  const code = codeOf(cause);
  const advice = ADVICE[code] ?? 'Choose another place, or see the cause';
  return new MemoryError('STORE_FAILED', `Cannot ${action} (${code}). ${advice}.`, { cause });
}

/** Whether the file system cannot do such a thing at all. */
export function isRefusal(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK', 'EINVAL', 'EISDIR'].includes(codeOf(error));
}

const SUFFIX = '.partial';
/** A file that is being made is written to all the time. */
const LEFTOVER_AFTER_MS = 3_600_000;

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space and try again',
  EDQUOT: 'The quota of this user is used up: free some space and try again',
  EACCES: 'Choose a folder where this user may write',
  EPERM: 'Choose a folder where this user may write',
  EROFS: 'Choose a folder where this user may write',
  ENOTDIR: 'A part of the path is no folder: choose another',
};

/** Of processes that were killed. */
async function removeLeftovers(folder: string): Promise<void> {
  const now = Date.now();
  for (const name of await readdir(folder)) {
    if (!/^\..+\.[0-9a-f]{12}\.partial(?:-journal|-wal|-shm)?$/u.test(name)) continue;
    const path = join(folder, name);
    const modified = await stat(path).catch(() => undefined);
    if (modified !== undefined && now - modified.mtimeMs > LEFTOVER_AFTER_MS) await rm(path, { force: true });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
}
