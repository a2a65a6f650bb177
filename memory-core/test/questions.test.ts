// Questions as nobody should ask them: each gets an answer, or an error that helps.
import { stripVTControlCharacters } from 'node:util';
import { inMemoryStore, type Memory, openMemory, type SearchQuery } from '@episodica/memory-core';
import { nastyText } from '@episodica/test-utils';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { MemoryContext } from '../src/context.ts';
import { answerOfStore } from '../src/gather/store-answer.ts';

let memory: Memory;
beforeEach(async () => {
  memory = openMemory({ store: inMemoryStore(), project: 'shop' });
  for (const description of ['Fix the login token', 'Parse the price of a product', 'Was ist das: 価格を直す']) {
    const { episode } = await memory.createEpisode({ description, tags: ['urgent'] });
    await memory.completeEpisode(episode.id, { kind: 'success' });
  }
});

describe('a question', () => {
  test.each([
    ['nothing', {}],
    ['an empty text', { text: '' }],
    ['blanks', { text: ' \n\t ' }],
    ['nothing but where the asker is', { situation: { files: ['src/a.ts'], language: 'rust' } }],
  ] as const)('of %s is refused, and told what to give [RE-12]', async (_name, query) => {
    await expect(memory.search(query)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(/give a text, or a filter/u),
    });
  });

  test.each<readonly [string, SearchQuery, string, RegExp]>([
    [
      'too long a text',
      { text: 'x'.repeat(10_001) },
      'LIMIT_EXCEEDED',
      /text: is longer than 10000 bytes; shorten it/u,
    ],
    ['too many bytes', { text: '価'.repeat(3_400) }, 'LIMIT_EXCEEDED', /text: is longer than 10000 bytes/u],
    ['a NUL', { text: 'login\0token' }, 'INVALID_INPUT', /text: holds a NUL character; leave it out/u],
    ['no hits', { text: 'login', limit: 0 }, 'INVALID_INPUT', /limit/u],
    ['more hits than there may be', { text: 'login', limit: 101 }, 'INVALID_INPUT', /limit.*100/u],
    [
      'an end before the beginning',
      { since: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' },
      'INVALID_INPUT',
      /since: .* is not before until .* Exchange them/u,
    ],
    [
      'an end that is the beginning',
      { text: 'x', since: '2026-02-01T00:00:00Z', until: '2026-02-01T00:00:00Z' },
      'INVALID_INPUT',
      /nothing can match/u,
    ],
  ])('with %s is refused with what to do [RE-12]', async (_name, query, code, message) => {
    await expect(memory.search(query)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test.each([
    '"',
    '"login',
    "login' OR '1'='1",
    'NEAR(login token, 2)',
    'title: login',
    'login*',
    '-login',
    '^login',
    'login AND NOT token',
    'login OR',
    '((login',
    '{login token}: x',
    '%_login',
    '; DROP TABLE login; --',
    '\ud800 login',
    'login \udfff\ud800',
    '\u202elogin\u0007\u001b[31m',
    '\u001b[31mlogin\u001b[39m',
  ])('in the syntax of something else is a question in words: %j [RE-01]', async (text) => {
    const { episodes } = await memory.search({ text });
    const found = episodes.map(({ episode }) => episode.description);
    expect(found).toEqual(text === '"' ? [] : ['Fix the login token']);
  });

  test('finds nothing of the episodes that it leaves out, by the index, by filters and by the store [RE-01]', async () => {
    const store = inMemoryStore();
    const tasks = ['Fix the login token', 'Fix the login page', 'Fix the login form'];
    const begun = await openMemory({ store }).createEpisodes(tasks.map((description) => ({ description })));
    const [first, second, third] = begun.map(({ id }) => id);
    const except = [first!, '0198c0de-0000-7000-8000-000000000000'];
    const context = { store, clock: Date.now, index: { episodesRead: () => 0 } };
    const indexed = openMemory({ store });
    for (const query of [{ text: 'login' }, { until: '2999-01-01T00:00:00Z' }]) {
      const found = (await indexed.search({ ...query, except })).episodes.map(({ episode }) => episode.id);
      expect(found.toSorted()).toEqual([second, third].toSorted());
      expect((await indexed.search({ ...query })).episodes).toHaveLength(3);
    }
    const here = { places: [], nowMs: Date.now() };
    const asked = { text: 'login', filter: {}, patternFilter: undefined, here, limit: 2, except };
    // Nothing else of the context is asked.
    const { episodes } = await answerOfStore(context as unknown as MemoryContext, asked, {});
    expect(episodes.map(({ episode }) => episode.id).toSorted()).toEqual([second, third].toSorted());
  });

  test('of stop words alone is answered by those who said them [RE-01]', async () => {
    const { episodes } = await memory.search({ text: 'was ist das' });
    expect(episodes[0]?.episode.description).toContain('Was ist das');
    expect(await memory.search({ text: 'how do you' })).toMatchObject({ isAbstained: true, episodes: [] });
  });

  test('of any text at all is answered [RE-01] [RE-09]', async () => {
    await fc.assert(
      fc.asyncProperty(nastyText, async (text) => {
        // What is no more than the colours of a terminal is as good as empty, and told so.
        if (stripVTControlCharacters(text).trim() === '' || text.includes('\0') || text.length > 3_000) return;
        const { episodes, isAbstained } = await memory.search({ text });
        expect(isAbstained).toBe(episodes.length === 0);
      }),
      { numRuns: 60 },
    );
  });
});

test('other projects do not take the places of what the own one knows [RE-06] [RE-08]', async () => {
  const store = inMemoryStore();
  const memory = openMemory({ store, embedder: 'none' });
  const fixed = async (project: string): Promise<string> => {
    const { episode } = await memory.createEpisode({ description: `Mend the login of ${project}`, project });
    const failing = { tool: 'bash', action: 'run the tests', parameters: { command: 'npm test' } };
    const message = "TypeError: Cannot read properties of undefined (reading 'token')";
    await memory.addSteps(episode.id, [
      { ...failing, result: { type: 'error', message } },
      { tool: 'edit', action: `await the token in ${project}` },
      failing,
    ]);
    await memory.completeEpisode(episode.id, { kind: 'success' });
    return episode.id;
  };
  const own = await fixed('own');
  for (let count = 0; count < 60; count += 1) await fixed(`other-${count}`);
  const text = "TypeError: Cannot read properties of undefined (reading 'token')";
  const { fixes, episodes } = await memory.search({ text, project: 'own' });
  expect(fixes.map(({ episodeId }) => episodeId)).toEqual([own]);
  expect(episodes.map(({ episode }) => episode.id)).toEqual([own]);
  await memory.close();
});
