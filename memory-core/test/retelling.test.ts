// Reflections that hold words of other episodes: what becomes of them when one of those is forgotten.
import { type CompletedEpisode, inMemoryStore, type Memory, openMemory, type StepInput } from '@episodica/memory-core';
import type { MemoryStore, Reflector, Write } from '@episodica/memory-core/ports';
import { expect, test } from 'vitest';

const ERROR = { type: 'error', message: 'TypeError: the price of an item is undefined' } as const;
const FAILED: readonly StepInput[] = [
  { tool: 'bash', action: 'run the tests', result: ERROR },
  { tool: 'edit', action: 'zebra the catch clause', parameters: { path: 'src/zebra.ts' } },
  { tool: 'bash', action: 'run the tests', result: ERROR },
];
const SOLVED: readonly StepInput[] = [
  { tool: 'bash', action: 'run the tests', result: ERROR },
  { tool: 'edit', action: 'count a free item as 0', parameters: { path: 'src/cart.ts' } },
  { tool: 'bash', action: 'run the tests' },
];

/** The attempt whose words are all about zebras. */
async function forgettable(memory: Memory): Promise<string> {
  const { episode } = await memory.createEpisode({
    description: 'Fix the cart total of an item without a price, zebra',
  });
  await memory.addSteps(episode.id, FAILED);
  await memory.completeEpisode(episode.id, { kind: 'failure', reason: 'the zebra stayed' });
  return episode.id;
}

async function begun(memory: Memory): Promise<string> {
  const { episode } = await memory.createEpisode({ description: 'Fix the cart total of an item without a price' });
  await memory.addSteps(episode.id, SOLVED);
  return episode.id;
}

/** The attempt that stays, and is compared with it. */
async function compared(memory: Memory): Promise<CompletedEpisode> {
  return memory.completeEpisode(await begun(memory), { kind: 'success', verdict: 'free items cost nothing' });
}

async function completedIn(memory: Memory, id: string): Promise<CompletedEpisode> {
  const episode = await memory.getEpisode(id);
  if (episode?.status !== 'completed') throw new Error('it is not completed');
  return episode;
}

const wordsOf = (episode: CompletedEpisode): string => JSON.stringify(episode).toLowerCase();

/** A store whose batches are kept, and whose next batch with such a write waits for `meanwhile`. */
function watched(store: MemoryStore, op: Write['op'] = 'delete', meanwhile?: () => Promise<unknown>) {
  const batches: (readonly Write[])[] = [];
  let waiting = meanwhile;
  const watching: MemoryStore = {
    ...store,
    async write(batch, options) {
      const work = batch.some((write) => write.op === op && write.kind === 'episode') ? waiting : undefined;
      if (work !== undefined) waiting = undefined;
      await work?.();
      batches.push(batch);
      return store.write(batch, options);
    },
  };
  return { store: watching, batches };
}

test('a reflection that speaks of what is forgotten is told anew in the same commit, as if it had never been [EP-06] [LE-03]', async () => {
  const { store, batches } = watched(inMemoryStore());
  const memory = openMemory({ store, embedder: 'none' });
  const gone = await forgettable(memory);
  const before = await compared(memory);
  expect(before.reflection.of).toEqual([gone]);
  expect(before.salient?.insights.join()).toContain('zebra');
  await memory.learnPending();
  batches.length = 0;
  expect(await memory.forget({ ids: [gone] }, { dryRun: true })).toMatchObject({ episodes: 1, reflections: 1 });
  expect(batches).toEqual([]);
  expect(await memory.forget({ ids: [gone] })).toMatchObject({ episodes: 1, reflections: 1 });
  expect(batches.filter((batch) => batch.some(({ kind }) => kind === 'episode'))).toHaveLength(1);

  const after = await completedIn(memory, before.id);
  const alone = await compared(openMemory({ store: inMemoryStore(), embedder: 'none' }));
  expect(wordsOf(after)).not.toContain('zebra');
  expect(after.reflection).toEqual(alone.reflection);
  const { reflection: _reflection, salient, version: _version, learningPending: _pending, ...kept } = after;
  expect(salient).toEqual(alone.salient);
  expect(before).toMatchObject(kept);
  expect(after.version).toBeGreaterThan(before.version);
  await memory.close();
});

test('what an attempt is compared with and does not speak of goes without it [EP-06]', async () => {
  const memory = openMemory({ store: inMemoryStore(), embedder: 'none' });
  const [first, second] = [await compared(memory), await compared(memory)];
  expect(second.reflection.of).toBeUndefined();
  const { episode: other } = await memory.createEpisode({ description: 'Water the plants of the office' });
  expect(await memory.forget({ ids: [other.id] })).toMatchObject({ reflections: 0 });
  expect(await memory.getEpisode(second.id)).toMatchObject({ quality: second.quality });

  // The record that it repeats goes: then it is the record.
  expect(second.quality).toMatchObject({ flags: ['duplicate', 'no_evidence'], duplicateOf: first.id });
  expect(await memory.forget({ ids: [first.id] })).toMatchObject({ reflections: 0 });
  const after = await completedIn(memory, second.id);
  expect(after.quality).toEqual(first.quality);
  expect(after.reflection).toEqual(second.reflection);
  await memory.close();
});

