// Vectors for what is stored: given in the background, by embedders that fail, hang, refuse and cost money.
import {
  embeddedTexts,
  embeddingId,
  inMemoryCache,
  inMemoryStore,
  MemoryError,
  openMemory,
  textHash,
  uuidV7Source,
} from '@episodica/memory-core';
import { type Embedder, type MemoryStore, silentLogger } from '@episodica/memory-core/ports';
import { aCompletedEpisode, anEpisode, aPattern, fakeEmbedder, faultyStore, put, remove } from '@episodica/test-utils';
import { afterEach, expect, test } from 'vitest';
import { type EmbeddingQueue, type EmbeddingQueueOptions, embeddingQueue } from '../src/embed/drain.ts';

const queues: EmbeddingQueue[] = [];

afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.close();
});

/** A queue whose later attempts come at once, and that ends with the test. */
function queueOver(
  store: MemoryStore,
  embedder: Embedder,
  { clock = Date.now, ...options }: EmbeddingQueueOptions & { readonly clock?: () => number } = {},
): EmbeddingQueue {
  const context = {
    ...{ store, clock, newId: uuidV7Source(), logger: silentLogger },
    ...{ actor: 'test', project: undefined },
  };
  const queue = embeddingQueue(context, embedder, { pauses: { firstMs: 1, maxMs: 2 }, ...options });
  queues.push(queue);
  return queue;
}

/** Episodes with these tasks, the last of them the newest. */
async function storeWith(...tasks: readonly string[]) {
  const store = inMemoryStore();
  const episodes = tasks.map((description, index) =>
    anEpisode({ description, startedAt: new Date(Date.UTC(2026, 10, 21, 10, index)).toISOString() }),
  );
  await store.write(episodes.map((episode) => put('episode', episode)));
  return { store, episodes };
}

async function embeddingsIn(store: MemoryStore) {
  const found = [];
  for await (const embedding of store.scan('embedding', {})) found.push(embedding);
  return found;
}

const outage = () => new MemoryError('EMBEDDER_FAILED', 'Nobody is there.', { retryable: true });
const refusal = () => new MemoryError('EMBEDDER_FAILED', 'This is turned down.');

/** What happens is awaited, and never slept for. */
function signalled(): { readonly happened: Promise<void>; readonly happen: () => void } {
  let happen: () => void = () => undefined;
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happened, happen };
}

test('what is stored gets the vectors of its texts, the newest episodes first [EM-03]', async () => {
  const { store, episodes } = await storeWith('first task', 'second task');
  const recovery = { failedStep: 1, fixedStep: 2, tool: 'bash', action: 'test', fix: [] };
  const ended = aCompletedEpisode({
    description: 'third task',
    startedAt: '2026-11-22T00:00:00.000Z',
    recoveries: [
      { ...recovery, error: 'E1' },
      { ...recovery, error: ' ' },
      { ...recovery, error: 'E2' },
    ],
  });
  const pattern = aPattern({ tools: ['grep', 'edit'], scope: { domain: 'web' } });
  await store.write([put('episode', ended), put('pattern', pattern)]);
  const embedder = fakeEmbedder();
  const queue = queueOver(store, embedder);
  expect(await queue.pending({})).toEqual({ count: 4 });
  expect(await queue.now({})).toBe(4);
  expect(embedder.calls).toEqual([['third task', 'E1', 'E2', 'second task', 'first task', 'grep edit web']]);
  const [of] = await store.getMany('embedding', [embeddingId(ended.id, 'fake/1')]);
  expect(of).toEqual({
    ...{ id: embeddingId(ended.id, 'fake/1'), version: 1, ownerKind: 'episode', ownerId: ended.id },
    ...{ model: 'fake/1', dimensions: 16, textHash: textHash(embeddedTexts(ended)) },
    vectors: await embedder.embed(['third task', 'E1', 'E2'], { purpose: 'document' }),
  });
  expect(await embeddingsIn(store)).toHaveLength(episodes.length + 2);
  expect(await store.getMany('model', ['fake/1'])).toMatchObject([{ id: 'fake/1', dimensions: 16 }]);
  expect(await queue.pending({})).toEqual({ count: 0 });
});

