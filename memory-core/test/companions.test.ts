// What travels beside the episodes, and that many records are stored together without harm to any.
import { type ImportReceipt, inMemoryStore, type Memory, openMemory } from '@episodica/memory-core';
import type { MemoryStore, Write } from '@episodica/memory-core/ports';
import fc from 'fast-check';
import { expect, test } from 'vitest';

async function exported(from: Memory): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const record of from.exportEpisodes()) lines.push(JSON.stringify(record));
  return lines;
}

function recordsOf(lines: readonly string[]): readonly unknown[] {
  return lines.map((line) => JSON.parse(line));
}

/** All that was learnt in a store, without versions and times. */
async function learnt(store: MemoryStore): Promise<unknown> {
  const patterns = [];
  for await (const { version, history, ...rest } of store.scan('pattern', {})) {
    if (rest.standing !== 'faded') patterns.push(rest);
  }
  const baselines = [];
  for await (const { version, learnt: _state, ...rest } of store.scan('baseline', {})) baselines.push(rest);
  const evidence = [];
  for await (const found of store.scan('evidence', {})) evidence.push(found);
  return { patterns, baselines, evidence };
}

async function aDay(memory: Memory, count = 4): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const [episode] = await memory.createEpisodes([
      { description: `Deploy the zebra ${i}`, project: 'p', domain: 'ops' },
    ]);
    ids.push(episode!.id);
    await memory.addSteps(episode!.id, [
      { tool: 'build', action: 'b' },
      { tool: 'push', action: 'p' },
    ]);
    await memory.completeEpisode(episode!.id, { kind: i === 1 ? 'failure' : 'success' });
  }
  await memory.learnPending();
  return ids;
}

/** A memory with all kinds of records in it. */
async function filled(): Promise<{
  readonly memory: Memory;
  readonly store: MemoryStore;
  readonly ids: readonly string[];
}> {
  const store = inMemoryStore();
  const memory = openMemory({ store });
  const ids = await aDay(memory);
  const offered = await memory.recommend({ description: 'Build and push another zebra', project: 'p', domain: 'ops' });
  const applied = [offered.episodes[0]!.episode.id, offered.patterns[0]!.pattern.id];
  await memory.recordFeedback({ recommendationId: offered.recommendationId, applied, isSuccess: true, note: 'well' });
  await memory.recommend({ description: 'Nothing came of this' });
  const [gone] = await memory.createEpisodes([{ description: 'to be forgotten' }]);
  await memory.forget({ ids: [gone!.id] });
  return { memory, store, ids };
}

test('recommendations, feedback and tombstones travel, and come out again as the same text [EP-11]', async () => {
  const { memory, store } = await filled();
  const lines = await exported(memory);
  expect(recordsOf(lines).map((record) => (record as { type?: string }).type)).toEqual([
    ...[undefined, undefined, undefined, undefined],
    ...['recommendation', 'recommendation', 'tombstone'],
  ]);
  const other = inMemoryStore();
  const target = openMemory({ store: other });
  expect(await target.importEpisodes(recordsOf(lines))).toMatchObject({
    imported: 4,
    recommendations: 2,
    tombstones: 1,
    failedCount: 0,
  });
  await target.learnPending();
  expect(await exported(target)).toEqual(lines);
  // The feedback counts for the pattern that was learnt anew.
  expect(await learnt(other)).toEqual(await learnt(store));
  const again = await target.importEpisodes(recordsOf(lines));
  expect(again).toMatchObject({ imported: 0, known: 4, recommendations: 0, tombstones: 0, failedCount: 0 });
  expect(await learnt(other)).toEqual(await learnt(store));
});

test('lines of files of before that say what was learnt are passed over, and it is learnt anew [EP-11 LE-08]', async () => {
  const { memory, store, ids } = await filled();
  const learning = ids.map((episode_id) => ({
    type: 'learning',
    episode_id,
    patterns: [{ kind: 'tool_sequence', tools: ['never', 'seen'] }],
  }));
  const other = inMemoryStore();
  const target = openMemory({ store: other });
  const records = recordsOf(await exported(memory));
  expect(await target.importEpisodes([...records, ...learning])).toMatchObject({ imported: 4, failedCount: 0 });
  await target.learnPending();
  expect(await learnt(other)).toEqual(await learnt(store));
});

