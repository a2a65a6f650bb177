// A statement that takes as long as the store is large, on a connection that is open: the thread is free while it runs,
// so that it can be told to end. The engine then undoes what it has done.
import { throwIfAborted } from '@episodica/memory-core/backend';
import Database from 'libsql';
import type FreeDatabase from 'libsql/promise';
import type { Row, Statement } from './connection.ts';

/** The rows of the statement. Where `signal` ends it, it rejects with `SQLITE_INTERRUPT`, and nothing is changed. */
export async function runLong(
  database: Database.Database,
  { sql, args }: Statement,
  signal: AbortSignal | undefined,
): Promise<readonly Row[]> {
  const free = await freeHalf(database);
  // A signal tells of it once, and that may have been before.
  throwIfAborted(signal);
  let stopping: NodeJS.Timeout | undefined;
  const stop = (): void => {
    free.interrupt();
    // One that is about to begin is not reached by that.
    stopping = setInterval(() => free.interrupt(), STOPPING_MS);
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const statement = await free.prepare(sql);
    // A row is an object by column name, which is what `Row` says.
    return (await statement.all([...args])) as Row[];
  } catch (cause) {
    // Both halves of the driver have an error of their own, with the same fields.
    if (!isDriverError(cause)) throw cause;
    throw new Database.SqliteError(cause.message, cause.code, cause.rawCode);
  } finally {
    signal?.removeEventListener('abort', stop);
    clearInterval(stopping);
  }
}

const STOPPING_MS = 20;

/**
 * The driver is there twice, over the same engine: calls that hold their thread, and calls that do not. Both are made for
 * the connection in `db`, and this is the second for a connection that the first has opened.
 */
async function freeHalf(database: Database.Database): Promise<FreeDatabase> {
  const { default: Free } = await import('libsql/promise');
  return Object.create(Free.prototype, { db: { value: Reflect.get(database, 'db') } });
}

function isDriverError(
  cause: unknown,
): cause is { readonly message: string; readonly code: string; readonly rawCode: number } {
  return cause instanceof Error && 'code' in cause && 'rawCode' in cause;
}
