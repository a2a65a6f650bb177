// The server as any MCP client uses it: a child process, spoken to over standard input and output.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

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

async function call(name: string, given: Record<string, unknown>): Promise<Record<string, unknown>> {
  const answer = await client.callTool({ name, arguments: given });
  assert.ok(answer.isError !== true && answer.structuredContent, JSON.stringify(answer.content));
  // The protocol says that structured content is an object.
  return answer.structuredContent as Record<string, unknown>;
}
