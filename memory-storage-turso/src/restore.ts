// Putting a backup in the place of a store: prepared beside it, and put there in one step.
import { constants } from 'node:fs';
import { copyFile, link, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { MemoryError, openMemory, type Tombstone, throwIfAborted } from '@episodica/memory-core';
import type { Kind } from '@episodica/memory-core/ports';
import { pathOf } from './address.ts';
import {
  type BackupReport,
  type CopyOptions,
  copying,
  describeDatabase,
  notWhole,
  onFile,
  verifyBackup,
} from './backup.ts';
import type { Connection, Row } from './connection.ts';
import { copiesBeside, timeInName } from './copies.ts';
import { damageOf } from './copy.ts';
import { emptyLog, logSize } from './erase.ts';
import { connectBare } from './local-file.ts';
import { discard, fileFailure, isRefusal, nameOnce, newFileFor, syncFile, syncFolder } from './new-file.ts';
import { numberIn, rowToEntity } from './rows.ts';
import { openTursoStore } from './store.ts';

/** What to restore, and where. */
export interface RestoreOptions extends CopyOptions {
  /** The backup. */
  readonly from: string;
  /** `file:` URL of the store. */
  readonly url: string;
  /** Put aside a store that holds data, or one that cannot be read. @default false */
  readonly replace?: boolean;
  /** Let what was forgotten since the backup come back. @default false */
  readonly bringBackForgotten?: boolean;
  /** Asked when both ends have been looked at; when it rejects, all is left as it is. */
  readonly agree?: (plan: RestorePlan) => Promise<void>;
  /** How long to wait for others that use the store. @default 5000 */
  readonly waitMs?: number;
}

/** What lies where the backup should go. `unreadable`: a file that is damaged, or no store. */
export type Place =
  | { readonly state: 'missing' }
  | { readonly state: 'empty' }
  | { readonly state: 'in use'; readonly episodeCount: number; readonly tombstoneCount: number }
  | { readonly state: 'unreadable'; readonly problem: string };

/** What restoring would do. */
export interface RestorePlan {
  /** The store's file. */
  readonly path: string;
  readonly backup: BackupReport;
  readonly place: Place;
}

/** What is in place now. */
export interface RestoreReceipt {
  readonly path: string;
  readonly from: string;
  /** The name that the restored store goes by. It is a new one, so no cache of another is taken for its own. */
  readonly identity: string;
  readonly sizeBytes: number;
  readonly schema: number;
  readonly journalSeq: number;
  readonly counts: Readonly<Record<Kind, number>>;
  /** Where the store that was there lies now. Absent when there was none, or an empty one. */
  readonly replaced?: string;
  /** Episodes of the backup that had been forgotten since, and stay forgotten; `unknown`: the old store
   * is missing or could not be read. */
  readonly forgottenAgain: number | 'unknown';
  readonly tookMs: number;
}

/**
 * Looks at both ends and changes nothing.
 * @throws `NOT_FOUND`, `STORE_CORRUPT` when the backup is not whole, `INVALID_INPUT` when it is the store itself
 */
export async function planRestore(options: Pick<RestoreOptions, 'from' | 'url'>): Promise<RestorePlan> {
  const path = pathOf(options.url);
  const from = resolve(options.from);
  if (await isSameFile(from, path)) {
    throw new MemoryError('INVALID_INPUT', `${from} is the store itself; name a backup of it.`);
  }
  const backup = await verifyBackup(from);
  if (!backup.ok) throw notWhole(`The store ${path} is left as it is: ${from}`, backup);
  return { path, backup, place: await placeAt(path) };
}

/**
 * Puts a backup in the place of the store. Whatever happens, and when, either the old store is there or the new one,
 * whole. Processes that use the old store find the new one with their next write; writes wait for the moment of the
 * change. What was there is kept under another name. What had been forgotten stays forgotten.
 * @throws `INVALID_STATE` when there is data and `replace` does not allow it, `STORE_UNAVAILABLE` while others keep
 * the store busy, and what `planRestore` throws
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReceipt> {
  const startedMs = performance.now();
  const plan = await planRestore(options);
  const { path, backup, place } = plan;
  if ((place.state === 'in use' || place.state === 'unreadable') && options.replace !== true)
    throw holdsData(path, place);
  await options.agree?.(plan);
  const prepared: string[] = [];
  try {
    const { file, forgottenAgain } = await prepare({ path, from: backup.path, place, options, prepared });
    const contents = await onFile(file, 'alone', (run) => run('renew', undefined));
    const { stats, identity } = contents;
    if (!contents.ok || stats === undefined || identity === undefined)
      throw notWhole(`The store ${path} is left as it is: the copy`, contents);
    await syncFile(file);
    throwIfAborted(options.signal);
    const waitMs = options.waitMs ?? DEFAULT_WAIT_MS;
    const isForgetting = options.bringBackForgotten !== true;
    const replaced = await putInPlace(file, { path, place, waitMs, isForgetting });
    const { schema, journalSeq, counts, sizeBytes } = stats;
    return {
      path,
      from: backup.path,
      identity,
      sizeBytes,
      schema,
      journalSeq,
      counts,
      ...(replaced === undefined ? {} : { replaced }),
      forgottenAgain,
      tookMs: performance.now() - startedMs,
    };
  } catch (error) {
    throw fileFailure(error, `restore the store ${path}`);
  } finally {
    for (const file of prepared) await discard(file);
  }
}

const DEFAULT_WAIT_MS = 5_000;
const TOMBSTONES_AT_A_TIME = 500;

async function isSameFile(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => stat(path).catch(() => undefined)));
  return first !== undefined && second !== undefined && first.ino === second.ino && first.dev === second.dev;
}

async function placeAt(path: string): Promise<Place> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return { state: 'missing' };
  if (file.size === 0 && logSize(path) === 0) return { state: 'empty' };
  try {
    const { journalSeq, episodeCount, tombstoneCount } = await describeDatabase(path, 'looking');
    return journalSeq === 0 ? { state: 'empty' } : { state: 'in use', episodeCount, tombstoneCount };
  } catch (error) {
    if (!(error instanceof MemoryError) || error.code !== 'STORE_CORRUPT') throw error;
    return { state: 'unreadable', problem: error.message };
  }
}

function holdsData(path: string, place: Place): MemoryError {
  const what = place.state === 'in use' ? `holds ${place.episodeCount} episodes` : 'is there and cannot be read';
  return new MemoryError(
    'INVALID_STATE',
    `The store ${path} ${what}; nothing was restored. With --force it is put aside under another name.`,
  );
}

interface Preparation {
  readonly path: string;
  readonly from: string;
  readonly place: Place;
  readonly options: RestoreOptions;
  /** Files to take away in the end. */
  readonly prepared: string[];
}

