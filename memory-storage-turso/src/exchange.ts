// A prepared file takes the place of a database in one step: whatever happens, and when, one of the two is there, whole.
import { constants } from 'node:fs';
import { copyFile, link, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryError } from '@episodica/memory-core/backend';
import { onFile } from './backup.ts';
import type { Connection } from './connection.ts';
import { isAsideName, timeInName } from './copies.ts';
import { damageOf } from './copy.ts';
import { emptyLog, logSize } from './erase.ts';
import { connectBare } from './local-file.ts';
import { discard, isRefusal, nameOnce, newFileFor, syncFile, syncFolder } from './new-file.ts';

/** A file that is there, its key if it has one, and how long to wait for others that use it. */
export interface LockedFile {
  readonly path: string;
  readonly encryptionKey: string | undefined;
  readonly waitMs: number;
}

/**
 * Does something while nobody writes to a database and its log is empty, so that all that was acknowledged is in its
 * file. Others read meanwhile.
 * @throws `STORE_UNAVAILABLE` while others use it all the time
 */
export async function whileLocked<T>(file: LockedFile, work: (old: Connection) => Promise<T>): Promise<T> {
  const { path, encryptionKey, waitMs } = file;
  const old = await connectBare(path, { busyTimeoutMs: waitMs, durability: 'full', encryptionKey });
  try {
    await lockWithEmptyLog(old, waitMs);
    return await work(old);
  } finally {
    await old.execute({ sql: 'ROLLBACK', args: [] }).catch(() => undefined);
    await old.close();
  }
}

/**
 * Gives a new file, with its key if it has one, the name of the database that `whileLocked` holds. It is locked against everybody before it gets the
 * name: whoever opens it waits until the log of the old one is gone. An empty log does no harm to the new file if we
 * end in between.
 */
export async function exchange(file: string, { path, encryptionKey, waitMs }: LockedFile): Promise<void> {
  const fresh = await connectBare(file, { busyTimeoutMs: waitMs, durability: 'full', encryptionKey });
  try {
    await fresh.execute({ sql: 'BEGIN EXCLUSIVE', args: [] });
    await rename(file, path);
    await removeLog(path);
    await syncFolder(dirname(path));
  } finally {
    await fresh.execute({ sql: 'ROLLBACK', args: [] }).catch(() => undefined);
    await fresh.close();
  }
}

/** Gives a new file the name at which there is none. A log of a file that is gone, which may be found again, is kept: where. */
export async function takePlace(file: string, path: string): Promise<string | undefined> {
  const log = logSize(path) > 0 ? `${asideOf(path, 'damaged')}-wal` : undefined;
  if (log !== undefined) await keepFile(`${path}-wal`, log);
  await removeLog(path);
  await nameOnce(file, path).catch((error: unknown) => {
    throw error instanceof MemoryError && error.code === 'INVALID_INPUT' ? changedMeanwhile(path) : error;
  });
  return log;
}

/**
 * Puts a new file in the place of one that cannot be read, and answers where that lies now. The engine may be able to
 * lock it or not, and cannot be trusted to complete it: its log is kept with it for whoever may mend it, and is gone
 * before the name changes hands.
 */
export async function replaceUnreadable(file: string, { path, encryptionKey, waitMs }: LockedFile): Promise<string> {
  const unlessDamaged = (error: unknown): undefined => {
    if (damageOf(error) === undefined) throw error;
  };
  const aside = asideOf(path, 'damaged');
  const old = await connectBare(path, { busyTimeoutMs: waitMs, durability: 'full', encryptionKey }).catch(
    unlessDamaged,
  );
  try {
    await old?.execute({ sql: 'BEGIN IMMEDIATE', args: [] }).catch(unlessDamaged);
    await keepFile(path, aside);
    if (logSize(path) > 0) await keepFile(`${path}-wal`, `${aside}-wal`);
    await syncFolder(dirname(path));
    await removeLog(path);
    await rename(file, path);
    await syncFolder(dirname(path));
  } finally {
    await old?.execute({ sql: 'ROLLBACK', args: [] }).catch(() => undefined);
    await old?.close();
  }
  return aside;
}

/** Gives the database that `whileLocked` holds a second name, under which it stays. */
export async function keepAs(aside: string, { path, encryptionKey }: LockedFile): Promise<void> {
  try {
    await link(path, aside);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // A file system without links. The lock is held by one connection, and another reads beside it.
    const partial = await newFileFor(aside);
    try {
      await onFile({ path, use: 'shared', encryptionKey }, (run) => run('copy', { to: partial }));
      await syncFile(partial);
      await nameOnce(partial, aside);
    } finally {
      await discard(partial);
    }
  }
  await syncFolder(dirname(path));
}

/** A name for what was in place until now. */
export function asideOf(path: string, word: 'replaced' | 'damaged'): string {
  return `${path}.${word}-${timeInName(new Date())}`;
}

/** A process that ended in the middle of this may have left a second name of the store, which is no copy of it. */
export async function removeUnfinishedAsides(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!isAsideName(path, name)) continue;
    const aside = join(dirname(path), name);
    if (await isSameFile(aside, path)) await rm(aside, { force: true });
  }
}

/** Whether two paths name the same file. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)));
  return first !== undefined && second !== undefined && first.ino === second.ino && first.dev === second.dev;
}

/** The refusal to go on with what was decided from a look at another state. */
export function changedMeanwhile(path: string): MemoryError {
  const message = `The store ${path} was changed while the backup was prepared; nothing was replaced. Try again.`;
  return new MemoryError('STORE_UNAVAILABLE', message, { retryable: true });
}

async function lockWithEmptyLog(connection: Connection, waitMs: number): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const isEmpty = await emptyLog(connection, waitMs);
    if (isEmpty) {
      await connection.execute({ sql: 'BEGIN IMMEDIATE', args: [] });
      // Somebody may have written in between.
      if (logSize(connection.place) === 0) return;
      await connection.execute({ sql: 'ROLLBACK', args: [] });
    }
    if (performance.now() - startedMs >= waitMs) throw inUse(connection.place);
    await sleep(1);
  }
}

async function keepFile(path: string, aside: string): Promise<void> {
  try {
    await link(path, aside);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await copyFile(path, aside, constants.COPYFILE_EXCL);
  }
}

async function removeLog(path: string): Promise<void> {
  for (const end of ['-wal', '-shm', '-journal']) await rm(`${path}${end}`, { force: true });
}

function inUse(path: string): MemoryError {
  const message = `Other processes use the store ${path} all the time; nothing was changed. Try again, or end them.`;
  return new MemoryError('STORE_UNAVAILABLE', message, { retryable: true });
}
