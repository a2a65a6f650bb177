import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { baselineId } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { aBaseline, put } from '@episodica/test-utils';
import { expect, onTestFinished, test } from 'vitest';
import {
  environment,
  initialize,
  request,
  SERVER,
  startRaw,
  startServer,
  temporaryFolder,
  toolCall,
} from './client.ts';

test('standard output carries nothing but messages, whatever comes in [MC-03]', async () => {
  const server = startRaw(temporaryFolder(), { more: { MEMORY_LOG_LEVEL: 'debug' } });
  server.send(initialize());
  server.send('this is no JSON');
  server.send('{"neither": "request"}');
  server.send('[]');
  server.send(toolCall(2, 'execute_code', { code: 'console.log("from the guest"); 1' }));
  server.send(toolCall(3, 'create_episode', { task_description: 'x' }));
  expect(await server.answer(2)).toMatchObject({ result: { structuredContent: { ok: true } } });
  expect(await server.answer(3)).toMatchObject({ result: { structuredContent: { status: 'open' } } });
  server.process.stdin.end();
  expect(await server.exited).toEqual({ code: 0, signal: null });
  expect(server.lines.length).toBeGreaterThanOrEqual(3);
  for (const line of server.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' });
});

test('the end of the input ends the server, and what was asked before is answered [MC-03]', async () => {
  const server = startRaw(temporaryFolder());
  server.send(initialize());
  for (let id = 2; id < 12; id += 1) server.send(toolCall(id, 'create_episode', { task_description: `task ${id}` }));
  server.process.stdin.end();
  expect(await server.exited).toEqual({ code: 0, signal: null });
  expect(server.lines).toHaveLength(11);
});

test('the end of the input ends the server behind the learning that it was too early for [MC-03 LE-08]', async () => {
  const dataDir = temporaryFolder();
  const url = pathToFileURL(join(dataDir, 'memory.db')).href;
  const scope = { project: 'test/project', domain: 'releases' };
  // As if learning had taken so long, just now: it is due again in ten times that.
  const learnt = { at: new Date().toISOString(), tookMs: 280, clustered: 0 };
  const before = await openTursoStore({ url });
  await before.write([put('baseline', aBaseline({ id: baselineId(scope), scope, episodes: 0, successes: 0, learnt }))]);
  await before.close();
  const server = startRaw(dataDir);
  server.send(initialize());
  server.send(toolCall(2, 'create_episode', { task_description: 'Publish the package', domain: 'releases' }));
  const created = JSON.stringify(await server.answer(2));
  const [, episodeId] = /"episode_id":"([^"]+)"/u.exec(created) ?? [];
  server.send(toolCall(3, 'complete_episode', { episode_id: episodeId, outcome: { kind: 'success' } }));
  expect(await server.answer(3)).toMatchObject({ result: { structuredContent: { episode_id: episodeId } } });
  server.process.stdin.end();
  expect(await server.exited).toEqual({ code: 0, signal: null });
  const store = await openTursoStore({ url });
  onTestFinished(() => store.close());
  expect(await store.getMany('baseline', [baselineId(scope)])).toMatchObject([{ episodes: 1, successes: 1 }]);
});

test('a server that was asked nothing ends with its input [MC-03]', async () => {
  const server = startRaw(temporaryFolder());
  server.process.stdin.end();
  expect(await server.exited).toEqual({ code: 0, signal: null });
  expect(server.lines).toEqual([]);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends the server behind what it was doing [MC-03]', async (signal) => {
  const server = startRaw(temporaryFolder());
  server.send(initialize());
  await server.answer(1);
  server.process.kill(signal);
  expect(await server.exited).toEqual({ code: 0, signal: null });
});

test('a server ends when its parent dies [MC-03]', async () => {
  const dataDir = temporaryFolder();
  const script = `
    const server = require('node:child_process').spawn(process.execPath, [${JSON.stringify(SERVER)}], { stdio: ['pipe', 'pipe', 'inherit'] });
    server.stdin.write(${JSON.stringify(`${JSON.stringify(initialize())}\n`)});
    server.stdout.once('data', () => { process.stdout.write(String(server.pid)); process.kill(process.pid, 'SIGKILL'); });`;
  const parent = spawn(process.execPath, ['-e', script], {
    env: environment(dataDir),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  parent.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    told += chunk;
  });
  // The server holds the other end of this stream too: it ends when both are gone.
  await new Promise((resolve) => parent.stderr.resume().on('end', resolve));
  expect(Number(told)).toBeGreaterThan(0);
  expect(parent.signalCode).toBe('SIGKILL');
});

