// The server as MCP clients use it: a child process spoken to over standard input and output, and over HTTP.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

const server = fileURLToPath(new URL('../bin/memory-mcp.js', import.meta.resolve('@episodica/memory-mcp')));
const folder = mkdtempSync(join(tmpdir(), 'episodica-'));
const client = new Client({ name: 'example', version: '1.0.0' });
const env = { MEMORY_DATA_DIR: folder, MEMORY_PROJECT: 'example', XDG_CONFIG_HOME: folder, APPDATA: folder };
await client.connect(new StdioClientTransport({ command: process.execPath, args: [server], env }));

const { tools } = await client.listTools();
console.log(`tools: ${tools.map(({ name }) => name).join(', ')}`);

const task_description = 'Make the nightly export survive an empty table';
const created = await call('create_episode', { task_description, domain: 'export' });
const { episode_id } = created;
const steps = [
  { tool: 'bash', action: 'npm test', result: { type: 'error', message: 'RangeError: Invalid array length' } },
  { tool: 'edit', action: 'return early in export.ts when there are no rows' },
  { tool: 'bash', action: 'npm test', result: { type: 'success', output: '12 passed' } },
];
await call('add_step', { episode_id, steps });
const completed = await call('complete_episode', { episode_id, outcome: { kind: 'success', verdict: 'Tests pass.' } });
console.log('reward:', completed.reward);

const found = await call('query_memory', { query: 'RangeError: Invalid array length' });
assert.ok(Array.isArray(found.episodes));
assert.equal(found.episodes[0]?.episode_id, episode_id);
console.log('lessons:', found.episodes[0]?.lessons);

const refused = await client.callTool({ name: 'add_step', arguments: { episode_id, tool: 'bash', action: 'again' } });
assert.equal(refused.isError, true);
console.log('a step after the end:', refused.content);
await client.close();

// The same memory over HTTP, for a client that is given an address and a token instead of a program.
const token = randomBytes(32).toString('hex');
const listening = spawn(process.execPath, [server, '--http', '--port', '0'], {
  env: { ...env, PATH: process.env.PATH, MCP_TOKEN: token },
  stdio: ['ignore', 'ignore', 'pipe'],
});
// Also when something below fails: it would go on for ever.
process.once('exit', () => listening.kill());
const remote = new Client({ name: 'example', version: '1.0.0' });
const requestInit = { headers: { Authorization: `Bearer ${token}` } };
await remote.connect(new StreamableHTTPClientTransport(await address(listening.stderr), { requestInit }));
const again = await remote.callTool({
  name: 'query_memory',
  arguments: { query: task_description, project: 'example' },
});
assert.match(JSON.stringify(again.structuredContent), new RegExp(String(episode_id)));
console.log('over HTTP the same episode is found');
await remote.close();
listening.kill();

/** Where the server says that it listens. */
async function address(told: Readable): Promise<URL> {
  let said = '';
  for await (const chunk of told.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += chunk;
    const [, url] = /listening on (\S+);/u.exec(said) ?? [];
    if (url === undefined) continue;
    told.resume();
    return new URL(url);
  }
  throw new Error(`The server ended: ${said}`);
}

async function call(name: string, given: Record<string, unknown>): Promise<Record<string, unknown>> {
  const answer = await client.callTool({ name, arguments: given });
  assert.ok(answer.isError !== true && answer.structuredContent, JSON.stringify(answer.content));
  // The protocol says that structured content is an object.
  return answer.structuredContent as Record<string, unknown>;
}
