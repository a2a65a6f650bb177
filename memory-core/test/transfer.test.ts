import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type EpisodeRecord,
  inMemoryStore,
  isTauBench,
  type Memory,
  openMemory,
  readJsonLines,
  readTauBench,
} from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { turns } from '@episodica/test-utils';
import { beforeEach, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const REAL = join(resolve(ROOT, process.env.MEMORY_DATASETS || '../shared/data'), 'tau-bench/gpt-4o-airline.json');

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ store: inMemoryStore() });
});

async function exported(from: Memory): Promise<string> {
  const lines: string[] = [];
  for await (const record of from.exportEpisodes()) lines.push(JSON.stringify(record));
  return lines.join('\n');
}

async function filled(): Promise<Memory> {
  const { episode } = await memory.createEpisode({
    description: 'Grüße an alle 👋',
    project: 'p',
    domain: 'd',
    language: 'ts',
    files: ['a.ts'],
    tags: ['one'],
    metadata: { a: [1, { b: null }] },
    source: { agent: 'x', confidence: 0.5 },
  });
  await memory.addSteps(episode.id, [
    {
      tool: 'bash',
      action: 'test',
      parameters: { command: 'npm test' },
      result: { type: 'error', message: 'Error: x' },
      key: 'k',
    },
    { tool: 'edit', action: 'fix', rationale: 'because', latencyMs: 3, tokensUsed: 4 },
    {
      tool: 'bash',
      action: 'test',
      parameters: { command: 'npm test' },
      result: { type: 'success', output: 'y'.repeat(70_000) },
    },
  ]);
  await memory.completeEpisode(episode.id, { kind: 'partial', completed: ['a'], failed: ['b'], verdict: 'half' });
  const second = await memory.createEpisode({ description: 'still open' });
  await memory.addStep(second.episode.id, { tool: 'ls', action: 'look', result: { type: 'timeout' } });
  await memory.learnPending();
  return memory;
}

test('an export reads some episodes ahead, no more, and tells them in their order [EP-11]', async () => {
  const store = inMemoryStore();
  const episodes = await openMemory({ store }).createEpisodes(
    Array.from({ length: 20 }, (_, index) => ({ description: `task ${index}` })),
  );
  const underWay = { now: 0, most: 0 };
  const slow: MemoryStore = {
    ...store,
    async *scan(kind, filter, call) {
      underWay.now += kind === 'step' ? 1 : 0;
      underWay.most = Math.max(underWay.most, underWay.now);
      await turns(3);
      yield* store.scan(kind, filter, call);
      underWay.now -= kind === 'step' ? 1 : 0;
    },
  };
  const told: unknown[] = [];
  for await (const record of openMemory({ store: slow }).exportEpisodes())
    told.push('episode_id' in record && record.episode_id);
  expect(told).toEqual(episodes.map(({ id }) => id));
  expect(underWay).toEqual({ now: 0, most: 8 });
});

test('export, import, export is the same text, ids kept [EP-11]', async () => {
  const text = await exported(await filled());
  const other = openMemory({ store: inMemoryStore() });
  const receipt = await other.importEpisodes(readJsonLines(text.split('\n')));
  expect(receipt).toMatchObject({ imported: 2, known: 0, failedCount: 0 });
  expect(await exported(other)).toBe(text);
  await other.close();
});

test('importing twice changes nothing [EP-11]', async () => {
  const text = await exported(await filled());
  const receipt = await memory.importEpisodes(readJsonLines(text.split('\n')));
  expect(receipt).toMatchObject({ imported: 0, known: 2 });
  expect(await exported(memory)).toBe(text);
});

test('a record without an id meets itself when it is imported again [EP-11]', async () => {
  const record = { task_description: 'plain', outcome: { kind: 'success' }, steps: [{ tool: 'a', action: 'b' }] };
  expect(await memory.importEpisodes([record])).toMatchObject({ imported: 1 });
  expect(await memory.importEpisodes([record])).toMatchObject({ imported: 0, known: 1 });
});

test('a forgotten episode does not come back unless forced [EP-11]', async () => {
  const text = await exported(await filled());
  await memory.forget({ project: 'p' });
  expect(await memory.importEpisodes(readJsonLines(text.split('\n')))).toMatchObject({
    imported: 0,
    known: 1,
    forgotten: 1,
  });
  expect(await memory.importEpisodes(readJsonLines(text.split('\n')), { force: true })).toMatchObject({ imported: 1 });
  expect(await exported(memory)).toBe(text);
});

