import {
  type Baseline,
  baselineId,
  inMemoryStore,
  isMemoryError,
  LIMITS,
  type Memory,
  MemoryError,
  openMemory,
} from '@episodica/memory-core';
import { beforeEach, describe, expect, test } from 'vitest';

let memory: Memory;
let nowMs: number;

beforeEach(() => {
  nowMs = Date.UTC(2026, 0, 1);
  memory = openMemory({ store: inMemoryStore(), clock: () => nowMs });
});

async function anOpenEpisode(): Promise<string> {
  const { episode } = await memory.createEpisode({ description: 'Fix the login redirect' });
  return episode.id;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test('a step that may be stored is told of as such, also where nobody can look [EP-02 ST-04]', async () => {
  const store = inMemoryStore();
  memory = openMemory({ store });
  const id = await anOpenEpisode();
  const away = openMemory({
    store: {
      ...store,
      async write(batch, options) {
        await store.write(batch, options);
        throw new MemoryError('STORE_UNAVAILABLE', 'The answer was lost; it may have been done.');
      },
      // biome-ignore lint/correctness/useYield: it fails before there is anything.
      async *scan() {
        throw new MemoryError('STORE_UNAVAILABLE', 'Nothing was asked; try again.', { retryable: true });
      },
    },
  });
  const step = { key: 'first', tool: 'bash', action: 'npm test' };
  await expect(away.addStep(id, step)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false });
  expect((await memory.addStep(id, step)).step.number).toBe(1);
});

describe('creating', () => {
  test('an episode keeps all it was given and is found again by its id [EP-01]', async () => {
    const { episode } = await memory.createEpisode({
      description: 'Fix the login redirect',
      project: 'acme/shop',
      domain: 'auth',
      taskType: 'debugging',
      language: 'typescript',
      framework: 'hono',
      complexity: 'moderate',
      repo: 'acme/shop',
      branch: 'main',
      files: ['src/login.ts'],
      tags: [' Login ', 'OAuth', 'login'],
      metadata: { ticket: 12, nested: { a: [1, null, 'é'] } },
      source: { agent: 'claude-code', session: 's1', capturedFrom: 'mcp', confidence: 0.9 },
    });
    expect(episode).toEqual({
      id: episode.id,
      version: 1,
      status: 'open',
      description: 'Fix the login redirect',
      project: 'acme/shop',
      domain: 'auth',
      taskType: 'debugging',
      context: {
        language: 'typescript',
        framework: 'hono',
        complexity: 'moderate',
        repo: 'acme/shop',
        branch: 'main',
        files: ['src/login.ts'],
      },
      tags: ['login', 'oauth'],
      metadata: { ticket: 12, nested: { a: [1, null, 'é'] } },
      source: { agent: 'claude-code', session: 's1', capturedFrom: 'mcp', confidence: 0.9 },
      startedAt: '2026-01-01T00:00:00.000Z',
    });
    expect(await memory.getEpisode(episode.id)).toEqual(episode);
  });

  test('ids are UUID version 7 and rise also while the clock stands still [EP-01]', async () => {
    const episodes = await memory.createEpisodes(
      Array.from({ length: 1_000 }, (_, i) => ({ description: `task ${i}` })),
    );
    const ids = episodes.map((episode) => episode.id);
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/u.test(id))).toBe(true);
    expect(ids.toSorted()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each([
    ['no description', {}, 'description'],
    ['an empty description', { description: '  ' }, 'description'],
    ['an unknown field', { description: 'x', colour: 'red' }, 'colour'],
    ['a wrong type', { description: 'x', tags: 'a' }, 'tags'],
    ['an unknown task type', { description: 'x', taskType: 'dance' }, 'taskType'],
    ['a bad tag', { description: 'x', tags: ['no spaces'] }, 'tags'],
    ['a confidence above 1', { description: 'x', source: { confidence: 2 } }, 'source.confidence'],
    ['metadata that JSON has not', { description: 'x', metadata: { when: new Date(0) } }, 'metadata'],
  ])('%s is refused by name and nothing is written [EP-01]', async (_case, input, field) => {
    await expect(memory.createEpisode(input as never)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(field),
    });
    expect(await all(memory.listEpisodes())).toEqual([]);
  });

  test('the answer carries the best prior attempt, without the new episode itself [EP-01]', async () => {
    const earlier = await anOpenEpisode();
    await memory.completeEpisode(earlier, { kind: 'success', verdict: 'Cookie path was wrong' });
    await memory.createEpisode({ description: 'Write the changelog' });
    const { episode, related } = await memory.createEpisode({ description: 'The login redirect loops' });
    expect(related.episodes.map((hit) => hit.episode.id)).toEqual([earlier]);
    expect(related.episodes[0]?.episode.id).not.toBe(episode.id);
  });

  test('10,000 episodes are open at once and each takes its own steps [EP-12 EP-13]', async () => {
    const ids: string[] = [];
    for (let batch = 0; batch < 10; batch += 1) {
      const inputs = Array.from({ length: 1_000 }, (_, i) => ({ description: `task ${batch * 1_000 + i}` }));
      ids.push(...(await memory.createEpisodes(inputs)).map((episode) => episode.id));
    }
    for (const id of [ids[0], ids[5_000], ids[9_999]]) {
      const { step } = await memory.addStep(id!, { tool: 'bash', action: 'ls' });
      expect(step.number).toBe(1);
    }
    expect((await all(memory.listEpisodes({ status: 'open' }))).length).toBe(10_000);
  });

  test('a batch with one bad episode writes none of them [EP-13]', async () => {
    await expect(memory.createEpisodes([{ description: 'good' }, { description: '' }])).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
    expect(await all(memory.listEpisodes())).toEqual([]);
  });
});

