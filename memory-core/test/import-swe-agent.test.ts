// Trajectories of SWE-agent as episodes. The run in fixtures/ is made up.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type EpisodeRecord,
  inMemoryStore,
  isSweAgent,
  type Memory,
  openMemory,
  readSweAgent,
} from '@episodica/memory-core';
import { expect, test } from 'vitest';

const RUN = JSON.parse(readFileSync(new URL('./fixtures/swe-agent-run.traj', import.meta.url), 'utf8'));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REAL = join(resolve(ROOT, process.env.MEMORY_DATASETS || '../shared/data'), 'swe-agent');

function read(value: unknown): readonly EpisodeRecord[] {
  // What it gives is a record each time.
  return [...readSweAgent(value)].map((found) => found.value as EpisodeRecord);
}

function aMemory(): Memory {
  return openMemory({ store: inMemoryStore() });
}

test('a trajectory is one episode: the issue as its task, each turn a step with thought and observation [IN-01]', () => {
  const [record, ...others] = read(RUN);
  expect(others).toEqual([]);
  expect(record).toMatchObject({
    task_description: 'parse() raises for empty input\n\nIndexError: list index out of range',
    metadata: { environment: 'swe_main', exit_status: 'submitted' },
    source: { agent: 'swe-agent', captured_from: 'import:swe-agent' },
  });
  expect(record?.steps?.map(({ tool, result }) => [tool, result?.type])).toEqual([
    ['open', 'success'],
    ['python', 'error'],
    ['edit', 'error'],
    ['edit', 'success'],
    ['./slow.sh', 'timeout'],
    ['no action', 'error'],
    ['python', 'success'],
    ['submit', 'success'],
  ]);
  expect(record?.steps?.[0]).toMatchObject({
    action: 'open src/parse.py',
    rationale: 'I look at the parser first.',
    parameters: { command: 'open src/parse.py' },
    latency_ms: 250,
  });
  expect(record?.steps?.[5]?.rationale).toBe('I think it is done.');
});

test('a submission is no success: the checks behind the last edit say what it was, or the outcome is unknown [IN-01]', () => {
  expect(read(RUN)[0]).toMatchObject({ outcome: { kind: 'success' }, source: { confidence: 0.7 } });
  const unchecked = { ...RUN, trajectory: [...RUN.trajectory.slice(0, 5), RUN.trajectory[7]] };
  expect(read(unchecked)[0]?.outcome).toEqual({
    kind: 'abstained',
    reason: 'Outcome unknown: the trajectory tells that something was submitted.',
  });
  const failing = { ...RUN, trajectory: [RUN.trajectory[3], RUN.trajectory[1]] };
  expect(read(failing)[0]?.outcome?.kind).toBe('failure');
  const silent = { ...RUN, trajectory: [RUN.trajectory[3], { ...RUN.trajectory[6], observation: '' }] };
  expect(read(silent)[0]?.outcome?.kind).toBe('abstained');
  const given = { ...unchecked, info: { exit_status: 'exit_cost' } };
  expect(read(given)[0]?.outcome).toEqual({ kind: 'failure', reason: 'Ended without a submission: exit_cost.' });
  expect(read({ ...unchecked, info: { exit_status: 'submitted (exit_cost)' } })[0]?.outcome?.kind).toBe('abstained');
});

test('tasks are found in every form of prompt, and what is a demonstration is none [IN-01]', () => {
  const task = (content: unknown, more: object = {}) =>
    read({ trajectory: [], history: [{ role: 'user', content }], ...more })[0]?.task_description;
  expect(task('Fix it.\n<pr_description>\nThe parser raises\n</pr_description>\nThank you.')).toBe('The parser raises');
  expect(task([{ type: 'text', text: 'Just do this' }])).toBe('Just do this');
  expect(
    task("We're currently solving the following CTF challenge. The CTF challenge is a riddle.\n\nINSTRUCTIONS:\nGo."),
  ).toBe('The CTF challenge is a riddle.');
  const replay_config = JSON.stringify({ problem_statement: { text: 'From the settings', id: 'x' } });
  expect(read({ history: [], replay_config })[0]?.task_description).toBe('From the settings');
  expect(read({ history: [{ role: 'user', content: 'x', is_demo: true }] })[0]?.task_description).toMatch(
    /not in the/u,
  );
});

test('where only the messages are kept, turns are read from them [IN-01]', () => {
  const [record] = read({
    history: [
      { role: 'user', content: 'Find the colon' },
      { role: 'assistant', content: 'I search.', action: 'find_file a.py', tool_calls: null },
      { role: 'tool', content: 'a.py: No such file or directory\n(Open file: n/a)\n(Current directory: /r)\nbash-$' },
      { role: 'assistant', content: 'I leave.', tool_calls: [{ function: { name: 'submit', arguments: '{}' } }] },
    ],
  });
  expect(record?.steps).toMatchObject([
    {
      tool: 'find_file',
      rationale: 'I search.',
      result: { type: 'error', message: 'a.py: No such file or directory' },
    },
    { tool: 'submit', result: { type: 'success' } },
  ]);
});

test('what is of another kind than expected is left out, and what is no trajectory is not taken for one [IN-01]', async () => {
  for (const value of [[], null, 'x', {}, { trajectory: {} }]) expect(isSweAgent(value)).toBe(false);
  expect(isSweAgent(RUN)).toBe(true);
  const odd = { trajectory: [{ action: 7 }, { observation: '\0' }], history: 'none', info: 3, environment: [] };
  const records = read(odd);
  expect(records[0]?.steps).toHaveLength(2);
  expect(await aMemory().importEpisodes(records)).toMatchObject({ imported: 1, failedCount: 0 });
});

test('a long trajectory is spread over episodes, each step once, and its end is told by the last [EP-07]', async () => {
  const turn = (index: number) => ({ action: `echo ${index}`, observation: 'x'.repeat(index === 0 ? 200_000 : 10) });
  const value = {
    trajectory: Array.from({ length: 1_500 }, (_, index) => turn(index)),
    info: { exit_status: 'exit_cost' },
  };
  const records = read(value);
  expect(records.map(({ steps, outcome }) => [steps?.length, outcome?.kind])).toEqual([
    [1_000, 'abstained'],
    [500, 'failure'],
  ]);
  expect(records[0]?.steps?.[0]?.original_bytes).toBe(200_000);
  expect(await aMemory().importEpisodes(records)).toMatchObject({ imported: 2, failedCount: 0 });
});

test('importing a trajectory twice changes nothing [EP-11] [IN-01]', async () => {
  const memory = aMemory();
  expect(await memory.importEpisodes(readSweAgent(RUN))).toMatchObject({ imported: 1, known: 0 });
  expect(await memory.importEpisodes(readSweAgent(structuredClone(RUN)))).toMatchObject({ imported: 0, known: 1 });
});

test('real trajectories are read, with errors that were recovered from [IN-01]', async ({ skip }) => {
  if (!existsSync(REAL)) skip(`There is no folder ${REAL}; MEMORY_DATASETS names the one above it.`);
  const memory = aMemory();
  const files = readdirSync(REAL).filter((name) => name.endsWith('.traj'));
  for (const name of files) {
    const records = readSweAgent(JSON.parse(readFileSync(join(REAL, name), 'utf8')));
    expect(await memory.importEpisodes(records), name).toMatchObject({ imported: 1, failedCount: 0 });
  }
  let recoveries = 0;
  for await (const episode of memory.listEpisodes({})) {
    if (episode.status === 'completed') recoveries += episode.recoveries.length;
  }
  expect(recoveries).toBeGreaterThan(0);
});