test('a record that uses a step key twice is refused, not taken for known [IN-01]', async () => {
  const step = { tool: 'a', action: 'b', step_key: 'k' };
  const receipt = await memory.importEpisodes([{ task_description: 'twice', steps: [step, step] }]);
  expect(receipt).toMatchObject({ imported: 0, known: 0, failed: [{ position: 1 }] });
  expect(receipt.failed[0]?.message).toContain('step_key');
});

test('records that name no project belong to every project, whoever imports them [EP-11]', async () => {
  const own = openMemory({ store: inMemoryStore(), project: 'mine' });
  await own.importEpisodes([{ task_description: 'shared' }]);
  await own.importEpisodes([{ task_description: 'named' }], { project: 'theirs' });
  const projects = [];
  for await (const { project } of own.listEpisodes()) projects.push(project);
  expect(projects.toSorted()).toEqual(['theirs', undefined]);
});

test('bad lines are named by their number and the rest is imported [IN-01]', async () => {
  const lines = [
    '{"task_description": "one"}',
    '{not json',
    '',
    '{"task_description": "two", "colour": 1}',
    '{"task_description": 3}',
    '{"task_description": "four"}',
  ];
  const receipt = await memory.importEpisodes(readJsonLines(lines));
  expect(receipt).toMatchObject({ imported: 2, failedCount: 3 });
  expect(receipt.failed.map(({ position }) => position)).toEqual([2, 4, 5]);
  expect(receipt.failed[1]?.message).toContain('colour');
  expect(receipt.failed[2]?.message).toContain('task_description');
});

test('imported episodes are learnt from and found [IN-01]', async () => {
  const record = (id: number): EpisodeRecord => ({
    task_description: `Deploy the zebra ${id}`,
    steps: [
      { tool: 'build', action: 'x' },
      { tool: 'push', action: 'y' },
    ],
    outcome: { kind: 'success', artifacts: [] },
  });
  await memory.importEpisodes([record(1), record(2), record(3)]);
  await memory.learnPending();
  expect((await memory.search({ text: 'zebra' })).episodes).toHaveLength(3);
  expect(await memory.listPatterns()).toMatchObject([{ pattern: { tools: ['build', 'push'], support: 3 } }]);
  await memory.close();
});