test('what is imported is learnt from together with what is there [EP-11]', async () => {
  const { memory } = await filled();
  const target = openMemory({ store: inMemoryStore() });
  await aDay(target, 3);
  await target.importEpisodes(recordsOf(await exported(memory)));
  await target.learnPending();
  expect(await target.listPatterns()).toMatchObject([
    { pattern: { support: 7, successes: 5 }, figures: { baseRate: 5 / 7 } },
  ]);
});

test('a tombstone keeps an episode out that comes behind it, and takes none away that is there [EP-11]', async () => {
  const { memory, ids } = await filled();
  const lines = recordsOf(await exported(memory));
  const tombstone = { type: 'tombstone', id: ids[0], forgotten_at: '2026-01-01T00:00:00.000Z' };
  expect(await memory.importEpisodes([tombstone])).toMatchObject({ tombstones: 0, failedCount: 0 });
  expect(await memory.getEpisode(ids[0]!)).toBeDefined();
  const target = openMemory({ store: inMemoryStore() });
  expect(await target.importEpisodes([tombstone, ...lines])).toMatchObject({
    tombstones: 2,
    imported: 3,
    forgotten: 1,
  });
  expect(await target.importEpisodes(lines, { force: true })).toMatchObject({ imported: 1, known: 3 });
});

test('the words of a forgotten recommendation do not come back [EP-06 EP-11]', async () => {
  const { memory, store } = await filled();
  const lines = recordsOf(await exported(memory));
  expect(await memory.forget({ project: 'p' })).toMatchObject({ recommendations: { gone: 1 } });
  expect(await memory.importEpisodes(lines)).toMatchObject({ imported: 0, forgotten: 4, recommendations: 0 });
  const left = [];
  for await (const { description } of store.scan('recommendation', {})) left.push(description);
  expect(left).toEqual(['Nothing came of this']);
});

test('a type that is not known is a named failure, and the rest is imported [EP-11]', async () => {
  const memory = openMemory({ store: inMemoryStore() });
  const receipt = await memory.importEpisodes([{ type: 'dream', id: 'x' }, { task_description: 'fine' }]);
  expect(receipt).toMatchObject({ imported: 1, failed: [{ position: 1, message: expect.stringContaining('type') }] });
});

test('a filtered export has the recommendations of its bounds and no tombstones [EP-11]', async () => {
  const { memory } = await filled();
  const types = async (filter: object): Promise<readonly unknown[]> => {
    const found = [];
    for await (const record of memory.exportEpisodes(filter)) found.push('type' in record ? record.type : 'episode');
    return found;
  };
  expect(await types({ project: 'p' })).toEqual([...Array.from({ length: 4 }, () => 'episode'), 'recommendation']);
  expect(await types({ tagsAll: ['none'] })).toEqual([]);
});

/** A store that turns down every write of several episodes, and any write of an episode with this description. */
function picky(description: string): MemoryStore {
  const store = inMemoryStore();
  return {
    ...store,
    async write(batch: readonly Write[], options) {
      const episodes = batch.flatMap((write) => (write.op === 'put' && write.kind === 'episode' ? [write.value] : []));
      if (episodes.some((episode) => episode.description === description)) {
        const { MemoryError } = await import('@episodica/memory-core');
        throw new MemoryError('LIMIT_EXCEEDED', 'too much of it');
      }
      return store.write(batch, options);
    },
  };
}

test('a record that the store turns down is named and harms none of its batch [EP-11 EP-13]', async () => {
  const memory = openMemory({ store: picky('bad') });
  const records = Array.from({ length: 120 }, (_, i) => ({ task_description: i === 70 ? 'bad' : `Task ${i}` }));
  expect(await memory.importEpisodes(records)).toMatchObject({
    imported: 119,
    failed: [{ position: 71, message: 'too much of it' }],
  });
});

test('many records are one commit, and their ids are looked up together [EP-11 EP-13]', async () => {
  const store = inMemoryStore();
  let [writes, reads] = [0, 0];
  const memory = openMemory({
    store: {
      ...store,
      write: (...given) => {
        writes += 1;
        return store.write(...given);
      },
      getMany: (...given) => {
        reads += 1;
        return store.getMany(...given);
      },
    },
  });
  const soFar: ImportReceipt[] = [];
  const records = Array.from({ length: 500 }, (_, i) => ({ task_description: `Task ${i % 400}` }));
  const receipt = await memory.importEpisodes(records, { onProgress: (now) => soFar.push(now) });
  expect(receipt).toMatchObject({ imported: 400, known: 100 });
  expect(writes).toBeLessThanOrEqual(20);
  expect(reads).toBeLessThanOrEqual(20);
  expect(soFar.at(-1)).toEqual(receipt);
  await memory.close();
});

