// Giving back what deleted things left behind: free pages, old words in the text indexes, the log.
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryError } from '@episodica/memory-core/backend';
import type { Connection, Statement } from './connection.ts';
import { isBusy } from './errors.ts';
import { logPathOf, sizeAt } from './file-state.ts';
import { numberIn } from './rows.ts';
import { TEXT_INDEXES } from './search.ts';

/** How long to wait for others that read or write. */
export interface WaitOrder {
  readonly waitMs: number;
}

/** Sizes of the file and its log together. */
export interface VacuumReport {
  readonly sizeBytesBefore: number;
  readonly sizeBytesAfter: number;
}

/** Whether nothing that was deleted is left in the file and its log; if not, why. */
export type EraseReport = VacuumReport &
  ({ readonly erased: true } | { readonly erased: false; readonly reason: string });

/**
 * Writes the whole file anew, without free pages. Others read meanwhile; whoever writes waits.
 * @throws `STORE_FAILED` for an encrypted store that is too large for the memory of this machine
 */
export async function vacuum(connection: Connection, { waitMs, memoryBytes }: VacuumOrder): Promise<VacuumReport> {
  const sizeBytesBefore = sizeOnDisk(connection.place);
  const { rows } = await connection.execute({ sql: 'PRAGMA temp_store', args: [] });
  // The engine builds the new file in memory unless it is told otherwise. It has to where the store is encrypted, as a
  // temporary file never is.
  if (numberIn(rows[0], 'temp_store') !== IN_MEMORY) {
    await connection.execute({ sql: 'PRAGMA temp_store = FILE', args: [] });
  } else if (sizeBytesBefore > (memoryBytes ?? process.availableMemory()) * MAX_MEMORY_SHARE) {
    throw tooLarge(connection.place);
  }
  await connection.execute({ sql: 'VACUUM', args: [], isLong: true });
  await emptyLog(connection, waitMs);
  return { sizeBytesBefore, sizeBytesAfter: sizeOnDisk(connection.place) };
}

/** Also how much memory there is, where that is not to be asked of the machine. */
export interface VacuumOrder extends WaitOrder {
  readonly memoryBytes?: number;
}

/** The engine's number for it. */
const IN_MEMORY = 2;
/** Of the memory that is free, what writing anew may take. */
const MAX_MEMORY_SHARE = 0.5;

function tooLarge(place: string): MemoryError {
  const what = `The encrypted store ${place} is too large to be written anew in the memory of this machine`;
  const advice =
    'Nothing was changed; "memory-cli storage rekey" with the key that it has does the same beside the file';
  return new MemoryError('STORE_FAILED', `${what}. ${advice}.`);
}

/**
 * Takes what was deleted out of the file and its log: a text index keeps the words of what it no longer has until it
 * is made anew, a page keeps what was on it until it is written anew, and the log keeps pages until it is emptied.
 */
export async function eraseDeleted(connection: Connection, order: VacuumOrder): Promise<EraseReport> {
  const sizeBytesBefore = sizeOnDisk(connection.place);
  const unfinished = (reason: string): EraseReport => {
    return { erased: false, reason, sizeBytesBefore, sizeBytesAfter: sizeOnDisk(connection.place) };
  };
  try {
    await rebuildText(connection);
    await vacuum(connection, order);
  } catch (error) {
    if (!isBusy(error)) throw error;
    return unfinished('Another process was writing all the time.');
  }
  if (!(await emptyLog(connection, order.waitMs))) {
    return unfinished('Another process was reading all the time, so the log beside the file could not be emptied.');
  }
  return { erased: true, sizeBytesBefore, sizeBytesAfter: sizeOnDisk(connection.place) };
}

/** Make the text indexes anew from the terms that they keep. */
export const TEXT_REBUILDS: readonly Statement[] = TEXT_INDEXES.map(({ name }) => {
  return { sql: `INSERT INTO ${name} (${name}) VALUES ('rebuild')`, args: [], isLong: true };
});

/** Makes the text indexes anew from what is there. */
export async function rebuildText(connection: Connection): Promise<undefined> {
  for (const statement of TEXT_REBUILDS) await connection.execute(statement);
  return undefined;
}

/** Writes a page as it is, and answers how long that took, in milliseconds: a full disk shows here. */
export async function probeWrite(connection: Connection): Promise<number> {
  const startedMs = performance.now();
  await connection.batch([{ sql: 'UPDATE identity SET id = id', args: [] }]);
  return performance.now() - startedMs;
}

/** Folds the log into the file and empties it. Answers whether it could: it waits for those who still read from it. */
export async function emptyLog(connection: Connection, waitMs: number): Promise<boolean> {
  const startedMs = performance.now();
  for (;;) {
    const { rows } = await connection.execute({ sql: 'PRAGMA wal_checkpoint(TRUNCATE)', args: [] });
    if (numberIn(rows[0], 'busy') === 0 && logSize(connection.place) === 0) return true;
    if (performance.now() - startedMs >= waitMs) return false;
    await sleep(RETRY_MS);
  }
}

/** Bytes in the log beside the file. */
export function logSize(path: string): number {
  return sizeAt(logPathOf(path));
}

const RETRY_MS = 5;

function sizeOnDisk(path: string): number {
  return sizeAt(path) + logSize(path);
}
