// Work that has threads of its own: the same answers, and the caller's thread stays free.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { openTursoStore, type TursoStore } from '@episodica/memory-storage-turso';
import { anEpisode, aStep, put, requireOpen } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { jobThreads } from '../src/job-threads.ts';

let directory: string;
let store: TursoStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-threads-'));
  store = await openTursoStore({ url: pathToFileURL(join(directory, 'store.db')).href, durability: 'normal' });
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

/** More text than is written in the caller's thread. */
const LARGE = 'x'.repeat(100_000);

test('a large batch is numbered and journaled like a small one [ST-01] [ST-07]', async () => {
  const episode = anEpisode({ description: LARGE });
  expect(await store.write([put('episode', episode, { ifVersion: 0 })])).toEqual({ seq: 1, stepNumbers: [] });
  const step = (output: string) =>
    put('step', aStep({ episodeId: episode.id, result: { type: 'success', output } }), { ifVersion: 0 });
  expect(await store.write([step('small')])).toEqual({ seq: 2, stepNumbers: [1] });
  expect(await store.write([step(LARGE), step('small')])).toEqual({ seq: 4, stepNumbers: [2, 3] });
  expect(await store.write([step('small')])).toEqual({ seq: 5, stepNumbers: [4] });
  expect(await store.getMany('episode', [episode.id])).toEqual([episode]);
});

test('while a large batch is written, the event loop turns [ST-06]', async () => {
  await store.write([put('episode', anEpisode({ description: LARGE }))]);
  const many = Array.from({ length: 40 }, () => put('episode', anEpisode({ description: LARGE }), { ifVersion: 0 }));
  let turns = 0;
  let isDone = false;
  const turning = (async () => {
    for (; !isDone; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  })();
  await store.write(many);
  isDone = true;
  await turning;
  expect(turns).toBeGreaterThan(20);
});

test('a large batch that is turned down says why and changes nothing [ST-04]', async () => {
  const [episode, unknown] = [anEpisode(), anEpisode()];
  await store.write([put('episode', episode)]);
  const large = put('step', aStep({ episodeId: episode.id, action: LARGE }), { ifVersion: 0 });
  await expect(store.write([large, requireOpen(unknown.id)])).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining(unknown.id),
  });
  await expect(store.write([large, put('episode', episode, { ifVersion: 0 })])).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining(episode.id),
  });
  expect((await store.changes(0)).seq).toBe(1);
  expect(await store.getMany('step', [large.value.id])).toEqual([undefined]);
});

test('scans and searches see what this process has just written [ST-06]', async () => {
  for (let round = 1; round <= 20; round += 1) {
    const episode = anEpisode();
    await store.write([put('episode', episode, { terms: { title: [`round${round}`], body: [`round${round}`] } })]);
    const { hits } = await store.text.match({ kind: 'episode', terms: [`round${round}`], limit: 1 });
    expect(hits.map(({ id }) => id)).toEqual([episode.id]);
    const scanned = [];
    for await (const { id } of store.scan('episode', { ids: [episode.id] })) scanned.push(id);
    expect(scanned).toEqual([episode.id]);
  }
});

/** How many threads of this process run that were started from now on. */
function newThreads(): { readonly count: number; readonly started: number } {
  const threads = { count: 0, started: 0 };
  const onWorker = (worker: Worker): void => {
    threads.count += 1;
    threads.started += 1;
    worker.once('exit', () => {
      threads.count -= 1;
    });
  };
  process.on('worker', onWorker);
  onTestFinished(() => void process.off('worker', onWorker));
  return threads;
}

test('a small store is read without a thread, and a large one in a thread [ST-06] [MC-03]', async () => {
  const threads = newThreads();
  const episode = anEpisode();
  await store.write([put('episode', episode, { terms: { title: ['login'], body: ['login'] } })]);
  const read = async () => {
    const { hits } = await store.text.match({ kind: 'episode', terms: ['login'], limit: 1 });
    const found = [];
    for await (const { id } of store.scan('episode', { ids: [episode.id] })) found.push(id);
    return [...hits.map(({ id }) => id), ...found];
  };
  expect(await read()).toEqual([episode.id, episode.id]);
  // A few of them are more than a small store holds, and each is less than is written in a thread.
  const description = LARGE.slice(0, 50_000);
  for (let written = 0; written < 100; written += 1) await store.write([put('episode', anEpisode({ description }))]);
  expect(threads.started).toBe(0);
  expect(await read()).toEqual([episode.id, episode.id]);
  expect(threads.started).toBe(1);
});

test('a thread that has nothing to do ends, and the next job has another one [ST-06] [MC-03]', async () => {
  const threads = newThreads();
  const file = {
    path: join(directory, 'store.db'),
    busyTimeoutMs: 5_000,
    durability: 'normal',
    use: 'shared',
  } as const;
  const threadUrl = new URL('../dist/store-thread.js', import.meta.url);
  const jobs = jobThreads(file, { idleMs: 1, threadUrl });
  const read = () => jobs.run('read', [{ sql: 'SELECT count(*) AS count FROM episode', args: [] }]);
  for (let round = 1; round <= 3; round += 1) {
    expect(await read()).toMatchObject([{ rows: [{ count: 0 }] }]);
    await expect.poll(() => threads.count, { timeout: 30_000 }).toBe(0);
    expect(threads.started).toBe(round);
  }
  await jobs.close();
  await expect(read()).rejects.toMatchObject({ code: 'CLOSED' });
});

test('while the store is checked, the event loop turns [ST-06]', async () => {
  const body = Array.from({ length: 200 }, (_, index) => `word${index}`);
  const many = Array.from({ length: 500 }, () =>
    put('episode', anEpisode(), { ifVersion: 0, terms: { title: [], body } }),
  );
  await store.write(many);
  let turns = 0;
  let isDone = false;
  const turning = (async () => {
    for (; !isDone; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  })();
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  isDone = true;
  await turning;
  expect(turns).toBeGreaterThan(100);
});

test('many long jobs at once take turns at a few threads, and each is answered [ST-06]', async () => {
  let most = 0;
  const threads = (): number => (process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0);
  const before = threads();
  const counting = setInterval(() => {
    most = Math.max(most, threads());
  }, 1);
  const all = await Promise.all(Array.from({ length: 24 }, () => store.stats()));
  clearInterval(counting);
  expect(all.map(({ journalSeq }) => journalSeq)).toEqual(Array(24).fill(0));
  expect(most - before).toBeLessThan(24);
});

test('closing waits for what its threads are doing [ST-05]', async () => {
  const episode = anEpisode({ description: LARGE });
  const writing = store.write([put('episode', episode)]);
  const scanning = store.text.match({ kind: 'episode', terms: ['login'], limit: 1 });
  await store.close();
  expect((await writing).seq).toBe(1);
  expect(await scanning).toEqual({ hits: [], termsLeftOut: 0 });
  await expect(store.verify()).rejects.toMatchObject({ code: 'CLOSED' });
});
