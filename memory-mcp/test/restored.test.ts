// A backup that is restored while servers run: they go on with what was restored, without a restart.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openTursoStore, restoreBackup } from '@episodica/memory-storage-turso';
import { expect, test } from 'vitest';
import { startServer, type TestServer, temporaryFolder } from './client.ts';

/** Restores while servers write, each of which meets them at another moment. */
const RESTORES = 3;

test('running servers go on with a restored backup, in reads, searches, writes and sandbox [ST-12 ST-13 CA-06]', async () => {
  const dataDir = temporaryFolder();
  const url = databaseUrl(dataDir);
  const servers = await Promise.all([startServer(dataDir), startServer(dataDir)]);
  // What is open is left out where it was begun.
  const beginner = await startServer(dataDir);
  const before = await created(beginner, 'Mend the tokenizer');
  const from = await backedUp(url, join(dataDir, 'kept.db'));
  const since = await created(beginner, 'Paint the lighthouse');
  await beginner.close();
  for (const server of servers) expect(await foundBy(server, 'lighthouse')).toEqual([since]);

  await restoreBackup({ from, url, replace: true });
  for (const server of servers) {
    expect(await foundBy(server, 'lighthouse tokenizer')).toEqual([before]);
    const step = await server.call('add_step', { episode_id: since, tool: 't', action: 'a' });
    expect(step).toMatchObject({ isError: true, text: expect.stringMatching(/^NOT_FOUND/u) });
    expect((await server.call('add_step', { episode_id: before, tool: 't', action: 'a' })).isError).toBe(false);
    const read = await server.call('execute_code', { code: 'memory.episode(input)', input: before });
    expect(read.structured.result.episode_id).toBe(before);
  }
  await Promise.all(servers.map((server) => server.close()));
  await expectSound(url);
});

test('servers that write while backups are restored are never told of a failure, and lose nothing after the last [ST-12 ST-13]', async () => {
  const dataDir = temporaryFolder();
  const url = databaseUrl(dataDir);
  const servers = await Promise.all([startServer(dataDir), startServer(dataDir)]);
  await created(servers[0] as TestServer, 'The first');
  const from = await backedUp(url, join(dataDir, 'kept.db'));
  let isOver = false;
  const failures: string[] = [];
  const writing = servers.map(async (server) => {
    while (!isOver) {
      const { isError, text } = await server.call('create_episode', { task_description: 'Meanwhile' });
      if (isError) failures.push(text);
    }
  });
  for (let count = 0; count < RESTORES; count += 1) await restoreBackup({ from, url, replace: true });
  isOver = true;
  await Promise.all(writing);
  expect(failures).toEqual([]);
  const last = await created(servers[1] as TestServer, 'Behind the last');
  expect(await foundBy(servers[0] as TestServer, 'behind the last')).toContain(last);
  await Promise.all(servers.map((server) => server.close()));
  await expectSound(url);
});

function databaseUrl(dataDir: string): string {
  return pathToFileURL(join(dataDir, 'memory.db')).href;
}

async function created(server: TestServer, task_description: string): Promise<string> {
  return (await server.call('create_episode', { task_description })).structured.episode_id;
}

async function foundBy(server: TestServer, query: string): Promise<readonly string[]> {
  const { structured } = await server.call('query_memory', { query });
  return structured.episodes.map(({ episode_id }: { episode_id: string }) => episode_id);
}

async function backedUp(url: string, path: string): Promise<string> {
  const store = await openTursoStore({ url });
  await store.backup(path);
  await store.close();
  return path;
}

async function expectSound(url: string): Promise<void> {
  const store = await openTursoStore({ url });
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  await store.close();
}