describe('steps', () => {
  test('are numbered in order, with everything they were given [EP-02]', async () => {
    const id = await anOpenEpisode();
    const first = await memory.addStep(id, {
      tool: 'bash',
      action: 'run the tests',
      rationale: 'see what fails',
      parameters: { command: 'npm test' },
      result: { type: 'error', message: 'Error: boom' },
      latencyMs: 12,
      tokensUsed: 34,
      key: 'k1',
    });
    const second = await memory.addStep(id, { tool: 'edit', action: 'change it' });
    expect([first.step.number, second.step.number]).toEqual([1, 2]);
    expect(await memory.getSteps(id)).toEqual([first.step, second.step]);
    expect(first.step).toMatchObject({
      rationale: 'see what fails',
      parameters: { command: 'npm test' },
      result: { type: 'error', message: 'Error: boom' },
      latencyMs: 12,
      tokensUsed: 34,
      key: 'k1',
    });
  });

  test('repeating a key answers the first step and stores nothing [EP-02]', async () => {
    const id = await anOpenEpisode();
    const first = await memory.addStep(id, { tool: 'bash', action: 'one', key: 'same' });
    const again = await memory.addStep(id, { tool: 'bash', action: 'another text', key: 'same' });
    expect(again.step).toEqual(first.step);
    expect(await memory.getSteps(id)).toHaveLength(1);
  });

  test('repeating a key on a completed episode still answers the first step [EP-02]', async () => {
    const id = await anOpenEpisode();
    const first = await memory.addStep(id, { tool: 'bash', action: 'one', key: 'same' });
    await memory.completeEpisode(id, { kind: 'success' });
    expect((await memory.addStep(id, { tool: 'bash', action: 'one', key: 'same' })).step).toEqual(first.step);
  });

  test('many steps go in one commit, repeats within the call once [EP-13]', async () => {
    const id = await anOpenEpisode();
    await memory.addStep(id, { tool: 'bash', action: 'zero', key: 'z' });
    const { steps } = await memory.addSteps(id, [
      { tool: 'bash', action: 'one', key: 'a' },
      { tool: 'bash', action: 'zero again', key: 'z' },
      { tool: 'bash', action: 'one again', key: 'a' },
      { tool: 'bash', action: 'two' },
    ]);
    expect(steps.map((step) => step.number)).toEqual([2, 1, 2, 3]);
    expect((await memory.getSteps(id)).map((step) => step.action)).toEqual(['zero', 'one', 'two']);
  });

  test('one key used by 20 calls at once is stored once [EP-02]', async () => {
    const id = await anOpenEpisode();
    const calls = Array.from({ length: 20 }, () => memory.addStep(id, { tool: 'bash', action: 'x', key: 'k' }));
    const numbers = (await Promise.all(calls)).map(({ step }) => step.number);
    expect(new Set(numbers)).toEqual(new Set([1]));
    expect(await memory.getSteps(id)).toHaveLength(1);
  });

  test('an unknown episode is NOT_FOUND and a completed one INVALID_STATE, and nothing is written [EP-02]', async () => {
    const unknown = '01890000-0000-7000-8000-000000000000';
    await expect(memory.addStep(unknown, { tool: 'a', action: 'b' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const id = await anOpenEpisode();
    await memory.completeEpisode(id, { kind: 'success' });
    await expect(memory.addStep(id, { tool: 'a', action: 'b' })).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect(await memory.getSteps(id)).toEqual([]);
  });

  test('a long output is kept with head and tail and its original size [EP-07]', async () => {
    const id = await anOpenEpisode();
    const output = `HEAD${'ä'.repeat(100_000)}TAIL`;
    const { step } = await memory.addStep(id, { tool: 'bash', action: 'x', result: { type: 'success', output } });
    expect(step.result).toMatchObject({ type: 'success', originalBytes: Buffer.byteLength(output) });
    const kept = step.result.type === 'success' ? step.result.output! : '';
    expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(LIMITS.resultBytes);
    expect(kept.startsWith('HEADä') && kept.endsWith('äTAIL') && kept.includes('bytes left out')).toBe(true);
    expect(kept).not.toContain('\uFFFD');
  });

  test('an output of exactly the limit is kept as it is [EP-07]', async () => {
    const id = await anOpenEpisode();
    const output = 'x'.repeat(LIMITS.resultBytes);
    const { step } = await memory.addStep(id, { tool: 'bash', action: 'x', result: { type: 'success', output } });
    expect(step.result).toEqual({ type: 'success', output });
  });

  test('the 1,001st step is refused and the 1,000 stay [EP-07]', async () => {
    const id = await anOpenEpisode();
    await memory.addSteps(
      id,
      Array.from({ length: LIMITS.steps }, (_, i) => ({ tool: 't', action: `a${i}` })),
    );
    await expect(memory.addStep(id, { tool: 't', action: 'one more' })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/1,?000/u),
    });
    expect(await memory.getSteps(id)).toHaveLength(LIMITS.steps);
  });

  test('an episode takes 10 MB of steps and no more [EP-07]', async () => {
    const id = await anOpenEpisode();
    const step = { tool: 't', action: 'a', result: { type: 'success' as const, output: 'x'.repeat(60_000) } };
    await memory.addSteps(
      id,
      Array.from({ length: 160 }, () => step),
    );
    await expect(
      memory.addSteps(
        id,
        Array.from({ length: 10 }, () => step),
      ),
    ).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(await memory.getSteps(id)).toHaveLength(160);
  });

  test.each([
    ['description', () => memory.createEpisode({ description: 'x'.repeat(LIMITS.descriptionBytes + 1) })],
    ['tags', () => memory.createEpisode({ description: 'x', tags: Array.from({ length: 33 }, (_, i) => `t-${i}`) })],
    ['metadata', () => memory.createEpisode({ description: 'x', metadata: { a: 'x'.repeat(LIMITS.metadataBytes) } })],
  ])('a %s past its limit is LIMIT_EXCEEDED by name [EP-07]', async (field, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', message: expect.stringContaining(field) });
  });
});

describe('completing', () => {
  test('answers reward with parts, reflection and quality, and stores them [EP-03]', async () => {
    const id = await anOpenEpisode();
    await memory.addStep(id, { tool: 'bash', action: 'npm test', result: { type: 'success', output: 'ok' } });
    const completed = await memory.completeEpisode(id, { kind: 'success', verdict: 'done', artifacts: ['a.ts'] });
    expect(completed).toMatchObject({
      status: 'completed',
      version: 2,
      outcome: { kind: 'success', verdict: 'done', artifacts: ['a.ts'] },
      endedAt: '2026-01-01T00:00:00.000Z',
    });
    const { total, parts } = completed.reward;
    expect(total).toBeCloseTo(parts.outcome + parts.verification + (parts.efficiency ?? 0) + parts.recovery, 12);
    await memory.close();
  });

  test.each([
    [{ kind: 'success' as const }],
    [{ kind: 'partial' as const, completed: ['a'], failed: ['b'] }],
    [{ kind: 'failure' as const, reason: 'no time', details: 'really' }],
    [{ kind: 'abstained' as const, reason: 'out of scope' }],
  ])('takes outcome %j [EP-03]', async (outcome) => {
    const id = await anOpenEpisode();
    expect((await memory.completeEpisode(id, outcome)).outcome).toMatchObject(outcome);
  });

  test('twice is refused and changes nothing [EP-03]', async () => {
    const id = await anOpenEpisode();
    await memory.completeEpisode(id, { kind: 'failure', reason: 'first' });
    await memory.learnPending();
    const before = await memory.getEpisode(id);
    await expect(memory.completeEpisode(id, { kind: 'success' })).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect(await memory.getEpisode(id)).toEqual(before);
  });

  test('of two at once one wins and the other is told [EP-03]', async () => {
    const id = await anOpenEpisode();
    const results = await Promise.allSettled([
      memory.completeEpisode(id, { kind: 'success' }),
      memory.completeEpisode(id, { kind: 'failure', reason: 'x' }),
    ]);
    const refused = results.filter((result) => result.status === 'rejected');
    expect(refused).toHaveLength(1);
    expect(isMemoryError(refused[0]?.reason) && refused[0].reason.code).toBe('INVALID_STATE');
  });

  test('with a field of another kind is refused by name and leaves the episode open [EP-03]', async () => {
    const id = await anOpenEpisode();
    await expect(memory.completeEpisode(id, { kind: 'success', reason: 'x' } as never)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('reason'),
    });
    expect((await memory.getEpisode(id))?.status).toBe('open');
  });

  test('an episode opened by one memory is continued and completed by another on the same store [EP-04]', async () => {
    const store = inMemoryStore();
    const first = openMemory({ store });
    const { episode } = await first.createEpisode({ description: 'started elsewhere' });
    await first.addStep(episode.id, { tool: 'bash', action: 'one' });
    const second = openMemory({ store });
    expect((await second.addStep(episode.id, { tool: 'bash', action: 'two' })).step.number).toBe(2);
    expect((await second.completeEpisode(episode.id, { kind: 'success' })).status).toBe('completed');
    await second.close();
  });
});

