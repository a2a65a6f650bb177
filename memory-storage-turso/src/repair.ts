// Indexes that are damaged, made anew from what they are indexes of.
import type { Connection } from './connection.ts';
import { TEXT_INDEXES } from './search.ts';
import { type Verification, verifyStore } from './verify.ts';

/** One transaction, in which everything is read and written. Answers what is left to be found afterwards. */
export async function repairStore(connection: Connection): Promise<Verification> {
  const rebuilds = TEXT_INDEXES.map(({ name }) => `INSERT INTO ${name} (${name}) VALUES ('rebuild')`);
  await connection.batch(['REINDEX', ...rebuilds].map((sql) => ({ sql, args: [] })));
  return verifyStore(connection);
}
