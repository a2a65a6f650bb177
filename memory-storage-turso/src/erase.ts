// Giving back what deleted things left behind: free pages, old words in the text indexes, the log.
import { setTimeout as sleep } from 'node:timers/promises';
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

/** Writes the whole file anew, without free pages. Others read meanwhile; whoever writes waits. */
export async function vacuum(connection: Connection, { waitMs }: WaitOrder): Promise<VacuumReport> {
  const sizeBytesBefore = sizeOnDisk(connection.place);
  const { rows } = await connection.execute({ sql: 'PRAGMA temp_store', args: [] });
  // The engine would build the new file in memory. It has to where the file is encrypted: a temporary one never is.
  if (numberIn(rows[0], 'temp_store') !== IN_MEMORY) {
    await connection.execute({ sql: 'PRAGMA temp_store = FILE', args: [] });
  }
  await connection.execute({ sql: 'VACUUM', args: [] });
  await emptyLog(connection, waitMs);
  return { sizeBytesBefore, sizeBytesAfter: sizeOnDisk(connection.place) };
}

/** The engine's word for it. */
const IN_MEMORY = 2;

/**
 * Takes what was deleted out of the file and its log: a text index keeps the words of what it no longer has until it
 * is made anew, a page keeps what was on it until it is written anew, and the log keeps pages until it is emptied.
 */
export async function eraseDeleted(connection: Connection, order: WaitOrder): Promise<EraseReport> {
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
  return { sql: `INSERT INTO ${name} (${name}) VALUES ('rebuild')`, args: [] };
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