/** A copy of the backup beside the store, without what had been forgotten. */
async function prepare(
  preparation: Preparation,
): Promise<{ readonly file: string; readonly forgottenAgain: number | 'unknown' }> {
  const { path, from, place, options, prepared } = preparation;
  const copy = async (source: string, use: 'reading' | 'alone'): Promise<string> => {
    const file = await newFileFor(path);
    prepared.push(file);
    await onFile(source, use, (run) => copying(run, file, options));
    throwIfAborted(options.signal);
    return file;
  };
  const file = await copy(from, 'reading');
  // Where there are copies, there was a store.
  const isLost = place.state === 'missing' && copiesBeside(path).length > 0;
  if (place.state === 'unreadable' || isLost) return { file, forgottenAgain: 'unknown' };
  const isForgetting = place.state === 'in use' && place.tombstoneCount > 0 && options.bringBackForgotten !== true;
  if (!isForgetting) return { file, forgottenAgain: 0 };
  const forgottenAgain = await forgetAgain(file, path, options);
  // What was forgotten is still on free pages and in the text indexes: a copy has no such pages.
  await onFile(file, 'shared', (run) => run('rebuildText', undefined));
  return { file: await copy(file, 'reading'), forgottenAgain };
}

/** Forgets in `file` what was forgotten in `old`, and keeps the mark of each, so that no import brings it back. */
async function forgetAgain(file: string, old: string, { signal }: RestoreOptions): Promise<number> {
  const store = await openTursoStore({ url: pathToFileURL(file).href, durability: 'normal' });
  const memory = openMemory({ store, actor: 'restore' });
  const call = signal === undefined ? {} : { signal };
  let count = 0;
  try {
    await eachTombstones(old, async (tombstones) => {
      throwIfAborted(signal);
      const ids = tombstones.map(({ id }) => id);
      const { episodeIds } = await memory.forget({ ids }, call);
      count += episodeIds.length;
      const known = await store.getMany('tombstone', ids);
      const unknown = tombstones.filter((_, index) => known[index] === undefined);
      await store.write(
        unknown.map((value) => ({ op: 'put', kind: 'tombstone', value }) as const),
        call,
      );
    });
  } finally {
    await memory.close();
  }
  return count;
}

async function eachTombstones(path: string, work: (some: readonly Tombstone[]) => Promise<void>): Promise<void> {
  await onFile(path, 'looking', async (run) => {
    let last: Row | undefined;
    do {
      const rows = await run('page', { kind: 'tombstone', filter: {}, last, page: TOMBSTONES_AT_A_TIME });
      if (rows.length > 0) await work(rows.map((row) => rowToEntity('tombstone', row)));
      last = rows.at(-1);
    } while (last !== undefined);
  });
}

interface Destination {
  readonly path: string;
  readonly place: Place;
  readonly waitMs: number;
  /** Whether what was forgotten in the old store must be known to the last. */
  readonly isForgetting: boolean;
}

