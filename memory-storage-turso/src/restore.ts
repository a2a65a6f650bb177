// Putting a backup in the place of a store: prepared beside it, and put there in one step.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Tombstone } from '@episodica/memory-core';
import { MemoryError, pathOf, throwIfAborted } from '@episodica/memory-core/backend';
import type { Kind } from '@episodica/memory-core/ports';
import {
  type BackupReport,
  type CopyOptions,
  copying,
  describeDatabase,
  notWhole,
  onFile,
  type UsedFile,
  verifyBackup,
} from './backup.ts';
import type { Connection, Row } from './connection.ts';
import { copiesBeside } from './copies.ts';
import { checkedKey } from './encryption-key.ts';
import { fittingKey, looksEncrypted } from './engine.ts';
import { logSize } from './erase.ts';
import {
  asideOf,
  changedMeanwhile,
  exchange,
  isSameFile,
  keepAs,
  removeUnfinishedAsides,
  replaceUnreadable,
  takePlace,
  whileLocked,
} from './exchange.ts';
import { realPathOf } from './file-state.ts';
import { discard, fileFailure, newFileFor, syncFile } from './new-file.ts';
import { openTursoStore } from './open.ts';
import { numberIn, rowToEntity } from './rows.ts';

/** What to restore, and where. */
export interface RestoreOptions extends CopyOptions {
  /** The backup. */
  readonly from: string;
  /** `file:` URL of the store. */
  readonly url: string;
  /** What the store is encrypted with, and what the restored one will be. A plain backup is encrypted with it. */
  readonly encryptionKey?: string | undefined;
  /** What the backup is encrypted with, if that is another key. */
  readonly backupKey?: string | undefined;
  /** Put aside a store that holds data, or one that cannot be read. @default false */
  readonly replace?: boolean;
  /** Let what was forgotten since the backup come back. @default false */
  readonly bringBackForgotten?: boolean;
  /** Asked when both ends have been looked at; when it rejects, all is left as it is. */
  readonly agree?: (plan: RestorePlan) => Promise<void>;
  /** How long to wait for others that use the store. @default 5000 */
  readonly waitMs?: number;
}

/** What is looked at before. */
export type PlanOptions = Pick<RestoreOptions, 'from' | 'url' | 'encryptionKey' | 'backupKey' | 'signal'>;

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
 * @throws `NOT_FOUND`, `STORE_CORRUPT` when the backup is not whole, `INVALID_INPUT` when it is the store itself,
 * `INVALID_STATE` when the store is encrypted and no key is given
 */