test('however many speak of what is forgotten, it is one commit [EP-06]', async () => {
  const { store, batches } = watched(inMemoryStore());
  const memory = openMemory({ store, embedder: 'none' });
  const gone = await forgettable(memory);
  const ids: string[] = [];
  for (let count = 0; count < 40; count += 1) ids.push((await compared(memory)).id);
  await memory.learnPending();
  batches.length = 0;
  const speaking = (await memory.getEpisodes(ids)).filter((each) => JSON.stringify(each).includes('zebra')).length;
  expect(speaking).toBeGreaterThan(10);
  expect(await memory.forget({ ids: [gone] })).toMatchObject({ reflections: speaking });
  expect(batches.filter((batch) => batch.some(({ kind }) => kind === 'episode'))).toHaveLength(1);
  expect(JSON.stringify(await memory.getEpisodes(ids))).not.toContain('zebra');
  await memory.close();
});

/** A model that says again what it is shown of others. */
const PARROT: Reflector = {
  name: 'parrot',
  reflect: async ({ similar }) => ({
    successes: [],
    improvements: [],
    insights: similar.flatMap(({ outcome }) => (outcome.kind === 'failure' ? [`I saw: ${outcome.reason}`] : [])),
  }),
};

test('what a model says that was shown what is forgotten goes with it, and leaves the text index [EP-06] [LE-03]', async () => {
  const store = inMemoryStore();
  const memory = openMemory({ store, embedder: 'none', reflector: PARROT });
  const gone = await forgettable(memory);
  const { id } = await compared(memory);
  await memory.catchUp();
  const before = await completedIn(memory, id);
  expect(before.reflection).toMatchObject({ by: 'parrot', insights: ['I saw: the zebra stayed'], of: [gone] });
  const found = async (): Promise<readonly string[]> =>
    (await store.text.match({ kind: 'episode', terms: ['zebra'], limit: 10 })).hits.map((hit) => hit.id).toSorted();
  expect(await found()).toEqual([gone, id].toSorted());
  expect(await memory.forget({ ids: [gone] })).toMatchObject({ reflections: 1 });
  const after = await completedIn(memory, id);
  expect(after.reflection.by).toBeUndefined();
  expect(wordsOf(after)).not.toContain('zebra');
  expect(await found()).toEqual([]);
  await memory.close();
});

test('what a model was shown and is forgotten while it thinks is not told by it [EP-06] [LE-03]', async () => {
  let gone = '';
  let asked = 0;
  const store = inMemoryStore();
  const other = openMemory({ store, embedder: 'none' });
  const memory: Memory = openMemory({
    store,
    embedder: 'none',
    reflector: {
      name: 'slow parrot',
      async reflect(input, options) {
        asked += 1;
        const told = await PARROT.reflect(input, options);
        await other.forget({ ids: [gone] });
        return told;
      },
    },
  });
  gone = await forgettable(other);
  const { id } = await compared(memory);
  await memory.catchUp();
  expect(asked).toBe(1);
  const after = await completedIn(memory, id);
  expect(after.reflection.by).toBeUndefined();
  expect(wordsOf(after)).not.toContain('zebra');
  await memory.close();
});

test('what is forgotten between reading and completing is not told [EP-06] [EP-03]', async () => {
  const store = inMemoryStore();
  const other = openMemory({ store, embedder: 'none' });
  const gone = await forgettable(other);
  const id = await begun(other);
  const { store: late } = watched(store, 'put', () => other.forget({ ids: [gone] }));
  const told = await openMemory({ store: late, embedder: 'none' }).completeEpisode(id, { kind: 'success' });
  expect(await other.getEpisode(gone)).toBeUndefined();
  expect(told.reflection.of).toBeUndefined();
  expect(wordsOf(await completedIn(other, id))).not.toContain('zebra');
});

test('an episode that is completed between reading and forgetting loses the words behind it [EP-06]', async () => {
  const store = inMemoryStore();
  const other = openMemory({ store, embedder: 'none' });
  const gone = await forgettable(other);
  const id = await begun(other);
  const { store: late } = watched(store, 'delete', async () => {
    const { reflection } = await other.completeEpisode(id, { kind: 'success' });
    expect(reflection.of).toEqual([gone]);
  });
  const memory = openMemory({ store: late, embedder: 'none' });
  expect(await memory.forget({ ids: [gone] })).toMatchObject({ episodes: 1, reflections: 1 });
  expect(wordsOf(await completedIn(other, id))).not.toContain('zebra');
});

async function exported(memory: Memory): Promise<readonly object[]> {
  const records = [];
  for await (const record of memory.exportEpisodes()) records.push(record);
  return records;
}

test('an export keeps whom a reflection speaks of, and an import does not bring forgotten words back with it [EP-06] [EP-11]', async () => {
  const memory = openMemory({ store: inMemoryStore(), embedder: 'none' });
  const gone = await forgettable(memory);
  const before = await compared(memory);
  const records = await exported(memory);
  const copy = openMemory({ store: inMemoryStore(), embedder: 'none' });
  await copy.importEpisodes(records);
  expect(JSON.stringify(await exported(copy))).toBe(JSON.stringify(records));
  expect(await copy.forget({ ids: [gone] })).toMatchObject({ reflections: 1 });

  const others = records.filter((record) => !('episode_id' in record) || record.episode_id !== before.id);
  const elsewhere = openMemory({ store: inMemoryStore(), embedder: 'none' });
  await elsewhere.importEpisodes(others);
  await elsewhere.forget({ ids: [gone] });
  expect(await elsewhere.importEpisodes(records)).toMatchObject({ imported: 1, forgotten: 1 });
  expect(wordsOf(await completedIn(elsewhere, before.id))).not.toContain('zebra');
  for (const each of [memory, copy, elsewhere]) await each.close();
});
