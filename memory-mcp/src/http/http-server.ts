// The HTTP server: its addresses, what it lets in and how much of it, and its end.
import { createServer, type IncomingMessage, type Server as NodeServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MemoryError } from '@episodica/memory-core';
import { PROMETHEUS_CONTENT_TYPE, prometheusText } from '@episodica/memory-core/metrics';
import type { McpServer, Server } from '@modelcontextprotocol/server';
import type { Connection } from '../connection.ts';
import type { Services } from '../services.ts';
import { changeBus } from './change-bus.ts';
import { type ConnectionLimits, Connections, DEFAULT_CONNECTION_LIMITS } from './connections.ts';
import { type Endpoint, endpoint, type Served } from './endpoint.ts';
import { type Guard, guard, hostInUrl } from './guard.ts';
import { healthRoute } from './health-route.ts';
import { Refusal, refuse } from './refusal.ts';
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from './sessions.ts';

/** How much may be asked of it. */
export interface HttpLimits extends SessionLimits, ConnectionLimits {
  /** Bodies of requests that are not answered yet, together. */
  readonly bodiesBytes: number;
  /** From the first byte of a request to the end of its headers, and to the end of its body. */
  readonly headersMs: number;
  readonly requestMs: number;
}

const DEFAULT_LIMITS: HttpLimits = Object.freeze({
  ...DEFAULT_SESSION_LIMITS,
  ...DEFAULT_CONNECTION_LIMITS,
  bodiesBytes: 100_000_000,
  headersMs: 5_000,
  requestMs: 60_000,
});

const KEEP_ALIVE_MS = 30_000;
const MAX_CHECK_MS = 5_000;
const SWEEP_MS = 60_000;

/** Where the server listens, and whom it lets in. */
export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes one that is free. */
  readonly port: number;
  readonly token: string;
  /** A server for one client, which closes it. */
  createServer(connection: Connection): Server | McpServer;
  readonly services: Services;
  readonly limits?: Partial<HttpLimits>;
  /** Of a clock that only goes forward; for how long a session is silent. @default that of the process */
  nowMs?(): number;
}

/** A server that listens. */
export interface HttpServer {
  /** Where MCP is spoken. */
  readonly url: string;
  /** Takes nothing more in, waits up to `graceMs` for calls under way, and ends all connections. Idempotent. */
  close(graceMs: number): Promise<void>;
}

/** Listens. @throws `INVALID_INPUT` where it cannot, with what to do */
export async function openHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { services, host, nowMs = () => performance.now() } = options;
  const { logger } = services;
  const mcp = endpoint({
    createServer: options.createServer,
    sessionLimits: limits,
    maxBodiesBytes: limits.bodiesBytes,
    bus: changeBus(services),
    nowMs,
    onerror: (error) => logger.debug({ error }, 'a client over HTTP is refused or gone'),
  });
  services.metrics.gauge('http_sessions', () => mcp.sessionCount);
  const connections = new Connections(limits);
  const requestListener = requests({ ...options, mcp, connections });
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      // How often Node looks for those that took longer.
      connectionsCheckingInterval: Math.min(limits.headersMs, limits.requestMs, MAX_CHECK_MS),
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    requestListener.onRequest,
  );
  connections.watch(server);
  services.parts.set('http', () => {
    const isFull = mcp.isFull || connections.isFull;
    const held = `${mcp.sessionCount} of ${limits.sessions} sessions, ${connections.open} of ${limits.connections} connections`;
    const detail = `${held}, ${requestListener.turnedAway} requests turned away as too many since the start`;
    return { status: isFull ? 'degraded' : 'ok', detail };
  });
  const { port } = await listening(server, options);
  const sweeping = setInterval(() => void mcp.sweep(), SWEEP_MS).unref();
  let closing: Promise<void> | undefined;
  return {
    url: `http://${hostInUrl(host)}:${port}/mcp`,
    close(graceMs) {
      closing ??= (async () => {
        clearInterval(sweeping);
        requestListener.stop();
        const closed = new Promise((resolve) => server.close(resolve));
        await mcp.close(graceMs);
        server.closeIdleConnections();
        // Ended streams are still being written out; whoever does not read them is not waited for.
        const cut = setTimeout(() => server.closeAllConnections(), FLUSH_MS);
        await closed;
        clearTimeout(cut);
      })();
      return closing;
    },
  };
}

const FLUSH_MS = 1_000;

interface RequestsOptions extends HttpServerOptions {
  readonly mcp: Endpoint;
  readonly connections: Connections;
}

interface Route {
  readonly methods: readonly string[];
  /** It tells the little that it tells to whoever comes by the right name. */
  readonly isOpen: boolean;
  answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<Served>;
}

