// Indexes that are damaged, made anew from what they are indexes of.
import type { Connection } from './connection.ts';
import { TEXT_REBUILDS } from './erase.ts';
import { type Verification, verifyStore } from './verify.ts';

/** One transaction, in which everything is read and written. Answers what is left to be found afterwards. */
export async function repairStore(connection: Connection): Promise<Verification> {
  await connection.batch([{ sql: 'REINDEX', args: [], isLong: true }, ...TEXT_REBUILDS]);
  return verifyStore(connection);
}
