import {
  embeddedTexts,
  inMemoryCache,
  inMemoryStore,
  type Memory,
  type MemoryOptions,
  openMemory,
  type SearchQuery,
} from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import {
  aCompletedEpisode,
  anEmbedding,
  CACHE_FAULTS,
  fakeEmbedder,
  faultyStore,
  lossyCache,
  put,
  turns,
} from '@episodica/test-utils';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { experienceIndex } from '../src/gather/experience-index.ts';

const WORDS = ['parser', 'webhook', 'login', 'migration', 'retry', 'timeout', 'cache', 'schema', '日本語', 'naïve'];
const ERROR = "TypeError: Cannot read properties of undefined (reading 'token')";

/** What someone does to a memory, by numbers: which verb, which episode, which words. */
const works = fc.array(
  fc.record({
    verb: fc.constantFrom('create', 'step', 'fail', 'complete', 'retitle', 'retag', 'forget', 'search'),
    pick: fc.nat(20),
    words: fc.subarray(WORDS, { minLength: 1 }),
  }),
  { maxLength: 40 },
);
type Work = Parameters<Parameters<typeof works.map>[0]>[0][number];

const QUESTIONS: readonly SearchQuery[] = [
  { text: 'parser webhook' },
  { text: '日本語 schema' },
  { text: ERROR },
  { text: 'login', outcome: 'success' },
  { tags: ['urgent'] },
  { text: 'retry in src/login/session.ts' },
];

async function perform(memory: Memory, work: readonly Work[]): Promise<void> {
  const ids: string[] = [];
  for (const { verb, pick, words } of work) {
    const id = ids[pick % Math.max(1, ids.length)];
    if (verb === 'create' || id === undefined) {
      ids.push(
        (await memory.createEpisode({ description: `Repair the ${words.join(' ')}`, tags: words.slice(0, 1) })).episode
          .id,
      );
    } else if (verb === 'search') await memory.search({ text: words.join(' ') });
    else if (verb === 'forget') await memory.forget({ ids: [id] });
    else if (verb === 'retitle') await memory.updateEpisode(id, { description: words.join(' ') }).catch(gone);
    else if (verb === 'retag') await memory.updateEpisode(id, { tags: { add: ['urgent'] } }).catch(gone);
    else if (verb === 'complete') await memory.completeEpisode(id, { kind: 'success' }).catch(gone);
    else {
      const result = verb === 'fail' ? ({ type: 'error', message: ERROR } as const) : ({ type: 'success' } as const);
      const parameters = { command: 'npm test', path: 'src/login/session.ts' };
      await memory.addStep(id, { tool: 'bash', action: words.join(' '), parameters, result }).catch(gone);
    }
  }
}

/** An episode that was forgotten or completed before is no longer there for the rest of the work. */
function gone(error: unknown): void {
  expect(error).toMatchObject({ code: expect.stringMatching(/NOT_FOUND|INVALID_STATE/u) });
}

/** Everything that is answered, but for the words in which it is told. */
async function answers(memory: Memory): Promise<unknown> {
  await memory.catchUp();
  return Promise.all(
    QUESTIONS.map(async (question) => {
      const { episodes, patterns, fixes, degraded } = await memory.search(question);
      const hits = [
        ...episodes.map(({ episode, score }) => [episode.id, score]),
        ...patterns.map(({ score }) => [score]),
      ];
      return { hits: hits.map(([id, score]) => [id, Number(score).toFixed(5)]), fixes, degraded };
    }),
  );
}

const NOW_MS = Date.UTC(2026, 10, 21);

/** Two memories of one clock: what they answer can be compared. */
function opened(store: MemoryStore, options: Partial<MemoryOptions> = {}): Memory {
  return openMemory({ ...options, store: { ...store, close: async () => undefined }, clock: () => NOW_MS });
}

