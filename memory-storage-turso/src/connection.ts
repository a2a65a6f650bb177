// What the store asks of a database: one statement, or a batch that is all or nothing. Both are one round trip.
import type { Client, ResultSet } from '@libsql/client';

/** What a statement can be given. `undefined` is not among it. */
export type Value = string | number | null;

/** One SQL statement with a value for each of its parameters. */
export interface Statement {
  readonly sql: string;
  readonly args: readonly Value[];
}

/** Values by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** What a statement answered. */
export interface Result {
  readonly rows: readonly Row[];
  /** The last row that an insert without RETURNING added. */
  readonly lastInsertRowid: number;
}

/** Rejects with a `LibsqlError`, in a batch with a `LibsqlBatchError`. */
export interface Connection {
  /** The file or the address, for messages. Without secrets. */
  readonly place: string;
  execute(statement: Statement): Promise<Result>;
  /** One write transaction. */
  batch(statements: readonly Statement[]): Promise<readonly Result[]>;
  close(): Promise<void>;
}

/** Any database that `@libsql/client` reaches. */
export function clientConnection(client: Client, place: string): Connection {
  return {
    place,
    async execute(statement) {
      return toResult(await client.execute(toClientStatement(statement)));
    },
    async batch(statements) {
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
