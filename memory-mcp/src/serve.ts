// One connection at work: the SDK, the tools and what they need. Loaded behind the handshake.
import { isMemoryError } from '@episodica/memory-core';
import { deserializeMessage } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { switchableLogger } from './log.ts';
import { createServer } from './server.ts';
import { createServices, type Services } from './services.ts';
import type { StdioTransport } from './stdio.ts';

/** A connection that is served. */
export interface Session {
  /** Opens the memory before the first tool asks for it. Never rejects: every tool that needs it tries again. */
  warmUp(): Promise<void>;
  /** Finishes what has begun and closes what is open; answers what to exit with. */
  close(): Promise<0 | 1>;
}

/** Takes the connection over. */
export function serve(transport: StdioTransport): Session {
  const log = switchableLogger((line) => process.stderr.write(line));
  const services = createServices({
    openBackend: async () => (await import('./open.ts')).openBackend(log),
    readRights: async () => (await import('./open.ts')).readRights(),
    openSandbox: async () => (await import('./sandbox/sandbox.ts')).openSandbox(),
    logger: log,
  });
  serveStdio(() => createServer(services), {
    transport,
    onerror: (error) => log.debug({ error }, 'the connection reports an error'),
  });
  transport.takeOver(deserializeMessage);
  return { warmUp: () => warmUp(services), close: () => close(services) };
}

async function warmUp({ backend, logger }: Services): Promise<void> {
  try {
    await backend.get();
  } catch (error) {
    const reason = isMemoryError(error) ? { code: error.code, reason: error.message } : { error };
    logger.warn(reason, 'the memory cannot be opened; every call tries again');
  }
}

async function close(services: Services): Promise<0 | 1> {
  try {
    await services.close();
    return 0;
  } catch (error) {
    services.logger.error({ error }, 'the memory could not be closed cleanly');
    return 1;
  }
}
