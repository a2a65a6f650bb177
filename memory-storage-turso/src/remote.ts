// A database that is reached over a network.
import { createClient } from '@libsql/client';
import { type Connection, clientConnection } from './connection.ts';

/** How a database is reached. */
export interface RemoteOptions {
  /** Without credentials. */
  readonly url: string;
  /** For messages. */
  readonly place: string;
  readonly authToken: string | undefined;
  /** Calls at the same time; others wait. */
  readonly poolSize: number;
  /** How long a call may take, with all its repetitions. */
  readonly deadlineMs: number;
}

/** Nothing is sent before the first call. */
export function connectRemote({ url, place, authToken, poolSize }: RemoteOptions): Connection {
  const client = createClient({ url, concurrency: poolSize, ...(authToken === undefined ? {} : { authToken }) });
  return clientConnection(client, place);
}
