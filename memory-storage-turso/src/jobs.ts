// Work whose cost grows with the store or with what it is given. Each job takes a connection and plain data and answers
// plain data, so that it can be done in a thread of its own, where it holds up nothing but itself.
import type { Filters, IndexedKind, Kind, TextMatches, TextQuery } from '@episodica/memory-core/ports';
import type { Connection, Result, Row, Statement } from './connection.ts';
import {
  type CopyOrder,
  type CopyReport,
  copyInto,
  type DatabaseContents,
  type DatabaseSummary,
  describe,
  examine,
  renew,
  seal,
} from './copy.ts';
import {
  type EraseReport,
  eraseDeleted,
  probeWrite,
  rebuildText,
  type VacuumOrder,
  type VacuumReport,
  vacuum,
} from './erase.ts';
import { conditionsOf, orderOf, whereOf } from './filters.ts';
import { readStats, type StoreStats } from './inspect.ts';
import { repairStore } from './repair.ts';
import { bytesSql, selectedColumns } from './rows.ts';
import { schemaVersion } from './schema.ts';
import { matchText, readTerms, type TermsRequest } from './search.ts';
import { quickCheck, type Verification, verifyStore } from './verify.ts';

/** One page of a scan: at most `page` rows behind `last`. */
export interface PageRequest {
  readonly kind: Kind;
  readonly filter: Filters[Kind];
  readonly last: Row | undefined;
  readonly page: number;
  /** No row is added to this many bytes of bodies, or more. */
  readonly maxBytes?: number;
}

/** The jobs: what each is given, and what it answers. */
export interface Jobs {
  page: { input: PageRequest; output: readonly Row[] };
  match: { input: TextQuery<IndexedKind>; output: TextMatches };
  terms: { input: TermsRequest; output: readonly Row[] };
  read: { input: readonly Statement[]; output: readonly Result[] };
  batch: { input: readonly Statement[]; output: readonly Result[] };
  schema: { input: undefined; output: number };
  stats: { input: undefined; output: StoreStats };
  verify: { input: undefined; output: Verification };
  quickCheck: { input: undefined; output: Verification };
  repair: { input: undefined; output: Verification };
  copy: { input: CopyOrder; output: CopyReport };
  describe: { input: undefined; output: DatabaseSummary };
  examine: { input: undefined; output: DatabaseContents };
  seal: { input: CopyReport; output: DatabaseContents };
  renew: { input: CopyReport | undefined; output: DatabaseContents };
  rebuildText: { input: undefined; output: undefined };
  vacuum: { input: VacuumOrder; output: VacuumReport };
  erase: { input: VacuumOrder; output: EraseReport };
  probeWrite: { input: undefined; output: number };
}
export type Job = keyof Jobs;

/**
 * Does a job, here or in another thread. Rejects with what the job rejected with. The signal ends a job that has a thread
 * of its own.
 */
export type RunJob = <J extends Job>(
  job: J,
  input: Jobs[J]['input'],
  signal?: AbortSignal,
) => Promise<Jobs[J]['output']>;

/** Does each job on this connection, in this thread. */
export function jobsOn(connection: Connection): RunJob {
  return (job, input) => JOBS[job](connection, input);
}

const JOBS: { readonly [J in Job]: (connection: Connection, input: Jobs[J]['input']) => Promise<Jobs[J]['output']> } = {
  page: readPage,
  match: matchText,
  terms: readTerms,
  read: (connection, statements) => connection.read(statements),
  batch: (connection, statements) => connection.batch(statements),
  schema: schemaVersion,
  stats: readStats,
  verify: verifyStore,
  quickCheck,
  repair: repairStore,
  copy: copyInto,
  describe,
  examine,
  seal,
  renew,
  rebuildText,
  vacuum,
  erase: eraseDeleted,
  probeWrite,
};

/** The rows of a page, as the engine gives them. */
export async function readPage(connection: Connection, request: PageRequest): Promise<readonly Row[]> {
  const { kind, filter, last, page, maxBytes } = request;
  const order = orderOf(kind, filter);
  const where = whereOf([...conditionsOf(kind, filter), ...(last === undefined ? [] : [order.behind(last)])]);
  const sql = `SELECT ${selectedColumns(kind)} FROM ${kind} ${where.sql} ORDER BY ${order.sql} LIMIT ?`;
  const args = [...where.args, page];
  const { rows } = await connection.execute(
    maxBytes === undefined
      ? { sql, args }
      : { sql: cutSql({ kind, sql, order: order.sql }), args: [...args, maxBytes] },
  );
  return rows;
}

/** The rows that `sql` gives, up to the one that passes a number of bytes. */
function cutSql({ kind, sql, order }: { readonly kind: Kind; readonly sql: string; readonly order: string }): string {
  const before = `sum(${bytesSql(kind)}) OVER (ORDER BY ${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
  return `SELECT * FROM (SELECT ${kind}.*, ifnull(${before}, 0) AS bytes_before FROM (${sql}) AS ${kind} ORDER BY ${order})
    WHERE bytes_before < ?`;
}
