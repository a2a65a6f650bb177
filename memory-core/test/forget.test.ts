// Forgetting: what goes, what stays, and that it is as if it had never been.
import { type EpisodeInput, inMemoryCache, inMemoryStore, type Memory, openMemory } from '@episodica/memory-core';
import type { Block, EpisodeFilter, MemoryCache, MemoryStore, Write } from '@episodica/memory-core/ports';
import { anEmbedding, fakeEmbedder, put } from '@episodica/test-utils';
import fc from 'fast-check';
import { expect, test } from 'vitest';

interface Attempt {
  readonly tools: readonly string[];
  readonly kind: 'success' | 'failure' | 'abstained' | 'open';
  readonly domain: string | undefined;
}

async function attempted(memory: Memory, attempt: Attempt, input: Partial<EpisodeInput> = {}): Promise<string> {
  const { kind, domain, tools } = attempt;
  const [episode] = await memory.createEpisodes([{ description: 'Deploy the zebra service', domain, ...input }]);
  const { id } = episode!;
  await memory.addSteps(
    id,
    tools.map((tool) => ({ tool, action: 'go' })),
  );
  if (kind !== 'open') await memory.completeEpisode(id, { kind });
  return id;
}

/** A store that remembers its batches. */
function watched(): { readonly store: MemoryStore; readonly batches: (readonly Write[])[] } {
  const store = inMemoryStore();
  const batches: (readonly Write[])[] = [];
  return {
    batches,
    store: {
      ...store,
      write(batch, options) {
        batches.push(batch);
        return store.write(batch, options);
      },
    },
  };
}

/** All that was learnt in a store, without versions and times. */
async function learnt(store: MemoryStore): Promise<unknown> {
  const patterns = [];
  for await (const { version, firstSeen, lastSeen, history, kept, ...rest } of store.scan('pattern', {})) {
    patterns.push({ ...rest, kept: kept?.episodes, keptSuccesses: kept?.successes });
  }
  const baselines = [];
  for await (const { version, learnt: _state, ...rest } of store.scan('baseline', {})) baselines.push(rest);
  let evidence = 0;
  for await (const _ of store.scan('evidence', {})) evidence += 1;
  const terms = ['build', 'push'];
  const indexed = (await store.text!.match({ kind: 'pattern', terms, limit: 100 })).hits.map(({ id }) => id).toSorted();
  return { patterns, baselines, evidence, indexed };
}

const attempts = fc.array(
  fc.record({
    tools: fc.constantFrom(['build', 'push'], ['push', 'build', 'push'], ['build']),
    kind: fc.constantFrom('success', 'failure', 'abstained', 'open'),
    domain: fc.constantFrom('ops', undefined),
    isForgotten: fc.boolean(),
    isLearnt: fc.boolean(),
  }),
  { maxLength: 14 },
);

test('what was learnt of many and then forgotten in part is as if the rest alone had been learnt [EP-06 LE-06]', async () => {
  await fc.assert(
    fc.asyncProperty(attempts, async (all) => {
      const [whole, rest] = [inMemoryStore(), inMemoryStore()];
      const [memory, other] = [openMemory({ store: whole }), openMemory({ store: rest })];
      const ids: string[] = [];
      for (const attempt of all) {
        const id = await attempted(memory, attempt);
        if (attempt.isLearnt) await memory.learnPending();
        if (attempt.isForgotten) ids.push(id);
        else await attempted(other, attempt);
      }
      const receipt = await memory.forget({ ids });
      expect(receipt.episodes).toBe(ids.length);
      await memory.learnPending();
      await other.learnPending();
      expect(await learnt(whole)).toEqual(await learnt(rest));
    }),
    { numRuns: 60 },
  );
});

