// `memory-mcp --http` as a process: clients, its token, its beginning and its end.
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, onTestFinished, test } from 'vitest';
import { serverToken } from '../../src/http/token.ts';
import { startRaw, temporaryFolder, toolCall } from '../client.ts';
import { type HttpProcess, startHttp } from './process.ts';
import { ask, begunSession } from './server.ts';

const INFO = { name: 'test-client', version: '1.0.0' };

const withToken = ({ token }: HttpProcess) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });

/** What a client of any kind has for these tests. */
interface AnyClient {
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  close(): Promise<void>;
}

async function v1(server: HttpProcess): Promise<AnyClient> {
  const client = new ClientV1(INFO);
  await client.connect(new TransportV1(new URL(server.url), withToken(server)));
  onTestFinished(() => client.close());
  return client;
}

async function v2(server: HttpProcess, mode: 'legacy' | 'auto'): Promise<AnyClient> {
  const client = new ClientV2(INFO, { versionNegotiation: { mode } });
  await client.connect(new TransportV2(new URL(server.url), withToken(server)));
  expect(client.getNegotiatedProtocolVersion()).toBe(mode === 'auto' ? '2026-07-28' : '2025-11-25');
  onTestFinished(() => client.close());
  return client;
}

test('clients of each kind record and find in one memory, which is of no project unless they name it [MC-06 MC-07]', async () => {
  const server = await startHttp(temporaryFolder());
  const clients = [await v1(server), await v2(server, 'legacy'), await v2(server, 'auto')];
  for (const [index, client] of clients.entries()) {
    const begun = await client.callTool({
      name: 'create_episode',
      arguments: { task_description: `Mend the flux capacitor, part ${index}`, project: 'acme/time' },
    });
    const { episode_id } = (begun as { structuredContent: { episode_id: string } }).structuredContent;
    const outcome = { kind: 'success', verdict: 'it hums' };
    await client.callTool({ name: 'complete_episode', arguments: { episode_id, outcome } });
  }
  for (const client of clients) {
    const named = await client.callTool({
      name: 'query_memory',
      arguments: { query: 'flux capacitor', project: 'acme/time' },
    });
    expect(JSON.stringify(named).match(/"task_description":"Mend the flux/gu)).toHaveLength(3);
    const unnamed = await client.callTool({ name: 'query_memory', arguments: { query: 'flux capacitor' } });
    expect(JSON.stringify(unnamed)).not.toContain('Mend the flux');
  }
  const { token, url } = server;
  const figures = await ask(url, { method: 'GET', path: '/metrics', headers: { authorization: `Bearer ${token}` } });
  expect(figures.text).toMatch(/http_requests\S*\{[^}]*route="\/mcp"[^}]*\} [1-9]/u);
  expect((await ask(url, { method: 'GET', path: '/metrics' })).status).toBe(401);
  expect((await ask(url, { method: 'GET', path: '/health' })).status).toBe(200);
  expect(server.stderr()).not.toContain(token);
  expect(server.lines).toEqual([]);
});

test('a signal lets a call under way end and loses nothing; the server then is gone [MC-06]', async () => {
  const dataDir = temporaryFolder();
  const server = await startHttp(dataDir);
  const headers = { ...(await begunSession(server.url, server.token)) };
  const code = 'await new Promise((resolve) => setTimeout(resolve, 500)); 42';
  const slow = ask(server.url, { headers, body: JSON.stringify(toolCall(2, 'execute_code', { code })) });
  const created = await ask(server.url, {
    headers,
    body: JSON.stringify(toolCall(3, 'create_episode', { task_description: 'Told before the end' })),
  });
  server.process.kill('SIGTERM');
  expect((await slow).text).toMatch(/"result":42|42/u);
  expect(await server.exited).toEqual({ code: 0, signal: null });
  const [, id = ''] = /"episode_id":"([^"]+)"/u.exec(created.text) ?? [];
  expect(await areKnown(dataDir, [id])).toBe(true);
});