describe('tau-bench', () => {
  const run = (task: number, reward: number): object => ({
    task_id: task,
    trial: 0,
    reward,
    info: {},
    traj: [
      { role: 'system', content: 'policy' },
      { role: 'user', content: 'I want to change my flight' },
      { role: 'assistant', content: 'Your id?' },
      { role: 'user', content: 'mia_1' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', function: { name: 'get_user_details', arguments: '{"user_id":"mia_1"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', name: 'get_user_details', content: '{"name":"Mia"}' },
      { role: 'assistant', content: null, tool_calls: [{ id: 'c2', function: { name: 'book', arguments: 'oops' } }] },
      { role: 'tool', tool_call_id: 'c2', name: 'book', content: 'Error: no seat' },
    ],
  });
  const withLastWords = (given: object, words: string): object => ({
    ...given,
    traj: [
      { role: 'user', content: 'I want to change my flight' },
      { role: 'assistant', content: 'Your id?' },
      { role: 'user', content: `${words} ###STOP###` },
    ],
  });

  test('a run becomes an episode with its tool calls as steps and its reward as outcome [IN-01]', async () => {
    const runs = [run(1, 1), run(2, 0)];
    expect(isTauBench(runs)).toBe(true);
    expect(await memory.importEpisodes(readTauBench(runs, 'airline'))).toMatchObject({ imported: 2 });
    const listed = [];
    for await (const episode of memory.listEpisodes({ domain: 'airline' })) listed.push(episode);
    const [first, second] = listed;
    const byTask = [first!, second!].toSorted((a, b) => Number(a.metadata.task_id) - Number(b.metadata.task_id));
    expect(byTask.map((episode) => episode.status === 'completed' && episode.outcome.kind)).toEqual([
      'success',
      'failure',
    ]);
    expect(byTask[0]).toMatchObject({ description: 'I want to change my flight', metadata: { task_id: 1, trial: 0 } });
    expect(await memory.getSteps(byTask[0]!.id)).toMatchObject([
      {
        number: 1,
        tool: 'get_user_details',
        parameters: { user_id: 'mia_1' },
        rationale: 'I want to change my flight\nmia_1',
        result: { type: 'success', output: '{"name":"Mia"}' },
      },
      { number: 2, tool: 'book', parameters: { value: 'oops' }, result: { type: 'error', message: 'Error: no seat' } },
    ]);
    expect(await memory.importEpisodes(readTauBench(runs, 'airline'))).toMatchObject({ imported: 0, known: 2 });
  });

  test('where ids of calls repeat, each step has the result that follows its call [IN-01]', async () => {
    const asks = (...calls: readonly (readonly [id: string, name: string])[]): object => ({
      role: 'assistant',
      content: null,
      tool_calls: calls.map(([id, name]) => ({ id, function: { name, arguments: '{}' } })),
    });
    const answers = (id: string, content: string): object => ({ role: 'tool', tool_call_id: id, content });
    const traj = [
      { role: 'user', content: 'Where is my parcel?' },
      ...[asks(['same', 'find']), answers('same', 'Error: no parcel')],
      ...[asks(['same', 'list']), answers('same', 'two parcels')],
      asks(['same', 'lost']),
      ...[asks(['same', 'one'], ['same', 'two'], ['other', 'three'])],
      ...[answers('same', 'first'), answers('same', 'second'), answers('other', 'third')],
      answers('nobody', 'asked for'),
    ];
    await memory.importEpisodes(readTauBench([{ task_id: 1, trial: 0, reward: 1, traj }], undefined));
    const [episode] = (await memory.search({ text: 'parcel' })).episodes;
    const steps = await memory.getSteps(episode!.episode.id);
    expect(steps.map(({ tool, result }) => [tool, result.type === 'success' ? result.output : result])).toEqual([
      ['find', expect.objectContaining({ type: 'error', message: 'Error: no parcel' })],
      ['list', 'two parcels'],
      ['lost', ''],
      ['one', 'first'],
      ['two', 'second'],
      ['three', 'third'],
    ]);
  });

  test('every step of real runs has the result that stands behind its call [IN-01]', ({ skip }) => {
    if (!existsSync(REAL)) skip(`There is no file ${REAL}; MEMORY_DATASETS names the folder two above it.`);
    const runs = JSON.parse(readFileSync(REAL, 'utf8')) as readonly {
      readonly traj: readonly { readonly role: string; readonly content: string | null }[];
    }[];
    const told = runs.map(({ traj }) => traj.filter(({ role }) => role === 'tool').map(({ content }) => content));
    const kept = [...readTauBench(runs, 'airline')].map(({ value }) =>
      (value as EpisodeRecord).steps!.map(({ result }) =>
        result!.type === 'success' ? result!.output : result!.message,
      ),
    );
    expect(kept).toEqual(told);
    expect(kept.flat().length).toBeGreaterThan(1_000);
  });

  test('what the user said after the last step, or without any, is told with the outcome and found [IN-01]', async () => {
    const runs = [withLastWords(run(1, 1), 'a window seat'), withLastWords(run(2, 0), 'an aisle seat')];
    await memory.importEpisodes(readTauBench(runs, undefined));
    const found = await Promise.all(['window', 'aisle'].map((text) => memory.search({ text, limit: 1 })));
    expect(found.map(({ episodes }) => episodes[0]?.episode)).toMatchObject([
      { outcome: { kind: 'success', verdict: expect.stringContaining('a window seat') } },
      { outcome: { kind: 'failure', reason: 'tau-bench reward 0', details: expect.stringMatching(/an aisle seat$/u) } },
    ]);
  });

  test('what is no run is named by its position and the rest is imported [IN-01]', async () => {
    const receipt = await memory.importEpisodes(readTauBench([run(1, 1), { task_id: 2 }, run(3, 0)], undefined));
    expect(receipt).toMatchObject({ imported: 2, failed: [{ position: 2 }] });
    expect(isTauBench({})).toBe(false);
    expect(isTauBench([])).toBe(false);
  });
});
