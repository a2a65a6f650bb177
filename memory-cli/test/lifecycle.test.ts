// Episodes from the terminal: from their beginning to finding them again.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { aPlace, type Place } from './program.ts';

let place: Place;
beforeEach(() => {
  place = aPlace();
});
afterEach(() => place.remove());

async function created(description: string, ...flags: readonly string[]): Promise<string> {
  return (await place.json(['episode', 'create', description, ...flags])).episode_id;
}

test('an episode goes through its whole life in JSON, with the field names of the tools [CL-01]', async () => {
  const begun = await place.json([
    ...['episode', 'create', 'Fix the flaky login test', '--domain', 'auth', '--type', 'debugging'],
    ...['--language', 'typescript', '--framework', 'vitest', '--complexity', 'simple'],
    ...['--tag', 'Login', '--tag', 'flaky', '--meta', 'ticket=A=1', '--project', 'shop'],
  ]);
  expect(begun).toMatchObject({ status: 'open', related: [] });
  expect(begun.started_at).toMatch(/^\d{4}-.*Z$/u);
  const id = begun.episode_id;
  expect(
    await place.json([
      ...['ep', 'step', id, '--tool', 'vitest', '--action', 'run the login test', '--result', 'error'],
      ...['--message', 'TypeError: token is undefined', '--latency-ms', '12.5', '--tokens', '7', '--key', 'first'],
      ...['--params', '{"file":"login.test.ts"}'],
    ]),
  ).toEqual({ episode_id: id, step_number: 1, hints: [] });
  await place.json(['ep', 'step', id, '--tool', 'edit', '--action', 'await the token', '--result', 'success']);
  const last = await place.json([
    ...['ep', 'step', id, '--tool', 'vitest', '--action', 'run the login test', '--result', 'success'],
    ...['--output', '3 passed'],
  ]);
  expect(last.step_number).toBe(3);
  const ended = await place.json([
    ...['episode', 'complete', id, '--outcome', 'success', '--verdict', 'green', '--artifact', 'a.ts', 'b.ts'],
  ]);
  expect(ended).toMatchObject({
    episode_id: id,
    reflection: { insights: [expect.stringContaining('await the token')] },
  });
  expect(ended.reward.total).toBeCloseTo(
    Object.values<number>(ended.reward.parts).reduce((sum, part) => sum + part, 0),
    3,
  );
  expect(await place.json(['episode', 'view', id])).toMatchObject({
    task_description: 'Fix the flaky login test',
    project: 'shop',
    domain: 'auth',
    task_type: 'debugging',
    language: 'typescript',
    framework: 'vitest',
    complexity: 'simple',
    tags: ['login', 'flaky'],
    metadata: { ticket: 'A=1' },
    source: { captured_from: 'cli' },
    status: 'completed',
    outcome: { kind: 'success', verdict: 'green', artifacts: ['a.ts', 'b.ts'] },
    reward: ended.reward,
    steps: [
      {
        step_number: 1,
        tool: 'vitest',
        parameters: { file: 'login.test.ts' },
        result: { type: 'error', message: 'TypeError: token is undefined' },
        latency_ms: 12.5,
        tokens_used: 7,
        step_key: 'first',
      },
      { step_number: 2 },
      { step_number: 3, result: { type: 'success', output: '3 passed' } },
    ],
  });
});

test('the same life can be read as YAML and in words [CL-01]', async () => {
  const begun = parse((await place.run(['episode', 'create', 'Sort the list', '--format', 'yaml'])).stdout);
  expect(begun).toMatchObject({ status: 'open', related: [] });
  const id = begun.episode_id;
  const step = await place.run(['episode', 'step', id, '--tool', 'edit', '--action', 'sort it', '--result', 'success']);
  expect(step).toMatchObject({ code: 0, stdout: `Step 1 of episode ${id} is stored.\n`, stderr: '' });
  const ended = await place.run(['ep', 'complete', id, '--outcome', 'partial', '--completed', 'x', '--failed', 'y']);
  expect(ended.stdout).toContain(`Episode ${id} is completed: partial.`);
  const listed = await place.run(['episode', 'list']);
  expect(listed.stdout).toMatch(
    new RegExp(`${id} +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d +partial .*Sort the list`, 'u'),
  );
  const shown = await place.run(['episode', 'view', id]);
  expect(shown.stdout).toContain('partial; completed: x; failed: y');
  expect(shown.stdout).toContain('edit: sort it (success)');
  const found = await place.run(['episode', 'search', 'sort list']);
  expect(found.stdout).toMatch(/why: \d\.\d\d = text \d\.\d\d \+ /u);
  expect([listed, shown, found].map(({ stdout }) => stdout.includes('\u001b'))).toEqual([false, false, false]);
});

