// A file that is made under a passing name and gets its own when it is whole and on the disk.
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { MemoryError, makePrivateFolder } from '@episodica/memory-core/backend';
import { toMemoryError } from './errors.ts';

/** Makes an empty file beside `target`, for the user's eyes only, and its folder. Clears away what processes that are gone left. */
export async function newFileFor(target: string): Promise<string> {
  const folder = dirname(target);
  const owner = `${process.pid}-${hostMark()}`;
  const path = join(folder, `.${basename(target)}.${owner}-${randomBytes(6).toString('hex')}.partial`);
  try {
    makePrivateFolder(folder);
    await removeLeftovers(folder);
    await (await open(path, 'wx', 0o600)).close();
  } catch (cause) {
    throw fileFailure(cause, `write a file in ${folder}`);
  }
  return path;
}

/** The name that a file with such a passing name, or what the engine keeps beside it, was to get in the end. */
export function targetOfPassing(name: string): string | undefined {
  return PASSING.exec(name)?.[1];
}

/** Takes away what processes that were killed left in a folder, also one that cannot be read or is not there. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    // What may not be taken away is named among the copies, and keeps nobody from a new file.
    if (await isLeftover(join(folder, name))) await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
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

/** Several machines may share a folder, and a process is known by its number on its own alone. */
const hostMark = (): string => createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const PASSING = /^\.(.+)\.(\d+)-([0-9a-f]{8})-[0-9a-f]{12}\.partial(?:-journal|-wal|-shm)?$/u;
/** Where it cannot be told whether the process is there: a file that is being made is written to all the time. */
const LEFTOVER_AFTER_MS = 3_600_000;

const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: free some space and try again',
  EDQUOT: 'The quota of this user is used up: free some space and try again',
  EACCES: 'Choose a folder where this user may write',
  EPERM: 'Choose a folder where this user may write',
  EROFS: 'Choose a folder where this user may write',
  ENOTDIR: 'A part of the path is no folder: choose another',
};

/** Another process may have got the number of the one that made it. */
async function isLeftover(path: string): Promise<boolean> {
  const [, , pid, host] = PASSING.exec(basename(path)) ?? [];
  if (pid === undefined) return false;
  if (host === hostMark() && !isRunning(Number(pid))) return true;
  const modified = await stat(path).catch(() => undefined);
  return modified !== undefined && Date.now() - modified.mtimeMs > LEFTOVER_AFTER_MS;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One of another user may not be asked.
    return codeOf(error) !== 'ESRCH';
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
}