/** Answers where the old store lies now. */
async function putInPlace(file: string, destination: Destination): Promise<string | undefined> {
  const { path, place, waitMs } = destination;
  if (place.state === 'missing') {
    const log = logSize(path) > 0 ? `${path}.damaged-${timeInName(new Date())}-wal` : undefined;
    // Writes of a file that is gone, which may be found again.
    if (log !== undefined) await keepFile(`${path}-wal`, log);
    await removeLog(path);
    await nameOnce(file, path).catch((error: unknown) => {
      throw error instanceof MemoryError && error.code === 'INVALID_INPUT' ? changedMeanwhile(path) : error;
    });
    return log;
  }
  await removeUnfinishedAsides(path);
  const asideOf = (word: string): string => `${path}.${word}-${timeInName(new Date())}`;
  if (place.state === 'unreadable') return replaceUnreadable(file, { path, waitMs, aside: asideOf('damaged') });
  return replaceLocked(file, destination, asideOf('replaced'));
}

/**
 * Nobody writes from the moment its log is empty, and so nothing that was acknowledged is missing in what is put
 * aside. The new file is locked against everybody before it gets the name: whoever opens it waits until the log of the
 * old one, which has a name of its own, is gone. An empty log does no harm to the new file if we end in between.
 */
async function replaceLocked(file: string, destination: Destination, aside: string): Promise<string | undefined> {
  const { path, place, waitMs } = destination;
  const old = await connectBare(path, { busyTimeoutMs: waitMs, durability: 'full' });
  try {
    await lockWithEmptyLog(old, waitMs);
    await assertUnchanged(old, destination);
    if (place.state !== 'empty') await keepAs(aside, path, old);
    await exchange(file, path, waitMs);
  } finally {
    await old.execute({ sql: 'ROLLBACK', args: [] }).catch(() => undefined);
    await old.close();
  }
  return place.state === 'empty' ? undefined : aside;
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

/** What was decided from a look at the old store must still hold. */
async function assertUnchanged(old: Connection, { place, isForgetting }: Destination): Promise<void> {
  const { rows } = await old.execute({
    sql: "SELECT count(*) AS count FROM sqlite_schema WHERE name = 'journal'",
    args: [],
  });
  const isNew = numberIn(rows[0], 'count') === 0;
  const counts = isNew ? { seq: 0, tombstones: 0 } : await countsOf(old);
  const isSame = place.state === 'in use' ? counts.tombstones === place.tombstoneCount : counts.seq === 0;
  if (!isSame && (isForgetting || place.state !== 'in use')) throw changedMeanwhile(old.place);
}

async function countsOf(old: Connection): Promise<{ readonly seq: number; readonly tombstones: number }> {
  const sql = 'SELECT (SELECT ifnull(max(seq), 0) FROM journal) AS seq, (SELECT count(*) FROM tombstone) AS tombstones';
  const { rows } = await old.execute({ sql, args: [] });
  return { seq: numberIn(rows[0], 'seq'), tombstones: numberIn(rows[0], 'tombstones') };
}

async function keepAs(aside: string, path: string, old: Connection): Promise<void> {
  try {
    await link(path, aside);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // A file system without links. The lock is held by one connection, and another reads beside it.
    const partial = await newFileFor(aside);
    try {
      await onFile(old.place, 'shared', (run) => run('copy', { to: partial }));
      await syncFile(partial);
      await nameOnce(partial, aside);
    } finally {
      await discard(partial);
    }
  }
  await syncFolder(dirname(path));
}

async function exchange(file: string, path: string, waitMs: number): Promise<void> {
  const fresh = await connectBare(file, { busyTimeoutMs: waitMs, durability: 'full' });
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

/**
 * The engine may be able to lock it or not, and cannot be trusted to complete it: its log is kept with it for whoever
 * may mend it, and is gone before the name changes hands.
 */
async function replaceUnreadable(
  file: string,
  { path, waitMs, aside }: { readonly path: string; readonly waitMs: number; readonly aside: string },
): Promise<string> {
  const old = await connectBare(path, { busyTimeoutMs: waitMs, durability: 'full' });
  try {
    await old.execute({ sql: 'BEGIN IMMEDIATE', args: [] }).catch((error: unknown) => {
      if (damageOf(error) === undefined) throw error;
    });
    await keepFile(path, aside);
    if (logSize(path) > 0) await keepFile(`${path}-wal`, `${aside}-wal`);
    await syncFolder(dirname(path));
    await removeLog(path);
    await rename(file, path);
    await syncFolder(dirname(path));
  } finally {
    await old.execute({ sql: 'ROLLBACK', args: [] }).catch(() => undefined);
    await old.close();
  }
  return aside;
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

/** A process that ended while it restored may have left a second name of the store, which is no copy of it. */
async function removeUnfinishedAsides(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`) || !/\.(?:replaced|damaged)-[^/]*Z$/u.test(name)) continue;
    const aside = join(dirname(path), name);
    if (await isSameFile(aside, path)) await rm(aside, { force: true });
  }
}

function inUse(path: string): MemoryError {
  const message = `Other processes use the store ${path} all the time; nothing was changed. Try again, or end them.`;
  return new MemoryError('STORE_UNAVAILABLE', message, { retryable: true });
}

function changedMeanwhile(path: string): MemoryError {
  const message = `The store ${path} was changed while the backup was prepared; nothing was replaced. Try again.`;
  return new MemoryError('STORE_UNAVAILABLE', message, { retryable: true });
}