test('however many go, it is one commit, and a tombstone of each stays [EP-06]', async () => {
  const { store, batches } = watched();
  const memory = openMemory({ store, embedder: 'none' });
  const inputs = Array.from({ length: 1_000 }, () => ({ description: 'Many', project: 'p' }));
  await memory.createEpisodes(inputs);
  await memory.createEpisodes([...inputs.slice(1), { description: 'Another', project: 'q' }]);
  batches.length = 0;
  const receipt = await memory.forget({ project: 'p' });
  expect(batches).toHaveLength(1);
  expect(receipt).toMatchObject({ episodes: 1_999, textEntries: 1_999, steps: 0 });
  expect(receipt.episodeIds).toHaveLength(1_000);
  const tombstones = [];
  for await (const { id } of store.scan('tombstone', {})) tombstones.push(id);
  expect(tombstones).toHaveLength(1_999);
  const left = [];
  for await (const { description } of memory.listEpisodes()) left.push(description);
  expect(left).toEqual(['Another']);
});

test('vectors go with their episodes and patterns, by whichever model, and the receipt counts them [EP-06]', async () => {
  const store = inMemoryStore();
  const memory = openMemory({ store, embedder: 'none' });
  const ids: string[] = [];
  const others: string[] = [];
  const make = (tools: readonly string[], domain: string, session: string): Promise<string> =>
    attempted(memory, { tools, kind: 'success', domain }, { source: { session } });
  for (let count = 0; count < 5; count += 1) {
    ids.push(await make(['build', 'push'], 'ops', count < 2 ? 'gone' : 'kept'));
  }
  for (let count = 0; count < 3; count += 1) others.push(await make(['read', 'write'], 'docs', 'gone'));
  await memory.learnPending();
  const patterns = [];
  for await (const { id, support } of store.scan('pattern', {})) patterns.push({ id, support });
  await store.write([
    ...[...ids, ...others].map((ownerId) => put('embedding', anEmbedding({ ownerId }))),
    put('embedding', anEmbedding({ ownerId: ids[0]!, model: 'test/2', vectors: [] })),
    put('embedding', anEmbedding({ ownerId: ids[1]!, model: 'test/2' })),
    ...patterns.map(({ id }) => put('embedding', anEmbedding({ ownerKind: 'pattern', ownerId: id }))),
  ]);
  const gonePatterns = patterns.filter(({ support }) => support === 3);
  const expected = { episodes: 5, patterns: { gone: gonePatterns.length }, vectors: 12 + 2 * gonePatterns.length };
  expect(gonePatterns.length).toBeGreaterThan(0);
  expect(patterns.length).toBeGreaterThan(gonePatterns.length);
  expect(await memory.forget({ session: 'gone' }, { dryRun: true })).toMatchObject(expected);
  expect(await memory.forget({ session: 'gone' })).toMatchObject(expected);
  const left = [];
  for await (const { ownerId } of store.scan('embedding', {})) left.push(ownerId);
  const kept = patterns.filter(({ support }) => support > 3).map(({ id }) => id);
  expect(left.toSorted()).toEqual([...ids.slice(2), ...kept].toSorted());
  await memory.close();
});

test('the receipt of a dry run is that of the forgetting, and nothing is written [EP-06]', async () => {
  const { store, batches } = watched();
  const memory = openMemory({ store });
  for (let i = 0; i < 4; i += 1) await attempted(memory, { tools: ['a', 'b'], kind: 'success', domain: 'ops' });
  await memory.learnPending();
  batches.length = 0;
  const told = await memory.forget({ domain: 'ops' }, { dryRun: true });
  expect(batches).toEqual([]);
  expect(told).toMatchObject({ episodes: 4, steps: 8, evidence: 4, patterns: { gone: 1 }, textEntries: 5 });
  expect(await memory.forget({ domain: 'ops' })).toEqual({ ...told, isDryRun: false });
  expect(await memory.listPatterns()).toEqual([]);
  expect(await memory.forget({ domain: 'ops' })).toMatchObject({ episodes: 0, isDryRun: false });
  expect(batches).toHaveLength(1);
});

