// What a cache saves: the share of a day's reads that it answers when it is smaller than what is read, beside simpler
// ways to make room; what a read costs in each layer; what repeated questions and large blocks cost.
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  cachedStore,
  type Episode,
  inMemoryCache,
  inMemoryStore,
  layeredCache,
  openMemory,
  START,
} from '@episodica/memory-core';
import type { Block, MemoryCache, MemoryStore, Position } from '@episodica/memory-core/ports';
import { type LmdbCache, openLmdbCache } from '@episodica/memory-storage-lmdb';
import { generatedEpisode, seededRandom } from './corpus.ts';
import { type DayEvent, recordDay } from './day-of-work.ts';
import { timeAlternating, timeCalls } from './measure.ts';
import { makeScratchFolder, openScratchStore, removeFolder } from './scratch-store.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const cache: Suite = {
  name: 'cache',
  about:
    'A day of real runs (tau-bench, 200), each asking the memory at its first three messages: hit ratio at a bound below\n' +
    'what the day reads. Then point reads by layer, repeated questions, large blocks, and the look before opening.',
  run,
};

const BOUNDS = [0.75, 0.5, 0.25];
const MIN_HIT_RATIO = 0.8;
const EPISODES = 1_000;
const LARGE_BLOCK_BYTES = 40_000_000;

async function run(): Promise<SuiteReport> {
  const day = await recordDay();
  const rows = [
    ...(day === undefined ? [] : await hitRatios(day)),
    ...(await costs()),
    ...(await startRows()),
    ...(await sealedRows()),
  ];
  const notes = ['Bound: share of the bytes that the day reads, each cache by its own measure of bytes.'];
  if (day === undefined) notes.push('Hit ratios were not measured: the recorded runs are absent. Set MEMORY_DATASETS.');
  return { rows, notes };
}

async function hitRatios(day: readonly DayEvent[]): Promise<readonly Row[]> {
  const all = 8_000_000_000;
  const whole = { lmdb: await lmdbDay(day, all), lru: await lruDay(day, all) };
  const rows: Row[] = [];
  for (const bound of BOUNDS) {
    const lmdb = await lmdbDay(day, bound * whole.lmdb.sizeBytes);
    const lru = await lruDay(day, bound * whole.lru.sizeBytes);
    const dropping = await droppingDay(day, bound * whole.lru.sizeBytes);
    for (const [name, value] of [
      ['LRU', lru.hitRatio],
      ['drop everything', dropping.hitRatio],
    ] as const) {
      rows.push({
        what: `hit ratio with room for ${bound * 100} %`,
        unit: '',
        value: lmdb.hitRatio,
        baseline: { name, value },
        ...(bound === BOUNDS[0] ? { target: { bound: 'at least', of: 'value', limit: MIN_HIT_RATIO } as const } : {}),
      });
    }
  }
  return rows;
}

interface Day {
  readonly hitRatio: number;
  readonly sizeBytes: number;
}

async function lmdbDay(day: readonly DayEvent[], maxEntitiesBytes: number): Promise<Day> {
  const folder = makeScratchFolder();
  const opened = await openLmdbCache({ path: folder, maxSizeBytes: 2 * maxEntitiesBytes });
  const hitRatio = await replay(day, opened);
  const { sizeBytes = 0 } = await opened.stats();
  await opened.close();
  removeFolder(folder);
  return { hitRatio, sizeBytes };
}

async function lruDay(day: readonly DayEvent[], maxSizeBytes: number): Promise<Day> {
  const lru = inMemoryCache({ maxSizeBytes, maxEntries: 1_000_000 });
  return { hitRatio: await replay(day, lru), sizeBytes: lru.stats().sizeBytes };
}

/** All goes when there is no more room. */
async function droppingDay(day: readonly DayEvent[], maxSizeBytes: number): Promise<Day> {
  const kept = inMemoryCache({ maxSizeBytes: 8_000_000_000, maxEntries: 1_000_000 });
  const hitRatio = await replay(day, {
    ...kept,
    async set(kind, values, at) {
      await kept.set(kind, values, at);
      if (kept.stats().sizeBytes > maxSizeBytes) await kept.move({ from: at, to: at });
    },
  });
  return { hitRatio, sizeBytes: kept.stats().sizeBytes };
}

