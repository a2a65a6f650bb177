// A server in a process of its own, as a client has it: messages as lines over its standard streams. What is no message
// is kept, what it says on standard error too, and in the end nothing of it is left.
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';

/** What is started. */
export interface ServerStart {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
}

export interface ServerProcess {
  /** For the client of the protocol, which starts the process with it. */
  readonly transport: Transport;
  /** The first lines of standard output that are no messages. */
  readonly strayLines: readonly string[];
  /** The last line that is not empty; of what node says of an error that nobody caught, the line with the error. */
  lastError(): string | undefined;
  /** How it ended by itself, so far: `exit code 1`. */
  ending(): string | undefined;
  /** Closes its input, as clients do; who does not end by that is ended, `soon` where it does not work anyway. Idempotent. */
  stop(manner: 'patiently' | 'soon'): Promise<Stopped>;
}

/** What it took to end a server. */
export interface Stopped {
  readonly by: 'end of input' | 'SIGTERM' | 'SIGKILL' | 'itself';
  readonly tookMs: number;
}

const MAX_STRAY_LINES = 5;
const MAX_STRAY_CHARACTERS = 200;
const MAX_ERROR_CHARACTERS = 8_192;
/** A message that is longer is none. */
const MAX_LINE_CHARACTERS = 16_777_216;
/** As long as the server allows itself to finish what has begun, and a little more; and for what does not work. */
const END_OF_INPUT_MS = Object.freeze({ patiently: 12_000, soon: 1_000 });
const SIGTERM_MS = 2_000;

/** Starts nothing yet: the transport does. */
export function serverProcess({ command, environment, folder }: ServerStart): ServerProcess {
  const strayLines: string[] = [];
  let child: ChildProcess | undefined;
  let exited: Promise<void> = Promise.resolve();
  let ending: string | undefined;
  let errors = '';
  let stopping: Promise<Stopped> | undefined;
  const transport: Transport = {
    async start() {
      const [program = '', ...args] = command;
      // A group of its own: a signal from the terminal is ours to pass on, and what the server starts ends with it.
      const detached = process.platform !== 'win32';
      const started = spawn(program, args, { cwd: folder, env: environment, detached, windowsHide: true });
      child = started;
      exited = new Promise((resolve) => {
        started.once('exit', (code, signal) => {
          ending = code === null ? `signal ${signal}` : `exit code ${code}`;
          resolve();
        });
        started.once('error', () => resolve());
      });
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors = (errors + text).slice(-MAX_ERROR_CHARACTERS);
      });
      // Whoever has ended reads no more: that it ended is told elsewhere.
      started.stdin.on('error', () => undefined);
      readLines(started.stdout.setEncoding('utf8'), (line) => receive(line));
      started.once('close', () => transport.onclose?.());
      await new Promise<void>((resolve, reject) => {
        started.once('spawn', resolve);
        started.once('error', reject);
      });
    },
    async send(message) {
      child?.stdin?.write(`${JSON.stringify(message)}\n`);
    },
    // The client closes when it fails to connect; how the process ends is seen by `stop`.
    async close() {
      child?.stdin?.end();
      transport.onclose?.();
    },
  };
  function receive(line: string): void {
    const message = messageIn(line);
    if (message !== undefined) transport.onmessage?.(message);
    else if (line.trim() !== '' && strayLines.length < MAX_STRAY_LINES) {
      strayLines.push(line.slice(0, MAX_STRAY_CHARACTERS));
    }
  }
  return {
    transport,
    strayLines,
    lastError: () => lastLine(errors),
    ending: () => ending,
    stop(manner) {
      const waitMs = END_OF_INPUT_MS[manner];
      stopping ??= stopped(child, { exited, hasEnded: ending !== undefined, waitMs });
      return stopping;
    },
  };
}

function lastLine(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  // Node ends by telling its version; what stands above it is indented, but for the error itself.
  const isUncaught = /^Node\.js v\d/u.test(lines.at(-1) ?? '');
  if (isUncaught) lines.pop();
  const error = isUncaught ? lines.findLast((line) => /^[\w.]*(?:Error|Exception)\b/u.test(line)) : undefined;
  return (error ?? lines.at(-1))?.trim();
}

async function stopped(
  child: ChildProcess | undefined,
  { exited, hasEnded, waitMs }: { readonly exited: Promise<void>; readonly hasEnded: boolean; readonly waitMs: number },
): Promise<Stopped> {
  const startedMs = performance.now();
  const tookMs = (): number => performance.now() - startedMs;
  try {
    if (child?.pid === undefined || hasEnded) return { by: 'itself', tookMs: tookMs() };
    child.stdin?.end();
    if (await endsWithin(exited, waitMs)) return { by: 'end of input', tookMs: tookMs() };
    signalGroup(child, 'SIGTERM');
    if (await endsWithin(exited, SIGTERM_MS)) return { by: 'SIGTERM', tookMs: tookMs() };
    signalGroup(child, 'SIGKILL');
    await exited;
    return { by: 'SIGKILL', tookMs: tookMs() };
  } finally {
    // What it has started itself and left behind.
    if (child?.pid !== undefined) signalGroup(child, 'SIGKILL');
    for (const stream of [child?.stdin, child?.stdout, child?.stderr]) stream?.destroy();
  }
}

async function endsWithin(exited: Promise<void>, timeoutMs: number): Promise<boolean> {
  const given = new AbortController();
  const late = sleep(timeoutMs, false, { signal: given.signal }).catch(() => false);
  const hasEnded = await Promise.race([exited.then(() => true), late]);
  given.abort();
  return hasEnded;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody of it is left.
  }
}

function readLines(stream: NodeJS.ReadableStream, take: (line: string) => void): void {
  let rest = '';
  stream.on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARACTERS);
    for (const line of lines) take(line);
  });
  stream.on('end', () => take(rest));
}

/** Whether it is one, the client of the protocol looks at. */
function messageIn(line: string): JSONRPCMessage | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(line);
    return value.jsonrpc === '2.0' ? value : undefined;
  } catch {
    return undefined;
  }
}
