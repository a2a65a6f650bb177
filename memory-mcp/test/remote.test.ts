// The server over a database on a host, with the settings of an MCP client.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { cachedStore } from '@episodica/memory-core';
import type { MemoryCache, MemoryStore } from '@episodica/memory-core/ports';
import { type LmdbCache, openLmdbCache } from '@episodica/memory-storage-lmdb';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { anEpisode, type LibsqlServer, put, startLibsqlServer } from '@episodica/test-utils';
import { expect, onTestFinished, test } from 'vitest';
import { initialize, startRaw, startServer, temporaryFolder, toolCall } from './client.ts';

const TOKEN = 'token-that-nobody-may-see';

async function aHost(options: { readonly token?: string } = {}): Promise<LibsqlServer> {
  const host = await startLibsqlServer({ path: join(temporaryFolder(), 'host.db'), ...options });
  onTestFinished(() => host.close());
  return host;
}

function filesIn(folder: string): readonly string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('an episode lives its whole life in a database on a host [ST-03]', async () => {
  const host = await aHost({ token: TOKEN });
  const dataDir = temporaryFolder();
  const logFile = join(dataDir, 'log');
  const server = await startServer(dataDir, {
    TURSO_DATABASE_URL: host.url,
    TURSO_AUTH_TOKEN: TOKEN,
    MEMORY_LOG_FILE: logFile,
    MEMORY_LOG_LEVEL: 'debug',
  });
  const { structured: begun } = await server.call('create_episode', { task_description: 'make umlauts readable' });
  const id = begun.episode_id;
  const step = { tool: 'bash', action: 'run it', result: { type: 'error', message: 'UnicodeDecodeError: 0xfc' } };
  expect((await server.call('add_step', { episode_id: id, ...step })).structured).toMatchObject({ step_number: 1 });
  const outcome = { kind: 'success', verdict: 'umlauts are read', artifacts: [] };
  expect((await server.call('complete_episode', { episode_id: id, outcome })).isError).toBe(false);
  const found = await server.call('query_memory', { query: 'umlauts readable' });
  expect(found.text).toContain('make umlauts readable');
  const health = await server.call('health_check');
  expect(health.structured).toMatchObject({ status: 'ok' });
  expect(health.text).toContain(`${host.url}, over a network`);
  await server.close();
  const files = filesIn(dataDir);
  expect(files.filter((path) => path.endsWith('.db'))).toEqual([]);
  for (const path of files) expect([path, readFileSync(path).includes(TOKEN)]).toEqual([path, false]);
});

