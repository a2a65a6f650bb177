import { inMemoryStore, openMemory } from '@episodica/memory-core';
import {
  type LearnableEpisode,
  learnableEpisodes,
  learnableRecords,
  learnableTraces,
  PLANTED,
  withShuffledOutcomes,
} from '@episodica/test-utils';
import { expect, test } from 'vitest';

const many = { tasks: 400, trials: 4, taskSpread: 0 };

function holds({ steps }: LearnableEpisode, tools: readonly string[]): boolean {
  return steps.some((_, index) => tools.every((tool, offset) => steps[index + offset]?.tool === tool));
}

function rateOf(episodes: readonly LearnableEpisode[]): number {
  return episodes.filter(({ isSuccess }) => isSuccess).length / episodes.length;
}

/** How much more often those succeed that hold it. */
function difference(episodes: readonly LearnableEpisode[], tools: readonly string[]): number {
  const withIt = episodes.filter((episode) => holds(episode, tools));
  const without = episodes.filter((episode) => !holds(episode, tools));
  return rateOf(withIt) - rateOf(without);
}

test('what was planted makes the difference that it says, and none without effects [LE-06]', () => {
  const { helpfulPair, harmfulPair, decision, heuristic } = PLANTED;
  const good = [helpfulPair.tools, [decision.after, decision.good], [heuristic.change, heuristic.check]];
  const bad = [harmfulPair.tools, [decision.after, decision.bad]];
  const [effects, none] = [learnableEpisodes(many), learnableEpisodes({ ...many, hasEffects: false })];
  for (const tools of good) expect(difference(effects, tools)).toBeGreaterThan(0.15);
  for (const tools of bad) expect(difference(effects, tools)).toBeLessThan(-0.15);
  for (const tools of [...good, ...bad]) expect(Math.abs(difference(none, tools))).toBeLessThan(0.08);
});

test('what stands in the easiest tasks alone always succeeds, and in few tasks [LE-06]', () => {
  const held = learnableEpisodes().filter((episode) => holds(episode, PLANTED.decoy.tools));
  expect(rateOf(held)).toBe(1);
  expect(new Set(held.map(({ task }) => task)).size).toBe(PLANTED.decoy.tasks);
});

test('the same seed gives the same episodes, another one others; dealt out anew, as many succeed [LE-06]', () => {
  const episodes = learnableEpisodes({ seed: 3 });
  expect(learnableEpisodes({ seed: 3 })).toEqual(episodes);
  expect(learnableEpisodes({ seed: 4 })).not.toEqual(episodes);
  const shuffled = withShuffledOutcomes(episodes, 5);
  expect(rateOf(shuffled)).toBe(rateOf(episodes));
  expect(shuffled.map(({ isSuccess }) => isSuccess)).not.toEqual(episodes.map(({ isSuccess }) => isSuccess));
  expect(shuffled.map(({ id, steps }) => ({ id, steps }))).toEqual(episodes.map(({ id, steps }) => ({ id, steps })));
});

test('they are imported as they are [EP-11]', async () => {
  const episodes = learnableEpisodes({ tasks: 10, trials: 2 });
  const memory = openMemory({ store: inMemoryStore(), embedder: 'none' });
  const receipt = await memory.importEpisodes(learnableRecords(episodes));
  expect(receipt).toMatchObject({ imported: episodes.length, failed: [] });
  const traces = learnableTraces(episodes);
  const stored = await memory.getEpisodes(traces.map(({ episodeId }) => episodeId));
  expect(stored.map((found) => found?.description)).toEqual(traces.map(({ description }) => description));
  await memory.close();
});
