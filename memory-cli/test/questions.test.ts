// Questions as nobody should ask them, from the terminal: an answer or one line that helps.
import { EXIT_CODES } from '@episodica/memory-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

let place: Place;
beforeEach(() => {
  place = aPlace();
});
afterEach(() => place.remove());

test('a question that cannot be answered is refused in one line, with what to do [RE-12] [CL-01]', async () => {
  for (const [words, code, told] of [
    [[''], 'INVALID_INPUT', /QUERY: give a text, or a filter/u],
    [['x'.repeat(10_001)], 'LIMIT_EXCEEDED', /query: is longer than 10000 bytes; shorten it/u],
    [['x', '--limit', '0'], 'INVALID_INPUT', /Give a whole number from 1 to 100\./u],
    [['x', '--limit', '101'], 'INVALID_INPUT', /Give a whole number from 1 to 100\./u],
    [['x', '--since', '2026-02-01', '--until', '2026-01-01'], 'INVALID_INPUT', /nothing can match\. Exchange them/u],
  ] as const) {
    const ended = await place.run(['ep', 'search', ...words]);
    expect
      .soft({ words, code: ended.code, stdout: ended.stdout })
      .toEqual({ words, code: EXIT_CODES[code], stdout: '' });
    expect.soft(ended.stderr).toMatch(new RegExp(`^${code}: [^\\n]*\\n$`, 'u'));
    expect.soft(ended.stderr).toMatch(told);
  }
});

test('a question in the syntax of something else is one in words [RE-01] [CL-01]', async () => {
  const { episode_id } = await place.json(['ep', 'create', 'Fix the login token']);
  for (const query of ['"login', 'NEAR(login token, 2)', 'title: login*', "login' OR '1'='1", '\u001b[31mlogin']) {
    const { episodes } = await place.json(['ep', 'search', query]);
    expect.soft([query, episodes]).toMatchObject([query, [{ episode_id }]]);
  }
  expect(await place.json(['ep', 'search', '--', '-zeppelin "'])).toMatchObject({ episodes: [], abstained: true });
});

test('what is found is told with its parts, and a project that nobody knows with what looks further [RE-03] [RE-08]', async () => {
  await place.json(['ep', 'create', 'Fix the login token', '--language', 'rust']);
  const found = await place.run(['ep', 'search', 'login token', '--file', 'src/login.rs', '--language', 'rust']);
  expect(found.stdout).toMatch(
    /^0\.\d\d {2}episode .*\n {6}Fix the login token\n {6}Still open\.\n {6}why: 0\.\d\d = text 0\./u,
  );
  const [, score = '', parts = ''] = /why: (\d\.\d\d) = (.*)/u.exec(found.stdout) ?? [];
  const sum = [...parts.matchAll(/\d\.\d\d/gu)].reduce((total, [part]) => total + Number(part), 0);
  expect(sum).toBeCloseTo(Number(score), 9);
  expect(parts).toContain('context');
  const wrong = await place.run(['ep', 'search', 'login token', '--project', 'wrong']);
  expect(wrong.stdout).toMatch(
    /^Nothing stored matches\.\nNo episode belongs to the project "wrong"; .*all projects \(--all-projects\)/u,
  );
});