test('batches are no larger than the embedder takes, and the same text is asked for once [EM-03]', async () => {
  const tasks = Array.from({ length: 250 }, (_, index) => `task ${index % 60}`);
  const { store } = await storeWith(...tasks);
  const sizes: number[] = [];
  const watched: MemoryStore = {
    ...store,
    write(batch, options) {
      sizes.push(batch.length);
      return store.write(batch, options);
    },
  };
  const embedder = fakeEmbedder({ maxBatch: 40 });
  expect(await queueOver(watched, embedder).now({})).toBe(250);
  const asked = embedder.calls.flat();
  expect(Math.max(...embedder.calls.map(({ length }) => length))).toBeLessThanOrEqual(40);
  expect(asked).toHaveLength(60);
  expect(new Set(asked).size).toBe(60);
  expect(sizes).toEqual([41, 40, 40, 40, 40, 40, 10]);
  const large = fakeEmbedder({ model: 'fake/2', maxBatch: 10_000 });
  sizes.length = 0;
  await queueOver(watched, large).now({});
  expect(sizes).toEqual([101, 100, 50]);
});

test('an embedder that is away loses nothing, is told of, and is gone on with by itself when it is back [EM-03]', async () => {
  const { store, episodes } = await storeWith('one', 'two');
  let isAway = true;
  const triedOften = signalled();
  const embedder = fakeEmbedder({
    before() {
      if (embedder.calls.length === 5) triedOften.happen();
      if (isAway) throw outage();
    },
  });
  const queue = queueOver(store, embedder);
  queue.soon();
  await triedOften.happened;
  await queue.settled();
  expect(await queue.pending({})).toEqual({
    count: 2,
    failure: expect.objectContaining({ message: 'Nobody is there.' }),
  });
  expect(await embeddingsIn(store)).toEqual([]);
  isAway = false;
  const done = signalled();
  const { write } = store;
  store.write = async (batch, options) => {
    const receipt = await write(batch, options);
    done.happen();
    return receipt;
  };
  await done.happened;
  await queue.settled();
  expect(await embeddingsIn(store)).toHaveLength(episodes.length);
  expect(await queue.pending({})).toEqual({ count: 0 });
});

test('a run that is cut off between the answer of the embedder and the write is done again without asking it [EM-03]', async () => {
  const { store } = await storeWith('one', 'two');
  const cache = inMemoryCache();
  const embedder = fakeEmbedder({ isRemote: true });
  const broken = faultyStore(store, [{ verb: 'write', call: 2, when: 'before' }]);
  await expect(queueOver(broken, embedder, { cache }).now({})).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(await embeddingsIn(store)).toEqual([]);
  expect(await queueOver(store, embedder, { cache }).now({})).toBe(2);
  expect(embedder.calls).toEqual([['two', 'one']]);
});

test('a text that the embedder turns down for good is not in the way of others, nor asked again until it changes [EM-03]', async () => {
  const { store, episodes } = await storeWith('good', 'far too long', 'better', 'best', 'fine');
  const embedder = fakeEmbedder({
    before(texts) {
      if (texts.includes('far too long')) throw refusal();
    },
  });
  const recovery = { failedStep: 1, fixedStep: 2, tool: 'bash', action: 'test', error: 'far too long', fix: [] };
  const partly = aCompletedEpisode({ description: 'good in part', recoveries: [recovery] });
  await store.write([put('episode', partly)]);
  const queue = queueOver(store, embedder);
  expect(await queue.now({})).toBe(6);
  expect(await store.getMany('embedding', [embeddingId(partly.id, 'fake/1')])).toMatchObject([{ vectors: [] }]);
  const [, long] = episodes;
  const [refused] = await store.getMany('embedding', [embeddingId(long!.id, 'fake/1')]);
  expect(refused).toMatchObject({ vectors: [], textHash: textHash(embeddedTexts(long!)) });
  expect((await embeddingsIn(store)).filter(({ vectors }) => vectors.length === 1)).toHaveLength(4);
  const before = embedder.calls.length;
  expect(await queueOver(store, embedder).now({})).toBe(0);
  expect(embedder.calls).toHaveLength(before);
  await store.write([put('episode', { ...long!, version: 2, description: 'short' })]);
  expect(await queue.now({})).toBe(1);
  expect(await store.getMany('embedding', [embeddingId(long!.id, 'fake/1')])).toMatchObject([{ vectors: [{}] }]);
});

