// The key of a write that goes over a network: when its answer is lost it is sent again, and lands once.
import { randomUUID } from 'node:crypto';
import { MemoryError } from '@episodica/memory-core';
import type { Write, WriteReceipt } from '@episodica/memory-core/ports';
import type { Connection, Statement } from './connection.ts';
import { numberIn, textIn } from './rows.ts';
import { stepIdsOf } from './write.ts';

export function newKey(): string {
  return randomUUID();
}

/** Comes first in the batch: the second time, the key is there already, and the batch is turned down by it. */
export function keyStatement(
  key: string,
  { batch, at }: { readonly batch: readonly Write[]; readonly at: string },
): Statement {
  const entries = batch.filter(({ op }) => op !== 'require').length;
  return {
    sql: 'INSERT INTO receipt (key, seq, at) SELECT ?1, ifnull(max(seq), 0) + ?2, ?3 FROM journal',
    args: [key, entries, at],
  };
}

/** What a write that has landed would have answered. Steps keep their numbers for as long as they are there. */
export async function landed(connection: Connection, key: string, batch: readonly Write[]): Promise<WriteReceipt> {
  const ids = stepIdsOf(batch);
  const { rows } = await connection.execute({
    sql: `SELECT receipt.seq, step.id, step.number FROM receipt
      LEFT JOIN step ON step.id IN (SELECT value FROM json_each(?2)) WHERE receipt.key = ?1`,
    args: [key, JSON.stringify(ids)],
  });
  if (rows.length === 0) {
    const what = `The write to ${connection.place} is done, but its receipt is gone`;
    throw new MemoryError('STORE_FAILED', `${what}. Read what was written before you repeat it.`);
  }
  const found = rows.filter(({ id }) => id !== null);
  const numbers = new Map(found.map((row) => [textIn(row, 'id'), numberIn(row, 'number')]));
  return { seq: numberIn(rows[0], 'seq'), stepNumbers: ids.map((id) => numbers.get(id) ?? 0) };
}
