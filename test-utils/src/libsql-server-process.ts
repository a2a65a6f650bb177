// A libSQL server for tests in a process of its own: it can be killed, and takes no time of whoever asks it.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LibsqlServerOptions } from './libsql-server.ts';
import type { FromServer, ToServer } from './libsql-server-program.ts';
import type { FaultPlan } from './wire-fault.ts';

export interface LibsqlServerProcessOptions extends Omit<LibsqlServerOptions, 'faults'> {
  /** @default nothing goes wrong */
  readonly plan?: FaultPlan;
}

export interface LibsqlServerProcess {
  readonly port: number;
  /** `http://…`; the same host and port speak `ws://`. */
  readonly url: string;
  /** Questions since it was started. */
  roundTrips(): Promise<number>;
  /** What goes wrong from now on; nothing without a plan. */
  setFaults(plan?: FaultPlan): Promise<void>;
  /** Ends it as nothing can prevent. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again where it was, with the plan that it had last. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('libsql-server-program.js', import.meta.url));

/** Resolves when it listens. It ends with the process that started it. */
export async function startLibsqlServerProcess({
  plan: firstPlan,
  ...options
}: LibsqlServerProcessOptions): Promise<LibsqlServerProcess> {
  let plan = firstPlan;
  let child = fork(PROGRAM);
  const { port } = await ask(child, { says: 'start', options, ...(plan && { plan }) });

  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    roundTrips: async () => (await ask(child, { says: 'count' })).roundTrips,
    async setFaults(changed) {
      plan = changed;
      await ask(child, { says: 'faults', ...(plan && { plan }) });
    },
    kill,
    async start() {
      child = fork(PROGRAM);
      await ask(child, { says: 'start', options: { ...options, port }, ...(plan && { plan }) });
    },
    // Nothing is lost by it, so there is one way to end.
    close: kill,
  };
}

async function ask(child: ChildProcess, message: ToServer): Promise<FromServer> {
  const ended = new AbortController();
  const answer = once(child, 'message', { signal: ended.signal });
  const exited = once(child, 'exit', { signal: ended.signal }).then(([code, signal]) => {
    throw new Error(`The libSQL server ended (${code ?? signal}).`);
  });
  child.send(message);
  try {
    // The program answers with this and nothing else.
    return (await Promise.race([answer, exited]))[0] as FromServer;
  } finally {
    for (const waiting of [answer, exited]) waiting.catch(() => undefined);
    ended.abort();
  }
}
