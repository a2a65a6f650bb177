// The same question again: answered from before, and never with what was true before.
import { inMemoryStore, type Memory, openMemory } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const START_MS = Date.UTC(2026, 10, 21);
const WORDS = ['parser', 'webhook', 'login', 'zeppelin'];

function opened(store: MemoryStore, clock: () => number = () => START_MS): Memory {
  return openMemory({ store: { ...store, close: async () => undefined }, clock });
}

/** A store, and how often entities were read of it. */
function countedStore(): { readonly store: MemoryStore; reads(): number } {
  const store = inMemoryStore();
  let reads = 0;
  const getMany: MemoryStore['getMany'] = (kind, ids, options) => {
    reads += 1;
    return store.getMany(kind, ids, options);
  };
  return { store: { ...store, getMany }, reads: () => reads };
}

describe('a question that was asked before', () => {
  test('has the answer that a memory gives which never heard it, whoever wrote meanwhile [RE-11]', async () => {
    const work = fc.record({
      verb: fc.constantFrom('create', 'step', 'complete', 'retitle', 'retag', 'forget', 'learn'),
      isOwn: fc.boolean(),
      pick: fc.nat(5),
      word: fc.constantFrom(...WORDS),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(work, { maxLength: 25 }), async (works) => {
        const store = inMemoryStore();
        const [memory, other] = [opened(store), opened(store)];
        const ids: string[] = [];
        for (const { verb, isOwn, pick, word } of works) {
          const writer = isOwn ? memory : other;
          const id = ids[pick % Math.max(1, ids.length)];
          if (verb === 'create' || id === undefined) {
            ids.push((await writer.createEpisode({ description: `Repair the ${word}`, tags: [word] })).episode.id);
          } else if (verb === 'forget') await writer.forget({ ids: [id] });
          else if (verb === 'learn') await writer.catchUp();
          else {
            const done = {
              step: () => writer.addStep(id, { tool: 'bash', action: word, result: { type: 'error', message: word } }),
              complete: () => writer.completeEpisode(id, { kind: 'success' }),
              retitle: () => writer.updateEpisode(id, { description: `Build the ${word}` }),
              retag: () => writer.updateEpisode(id, { tags: { add: ['urgent'] } }),
            };
            // What was forgotten or completed before stays so.
            await done[verb]().catch((error) => expect(error).toHaveProperty('code'));
          }
          await other.catchUp();
          const fresh = opened(store);
          for (const question of [{ text: 'parser zeppelin' }, { text: 'login', limit: 1 }, { tags: ['urgent'] }]) {
            const expected = await fresh.search(question);
            expect(await memory.search(question)).toEqual(expected);
            expect(await memory.search(question)).toEqual(expected);
          }
          await fresh.close();
        }
      }),
      { numRuns: 25 },
    );
  });

  test('reads nothing again while nothing has changed, and is asked anew a minute later [RE-11]', async () => {
    let nowMs = START_MS;
    const { store, reads } = countedStore();
    const memory = opened(store, () => nowMs);
    await memory.createEpisode({ description: 'Steer the zeppelin' });
    await memory.catchUp();
    const first = await memory.search({ text: 'zeppelin' });
    const readsBefore = reads();
    expect(await memory.search({ text: 'zeppelin' })).toEqual(first);
    expect(reads()).toBe(readsBefore);
    await memory.search({ text: 'zeppelin', limit: 3 });
    expect(reads()).toBeGreaterThan(readsBefore);
    nowMs += 90 * 86_400_000;
    const [later] = (await memory.search({ text: 'zeppelin' })).episodes;
    expect(later?.score).toBeLessThan(first.episodes[0]?.score ?? 0);
  });

  test('is not spoilt by who changes what was answered [RE-11]', async () => {
    const memory = opened(inMemoryStore());
    await memory.createEpisode({ description: 'Steer the zeppelin', tags: ['air'] });
    await memory.catchUp();
    for (let time = 0; time < 3; time += 1) {
      const { episodes } = await memory.search({ text: 'zeppelin' });
      expect(episodes[0]?.episode.tags).toEqual(['air']);
      (episodes[0]!.episode.tags as string[]).push('spoilt');
    }
  });

  test('that fills what is remembered pushes out what was not asked for longest [RE-11]', async () => {
    const { store, reads } = countedStore();
    const memory = opened(store);
    await memory.createEpisodes(WORDS.map((word) => ({ description: `Steer the ${word}` })));
    await memory.catchUp();
    const readsFor = async (limit: number): Promise<number> => {
      const before = reads();
      await memory.search({ text: WORDS.join(' '), limit, situation: { language: `language ${limit}` } });
      return reads() - before;
    };
    for (let limit = 4; limit <= 99; limit += 1) expect(await readsFor(limit)).toBeGreaterThan(0);
    expect(await readsFor(4)).toBe(0);
    for (let other = 0; other < 150; other += 1) await memory.search({ text: `parser ${other}` });
    expect(await readsFor(4)).toBe(0);
    for (let other = 0; other < 600; other += 1) await memory.search({ text: `${WORDS.join(' ')} ${other}` });
    expect(await readsFor(4)).toBeGreaterThan(0);
  });
});
