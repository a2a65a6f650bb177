// The program over HTTP: many clients, one memory. Loaded for `--http` alone.
import { isMemoryError } from '@episodica/memory-core';
import { watchFaults } from '../faults.ts';
import { close, warmUp } from '../lifetime.ts';
import { switchableLogger } from '../log.ts';
import { openBackend, type ProgramFlags, readHttpSettings, readRights } from '../open.ts';
import { createServer } from '../server.ts';
import { createServices } from '../services.ts';
import { openHttpServer } from './http-server.ts';
import { serverToken } from './token.ts';

/** How long calls under way may take once the program was told to end. */
const GRACE_MS = 10_000;
/** How long closing the memory may take behind that. */
const MAX_CLOSE_MS = 10_000;

/** Serves until a signal ends the process. One line tells where, or why not. */
export async function serveHttp(flags: ProgramFlags): Promise<void> {
  const tell = (line: string): void => void process.stderr.write(`memory-mcp: ${line}\n`);
  const log = switchableLogger((line) => process.stderr.write(line));
  const services = createServices({
    openBackend: (metrics) => openBackend(log, metrics, { hasProject: false, flags }),
    readRights: () => readRights(flags),
    openSandbox: async () => (await import('../sandbox/sandbox.ts')).openSandbox(),
    logger: log,
    requests: log.requests,
  });
  services.parts.set('log', () => log.health());
  try {
    const settings = await readHttpSettings(flags);
    const { token, place } = await serverToken(settings);
    const server = await openHttpServer({
      host: settings.MCP_HOST,
      port: settings.MCP_PORT,
      token,
      services,
      createServer: (connection) => createServer(services, connection),
    });
    const end = ending(async () => {
      await server.close(GRACE_MS);
      return close(services);
    });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => end(0));
    watchFaults({ logger: log, end: () => end(1) });
    tell(`listening on ${server.url}; the token is in ${place}`);
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    tell(error.message);
    process.exitCode = 1;
    return;
  }
  // The first call need not wait for it.
  await warmUp(services);
}

/** Ends the program: called once in order, called again at once. */
function ending(finish: () => Promise<0 | 1>): (code: 0 | 1) => void {
  let isEnding = false;
  return (code) => {
    if (isEnding) process.exit(1);
    isEnding = true;
    setTimeout(() => process.exit(1), GRACE_MS + MAX_CLOSE_MS).unref();
    void finish().then((finished) => process.exit(code === 0 ? finished : 1));
  };
}