test('text of an episode cannot steer the terminal [CL-01]', async () => {
  const id = await created('Red \u001b[31malert\u0007 \u202e!');
  for (const words of [['list'], ['view', id], ['search', 'red']]) {
    const { stdout } = await place.run(['episode', ...words]);
    expect(stdout).toContain('alert');
    expect(stdout).not.toMatch(/[\u001b\u0007\u202e]/u);
  }
});

test('what was learnt helps the next episode: related experience, a hint for the error, a search hit [CL-01]', async () => {
  const first = await created('Fix the build of the payment service');
  const error = ['--result', 'error', '--message', 'ERR_MODULE_NOT_FOUND cannot find package stripe'];
  await place.json(['ep', 'step', first, '--tool', 'npm', '--action', 'build', ...error]);
  await place.json(['ep', 'step', first, '--tool', 'npm', '--action', 'install stripe', '--result', 'success']);
  await place.json(['ep', 'step', first, '--tool', 'npm', '--action', 'build', '--result', 'success']);
  await place.json(['ep', 'complete', first, '--outcome', 'success']);
  const second = await place.json(['ep', 'create', 'Build the payment service again']);
  expect(second.related[0]).toMatchObject({ episode_id: first, why: { text: expect.any(Number) } });
  const step = await place.json(['ep', 'step', second.episode_id, '--tool', 'npm', '--action', 'build', ...error]);
  expect(step.hints).toEqual([
    { text: expect.stringContaining('install stripe'), episode_id: first, failed_step: 1, fix_steps: [2], match: 1 },
  ]);
  const found = await place.json(['ep', 'search', 'payment build', '--outcome', 'success', '--detail', 'full']);
  expect(found).toMatchObject({
    abstained: false,
    degraded: [],
    patterns: [],
    left_out: 0,
    took_ms: expect.any(Number),
  });
  expect(found.episodes.map((hit: { episode_id: string }) => hit.episode_id)).toEqual([first]);
  expect(await place.json(['ep', 'search', 'zebra'])).toMatchObject({ episodes: [], abstained: true });
});

test('a listing narrows by every filter and pages without gap or repeat [EP-05]', async () => {
  const a = await created('first', '--tag', 'one', 'two', '--domain', 'web', '--type', 'testing');
  const b = await created('second', '--tag', 'two', 'three');
  const c = await created('third', '--project', 'elsewhere');
  await place.json(['ep', 'complete', b, '--outcome', 'failure', '--reason', 'no time']);
  const ids = async (...flags: readonly string[]): Promise<readonly string[]> =>
    (await place.json(['episode', 'list', ...flags])).episodes.map((item: { episode_id: string }) => item.episode_id);
  expect(await ids()).toEqual([b, a]);
  expect(await ids('--all-projects')).toEqual([c, b, a]);
  expect(await ids('--project', 'elsewhere')).toEqual([c]);
  expect(await ids('--domain', 'web')).toEqual([a]);
  expect(await ids('--type', 'testing')).toEqual([a]);
  expect(await ids('--status', 'open')).toEqual([a]);
  expect(await ids('--outcome', 'failure')).toEqual([b]);
  expect(await ids('--tag', 'TWO', '--tag', 'one')).toEqual([a]);
  expect(await ids('--any-tag', 'one', 'three')).toEqual([b, a]);
  expect(await ids('--any-tag', 'one', 'four')).toEqual([a]);
  expect(await ids('--since', '2999-01-01')).toEqual([]);
  expect(await ids('--until', '2999-01-01T00:00:00+01:00')).toEqual([b, a]);
  const page = await place.json(['episode', 'list', '--all-projects', '--limit', '2']);
  expect(page.episodes).toHaveLength(2);
  const rest = await place.json(['episode', 'list', '--all-projects', '--limit', '2', '--after', page.next_cursor]);
  expect(rest.episodes.map((item: { episode_id: string }) => item.episode_id)).toEqual([a]);
  expect(rest).not.toHaveProperty('next_cursor');
});

