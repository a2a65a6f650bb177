// Counting in groups: what is said of each, what may be asked, and how it stays within bounds.
import { type AggregateQuery, inMemoryStore, type Memory, openMemory } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import {
  type AggregateArguments,
  aggregateAnswer,
  aggregateResult,
  aggregateShape,
  toAggregateQuery,
} from '@episodica/memory-core/wire';
import { aCompletedEpisode, anEpisode, aStep, put } from '@episodica/test-utils';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { groupsBy, MAX_COUNTED, MAX_GROUPS } from '../src/aggregate/groups.ts';
import { sample } from '../src/aggregate/sample.ts';

let store: MemoryStore;
let memory: Memory;
beforeEach(() => {
  store = inMemoryStore();
  memory = openMemory({ store, project: 'shop', embedder: 'none' });
});

const FAILED = { kind: 'failure' as const, reason: 'no way' };

async function storeEpisodes(...given: readonly Parameters<typeof aCompletedEpisode>[0][]): Promise<readonly string[]> {
  const episodes = given.map((each) => aCompletedEpisode(each));
  await store.write(episodes.map((episode) => put('episode', episode)));
  return episodes.map(({ id }) => id);
}

describe('episodes', () => {
  test('abstaining and being under way are no verdict: they count, and not for or against [SB-06]', async () => {
    await storeEpisodes({}, {}, { outcome: FAILED }, { outcome: { kind: 'partial', completed: [], failed: [] } });
    await storeEpisodes({ outcome: { kind: 'abstained' } });
    await store.write([put('episode', anEpisode())]);
    const { groups } = await memory.aggregate({});
    expect(groups).toMatchObject([{ group: {}, count: 6, measures: { ended: 4, successes: 2, success_rate: 0.5 } }]);
    const alone = await memory.aggregate({ groupBy: ['outcome'], orderBy: 'group' });
    expect(alone.groups.map(({ group, count, measures }) => [group.outcome, count, measures.success_rate])).toEqual([
      ['abstained', 1, null],
      ['failure', 1, 0],
      ['partial', 1, 0],
      ['success', 2, 1],
      [null, 1, null],
    ]);
  });

  test('what is seen is the own project and what belongs to none, unless others are asked for [SB-06]', async () => {
    await storeEpisodes({ project: 'shop' }, { project: 'bank' }, { project: 'bank' }, {});
    const seen = async (where: AggregateQuery['where']) =>
      (await memory.aggregate({ where, groupBy: ['project'], orderBy: 'group' })).groups.map(
        ({ group, count }) => `${group.project}: ${count}`,
      );
    expect(await seen(undefined)).toEqual(['shop: 1', 'null: 1']);
    expect(await seen({ project: 'bank' })).toEqual(['bank: 2', 'null: 1']);
    expect(await seen({ project: 'bank', scope: 'all' })).toEqual(['bank: 2']);
    expect(await seen({ scope: 'all' })).toEqual(['bank: 2', 'shop: 1', 'null: 1']);
  });

  test('the newest are looked at, and that there are more is said [SB-06]', async () => {
    const at = (day: number) => `2026-01-${String(day).padStart(2, '0')}T10:00:00.000Z`;
    await storeEpisodes(...[1, 2, 3].map((day) => ({ startedAt: at(day), domain: `day ${day}` })));
    const two = await memory.aggregate({ groupBy: ['domain'], orderBy: 'group', maxEpisodes: 2 });
    expect(two.groups.map(({ group }) => group.domain)).toEqual(['day 2', 'day 3']);
    expect(two).toMatchObject({ scanned: 2, isComplete: false });
    expect(await memory.aggregate({ maxEpisodes: 3 })).toMatchObject({ scanned: 3, isComplete: true });
  });

  test('a week begins on its Monday, also over the end of a year [SB-06]', async () => {
    const startedAt = ['2024-12-29T23:59:59.999Z', '2024-12-30T00:00:00.000Z', '2025-01-05T23:00:00.000Z'];
    await storeEpisodes(...startedAt.map((time) => ({ startedAt: time })));
    const { groups } = await memory.aggregate({ groupBy: ['week'], orderBy: 'group' });
    expect(groups.map(({ group, count }) => [group.week, count])).toEqual([
      ['2024-12-23', 1],
      ['2024-12-30', 2],
    ]);
  });

  test('an order by what was not asked for measures it as well [SB-06]', async () => {
    await storeEpisodes({ domain: 'a', outcome: FAILED }, { domain: 'b' });
    const { groups } = await memory.aggregate({ groupBy: ['domain'], measures: [], orderBy: 'success_rate' });
    expect(groups).toEqual([
      { group: { domain: 'b' }, count: 1, measures: { success_rate: 1 } },
      { group: { domain: 'a' }, count: 1, measures: { success_rate: 0 } },
    ]);
  });
});