test('an embedder that turns everything down, as with a wrong key, is no reason to give a text up [EM-03]', async () => {
  const { store } = await storeWith('one', 'two', 'three');
  const embedder = fakeEmbedder({
    before() {
      throw refusal();
    },
  });
  await expect(queueOver(store, embedder).now({})).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' });
  expect(embedder.calls).toHaveLength(2);
  expect(await embeddingsIn(store)).toEqual([]);
});

test('what changes while it is embedded is due again, and what is forgotten meanwhile leaves the others alone [EM-03]', async () => {
  const { store, episodes } = await storeWith('one', 'two', 'three');
  const [changed, gone] = episodes;
  const embedder = fakeEmbedder({
    async before() {
      if (embedder.calls.length > 1) return;
      await store.write([
        put('episode', { ...changed!, version: 2, description: 'other' }),
        remove('episode', gone!.id),
      ]);
    },
  });
  const queue = queueOver(store, embedder);
  await queue.now({});
  expect(await queue.pending({})).toEqual({ count: 1 });
  expect(await embeddingsIn(store)).toHaveLength(2);
  expect(await queue.now({})).toBe(1);
  expect(embedder.calls).toEqual([['three', 'two', 'one'], ['other']]);
});

test('what is new is found by the journal, without a look at all there is [EM-03]', async () => {
  const { store, episodes } = await storeWith('one', 'two');
  const scans: unknown[] = [];
  const watched: MemoryStore = {
    ...store,
    scan(kind, filter, options) {
      scans.push([kind, filter]);
      return store.scan(kind, filter, options);
    },
  };
  const embedder = fakeEmbedder();
  const queue = queueOver(watched, embedder);
  await queue.now({});
  expect(scans).toHaveLength(2);
  expect(await queue.now({})).toBe(0);
  expect(scans).toHaveLength(2);
  const third = anEpisode({ description: 'three' });
  await store.write([put('episode', third), put('episode', { ...episodes[0]!, version: 2 })]);
  expect(await queue.now({})).toBe(1);
  expect(scans.slice(2)).toEqual([
    ['episode', { embeddingDue: 'fake/1', order: 'newest', ids: [third.id, episodes[0]!.id] }],
  ]);
});

test('two processes on one store pay a remote embedder for each text once [EM-03]', async () => {
  const tasks = Array.from({ length: 30 }, (_, index) => `task ${index}`);
  const { store } = await storeWith(...tasks);
  const asked: string[] = [];
  const remote = () => fakeEmbedder({ isRemote: true, maxBatch: 4, before: (texts) => void asked.push(...texts) });
  const several = [queueOver(store, remote()), queueOver(store, remote()), queueOver(store, remote())];
  const counts = await Promise.all(several.map((queue) => queue.now({})));
  expect(counts.toSorted((a, b) => a - b)).toEqual([0, 0, 30]);
  expect(asked.toSorted()).toEqual(tasks.toSorted());
  expect((await store.getMany('model', ['fake/1']))[0]).not.toHaveProperty('lease');
  await store.write([put('episode', anEpisode({ description: 'later' }))]);
  expect(await several[1]!.now({})).toBe(1);
});

test('the place of a process that died is taken when it has been silent for long enough [EM-03]', async () => {
  const { store } = await storeWith('one');
  let nowMs = Date.UTC(2026, 10, 21);
  const clock = () => nowMs;
  const died = { holder: 'dead', until: new Date(nowMs + 60_000).toISOString() };
  await store.write([put('model', { id: 'fake/1', version: 7, dimensions: 16, lease: died, noise: 0.1 })]);
  const embedder = fakeEmbedder({ isRemote: true });
  const queue = queueOver(store, embedder, { clock });
  expect(await queue.now({})).toBe(0);
  expect(embedder.calls).toEqual([]);
  nowMs += 60_000;
  expect(await queue.now({})).toBe(1);
  expect(await store.getMany('model', ['fake/1'])).toEqual([{ id: 'fake/1', version: 9, dimensions: 16, noise: 0.1 }]);
});

