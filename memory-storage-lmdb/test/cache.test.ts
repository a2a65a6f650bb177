import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedStore, inMemoryStore, START } from '@episodica/memory-core';
import type { MemoryCache } from '@episodica/memory-core/ports';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { aBaseline, aCompletedEpisode, anEpisode, cacheSuite, put } from '@episodica/test-utils';
import { open } from 'lmdb';
import { afterAll, beforeAll, expect, test } from 'vitest';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'episodica-lmdb-'));
});
afterAll(async () => {
  await rm(base, { recursive: true, force: true });
});

let folderCount = 0;
function newPath(): string {
  folderCount += 1;
  return join(base, `cache.${folderCount}`);
}
const dataFile = (path: string): string => join(path, 'lmdb', 'data.mdb');

let lastPath = '';
cacheSuite({
  name: 'lmdb',
  async open() {
    if (lastPath !== '') await rm(lastPath, { recursive: true, force: true });
    lastPath = newPath();
    return openLmdbCache({ path: lastPath });
  },
  reopen: () => openLmdbCache({ path: lastPath }),
});

/** A closed cache at `path` that holds one baseline at the start. */
async function aFilledCache(path: string): Promise<string> {
  const cache = await openLmdbCache({ path });
  const held = aBaseline();
  await cache.set('baseline', [held], START);
  expect((await cache.get('baseline', [held.id]))?.values).toEqual([held]);
  await cache.close();
  return held.id;
}

async function expectWorking(cache: MemoryCache): Promise<void> {
  const baseline = aBaseline();
  const { at } = (await cache.get('baseline', [])) ?? { at: START };
  await cache.set('baseline', [baseline], at);
  expect(await cache.get('baseline', [baseline.id])).toEqual({ at, values: [baseline] });
}

test('only the user may look into the files [CA-01]', async () => {
  const path = newPath();
  await aFilledCache(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect((await stat(join(path, 'lmdb'))).mode & 0o777).toBe(0o700);
  for (const name of await readdir(join(path, 'lmdb'))) {
    expect((await stat(join(path, 'lmdb', name))).mode & 0o777).toBe(0o600);
  }
});

test('after close every call is refused with CLOSED [CA-01]', async () => {
  const cache = await openLmdbCache({ path: newPath() });
  await cache.close();
  await expect(cache.get('baseline', [])).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(cache.set('baseline', [], START)).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(cache.move({ from: START, to: START })).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(cache.getBlock('key')).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(cache.setBlock('key', { mark: '', bytes: Uint8Array.of(1) })).rejects.toMatchObject({ code: 'CLOSED' });
  expect(await cache.stats()).toMatchObject({ state: 'closed' });
});

test('deleting the folder between runs changes no answer [CA-01] [CA-02]', async () => {
  const store = inMemoryStore();
  const path = newPath();
  const episodes = [anEpisode(), aCompletedEpisode()];
  const ids = episodes.map(({ id }) => id);
  await store.write(episodes.map((episode) => put('episode', episode)));
  for (const isDeleted of [false, true, false]) {
    if (isDeleted) await rm(path, { recursive: true });
    const cache = await openLmdbCache({ path });
    const cached = cachedStore(store, cache);
    expect(await cached.getMany('episode', ids)).toEqual(episodes);
    expect((await cache.get('episode', ids))?.values).toEqual(episodes);
    await cache.close();
  }
});

test.each<[string, (path: string) => Promise<void>]>([
  ['garbage in the head', (path) => overwrite(path, 0, Buffer.alloc(4_096, 0xa5))],
  ['zeros in the head', (path) => overwrite(path, 0, Buffer.alloc(8_192))],
  ['garbage in the second meta page', (path) => overwrite(path, 4_096, Buffer.alloc(4_096, 0x5a))],
  ['half a page', (path) => truncate(dataFile(path), 2_048)],
  ['one page', (path) => truncate(dataFile(path), 4_096)],
  ['two pages of what were more', (path) => truncate(dataFile(path), 8_192)],
  ['a tail cut off', async (path) => truncate(dataFile(path), (await stat(dataFile(path))).size - 1)],
  ['text in place of everything', (path) => writeFile(dataFile(path), 'not a database\n'.repeat(1_000))],
])('a data file with %s is thrown away and the cache starts fresh [CA-01]', async (_, damage) => {
  const path = newPath();
  const id = await aFilledCache(path);
  await damage(path);
  const cache = await openLmdbCache({ path });
  await cache.settled();
  expect(await cache.get('baseline', [id])).toEqual({ at: START, values: [undefined] });
  await expectWorking(cache);
  await cache.close();
  expect(await readdir(path)).toEqual(['lmdb', 'lmdb.sound']);
});

test('an empty data file, a lock file of garbage, and no lock file are no obstacle [CA-01]', async () => {
  const path = newPath();
  await aFilledCache(path);
  const lockFile = join(path, 'lmdb', 'lock.mdb');
  for (const damage of [
    () => truncate(dataFile(path), 0),
    () => writeFile(lockFile, 'x'.repeat(9_000)),
    () => rm(lockFile),
  ]) {
    await damage();
    const cache = await openLmdbCache({ path });
    await cache.settled();
    await expectWorking(cache);
    await cache.close();
  }
});

test('a place that cannot hold a cache is refused with STORE_FAILED, and nothing there is touched [CA-01]', async () => {
  const path = newPath();
  await writeFile(path, 'somebody else');
  await expect(openLmdbCache({ path })).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(await readFile(path, 'utf8')).toBe('somebody else');
});

test('a cache of another format is emptied, and its former user is refused [CA-01]', async () => {
  const path = newPath();
  const former = await openLmdbCache({ path });
  const held = aBaseline();
  await former.set('baseline', [held], START);
  const raw = open({ path: join(path, 'lmdb'), noSubdir: false, noSync: true, maxDbs: 8 });
  raw.openDB('notes', { encoding: 'json' }).putSync('state', { format: 999, seq: 0 });
  await expect(former.get('baseline', [held.id])).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await expect(former.set('baseline', [held], START)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await former.close();
  await raw.close();
  const cache = await openLmdbCache({ path });
  await cache.settled();
  expect(await cache.get('baseline', [held.id])).toEqual({ at: START, values: [undefined] });
  await expectWorking(cache);
  await cache.close();
});

test('two processes share one cache and neither ever reads a value that is behind its number [CA-01] [CA-02]', async () => {
  const path = newPath();
  const children = [1, 2].map((seed) =>
    fork(new URL('./fixtures/share-cache.mjs', import.meta.url), [path, String(seed)], { stdio: 'inherit' }),
  );
  const reports = await Promise.all(
    children.map(async (child) => {
      const report = { hits: 0, violations: ['it ended without a report'] };
      child.once('message', (message) => Object.assign(report, message));
      const [exitCode] = await once(child, 'exit');
      return { ...report, exitCode };
    }),
  );
  for (const report of reports) expect(report).toMatchObject({ exitCode: 0, violations: [] });
  expect(Math.min(...reports.map(({ hits }) => hits))).toBeGreaterThan(0);
  expect(existsSync(dataFile(path))).toBe(true);
});

async function overwrite(path: string, position: number, bytes: Buffer): Promise<void> {
  const content = await readFile(dataFile(path));
  bytes.copy(content, position);
  await writeFile(dataFile(path), content);
}
