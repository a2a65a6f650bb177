// A connection to the database at a path, for as long as the store is open: when another file is put there, when one
// that could only be read can be written, or when the connection failed, it is opened anew, and no call notices.
import type { Connection } from './connection.ts';
import { keyProblemOf } from './errors.ts';
import { Hindered, type Hindrance } from './file-state.ts';

/** A connection whose database is at the newest schema. */
export interface StoreConnection extends Connection {
  /** The name that the database was given when it was made. */
  readonly identity: string;
}

/** What `open` gives: a connection that ends with the file it was opened on. */
export interface OpenedFile {
  readonly connection: Connection;
  readonly identity: string;
}

/** Hands every call to the connection that `open` gave last. A call that it hindered did nothing, and is repeated. */
export async function lastingConnection(open: () => Promise<OpenedFile>): Promise<StoreConnection> {
  let current = await open();
  let reopening: Promise<void> | undefined;
  let isClosed = false;

  /** Fails when it cannot be opened; the next call tries again. */
  async function replace(hindered: OpenedFile): Promise<void> {
    const next = await open().catch((error: unknown) => {
      throw keyProblemOf(error) === undefined ? error : new Hindered('rekeyed');
    });
    current = next;
    await hindered.connection.close();
  }

  async function lasting<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    for (let reopenings = 0; ; reopenings += 1) {
      const used = current;
      try {
        return await work(used.connection);
      } catch (error) {
        if (!(error instanceof Hindered)) throw error;
        if (!GOES_ON[error.hindrance] || reopenings >= MAX_REOPENINGS || isClosed) throw error;
      }
      if (current !== used) continue;
      reopening ??= replace(used).finally(() => {
        reopening = undefined;
      });
      await reopening;
    }
  }

  return {
    reach: 'file',
    get place() {
      return current.connection.place;
    },
    get access() {
      return current.connection.access;
    },
    get identity() {
      return current.identity;
    },
    execute: (statement) => lasting((connection) => connection.execute(statement)),
    read: (statements) => lasting((connection) => connection.read(statements)),
    batch: (statements, beforeCommit) => lasting((connection) => connection.batch(statements, beforeCommit)),
    async close() {
      isClosed = true;
      await reopening?.catch(() => undefined);
      await current.connection.close();
    },
  };
}

/** Whether there is something at the path that can be opened in place of what hindered the call. */
const GOES_ON: Readonly<Record<Hindrance, boolean>> = {
  deleted: false,
  replaced: true,
  mixed: false,
  'log deleted': false,
  'log replaced': false,
  'read-only': false,
  writable: true,
  spent: true,
  rekeyed: false,
};
/** More in one call would be a file that is replaced all the time. */
const MAX_REOPENINGS = 3;