test('a pattern that many episodes of one batch bear out is found by its words [EP-11 LE-08]', async () => {
  const memory = openMemory({ store: inMemoryStore() });
  const steps = ['build', 'push'].map((tool) => ({ tool, action: 'go' }));
  const records = Array.from({ length: 5 }, (_, i) => ({
    task_description: `Task ${i}`,
    steps,
    outcome: { kind: 'success' },
  }));
  await memory.importEpisodes(records);
  await memory.learnPending();
  expect((await memory.search({ text: 'build push' })).patterns).toMatchObject([{ pattern: { support: 5 } }]);
});

test('a cancelled import leaves whole batches, and importing again goes on behind them [EP-11]', async () => {
  const memory = openMemory({ store: inMemoryStore() });
  const records = Array.from({ length: 300 }, (_, i) => ({
    task_description: `Task ${i}`,
    steps: [{ tool: 'a', action: 'b' }],
  }));
  const stop = new AbortController();
  const importing = memory.importEpisodes(records, { signal: stop.signal, onProgress: () => stop.abort() });
  await expect(importing).rejects.toMatchObject({ code: 'ABORTED', message: expect.stringContaining('25 episodes') });
  for await (const { id } of memory.listEpisodes()) expect(await memory.getSteps(id)).toHaveLength(1);
  expect(await memory.importEpisodes(records)).toMatchObject({ imported: 275, known: 25 });
});

test('whatever is stored, export, import and export give the same text [EP-11]', async () => {
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((given) => given.trim() !== '' && !given.includes('\0'));
  const action = fc.record({
    description: text,
    project: fc.constantFrom('p', 'q', undefined),
    tools: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 }),
    end: fc.constantFrom('open', 'success', 'failure'),
    next: fc.constantFrom('nothing', 'recommend', 'feedback', 'forget', 'learn'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 8 }), async (actions) => {
      const [store, other] = [inMemoryStore(), inMemoryStore()];
      const clock = (): number => Date.parse('2026-01-01T00:00:00Z');
      const [memory, target] = [openMemory({ store, clock }), openMemory({ store: other, clock })];
      for (const { description, project, tools, end, next } of actions) {
        const [episode] = await memory.createEpisodes([{ description, project }]);
        await memory.addSteps(
          episode!.id,
          tools.map((tool) => ({ tool, action: description })),
        );
        if (end !== 'open') await memory.completeEpisode(episode!.id, { kind: end });
        if (next === 'forget') await memory.forget({ ids: [episode!.id] });
        if (next === 'learn') await memory.learnPending();
        if (next !== 'recommend' && next !== 'feedback') continue;
        const { recommendationId, episodes } = await memory.recommend({ description, project });
        const applied = episodes.map((hit) => hit.episode.id);
        if (next === 'feedback') await memory.recordFeedback({ recommendationId, applied, isSuccess: true });
      }
      await memory.learnPending();
      const lines = await exported(memory);
      await target.importEpisodes(recordsOf(lines));
      await target.learnPending();
      expect(await exported(target)).toEqual(lines);
      expect(await learnt(other)).toEqual(await learnt(store));
    }),
    { numRuns: 60 },
  );
});

test('what changes or goes while it is exported comes out as it is at one moment, or not at all [EP-06 EP-11]', async () => {
  const store = inMemoryStore();
  const other = openMemory({ store });
  const [first, second] = await aDay(other, 2);
  let changing: Promise<unknown> | undefined;
  const memory = openMemory({
    store: {
      ...store,
      async *scan(kind, filter, options) {
        if (kind === 'step') {
          changing ??= other
            .updateEpisode(first!, { description: 'Said otherwise' })
            .then(() => other.forget({ ids: [second!] }));
          await changing;
        }
        yield* store.scan(kind, filter, options);
      },
    },
  });
  const records = recordsOf(await exported(memory));
  expect(records).toMatchObject([
    { episode_id: first, task_description: 'Said otherwise' },
    { type: 'tombstone', id: second },
  ]);
});