test('view answers with chosen fields alone, and names those there are for one that is not [EP-05]', async () => {
  const id = await created('Choose fields');
  expect(await place.json(['episode', 'view', id, '--fields', 'status,task_description,outcome'])).toEqual({
    status: 'open',
    task_description: 'Choose fields',
  });
  const wrong = await place.run(['episode', 'view', id, '--fields', 'colour']);
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  expect(wrong.stderr).toMatch(
    /^INVALID_INPUT: --fields: there is no field "colour"; choose from episode_id, .*steps\.\n$/u,
  );
});

test('tags are added, removed, replaced and cleared [EP-08]', async () => {
  const id = await created('Tag me', '--tag', 'alpha');
  const tag = async (...words: readonly string[]): Promise<unknown> =>
    (await place.json(['episode', 'tag', id, ...words])).tags;
  expect(await tag('Beta', 'alpha')).toEqual(['alpha', 'beta']);
  expect(await tag('alpha', '--remove')).toEqual(['beta']);
  expect(await tag('--set', 'gamma', 'delta')).toEqual(['gamma', 'delta']);
  expect((await place.run(['episode', 'tag', id])).code).toBe(2);
  expect((await place.run(['episode', 'tag', id, 'x!'])).stderr).toMatch(/^INVALID_INPUT: TAG: "x!"/u);
  expect((await place.json(['episode', 'view', id])).tags).toEqual(['gamma', 'delta']);
  expect(await tag('--set')).toEqual([]);
});

test('two processes at once add to one episode and neither is lost [CL-01]', async () => {
  const id = await created('Share me');
  const step = (action: string) =>
    place.json(['ep', 'step', id, '--tool', 't', '--action', action, '--result', 'success']);
  const numbers = (await Promise.all([step('one'), step('two')])).map((answer) => answer.step_number);
  expect(numbers.sort()).toEqual([1, 2]);
  const { steps } = await place.json(['ep', 'view', id]);
  expect(steps.map((item: { action: string }) => item.action).sort()).toEqual(['one', 'two']);
});

test('patterns of completed episodes are learnt before the program ends [CL-01]', async () => {
  for (const [index, outcome] of ['success', 'success', 'failure'].entries()) {
    const id = await created('Release the package', '--domain', 'release');
    await place.json([
      'ep',
      'step',
      id,
      '--tool',
      'test',
      '--action',
      'test',
      '--output',
      `${index} s`,
      '--result',
      'success',
    ]);
    await place.json(['ep', 'step', id, '--tool', 'publish', '--action', 'publish', '--result', 'success']);
    await place.json(['ep', 'complete', id, '--outcome', outcome]);
  }
  const { patterns } = await place.json(['pat', 'list', '--domain', 'release']);
  expect(patterns).toHaveLength(1);
  expect(patterns[0]).toMatchObject({
    kind: 'tool_sequence',
    tools: ['test', 'publish'],
    support: 3,
    success_rate: 0.6667,
    base_rate: 0.6667,
    lift: 1,
  });
  expect([patterns[0].evidence.length, patterns[0].against.length]).toEqual([2, 1]);
  expect((await place.run(['pattern', 'list'])).stdout).toContain(
    '"test" directly before "publish" succeeded in 2 of 3',
  );
  expect(await place.json(['pattern', 'list', '--domain', 'other'])).toEqual({ patterns: [] });
  const elsewhere = { env: { MEMORY_PROJECT: 'elsewhere' } };
  expect(await place.json(['pattern', 'list'], elsewhere)).toEqual({ patterns: [] });
});
