// The file of the store: whether it opens, what state it is in, and who else has it.
import { realpathSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMemoryError, type MemoryError } from '@episodica/memory-core';
import type { StoreCheckup } from '@episodica/memory-storage-turso';
import { ageText, bytesText } from '../commands/amounts.ts';
import type { DatabaseFile } from '../open.ts';
import { localTime } from '../output.ts';
import { type Found, notChecked, ok, problem, warning } from './finding.ts';
import { holdersOf } from './holders.ts';
import { shellWord } from './launch.ts';

/** What was found, and the look itself where the file could be read. */
export interface LookedAt {
  readonly findings: readonly Found[];
  readonly checkup?: StoreCheckup;
}

export async function lookAtDatabase({ path, encryptionKey }: DatabaseFile): Promise<LookedAt> {
  const { checkupOf } = await import('@episodica/memory-storage-turso');
  try {
    const checkup = await checkupOf(path, { encryptionKey });
    return { findings: [schemaFound(path, checkup), ...pagesFound(checkup)], checkup };
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    if (error.code === 'NOT_FOUND')
      return { findings: [ok(`${path} is not there yet; it is made when it is first used`)] };
    return { findings: [problem(`${error.code}: ${error.message}`, adviceFor(error))] };
  }
}

function adviceFor({ code, message }: MemoryError): string {
  if (/is not encrypted/u.test(message))
    return 'Take the key out of the settings, or encrypt it: memory-cli storage rekey';
  if (code !== 'STORE_CORRUPT') return 'memory-cli storage verify';
  return /is encrypted/u.test(message)
    ? KEY_OR_BACKUP
    : 'memory-cli storage verify, memory-cli backup list, memory-cli backup restore FILE';
}

/** Without its key an encrypted file looks like one whose beginning is damaged. */
const KEY_OR_BACKUP =
  'If you encrypted it, set MEMORY_ENCRYPTION_KEY_FILE to the file with its key, for the server as well. ' +
  'If you never did, it is damaged: memory-cli storage verify, memory-cli backup list, memory-cli backup restore FILE.';

function schemaFound(
  path: string,
  { schema, newestSchema, episodeCount, sizeBytes, isEncrypted }: StoreCheckup,
): Found {
  const state = isEncrypted ? 'encrypted' : 'in plain text';
  const text = `${path}, ${episodeCount} episodes, ${bytesText(sizeBytes)}, ${state}, schema ${schema}`;
  if (schema > newestSchema) {
    const newer = `${text}, which is newer than what this program knows (${newestSchema})`;
    return problem(newer, 'Use the memory-cli and the memory-mcp that wrote it, or newer ones.');
  }
  if (schema === newestSchema) return ok(text);
  return ok(`${text}; the next opening brings it to ${newestSchema}, behind a backup`);
}

function pagesFound({ pages }: StoreCheckup): readonly Found[] {
  if (pages === undefined) return [notChecked('too large for a first look at its pages: memory-cli storage verify')];
  return pages.findings.map((each) => problem(each, 'memory-cli storage verify'));
}

/** Larger, and somebody reads from it for long, or nobody gets to fold it in. */
const LARGE_LOG_BYTES = 64_000_000;

export async function lookAtLog(path: string): Promise<Found> {
  const sizeBytes = await sizeOf(`${path}-wal`);
  const text = `${bytesText(sizeBytes)} in the log of the database`;
  if (sizeBytes <= LARGE_LOG_BYTES) return ok(text);
  return warning(`${text}: somebody has been reading for long`, 'End the process that holds the database longest.');
}

/** How long a lock may be held: writers take turns, for far less. */
const LOCK_WAIT_MS = 1_000;

