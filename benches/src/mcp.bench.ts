// The server as its clients meet it: a process, spoken to over standard input and output.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { generatedStep, seededRandom } from './corpus.ts';
import { timeAlternating } from './measure.ts';
import { makeScratchFolder, removeFolder } from './scratch-store.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const mcp: Suite = {
  name: 'mcp',
  about:
    'The server in a process of its own, with a clean environment, beside bare node and a server that does nothing.',
  run,
};

const SERVER = fileURLToPath(new URL('../../memory-mcp/bin/memory-mcp.js', import.meta.url));
const EMPTY_SERVER = fileURLToPath(new URL('./empty-server.js', import.meta.url));
const STARTS = 15;
const CALLS = 300;
const STEPS_PER_EPISODE = 50;

async function run(): Promise<SuiteReport> {
  const folder = makeScratchFolder();
  try {
    const rows = [await startRow(folder), await stepRow(folder)];
    return { rows, notes: ['The empty tool is served by the SDK v1; the client is the SDK v1 for both.'] };
  } finally {
    removeFolder(folder);
  }
}

async function startRow(folder: string): Promise<Row> {
  const { first, second } = await timeAlternating(
    { warmup: 2, calls: STARTS },
    () => startAndInitialize(folder),
    () => startBareNode(folder),
  );
  const isNode20 = process.versions.node.startsWith('20.');
  return {
    what: 'start → initialize answered',
    unit: 'ms',
    value: first.medianMs,
    p99: first.p99Ms,
    baseline: { name: 'node -e 0', value: second.medianMs },
    target: { bound: 'at most', of: 'ratio', limit: isNode20 ? 3 : 2.2 },
  };
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1.0.0' } },
};

async function startAndInitialize(folder: string): Promise<void> {
  const server = spawn(process.execPath, [SERVER], {
    cwd: folder,
    env: serverEnvironment(folder),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  server.stdin.write(`${JSON.stringify(INITIALIZE)}\n`);
  const [answer] = await once(server.stdout, 'data');
  if (!String(answer).includes('"result"')) throw new Error(`The server did not answer initialize: ${String(answer)}`);
  // Only the start is measured; the server is not owed a farewell.
  server.kill('SIGKILL');
}

async function startBareNode(folder: string): Promise<void> {
  const node = spawn(process.execPath, ['-e', '0'], { cwd: folder, env: getDefaultEnvironment(), stdio: 'ignore' });
  await once(node, 'exit');
}

async function stepRow(folder: string): Promise<Row> {
  const server = await connect([SERVER], folder);
  const empty = await connect([EMPTY_SERVER], folder);
  const random = seededRandom(5);
  let episodeId = '';
  const { first, second } = await timeAlternating(
    { warmup: STEPS_PER_EPISODE, calls: CALLS },
    async (index) => {
      if (index % STEPS_PER_EPISODE === 0) episodeId = await createEpisode(server);
      const { tool, action, parameters, result } = generatedStep(random);
      await call(server, 'add_step', { episode_id: episodeId, tool, action, parameters, result });
    },
    () => call(empty, 'nothing', {}),
  );
  await server.close();
  await empty.close();
  return {
    what: 'add_step over stdio',
    unit: 'ms',
    value: first.medianMs,
    p99: first.p99Ms,
    baseline: { name: 'empty tool', value: second.medianMs },
    target: { bound: 'at most', of: 'difference', limit: 1 },
  };
}

async function connect(args: readonly string[], folder: string): Promise<Client> {
  const client = new Client({ name: 'bench', version: '1.0.0' });
  const env = serverEnvironment(folder);
  await client.connect(new StdioClientTransport({ command: process.execPath, args: [...args], cwd: folder, env }));
  return client;
}

async function createEpisode(client: Client): Promise<string> {
  const structured = await call(client, 'create_episode', { task_description: 'Measure how long a step takes' });
  const id = structured?.episode_id;
  if (typeof id !== 'string') throw new Error('create_episode answered without an episode_id.');
  return id;
}

async function call(client: Client, tool: string, given: object): Promise<Record<string, unknown> | undefined> {
  const answer = await client.callTool({ name: tool, arguments: { ...given } });
  if (answer.isError === true) throw new Error(`${tool} answered ${JSON.stringify(answer.content)}`);
  // The protocol says that structured content is an object.
  return answer.structuredContent as Record<string, unknown> | undefined;
}

/** Nothing but what a process needs; data and settings in the scratch folder. */
function serverEnvironment(folder: string): Record<string, string> {
  return {
    ...getDefaultEnvironment(),
    MEMORY_DATA_DIR: join(folder, 'data'),
    MEMORY_PROJECT: 'bench',
    MEMORY_LOG_LEVEL: 'error',
    XDG_CONFIG_HOME: folder,
    APPDATA: folder,
  };
}