describe('reading', () => {
  async function three(): Promise<readonly string[]> {
    const ids: string[] = [];
    for (const [domain, tags] of [
      ['auth', ['a', 'bb']],
      ['auth', ['bb', 'cc']],
      ['billing', ['cc']],
    ] as const) {
      nowMs += 60_000;
      const { episode } = await memory.createEpisode({
        description: `about ${domain}`,
        domain,
        tags: tags.map((tag) => `tag-${tag}`),
        source: { agent: domain, confidence: domain === 'auth' ? 0.9 : 0.1 },
      });
      ids.push(episode.id);
    }
    await memory.completeEpisode(ids[0]!, { kind: 'success' });
    await memory.completeEpisode(ids[1]!, { kind: 'failure', reason: 'x' });
    await memory.learnPending();
    return ids;
  }

  test.each([
    [{}, [0, 1, 2]],
    [{ order: 'newest' as const }, [2, 1, 0]],
    [{ domain: 'auth' }, [0, 1]],
    [{ status: 'open' as const }, [2]],
    [{ outcome: 'failure' as const }, [1]],
    [{ tagsAll: ['tag-bb', 'tag-cc'] }, [1]],
    [{ tagsAny: ['tag-a', 'tag-cc'] }, [0, 1, 2]],
    [{ since: '2026-01-01T00:02:00.000Z' }, [1, 2]],
    [{ until: '2026-01-01T00:02:00.000Z' }, [0]],
    [{ minReward: 0.5 }, [0]],
    [{ maxReward: 0.5 }, [1]],
    [{ agent: 'billing' }, [2]],
    [{ minConfidence: 0.5 }, [0, 1]],
  ])('filter %j keeps exactly what matches, in order [EP-05]', async (filter, expected) => {
    const ids = await three();
    const found = (await all(memory.listEpisodes(filter))).map((episode) => ids.indexOf(episode.id));
    expect(found).toEqual(expected);
  });

  test('a filter is taken in any spelling of tags and times, and refused by name where it is none [EP-05 EP-08]', async () => {
    const ids = await three();
    const found = await all(memory.listEpisodes({ tagsAll: [' TAG-A '], since: '2026-01-01T02:01:00+02:00' }));
    expect(found.map((episode) => episode.id)).toEqual([ids[0]]);
    const refused = expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining('tagAll') });
    await expect(all(memory.listEpisodes({ tagAll: ['x'] } as never))).rejects.toEqual(refused);
    await expect(memory.forget({ tagAll: ['x'] } as never)).rejects.toEqual(refused);
    expect(await all(memory.listEpisodes())).toHaveLength(3);
  });

  test('pages are stable while episodes are added [EP-05]', async () => {
    await three();
    const [first] = await all(memory.listEpisodes({ order: 'newest', limit: 1 }));
    nowMs += 60_000;
    await memory.createEpisode({ description: 'new meanwhile' });
    const rest = await all(memory.listEpisodes({ order: 'newest', after: first! }));
    expect(rest.map((episode) => episode.domain)).toEqual(['auth', 'auth']);
  });

  test('several are answered in the order of their ids, with holes where there is none [EP-05]', async () => {
    const ids = await three();
    const found = await memory.getEpisodes([ids[2]!, '01890000-0000-7000-8000-000000000000', ids[0]!]);
    expect(found.map((episode) => episode?.id)).toEqual([ids[2], undefined, ids[0]]);
  });

  test('steps of an unknown episode are NOT_FOUND, not an empty list [EP-05]', async () => {
    await expect(memory.getSteps('01890000-0000-7000-8000-000000000000')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('changing', () => {
  test('tags are added, removed and set, clean and without repeats [EP-08]', async () => {
    const { episode } = await memory.createEpisode({ description: 'x y z', tags: ['one', 'two'] });
    const tagsAfter = async (tags: object): Promise<readonly string[]> =>
      (await memory.updateEpisode(episode.id, { tags })).tags;
    expect(await tagsAfter({ add: [' Three ', 'ONE'] })).toEqual(['one', 'two', 'three']);
    expect(await tagsAfter({ remove: ['TWO'] })).toEqual(['one', 'three']);
    expect(await tagsAfter({ set: ['größe', '日本'] })).toEqual(['größe', '日本']);
  });

  test.each([['a'], ['x'.repeat(101)], ['with space'], ['semi;colon'], ['']])(
    'tag %j is refused [EP-08]',
    async (tag) => {
      const { episode } = await memory.createEpisode({ description: 'x y z' });
      await expect(memory.updateEpisode(episode.id, { tags: { add: [tag] } })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      });
      expect((await memory.getEpisode(episode.id))?.version).toBe(1);
    },
  );

  test('a tag is renamed wherever it stands and counted [EP-08]', async () => {
    await memory.createEpisodes([
      { description: 'a b c', tags: ['old', 'keep'] },
      { description: 'd e f', tags: ['old', 'new'] },
      { description: 'g h i', tags: ['keep'] },
    ]);
    expect(await memory.renameTag({ from: 'OLD', to: 'new' })).toBe(2);
    expect(await memory.tagStats()).toEqual([
      { tag: 'keep', count: 2 },
      { tag: 'new', count: 2 },
    ]);
  });

  test('a completed episode takes a new description and is found by it [EP-05]', async () => {
    const id = await anOpenEpisode();
    await memory.addStep(id, { tool: 'bash', action: 'grep cookies' });
    await memory.completeEpisode(id, { kind: 'success' });
    await memory.updateEpisode(id, { description: 'Session handling of the shop' });
    const found = await memory.search({ text: 'session shop' });
    expect(found.episodes.map((hit) => hit.episode.id)).toEqual([id]);
    expect((await memory.search({ text: 'grep cookies' })).episodes).toHaveLength(1);
    expect((await memory.search({ text: 'redirect' })).episodes).toEqual([]);
    await memory.close();
  });
});

describe('forgetting', () => {
  test('takes steps, text, evidence and what patterns owe to it, and leaves a tombstone [EP-06]', async () => {
    const store = inMemoryStore();
    const own = openMemory({ store });
    const ids: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      const { episode } = await own.createEpisode({ description: 'Deploy the zebra service', domain: 'ops' });
      await own.addSteps(episode.id, [
        { tool: 'build', action: 'b' },
        { tool: 'push', action: 'p' },
      ]);
      await own.completeEpisode(episode.id, i < 3 ? { kind: 'success' } : { kind: 'failure', reason: 'x' });
      ids.push(episode.id);
    }
    await own.catchUp();
    expect((await own.listPatterns())[0]).toMatchObject({ pattern: { support: 4, successes: 3 } });

    const receipt = await own.forget({ ids: [ids[0]!] });
    expect(receipt).toEqual({
      episodes: 1,
      episodeIds: [ids[0]],
      steps: 2,
      evidence: 1,
      patterns: { gone: 0, goneIds: [], weakened: 1 },
      recommendations: { gone: 0, changed: 0 },
      reflections: 0,
      textEntries: 1,
      vectors: 1,
      isDryRun: false,
    });
    expect(await own.getEpisode(ids[0]!)).toBeUndefined();
    expect((await own.search({ text: 'zebra' })).episodes.map((hit) => hit.episode.id)).not.toContain(ids[0]);
    expect((await own.listPatterns())[0]).toMatchObject({
      pattern: { support: 3, successes: 2 },
      figures: { baseRate: 2 / 3 },
    });
    expect(await store.getMany('tombstone', [ids[0]!])).toMatchObject([{ id: ids[0] }]);
    await own.close();
  });

  test('everything is never forgotten by accident [EP-06]', async () => {
    const id = await anOpenEpisode();
    for (const filter of [{}, { tagsAll: [] }, { order: 'newest' }, { limit: 100 }, { visibleTo: {} }] as const) {
      await expect(memory.forget(filter)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
    expect(await memory.getEpisode(id)).toBeDefined();
  });
});

test('after close every verb says CLOSED [EP-04]', async () => {
  const id = await anOpenEpisode();
  await memory.close();
  await memory.close();
  await expect(memory.getEpisode(id)).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(memory.addStep(id, { tool: 'a', action: 'b' })).rejects.toMatchObject({ code: 'CLOSED' });
});

test('an episode is compared with what comes to nothing in others of its scope, once that was learnt [LE-01]', async () => {
  const store = inMemoryStore();
  memory = openMemory({ store, embedder: 'none' });
  const efficiencyIn = async (domain: string): Promise<number> => {
    const [episode] = await memory.createEpisodes([{ description: 'Fix the login redirect', domain }]);
    const { id } = episode!;
    const failed = { type: 'error', message: 'Error: it broke' } as const;
    await memory.addSteps(id, [
      { tool: 'build', action: 'x' },
      { tool: 'push', action: 'y', result: failed },
      { tool: 'open', action: 'z' },
    ]);
    return (await memory.completeEpisode(id, { kind: 'success' })).reward.parts.efficiency ?? 0;
  };
  const row = (domain: string, waste?: readonly [number, number, number]): Baseline => ({
    ...{ id: baselineId({ domain }), version: 1, scope: { domain }, episodes: 9, successes: 9 },
    learnt: { at: '2026-01-01T00:00:00.000Z', clustered: 0, ...(waste === undefined ? {} : { waste }) },
  });
  await store.write([
    { op: 'put', kind: 'baseline', value: row('clean', [0, 0, 0]) },
    { op: 'put', kind: 'baseline', value: row('wasteful', [0.8, 0.9, 1]) },
    { op: 'put', kind: 'baseline', value: row('unknown') },
  ]);
  const [clean, wasteful, unknown] = [
    await efficiencyIn('clean'),
    await efficiencyIn('wasteful'),
    await efficiencyIn('unknown'),
  ];
  expect(await efficiencyIn('never learnt')).toBe(unknown);
  expect(clean).toBeLessThan(unknown);
  expect(wasteful).toBeGreaterThan(unknown);
  await memory.close();
});