describe('the index of a memory', () => {
  test('that followed the journal answers as one that is made anew, and as one from the cache [RE-11]', async () => {
    await fc.assert(
      fc.asyncProperty(works, works, async (first, second) => {
        const store = inMemoryStore();
        const cache = { ...inMemoryCache(), close: async () => undefined };
        const following = opened(store, { cache });
        await perform(following, first);
        await answers(following);
        const other = opened(store);
        await perform(other, second);
        const expected = await answers(following);
        expect(await answers(opened(store))).toEqual(expected);
        await following.close();
        expect(await answers(opened(store, { cache }))).toEqual(expected);
        await other.close();
      }),
      { numRuns: 40 },
    );
  });

  test('is the same whatever the cache loses [CA-02] [CA-05]', async () => {
    await fc.assert(
      fc.asyncProperty(works, fc.array(fc.constantFrom(...CACHE_FAULTS), { maxLength: 12 }), async (work, faults) => {
        const store = inMemoryStore();
        const kept = { ...inMemoryCache(), close: async () => undefined };
        const memory = opened(store, { cache: kept });
        await perform(memory, work);
        const expected = await answers(memory);
        await memory.close();
        expect(await answers(opened(store, { cache: lossyCache(kept, faults) }))).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('holds what another memory wrote before the question was asked [ST-06] [RE-11]', async () => {
    const store = inMemoryStore();
    const [reader, writer] = [opened(store), opened(store)];
    await expect(reader.search({ text: 'zeppelin' })).resolves.toMatchObject({ isAbstained: true });
    for (let count = 1; count <= 5; count += 1) {
      const { episode } = await writer.createEpisode({ description: `Steer zeppelin number ${count}` });
      const { episodes } = await reader.search({ text: 'zeppelin', limit: 100 });
      expect(episodes.map((hit) => hit.episode.id)).toContain(episode.id);
      expect(episodes).toHaveLength(count);
    }
    await writer.forget({ until: new Date(NOW_MS + 1).toISOString() });
    await expect(reader.search({ text: 'zeppelin' })).resolves.toMatchObject({ isAbstained: true, episodes: [] });
  });

  test('is made anew when the store was put back to an older copy [RE-11]', async () => {
    const before = inMemoryStore();
    const cache = { ...inMemoryCache(), close: async () => undefined };
    const memory = opened(before, { cache });
    for (let count = 0; count < 120; count += 1) await memory.createEpisode({ description: `Steer zeppelin ${count}` });
    await memory.close();
    const other = inMemoryStore();
    const restored = opened(other, { cache });
    for (let count = 0; count < 130; count += 1) await restored.createEpisode({ description: `Sail frigate ${count}` });
    await expect(restored.search({ text: 'zeppelin' })).resolves.toMatchObject({ isAbstained: true });
    const { episodes } = await restored.search({ text: 'frigate', limit: 100 });
    expect(episodes).toHaveLength(100);
  });

  test('that cannot be followed fails the question with the error of the store, and the next one succeeds [ST-13]', async () => {
    const store = inMemoryStore();
    const writer = opened(store);
    await writer.createEpisode({ description: 'Steer the zeppelin' });
    const memory = opened(faultyStore(store, [{ verb: 'changes', call: 1, when: 'before' }]));
    await expect(memory.search({ text: 'zeppelin' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await memory.search({ text: 'zeppelin' })).episodes).toHaveLength(1);
  });
});

describe('while the index of a large memory is being made', () => {
  test('words alone are searched, and the answer says so [RE-07]', async () => {
    const store = inMemoryStore();
    const writer = opened(store, { embedder: 'none' });
    const description = (index: number): string => (index === 7 ? 'Steer the zeppelin' : `Repair parser ${index}`);
    for (let batch = 0; batch < 6; batch += 1) {
      await writer.createEpisodes(
        Array.from({ length: 1_000 }, (_, index) => ({ description: description(batch * 1_000 + index) })),
      );
    }
    const memory = opened(store, { embedder: 'none' });
    const first = await memory.search({ text: 'zeppelin' });
    expect(first.episodes).toHaveLength(1);
    expect(first.degraded).toEqual([expect.stringContaining('is being made')]);
    await expect(memory.search({ text: 'frigate' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    });
    await memory.catchUp();
    const second = await memory.search({ text: 'zeppelin' });
    expect(second).toMatchObject({ degraded: [], episodes: [{ episode: { description: 'Steer the zeppelin' } }] });
    await expect(memory.search({ text: 'frigate' })).resolves.toMatchObject({ isAbstained: true, degraded: [] });
    await memory.close();
  });

  test('closing ends it [RE-11]', async () => {
    const store = inMemoryStore();
    const writer = opened(store, { embedder: 'none' });
    for (let batch = 0; batch < 6; batch += 1) {
      await writer.createEpisodes(Array.from({ length: 1_000 }, () => ({ description: 'Repair the parser' })));
    }
    const memory = opened(store, { embedder: 'none' });
    await memory.search({ text: 'parser' });
    await memory.close();
  });
});

test('a cache that is handed in serves reads and is closed with the memory [CA-01]', async () => {
  const store = inMemoryStore();
  let isClosed = false;
  const cache = {
    ...inMemoryCache(),
    async close() {
      isClosed = true;
    },
  };
  const memory = openMemory({ store, cache });
  const { episode } = await memory.createEpisode({ description: 'Repair the parser' });
  expect(await memory.getEpisode(episode.id)).toEqual(episode);
  await memory.close();
  expect(isClosed).toBe(true);
});

test('an answer that was under way while something was written is not remembered as the one after it [RE-11]', async () => {
  const store = inMemoryStore();
  let isHeld = false;
  let letGo: () => void = () => undefined;
  const memory = opened(
    {
      ...store,
      async getMany(kind, ids, call) {
        if (isHeld) {
          await new Promise<void>((resolve) => {
            letGo = resolve;
          });
        }
        return store.getMany(kind, ids, call);
      },
    },
    { embedder: 'none' },
  );
  await memory.createEpisode({ description: 'Steer the first zeppelin' });
  await memory.catchUp();
  isHeld = true;
  const first = memory.search({ text: 'zeppelin' });
  await turns(50);
  isHeld = false;
  await memory.createEpisode({ description: 'Steer the second zeppelin' });
  await memory.search({ text: 'frigate or zeppelin' });
  letGo();
  await first;
  expect((await memory.search({ text: 'zeppelin' })).episodes).toHaveLength(2);
});

test('stored vectors that cannot be compared leave search by words, and the rest of them [EM-04] [RE-07]', async () => {
  const store = inMemoryStore();
  const memory = opened(store, { embedder: fakeEmbedder({ dimensions: 16 }) });
  await memory.createEpisode({ description: 'Steer the zeppelin' });
  const { episode } = await memory.createEpisode({ description: 'Sail the frigate' });
  await memory.catchUp();
  const bad = [new Float32Array(16).fill(Number.NaN)];
  await store.write([
    put('embedding', anEmbedding({ ownerId: episode.id, model: 'fake/1', dimensions: 16, vectors: bad })),
  ]);
  expect((await memory.search({ text: 'zeppelin' })).episodes).toHaveLength(1);
  expect((await memory.search({ text: 'frigate' })).episodes[0]?.episode.id).toBe(episode.id);
  const other = opened(store, { embedder: fakeEmbedder({ dimensions: 32 }) });
  const found = await other.search({ text: 'zeppelin' });
  expect(found.episodes).toHaveLength(1);
  expect(found.degraded).toEqual([expect.stringContaining('32 numbers')]);
});

test('an error that says nothing leaves each of the others its own vector [RE-06]', () => {
  const index = experienceIndex('fake/1');
  const recovery = { failedStep: 1, fixedStep: 3, tool: 'bash', action: 'a', fix: ['edit: mend it'] };
  const episode = aCompletedEpisode({
    recoveries: [
      { ...recovery, error: ' ' },
      { ...recovery, error: ERROR },
    ],
  });
  index.putEpisode(episode, { title: [], body: [] });
  expect(embeddedTexts(episode)).toEqual([episode.description, ERROR]);
  const vectors = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
  index.putEmbedding(anEmbedding({ ownerId: episode.id, model: 'fake/1', dimensions: 2, vectors }));
  const [slot, ...others] = index.errors.slots.of(index.episodes.slots.slotOf(episode.id) ?? -1);
  expect(others).toEqual([]);
  expect(index.errors.terms.tellingTerms(slot ?? -1, 1)).toHaveLength(1);
  expect(index.vectors('error')?.cosine(slot ?? -1, Float32Array.of(0, 1))).toBeCloseTo(1, 1);
});

test('a long word without a slash is no path, and is seen to be none at once [RE-02]', async () => {
  const memory = opened(inMemoryStore());
  const { episode } = await memory.createEpisode({ description: 'Decode the payload' });
  const word = 'QUJD'.repeat(4_700);
  const steps = Array.from({ length: 200 }, () => ({ tool: 'bash', action: 'decode', parameters: { command: word } }));
  await memory.addSteps(episode.id, steps);
  await memory.completeEpisode(episode.id, { kind: 'success' });
  await memory.search({ text: '日本'.repeat(1_600) });
});

test('a word that stands once, in one long record alone, is found [RE-01] [RE-07]', async () => {
  const memory = opened(inMemoryStore(), { embedder: 'none' });
  for (let count = 0; count < 12; count += 1) await memory.createEpisode({ description: `Mend parser ${count}` });
  const words = Array.from({ length: 400 }, (_, index) => `w${index.toString(36)}x`).join(' ');
  const { episode } = await memory.createEpisode({ description: 'Mend what is left' });
  await memory.addStep(episode.id, { tool: 'bash', action: `${words} zeppelin` });
  await memory.completeEpisode(episode.id, { kind: 'success' });
  const found = await memory.search({ text: 'zeppelin' });
  expect(found.episodes.map((hit) => hit.episode.id)).toEqual([episode.id]);
  await expect(memory.search({ text: 'zeppelin frigate galleon trireme' })).resolves.toMatchObject({ episodes: [] });
});

test('vectors of another model are never compared with a question [EM-04]', async () => {
  const store = inMemoryStore();
  const old = opened(store, { embedder: fakeEmbedder({ model: 'fake/old', synonyms: { dirigible: 'zeppelin' } }) });
  await old.createEpisode({ description: 'zeppelin' });
  await old.catchUp();
  const embedder = fakeEmbedder({ model: 'fake/new' });
  const index = experienceIndex(embedder.model);
  for await (const episode of store.scan('episode', {})) index.putEpisode(episode, { title: [], body: [] });
  for await (const embedding of store.scan('embedding', {})) index.putEmbedding(embedding);
  expect(index.vectors('episode')).toBeUndefined();
  expect((await old.search({ text: 'dirigible' })).episodes).toHaveLength(1);
});

test('filters alone rank by reward, and what is handed in as a file brings who touched it nearer [RE-12] [RE-02]', async () => {
  const memory = opened(inMemoryStore(), { embedder: 'none' });
  const attempt = async (path: string, kind: 'success' | 'failure'): Promise<string> => {
    const { episode } = await memory.createEpisode({ description: 'Mend the client', domain: 'api' });
    await memory.addStep(episode.id, { tool: 'edit', action: 'mend', parameters: { file_path: path } });
    await memory.completeEpisode(episode.id, { kind });
    return episode.id;
  };
  const here = await attempt('src/api/client.ts', 'success');
  const there = await attempt('docs/guide/start.md', 'success');
  const failed = await attempt('docs/guide/end.md', 'failure');
  const idsOf = async (query: SearchQuery): Promise<readonly string[]> =>
    (await memory.search(query)).episodes.map((hit) => hit.episode.id);
  expect((await idsOf({ domain: 'api' })).at(-1)).toBe(failed);
  const near = { domain: 'api', situation: { files: ['src/api/server.ts'] } };
  expect((await idsOf(near))[0]).toBe(here);
  const away = { domain: 'api', situation: { files: ['docs/guide/start.md'] } };
  expect((await idsOf(away))[0]).toBe(there);
});