test('who was silent for too long stores what was paid for, and leaves the rest to the one that took over [EM-03]', async () => {
  const { store } = await storeWith('one', 'two');
  const lease = { holder: 'another', until: '2999-01-01T00:00:00.000Z' };
  const embedder = fakeEmbedder({
    isRemote: true,
    maxBatch: 1,
    before: () => store.write([put('model', { id: 'fake/1', version: 100, lease })]),
  });
  expect(await queueOver(store, embedder).now({})).toBe(0);
  expect(await embeddingsIn(store)).toHaveLength(1);
  expect(embedder.calls).toEqual([['two']]);
  expect(await store.getMany('model', ['fake/1'])).toEqual([{ id: 'fake/1', version: 100, lease }]);
});

test('another model gets vectors of its own; those of the first stay, and going back costs nothing [EM-04]', async () => {
  const { store } = await storeWith('one', 'two');
  const first = fakeEmbedder();
  await queueOver(store, first).now({});
  const second = fakeEmbedder({ model: 'fake/2', dimensions: 8 });
  expect(await queueOver(store, second).now({})).toBe(2);
  const found = await embeddingsIn(store);
  expect(found.map(({ model, dimensions }) => `${model} ${dimensions}`).toSorted()).toEqual([
    ...['fake/1 16', 'fake/1 16'],
    ...['fake/2 8', 'fake/2 8'],
  ]);
  expect(await queueOver(store, first).now({})).toBe(0);
  expect(first.calls).toHaveLength(1);
});

test('a model whose vectors have another length under the same name is refused, and nothing of it is stored [EM-04]', async () => {
  const { store } = await storeWith('one');
  await queueOver(store, fakeEmbedder()).now({});
  const later = anEpisode({ description: 'two' });
  await store.write([put('episode', later)]);
  const before = await embeddingsIn(store);
  const { seq } = await store.changes(0);
  const mixed = queueOver(store, fakeEmbedder({ dimensions: 8 }));
  await expect(mixed.now({})).rejects.toMatchObject({
    code: 'EMBEDDER_FAILED',
    message: expect.stringMatching(/fake\/1 gives vectors of 8 numbers.*have 16; nothing was stored.*another name/u),
  });
  expect(await embeddingsIn(store)).toEqual(before);
  expect((await store.changes(0)).seq).toBe(seq);
  expect(await queueOver(store, fakeEmbedder()).now({})).toBe(1);
});

test('closing ends a run between two batches, gives the place back, and tries no more [EM-03]', async () => {
  const { store } = await storeWith('one', 'two', 'three');
  const begun = signalled();
  const embedder = fakeEmbedder({
    isRemote: true,
    maxBatch: 1,
    before: () => embedder.calls.length === 2 && begun.happen(),
  });
  const queue = queueOver(store, embedder);
  queue.soon();
  await begun.happened;
  await queue.close();
  expect((await embeddingsIn(store)).length).toBeLessThan(3);
  expect((await store.getMany('model', ['fake/1']))[0]).not.toHaveProperty('lease');
  queue.soon();
  await expect(queue.now({})).rejects.toMatchObject({ code: 'ABORTED' });
  expect(embedder.calls).toHaveLength(2);
});

test('closing lets a local embedder finish what it has begun [EM-03]', async () => {
  const { store } = await storeWith('one', 'two', 'three');
  const queue = queueOver(store, fakeEmbedder({ maxBatch: 1 }));
  queue.soon();
  await queue.close();
  expect(await embeddingsIn(store)).toHaveLength(3);
});

test('a question that finds episodes without vectors has them made, also where nothing is found [EM-03] [RE-07]', async () => {
  const { store } = await storeWith(...Array.from({ length: 150 }, (_, index) => `task ${index}`));
  const shared = { ...store, close: async () => undefined };
  const first = openMemory({ store: shared });
  await expect(first.search({ text: 'zeppelin' })).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringMatching(/vectors are missing of 150 episodes\. Ask again in a moment\.$/u),
  });
  await first.close();
  expect(await embeddingsIn(store)).toHaveLength(150);
  const second = openMemory({ store: shared });
  expect(await second.search({ text: 'zeppelin' })).toMatchObject({ isAbstained: true, degraded: [] });
  await second.close();
});