test('a source, a session, a way of capture or a time narrows what is forgotten [EP-06]', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const memory = openMemory({ store: inMemoryStore(), clock: () => now });
  const make = async (source: EpisodeInput['source']): Promise<string> =>
    attempted(memory, { tools: ['a'], kind: 'open', domain: undefined }, { source });
  const old = await make({ agent: 'one' });
  now += 86_400_000;
  const ids = [await make({ agent: 'two' }), await make({ session: 's' }), await make({ capturedFrom: 'cli' })];
  const filters: readonly [EpisodeFilter, string | undefined][] = [
    [{ until: '2026-01-02T00:00:00.000Z' }, old],
    [{ agent: 'two' }, ids[0]],
    [{ session: 's' }, ids[1]],
    [{ capturedFrom: 'cli' }, ids[2]],
  ];
  for (const [filter, id] of filters) expect((await memory.forget(filter)).episodeIds).toEqual([id]);
  for await (const left of memory.listEpisodes()) expect(left).toBeUndefined();
});

test('an episode that changes between reading and forgetting is read again, and goes with what it got [EP-06]', async () => {
  const store = inMemoryStore();
  const other = openMemory({ store });
  for (let i = 0; i < 3; i += 1) await attempted(other, { tools: ['a', 'b'], kind: 'success', domain: 'ops' });
  await other.learnPending();
  const late = await attempted(other, { tools: ['a', 'b'], kind: 'open', domain: 'ops' });
  let writes = 0;
  const memory = openMemory({
    store: {
      ...store,
      async write(batch, options) {
        writes += 1;
        if (writes === 1) {
          await other.completeEpisode(late, { kind: 'failure' });
          await other.learnPending();
        }
        return store.write(batch, options);
      },
    },
  });
  expect(await memory.forget({ ids: [late] })).toMatchObject({ episodes: 1, evidence: 1, patterns: { weakened: 1 } });
  expect(writes).toBeGreaterThan(1);
  expect(await memory.listPatterns()).toMatchObject([
    { pattern: { support: 3, successes: 3 }, figures: { baseRate: 1 } },
  ]);
});

test('when others are always faster nothing is forgotten, and the caller is told [EP-06]', async () => {
  const store = inMemoryStore();
  const other = openMemory({ store });
  const ids: string[] = [];
  for (let i = 0; i < 2; i += 1) ids.push(await attempted(other, { tools: [], kind: 'open', domain: undefined }));
  let count = 0;
  const memory = openMemory({
    store: {
      ...store,
      async write(batch, options) {
        count += 1;
        await other.updateEpisode(ids[1]!, { metadata: { count } });
        return store.write(batch, options);
      },
    },
  });
  await expect(memory.forget({ ids })).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await other.getEpisodes(ids)).toMatchObject([{ id: ids[0] }, { id: ids[1] }]);
  expect(await store.getMany('tombstone', ids)).toEqual([undefined, undefined]);
});

test('a recommendation goes with the project it was asked for in, or with the task that it repeats [EP-06]', async () => {
  const store = inMemoryStore();
  const memory = openMemory({ store });
  const attempt: Attempt = { tools: ['a'], kind: 'success', domain: undefined };
  const inProject = await attempted(memory, attempt, { description: 'Deploy the zebra', project: 'secret' });
  const shared = await attempted(memory, attempt, { description: 'Deploy the shared zebra' });
  const ask = async (description: string, project?: string): Promise<string> =>
    (await memory.recommend({ description, project })).recommendationId;
  const words = [await ask('zebra of this project', 'secret'), await ask('Deploy the shared zebra')];
  const other = await ask('some zebra of another', 'open');
  await memory.recordFeedback({ recommendationId: other, applied: [shared], isSuccess: true });

  expect(await memory.forget({ project: 'secret' })).toMatchObject({ recommendations: { gone: 1, changed: 0 } });
  expect(await memory.getEpisode(inProject)).toBeUndefined();
  expect((await memory.forget({ ids: [shared] })).recommendations).toEqual({ gone: 1, changed: 1 });
  expect(await store.getMany('recommendation', words)).toEqual([undefined, undefined]);
  expect(await store.getMany('recommendation', [other])).toMatchObject([
    { description: 'some zebra of another', episodeIds: [], feedback: { applied: [], isSuccess: true } },
  ]);
});

