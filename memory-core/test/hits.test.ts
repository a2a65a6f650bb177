// What a search found, as tools and terminal show it.
import { inMemoryStore, type Memory, openMemory } from '@episodica/memory-core';
import { type EpisodeItem, fixLine, hitLines, hitsOf, queryResult, sumText } from '@episodica/memory-core/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rounded, roundedParts } from '../src/wire/shares.ts';

const ERROR = "TypeError: Cannot read properties of undefined (reading 'token')";

async function attempt(
  memory: Memory,
  { description, isSuccess, note = 'no reason' }: { description: string; isSuccess: boolean; note?: string },
): Promise<string> {
  const { episode } = await memory.createEpisode({ description });
  await memory.addSteps(episode.id, [
    { tool: 'bash', action: 'npm test', result: { type: 'error', message: ERROR } },
    { tool: isSuccess ? 'edit' : 'retry', action: 'await the token before the first request' },
    { tool: 'bash', action: 'npm test', result: isSuccess ? { type: 'success' } : { type: 'error', message: ERROR } },
  ]);
  await memory.completeEpisode(
    episode.id,
    isSuccess ? { kind: 'success', verdict: note } : { kind: 'failure', reason: note },
  );
  return episode.id;
}

async function remembered(): Promise<{ readonly memory: Memory; readonly failed: string; readonly done: string }> {
  const memory = openMemory({ store: inMemoryStore() });
  const failed = await attempt(memory, { description: 'Fix the login token of the shop', isSuccess: false });
  const done = await attempt(memory, { description: 'Fix the login token of the shop', isSuccess: true });
  return { memory, failed, done };
}

describe('parts', () => {
  const parts = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 6 }),
    fc.double({ min: -0.2, max: 1, noNaN: true }),
    { minKeys: 1, maxKeys: 8 },
  );

  test('as they are shown sum to the total as it is shown, and none is off by more than a last digit [RE-03]', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 6 }), (given, decimals) => {
        const total = Object.values(given).reduce((sum, part) => sum + part, 0);
        const shown = roundedParts(given, { total, decimals });
        const sum = Object.values(shown).reduce((soFar, part) => soFar + part, 0);
        expect(sum).toBeCloseTo(rounded(total, decimals), 9);
        for (const [part, value] of Object.entries(shown)) {
          expect(Math.abs(value - (given[part] ?? Number.NaN))).toBeLessThanOrEqual(1.000001 * 10 ** -decimals);
        }
      }),
    );
  });

  test('that add nothing which can be seen are left out of the sum, and what takes away is taken away [RE-03]', () => {
    expect(sumText(0.62, { text: 0.5949, reward: 0.0241, recency: 0.001 })).toBe('0.62 = text 0.60 + reward 0.02');
    expect(sumText(0, { outcome: 0 })).toBe('0.00');
    expect(sumText(0.4, { text: 0.45, order: -0.05 })).toBe('0.40 = text 0.45 - order 0.05');
  });

  test('of a score that is almost nothing are shown with as many digits as it takes [RE-03]', () => {
    expect(sumText(0.0042, { text: 0.003, place: 0.0012 })).toBe('0.004 = text 0.003 + place 0.001');
    expect(sumText(0.0003, { text: 0.0003 })).toBe('0.0003 = text 0.0003');
  });
});

