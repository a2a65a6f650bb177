// The key of a write that goes over a network: when its answer is lost it is sent again, and lands once.
import { randomUUID } from 'node:crypto';
import { MemoryError } from '@episodica/memory-core/backend';
import type { Write, WriteReceipt } from '@episodica/memory-core/ports';
import type { Connection, Statement } from './connection.ts';
import { InDoubt } from './network-failure.ts';
import { numberIn, textIn } from './rows.ts';
import { stepIdsOf } from './write.ts';

export function newKey(): string {
  return randomUUID();
}

/** By the clock of the server, which is the same for all who write. */
const NOW = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

/** Comes first in the batch: the second time, the key is there already, and the batch is turned down by it. */
export function keyStatement(key: string, batch: readonly Write[]): Statement {
  const entries = batch.filter(({ op }) => op !== 'require').length;
  return {
    sql: `INSERT INTO receipt (key, seq, at) SELECT ?1, ifnull(max(seq), 0) + ?2, ${NOW} FROM journal`,
    args: [key, entries],
  };
}

/** One write in sixteen takes old receipts with it, so that it costs nothing that counts. */
const PRUNING_KEYS = /^0/u;
/** Receipts that go with one write: more than come with the sixteen. */
const MAX_PRUNED = 100;

/** What a write deletes of receipts that nobody can ask for any more: a call ends long before a day. */
export function pruneStatements(key: string): readonly Statement[] {
  if (!PRUNING_KEYS.test(key)) return [];
  const old = `SELECT key FROM receipt WHERE at < strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 day') ORDER BY at LIMIT ?1`;
  return [{ sql: `DELETE FROM receipt WHERE key IN (${old})`, args: [MAX_PRUNED] }];
}

/** What a write that has landed would have answered. Steps keep their numbers for as long as they are there. */
export async function landed(connection: Connection, key: string, batch: readonly Write[]): Promise<WriteReceipt> {
  const ids = stepIdsOf(batch);
  const { rows } = await connection
    .execute({
      sql: `SELECT receipt.seq, step.id, step.number FROM receipt
        LEFT JOIN step ON step.id IN (SELECT value FROM json_each(?2)) WHERE receipt.key = ?1`,
      args: [key, JSON.stringify(ids)],
    })
    .catch((cause: unknown) => {
      throw withoutReceipt(connection.place, cause);
    });
  if (rows.length === 0) throw withoutReceipt(connection.place);
  const found = rows.filter(({ id }) => id !== null);
  const numbers = new Map(found.map((row) => [textIn(row, 'id'), numberIn(row, 'number')]));
  return { seq: numberIn(rows[0], 'seq'), stepNumbers: ids.map((id) => numbers.get(id) ?? 0) };
}

function withoutReceipt(place: string, cause?: unknown): MemoryError {
  const what = `The write to ${place} is done, but its receipt cannot be read`;
  return new MemoryError('STORE_UNAVAILABLE', `${what}. Read what was written before you repeat it.`, { cause });
}

/** The number in a receipt that was written so that nothing else can be under its key. */
const WITHDRAWN = -1;

/**
 * A write was turned down, but an attempt before that may still be on its way. Takes its key, so that it cannot land
 * any more. Answers whether it had landed by then.
 */
export async function hasLanded(connection: Connection, key: string): Promise<boolean> {
  try {
    // Done twice, it does the same, so it may be sent again like a read.
    const { rows } = await connection.execute({
      sql: `INSERT INTO receipt (key, seq, at) VALUES (?1, ?2, ${NOW}) ON CONFLICT (key) DO UPDATE SET seq = seq RETURNING seq`,
      args: [key, WITHDRAWN],
    });
    return numberIn(rows[0], 'seq') !== WITHDRAWN;
  } catch (cause) {
    throw new InDoubt(cause);
  }
}
