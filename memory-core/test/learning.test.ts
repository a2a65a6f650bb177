import { inMemoryStore, type Memory, openMemory } from '@episodica/memory-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { patternTools } from '../src/pattern.ts';

describe('tool sequences', () => {
  let memory: Memory;
  beforeEach(() => {
    memory = openMemory({ store: inMemoryStore() });
  });

  async function episode(tools: readonly string[], isSuccess: boolean, domain = 'ops'): Promise<string> {
    const { episode: created } = await memory.createEpisode({ description: 'Deploy the service', domain });
    await memory.addSteps(
      created.id,
      tools.map((tool) => ({ tool, action: 'go' })),
    );
    await memory.completeEpisode(created.id, isSuccess ? { kind: 'success' } : { kind: 'failure', reason: 'no' });
    return created.id;
  }

  test('support, success, base rate and lift come from the episodes of the scope [LE-06]', async () => {
    const good = [
      await episode(['build', 'test', 'push'], true),
      await episode(['build', 'test'], true),
      await episode(['build', 'test'], true),
    ];
    for (let i = 0; i < 3; i += 1) await episode(['push'], false);
    await episode(['build', 'test'], true, 'elsewhere');
    await memory.learnPending();
    const [found] = (await memory.listPatterns({ domain: 'ops' })).filter(
      (hit) => patternTools(hit.pattern).join() === 'build,test',
    );
    expect(found).toMatchObject({
      pattern: { support: 3, successes: 3, scope: { domain: 'ops' } },
      figures: { successRate: 1, baseRate: 0.5, lift: 2 },
      evidence: good.toSorted(),
    });
    await memory.close();
  });

  test('fewer than three episodes are no pattern yet, and abstentions do not count [LE-06]', async () => {
    await episode(['build', 'test'], true);
    await episode(['build', 'test'], true);
    const { episode: third } = await memory.createEpisode({ description: 'Deploy the service', domain: 'ops' });
    await memory.addSteps(third.id, [
      { tool: 'build', action: 'x' },
      { tool: 'test', action: 'x' },
    ]);
    await memory.completeEpisode(third.id, { kind: 'abstained', reason: 'not mine' });
    await memory.learnPending();
    expect(await memory.listPatterns()).toEqual([]);
    await memory.close();
  });

  test('learning again changes nothing [LE-06]', async () => {
    for (let i = 0; i < 3; i += 1) await episode(['build', 'test'], true);
    await memory.learnPending();
    const before = await memory.listPatterns();
    expect(await memory.learnPending()).toBe(0);
    expect(await memory.listPatterns()).toEqual(before);
    await memory.close();
  });

  test('two memories that learn at once count every episode once [LE-06]', async () => {
    const store = inMemoryStore();
    const [one, two] = [openMemory({ store }), openMemory({ store })];
    for (let i = 0; i < 6; i += 1) {
      const writer = i % 2 === 0 ? one : two;
      const { episode: created } = await writer.createEpisode({ description: 'Deploy the service' });
      await writer.addSteps(created.id, [
        { tool: 'build', action: 'x' },
        { tool: 'push', action: 'x' },
      ]);
      await writer.completeEpisode(created.id, { kind: 'success' });
    }
    await Promise.all([one.learnPending(), two.learnPending()]);
    await one.learnPending();
    const [found] = await one.listPatterns();
    expect(found).toMatchObject({ pattern: { support: 6 }, figures: { baseRate: 1 } });
    expect(found?.evidence).toHaveLength(6);
    await one.close();
  });

  test('completing makes patterns by itself, without anybody asking [LE-06]', async () => {
    const store = inMemoryStore();
    const own = openMemory({ store: { ...store, close: async () => {} } });
    for (let i = 0; i < 3; i += 1) {
      const { episode: created } = await own.createEpisode({ description: 'Deploy the service' });
      await own.addSteps(created.id, [
        { tool: 'build', action: 'x' },
        { tool: 'push', action: 'x' },
      ]);
      await own.completeEpisode(created.id, { kind: 'success' });
    }
    await own.close();
    expect(await openMemory({ store }).listPatterns()).toMatchObject([{ pattern: { support: 3 } }]);
  });
});
