// What the store asks of a database: one statement, several that read the same moment, or a batch that is all or nothing.
// Each is one round trip.
import type { Client, ResultSet } from '@libsql/client';
import { assert } from './assertion.ts';

/** What a statement can be given. `undefined` is not among it. */
export type Value = string | number | null;

/** One SQL statement with a value for each of its parameters. */
export interface Statement {
  readonly sql: string;
  readonly args: readonly Value[];
  /** It takes as long as the store is large. A file's connection leaves its thread free meanwhile, and can end it. */
  readonly isLong?: true;
}

/** Values by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** What a statement answered. */
export interface Result {
  readonly rows: readonly Row[];
  /** The last row that an insert without RETURNING added. */
  readonly lastInsertRowid: number;
}

export type Access = 'read-write' | 'read-only';

/** Rejects with a `LibsqlError`, in a batch with a `LibsqlBatchError`; over a network also as `connectRemote` says. */
export interface Connection {
  /**
   * `file`: a call did what it answers. `network`: an answer can be lost, and a call is then sent again: a batch has to
   * begin with something by which the second one is turned down.
   */
  readonly reach: 'file' | 'network';
  /** The file or the address, for messages. Without secrets. */
  readonly place: string;
  /** `read-only`: reads work, a batch is refused. */
  readonly access: Access;
  execute(statement: Statement): Promise<Result>;
  /** All of them read the database as it stands at one moment. They change nothing. */
  read(statements: readonly Statement[]): Promise<readonly Result[]>;
  /** One write transaction. `beforeCommit` sees all of it done and nothing of it visible; what it throws undoes it. */
  batch(statements: readonly Statement[], beforeCommit?: () => void): Promise<readonly Result[]>;
  /**
   * The same connection, for calls that have to be over together, as one that was made at `sinceMs` by
   * `performance.now()`. Absent where no call has a deadline.
   * @throws `NetworkFailure` when too little of the time is left to begin
   */
  withOneDeadline?(sinceMs?: number): Connection;
  close(): Promise<void>;
}

/** Any database that `@libsql/client` reaches. */
export function clientConnection(client: Client, place: string): Connection {
  return {
    reach: 'network',
    place,
    access: 'read-write',
    async execute(statement) {
      return toResult(await client.execute(toClientStatement(statement)));
    },
    async read(statements) {
      return (await client.batch(statements.map(toClientStatement), 'read')).map(toResult);
    },
    async batch(statements, beforeCommit) {
      // A batch is one round trip here: there is no moment between its work and its commit.
      assert(beforeCommit === undefined, 'nothing can be looked at before a commit over a network');
      return (await client.batch(statements.map(toClientStatement), 'write')).map(toResult);
    },
    async close() {
      client.close();
    },
  };
}

function toClientStatement({ sql, args }: Statement): { sql: string; args: Value[] } {
  return { sql, args: [...args] };
}

function toResult({ rows, lastInsertRowid }: ResultSet): Result {
  return { rows: rows.map((row) => ({ ...row })), lastInsertRowid: Number(lastInsertRowid ?? 0) };
}
