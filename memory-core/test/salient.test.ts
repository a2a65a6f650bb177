// What stands out of one episode: decisions, tools that worked together, what to know first.
import {
  inMemoryStore,
  type Learning,
  type OutcomeInput,
  openMemory,
  type Step,
  type StepInput,
} from '@episodica/memory-core';
import { describe, expect, test } from 'vitest';
import { toOutcome, toStep } from '../src/entities.ts';
import { learn } from '../src/learn/learn.ts';

function steps(inputs: readonly StepInput[]): readonly Step[] {
  return inputs.map((input, index) => ({
    ...toStep(input, { id: `s${index}`, at: '2026-01-01T00:00:00.000Z', episodeId: 'e' }),
    number: index + 1,
  }));
}

const learnt = (description: string, outcome: OutcomeInput, inputs: readonly StepInput[]): Learning =>
  learn({ description, outcome: toOutcome(outcome), steps: steps(inputs), similar: [] });

const ok = (tool: string, action: string, rationale?: string): StepInput => ({
  tool,
  action,
  ...(rationale === undefined ? {} : { rationale }),
});
const failed = (tool: string, action: string): StepInput => ({
  tool,
  action,
  result: { type: 'error', message: 'Error: no' },
});
const decisionsIn = (...inputs: readonly StepInput[]): readonly string[] =>
  learnt('Move the shop to the new store', { kind: 'success' }, inputs).salient?.decisions ?? [];
const combinationsIn = (inputs: readonly StepInput[], outcome: OutcomeInput = { kind: 'success' }) =>
  learnt('Move the shop to the new store', outcome, inputs).salient?.toolCombinations ?? [];

describe('decisions', () => {
  test('are told with the reason that the agent gave [LE-04]', () => {
    expect(decisionsIn(ok('edit', 'keep prices as text', 'the old records have commas in them'))).toEqual([
      'Step 1: edit: keep prices as text (the old records have commas in them).',
    ]);
  });

  test.each([
    ['use sqlite instead of files', 1],
    ['rather than retry, ask again', 1],
    ['revert the change', 1],
    ['list the files', 0],
    ['write the hash and this preference list', 0],
    ['validate and check has_items', 0],
  ])('%j is told as %i: words count, not letters in words [LE-04]', (action, count) => {
    expect(decisionsIn(ok('edit', action))).toHaveLength(count);
  });

  test('of steps that only look, a reason makes none [LE-04]', () => {
    expect(decisionsIn(ok('read', 'cart.ts', 'to see the types'))).toEqual([]);
  });

  test('the five that say most are told, in the order in which they were taken [LE-04]', () => {
    const told = decisionsIn(
      ...['a', 'b', 'c', 'd', 'e'].map((name) => ok('edit', `write ${name}`, 'it was asked for')),
      ok('edit', 'write f', 'chose the short way instead of a rewrite'),
    );
    expect(told).toHaveLength(5);
    expect(told.at(-1)).toBe('Step 6: edit: write f (chose the short way instead of a rewrite).');
    expect(told.map((text) => Number(/\d+/u.exec(text)?.[0]))).toEqual([1, 2, 3, 4, 6]);
  });
});

describe('tool combinations', () => {
  test('are the longest runs that went well, repeats folded, the most frequent first [LE-04]', () => {
    const run = [ok('edit', 'a'), ok('edit', 'b'), ok('test', 'c'), ok('edit', 'd'), ok('test', 'e')];
    expect(
      combinationsIn([ok('fetch', 'x'), ok('edit', 'y'), failed('test', 'z'), ...run, failed('test', 'z'), ...run]),
    ).toEqual([
      ['edit', 'test'],
      ['fetch', 'edit'],
    ]);
  });

  test('there are none where the episode came to nothing, where a tool worked alone, or where all only looked [LE-04]', () => {
    const two = [ok('edit', 'a'), ok('test', 'b')];
    expect(combinationsIn(two, { kind: 'failure' })).toEqual([]);
    expect(combinationsIn(two, { kind: 'abstained' })).toEqual([]);
    expect(combinationsIn([ok('edit', 'a'), ok('edit', 'b')])).toEqual([]);
    expect(combinationsIn([ok('read', 'a'), ok('grep', 'b')])).toEqual([]);
    expect(combinationsIn(two, { kind: 'partial', completed: ['a'] })).toEqual([['edit', 'test']]);
  });
});

test('salient features are stored with the episode, and what they say is found [LE-04]', async () => {
  const memory = openMemory({ store: inMemoryStore(), embedder: 'none' });
  const { episode } = await memory.createEpisode({ description: 'Move the shop to the new store' });
  await memory.addSteps(episode.id, [ok('edit', 'keep prices as text', 'old records have commas'), ok('deploy', 'go')]);
  const completed = await memory.completeEpisode(episode.id, { kind: 'success' });
  expect(await memory.getEpisode(episode.id)).toMatchObject({ salient: completed.salient });
  expect(completed.salient).toMatchObject({ toolCombinations: [['edit', 'deploy']] });
  const found = await memory.search({ text: 'records with commas' });
  expect(found.episodes.map((hit) => hit.episode.id)).toEqual([episode.id]);
  await memory.close();
});
