import {
  inMemoryStore,
  type Memory,
  type OutcomeInput,
  openMemory,
  type Step,
  type StepInput,
} from '@episodica/memory-core';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { toOutcome, toStep } from '../src/entities.ts';
import type { Learning, Outcome } from '../src/episode.ts';
import { learn } from '../src/learn/learn.ts';
import { toolSequences } from '../src/learn/tool-sequence.ts';
import { patternFigures, patternTools, wilsonInterval } from '../src/pattern.ts';

function steps(inputs: readonly StepInput[]): readonly Step[] {
  return inputs.map((input, index) => ({
    ...toStep(input, { id: `s${index}`, at: '2026-01-01T00:00:00.000Z', episodeId: 'e' }),
    number: index + 1,
  }));
}

const learnt = (description: string, outcome: Outcome, taken: readonly Step[]): Learning =>
  learn({ description, outcome, steps: taken, similar: [] });

const ok = (tool: string, action: string, command?: string): StepInput => ({
  tool,
  action,
  ...(command === undefined ? {} : { parameters: { command } }),
  result: { type: 'success', output: 'fine' },
});
const failing = (tool: string, action: string, message: string, command?: string): StepInput => ({
  ...ok(tool, action, command),
  result: { type: 'error', message },
});

const anyStep: fc.Arbitrary<StepInput> = fc.oneof(
  fc.constantFrom('npm test', 'ls', 'edit').map((action) => ok('bash', action)),
  fc.constantFrom('npm test', 'ls', 'edit').map((action) => failing('bash', action, 'Error: no')),
);
const anyOutcome: fc.Arbitrary<OutcomeInput> = fc.oneof(
  fc.constant({ kind: 'success' as const }),
  fc.record({ kind: fc.constant('partial' as const), completed: fc.array(fc.string()), failed: fc.array(fc.string()) }),
  fc.constant({ kind: 'failure' as const }),
  fc.constant({ kind: 'abstained' as const }),
);
const rewardOf = (outcome: OutcomeInput, inputs: readonly StepInput[]) =>
  learnt('some task to do', toOutcome(outcome), steps(inputs)).reward;

describe('reward', () => {
  test('lies in 0–1 and is the sum of its parts [LE-01]', () => {
    fc.assert(
      fc.property(anyOutcome, fc.array(anyStep, { maxLength: 12 }), (outcome, inputs) => {
        const { total, parts } = rewardOf(outcome, inputs);
        expect(total).toBeGreaterThanOrEqual(0);
        expect(total).toBeLessThanOrEqual(1 + 1e-12);
        expect(total).toBeCloseTo(parts.outcome + parts.verification + parts.recovery, 12);
      }),
    );
  });

  test('success ≥ partial ≥ failure for the same steps [LE-01]', () => {
    fc.assert(
      fc.property(
        fc.array(anyStep, { maxLength: 12 }),
        fc.array(fc.string()),
        fc.array(fc.string()),
        (inputs, completed, failed) => {
          const success = rewardOf({ kind: 'success' }, inputs).total;
          const partial = rewardOf({ kind: 'partial', completed, failed }, inputs).total;
          const failure = rewardOf({ kind: 'failure' }, inputs).total;
          expect(success).toBeGreaterThanOrEqual(partial);
          expect(partial).toBeGreaterThanOrEqual(failure);
        },
      ),
    );
  });

  test('one more successful check at the end never lowers it [LE-01]', () => {
    fc.assert(
      fc.property(anyOutcome, fc.array(anyStep, { maxLength: 12 }), (outcome, inputs) => {
        const more = rewardOf(outcome, [...inputs, ok('bash', 'npm test')]).total;
        expect(more).toBeGreaterThanOrEqual(rewardOf(outcome, inputs).total - 1e-12);
      }),
    );
  });

  test('length alone never lowers it [LE-01]', () => {
    fc.assert(
      fc.property(anyOutcome, fc.array(anyStep, { maxLength: 12 }), fc.nat(30), (outcome, inputs, extra) => {
        const longer = [...Array.from({ length: extra }, (_, i) => ok('read', `file ${i}`)), ...inputs];
        expect(rewardOf(outcome, longer).total).toBeGreaterThanOrEqual(rewardOf(outcome, inputs).total - 1e-12);
      }),
    );
  });

  test('a failure earns nothing for a check that passed [LE-01]', () => {
    expect(rewardOf({ kind: 'failure' }, [ok('bash', 'npm test')]).total).toBe(0);
  });

  test('a success whose last check failed earns less than one whose last check passed [LE-01]', () => {
    const red = rewardOf({ kind: 'success' }, [failing('bash', 'npm test', 'Error: 1 failed')]);
    const green = rewardOf({ kind: 'success' }, [ok('bash', 'npm test')]);
    expect(red.parts.verification).toBe(0);
    expect(green.parts.verification).toBeGreaterThan(0);
  });
});

