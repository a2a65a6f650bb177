// Questions as nobody should ask them, to a real server: an answer or an error that helps, and the next call is served.
import { expect, test } from 'vitest';
import { embedded, remembered, startServer, type TestServer, temporaryFolder } from './client.ts';

const SINCE = '2026-02-01T00:00:00Z';
const UNTIL = '2026-01-01T00:00:00Z';

const REFUSED = [
  [{}, /^INVALID_INPUT: query: give a text, or a filter/u],
  [{ query: ' \n' }, /^INVALID_INPUT: query: give a text, or a filter/u],
  [{ query: 'x'.repeat(10_001) }, /^LIMIT_EXCEEDED: query: is longer than 10000 bytes; shorten it/u],
  [{ query: 'log\0in' }, /^INVALID_INPUT: query: holds a NUL character/u],
  [{ query: 'x', limit: 0 }, /^INVALID_INPUT: limit: is 0; give at least 1/u],
  [{ query: 'x', limit: 101 }, /^INVALID_INPUT: limit: is 101; give at most 100/u],
  [{ query: 'x', since: SINCE, until: UNTIL }, /^INVALID_INPUT: .*nothing can match.*Exchange them/u],
] as const;

const IN_WORDS = [
  '"',
  '"login',
  "login' OR '1'='1",
  'NEAR(login token, 2)',
  'title: login',
  '-login*',
  'login AND NOT (',
  '; DROP TABLE login; --',
  'how do you',
  '\u0001\u0002\u001b[31m\ufffd',
  '価格',
];

test('a question that cannot be answered is refused with what to do, and any other is one in words [RE-12] [RE-01]', async () => {
  const server = await startServer(temporaryFolder());
  const { call } = server;
  await remembered(server, { task_description: 'Fix the login token' });
  for (const [given, told] of REFUSED) {
    const { isError, text } = await call('query_memory', given);
    expect.soft({ given, isError }).toEqual({ given, isError: true });
    expect.soft(text).toMatch(told);
  }
  for (const query of IN_WORDS) {
    const { isError, structured } = await call('query_memory', { query });
    const isFound = query.includes('login');
    expect.soft({ query, isError, found: structured?.episodes.length }).toEqual({
      query,
      isError: false,
      found: isFound ? 1 : 0,
    });
  }
});

test('a project that nobody knows is named, with what looks further [RE-07] [RE-08]', async () => {
  const server = await startServer(temporaryFolder());
  const { call } = server;
  await remembered(server, { task_description: 'Fix the login token' });
  const wrong = await call('query_memory', { query: 'login token', project: 'test/projcet' });
  expect(wrong.structured).toMatchObject({ episodes: [], abstained: true });
  expect(wrong.text).toContain('Nothing stored matches.');
  expect(wrong.text).toMatch(/No episode belongs to the project "test\/projcet"; .*scope "all"/u);
});

test('what the asker works on ranks, and hides nothing [RE-02] [RE-03]', async () => {
  const server = await startServer(temporaryFolder());
  const { call } = server;
  const ids: string[] = [];
  for (const [language, file] of [
    ['rust', 'core/src/cache.rs'],
    ['go', 'api/cache.go'],
  ]) {
    const task_description = 'Fix the stale entries of the cache';
    ids.push(await remembered(server, { task_description, language, files: [file] }));
  }
  await embedded(server);
  const asked = async (given: object): Promise<readonly string[]> => {
    const { structured } = await call('query_memory', { query: 'stale entries of the cache', ...given });
    return structured.episodes.map(({ episode_id }: { readonly episode_id: string }) => episode_id);
  };
  expect(await asked({ files: ['core/src/cache.rs'] })).toEqual(ids);
  expect(await asked({ files: ['api/cache.go'] })).toEqual(ids.toReversed());
  expect(await asked({ language: 'rust' })).toEqual(ids);
  expect(await asked({ language: 'go' })).toEqual(ids.toReversed());
});

test('an episode that the asker is still at is not found by its own question, and is once it has ended [RE-01]', async () => {
  const dataDir = temporaryFolder();
  const [server, other] = await Promise.all([startServer(dataDir), startServer(dataDir)]);
  const known = await remembered(server, { task_description: 'Fix the login token' });
  const { structured: own } = await server.call('create_episode', { task_description: 'Fix the login token again' });
  const found = async ({ call }: TestServer): Promise<readonly string[]> => {
    const { structured } = await call('query_memory', { query: 'login token' });
    return structured.episodes.map(({ episode_id }: { readonly episode_id: string }) => episode_id).toSorted();
  };
  expect(await found(server)).toEqual([known]);
  expect(await found(other)).toEqual([known, own.episode_id].toSorted());
  await server.call('complete_episode', { episode_id: own.episode_id, outcome: { kind: 'success' } });
  expect(await found(server)).toEqual([known, own.episode_id].toSorted());
});
