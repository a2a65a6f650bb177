// Sessions of the revisions up to 2025-11-25: one for each client that said `initialize`, until it leaves or is long silent.
import { randomUUID } from 'node:crypto';
import {
  isInitializeRequest,
  type McpServer,
  type Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import { type Connection, newConnection } from '../connection.ts';
import { EventLog, type SessionEvents } from './event-log.ts';
import { Refusal } from './refusal.ts';

/** How many there may be. */
export interface SessionLimits {
  readonly sessions: number;
  /** A session over which nothing went for so long is closed; its client is told so, and begins anew. */
  readonly idleMs: number;
  /**
   * Where there is no room, a session that was silent for so long makes some: most clients leave without a word, and one
   * that is still there has a stream open.
   */
  readonly idleWhenFullMs: number;
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = Object.freeze({
  sessions: 256,
  idleMs: 30 * 60_000,
  idleWhenFullMs: 2_000,
});

/** How soon a client whose stream broke off may come back. */
const RETRY_MS = 1_000;

export interface SessionsOptions {
  createServer(connection: Connection): Server | McpServer;
  readonly limits: SessionLimits;
  /** Of a clock that only goes forward. */
  nowMs(): number;
  onerror(error: Error): void;
}

/** One request over HTTP, and the way its answer goes. */
export interface Exchange {
  readonly request: Request;
  /** The parsed body; absent where there is none. */
  readonly body?: unknown;
  /** Settles when the answer is sent, or nobody reads it any more. */
  send(response: Response): Promise<void>;
}

interface Session {
  readonly id: string;
  readonly transport: WebStandardStreamableHTTPServerTransport;
  readonly server: Server | McpServer;
  readonly events: SessionEvents;
  /** Requests whose answers are not ended, streams among them. */
  exchanges: number;
  usedAtMs: number;
}

/** The sessions of one process. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #log = new EventLog();
  readonly #sessions = new Map<string, Session>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Whether another one would be turned away now. */
  get isFull(): boolean {
    const { sessions, idleWhenFullMs } = this.#options.limits;
    const all = [...this.#sessions.values()];
    return all.length >= sessions && all.every((session) => this.#idleMs(session) <= idleWhenFullMs);
  }

  /** Serves a request of its session, or begins one. @throws Refusal where there is none, or no room for another */
  async serve({ request, body, send }: Exchange): Promise<void> {
    const session = this.#sessionOf(request) ?? (await this.#begin(body));
    session.exchanges += 1;
    try {
      await send(await session.transport.handleRequest(request, { parsedBody: body }));
    } finally {
      session.exchanges -= 1;
      session.usedAtMs = this.#options.nowMs();
      // Its `initialize` was not one, and the answer has said why.
      if (session.transport.sessionId === undefined) await this.#close(session);
    }
  }

  /** Closes those over which nothing went for long. */
  async sweep(): Promise<void> {
    const { limits } = this.#options;
    const over = [...this.#sessions.values()].filter((session) => this.#idleMs(session) > limits.idleMs);
    await Promise.all(over.map((session) => this.#close(session)));
  }

  /** Closes all, and with them their streams. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => this.#close(session)));
  }

  /** That which the request names; undefined where it names none. */
  #sessionOf({ headers }: Request): Session | undefined {
    const id = headers.get('mcp-session-id');
    if (id === null) return undefined;
    const session = this.#sessions.get(id);
    if (session === undefined || this.#idleMs(session) > this.#options.limits.idleMs) {
      throw new Refusal(404, 'There is no such session, or it was silent for too long. Begin anew with initialize.');
    }
    const lastEventId = headers.get('last-event-id');
    if (lastEventId !== null && !session.events.has(lastEventId)) {
      throw new Refusal(400, 'What followed this Last-Event-ID is no longer known. Ask again without it.');
    }
    return session;
  }

  async #begin(body: unknown): Promise<Session> {
    if (!isInitializeRequest(body)) {
      throw new Refusal(400, 'There is no Mcp-Session-Id. Begin with initialize, and send the id that its answer has.');
    }
    const { createServer, nowMs, onerror } = this.#options;
    const left = this.#makeRoom();
    const id = randomUUID();
    const events = this.#log.session();
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      eventStore: events,
      retryInterval: RETRY_MS,
    });
    const server = createServer(newConnection());
    const session: Session = { id, transport, server, events, exchanges: 0, usedAtMs: nowMs() };
    this.#sessions.set(id, session);
    // Its client may end it too.
    transport.onclose = () => this.#forget(session);
    transport.onerror = onerror;
    await Promise.all([left, server.connect(transport)]);
    return session;
  }

  /**
   * There is room when it comes back, for who takes it at once; resolves when those are closed that left it.
   * @throws Refusal where all are in use
   */
  #makeRoom(): Promise<void> {
    const swept = this.sweep();
    const { limits } = this.#options;
    if (this.#sessions.size < limits.sessions) return swept;
    const [quietest] = [...this.#sessions.values()].sort((a, b) => this.#idleMs(b) - this.#idleMs(a));
    if (quietest === undefined || this.#idleMs(quietest) <= limits.idleWhenFullMs) {
      const what = `The server is busy: it has ${limits.sessions} sessions, and all are in use.`;
      const seconds = Math.ceil(limits.idleWhenFullMs / 1_000);
      throw new Refusal(503, `${what} Try again in ${seconds} seconds, or end one.`, {
        'retry-after': String(seconds),
      });
    }
    return this.#close(quietest);
  }

  #idleMs({ exchanges, usedAtMs }: Session): number {
    return exchanges > 0 ? 0 : this.#options.nowMs() - usedAtMs;
  }

  async #close(session: Session): Promise<void> {
    this.#forget(session);
    await session.server.close();
  }

  #forget(session: Session): void {
    this.#sessions.delete(session.id);
    session.events.clear();
  }
}
