// How much an episode can be learnt from: what is flagged, and that nothing is refused for it.
import {
  type CompletedEpisode,
  inMemoryStore,
  type Memory,
  type OutcomeInput,
  openMemory,
  QUALITY_FLAGS,
  qualityReasons,
  type StepInput,
} from '@episodica/memory-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const checked: StepInput = {
  tool: 'bash',
  action: 'test',
  parameters: { command: 'npx vitest run' },
  result: { type: 'success', output: 'Tests  3 passed (3)' },
};
const red: StepInput = { ...checked, result: { type: 'success', output: 'Tests  2 failed | 12 passed (14)' } };
const GOOD: readonly StepInput[] = [{ tool: 'edit', action: 'mend the sum', parameters: { path: 'a.ts' } }, checked];
const EXPLAINED: OutcomeInput = { kind: 'success', verdict: 'the sum is right' };

let memory: Memory;
beforeEach(() => {
  memory = openMemory({ store: inMemoryStore() });
});
afterEach(() => memory.close());

async function ended(
  description: string,
  inputs: readonly StepInput[],
  outcome: OutcomeInput = EXPLAINED,
): Promise<CompletedEpisode> {
  const { episode } = await memory.createEpisode({ description });
  await memory.addSteps(episode.id, inputs);
  return memory.completeEpisode(episode.id, outcome);
}

describe('flags', () => {
  test('there are none on an episode that tells its task, its steps, a check and its end [LE-05]', async () => {
    expect((await ended('Mend the sum of an order', GOOD)).quality).toMatchObject({ score: 1, flags: [] });
  });

  test.each<[string, readonly StepInput[], OutcomeInput, readonly string[]]>([
    ['Mend the sum of an order', [], EXPLAINED, ['no_steps', 'no_evidence']],
    ['Mend the sum of an order', [checked], EXPLAINED, ['trivial']],
    ['Mend the sum of an order', GOOD.slice(0, 1), EXPLAINED, ['trivial', 'no_evidence']],
    ['Mend the sum of an order', [...GOOD, red], { kind: 'failure' }, ['unexplained_outcome']],
    ['Mend the sum of an order', [...GOOD, red], EXPLAINED, ['contradicted_outcome']],
    ['Mend the sum of an order', [...GOOD.slice(0, 1), red, checked], EXPLAINED, []],
    ['Mend the sum of an order', GOOD, { kind: 'failure', reason: 'it was wrong' }, ['contradicted_outcome']],
    ['Mend the sum of an order', [...GOOD, red], { kind: 'failure', reason: 'it was wrong' }, []],
    ['mend it', GOOD, EXPLAINED, ['short_description']],
    ['Mend the sum of an order', [...GOOD, checked, checked, checked], EXPLAINED, ['noise']],
    ['Mend the sum of an order', [...GOOD, ...new Array(4).fill({ tool: 'go', action: 'go' })], EXPLAINED, ['noise']],
  ])(
    '%j with %j that ended %j is flagged %j, each with its reason, and stored [LE-05]',
    async (description, inputs, outcome, flags) => {
      const { id, quality } = await ended(description, inputs, outcome);
      expect(quality.flags).toEqual(flags);
      expect(quality.score).toBeCloseTo(1 - flags.length / QUALITY_FLAGS.length, 12);
      expect(qualityReasons(quality)).toHaveLength(flags.length);
      expect(await memory.getEpisode(id)).toMatchObject({ status: 'completed', quality });
    },
  );
});

describe('duplicates', () => {
  const TASK = 'Mend the sum of an order with a free item';

  test('name the first episode that says the same [LE-05]', async () => {
    const first = await ended(TASK, GOOD);
    const second = await ended(TASK, GOOD);
    const third = await ended(TASK, GOOD);
    expect(first.quality.flags).toEqual([]);
    expect([second.quality, third.quality]).toMatchObject([
      { flags: ['duplicate'], duplicateOf: first.id },
      { flags: ['duplicate'], duplicateOf: first.id },
    ]);
    expect(qualityReasons(third.quality)).toEqual([`It says what ${first.id} says.`]);
  });

  test('are not those that differ in a parameter, an output, the end or the task [LE-05]', async () => {
    await ended(TASK, GOOD);
    const [edit, check] = GOOD as [StepInput, StepInput];
    const others = [
      await ended(TASK, [{ ...edit, parameters: { path: 'b.ts' } }, check]),
      await ended(TASK, [edit, { ...check, result: { type: 'success', output: 'Tests  4 passed (4)' } }]),
      await ended(TASK, GOOD, { kind: 'partial', completed: ['the sum'] }),
      await ended(`${TASK} twice`, GOOD),
    ];
    expect(others.flatMap(({ quality }) => quality.flags)).toEqual([]);
  });

  test('are not those without steps, which say nothing that could be the same [LE-05]', async () => {
    await ended(TASK, []);
    expect((await ended(TASK, [])).quality.flags).not.toContain('duplicate');
  });

  test('stay what they are when they are exported and imported [LE-05]', async () => {
    await ended(TASK, GOOD);
    const { id, quality } = await ended(TASK, GOOD);
    const other = openMemory({ store: inMemoryStore() });
    await other.importEpisodes(memory.exportEpisodes());
    expect(await other.getEpisode(id)).toMatchObject({ quality });
    await other.close();
  });
});