/** Answers requests by their paths, until it is told to stop. */
function requests({ host, token, services, mcp, connections }: RequestsOptions): {
  onRequest(incoming: IncomingMessage, outgoing: ServerResponse): void;
  stop(): void;
  /** How many were told that the server is busy. */
  readonly turnedAway: number;
} {
  const { logger, metrics } = services;
  const door = guard({ host, token });
  let isStopping = false;
  let turnedAway = 0;
  const routes = routesOf({ services, mcp, door });

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const path = pathOf(incoming);
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    const label = route === undefined ? 'other' : path;
    const startedMs = performance.now();
    let isStream = false;
    // Whoever is gone is not told; the answer's `close` ends what is done for it.
    outgoing.on('error', () => {});
    if (door.hasToken(incoming)) connections.trust(incoming.socket);
    // Who has shown no token gets one answer, and its connection is free for the next.
    else outgoing.setHeader('connection', 'close');
    try {
      door.checkPlace(incoming);
      if (connections.isSurplus(incoming.socket)) throw busy('has as many connections as it takes');
      if (isStopping) throw busy('is stopping');
      if (route === undefined)
        throw new Refusal(404, `There is ${Object.keys(routes).join(', ')}; nothing else is here.`);
      if (!route.isOpen) door.checkToken(incoming);
      if (!route.methods.includes(incoming.method ?? '')) {
        const allow = route.methods.join(', ');
        throw new Refusal(405, `${path} is asked with ${allow}.`, { allow });
      }
      ({ isStream } = await route.answer(incoming, outgoing));
    } catch (error) {
      if (outgoing.destroyed) return;
      if (!(error instanceof Refusal)) logger.error({ error, path }, 'a request failed in a way that is not foreseen');
      const refusal = error instanceof Refusal ? error : UNFORESEEN;
      if (refusal.status === 503) turnedAway += 1;
      refuse(outgoing, refusal);
    } finally {
      // Who left before the answer began was told nothing.
      const status = outgoing.headersSent ? String(outgoing.statusCode) : 'unanswered';
      metrics.count('http_requests', { route: label, status });
      if (!isStream) metrics.time('http_request', { route: label }, performance.now() - startedMs);
    }
  }

  return {
    onRequest: (incoming, outgoing) => void answer(incoming, outgoing),
    stop() {
      isStopping = true;
    },
    get turnedAway() {
      return turnedAway;
    },
  };
}

interface RouteParts {
  readonly services: Services;
  readonly mcp: Endpoint;
  readonly door: Guard;
}

function routesOf({ services, mcp, door }: RouteParts): Readonly<Record<string, Route>> {
  const health = healthRoute(services);
  return {
    '/mcp': { methods: ['POST', 'GET', 'DELETE'], isOpen: false, answer: mcp.answer },
    '/health': {
      methods: ['GET'],
      isOpen: true,
      async answer(incoming, outgoing) {
        const { status, body } = await health(door.hasToken(incoming));
        outgoing.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
        outgoing.end(JSON.stringify(body));
        return { isStream: false };
      },
    },
    '/metrics': {
      methods: ['GET'],
      isOpen: false,
      async answer(_incoming, outgoing) {
        const text = prometheusText(await services.metrics.snapshot());
        outgoing.writeHead(200, { 'content-type': PROMETHEUS_CONTENT_TYPE, 'cache-control': 'no-store' }).end(text);
        return { isStream: false };
      },
    },
  };
}

const UNFORESEEN = new Refusal(
  500,
  'The request failed in a way that is not foreseen; the log of the server says more.',
);

function busy(why: string): Refusal {
  return new Refusal(503, `The server ${why}. Try again in a moment.`, { 'retry-after': '1', connection: 'close' });
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '';
}

async function listening(
  server: NodeServer,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(cannotListen(cause, { host, port })));
    server.listen({ host, port }, resolve);
  });
  const address = server.address();
  // A name is only had by a server that listens at a file.
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address;
}

function cannotListen(
  cause: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
): MemoryError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is in use. Stop what uses it, or choose another with --port (0 takes one that is free)`,
    EACCES: `port ${port} needs other rights. Choose one from 1024 on with --port`,
    EADDRNOTAVAIL: 'this machine has no such address. Choose another with --host',
    ENOTFOUND: 'there is no such name. Choose another with --host',
  };
  const reason = reasons[cause.code ?? ''] ?? `${cause.code ?? cause.message}. Choose another with --host and --port`;
  return new MemoryError('INVALID_INPUT', `Cannot listen on ${host}: ${reason}.`, { cause });
}
