// A libSQL server over a local database, for tests: HTTP and WebSocket on one port, without replication and cursors, with
// faults on the wire. It shows that a client is right, and nothing about how Turso behaves.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { hranaStreams } from './hrana.ts';
import { libsqlDesk } from './libsql-desk.ts';
import { httpService } from './libsql-http.ts';
import { SUBPROTOCOLS, serveSocket } from './libsql-socket.ts';
import type { WireFaults } from './wire-fault.ts';

export interface LibsqlServerOptions {
  /** The file of the database. It is made where there is none. */
  readonly path: string;
  /** @default one that is free */
  readonly port?: number;
  /** What a client must present. @default none: everybody is let in */
  readonly token?: string;
  /** How long each question travels before it is done. @default 0 */
  readonly latencyMs?: number;
  /** @default nothing goes wrong */
  readonly faults?: WireFaults;
  /** What a 429 says. @default 0 */
  readonly retryAfterSeconds?: number;
  /** SQL with which every connection to the database begins. @default no waiting for the disk */
  readonly setup?: string;
}

export interface LibsqlServer {
  readonly port: number;
  /** `http://…`; the same host and port speak `ws://`. */
  readonly url: string;
  /** Questions so far: requests over HTTP; over WebSocket statements, batches and sequences. */
  readonly roundTrips: number;
  /** May be set at any time; its first question is the next one. */
  faults: WireFaults;
  latencyMs: number;
  /** Cuts every connection, and is not there until `start`. */
  stop(): Promise<void>;
  /** Listens on the same port again. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 256;

/** Listens on this machine alone. */
export async function startLibsqlServer(options: LibsqlServerOptions): Promise<LibsqlServer> {
  const { path, latencyMs = 0, retryAfterSeconds = 0, setup = 'PRAGMA synchronous = OFF' } = options;
  const streams = hranaStreams(path, setup);
  // The engine makes the file, and keeps it in WAL mode for as long as this stream is open.
  streams.open().answer({ type: 'sequence', sql: 'PRAGMA journal_mode = WAL' });
  const desk = libsqlDesk(streams, { token: options.token, retryAfterSeconds });
  desk.latencyMs = latencyMs;
  if (options.faults !== undefined) desk.faults = options.faults;
  const http = httpService(desk);
  const server = createServer((request, response) => {
    // A client that goes away in the middle of its question.
    http.serve(request, response).catch(() => response.destroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => SUBPROTOCOLS.find((known) => offered.has(known)) ?? false,
  });
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (opened) => serveSocket(opened, desk));
  });

  async function listen(port: number): Promise<number> {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    // A server that listens on a port has such an address.
    return (server.address() as AddressInfo).port;
  }

  async function stop(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    for (const socket of sockets.clients) socket.terminate();
    await closed;
  }

  const port = await listen(options.port ?? 0);
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get roundTrips() {
      return desk.roundTrips;
    },
    get faults() {
      return desk.faults;
    },
    set faults(faults) {
      desk.faults = faults;
    },
    get latencyMs() {
      return desk.latencyMs;
    },
    set latencyMs(changed) {
      desk.latencyMs = changed;
    },
    stop,
    async start() {
      await listen(port);
    },
    async close() {
      await stop();
      http.close();
      streams.close();
    },
  };
}
