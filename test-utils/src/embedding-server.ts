// A server of embeddings for tests, over HTTP, in the protocol of OpenAI, Ollama or Cohere, with vectors that have to do
// with meaning and with faults. It shows that a client is right, and nothing about the quality of a real model.
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { EMBEDDING_PROTOCOLS, type EmbeddingProtocol, isRefusal, type Offer } from './embedding-protocols.ts';
import { type MeaningOptions, meaning } from './meaning.ts';
import { sendJson } from './wire-answer.ts';
import { LATE_MS, WIRE_FAULTS, type WireFault } from './wire-fault.ts';

/**
 * `fewer`: a vector is missing; `dimensions`: each has one number less; `uneven`: the last one has; `nan`: a number is
 * none; `null`: a vector is none; `zero`: a vector has no direction; `page`: a web page; `moved`: it is elsewhere;
 * `endless`: the answer does not end; `model`: from now on another model answers under the name. The others are of the
 * wire.
 */
export type EmbeddingFault = WireFault | (typeof OWN_FAULTS)[number];

const OWN_FAULTS = [
  '403',
  'fewer',
  'dimensions',
  'uneven',
  'nan',
  'null',
  'zero',
  'page',
  'moved',
  'endless',
  'model',
] as const;

export const EMBEDDING_FAULTS: readonly EmbeddingFault[] = [...WIRE_FAULTS, ...OWN_FAULTS];

export interface EmbeddingServerOptions extends Partial<Omit<Offer, 'model'>>, Pick<MeaningOptions, 'synonyms'> {
  readonly protocol: EmbeddingProtocol;
  /** The one model that it has. @default `test-model` */
  readonly model?: string;
  /** What a client must present. @default none: everybody is let in */
  readonly token?: string;
  /** How long each question travels before it is answered. @default 0 */
  readonly latencyMs?: number;
  /** What happens to each question; the first one is 1. @default nothing */
  readonly faults?: (question: number) => EmbeddingFault;
  /** What a 429 says. @default it says nothing */
  readonly retryAfterSeconds?: number;
}