/** Enough words, in some hundred episodes, for parts of the index that never change. */
const WAVES: string = Array.from({ length: 120 }, (_, index) => `wave${index}`).join(' ');

/** A cache whose blocks can be looked at, and that outlives its users. */
function openBlocks(): { readonly cache: MemoryCache; readonly blocks: Map<string, Block> } {
  const blocks = new Map<string, Block>();
  const cache: MemoryCache = {
    ...inMemoryCache(),
    getBlock: async (key) => blocks.get(key),
    setBlock: async (key, { mark, bytes }) => void blocks.set(key, { mark, bytes: Uint8Array.from(bytes) }),
    close: async () => undefined,
  };
  return { cache, blocks };
}

test('words and vectors of what is forgotten leave the blocks of the cache, and no other memory brings them back [EP-06]', async () => {
  const store = { ...inMemoryStore(), close: async () => undefined };
  const { cache, blocks } = openBlocks();
  const open = (): Memory => openMemory({ store, cache, embedder: fakeEmbedder({ isRemote: true, dimensions: 64 }) });
  const task = 'Steer the zeppelin';
  const [vector] = await fakeEmbedder({ dimensions: 64 }).embed([task], { purpose: 'document' });
  const traces = (): readonly string[] =>
    [...blocks].flatMap(([key, { bytes }]) => {
      const held = Buffer.from(bytes);
      return held.includes('zeppelin', 0, 'utf16le') || held.includes(Buffer.from(vector!.buffer)) ? [key] : [];
    });
  const first = open();
  const { episode } = await first.createEpisode({ description: task });
  const others = Array.from({ length: 130 }, (_, index) => ({ description: `Sail frigate ${index}` }));
  await first.createEpisodes(others);
  await first.catchUp();
  await first.search({ text: task });
  await first.close();
  expect(traces().filter((key) => key.startsWith('embedding-'))).toHaveLength(2);
  expect(traces().filter((key) => key.startsWith('index-'))).not.toEqual([]);

  const before = [...blocks];
  const reader = open();
  expect((await reader.search({ text: task })).episodes[0]?.episode.id).toBe(episode.id);
  const other = open();
  await other.forget({ ids: [episode.id] }, { dryRun: true });
  expect(traces()).not.toEqual([]);
  await other.forget({ ids: [episode.id] });
  expect(traces()).toEqual([]);
  await reader.close();
  expect(traces()).toEqual([]);

  // As if whoever forgot had been killed before the cache was told.
  for (const [key, block] of before) if (key.startsWith('index-')) blocks.set(key, block);
  const later = open();
  expect((await later.search({ text: 'frigate', limit: 100 })).episodes).not.toEqual([]);
  await later.close();
  expect(traces()).toEqual([]);
  await other.close();
});

test('an index that was emptied by a forgetting is kept whole again, and the next start has it from there [EP-06] [CA-05]', async () => {
  const store = { ...inMemoryStore(), close: async () => undefined };
  const { cache } = openBlocks();
  const first = openMemory({ store, cache });
  const created = await first.createEpisodes(
    Array.from({ length: 300 }, (_, index) => ({
      description: `Sail frigate ${index} over ${WAVES.slice(index % 99)}`,
    })),
  );
  await first.catchUp();
  await first.close();

  const reader = openMemory({ store, cache });
  await reader.catchUp();
  await openMemory({ store, cache }).forget({ ids: [created[7]!.id] });
  await reader.close();
  let scans = 0;
  const watching: MemoryStore = {
    ...store,
    scan(kind, filter, options) {
      if (kind === 'episode' && !('embeddingDue' in filter)) scans += 1;
      return store.scan(kind, filter, options);
    },
  };
  const last = openMemory({ store: watching, cache });
  expect((await last.search({ text: 'frigate 9' })).episodes).not.toEqual([]);
  expect(scans).toBe(0);
  await last.close();
});
