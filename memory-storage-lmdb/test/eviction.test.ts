// What a cache keeps when it is full, for how long, and what it counts.
import { mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { START } from '@episodica/memory-core';
import { type LmdbCache, openLmdbCache } from '@episodica/memory-storage-lmdb';
import { anEpisode } from '@episodica/test-utils';
import { afterAll, beforeAll, expect, test } from 'vitest';

let base: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'episodica-evict-'));
});
afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

let folderCount = 0;
function newPath(): string {
  folderCount += 1;
  return join(base, String(folderCount));
}

const episodes = (count: number): ReturnType<typeof anEpisode>[] =>
  Array.from({ length: count }, (_, index) => anEpisode({ description: `${index} `.repeat(1_000) }));

async function held(cache: LmdbCache, ids: readonly string[]): Promise<number> {
  const read = await cache.get('episode', ids);
  return (read?.values ?? []).filter((value) => value !== undefined).length;
}

test('past its size the cache lets go what is not read, keeps what is, and goes on at the same place [CA-04]', async () => {
  const path = newPath();
  const maxSizeBytes = 2_000_000;
  const cache = await openLmdbCache({ path, maxSizeBytes });
  const hot = episodes(20);
  const hotIds = hot.map(({ id }) => id);
  await cache.set('episode', hot, START);
  for (let round = 0; round < 40; round += 1) {
    await held(cache, hotIds);
    await cache.set('episode', episodes(50), START);
  }
  expect(await held(cache, hotIds)).toBe(20);
  const { entries = 0, sizeBytes = 0, total } = await cache.stats();
  expect(sizeBytes).toBeLessThanOrEqual(maxSizeBytes / 2);
  expect(total?.evictions).toBe(20 + 40 * 50 - entries);
  expect((await cache.get('episode', []))?.at).toEqual(START);
  expect(statSync(join(path, 'lmdb', 'data.mdb')).size).toBeLessThan(2 * maxSizeBytes);
  await cache.close();
});

test('what is larger than an eighth of its room is not kept and drives nothing out [CA-04]', async () => {
  const cache = await openLmdbCache({ path: newPath(), maxSizeBytes: 1_000_000 });
  const [small] = episodes(1) as [ReturnType<typeof anEpisode>];
  await cache.set('episode', [small], START);
  const large = anEpisode({ description: 'x'.repeat(100_000) });
  await cache.set('episode', [large], START);
  await cache.setBlock('large', { mark: '', bytes: new Uint8Array(400_000) });
  expect(await held(cache, [small.id, large.id])).toBe(1);
  expect(await cache.getBlock('large')).toBeUndefined();
  expect((await cache.stats()).total?.evictions).toBe(0);
  await cache.close();
});

test('large blocks are bounded too: the one that was not read for longest goes [CA-04] [CA-05]', async () => {
  const cache = await openLmdbCache({ path: newPath(), maxSizeBytes: 2_000_000 });
  for (const key of ['a', 'b', 'c', 'd']) await cache.setBlock(key, { mark: key, bytes: new Uint8Array(300_000) });
  const marks = await Promise.all(['a', 'b', 'c', 'd'].map(async (key) => (await cache.getBlock(key))?.mark));
  expect(marks.filter((mark) => mark !== undefined)).toHaveLength(2);
  expect(marks[3]).toBe('d');
  expect((await cache.stats()).sizeBytes).toBeLessThanOrEqual(750_000);
  await cache.close();
});

test('what is older than its time is not given back, and is swept away [CA-04]', async () => {
  let nowMs = Date.now();
  const cache = await openLmdbCache({ path: newPath(), ttlMs: 60_000, clock: () => nowMs });
  const old = episodes(30);
  const ids = old.map(({ id }) => id);
  await cache.set('episode', old, START);
  for (const sizeBytes of [10, 100_000]) {
    await cache.setBlock(String(sizeBytes), { mark: '', bytes: new Uint8Array(sizeBytes) });
  }
  nowMs += 59_000;
  expect(await held(cache, ids)).toBe(30);
  nowMs += 10_000;
  expect(await held(cache, ids)).toBe(0);
  expect(await cache.getBlock('10')).toBeUndefined();
  expect(await cache.getBlock('100000')).toBeUndefined();
  const [young] = episodes(1) as [ReturnType<typeof anEpisode>];
  for (let write = 0; write < 8; write += 1) await cache.set('episode', [young], START);
  await cache.setBlock('young', { mark: '', bytes: new Uint8Array(100_000) });
  expect(await cache.stats()).toMatchObject({ entries: 2, total: { expired: 32 } });
  await cache.close();
});

test('hits, misses and evictions are what happened, for this process and over restarts [CA-04]', async () => {
  const path = newPath();
  const kept = episodes(3);
  const ids = kept.map(({ id }) => id);
  const first = await openLmdbCache({ path });
  expect(await held(first, ids)).toBe(0);
  await first.set('episode', kept, START);
  for (let read = 0; read < 400; read += 1) expect(await held(first, ids)).toBe(3);
  await first.setBlock('block', { mark: '', bytes: Uint8Array.of(1) });
  await first.getBlock('block');
  await first.getBlock('no block');
  const counts = { hits: 1_201, misses: 4, evictions: 0, expired: 0 };
  expect(await first.stats()).toMatchObject({ state: 'open', process: counts, total: counts, entries: 4 });
  await first.close();
  const second = await openLmdbCache({ path });
  await held(second, [...ids, 'unknown']);
  expect(await second.stats()).toMatchObject({
    process: { hits: 3, misses: 1, evictions: 0, expired: 0 },
    total: { hits: 1_204, misses: 5, evictions: 0, expired: 0 },
    entries: 4,
  });
  await second.close();
});

test('a file from before the machine started is not trusted: nothing of it was flushed [CA-03]', async () => {
  const path = newPath();
  const kept = episodes(1);
  const first = await openLmdbCache({ path });
  await first.set('episode', kept, START);
  await first.close();
  utimesSync(join(path, 'lmdb', 'data.mdb'), 1, 1);
  const second = await openLmdbCache({ path });
  expect(await second.stats()).toMatchObject({ state: 'open', entries: 0 });
  await second.close();
});