/** A question as it came. */
export interface EmbeddingRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface EmbeddingServer {
  readonly port: number;
  /** `http://…`, without a path. */
  readonly url: string;
  /** Questions so far, with those that came to nothing. */
  readonly requestCount: number;
  /** Texts for which vectors were made. */
  readonly textCount: number;
  /** Questions that are open now. */
  readonly openCount: number;
  /** Most questions that were open at one time. */
  readonly mostAtOnce: number;
  /** The last ones, oldest first. */
  readonly requests: readonly EmbeddingRequest[];
  /** May be set at any time; its first question is the next one. */
  faults: (question: number) => EmbeddingFault;
  latencyMs: number;
  /** Cuts every connection, and is not there until `start`. */
  stop(): Promise<void>;
  /** Listens on the same port again. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const MAX_KEPT = 1_000;
const MAX_BODY_BYTES = 16_000_000;

/** Listens on this machine alone. */
export async function startEmbeddingServer(options: EmbeddingServerOptions): Promise<EmbeddingServer> {
  const desk = embeddingDesk(options);
  const server = createServer((request, response) => {
    // A client that goes away in the middle of its question.
    desk.serve(request, response).catch(() => response.destroy());
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
    await closed;
  }

  const port = await listen(0);
  const { state } = desk;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    get requestCount() {
      return state.requestCount;
    },
    get textCount() {
      return state.textCount;
    },
    get openCount() {
      return state.openCount;
    },
    get mostAtOnce() {
      return state.mostAtOnce;
    },
    requests: state.requests,
    get faults() {
      return state.faults;
    },
    set faults(faults) {
      state.faults = faults;
      state.question = 0;
    },
    get latencyMs() {
      return state.latencyMs;
    },
    set latencyMs(changed) {
      state.latencyMs = changed;
    },
    stop,
    async start() {
      await listen(port);
    },
    close: stop,
  };
}

interface DeskState {
  readonly requests: EmbeddingRequest[];
  requestCount: number;
  textCount: number;
  openCount: number;
  mostAtOnce: number;
  /** Since the faults were set. */
  question: number;
  faults: (question: number) => EmbeddingFault;
  latencyMs: number;
}

interface Desk {
  readonly state: DeskState;
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

function embeddingDesk(options: EmbeddingServerOptions): Desk {
  const { model = 'test-model', dimensions = 64, contextTokens = 8_192, token, synonyms, retryAfterSeconds } = options;
  const protocol = EMBEDDING_PROTOCOLS[options.protocol];
  const offer: Offer = { model, dimensions, contextTokens };
  const state: DeskState = {
    requests: [],
    requestCount: 0,
    textCount: 0,
    openCount: 0,
    mostAtOnce: 0,
    question: 0,
    faults: options.faults ?? (() => 'none'),
    latencyMs: options.latencyMs ?? 0,
  };
  let isOther = false;

  function answerTo(
    { path, headers, body }: EmbeddingRequest,
    fault: EmbeddingFault,
  ): { readonly status: number; readonly body: object } {
    if (path !== protocol.path) return protocol.refusal(404, `There is nothing at ${path}`);
    const presented = headers.authorization?.replace(/^Bearer /u, '');
    // As a careless host would: it repeats what it was given.
    if (fault === '401' || (token !== undefined && presented !== token)) {
      return protocol.refusal(401, `Incorrect key: ${presented ?? 'none'}`);
    }
    if (/^\d+$/u.test(fault)) {
      return protocol.refusal(Number(fault), `Status ${fault} for ${presented ?? 'nobody'}: ${JSON.stringify(body)}`);
    }
    const read = protocol.read(body, offer);
    if (isRefusal(read)) return read;
    isOther ||= fault === 'model';
    state.textCount += read.texts.length;
    const seed = isOther ? 'another model' : model;
    const vectorOf = meaning({ dimensions: read.dimensions, synonyms, seed });
    const vectors = read.texts.map((text) => vectorOf(withoutTask(text)));
    return { status: 200, body: protocol.answer(spoilt(vectors, fault), isOther ? `${model}-2` : model) };
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    state.question += 1;
    const fault = state.faults(state.question);
    if (fault === 'refuse') return void request.socket.destroy();
    const { url: path = '', headers } = request;
    const asked = { path, headers, body: await bodyOf(request) };
    state.requests.push(asked);
    if (state.requests.length > MAX_KEPT) state.requests.shift();
    if (fault === 'hang') return void (await once(response, 'close'));
    await sleep(fault === 'late' ? LATE_MS : state.latencyMs);
    if (fault === 'page') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Welcome</p>');
    if (fault === 'moved') return void response.writeHead(307, { location: `${path}/elsewhere` }).end();
    if (fault === 'endless') return goOn(response);
    const told = answerTo(asked, fault);
    if (told.status === 429 && retryAfterSeconds !== undefined) {
      response.setHeader('retry-after', retryAfterSeconds);
    }
    sendJson(response, { ...told, fault: isOfWire(fault) ? fault : 'none' });
  }

  return {
    state,
    async serve(request, response) {
      state.requestCount += 1;
      state.openCount += 1;
      state.mostAtOnce = Math.max(state.mostAtOnce, state.openCount);
      try {
        await answer(request, response);
      } finally {
        state.openCount -= 1;
      }
    },
  };
}

function isOfWire(fault: EmbeddingFault): fault is WireFault {
  return WIRE_FAULTS.some((known) => known === fault);
}

/** Models that know what a text is for are told so in front of it. */
function withoutTask(text: string): string {
  return text.replace(/^search_(?:document|query): /u, '');
}

function spoilt(vectors: readonly (readonly number[])[], fault: EmbeddingFault): readonly unknown[] {
  const [first = [], ...others] = vectors;
  switch (fault) {
    case 'fewer':
      return others;
    case 'dimensions':
      return vectors.map((vector) => vector.slice(1));
    case 'uneven':
      return [...vectors.slice(0, -1), vectors.at(-1)?.slice(1)];
    // No number is written as null in JSON.
    case 'nan':
      return [first.map((value, index) => (index === 0 ? Number.NaN : value)), ...others];
    case 'null':
      return [null, ...others];
    case 'zero':
      return [first.map(() => 0), ...others];
    default:
      return vectors;
  }
}

async function bodyOf(request: IncomingMessage): Promise<EmbeddingRequest['body']> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BODY_BYTES) throw new RangeError('The question has no end');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : JSON.parse(text);
}

/** Numbers for as long as somebody reads. */
function goOn(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const piece = Buffer.alloc(1_000_000, '0,');
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  response.write('{"data":[');
  more();
}
