// Backups of a local store: made while others write, and verified before they get their name.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MemoryError, throwIfAborted } from '@episodica/memory-core/backend';
import type { CallOptions, Kind } from '@episodica/memory-core/ports';
import { type CopyOrder, type CopyReport, type DatabaseContents, type DatabaseSummary, damageOf } from './copy.ts';
import { checkedKey } from './encryption-key.ts';
import { fittingKey } from './engine.ts';
import { toMemoryError } from './errors.ts';
import { jobThreads } from './job-threads.ts';
import type { RunJob } from './jobs.ts';
import type { FileUse } from './local-file.ts';
import { alreadyThere, discard, exists, fileFailure, nameOnce, newFileFor, syncFile } from './new-file.ts';

/** How far a copy has come. The whole is the size of the original, of which free pages are not copied. */
export interface CopyProgress {
  readonly writtenBytes: number;
  readonly totalBytes: number;
}

/** Who is told how far a copy is, and a way to give up. */
export interface CopyOptions extends CallOptions {
  /** Called now and then. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
}

/** What was kept, and where. */
export interface BackupReceipt {
  readonly path: string;
  readonly sizeBytes: number;
  readonly schema: number;
  /** The last write that is in it. */
  readonly journalSeq: number;
  readonly counts: Readonly<Record<Kind, number>>;
  readonly tookMs: number;
}

/** What a file holds, and whether it is whole. */
export interface BackupReport extends DatabaseContents {
  readonly path: string;
  readonly sizeBytes: number;
  /** Told of what could be read. */
  readonly isEncrypted?: boolean;
}

/** What a file may be encrypted with. A plain one is read as well. */
export interface ReadingOptions {
  readonly encryptionKey?: string | undefined;
}

/** A store that is copied: its jobs, and its key if it has one. */
export interface BackupSource extends ReadingOptions {
  readonly run: RunJob;
}

/**
 * Copies the store that `run` works on, and encrypts the copy with its key. The target is there, whole, verified and durable, or there is nothing new.
 * @throws `INVALID_INPUT` when there is a file of that name, `STORE_CORRUPT` when the copy is not whole because the
 * store is not, `STORE_FAILED` when the place cannot be written, `ABORTED`
 */
export async function createBackup(
  { run, encryptionKey }: BackupSource,
  target: string,
  options: CopyOptions = {},
): Promise<BackupReceipt> {
  const startedMs = performance.now();
  const path = resolve(target);
  if (await exists(path)) throw alreadyThere(path);
  const partial = await newFileFor(path);
  try {
    const report = await copying(run, { to: partial }, options);
    throwIfAborted(options.signal);
    const copy = { path: partial, use: 'alone', encryptionKey } as const;
    const contents = await onFile(copy, (runOnCopy) => runOnCopy('seal', report, options.signal));
    throwIfAborted(options.signal);
    const { stats } = contents;
    if (!contents.ok || stats === undefined) throw notWhole(`The backup ${path} was not made: the copy`, contents);
    await syncFile(partial);
    const { size: sizeBytes } = await stat(partial);
    await nameOnce(partial, path);
    const { schema, journalSeq, counts } = stats;
    return { path, sizeBytes, schema, journalSeq, counts, tookMs: performance.now() - startedMs };
  } catch (error) {
    throw fileFailure(error, `write the backup ${path}`);
  } finally {
    await discard(partial);
  }
}

/**
 * Reads a backup, or any copy of a store, from end to end without changing it.
 * @throws `NOT_FOUND` when there is no such file; whatever is wrong inside it is a finding
 */
export async function verifyBackup(file: string, options: ReadingOptions & CallOptions = {}): Promise<BackupReport> {
  const { path, sizeBytes } = await fileAt(file);
  const encryptionKey = keyFor(path, options);
  const contents = await onFile({ path, use: 'reading', encryptionKey }, (run) =>
    run('examine', undefined, options.signal),
  ).catch(damagedContents);
  return { path, sizeBytes, ...contents, ...(contents.ok ? { isEncrypted: encryptionKey !== undefined } : {}) };
}

/**
 * A first look at a store or a backup, without changing it.
 * @throws `NOT_FOUND`, `STORE_CORRUPT`, also for a key that does not fit
 */
export async function describeDatabase(
  file: string,
  { use = 'reading', ...options }: ReadingOptions & { readonly use?: FileUse } = {},
): Promise<DatabaseSummary & { readonly sizeBytes: number; readonly isEncrypted: boolean }> {
  const { path, sizeBytes } = await fileAt(file);
  const encryptionKey = keyFor(path, options);
  try {
    const summary = await onFile({ path, use, encryptionKey }, (run) => run('describe', undefined));
    return { sizeBytes, isEncrypted: encryptionKey !== undefined, ...summary };
  } catch (error) {
    const damage = damageOf(error);
    if (damage === undefined) throw toMemoryError(error, `read ${path}`);
    throw new MemoryError('STORE_CORRUPT', `Cannot read ${path}. ${damage}`, { cause: error });
  }
}

/** A database file that no store has open, and how it is opened. */
export interface UsedFile extends ReadingOptions {
  readonly path: string;
  readonly use: FileUse;
}

/** Does something with a file in a thread of its own. */
export async function onFile<T>(file: UsedFile, work: (run: RunJob) => Promise<T>): Promise<T> {
  const threads = jobThreads({ ...file, busyTimeoutMs: READING_WAIT_MS, durability: 'full' });
  try {
    return await work(threads.run);
  } finally {
    await threads.close();
  }
}

/** Copies what `run` works on into a new file, and tells how far it is. */
export async function copying(run: RunJob, order: CopyOrder, { onProgress, signal }: CopyOptions): Promise<CopyReport> {
  if (onProgress === undefined) return run('copy', order, signal);
  const { sizeBytes: totalBytes } = await run('stats', undefined);
  const look = async (): Promise<void> => {
    const file = await stat(order.to).catch(() => undefined);
    if (file !== undefined) onProgress({ writtenBytes: file.size, totalBytes });
  };
  const timer = setInterval(() => void look(), PROGRESS_MS);
  try {
    return await run('copy', order, signal);
  } finally {
    clearInterval(timer);
  }
}

/** @returns `STORE_CORRUPT` that says what was found */
export function notWhole(what: string, { findings }: Pick<DatabaseContents, 'findings'>): MemoryError {
  const [first = '', ...others] = findings;
  const more = others.length === 0 ? '' : ` And ${others.length} more: verify tells them.`;
  return new MemoryError('STORE_CORRUPT', `${what} is not whole. ${first}${more}`);
}

const PROGRESS_MS = 100;
const READING_WAIT_MS = 5_000;

async function fileAt(file: string): Promise<{ readonly path: string; readonly sizeBytes: number }> {
  const path = resolve(file);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw new MemoryError('NOT_FOUND', `There is no file ${path}.`);
  if (!found.isFile()) throw new MemoryError('INVALID_INPUT', `${path} is no file; name a backup.`);
  return { path, sizeBytes: found.size };
}

function keyFor(path: string, { encryptionKey }: ReadingOptions): string | undefined {
  const key = checkedKey(encryptionKey);
  return key === undefined ? undefined : fittingKey(path, [key]);
}

function damagedContents(error: unknown): DatabaseContents {
  const finding = damageOf(error);
  if (finding === undefined) throw error;
  return { ok: false, findings: [finding], isSealed: false };
}