test('without a data folder it still answers, says what to do, and recovers [MC-03]', async () => {
  const folder = temporaryFolder();
  const blocked = join(folder, 'blocked');
  writeFileSync(blocked, 'a file where a folder should be');
  const server = await startServer(folder, { MEMORY_DATA_DIR: join(blocked, 'data') });
  expect((await server.client.listTools()).tools.map(({ name }) => name)).toContain('forget');
  const created = await server.call('create_episode', { task_description: 'x' });
  expect(created.isError).toBe(true);
  expect(created.text).toMatch(/^STORE_[A-Z]+: .*blocked/u);
  const health = await server.call('health_check');
  expect(health.structured).toMatchObject({ status: 'down' });
  expect(health.structured.components[0]).toMatchObject({ name: 'store', status: 'down', basis: 'measured' });
  const computed = await server.call('execute_code', { code: '6 * 7' });
  expect(computed.structured.result).toBe(42);
  rmSync(blocked);
  const later = await server.call('create_episode', { task_description: 'x' });
  expect(later.structured).toMatchObject({ status: 'open' });
  expect((await server.call('health_check')).structured).toMatchObject({ status: 'ok' });
});

test('a setting that cannot be kept is refused by every tool that needs it [MC-03]', async () => {
  const server = await startServer(temporaryFolder(), { MEMORY_ENCRYPTION_KEY: 'secret' });
  const result = await server.call('query_memory', { query: 'x' });
  expect(result).toMatchObject({
    isError: true,
    text: expect.stringMatching(/^INVALID_INPUT: The encryption key has fewer than 12 characters/u),
  });
  expect(result.text).not.toContain('secret');
});

test('health names each part and what it found [MC-01]', async () => {
  const server = await startServer(temporaryFolder());
  const before = await server.call('health_check');
  const names = before.structured.components.map((part: { name: string }) => part.name);
  expect(names).toEqual(['store', 'journal', 'cache', 'learning', 'search', 'queue', 'sandbox', 'log']);
  expect(before.structured).toMatchObject({ status: 'ok', version: expect.stringMatching(/^\d+\.\d+\.\d+/u) });
  expect(before.text).toContain('sandbox: unknown: not loaded yet; loads on first use (unavailable)');
  await server.call('execute_code', { code: '1' });
  await server.call('execute_code', { code: 'throw 1' });
  await server.call('create_episode', { task_description: 'x' });
  const after = await server.call('health_check');
  expect(after.text).toMatch(
    /sandbox: ok: loaded; 2 runs, 1 failed \(THROWN 1\), 0 killed, .*p50 [\d.]+ ms, p95 [\d.]+ ms, \d+ workers/u,
  );
  expect(after.text).toMatch(/journal: ok: newest entry [1-9]/u);
});

test('without its cache the server is degraded and works [MC-03]', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'no-folder'), '');
  const server = await startServer(folder, { LMDB_CACHE_PATH: join(folder, 'no-folder') });
  expect((await server.call('create_episode', { task_description: 'x' })).isError).toBe(false);
  const health = await server.call('health_check');
  expect(health.structured.status).toBe('degraded');
  expect(health.text).toMatch(/cache: degraded: not open/u);
});

test('an unknown flag is one line and exit code 2; help and version say themselves [MC-03]', async () => {
  const unknown = startRaw(temporaryFolder(), { flags: ['--prot', '3000'] });
  expect(await unknown.exited).toEqual({ code: 2, signal: null });
  expect(unknown.stderr().trim().split('\n')).toEqual([expect.stringContaining('--prot')]);
  const help = startRaw(temporaryFolder(), { flags: ['--help'] });
  expect(await help.exited).toEqual({ code: 0, signal: null });
  expect(help.lines.join('\n')).toContain('MEMORY_DATA_DIR');
  const version = startRaw(temporaryFolder(), { flags: ['--version'] });
  await version.exited;
  expect(version.lines).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/u)]);
});

test('tools are listed before anything was opened [MC-03]', async () => {
  const server = startRaw(temporaryFolder(), { more: { MEMORY_DATA_DIR: '/dev/null/nowhere' } });
  server.send(initialize());
  server.send(request(2, 'tools/list', {}));
  expect(await server.answer(1)).toMatchObject({ result: { protocolVersion: '2025-11-25' } });
  expect(await server.answer(2)).toMatchObject({ result: { tools: { length: 14 } } });
});