test('nothing found while the embedder is away is an error of the embedder, with its own advice [EM-05] [RE-07]', async () => {
  for (const failure of [refusal(), outage()]) {
    const { store } = await storeWith('one task');
    const memory = openMemory({
      store,
      embedder: fakeEmbedder({
        before() {
          throw failure;
        },
      }),
    });
    await expect(memory.catchUp()).rejects.toMatchObject({ code: 'EMBEDDER_FAILED' });
    const { code, retryable } = failure;
    const asking = memory.search({ text: 'zeppelin' });
    await expect(asking).rejects.toMatchObject({ code, retryable, message: expect.stringContaining(failure.message) });
    await expect(asking).rejects.not.toMatchObject({ message: expect.stringContaining('Ask again') });
    await memory.close();
  }
});

test('who gives up a run is told so, and what was stored by then stays [EM-03]', async () => {
  const { store } = await storeWith('one', 'two');
  const controller = new AbortController();
  const embedder = fakeEmbedder({ maxBatch: 1, before: () => embedder.calls.length === 1 && controller.abort() });
  const queue = queueOver(store, embedder);
  await expect(queue.now({ signal: controller.signal })).rejects.toMatchObject({ code: 'ABORTED' });
  expect(await embeddingsIn(store)).toHaveLength(1);
  expect(await queue.now({})).toBe(1);
});

test('an embedder that hangs delays a question no longer than its budget, and answers the next one [EM-05]', async () => {
  const { store } = await storeWith();
  const hanging = signalled();
  const embedder = fakeEmbedder({ isRemote: true, before: () => hanging.happened });
  const queue = queueOver(store, embedder);
  await expect(queue.embedQuery('what', { budgetMs: 20 })).rejects.toMatchObject({
    ...{ code: 'EMBEDDER_FAILED', retryable: true },
    message: expect.stringContaining('within 20 ms'),
  });
  const controller = new AbortController();
  const waiting = queue.embedQuery('what', { budgetMs: 60_000, signal: controller.signal });
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  const [first, second] = [
    queue.embedQuery('what', { budgetMs: 60_000 }),
    queue.embedQuery('what', { budgetMs: 60_000 }),
  ];
  hanging.happen();
  const [expected] = await fakeEmbedder().embed(['what'], { purpose: 'query' });
  expect(await Promise.all([first, second])).toEqual([expected, expected]);
  expect(await queue.embedQuery('what', { budgetMs: 0 })).toEqual(expected);
  expect(embedder.calls).toEqual([['what']]);
});

test('a question that fails is asked anew the next time, and one asked before is answered by the cache [EM-05]', async () => {
  const { store } = await storeWith();
  const cache = inMemoryCache();
  let isAway = true;
  const embedder = fakeEmbedder({
    isRemote: true,
    before() {
      if (isAway) throw outage();
    },
  });
  const queue = queueOver(store, embedder, { cache });
  await expect(queue.embedQuery('what', { budgetMs: 1_000 })).rejects.toThrow('Nobody is there.');
  isAway = false;
  const vector = await queue.embedQuery('what', { budgetMs: 1_000 });
  const other = queueOver(store, embedder, { cache });
  expect(await other.embedQuery('what', { budgetMs: 1_000 })).toEqual(vector);
  expect(embedder.calls).toHaveLength(2);
  const otherModel = fakeEmbedder({ isRemote: true, model: 'fake/2' });
  await queueOver(store, otherModel, { cache }).embedQuery('what', { budgetMs: 1_000 });
  expect(otherModel.calls).toEqual([['what']]);
});

test('what unrelated texts have in common is measured once for each model, and stored beside its name [RE-07]', async () => {
  const { store } = await storeWith('Steer the zeppelin');
  const first = queueOver(store, fakeEmbedder({ noise: 'unknown', dimensions: 64 }));
  expect(await first.noise({})).toBe(0.5);
  await first.now({});
  const noise = await first.noise({});
  expect(noise).toBeGreaterThan(0.1);
  expect(noise).toBeLessThan(0.7);
  const [row] = await store.getMany('model', ['fake/1']);
  expect(row).toMatchObject({ dimensions: 64, noise });
  const embedder = fakeEmbedder({ noise: 'unknown', dimensions: 64 });
  await store.write([put('episode', anEpisode({ description: 'Sail the frigate' }))]);
  const second = queueOver(store, embedder);
  await second.now({});
  expect(embedder.calls).toEqual([['Sail the frigate']]);
  expect(await second.noise({})).toBe(noise);
});