describe('a result', () => {
  test('has the attempt that succeeded first, and says what it did otherwise; the failed one is a warning [RE-05]', async () => {
    const { memory, failed, done } = await remembered();
    const found = await memory.search({ text: 'fix the login token' });
    const [first, second] = queryResult(found, { detail: 'summary', maxTokens: 2_000 }).episodes;
    expect(first).toMatchObject({ episode_id: done, attempts: [{ episode_id: failed, outcome: 'failure' }] });
    expect(first?.difference).toMatch(/^Of these attempts, what succeeded used edit .*what failed used retry/u);
    expect(hitLines(first as EpisodeItem)).toContain(`Other attempts: failure ${failed}`);
    expect(second).toMatchObject({ episode_id: failed, warning: expect.stringContaining('failed') });
    expect(hitLines(second as EpisodeItem)[0]).toMatch(/^WARNING: /u);
  });

  test('begins with the fix of the error that was asked about, with its steps [RE-06]', async () => {
    const { memory, done } = await remembered();
    const { fixes } = queryResult(await memory.search({ text: ERROR }), { detail: 'summary', maxTokens: 2_000 });
    expect(fixes).toMatchObject([{ episode_id: done, failed_step: 1, fix_steps: [2], match: 1 }]);
    const told = fixes.map(fixLine).join();
    expect(told).toContain(`Known fix (100 % the same error, episode ${done}, step 1 failed, fixed by step 2): `);
    expect(told).toContain('await the token before the first request');
  });

  test('has the fix of a known error whatever it looks like, and none for an ordinary task [RE-06]', async () => {
    const memory = openMemory({ store: inMemoryStore() });
    const { episode } = await memory.createEpisode({ description: 'Book the seats' });
    const failed = { type: 'error', message: 'not enough seats left on this flight' } as const;
    await memory.addSteps(episode.id, [
      { tool: 'book', action: 'book', parameters: { flight: 'HAT1' }, result: failed },
      { tool: 'book', action: 'book', parameters: { flight: 'HAT2' }, result: { type: 'success' } },
    ]);
    await memory.completeEpisode(episode.id, { kind: 'success', verdict: 'booked' });
    const known = await memory.search({ text: failed.message });
    expect(known.fixes).toMatchObject([{ episodeId: episode.id, fixSteps: [2], match: 1 }]);
    expect((await memory.search({ text: 'Book two seats on the next flight to Oslo' })).fixes).toEqual([]);
  });

  test('keeps to its size, fixes counted, and always has the first hit and the first fix [RE-04]', async () => {
    const memory = openMemory({ store: inMemoryStore() });
    for (let index = 0; index < 8; index += 1) {
      const description = `Fix the login token of shop ${index}. ${'It has to be there before anybody asks. '.repeat(40)}`;
      await attempt(memory, { description, isSuccess: true, note: 'The token is awaited. '.repeat(100) });
    }
    const found = await memory.search({ text: ERROR });
    const total = found.fixes.length + found.episodes.length + found.patterns.length;
    expect(found.fixes.length).toBeGreaterThan(0);
    for (const detail of ['ids', 'summary', 'full'] as const) {
      let shown = 0;
      for (const maxTokens of [50, 150, 300, 500, 1_000, 2_000, 5_000, 20_000]) {
        const { fixes, episodes, patterns, left_out } = queryResult(found, { detail, maxTokens });
        expect(fixes.length).toBeGreaterThan(0);
        expect(episodes.length + patterns.length).toBeGreaterThan(0);
        expect(fixes.length + episodes.length + patterns.length + left_out).toBe(total);
        const items = [...fixes, ...episodes, ...patterns];
        const tokens = items.reduce((sum, item) => sum + JSON.stringify(item).length / 4, 0);
        // The least there is of a fix and a hit.
        expect(tokens).toBeLessThanOrEqual(Math.max(maxTokens, 200));
        expect(items.length).toBeGreaterThanOrEqual(shown);
        shown = items.length;
      }
      expect(shown).toBe(total);
    }
  });

  test('has scores that fall and parts that sum to them, whatever is rounded [RE-03]', async () => {
    const { memory } = await remembered();
    const result = queryResult(await memory.search({ text: 'fix the login token' }), {
      detail: 'ids',
      maxTokens: 2_000,
    });
    const hits = hitsOf(result);
    expect(hits.length).toBeGreaterThan(1);
    for (const { score, why } of hits) {
      expect(Object.values(why).reduce((sum, part) => sum + part, 0)).toBeCloseTo(score, 9);
    }
    const scores = hits.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  });
});

describe('a project of which nothing is known', () => {
  test('is named in the answer, with what looks further [RE-07] [RE-08]', async () => {
    const memory = openMemory({ store: inMemoryStore(), project: 'shop' });
    await attempt(memory, { description: 'Fix the login token of the shop', isSuccess: true });
    const wrong = await memory.search({ text: 'login token', project: 'shpo' });
    expect(wrong).toMatchObject({ episodes: [], isAbstained: true, degraded: [] });
    expect(wrong.notes).toEqual([expect.stringMatching(/No episode belongs to the project "shpo".*scope "all"/u)]);
    expect((await memory.search({ text: 'login token', project: 'shpo', scope: 'all' })).notes).toEqual([
      expect.not.stringContaining('scope'),
    ]);
    expect((await memory.search({ text: 'login token' })).notes).toEqual([]);
    expect((await memory.search({ text: 'zeppelin' })).notes).toEqual([]);
  });

  test('is not spoken of where something was found that belongs to none [RE-07] [RE-08]', async () => {
    const store = inMemoryStore();
    await attempt(openMemory({ store }), { description: 'Fix the login token', isSuccess: true });
    const found = await openMemory({ store, project: 'shop' }).search({ text: 'login token' });
    expect(found).toMatchObject({ episodes: [expect.anything()], notes: [] });
  });

  test('is not spoken of where nothing at all is stored [RE-07]', async () => {
    const memory = openMemory({ store: inMemoryStore(), project: 'shop' });
    expect(await memory.search({ text: 'login' })).toMatchObject({ notes: [], isAbstained: true });
  });
});