export async function planRestore(options: PlanOptions): Promise<RestorePlan> {
  const path = realPathOf(pathOf(options.url));
  const from = resolve(options.from);
  if (await isSameFile(from, path)) {
    throw new MemoryError('INVALID_INPUT', `${from} is the store itself; name a backup of it.`);
  }
  const keys = keysOf(options);
  const backup = await verifyBackup(from, {
    encryptionKey: keys.backup,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (!backup.ok) throw notWhole(`The store ${path} is left as it is: ${from}`, backup);
  if (backup.isEncrypted === true && keys.store === undefined) throw wouldBePlain(from);
  if (keys.store === undefined && looksEncrypted(path)) throw needsKey(path);
  return { path, backup, place: await placeAt(path, keys.place) };
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
  const keys = keysOf(options);
  if ((place.state === 'in use' || place.state === 'unreadable') && options.replace !== true)
    throw holdsData(path, place);
  await options.agree?.(plan);
  const prepared: string[] = [];
  try {
    const { file, forgottenAgain } = await prepare({ path, from: backup.path, place, keys, options, prepared });
    const copy = { path: file, use: 'alone', encryptionKey: keys.store } as const;
    const contents = await onFile(copy, (run) => run('renew', undefined, options.signal));
    const { stats, identity } = contents;
    if (!contents.ok || stats === undefined || identity === undefined)
      throw notWhole(`The store ${path} is left as it is: the copy`, contents);
    await syncFile(file);
    throwIfAborted(options.signal);
    const waitMs = options.waitMs ?? DEFAULT_WAIT_MS;
    const isForgetting = options.bringBackForgotten !== true;
    const replaced = await putInPlace(file, { path, place, keys, waitMs, isForgetting });
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

/** `undefined`: plain. Of the old store and the backup, the key that fits, if there is one. */
interface Keys {
  readonly store: string | undefined;
  readonly place: string | undefined;
  readonly backup: string | undefined;
}

function keysOf({ from, url, encryptionKey, backupKey }: PlanOptions): Keys {
  const store = checkedKey(encryptionKey);
  const keys = [checkedKey(backupKey), store].filter((key) => key !== undefined);
  return { store, place: fittingKey(pathOf(url), keys.toReversed()), backup: fittingKey(resolve(from), keys) };
}

function wouldBePlain(from: string): MemoryError {
  const what = `The backup ${from} is encrypted, and the store would not be; nothing was restored`;
  const advice = 'Give the store a key as well (MEMORY_ENCRYPTION_KEY_FILE)';
  const otherwise = 'to have it in plain text, use "memory-cli storage rekey --remove" after that';
  return new MemoryError('INVALID_INPUT', `${what}. ${advice}; ${otherwise}.`);
}

/** Without the key it cannot be told from a damaged one, and a plain store would take its place. */
function needsKey(path: string): MemoryError {
  const what = `The store ${path} is encrypted, and there is no key; nothing was restored`;
  const advice = 'Set its key (MEMORY_ENCRYPTION_KEY_FILE)';
  return new MemoryError('INVALID_STATE', `${what}. ${advice}; if the key is lost, move the file away first.`);
}

async function placeAt(path: string, encryptionKey: string | undefined): Promise<Place> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return { state: 'missing' };
  if (file.size === 0 && logSize(path) === 0) return { state: 'empty' };
  try {
    const { journalSeq, episodeCount, tombstoneCount } = await describeDatabase(path, {
      use: 'looking',
      encryptionKey,
    });
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
  readonly keys: Keys;
  readonly options: RestoreOptions;
  /** Files to take away in the end. */
  readonly prepared: string[];
}

/** A copy of the backup beside the store, without what had been forgotten. */
async function prepare(
  preparation: Preparation,
): Promise<{ readonly file: string; readonly forgottenAgain: number | 'unknown' }> {
  const { path, from, place, keys, options, prepared } = preparation;
  const copy = async (source: UsedFile): Promise<string> => {
    const file = await newFileFor(path);
    prepared.push(file);
    const order = { to: file, encryption: { key: keys.store } };
    await onFile(source, (run) => copying(run, order, options));
    throwIfAborted(options.signal);
    return file;
  };
  const file = await copy({ path: from, use: 'reading', encryptionKey: keys.backup });
  // Where there are copies, there was a store.
  const isLost = place.state === 'missing' && copiesBeside(path).length > 0;
  if (place.state === 'unreadable' || isLost) return { file, forgottenAgain: 'unknown' };
  const isForgetting = place.state === 'in use' && place.tombstoneCount > 0 && options.bringBackForgotten !== true;
  if (!isForgetting) return { file, forgottenAgain: 0 };
  const forgottenAgain = await forgetAgain({ file, path, keys, signal: options.signal });
  // What was forgotten is still on free pages and in the text indexes: a copy has no such pages.
  const forgetting = { path: file, encryptionKey: keys.store };
  await onFile({ ...forgetting, use: 'shared' }, (run) => run('rebuildText', undefined, options.signal));
  return { file: await copy({ ...forgetting, use: 'reading' }), forgottenAgain };
}

interface Forgetting {
  readonly file: string;
  readonly path: string;
  readonly keys: Keys;
  readonly signal: AbortSignal | undefined;
}

/** Forgets in `file` what was forgotten in the store at `path`, and keeps the mark of each, so that no import brings it back. */
async function forgetAgain({ file, path, keys, signal }: Forgetting): Promise<number> {
  const encryptionKey = keys.store;
  const store = await openTursoStore({ url: pathToFileURL(file).href, durability: 'normal', encryptionKey });
  // Loaded where a backup holds what was forgotten: nothing else here is more than a backend.
  const { openMemory } = await import('@episodica/memory-core');
  const memory = openMemory({ store, actor: 'restore' });
  const call = signal === undefined ? {} : { signal };
  let count = 0;
  try {
    const old = { path, use: 'looking', encryptionKey: keys.place } as const;
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

async function eachTombstones(file: UsedFile, work: (some: readonly Tombstone[]) => Promise<void>): Promise<void> {
  await onFile(file, async (run) => {
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
  readonly keys: Keys;
  readonly waitMs: number;
  /** Whether what was forgotten in the old store must be known to the last. */
  readonly isForgetting: boolean;
}

/** Answers where the old store lies now. */
async function putInPlace(file: string, destination: Destination): Promise<string | undefined> {
  const { path, place, keys, waitMs } = destination;
  if (place.state === 'missing') return takePlace(file, path);
  await removeUnfinishedAsides(path);
  const old = { path, encryptionKey: keys.place, waitMs };
  if (place.state === 'unreadable') return replaceUnreadable(file, old);
  const aside = place.state === 'empty' ? undefined : asideOf(path, 'replaced');
  // Nothing that was acknowledged is missing in what is put aside.
  await whileLocked(old, async (connection) => {
    await assertUnchanged(connection, destination);
    if (aside !== undefined) await keepAs(aside, old);
    await exchange(file, { path, encryptionKey: keys.store, waitMs });
  });
  return aside;
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
