// How a libSQL server for tests answers over HTTP: each POST is a pipeline of requests, and a question.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HranaStream, type StreamRequest, toWireError } from './hrana.ts';
import type { LibsqlDesk } from './libsql-desk.ts';
import { sendJson } from './wire-answer.ts';
import { STATUS_ERRORS, type WireFault } from './wire-fault.ts';

export interface HttpService {
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): void;
}

/** What is asked of the second version is told in the third as well. */
const VERSIONS: readonly string[] = ['/v2', '/v3'];

interface PipelineRequest {
  readonly baton?: string | null;
  readonly requests: readonly StreamRequest[];
}

interface Answer {
  readonly status: number;
  readonly body: object;
  /** The stream that waits for the next request. */
  readonly baton?: string;
}

export function httpService(desk: LibsqlDesk): HttpService {
  const held = heldStreams();

  function pipeline({ baton, requests }: PipelineRequest): Answer {
    const stream = baton == null ? desk.streams.open() : held.take(baton);
    if (stream === undefined) return { status: 404, body: { message: 'The stream is gone', code: 'STREAM_EXPIRED' } };
    const results = requests.map((request) => {
      try {
        return { type: 'ok', response: stream.answer(request) };
      } catch (cause) {
        return { type: 'error', error: toWireError(cause) };
      }
    });
    if (requests.some(({ type }) => type === 'close')) {
      stream.close();
      return { status: 200, body: { baton: null, base_url: null, results } };
    }
    const next = held.keep(stream);
    return { status: 200, body: { baton: next, base_url: null, results }, baton: next };
  }

  function answerTo({ method, url, headers }: IncomingMessage, body: string): Answer {
    if (!desk.isWelcome(headers.authorization?.replace(/^Bearer /u, ''))) return statusAnswer('401');
    // JSON is spoken here: a client that asks for more gets told that there is no such thing.
    if (method === 'GET' && VERSIONS.includes(url ?? '')) return { status: 200, body: {} };
    if (method === 'POST' && VERSIONS.some((version) => url === `${version}/pipeline`)) {
      // What a client sends here is what the protocol says, or it is told of a failure.
      return pipeline(JSON.parse(body) as PipelineRequest);
    }
    return { status: 404, body: { message: 'Not found' } };
  }

  return {
    async serve(request, response) {
      const fault = desk.next();
      if (fault === 'refuse') return void request.socket.destroy();
      const body = await textOf(request);
      if (fault === 'hang') return;
      await desk.delay(fault);
      const answer = fault in STATUS_ERRORS ? statusAnswer(fault) : answerTo(request, body);
      const { baton } = answer;
      response.on('close', () => {
        // Nobody will ask for a stream whose name has not arrived.
        if (baton !== undefined && !response.writableFinished) held.take(baton)?.close();
      });
      if (answer.status === 429) response.setHeader('retry-after', desk.retryAfterSeconds);
      sendJson(response, { ...answer, fault });
    },
    close: () => held.close(),
  };
}

/** How long a stream waits for the next request. */
const STREAM_IDLE_MS = 10_000;

/** Streams that last from one request to the next, by their batons. */
function heldStreams(): {
  keep(stream: HranaStream): string;
  take(baton: string): HranaStream | undefined;
  close(): void;
} {
  const held = new Map<string, { readonly stream: HranaStream; readonly timer: NodeJS.Timeout }>();
  let count = 0;
  const take = (baton: string): HranaStream | undefined => {
    const found = held.get(baton);
    held.delete(baton);
    clearTimeout(found?.timer);
    return found?.stream;
  };
  return {
    keep(stream) {
      count += 1;
      const baton = `stream ${count}`;
      held.set(baton, { stream, timer: setTimeout(() => take(baton)?.close(), STREAM_IDLE_MS).unref() });
      return baton;
    },
    take,
    close() {
      for (const baton of held.keys()) take(baton)?.close();
    },
  };
}

function statusAnswer(status: WireFault): Answer {
  return { status: Number(status), body: { ...STATUS_ERRORS[status] } };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  // Without an encoding, a request gives buffers.
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
