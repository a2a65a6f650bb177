// How errors are told: to people as a line and a hint, to scripts as one line of JSON; in the words of the command line.
import { EXIT_CODES } from '@episodica/memory-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

let place: Place;
beforeAll(() => {
  place = aPlace();
});
afterAll(() => place.remove());

const UNKNOWN_ID = '01a1fc43-5981-7000-b542-8e95badb3456';

test('with --format json an error is one line of JSON on standard error, wherever the flag stands [CL-01]', async () => {
  const list = ['episode', 'list', '--limit', '0'];
  for (const words of [
    ['--format', 'json', ...list],
    [...list, '--format', 'json'],
    [...list, '--format=json'],
    ['episode', '--format=json', 'list', '--limit', '0'],
  ]) {
    const { code, stdout, stderr } = await place.run(words);
    expect({ words, code, stdout }).toEqual({ words, code: 2, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/u);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'INVALID_INPUT', message: expect.stringContaining('1 to 1000'), retryable: false },
    });
  }
  for (const [words, exitCode, error] of [
    [['ep', 'lsit'], 2, { code: 'INVALID_INPUT', message: "unknown command 'lsit'", hint: 'Did you mean list?' }],
    [['episode'], 2, { code: 'INVALID_INPUT', message: 'a command is missing' }],
    [
      ['ep', 'view', UNKNOWN_ID],
      EXIT_CODES.NOT_FOUND,
      { code: 'NOT_FOUND', message: expect.stringMatching(UNKNOWN_ID) },
    ],
    [['ep', 'create', ' '], 2, { code: 'INVALID_INPUT', message: 'DESCRIPTION: is empty; say what it is.' }],
    [['ep', 'create', '\u202ex\u001b[2J', '--tag', '\u001b[31m'], 2, { message: expect.not.stringMatching(/\p{Cc}/u) }],
  ] as const) {
    const { code, stdout, stderr } = await place.run([...words, '--format', 'json']);
    expect({ words, code, stdout }).toEqual({ words, code: exitCode, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/u);
    expect(JSON.parse(stderr).error).toMatchObject({ ...error, retryable: false });
  }
});

test('what the library refuses is told by the flags and arguments of the command [CL-01]', async () => {
  const { episode_id: id } = await place.json(['ep', 'create', 'Name it']);
  const step = ['ep', 'step', id, '--tool', 't', '--action', 'a'];
  for (const [words, expected] of [
    [['ep', 'tag', id, 'a b'], 'TAG: "a b" is not a tag'],
    [['ep', 'tag', id, '--set', 'good', '?'], 'TAG: "?" is not a tag'],
    [['ep', 'create', 'x', '--tag', 'good', '!'], '--tag: "!" is not a tag'],
    [
      ['ep', 'create', 'x', '--domain', ' ', '--language', ''],
      '--domain: is empty; say what it is; --language: is empty',
    ],
    [['ep', 'step', id, '--tool', '', '--action', 'a'], '--tool: is empty'],
    [[...step, '--key', ' '], '--key: is empty'],
    [['ep', 'complete', id, '--outcome', 'failure', '--artifact', 'x'], '--artifact: does not go with failure'],
    [['ep', 'search', 'x', '--tag', '?'], '--tag: "?" is not a tag'],
    [['ep', 'search', 'x', '--file', ''], '--file: is empty'],
    [['ep', 'search', 'x', '--since', '2026-02-01', '--until', '2026-01-01'], '--since: 2026-02-01T'],
    [['ep', 'search'], 'QUERY: give a text, or a filter'],
    [['ep', 'list', '--tag', '?'], '--tag: "?" is not a tag'],
    [['pattern', 'recommend', ' '], 'TASK: is empty'],
    [['pattern', 'recommend', 'x', '--framework', ' '], '--framework: is empty'],
  ] as const) {
    const { code, stderr } = await place.run(words);
    expect({ words, code, stderr }).toEqual({
      words,
      code: 2,
      stderr: expect.stringContaining(`INVALID_INPUT: ${expected}`),
    });
  }
  expect(await place.json(['ep', 'view', id])).toMatchObject({ tags: [], steps: [], status: 'open' });
});
