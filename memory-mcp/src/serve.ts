// One connection at work: the SDK, the tools and what they need. Loaded behind the handshake.
import { parseJSONRPCMessage } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { newConnection } from './connection.ts';
import { close, warmUp } from './lifetime.ts';
import { noticingListeners } from './listening.ts';
import type { SwitchableLogger } from './log.ts';
import type { ProgramFlags } from './open.ts';
import { createServer } from './server.ts';
import { createServices, type Services } from './services.ts';
import type { StdioTransport } from './stdio.ts';

/** Requests of one client to be told of changes, at the same time. */
const MAX_LISTENING = 100;

/** A connection that is served. */
export interface Session {
  /** Opens the memory before the first tool asks for it. Never rejects. */
  warmUp(): Promise<void>;
  /**
   * Finishes what has begun and closes what is open; answers what to exit with. Idempotent. Who still waits for a program
   * is answered `CLOSED`.
   */
  close(): Promise<0 | 1>;
}

/** What a connection is served with. */
export interface ServeOptions {
  readonly log: SwitchableLogger;
  readonly flags: ProgramFlags;
}

/** Takes the connection over. */
export function serve(transport: StdioTransport, { log, flags }: ServeOptions): Session {
  const services = createServices({
    openBackend: async (metrics) => (await import('./open.ts')).openBackend(log, metrics, { flags }),
    readRights: async () => (await import('./open.ts')).readRights(flags),
    openSandbox: async () => (await import('./sandbox/sandbox.ts')).openSandbox(),
    logger: log,
    requests: log.requests,
  });
  services.parts.set('log', () => log.health());
  connect(transport, services);
  return { warmUp: () => warmUp(services), close: () => close(services) };
}

/** Puts the tools behind the transport. */
export function connect(transport: StdioTransport, services: Services): void {
  const connection = newConnection();
  serveStdio(() => createServer(services, connection), {
    transport: noticingListeners(transport, connection.listening),
    maxSubscriptions: MAX_LISTENING,
    onerror: (error) => services.logger.debug({ error }, 'the connection reports an error'),
  });
  transport.takeOver(parseJSONRPCMessage);
}