describe('steps', () => {
  test('the same error is one group wherever it comes, and a command is known by what it ran [SB-06]', async () => {
    const [one = '', two = ''] = await storeEpisodes({ domain: 'a' }, { domain: 'b' });
    const failing = (episodeId: string, line: number) =>
      aStep({
        episodeId,
        parameters: { command: `cd /work/${line} && npm run build` },
        result: { type: 'error', message: `src/a${line}.ts:${line}:7 - error TS2345: Argument is not assignable.` },
      });
    await store.write([failing(one, 3), failing(two, 40), aStep({ episodeId: two })].map((step) => put('step', step)));
    const { groups } = await memory.aggregate({ of: 'steps', groupBy: ['act', 'error_code', 'error'] });
    expect(groups).toMatchObject([
      {
        group: { act: 'bash: npm run build', error_code: 'ts2345', error: expect.stringContaining('assignable') },
        count: 2,
        measures: { episodes: 2, errors: 2, error_rate: 1 },
      },
      { group: { act: 'bash: npm test', error_code: null, error: null }, count: 1, measures: { errors: 0 } },
    ]);
    const failed = await memory.aggregate({ of: 'steps', where: { result: 'error' }, groupBy: ['domain'] });
    expect(failed.groups.map(({ group, count }) => [group.domain, count])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });
});

describe('bounds', () => {
  test('names that mean something to a program are names, and endless ones are cut [SB-06]', async () => {
    const [id = ''] = await storeEpisodes({ domain: '__proto__', tags: ['constructor'] }, { domain: 'toString' });
    const long = `${'x'.repeat(498)}👩 and ${'more '.repeat(13_000)}`;
    await store.write([put('step', aStep({ episodeId: id, tool: long }))]);
    const { groups } = await memory.aggregate({ groupBy: ['domain', 'tag'], orderBy: 'group' });
    expect(groups.map(({ group }) => group)).toEqual([
      { domain: '__proto__', tag: 'constructor' },
      { domain: 'toString', tag: null },
    ]);
    const tools = await memory.aggregate({ of: 'steps', groupBy: ['tool'] });
    expect(tools.groups[0]?.group.tool).toBe(`${'x'.repeat(498)}…`);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  test('more groups than are held are not counted, and that is said [SB-06]', async () => {
    const tags = Array.from({ length: 32 }, (_, index) => `tag-${index}`);
    const sessions = Array.from({ length: 320 }, (_, index) => ({ tags, source: { session: `s${index}` } }));
    await storeEpisodes(...sessions);
    const asked: AggregateQuery = { groupBy: ['session', 'tag'], limit: 1_000 };
    const { groups, groupsLeftOut, isComplete } = await memory.aggregate(asked);
    expect({ told: groups.length, groupsLeftOut, isComplete }).toEqual({
      told: 1_000,
      groupsLeftOut: MAX_GROUPS - 1_000,
      isComplete: false,
    });
    expect(await memory.aggregate({ ...asked, where: { tags: ['tag-1'] }, groupBy: ['session'] })).toMatchObject({
      groupsLeftOut: 0,
      isComplete: true,
    });
  });

  test('a million things are counted, and no more [SB-06]', () => {
    const groups = groupsBy(['tag'], ['total_tokens']);
    const tags = [Array.from({ length: 1_000 }, (_, index) => `tag-${index}`)];
    const how = { measures: ['total_tokens'], minCount: 1, orderBy: 'count', isDescending: true, limit: 1 } as const;
    const add = () => groups.add({ episodeId: 'e', amounts: { tokens: 1 } }, tags);
    for (let times = 0; times < MAX_COUNTED / 1_000; times += 1) add();
    expect(groups.isFull).toBe(false);
    add();
    expect(groups.isFull).toBe(true);
    expect(groups.told(how).groups).toMatchObject([{ count: 1_000, measures: { total_tokens: 1_000 } }]);
  });

  test('who stops waiting is told so, and nothing is read any more [SB-06]', async () => {
    await storeEpisodes(...Array.from({ length: 300 }, () => ({})));
    const stop = new AbortController();
    let read = 0;
    const stopping: MemoryStore = {
      ...store,
      async *scan(kind, filter) {
        for await (const entity of store.scan(kind, filter)) {
          read += 1;
          if (read === 60) stop.abort();
          yield entity;
        }
      },
    };
    const aggregating = openMemory({ store: stopping, embedder: 'none' }).aggregate({}, { signal: stop.signal });
    await expect(aggregating).rejects.toMatchObject({ code: 'ABORTED' });
    expect(read).toBeLessThan(150);
  });

  test('the thread is shared while it counts [SB-06]', async () => {
    const tags = Array.from({ length: 32 }, (_, index) => `tag-${index}`);
    await storeEpisodes(...Array.from({ length: 2_000 }, (_, index) => ({ tags, domain: `d${index % 9}` })));
    let turns = 0;
    const turn = setInterval(() => {
      turns += 1;
    }, 1);
    await memory.aggregate({ groupBy: ['tag', 'domain', 'week'] });
    clearInterval(turn);
    expect(turns).toBeGreaterThan(1);
  });

  test('a quantile of very many numbers is that of the sorted ones [SB-06]', () => {
    const figures = fc.tuple(fc.integer({ min: 1, max: 70_000 }), fc.integer({ min: 1, max: 1_000 }), fc.nat());
    fc.assert(
      fc.property(figures, fc.constantFrom(0, 0.5, 0.95, 1), ([length, different, seed], share) => {
        const numbers = Array.from({ length }, (_, index) => ((index + seed) * 7_919) % different);
        const asked = sample();
        for (const number of numbers) asked.add(number);
        const sorted = numbers.sort((a, b) => a - b);
        const place = share * (length - 1);
        const [low = 0, high = 0] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
        expect(asked.quantile(share)).toBeCloseTo(low + (high - low) * (place % 1), 6);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a question', () => {
  test.each<readonly [string, unknown, RegExp]>([
    [
      'a field of steps',
      { groupBy: ['tool'] },
      /^"tool" is known of steps alone: give of: "steps", or group by project,/u,
    ],
    ['a measure of steps', { measures: ['error_rate'] }, /^"error_rate" is known of steps alone/u],
    ['an order of steps', { orderBy: 'p95_latency_ms' }, /^"p95_latency_ms" is known of steps alone/u],
    ['a filter of steps', { where: { tool: 'bash' } }, /^where.tool: narrows steps alone; give of: "steps"/u],
    [
      'a measure of episodes',
      { of: 'steps', measures: ['mean_reward'] },
      /^"mean_reward" is measured of episodes alone/u,
    ],
    ['an unknown field', { groupBy: ['colour'] }, /^groupBy\.0: is none of project, domain/u],
    ['an unknown word', { groupby: ['domain'] }, /^query: "groupby" does not belong here/u],
    ['too many groups', { limit: 1_001 }, /^limit: /u],
    ['too many episodes', { maxEpisodes: 10_001 }, /^maxEpisodes: /u],
    [
      'a time in which nothing is',
      { where: { since: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' } },
      /Exchange/u,
    ],
  ])('with %s is refused with what to do [SB-06]', async (_name, query, message) => {
    await expect(memory.aggregate(query as AggregateQuery)).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:INVALID_INPUT|LIMIT_EXCEEDED)$/u),
      message: expect.stringMatching(message),
    });
  });

  test('in the words of the tools has one name or several, and the answer is as its schema says [SB-06]', async () => {
    await storeEpisodes({ domain: 'a', tags: ['slow'] }, { domain: 'a', outcome: FAILED }, { domain: 'b' });
    const ask = async (given: AggregateArguments) => {
      const checked = z.strictObject(aggregateShape).parse(given);
      const answer = aggregateResult(await memory.aggregate(toAggregateQuery(checked)));
      return aggregateAnswer.parse(JSON.parse(JSON.stringify(answer)));
    };
    const answer = {
      groups: [{ group: { domain: 'a' }, count: 2, success_rate: 0.5, success_rate_low: 0.0945, total_tokens: null }],
      groups_left_out: 1,
      scanned: 3,
      is_complete: true,
    };
    const asked = {
      measures: ['success_rate', 'success_rate_low', 'total_tokens'],
      having: { min_count: 2 },
      order_by: 'group',
      descending: true,
    } as const;
    expect(await ask({ ...asked, group_by: 'domain' })).toEqual(answer);
    expect(await ask({ ...asked, group_by: ['domain'] })).toEqual(answer);
    expect(await ask({ where: { tags: ['slow'] }, measures: 'ended', max_episodes: 10, limit: 1 })).toMatchObject({
      groups: [{ group: {}, count: 1, ended: 1 }],
    });
  });
});