test('what was acknowledged is there after SIGKILL, and the next server takes the same token [MC-06]', async () => {
  const dataDir = temporaryFolder();
  const server = await startHttp(dataDir);
  const headers = await begunSession(server.url, server.token);
  const acknowledged: string[] = [];
  const calls = Array.from({ length: 50 }, async (_, id) => {
    const body = JSON.stringify(toolCall(id, 'create_episode', { task_description: `task ${id}` }));
    const { text } = await ask(server.url, { headers, body });
    const [, episodeId] = /"episode_id":"([^"]+)"/u.exec(text) ?? [];
    if (episodeId !== undefined) acknowledged.push(episodeId);
    if (acknowledged.length === 5) server.process.kill('SIGKILL');
  });
  await Promise.allSettled(calls);
  // A machine that is slow says of most that it is busy.
  server.process.kill('SIGKILL');
  await server.exited;
  expect(acknowledged).not.toEqual([]);
  expect(await areKnown(dataDir, acknowledged)).toBe(true);
  expect((await startHttp(dataDir)).token).toBe(server.token);
});

test('a port in use, an address that is none and flags that do not go are each one line and an exit code [MC-06]', async () => {
  const server = await startHttp(temporaryFolder());
  const { port } = new URL(server.url);
  const cases = [
    { flags: ['--http', '--port', port], code: 1, told: new RegExp(`port ${port} is in use.*--port`, 'u') },
    { flags: ['--http', '--host', '192.0.2.1'], code: 1, told: /MCP_TOKEN is not set.*openssl/u },
    { flags: ['--http', '--port=99999'], code: 1, told: /MCP_PORT \(--port\).*65535/u },
    { flags: ['--port', '3000'], code: 2, told: /go with --http/u },
    { flags: ['--http', '--port'], code: 2, told: /--port.* argument missing; see memory-mcp --help/u },
    { flags: ['--htpt'], code: 2, told: /Unknown option '--htpt'; see memory-mcp --help/u },
  ];
  for (const { flags, code, told } of cases) {
    const raw = startRaw(temporaryFolder(), { flags });
    expect((await raw.exited).code).toBe(code);
    expect(raw.stderr().trim().split('\n')).toEqual([expect.stringMatching(told)]);
  }
});

test('the token is made once, for its owner alone, also by two that begin at the same time [MC-06]', async () => {
  const folder = join(temporaryFolder(), 'data');
  const settings = { MCP_HOST: '127.0.0.1', MCP_TOKEN: '', MEMORY_DATA_DIR: folder };
  const found = await Promise.all(Array.from({ length: 5 }, () => serverToken(settings)));
  expect(new Set(found.map(({ token }) => token)).size).toBe(1);
  const path = join(folder, 'mcp-token');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).toMatch(/^[0-9a-f]{64}\n$/u);
  chmodSync(path, 0o644);
  await expect(serverToken(settings)).rejects.toThrow(`chmod 600 ${path}`);
  chmodSync(path, 0o600);
  writeFileSync(path, 'short\n');
  await expect(serverToken(settings)).rejects.toThrow('openssl rand -hex 32');
});

test.each([
  ['an address of the network without a token', { MCP_HOST: '0.0.0.0', MCP_TOKEN: '' }, /MCP_TOKEN is not set/u],
  ['a token that is soon guessed', { MCP_HOST: '127.0.0.1', MCP_TOKEN: 'secret' }, /MCP_TOKEN is not 32/u],
])('%s is refused, with how to make one [MC-06]', async (_what, settings, told) => {
  const given = { ...settings, MEMORY_DATA_DIR: temporaryFolder() };
  const refused = serverToken(given);
  await expect(refused).rejects.toThrow(told);
  await expect(refused).rejects.not.toThrow('secret');
});

/** Whether all these episodes are in the store. */
async function areKnown(dataDir: string, ids: readonly string[]): Promise<boolean> {
  const { openTursoStore } = await import('@episodica/memory-storage-turso');
  const store = await openTursoStore({ url: `file://${join(dataDir, 'memory.db')}` });
  try {
    return (await store.getMany('episode', ids)).every((episode) => episode !== undefined);
  } finally {
    await store.close();
  }
}
