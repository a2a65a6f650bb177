// The program: speaks MCP over standard input and output until its input ends, or over HTTP until a signal ends it.
// Imports next to nothing: what answers is loaded when there is something to answer, behind the guard of standard output.
import { watchFaults } from './faults.ts';
import { switchableLogger } from './log.ts';
import type { ProgramFlags } from './open.ts';
import type { Session } from './serve.ts';
import { StdioTransport } from './stdio.ts';
import { protocolOutput, writeToStdout } from './stdout-guard.ts';

/** How long calls under way may take from the end of the input on; who still waits then is told that the server ends. */
const MAX_CALLS_MS = 8_000;
/** How long all of finishing may take, before the program ends all the same. */
const MAX_STOP_MS = 10_000;

/** Reads at once, and loads what answers when there is something to answer. */
function serve(flags: ProgramFlags): void {
  const log = switchableLogger((line) => process.stderr.write(line));
  let session: Promise<Session> | undefined;
  let hasFailed = false;
  let isFinishing = false;
  let hadSignal = false;
  const parentId = process.ppid;
  const fail = (): void => {
    hasFailed = true;
    transport.drain();
  };
  const endCalls = (): void => void session?.then((serving) => serving.close());
  watchFaults({ logger: log, end: fail });
  const transport = new StdioTransport({
    input: process.stdin,
    output: protocolOutput,
    write: writeToStdout,
    hasParent: () => process.ppid === parentId,
    onFirstMessage() {
      session = import('./serve.ts').then((protocol) => protocol.serve(transport, { log, flags }));
      session.catch((error: unknown) => {
        log.error({ error }, 'the server cannot load itself; install it again');
        process.exit(1);
      });
    },
    onFirstAnswer: () => void session?.then((serving) => serving.warmUp()),
    onInputEnd() {
      isFinishing = true;
      setTimeout(endCalls, MAX_CALLS_MS).unref();
      setTimeout(() => process.exit(1), MAX_STOP_MS).unref();
    },
    onEnd: () => void stop(session).then((code) => process.exit(hasFailed ? 1 : code)),
  });
  const onSignal = (): void => {
    if (hadSignal) process.exit(1);
    hadSignal = true;
    // Clients close the input first, and send a signal to who does not end soon enough by that.
    if (isFinishing) endCalls();
    else transport.drain();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, onSignal);
}

async function stop(session: Promise<Session> | undefined): Promise<0 | 1> {
  const serving = await session;
  return (await serving?.close()) ?? 0;
}

const words = process.argv.slice(2);
// Whoever starts it without a flag, as most do, waits for nothing.
if (words.length === 0) serve({});
else void import('./command-line.ts').then(({ runCommandLine }) => runCommandLine(words, serve));
