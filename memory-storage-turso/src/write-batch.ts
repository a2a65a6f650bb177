// A batch of writes, carried out: once, also where an answer is lost, and with the reason when it is turned down.
import { type CommitOptions, MemoryError, mapInTurns } from '@episodica/memory-core/backend';
import type { Write, WriteReceipt } from '@episodica/memory-core/ports';
import type { Connection, Result, Statement } from './connection.ts';
import { copyUnfinished, FIRST_SCHEMA, readCopying } from './copying.ts';
import { violationOf } from './errors.ts';
import type { JobThreads } from './job-threads.ts';
import { InDoubt, NetworkFailure } from './network-failure.ts';
import { hasLanded, keyStatement, landed, newKey, pruneStatements } from './receipt.ts';
import { numberIn, textIn } from './rows.ts';
import { type Group, groupsOf, journalStatement, refusalOf, statementsOf, stepIdsOf } from './write.ts';

/**
 * One batch. When the engine turns down a group of writes, the batch is run again with each write alone: nothing was
 * changed, and now the statement that fails names the write.
 */
export async function writeBatch(order: {
  readonly connection: Connection;
  readonly jobs: JobThreads;
  readonly schema: number;
  readonly batch: readonly Write[];
  readonly options: CommitOptions;
}): Promise<WriteReceipt> {
  const { connection, jobs, schema, batch, options } = order;
  const entry = { at: new Date().toISOString(), actor: options.actor ?? 'library' };
  const key = connection.reach === 'network' ? newKey() : undefined;
  const firsts = [...(key === undefined ? [] : [keyStatement(key, batch)]), storeGuard(schema)];
  const lasts = [...(key === undefined ? [] : pruneStatements(key)), journalStatement(batch, entry)];
  let isInDoubt = false;
  for (let groups = groupsOf(batch); ; groups = batch.map((single): Group => [single])) {
    const parts = await mapInTurns(groups, (group) => ({ group, statements: statementsOf(group) }));
    const statements = [...firsts, ...parts.flatMap((part) => part.statements), ...lasts];
    try {
      return receiptOf(batch, await batchWhereFitting(statements, { connection, jobs }));
    } catch (error) {
      const violation = violationOf(error);
      // An attempt at the group may still be on its way when each of its writes is tried alone.
      if (violation === undefined) throw isInDoubt && error instanceof NetworkFailure ? new InDoubt(error) : error;
      isInDoubt ||= error instanceof InDoubt;
      // It was done already, and only the answer was lost.
      if (key !== undefined && violation.statementIndex === 0) return landed(connection, key, batch);
      const owners = parts.flatMap((part) => part.statements.map(() => part.group));
      const [first, ...others] = owners[violation.statementIndex - firsts.length] ?? [];
      if (others.length > 0) continue;
      if (key !== undefined && isInDoubt && (await hasLanded(connection, key))) {
        return landed(connection, key, batch);
      }
      if (violation.statementIndex === firsts.length - 1) throw await whyNobodyWrites(connection, violation.message);
      if (first === undefined) throw error;
      throw refusalOf(first, violation.message);
    }
  }
}

/**
 * Another program may have brought the schema forward since this one opened the store: then what it would write is wrong.
 * Or it fills the store, which was empty, from another one: then what this one would write does not belong there. And
 * what is written to a file that follows a database would be nowhere else, and keep it from following.
 */
function storeGuard(schema: number): Statement {
  const isNewer = "SELECT 'VERSION' AS code WHERE (SELECT max(number) FROM migration) <> ?1";
  const isCopy = "UNION ALL SELECT 'INVALID_STATE' FROM copying UNION ALL SELECT 'INVALID_STATE' FROM following";
  return {
    sql: `INSERT INTO guard (code) ${isNewer} ${schema >= FIRST_SCHEMA ? isCopy : ''}`,
    args: [schema],
  };
}

async function whyNobodyWrites(connection: Connection, message: string): Promise<MemoryError> {
  const { place } = connection;
  if (message.includes('guard:VERSION')) {
    const what = `The store ${place} was brought to a newer schema by a newer program; nothing was written`;
    return new MemoryError('STORE_FAILED', `${what}. Upgrade and restart this one.`);
  }
  if ((await readCopying(connection)) !== undefined) return copyUnfinished(place);
  const what = `The file ${place} is a replica, and what is written goes to the database that it follows`;
  const advice = 'Set TURSO_SYNC_URL to the address of that one';
  return new MemoryError('INVALID_STATE', `${what}; nothing was written. ${advice}.`);
}

/** Statements with more text than this, in characters, go to a thread: here they would hold up everything else. */
const MAX_TEXT_HERE = 64_000;

export function batchWhereFitting(
  statements: readonly Statement[],
  { connection, jobs }: { readonly connection: Connection; readonly jobs: JobThreads },
): Promise<readonly Result[]> {
  const isHeavy = connection.reach === 'file' && textLength(statements) > MAX_TEXT_HERE;
  return isHeavy ? jobs.run('batch', statements) : connection.batch(statements);
}

function textLength(statements: readonly Statement[]): number {
  return statements.reduce(
    (sum, { args }) => args.reduce<number>((length, arg) => length + (typeof arg === 'string' ? arg.length : 0), sum),
    0,
  );
}

function receiptOf(batch: readonly Write[], results: readonly Result[]): WriteReceipt {
  const journal = results.at(-1);
  // In the order of the operations: a step that was deleted and put again has a number each time.
  const numbers = new Map<string, number[]>();
  for (const { rows } of results.slice(0, -1)) {
    for (const row of rows)
      numbers.set(textIn(row, 'id'), [...(numbers.get(textIn(row, 'id')) ?? []), numberIn(row, 'number')]);
  }
  const [newest] = journal?.rows ?? [];
  return {
    seq: newest === undefined ? (journal?.lastInsertRowid ?? 0) : numberIn(newest, 'seq'),
    stepNumbers: stepIdsOf(batch).map((id) => numbers.get(id)?.shift() ?? 0),
  };
}
