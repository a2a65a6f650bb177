// Whole servers on caches that were damaged, deleted or replaced: nothing that was acknowledged depends on a cache.
import { cpSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startServer, type TestServer, temporaryFolder } from './client.ts';

const EPISODES = 20;

const DAMAGES: Readonly<Record<string, (file: string) => void>> = {
  'cut short': (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
  'zeroed at its head': (file) => writeFileSync(file, readFileSync(file).fill(0, 0, 8_192)),
  'scrambled behind its head': (file) => {
    const bytes = readFileSync(file);
    for (let place = 8_192; place < bytes.length; place += 1) bytes[place] = (bytes[place]! * 31 + place) % 256;
    writeFileSync(file, bytes);
  },
};

test.each(Object.keys(DAMAGES))(
  'a server over a cache whose file was %s starts and answers rightly [CA-03 CA-02]',
  async (kind) => {
    const dataDir = temporaryFolder();
    const ids = await filled(dataDir);
    DAMAGES[kind]?.(join(cacheIn(dataDir), 'data.mdb'));
    const server = await startServer(dataDir);
    await expectAll(server, ids);
    expect((await server.call('health_check')).structured.status).toBe('ok');
    await server.close();
  },
);

test('deleting the cache under running servers changes no answer, and they go on [CA-03 CA-02]', async () => {
  const dataDir = temporaryFolder();
  const ids = await filled(dataDir);
  const servers = [await startServer(dataDir), await startServer(dataDir)];
  for (const server of servers) await expectAll(server, ids);
  rmSync(join(dataDir, 'cache'), { recursive: true });
  await goOn(servers, ids);
  await expectAll(await startServer(dataDir), ids);
});

test('replacing the cache under running servers by an older one changes no answer [CA-03 CA-02]', async () => {
  const dataDir = temporaryFolder();
  const ids = await filled(dataDir);
  const older = join(dataDir, 'older');
  cpSync(join(dataDir, 'cache'), older, { recursive: true });
  const servers = [await startServer(dataDir), await startServer(dataDir)];
  for (const id of ids) await servers[0]!.call('add_step', { episode_id: id, tool: 'bash', action: 'npm test' });
  for (const id of ids.slice(0, 5)) {
    await servers[0]!.call('complete_episode', { episode_id: id, outcome: { kind: 'success' } });
  }
  rmSync(join(dataDir, 'cache'), { recursive: true });
  cpSync(older, join(dataDir, 'cache'), { recursive: true });
  await goOn(servers, ids);
  for (const server of [...servers, await startServer(dataDir)]) {
    await expectAll(server, ids);
    const read = await server.call('execute_code', { code: 'memory.episode(input)', input: ids[0] });
    expect(read.structured.result).toMatchObject({ status: 'completed', steps: [{ action: 'npm test' }] });
  }
});

/** Each server writes, and the others read it at once. */
async function goOn(servers: readonly TestServer[], ids: readonly string[]): Promise<void> {
  for (const server of servers) {
    const created = await server.call('create_episode', { task_description: 'One more behind the damage' });
    expect(created.isError, created.text).toBe(false);
    for (const reader of servers) await expectAll(reader, [...ids, created.structured.episode_id]);
  }
}

/** A data folder with episodes, and a cache that holds them and was closed in good order; answers their ids. */
async function filled(dataDir: string): Promise<readonly string[]> {
  const server = await startServer(dataDir);
  const ids: string[] = [];
  for (let index = 0; index < EPISODES; index += 1) {
    const task = { task_description: `Task ${index}: ${'totals are wrong '.repeat(20)}` };
    ids.push((await server.call('create_episode', task)).structured.episode_id);
  }
  await expectAll(server, ids);
  await server.close();
  // Closed in good order and vouched for, so that the damage is met by who opens it, and not thrown away unseen.
  expect(readdirSync(join(cacheIn(dataDir), '..'))).toEqual(['lmdb', 'lmdb.sound']);
  expect(statSync(join(cacheIn(dataDir), 'data.mdb')).size).toBeGreaterThan(EPISODES * 300);
  return ids;
}

/** Every one of these episodes is read, through the cache. */
async function expectAll(server: TestServer, ids: readonly string[]): Promise<void> {
  const code = 'Promise.all(input.map((id) => memory.episode(id)))';
  const { structured, text } = await server.call('execute_code', { code, input: ids });
  expect(structured?.ok, text).toBe(true);
  expect(structured.result.map((episode: { episode_id: string }) => episode.episode_id)).toEqual(ids);
}

/** The folder of the one store's cache. */
function cacheIn(dataDir: string): string {
  const [identity = ''] = readdirSync(join(dataDir, 'cache'));
  return join(dataDir, 'cache', identity, 'lmdb');
}
