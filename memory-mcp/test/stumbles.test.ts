// What somebody who is new to the tools stumbles over: near misses are taken or told what to do, and nothing is silent.
import { expect, test } from 'vitest';
import { startInProcess } from './in-process.ts';

const ERROR = 'Error: EPIPE while the tarball was sent';
const RUN = { tool: 'bash', action: 'npm publish' };
const UNKNOWN = '0190a1b2-0000-7000-8000-00000000dead';

async function started(task = 'Publish the package', given: object = {}) {
  const server = await startInProcess();
  const { structured } = await server.call('create_episode', { task_description: task, ...given });
  return { ...server, episode_id: String(structured.episode_id) };
}

test('the text of a step is kept under whichever name it came, and an error without one is told what it lacks [EP-02] [MC-02]', async () => {
  const { call, memory, episode_id } = await started();
  const given = [
    { type: 'error', output: ERROR },
    { type: 'success', message: 'sent' },
  ];
  for (const result of given) {
    const { structured } = await call('add_step', { episode_id, ...RUN, result });
    expect(structured).not.toHaveProperty('notes');
  }
  const silent = await call('add_step', { episode_id, ...RUN, result: { type: 'error' } });
  expect(silent.structured.notes).toEqual([expect.stringContaining('Step 3 failed without a text')]);
  expect(silent.text).toContain('result.message');
  const stored = await memory.getSteps(episode_id);
  expect(stored.map(({ result }) => result)).toMatchObject([
    { type: 'error', message: ERROR },
    { type: 'success', output: 'sent' },
    { type: 'error' },
  ]);
});

test('many steps are told by their first and last [EP-13]', async () => {
  const { call, episode_id } = await started();
  const { text } = await call('add_step', { episode_id, steps: Array.from({ length: 500 }, () => RUN) });
  expect(text).toBe('Steps 1 to 500 are stored.');
});

test('an outcome that says it in another field is told the one to take, and a failure without a reason what is lost [EP-03] [MC-02]', async () => {
  const { call, episode_id } = await started();
  const refused = await call('complete_episode', { episode_id, outcome: { kind: 'success', reason: 'because' } });
  expect(refused.text).toBe(
    'INVALID_INPUT: outcome.reason: does not go with success, which takes verdict, artifacts; say it in verdict.',
  );
  const ended = await call('complete_episode', { episode_id, outcome: { kind: 'failure' } });
  expect(ended.text).toContain('It says no reason, and that is final');
});

test('null in an optional field is as if it were left out, and in what is needed is refused [MC-02] [MC-03]', async () => {
  const { call, memory, episode_id } = await started('Publish', {
    domain: null,
    source: { agent: null },
    metadata: { a: null },
  });
  expect(await memory.getEpisode(episode_id)).toMatchObject({ metadata: { a: null } });
  expect((await call('query_memory', { query: 'publish', limit: null, tags: null })).isError).toBe(false);
  const refused = await call('create_episode', { task_description: null, domain: null });
  expect(refused.text).toBe('INVALID_INPUT: task_description: is null; give a string.');
});

test.each([
  ['complete_episode', { episode_id: UNKNOWN, outcome: 'success' }, 'give an object such as {"kind": "success"}'],
  ['add_step', { episode_id: UNKNOWN, ...RUN, result: 'ok' }, 'give an object with type, output, message'],
  ['query_memory', { text: 'x' }, 'did you mean "query"?'],
  ['get_recommendation', { query: 'x' }, 'did you mean "task_description"?'],
  [
    'update_episode',
    { episode_id: UNKNOWN, add_tags: ['ok', 'no spaces'] },
    'add_tags.1: "no spaces" is not a tag; use 2',
  ],
  ['record_feedback', { recommendation_id: UNKNOWN, helped: ['nope'] }, 'helped.0: is "nope", which is no id'],
  ['forget', {}, 'captured_from'],
])('%s with %j says what was meant [MC-02] [MC-03]', async (name, given, told) => {
  const { text, isError } = await (await startInProcess()).call(name, { ...given });
  expect({ text, isError }).toEqual({ text: expect.stringContaining(told), isError: true });
});

test('a project of which there is nothing is told as such, also where other things are found [RE-07] [MC-02]', async () => {
  const { call, episode_id } = await started('Publish the package');
  await call('complete_episode', { episode_id, outcome: { kind: 'success' } });
  const ask = async (name: string, given: object) => (await call(name, { ...given })).text;
  for (const [name, given] of [
    ['list_episodes', {}],
    ['list_patterns', {}],
    ['query_memory', { query: 'Publish the package' }],
  ] as const) {
    expect(await ask(name, { ...given, project: 'typo' }), name).toContain('No episode belongs to the project "typo"');
    expect(await ask(name, { ...given, project: 'test/project' }), name).not.toContain('No episode belongs');
    expect(await ask(name, given), name).not.toContain('No episode belongs');
  }
});

test('an episode that the asker is still at is no experience for advice or another episode of its own [LE-11] [EP-01] [MC-04]', async () => {
  const task = 'Repair the broken payment webhook signature';
  const { call, client, memory, episode_id } = await started(task);
  const others = await memory.createEpisode({ description: task });
  await memory.completeEpisode(others.episode.id, { kind: 'success', verdict: 'raw body' });
  const again = await call('create_episode', { task_description: task });
  const advice = await call('get_recommendation', { task_description: task });
  const { messages } = await client.getPrompt({ name: 'recall', arguments: { task } });
  for (const told of [again.structured.related, advice.structured, messages]) {
    expect(JSON.stringify(told)).toContain(others.episode.id);
    expect(JSON.stringify(told)).not.toContain(episode_id);
  }
});

test('a run that was given less than it asked for says so [SB-03]', async () => {
  const { call } = await startInProcess();
  const ran = await call('execute_code', { code: 'throw new Error("no")', timeout_ms: 600_000, memory_mb: 64 });
  expect(ran.structured.notes).toEqual(['timeout_ms was lowered to 60000, which is the most there is.']);
  expect(ran.text).toContain('Note: timeout_ms was lowered');
});

test('steps from beyond the last are told to be none [EP-05]', async () => {
  const { call, episode_id } = await started();
  await call('add_step', { episode_id, ...RUN });
  expect((await call('get_episode', { episode_id, steps_from: 9 })).text).toContain('There is no step 9 or later.');
  expect((await call('get_episode', { episode_id })).text).not.toContain('There is no step');
});

test('whoever names an episode to resume that there is not is told where the open ones are [MC-04]', async () => {
  const { client } = await startInProcess();
  const asked = client.getPrompt({ name: 'resume', arguments: { episode_id: UNKNOWN } });
  await expect(asked).rejects.toThrow('list_episodes {status: "open"} has those that are open');
});