/** Who has it open, and whether one of them keeps the others from writing. */
export async function lookAtHolders(
  { path, encryptionKey }: DatabaseFile,
  signal: AbortSignal,
): Promise<readonly Found[]> {
  if ((await sizeOf(path)) === 0) return [ok('nobody: there is no database yet')];
  const holders = await holdersOf(realpathSync(path), signal);
  // Who has it open alone has nobody to wait for, and would fold in its log by looking.
  if (holders?.length === 0) return [ok('no other process has it open')];
  const told = holders?.map(({ pid, program, since }) =>
    ok(`process ${pid}${since === undefined ? '' : ` since ${localTime(since)}`}: ${program}`),
  ) ?? [notChecked('this machine does not tell who has a file open')];
  const { tryWriteLock } = await import('@episodica/memory-storage-turso');
  try {
    const tookMs = await tryWriteLock(path, { encryptionKey, waitMs: LOCK_WAIT_MS });
    return [...told, ok(`the lock of writers was free after ${tookMs.toFixed(0)} ms`)];
  } catch (error) {
    if (!isMemoryError(error) || error.code !== 'STORE_UNAVAILABLE') throw error;
    const pids = holders?.map(({ pid }) => pid).join(' ') ?? '';
    const advice = pids === '' ? 'End what works on it, or wait.' : `Wait for it or end it: kill ${pids}`;
    return [...told, problem(error.message, advice)];
  }
}

const DAY_MS = 86_400_000;
/** A clock may be off by as much without harm to the order of things. */
const CLOCK_TOLERANCE_MS = 60_000;

/** The clock here beside that of whoever wrote last. */
export function lookAtClock({ journalAt }: StoreCheckup, nowMs: number): Found {
  if (journalAt === undefined) return ok('nothing is stored that it could be compared with');
  const aheadMs = Date.parse(journalAt) - nowMs;
  if (aheadMs <= CLOCK_TOLERANCE_MS) return ok(`the newest entry was written ${ageText(Math.max(0, -aheadMs))} ago`);
  const text = `the newest entry was written at ${localTime(journalAt)}, which is ${ageText(aheadMs)} from now`;
  return warning(text, 'Set the clock of this machine; if it is right, that of who wrote it was not.');
}

export async function lookAtBackups({ path, encryptionKey }: DatabaseFile, nowMs: number): Promise<Found> {
  const { listBackups } = await import('@episodica/memory-storage-turso');
  const entries = await listBackups(path, { encryptionKey });
  const bad = entries.filter(({ problem: reason }) => reason !== undefined).length;
  const newest = entries.find(({ held }) => held !== undefined);
  if (bad > 0) return warning(`${bad} of ${entries.length} cannot be read`, 'memory-cli backup list');
  if (newest === undefined) return ok('none yet: memory-cli backup create');
  const ageMs = nowMs - Date.parse(newest.at);
  const text = `${entries.length}, the newest ${ageText(ageMs)} old`;
  return ageMs < 30 * DAY_MS ? ok(text) : warning(text, 'memory-cli backup create');
}

/** Opens the one that is there. Where there is none, nothing is made. */
export async function lookAtCache(
  { path: database, cachePath, encryptionKey }: DatabaseFile,
  { checkup, maxSizeBytes }: { readonly checkup: StoreCheckup | undefined; readonly maxSizeBytes: number },
): Promise<Found> {
  if (checkup === undefined && (await sizeOf(database)) === 0) return ok('none yet; it is made with the database');
  if (checkup === undefined) return notChecked('the database could not be read, and each has a cache of its own');
  const path = join(cachePath, checkup.identity);
  if ((await stat(path).catch(() => undefined)) === undefined) return ok('none yet; it is made when it is first used');
  const { openLmdbCache, statsText } = await import('@episodica/memory-storage-lmdb');
  const cache = await openLmdbCache({ path, maxSizeBytes, encryptionKey });
  try {
    await cache.settled();
    const stats = await cache.stats();
    const text = `${statsText(stats)}, ${path}`;
    return stats.state === 'open' ? ok(text) : warning(text, `rm -r ${shellWord(path)}`);
  } finally {
    await cache.close();
  }
}

export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
