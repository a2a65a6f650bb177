// What happens between a verb's reading and its writing: another process is let in there, once.
import { inMemoryStore, openMemory } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { expect, test } from 'vitest';

/** `store`, whose next write that holds such an operation is preceded by `meanwhile`. */
function interrupted(
  store: MemoryStore,
  operation: { readonly op: string; readonly kind: string },
  meanwhile: () => Promise<unknown>,
): MemoryStore {
  let isDone = false;
  return {
    ...store,
    async write(batch, options) {
      if (!isDone && batch.some(({ op, kind }) => op === operation.op && kind === operation.kind)) {
        isDone = true;
        await meanwhile();
      }
      return store.write(batch, options);
    },
  };
}

const tools = [
  { tool: 'build', action: 'x' },
  { tool: 'push', action: 'y' },
];

/** A completed episode that nothing was learnt from yet. */
async function unlearnt(store: MemoryStore): Promise<string> {
  let id = '';
  // Learning writes a baseline: refused here, so the marker stays.
  const refusing = {
    ...store,
    close: async () => {},
    write: (batch, options) =>
      batch.some(({ kind }) => kind === 'baseline')
        ? Promise.reject(new Error('not now'))
        : store.write(batch, options),
  } as MemoryStore;
  const memory = openMemory({ store: refusing });
  const { episode } = await memory.createEpisode({ description: 'Deploy the service' });
  id = episode.id;
  await memory.addSteps(id, tools);
  await memory.completeEpisode(id, { kind: 'success' });
  await memory.close();
  return id;
}

async function baselines(store: MemoryStore): Promise<readonly { episodes: number; successes: number }[]> {
  const found = [];
  for await (const { episodes, successes } of store.scan('baseline', {})) found.push({ episodes, successes });
  return found;
}

test('a step that comes between reading and completing is part of what is learnt [EP-03]', async () => {
  const store = inMemoryStore();
  const other = openMemory({ store });
  const { episode } = await other.createEpisode({ description: 'Repair the cart' });
  const late = { tool: 'bash', action: 'npm test', result: { type: 'error' as const, message: 'Error: late' } };
  const memory = openMemory({
    store: interrupted(store, { op: 'put', kind: 'episode' }, () => other.addStep(episode.id, late)),
  });
  const completed = await memory.completeEpisode(episode.id, { kind: 'failure' });
  expect(completed.reflection.improvements.join()).toContain('Error: late');
  expect(completed.quality.flags).not.toContain('no_steps');
});

test('two learners at once count each episode once, in patterns and in the base rate [LE-06]', async () => {
  const store = inMemoryStore();
  for (let i = 0; i < 4; i += 1) await unlearnt(store);
  const other = openMemory({ store });
  const memory = openMemory({ store: interrupted(store, { op: 'put', kind: 'baseline' }, () => other.learnPending()) });
  await memory.learnPending();
  expect(await baselines(store)).toEqual([{ episodes: 4, successes: 4 }]);
  expect(await memory.listPatterns()).toMatchObject([{ pattern: { support: 4, successes: 4 } }]);
});

test('an episode that is learnt from while it is forgotten leaves nothing behind in the counts [EP-06 LE-06]', async () => {
  const store = inMemoryStore();
  for (let i = 0; i < 3; i += 1) await unlearnt(store);
  const gone = await unlearnt(store);
  const other = openMemory({ store });
  const memory = openMemory({
    store: interrupted(store, { op: 'delete', kind: 'episode' }, () => other.learnPending()),
  });
  await memory.forget({ ids: [gone] });
  expect(await baselines(store)).toEqual([{ episodes: 3, successes: 3 }]);
  expect(await memory.listPatterns()).toMatchObject([{ pattern: { support: 3, successes: 3 } }]);
});

test('forgetting what nothing was learnt from yet takes nothing from the counts [EP-06 LE-06]', async () => {
  const store = inMemoryStore();
  for (let i = 0; i < 3; i += 1) await unlearnt(store);
  const memory = openMemory({ store });
  await memory.learnPending();
  await memory.forget({ ids: [await unlearnt(store)] });
  expect(await baselines(store)).toEqual([{ episodes: 3, successes: 3 }]);
  expect(await memory.listPatterns()).toMatchObject([{ pattern: { support: 3, successes: 3 } }]);
});

test('a change that another was faster with is made on top of it [EP-05]', async () => {
  const store = inMemoryStore();
  const other = openMemory({ store });
  const { episode } = await other.createEpisode({ description: 'Repair the cart', tags: ['one'] });
  const memory = openMemory({
    store: interrupted(store, { op: 'put', kind: 'episode' }, () =>
      other.updateEpisode(episode.id, { tags: { add: ['two'] } }),
    ),
  });
  const changed = await memory.updateEpisode(episode.id, { tags: { add: ['three'] } });
  expect(changed.tags).toEqual(['one', 'two', 'three']);
});
