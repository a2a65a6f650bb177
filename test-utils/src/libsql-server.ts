// A libSQL server over a local database, for tests: HTTP and WebSocket on one port, without replication and cursors. It shows
// that a client is right, and nothing about how Turso behaves.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { type HranaStream, hranaStream, type StreamRequest, toWireError } from './hrana.ts';

export interface LibsqlServerOptions {
  /** The file of the database. It is made where there is none. */
  readonly path: string;
  /** What a client must present. @default none: everybody is let in */
  readonly token?: string;
  /** How long each answer is kept back. @default 0 */
  readonly latencyMs?: number;
}

export interface LibsqlServer {
  readonly port: number;
  /** `http://…`; the same host and port speak `ws://`. */
  readonly url: string;
  /** Questions so far, each a round trip: requests over HTTP, and over WebSocket bursts of messages. */
  readonly roundTrips: number;
  close(): Promise<void>;
}

/** Listens on a free port of this machine. */
export async function startLibsqlServer(options: LibsqlServerOptions): Promise<LibsqlServer> {
  const { path, token, latencyMs = 0 } = options;
  // The engine makes the file, and keeps it in WAL mode from then on.
  const first = hranaStream(path);
  first.answer({ type: 'sequence', sql: 'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL' });
  const streams = streamPool(path);
  let roundTrips = 0;

  async function serveHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    roundTrips += 1;
    const body = await textOf(request);
    if (latencyMs > 0) await sleep(latencyMs);
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      return answerJson(response, 401, { message: 'Unauthorized', code: 'AUTH_JWT_INVALID' });
    }
    // JSON is spoken here: a client that asks for more gets told that there is no such thing.
    if (request.method === 'GET' && VERSIONS.includes(request.url ?? '')) return answerJson(response, 200, {});
    if (request.method === 'POST' && VERSIONS.some((version) => request.url === `${version}/pipeline`)) {
      return answerJson(response, 200, streams.pipeline(JSON.parse(body) as PipelineRequest));
    }
    answerJson(response, 404, { message: 'Not found' });
  }

  const server = createServer((request, response) => {
    serveHttp(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  const sockets = new WebSocketServer({
    server,
    handleProtocols: (offered) => SUBPROTOCOLS.find((known) => offered.has(known)) ?? false,
  });
  sockets.on('connection', (socket) => {
    serveSocket(socket, { path, token, latencyMs, onQuestion: () => (roundTrips += 1) });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get roundTrips() {
      return roundTrips;
    },
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      streams.close();
      first.close();
    },
  };
}

/** What is asked of the second version is told in the third as well. */
const VERSIONS: readonly string[] = ['/v2', '/v3'];
const SUBPROTOCOLS: readonly string[] = ['hrana3', 'hrana2'];

interface PipelineRequest {
  readonly baton?: string | null;
  readonly requests: readonly StreamRequest[];
}

/** Streams that last from one request to the next are named by a baton; the others go back to where they are taken from. */
function streamPool(path: string): { pipeline(request: PipelineRequest): object; close(): void } {
  const held = new Map<string, HranaStream>();
  const free: HranaStream[] = [];
  let count = 0;
  return {
    pipeline({ baton, requests }) {
      const stream = baton == null ? (free.pop() ?? hranaStream(path)) : held.get(baton);
      if (stream === undefined) throw new Error('there is no such stream');
      if (baton != null) held.delete(baton);
      const results = requests.map((request) => {
        try {
          return { type: 'ok', response: stream.answer(request) };
        } catch (cause) {
          return { type: 'error', error: toWireError(cause) };
        }
      });
      const isClosed = requests.some(({ type }) => type === 'close');
      if (isClosed && !stream.isAutocommit) stream.answer({ type: 'sequence', sql: 'ROLLBACK' });
      if (isClosed) {
        free.push(stream);
        return { baton: null, base_url: null, results };
      }
      count += 1;
      held.set(`stream ${count}`, stream);
      return { baton: `stream ${count}`, base_url: null, results };
    },
    close() {
      for (const stream of [...free, ...held.values()]) stream.close();
    },
  };
}

type SocketRequest =
  | { readonly type: 'open_stream' | 'close_stream'; readonly stream_id: number }
  | { readonly type: 'store_sql'; readonly sql_id: number; readonly sql: string }
  | { readonly type: 'close_sql'; readonly sql_id: number }
  | (StreamRequest & { readonly stream_id: number });

type ClientMessage =
  | { readonly type: 'hello'; readonly jwt: string | null }
  | { readonly type: 'request'; readonly request_id: number; readonly request: SocketRequest };

interface SocketSetup {
  readonly path: string;
  readonly token: string | undefined;
  readonly latencyMs: number;
  onQuestion(): void;
}

/** Answers in the order in which it was asked. */
function serveSocket(socket: WebSocket, { path, token, latencyMs, onQuestion }: SocketSetup): void {
  const connection = socketConnection(path);
  let last: Promise<void> = Promise.resolve();
  let isAsked = false;

  /** Messages that come together are one question. */
  function countQuestion(): void {
    if (isAsked) return;
    isAsked = true;
    onQuestion();
    setImmediate(() => {
      isAsked = false;
    });
  }

  async function answer(message: ClientMessage): Promise<void> {
    if (socket.readyState !== socket.OPEN) return;
    if (message.type === 'hello') {
      const isWelcome = token === undefined || message.jwt === token;
      const error = { message: 'Unauthorized', code: 'AUTH_JWT_INVALID' };
      socket.send(JSON.stringify(isWelcome ? { type: 'hello_ok' } : { type: 'hello_error', error }));
      if (!isWelcome) socket.close();
      return;
    }
    const { request_id, request } = message;
    try {
      socket.send(JSON.stringify({ type: 'response_ok', request_id, response: connection.answer(request) }));
    } catch (cause) {
      socket.send(JSON.stringify({ type: 'response_error', request_id, error: toWireError(cause) }));
    }
  }

  socket.on('message', (data) => {
    countQuestion();
    const due = latencyMs === 0 ? undefined : sleep(latencyMs);
    // Only text is spoken here.
    const message = JSON.parse(String(data)) as ClientMessage;
    last = last.then(() => due).then(() => answer(message));
  });
  socket.on('close', () => connection.close());
}

/** The streams of one socket, with the texts that they share. */
function socketConnection(path: string): { answer(request: SocketRequest): object; close(): void } {
  const texts = new Map<number, string>();
  const streams = new Map<number, HranaStream>();
  const streamOf = (id: number): HranaStream => {
    const stream = streams.get(id);
    if (stream === undefined) throw new Error('there is no such stream');
    return stream;
  };
  return {
    answer(request) {
      switch (request.type) {
        case 'open_stream':
          streams.set(request.stream_id, hranaStream(path, texts));
          return { type: 'open_stream' };
        case 'close_stream':
          streamOf(request.stream_id).close();
          streams.delete(request.stream_id);
          return { type: 'close_stream' };
        case 'store_sql':
          texts.set(request.sql_id, request.sql);
          return { type: 'store_sql' };
        case 'close_sql':
          texts.delete(request.sql_id);
          return { type: 'close_sql' };
        default:
          return streamOf(request.stream_id).answer(request);
      }
    },
    close() {
      for (const stream of streams.values()) stream.close();
      streams.clear();
    },
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  // Without an encoding, a request gives buffers.
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function answerJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
