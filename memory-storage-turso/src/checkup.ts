// A first look at the file of a store, beside whoever uses it: could it be opened, read and written here? Nothing in it
// is changed, and no schema is brought forward.
import { isMemoryError, MemoryError } from '@episodica/memory-core/backend';
import { describeDatabase, onFile, type ReadingOptions } from './backup.ts';
import type { DatabaseSummary } from './copy.ts';
import { fittingKey } from './engine.ts';
import { toMemoryError } from './errors.ts';
import { fileAt, logPathOf } from './file-state.ts';
import { connectBare } from './local-file.ts';
import { NEWEST_SCHEMA } from './schema.ts';
import type { Verification } from './verify.ts';

/** What can be told of a file without reading all of it. */
export interface StoreCheckup extends DatabaseSummary {
  readonly sizeBytes: number;
  readonly isEncrypted: boolean;
  /** What this program brings a store to when it opens it; it opens none that is newer. */
  readonly newestSchema: number;
  /** Whether the pages make sense; absent where they are too many for a first look. */
  readonly pages?: Verification;
}

/** More take seconds, for what `verify` does better. */
const MAX_QUICK_BYTES = 2_000_000_000;

/** Looks at the file of a store and writes nothing. @throws `NOT_FOUND`, `STORE_CORRUPT`, also for a key that does not fit */
export async function checkupOf(path: string, options: ReadingOptions = {}): Promise<StoreCheckup> {
  // Locks are had beside a log that is there; where there is none, not even that is made.
  const use = fileAt(logPathOf(path)) === undefined ? 'reading' : 'looking';
  const summary = await describeDatabase(path, { ...options, use });
  const told = { ...summary, newestSchema: NEWEST_SCHEMA };
  if (summary.sizeBytes > MAX_QUICK_BYTES) return told;
  const encryptionKey = summary.isEncrypted ? options.encryptionKey : undefined;
  const pages = await onFile({ path, use, encryptionKey }, (run) => run('quickCheck', undefined));
  return { ...told, pages };
}

/**
 * Takes the lock of those who write, and gives it back; nothing is written. Answers how long that took.
 * @throws `STORE_UNAVAILABLE` when another process holds it for all of `waitMs`
 */
export async function tryWriteLock(
  path: string,
  { encryptionKey, waitMs }: ReadingOptions & { readonly waitMs: number },
): Promise<number> {
  const startedMs = performance.now();
  const key = encryptionKey === undefined ? undefined : fittingKey(path, [encryptionKey]);
  const connection = await connectBare(path, { busyTimeoutMs: waitMs, durability: 'full', encryptionKey: key });
  try {
    await connection.execute({ sql: 'BEGIN IMMEDIATE', args: [] });
    await connection.execute({ sql: 'ROLLBACK', args: [] });
    return performance.now() - startedMs;
  } catch (error) {
    const translated = toMemoryError(error, `lock ${path} to write`);
    if (!isMemoryError(translated) || translated.code !== 'STORE_UNAVAILABLE') throw translated;
    const what = `${path} has been locked by another process for more than ${waitMs} ms`;
    throw new MemoryError('STORE_UNAVAILABLE', `${what}. Nothing can be written until it lets go.`, { cause: error });
  } finally {
    await connection.close();
  }
}