test('a host that is away is told by every tool, and the next call finds it when it is back [ST-03]', async () => {
  const host = await aHost();
  await host.stop();
  const server = startRaw(temporaryFolder(), { more: { DATABASE_URL: host.url } });
  server.send(initialize());
  expect(await server.answer(1)).toMatchObject({ result: { serverInfo: { name: 'episodica' } } });
  server.send(toolCall(2, 'create_episode', { task_description: 'x' }));
  server.send(toolCall(3, 'health_check', {}));
  server.send(toolCall(4, 'execute_code', { code: '6 * 7' }));
  expect(JSON.stringify(await server.answer(2))).toMatch(/STORE_UNAVAILABLE: [^"]*127\.0\.0\.1/u);
  expect(await server.answer(3)).toMatchObject({ result: { structuredContent: { status: 'down' } } });
  expect(await server.answer(4)).toMatchObject({ result: { structuredContent: { result: 42 } } });
  await host.start();
  server.send(toolCall(5, 'create_episode', { task_description: 'x' }));
  expect(await server.answer(5)).toMatchObject({ result: { structuredContent: { status: 'open' } } });
  server.process.stdin.end();
  expect(await server.exited).toEqual({ code: 0, signal: null });
});

test('a server whose host never answers ends ten seconds behind its input all the same [MC-03] [ST-10]', async () => {
  const taken = new Set<Socket>();
  const host = createServer((socket) => {
    taken.add(socket.on('error', () => {}));
  }).listen(0, '127.0.0.1');
  await once(host, 'listening');
  onTestFinished(() => {
    for (const socket of taken) socket.destroy();
    host.close();
  });
  // A server that listens on a port has such an address.
  const { port } = host.address() as AddressInfo;
  const server = startRaw(temporaryFolder(), { more: { DATABASE_URL: `http://127.0.0.1:${port}` } });
  server.send(initialize());
  await server.answer(1);
  const isReached = once(host, 'connection');
  server.send(toolCall(2, 'create_episode', { task_description: 'x' }));
  await isReached;
  const startedMs = performance.now();
  server.process.stdin.end();
  expect(await server.exited).toEqual({ code: 1, signal: null });
  expect(performance.now() - startedMs).toBeLessThan(14_000);
});

test.each([
  [{ DATABASE_URL: 'postgres://h?authToken=hidden' }, /^INVALID_INPUT: .*postgres:/u],
  [{ DATABASE_URL: 'http://h', TURSO_DATABASE_URL: 'http://g' }, /^INVALID_INPUT: .*Unset one/u],
  [{ MEMORY_ENCRYPTION_KEY: '' }, /^INVALID_INPUT: MEMORY_ENCRYPTION_KEY is set and empty/u],
  [{ MEMORY_ENCRYPTION_KEY_FILE: '/nowhere/key' }, /^INVALID_INPUT: The key file \/nowhere\/key .*ENOENT/u],
])('settings that cannot hold are told by every tool, and nothing is created: %j [CL-02]', async (more, told) => {
  const dataDir = temporaryFolder();
  const server = await startServer(dataDir, more);
  for (const [name, given] of [
    ['create_episode', { task_description: 'x' }],
    ['query_memory', { query: 'x' }],
  ] as const) {
    const { isError, text } = await server.call(name, given);
    expect(isError).toBe(true);
    expect(text).toMatch(told);
    expect(text).not.toContain('hidden');
  }
  expect((await server.call('health_check')).structured).toMatchObject({ status: 'down' });
  // Why not is in the log, once it is known where that is.
  expect(filesIn(dataDir).filter((path) => !path.endsWith('episodica.log'))).toEqual([]);
});

test('a token that the host refuses is told with the name of the setting, and not repeated [ST-03]', async () => {
  const host = await aHost({ token: TOKEN });
  const server = await startServer(temporaryFolder(), { DATABASE_URL: host.url, TURSO_AUTH_TOKEN: 'another' });
  const { isError, text } = await server.call('query_memory', { query: 'x' });
  expect(isError).toBe(true);
  expect(text).toContain('TURSO_AUTH_TOKEN');
  expect(text).not.toContain('another');
});

test('a server with a key leaves nothing readable here, neither store nor cache [ST-11]', async () => {
  const dataDir = temporaryFolder();
  const server = await startServer(dataDir, { MEMORY_ENCRYPTION_KEY: 'a passphrase of some length' });
  await server.call('create_episode', { task_description: 'needleworthy work' });
  for (let round = 0; round < 2; round += 1) await server.call('query_memory', { query: 'needleworthy work' });
  await server.call('query_memory', { query: 'needleworthy' });
  expect((await server.call('health_check')).text).toMatch(/memory\.db, encrypted/u);
  await server.close();
  const files = filesIn(dataDir);
  expect(files.some((path) => path.includes('lmdb-'))).toBe(true);
  for (const path of files) expect([path, readFileSync(path).includes('needleworthy')]).toEqual([path, false]);
  const without = await startServer(dataDir);
  expect((await without.call('query_memory', { query: 'x' })).text).toMatch(/^STORE_[A-Z]+: .*encrypt/u);
});

interface Machine {
  readonly store: MemoryStore;
  readonly cache: LmdbCache;
  close(): Promise<void>;
}

/** A process on another machine: the same database, and a cache of its own. */
async function aMachine(url: string, folder: string, encryptionKey?: string): Promise<Machine> {
  const bare = await openTursoStore({ url });
  const cache = await openLmdbCache({ path: join(folder, bare.identity), encryptionKey });
  await cache.settled();
  const store = cachedStore(bare, cache);
  return { store, cache, close: () => store.close() };
}

async function versionIn(cache: MemoryCache, id: string): Promise<number | undefined> {
  return (await cache.get('episode', [id]))?.values[0]?.version;
}

test.each([
  ['in plain text', undefined],
  ['with a key', '5e'.repeat(32)],
])(
  'two machines with caches of their own, %s, each see the change of the other with their next read [ST-03] [CA-02]',
  async (_, key) => {
    const host = await aHost();
    const folders = [temporaryFolder(), temporaryFolder()] as const;
    const first = await aMachine(host.url, folders[0], key);
    let second = await aMachine(host.url, folders[1], key);
    const episode = anEpisode({ description: 'both look at this' });
    const changed = (version: number) => ({ ...episode, version, tags: [`v${version}`] });
    const read = async ({ store }: Machine) => (await store.getMany('episode', [episode.id]))[0];

    await first.store.write([put('episode', episode)]);
    // Each has it in its cache, and the other changes it.
    for (const machine of [first, second]) expect(await read(machine)).toEqual(episode);
    expect(await versionIn(second.cache, episode.id)).toBe(1);
    await first.store.write([put('episode', changed(2))]);
    expect(await read(second)).toEqual(changed(2));
    await second.store.write([put('episode', changed(3))]);
    expect(await read(first)).toEqual(changed(3));

    // One is switched off while the other goes on, and comes back with what it read last.
    await second.close();
    await first.store.write([put('episode', changed(4))]);
    second = await aMachine(host.url, folders[1], key);
    expect(await versionIn(second.cache, episode.id)).toBe(2);
    expect(await read(second)).toEqual(changed(4));
    await second.store.write([{ op: 'delete', kind: 'episode', id: episode.id }]);
    expect(await read(first)).toBeUndefined();
    await first.close();
    await second.close();
  },
);
