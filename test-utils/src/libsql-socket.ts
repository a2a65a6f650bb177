// How a libSQL server for tests answers over a WebSocket. A question is a request that runs something; what opens and
// closes streams and texts goes with it.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { type HranaStream, type HranaStreams, type StreamRequest, toWireError, type WireError } from './hrana.ts';
import type { LibsqlDesk } from './libsql-desk.ts';
import { DRIP_MS, STATUS_ERRORS, type WireFault } from './wire-fault.ts';

export const SUBPROTOCOLS: readonly string[] = ['hrana3', 'hrana2'];

type SocketRequest =
  | { readonly type: 'open_stream' | 'close_stream'; readonly stream_id: number }
  | { readonly type: 'store_sql'; readonly sql_id: number; readonly sql: string }
  | { readonly type: 'close_sql'; readonly sql_id: number }
  | (StreamRequest & { readonly stream_id: number });

type ClientMessage =
  | { readonly type: 'hello'; readonly jwt: string | null }
  | { readonly type: 'request'; readonly request_id: number; readonly request: SocketRequest };

const QUESTIONS: readonly SocketRequest['type'][] = ['execute', 'batch', 'sequence', 'get_autocommit'];

/** Faults behind which nothing more is heard of a socket. */
const LAST: readonly WireFault[] = ['refuse', 'reset', 'lost', 'hang'];

/** Answers in the order in which it was asked. */
export function serveSocket(socket: WebSocket, desk: LibsqlDesk): void {
  const connection = socketConnection(desk.streams);
  let last: Promise<void> = Promise.resolve();
  let isOver = false;

  socket.on('message', (data) => {
    if (isOver) return;
    // Only text is spoken here.
    const message = JSON.parse(String(data)) as ClientMessage;
    const fault = faultOf(message, desk);
    isOver = message.type === 'hello' ? fault === '401' : LAST.includes(fault);
    const due = desk.delay(fault);
    last = last.then(() => due).then(() => answer(message, fault));
  });
  socket.on('error', () => socket.terminate());
  // What was read before the end is still done.
  socket.on('close', () => last.finally(connection.close));

  async function answer(message: ClientMessage, fault: WireFault): Promise<void> {
    if (fault === 'refuse') return socket.terminate();
    if (fault === 'hang') return;
    if (message.type === 'request') return send(socket, JSON.stringify(responseTo(message, fault)), fault);
    const error = STATUS_ERRORS[fault];
    await send(socket, JSON.stringify(error ? { type: 'hello_error', error } : { type: 'hello_ok' }), 'none');
    if (error !== undefined) socket.close();
  }

  function responseTo({ request_id, request }: ClientMessage & { readonly type: 'request' }, fault: WireFault): object {
    const error = STATUS_ERRORS[fault];
    if (error !== undefined) return { type: 'response_error', request_id, error };
    const { response, failure } = connection.answer(request);
    if (failure !== undefined) return { type: 'response_error', request_id, error: failure };
    return { type: 'response_ok', request_id, response };
  }
}

function faultOf(message: ClientMessage, desk: LibsqlDesk): WireFault {
  if (message.type === 'hello') {
    if (desk.upcoming === '401') return desk.next();
    return desk.isWelcome(message.jwt) ? 'none' : '401';
  }
  return QUESTIONS.includes(message.request.type) ? desk.next() : 'none';
}

async function send(socket: WebSocket, text: string, fault: WireFault): Promise<void> {
  if (socket.readyState !== socket.OPEN) return;
  const bytes = Buffer.from(text);
  const half = bytes.subarray(0, bytes.length / 2);
  switch (fault) {
    case 'lost':
      return socket.terminate();
    case 'reset':
      return socket.send(half, { binary: false, fin: false }, () => socket.terminate());
    case 'truncate':
      return socket.send(half, { binary: false });
    case 'drip':
      return drip(socket, bytes);
    default:
      socket.send(text);
  }
}

async function drip(socket: WebSocket, bytes: Buffer): Promise<void> {
  for (let sent = 0; sent < bytes.length && socket.readyState === socket.OPEN; sent += 1) {
    socket.send(bytes.subarray(sent, sent + 1), { binary: false, fin: sent === bytes.length - 1 });
    await sleep(DRIP_MS);
  }
}

interface SocketConnection {
  answer(request: SocketRequest): { readonly response?: object; readonly failure?: WireError };
  close(): void;
}

/** The streams of one socket, with the texts that they share. */
function socketConnection(pool: HranaStreams): SocketConnection {
  const texts = new Map<number, string>();
  const streams = new Map<number, HranaStream>();
  const streamOf = (id: number): HranaStream => {
    const stream = streams.get(id);
    if (stream === undefined) throw new Error('there is no such stream');
    return stream;
  };

  function answer(request: SocketRequest): object {
    switch (request.type) {
      case 'open_stream':
        streams.set(request.stream_id, pool.open(texts));
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
  }

  return {
    answer(request) {
      try {
        return { response: answer(request) };
      } catch (cause) {
        return { failure: toWireError(cause) };
      }
    },
    close() {
      for (const stream of streams.values()) stream.close();
      streams.clear();
    },
  };
}
