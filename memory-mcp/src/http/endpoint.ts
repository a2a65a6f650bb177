// The address that MCP clients speak to: each request goes to the revision of the protocol that it was written for.
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  createMcpHandler,
  isJsonContentType,
  isLegacyRequest,
  type McpServer,
  type Server,
} from '@modelcontextprotocol/server';
import { type Connection, newConnection } from '../connection.ts';
import type { ChangeBus } from './change-bus.ts';
import { Bodies, sendResponse, webRequest } from './exchange.ts';
import { Refusal } from './refusal.ts';
import { type SessionLimits, Sessions } from './sessions.ts';

export interface EndpointOptions {
  /** Called for each session of the revisions that have some, and for each request of those that have none. */
  createServer(connection: Connection): Server | McpServer;
  readonly sessionLimits: SessionLimits;
  /** Of messages that are not answered yet. */
  readonly maxBodiesBytes: number;
  /** What those who listen without a session hear. */
  readonly bus: ChangeBus;
  nowMs(): number;
  onerror(error: Error): void;
}

/** What was served. */
export interface Served {
  /** It lasted as long as somebody listened, which says nothing of the server. */
  readonly isStream: boolean;
}

/** Where the protocol is spoken. */
export interface Endpoint {
  readonly sessionCount: number;
  /** Whether a client that wants another session is turned away now. */
  readonly isFull: boolean;
  /** Settles when the answer is sent, or nobody reads it. @throws Refusal */
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Served>;
  /** Closes sessions that were silent for long. */
  sweep(): Promise<void>;
  /** Waits for calls under way, so long, and ends all streams then. */
  close(graceMs: number): Promise<void>;
}

/** Streams that listen for changes without a session. */
const MAX_LISTENERS = 256;

/** Serves nothing yet. */
export function endpoint(options: EndpointOptions): Endpoint {
  const { createServer, sessionLimits, maxBodiesBytes, bus, nowMs, onerror } = options;
  const sessions = new Sessions({ createServer, limits: sessionLimits, nowMs, onerror });
  // Nobody can say which of these requests come from one client. What any of them has begun is left out of what each finds.
  const { openEpisodes } = newConnection();
  const sessionless = createMcpHandler(() => createServer({ ...newConnection(), openEpisodes, isShared: true }), {
    legacy: 'reject',
    bus,
    maxSubscriptions: MAX_LISTENERS,
    onerror,
  });
  const bodies = new Bodies(maxBodiesBytes);
  const calls = new Set<Promise<void>>();

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Served> {
    const body = incoming.method === 'POST' ? await bodyOf(incoming, () => bodies.read(incoming, outgoing)) : undefined;
    const unread = new AbortController();
    outgoing.once('close', () => unread.abort());
    const request = webRequest(incoming, unread.signal);
    const send = (response: Response): Promise<void> => sendResponse(response, outgoing);
    const isLegacy = await isLegacyRequest(request, body);
    const isListener = !isLegacy && isListening(body);
    const served = isLegacy
      ? sessions.serve({ request, body, send })
      : sessionless.fetch(request, { parsedBody: body }).then(async (response) => {
          // Its first words are that it listens: from then on it misses nothing.
          if (isListener) await bus.settled();
          await send(response);
        });
    const isStream = request.method === 'GET' || isListener;
    if (!isStream) track(served);
    await served;
    return { isStream };
  }

  function track(call: Promise<void>): void {
    const ended = call.catch(() => {}).then(() => void calls.delete(ended));
    calls.add(ended);
  }

  return {
    get sessionCount() {
      return sessions.count;
    },
    get isFull() {
      return sessions.isFull;
    },
    answer: serve,
    sweep: () => sessions.sweep(),
    async close(graceMs) {
      await settledWithin(calls, graceMs);
      await Promise.all([sessions.close(), sessionless.close()]);
    },
  };
}

async function bodyOf(incoming: IncomingMessage, read: () => Promise<string>): Promise<unknown> {
  if (!isJsonContentType(incoming.headers['content-type'] ?? null)) {
    throw new Refusal(415, 'Content-Type must be application/json.');
  }
  const body = jsonIn(await read());
  // Only the revision 2025-03-26 has batches. They are refused in all, as over stdio: one rule for whoever asks.
  if (Array.isArray(body)) throw new Refusal(400, 'Batches are not supported. Send one JSON-RPC message.');
  return body;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'The body is no JSON. Send one JSON-RPC message.');
  }
}

function isListening(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'method' in body && body.method === 'subscriptions/listen';
}

async function settledWithin(calls: Iterable<Promise<void>>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([Promise.all(calls), over]);
  clearTimeout(timer);
}
