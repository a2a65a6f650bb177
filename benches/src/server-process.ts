// A server in a process of its own, with a clean environment, spoken to by hand: what a client library costs is not in
// the figures, and one that asks for nothing but JSON lines starts any server of the protocol, ours or another's.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { getDefaultEnvironment } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { SelfReport } from './self-report.ts';

/** How a server is started. */
export interface ServerCommand {
  /** A program for node, and its arguments. */
  readonly program: readonly string[];
  /** Working folder, home, and where all settings and data are. */
  readonly folder: string;
  /** @default the node that runs this */
  readonly node?: string | undefined;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A server over standard input and output, past the handshake. */
export interface ServerProcess {
  /** The result. @throws when the server answers an error */
  request(method: string, params: object): Promise<Readonly<Record<string, unknown>>>;
  /** The structured content of a tool's answer. @throws when the tool failed */
  call(tool: string, given: object): Promise<Readonly<Record<string, unknown>>>;
  report(): Promise<SelfReport>;
  /** Ends its input and waits until it is gone. */
  close(): Promise<void>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** The program that users start. */
export const SERVER: string = fileURLToPath(new URL('../../memory-mcp/bin/memory-mcp.js', import.meta.url));
/** The least there can be. */
export const EMPTY_SERVER: string = fileURLToPath(new URL('./empty-server.js', import.meta.url));
const SELF_REPORT = new URL('./self-report.js', import.meta.url).href;

const INITIALIZE = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'bench', version: '1.0.0' },
};

/** Starts a server and waits for its answer to `initialize`. `isWatched`: it can be asked for a report. */
export async function startServer(
  command: ServerCommand,
  { isWatched = false }: { readonly isWatched?: boolean } = {},
): Promise<ServerProcess> {
  const child = spawnServer(command, isWatched);
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  const { stdin, stdout } = streamsOf(child);
  createInterface({ input: stdout }).on('line', (line) => {
    // A line of standard output is a message of the protocol.
    const message = JSON.parse(line) as { id?: number; result?: never; error?: object };
    const asked = waiting.get(message.id ?? -1);
    if (asked === undefined) return;
    waiting.delete(message.id ?? -1);
    if (message.result === undefined) asked.reject(new Error(`The server answered ${JSON.stringify(message.error)}`));
    else asked.resolve(message.result);
  });
  const gone = once(child, 'exit');
  child.on('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`The server ended (${code ?? signal}).`));
    waiting.clear();
  });
  // Who writes to a server that is gone is told by its exit.
  stdin.on('error', () => undefined);
  let lastId = 0;
  const send = (message: object): void => void stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const request: ServerProcess['request'] = (method, params) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      send({ id: lastId, method, params });
    });
  await request('initialize', INITIALIZE);
  send({ method: 'notifications/initialized' });
  return {
    request,
    async call(tool, given) {
      return structuredOf(tool, await request('tools/call', { name: tool, arguments: given }));
    },
    report: () => reportOf(child),
    async close() {
      stdin.end();
      await gone;
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Asks a process that was started with `isWatched`. */
export async function reportOf(child: ChildProcess): Promise<SelfReport> {
  const answered = once(child, 'message');
  child.send('report');
  const [report] = await answered;
  return report;
}

/** Starts the process and waits for nothing. */
export function spawnServer({ program, folder, node, environment }: ServerCommand, isWatched: boolean): ChildProcess {
  return spawn(node ?? process.execPath, [...(isWatched ? ['--import', SELF_REPORT] : []), ...program], {
    cwd: folder,
    env: { ...cleanEnvironment(folder), ...environment },
    stdio: ['pipe', 'pipe', 'pipe', ...(isWatched ? (['ipc'] as const) : [])],
  });
}

function streamsOf(child: ChildProcess): {
  readonly stdin: NodeJS.WritableStream;
  readonly stdout: NodeJS.ReadableStream;
} {
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null) throw new Error('A server without streams cannot be spoken to.');
  // What servers say on the side is none of the benchmark's business, but has to go somewhere.
  stderr?.resume();
  return { stdin, stdout };
}

function structuredOf(tool: string, result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (result.isError === true) throw new Error(`${tool} answered ${JSON.stringify(result.content)}`);
  const { structuredContent } = result;
  // The protocol says that structured content is an object.
  return typeof structuredContent === 'object' ? (structuredContent as Readonly<Record<string, unknown>>) : {};
}

/** Nothing but what a process needs; data and settings in the folder. */
export function cleanEnvironment(folder: string): Record<string, string> {
  return {
    ...getDefaultEnvironment(),
    HOME: folder,
    MEMORY_DATA_DIR: join(folder, 'data'),
    MEMORY_PROJECT: 'bench',
    MEMORY_LOG_LEVEL: 'error',
    XDG_CONFIG_HOME: folder,
    APPDATA: folder,
  };
}