describe('tool sequences', () => {
  let memory: Memory;
  beforeEach(() => {
    memory = openMemory({ store: inMemoryStore() });
  });

  async function episode(tools: readonly string[], isSuccess: boolean, domain = 'ops'): Promise<string> {
    const { episode: created } = await memory.createEpisode({ description: 'Deploy the service', domain });
    await memory.addSteps(
      created.id,
      tools.map((tool) => ({ tool, action: 'go' })),
    );
    await memory.completeEpisode(created.id, isSuccess ? { kind: 'success' } : { kind: 'failure', reason: 'no' });
    return created.id;
  }

  test('a run of one tool counts once and sequences are counted once an episode [LE-06]', () => {
    const runs = toolSequences(steps(['a', 'a', 'b', 'a', 'b'].map((tool) => ok(tool, 'x'))));
    expect(runs).toEqual([
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b', 'a'],
      ['b', 'a', 'b'],
    ]);
  });

  test('support, success, base rate and lift come from the episodes of the scope [LE-06]', async () => {
    const good = [
      await episode(['build', 'test', 'push'], true),
      await episode(['build', 'test'], true),
      await episode(['build', 'test'], true),
    ];
    for (let i = 0; i < 3; i += 1) await episode(['push'], false);
    await episode(['build', 'test'], true, 'elsewhere');
    await memory.learnPending();
    const [found] = (await memory.listPatterns({ domain: 'ops' })).filter(
      (hit) => patternTools(hit.pattern).join() === 'build,test',
    );
    expect(found).toMatchObject({
      pattern: { support: 3, successes: 3, scope: { domain: 'ops' } },
      figures: { successRate: 1, baseRate: 0.5, lift: 2 },
      evidence: good.toSorted(),
    });
    await memory.close();
  });

  test('fewer than three episodes are no pattern yet, and abstentions do not count [LE-06]', async () => {
    await episode(['build', 'test'], true);
    await episode(['build', 'test'], true);
    const { episode: third } = await memory.createEpisode({ description: 'Deploy the service', domain: 'ops' });
    await memory.addSteps(third.id, [
      { tool: 'build', action: 'x' },
      { tool: 'test', action: 'x' },
    ]);
    await memory.completeEpisode(third.id, { kind: 'abstained', reason: 'not mine' });
    await memory.learnPending();
    expect(await memory.listPatterns()).toEqual([]);
    await memory.close();
  });

  test('learning again changes nothing [LE-06]', async () => {
    for (let i = 0; i < 3; i += 1) await episode(['build', 'test'], true);
    await memory.learnPending();
    const before = await memory.listPatterns();
    expect(await memory.learnPending()).toBe(0);
    expect(await memory.listPatterns()).toEqual(before);
    await memory.close();
  });

  test('two memories that learn at once count every episode once [LE-06]', async () => {
    const store = inMemoryStore();
    const [one, two] = [openMemory({ store }), openMemory({ store })];
    for (let i = 0; i < 6; i += 1) {
      const writer = i % 2 === 0 ? one : two;
      const { episode: created } = await writer.createEpisode({ description: 'Deploy the service' });
      await writer.addSteps(created.id, [
        { tool: 'build', action: 'x' },
        { tool: 'push', action: 'x' },
      ]);
      await writer.completeEpisode(created.id, { kind: 'success' });
    }
    await Promise.all([one.learnPending(), two.learnPending()]);
    await one.learnPending();
    const [found] = await one.listPatterns();
    expect(found).toMatchObject({ pattern: { support: 6 }, figures: { baseRate: 1 } });
    expect(found?.evidence).toHaveLength(6);
    await one.close();
  });

  test('completing makes patterns by itself, without anybody asking [LE-06]', async () => {
    const store = inMemoryStore();
    const own = openMemory({ store: { ...store, close: async () => {} } });
    for (let i = 0; i < 3; i += 1) {
      const { episode: created } = await own.createEpisode({ description: 'Deploy the service' });
      await own.addSteps(created.id, [
        { tool: 'build', action: 'x' },
        { tool: 'push', action: 'x' },
      ]);
      await own.completeEpisode(created.id, { kind: 'success' });
    }
    await own.close();
    expect(await openMemory({ store }).listPatterns()).toMatchObject([{ pattern: { support: 3 } }]);
  });

  test('the interval holds the rate and narrows with more episodes [LE-06]', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(500), (support, drawn) => {
        const successes = Math.min(drawn, support);
        const [low, high] = wilsonInterval(successes, support);
        const rate = successes / support;
        expect(low).toBeLessThanOrEqual(rate + 1e-9);
        expect(high).toBeGreaterThanOrEqual(rate - 1e-9);
        const [wideLow, wideHigh] = wilsonInterval(successes * 4, support * 4);
        expect(wideHigh - wideLow).toBeLessThanOrEqual(high - low + 1e-9);
      }),
    );
    expect(patternFigures({ support: 3, successes: 0 }, { episodes: 4, successes: 0 })).toEqual({
      successRate: 0,
      otherRate: 0,
      baseRate: 0,
    });
  });
});