/** The share of reads that were answered. */
async function replay(day: readonly DayEvent[], replayed: MemoryCache): Promise<number> {
  let at: Position = START;
  let hits = 0;
  let reads = 0;
  for (const event of day) {
    if (event.do === 'write') {
      const to = { seq: at.seq + 1, stamp: 'day' };
      await replayed.move({ from: at, to, changed: event.changed });
      at = to;
      continue;
    }
    const read = await replayed.get(
      event.kind,
      event.values.map(({ id }) => id),
    );
    const missing = event.values.filter((_, index) => read?.values[index] === undefined);
    reads += event.values.length;
    hits += event.values.length - missing.length;
    if (missing.length > 0) await replayed.set(event.kind, missing, at);
  }
  return hits / reads;
}

async function costs(): Promise<readonly Row[]> {
  const scratch = await openScratchStore();
  const memory = openMemory({ store: scratch.store });
  const random = seededRandom(11);
  const ids = (await memory.createEpisodes(Array.from({ length: EPISODES }, () => generatedEpisode(random)))).map(
    ({ id }) => id,
  );
  const far = await openLmdbCache({ path: join(scratch.folder, 'cache') });
  const near = inMemoryCache();
  const stores = {
    store: scratch.store,
    lmdb: cachedStore(scratch.store, far),
    layered: cachedStore(scratch.store, layeredCache(near, far)),
  };
  try {
    return [
      ...(await pointReads(ids, { near, far }, stores)),
      ...(await repeatedQuestions(scratch.store, far)),
      ...(await largeBlocks(far)),
    ];
  } finally {
    await far.close();
    await memory.close();
    scratch.remove();
  }
}

async function pointReads(
  ids: readonly string[],
  caches: { readonly near: MemoryCache; readonly far: MemoryCache },
  stores: { readonly store: MemoryStore; readonly lmdb: MemoryStore; readonly layered: MemoryStore },
): Promise<readonly Row[]> {
  const hot = ids.slice(0, 500);
  await stores.lmdb.getMany('episode', hot);
  await stores.layered.getMany('episode', hot);
  const reader = (from: { getMany(kind: 'episode', ids: readonly string[]): Promise<unknown> }) => (index: number) =>
    from.getMany('episode', [hot[index % hot.length] ?? '']);
  const asReader = (from: MemoryCache) => reader({ getMany: (kind, wanted) => from.get(kind, wanted) });
  const calls = { warmup: 500, calls: 2_000 };
  const row = async (what: string, read: (index: number) => Promise<unknown>): Promise<Row> => {
    const { first, second } = await timeAlternating(calls, read, reader(stores.store));
    const baseline = { name: 'libSQL by id', value: second.medianMs * 1_000 };
    return { what, unit: 'µs', value: first.medianMs * 1_000, p99: first.p99Ms * 1_000, baseline };
  };
  return [
    await row('read of one episode, memory alone', asReader(caches.near)),
    await row('read of one episode, LMDB alone', asReader(caches.far)),
    await row('read of one episode, store with both layers', reader(stores.layered)),
    await row('read of one episode, store with LMDB', reader(stores.lmdb)),
  ];
}

async function repeatedQuestions(store: MemoryStore, far: LmdbCache): Promise<readonly Row[]> {
  const text = store.text;
  const cached = cachedStore(store, layeredCache(inMemoryCache(), far)).text;
  if (text === undefined || cached === undefined) return [];
  const questions = ['cache timeout', 'flaky test retry', 'database migration failed', 'parse the config file'];
  const ask = (from: typeof text) => (index: number) => {
    const terms = (questions[index % questions.length] ?? '').split(' ');
    return from.match({ kind: 'episode', terms, limit: 50 });
  };
  const { first, second } = await timeAlternating({ warmup: 20, calls: 400 }, ask(cached), ask(text));
  return [
    {
      what: `a question asked before, over ${EPISODES} episodes`,
      unit: 'µs',
      value: first.medianMs * 1_000,
      p99: first.p99Ms * 1_000,
      baseline: { name: 'text index', value: second.medianMs * 1_000 },
    },
  ];
}

async function largeBlocks(far: LmdbCache): Promise<readonly Row[]> {
  const bytes = Buffer.alloc(LARGE_BLOCK_BYTES, 7);
  const works = [
    ['keeping a block of 40 MB', () => far.setBlock('index', { mark: 'm', bytes })],
    ['reading a block of 40 MB', () => far.getBlock('index')],
  ] as const;
  const rows: Row[] = [];
  for (const [what, work] of works) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const timing = await timeCalls({ warmup: 1, calls: 5 }, work);
    delay.disable();
    rows.push({ what, unit: 'ms', value: timing.medianMs, p99: timing.p99Ms });
    const value = delay.max / 1_000_000;
    rows.push({
      what: `${what}: event loop held`,
      unit: 'ms',
      value,
      target: { bound: 'at most', of: 'value', limit: 50 },
    });
  }
  return rows;
}

