// A server process of its own for a test, over a data folder of its own, and a client that speaks to it.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { onTestFinished } from 'vitest';

export const SERVER: string = fileURLToPath(new URL('../bin/memory-mcp.js', import.meta.url));

/** A folder that goes with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'memory-mcp-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The environment of a server: nothing of the machine's but what programs need to start. */
export function environment(dataDir: string): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: dataDir, MEMORY_DATA_DIR: dataDir, MEMORY_PROJECT: 'test/project' };
}

export interface ToolResult {
  readonly isError: boolean;
  readonly text: string;
  // Tests look into results of many forms; each states what it expects.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly structured: any;
}

export interface TestServer {
  readonly client: Client;
  readonly pid: number;
  call(name: string, given?: Record<string, unknown>): Promise<ToolResult>;
  close(): Promise<void>;
}

/** Starts a server over `dataDir`; it goes with the test. The client checks results against their schemas. */
export async function startServer(dataDir: string, more: Record<string, string> = {}): Promise<TestServer> {
  const client = new Client({ name: 'test-client', version: '1.0.0' });
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [SERVER],
    env: { ...environment(dataDir), ...more },
    cwd: dataDir,
    stderr: 'ignore',
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return {
    client,
    pid: transport.pid ?? 0,
    async call(name, given = {}) {
      const result = await client.callTool({ name, arguments: given });
      const [first] = result.content as { text: string }[];
      return {
        isError: result.isError === true,
        text: first?.text ?? '',
        structured: result.structuredContent,
      };
    },
    close: () => client.close(),
  };
}

/** An episode that has ended; answers its id. What is still open is not found by the server that began it. */
export async function remembered({ call }: TestServer, given: Record<string, unknown>): Promise<string> {
  const { structured } = await call('create_episode', given);
  await call('complete_episode', { episode_id: structured.episode_id, outcome: { kind: 'success' } });
  return structured.episode_id;
}

/** Until everything that is stored has its vectors. */
export async function embedded({ call }: TestServer): Promise<void> {
  for (;;) {
    const { text } = await call('health_check');
    if (!text.includes('without vectors yet')) return;
  }
}

export interface RawServer {
  readonly process: ChildProcessWithoutNullStreams;
  /** Lines of standard output so far. */
  readonly lines: readonly string[];
  /** Waits for the answer to a request with this id. */
  answer(id: number): Promise<Record<string, unknown>>;
  send(message: object | string): void;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  stderr(): string;
}

/** A server without a client: what it prints is seen as it is. */
export function startRaw(
  dataDir: string,
  options: { readonly flags?: readonly string[]; readonly more?: Record<string, string> } = {},
): RawServer {
  const child = spawn(process.execPath, [SERVER, ...(options.flags ?? [])], {
    env: { ...environment(dataDir), ...options.more },
    cwd: tmpdir(),
  });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let rest = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    lines.push(...parts);
    for (const wake of waiting) wake();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  // A killed server closes its input; the test asks for the exit instead.
  child.stdin.on('error', () => {});
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (code, signal) => {
      if (rest !== '') lines.push(rest);
      for (const wake of waiting) wake();
      resolve({ code, signal });
    });
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    process: child,
    lines,
    exited,
    stderr: () => errors,
    send: (message) => void child.stdin.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`),
    answer: (id) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.map((line) => JSON.parse(line)).find((message) => message.id === id);
          if (found === undefined && child.exitCode === null && child.signalCode === null) return;
          waiting.delete(look);
          if (found === undefined) reject(new Error(`the server ended before it answered ${id}: ${errors}`));
          else resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

export function initialize(id = 1): object {
  return request(id, 'initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'raw-client', version: '1.0.0' },
  });
}

export function request(id: number, method: string, params: object): object {
  return { jsonrpc: '2.0', id, method, params };
}

export function toolCall(id: number, name: string, given: object): object {
  return request(id, 'tools/call', { name, arguments: given });
}