/** Opening a cache that was closed, and one that was not: the time until it is of use. */
async function startRows(): Promise<readonly Row[]> {
  const folder = makeScratchFolder();
  const random = seededRandom(12);
  const filled = await openLmdbCache({ path: folder });
  for (let index = 0; index < EPISODES; index += 1) {
    const bytes = Buffer.from(JSON.stringify(generatedEpisode(random)));
    await filled.setBlock(String(index), { mark: '', bytes });
  }
  await filled.close();
  const opened = async (): Promise<number> => {
    const startedMs = performance.now();
    const again = await openLmdbCache({ path: folder });
    await again.settled();
    const tookMs = performance.now() - startedMs;
    await again.close();
    return tookMs;
  };
  const closed = await opened();
  await rm(join(folder, 'lmdb.sound'));
  const left = await opened();
  removeFolder(folder);
  const what = `opening a cache of ${EPISODES} entries`;
  return [
    { what: `${what} that was closed`, unit: 'ms', value: closed },
    { what: `${what} that was not: until it is of use`, unit: 'ms', value: left },
  ];
}

/** Distinct episodes that are kept and read. */
const SEALED_EPISODES = 500;

/** What a key costs: each call beside the same one of a cache in plain text. */
async function sealedRows(): Promise<readonly Row[]> {
  const folder = makeScratchFolder();
  const episodes = await episodesOf1kB();
  const sealed = await openLmdbCache({ path: join(folder, 'sealed'), encryptionKey: randomBytes(32).toString('hex') });
  const plain = await openLmdbCache({ path: join(folder, 'plain') });
  const [small, large] = [blockOf(60_000), blockOf(1_000_000)];
  const some = episodes.slice(0, 50).map(({ id }) => id);
  const nth = (index: number): readonly Episode[] =>
    [episodes[index % episodes.length]].filter((one) => one !== undefined);
  const calls: readonly (readonly [string, (cache: LmdbCache, index: number) => Promise<unknown>])[] = [
    ['set of an episode of 1 kB', (cache, index) => cache.set('episode', nth(index), START)],
    [
      'get of an episode of 1 kB',
      (cache, index) =>
        cache.get(
          'episode',
          nth(index).map(({ id }) => id),
        ),
    ],
    ['get of 50 episodes', (cache) => cache.get('episode', some)],
    ['setting a block of 60 kB', (cache) => cache.setBlock('small', small)],
    ['getting a block of 60 kB', (cache) => cache.getBlock('small')],
    ['setting a block of 1 MB', (cache) => cache.setBlock('large', large)],
    ['getting a block of 1 MB', (cache) => cache.getBlock('large')],
  ];
  try {
    const rows: Row[] = [];
    for (const [what, call] of calls) {
      const { first, second } = await timeAlternating(
        { warmup: SEALED_EPISODES, calls: 1_000 },
        (index) => call(sealed, index),
        (index) => call(plain, index),
      );
      const baseline = { name: 'in plain text', value: second.medianMs * 1_000 };
      rows.push({
        what: `with a key: ${what}`,
        unit: 'µs',
        value: first.medianMs * 1_000,
        p99: first.p99Ms * 1_000,
        baseline,
      });
    }
    return rows;
  } finally {
    await sealed.close();
    await plain.close();
    removeFolder(folder);
  }
}

async function episodesOf1kB(): Promise<readonly Episode[]> {
  const memory = openMemory({ store: inMemoryStore() });
  const random = seededRandom(13);
  const inputs = Array.from({ length: SEALED_EPISODES }, () => {
    const input = generatedEpisode(random);
    return { ...input, description: input.description.repeat(20).slice(0, 1_000) };
  });
  const created = await memory.createEpisodes(inputs);
  const episodes = await memory.getEpisodes(created.map(({ id }) => id));
  await memory.close();
  return episodes.filter((episode) => episode !== undefined);
}

function blockOf(sizeBytes: number): Block {
  return { mark: 'm', bytes: randomBytes(sizeBytes) };
}
