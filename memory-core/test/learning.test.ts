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
import { patternTools } from '../src/pattern.ts';

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

describe('reflection', () => {
  const inputs = [
    failing('bash', 'run the tests', 'at x\nTypeError: Cannot read properties of undefined\n  at y', 'npm test'),
    ok('edit', 'guard against a missing list in cart.ts'),
    ok('bash', 'run the tests', 'npm test'),
  ];

  test('names the error and the steps that fixed it [LE-03]', () => {
    const { reflection, recoveries } = learnt('some task to do', toOutcome({ kind: 'success' }), steps(inputs));
    expect(recoveries).toMatchObject([
      { failedStep: 1, fixedStep: 3, fix: ['edit: guard against a missing list in cart.ts'] },
    ]);
    expect(reflection.insights.join()).toContain('TypeError: Cannot read properties of undefined');
    expect(reflection.insights.join()).toContain('guard against a missing list in cart.ts');
  });

  test('tells the named error of an output and the frame of own code, without marks, counts and frames of others [LE-03]', () => {
    const frames = ['    at run (/a/b.js:1:2)', '    at Test.run (node:internal/test:3:4)'];
    const output = ['✖ a test', 'RangeError: too deep', ...frames, 'ℹ tests 2'].join('\n');
    const { recoveries } = learnt(
      'some task to do',
      toOutcome({ kind: 'success' }),
      steps([failing('bash', 'x', output), ok('edit', 'y'), ok('bash', 'x')]),
    );
    expect(recoveries[0]?.error).toBe('RangeError: too deep (at run in b.js)');
  });

  test('of errors that followed each other each one is remembered with what came after it [LE-03]', () => {
    const { recoveries } = learnt(
      'some task to do',
      toOutcome({ kind: 'success' }),
      steps([
        failing('bash', 'x', 'TypeError: first'),
        ok('edit', 'wrong'),
        failing('bash', 'x', 'RangeError: second'),
        ok('edit', 'right'),
        ok('bash', 'x'),
      ]),
    );
    expect(recoveries.map(({ error, fix }) => [error, fix])).toEqual([
      ['TypeError: first', ['edit: wrong', 'edit: right']],
      ['RangeError: second', ['edit: right']],
    ]);
  });

  test('tells of a fix what was done, and on what [LE-03]', () => {
    const step = (tool: string, parameters: StepInput['parameters']): StepInput => ({
      tool,
      action: tool,
      ...(parameters && { parameters }),
      result: { type: 'success' },
    });
    const fixOf = (...between: readonly StepInput[]): readonly string[] => {
      const failed = { type: 'error', message: 'Error: payment method not found' } as const;
      const all = [{ ...step('pay', { id: 'cash' }), result: failed }, ...between, step('pay', { id: 'card_1' })];
      return learnt('some task to do', toOutcome({ kind: 'success' }), steps(all)).recoveries[0]?.fix ?? [];
    };
    expect(fixOf(step('edit', { path: 'src/a.ts', content: 'x'.repeat(500) }))).toEqual(['edit: src/a.ts']);
    expect(fixOf(step('bash', { command: 'npm ci' }))).toEqual(['bash: npm ci']);
    expect(fixOf(step('bash', { command: 'A=1 bash x' }))).toEqual(['bash: A=1 bash x']);
    expect(fixOf(step('set_mode', { on: 'e' }))).toEqual(['set_mode: on=e']);
    expect(fixOf(step('register', { id: 'card_1', note: 'y'.repeat(500) }))).toEqual(['register: id=card_1']);
    expect(fixOf(step('think', {}), step('calculate', { expression: '1+1' }), step('get_user', { id: 'u' }))).toEqual([
      'pay: id=card_1',
    ]);
  });

  test('says what failed and stayed so, and why the episode ended [LE-03]', () => {
    const { reflection } = learnt(
      'some task to do',
      toOutcome({ kind: 'failure', reason: 'gave up on the parser' }),
      steps([failing('tsc', 'type check', 'error TS2304: Cannot find name')]),
    );
    expect(reflection.improvements.join()).toContain('TS2304');
    expect(reflection.improvements.join()).toContain('gave up on the parser');
  });

  test('has nothing to say about nothing [LE-03]', () => {
    const { reflection } = learnt('some task to do', toOutcome({ kind: 'success' }), []);
    expect(reflection).toEqual({ successes: [], improvements: [], insights: [] });
  });

  test('the same episode always gets the same lessons [LE-03]', () => {
    const once = learnt('some task to do', toOutcome({ kind: 'success' }), steps(inputs));
    expect(learnt('some task to do', toOutcome({ kind: 'success' }), steps(inputs))).toEqual(once);
  });
});

describe('recoveries', () => {
  const recovered = (...inputs: readonly StepInput[]) =>
    learnt('some task to do', toOutcome({ kind: 'success' }), steps(inputs)).recoveries.map(
      ({ failedStep, fixedStep, fixSteps }) => ({ failedStep, fixedStep, fixSteps }),
    );
  const run = (command: string) => ok('bash', 'run it', command);
  const runFailing = (command: string) => failing('bash', 'run it', `TypeError: ${command}`, command);

  test('name the steps that fixed the error, not those that only looked [LE-04]', () => {
    const made = recovered(
      runFailing('node a.js'),
      ok('read', 'a.js'),
      run('grep -n total a.js'),
      ok('edit', 'guard'),
      failing('edit', 'again', 'Error: no such text'),
      run('node a.js'),
    );
    expect(made).toEqual([{ failedStep: 1, fixedStep: 6, fixSteps: [4] }]);
  });

  test.each([
    ['npx tsc -p .', 'npx tsc --noEmit'],
    ['vitest run a.test.ts', 'npx vitest run'],
    ['cd app && npx vitest run a.test.ts -t sums', 'cd app && npx vitest run a.test.ts'],
    ['python3 -m pytest tests/a.py', 'pytest'],
    ['CI=1 npm test', 'npm test 2>&1 | tail -5'],
  ])('a check that failed as %j is made good by %j [LE-04]', (then, now) => {
    expect(recovered(runFailing(then), ok('edit', 'mend'), run(now))).toEqual([
      { failedStep: 1, fixedStep: 3, fixSteps: [2] },
    ]);
  });

  test.each([
    ['vitest run', 'vitest run a.test.ts'],
    ['vitest run a.test.ts', 'vitest run b.test.ts'],
    ['cargo build', 'cargo test'],
    ['npm run lint', 'npm test'],
    ['node a.js', 'node b.js'],
  ])('what failed as %j is not made good by %j [LE-04]', (then, now) => {
    expect(recovered(runFailing(then), ok('edit', 'mend'), run(now))).toEqual([]);
    expect(recovered(runFailing(then), run(now))).toEqual([]);
  });

  test('a command that went well once words were added or left out is its own fix [LE-04]', () => {
    const own = [{ failedStep: 1, fixedStep: 3, fixSteps: [3] }];
    const looked = ok('read', 'docs');
    expect(recovered(runFailing('git push'), looked, run('git push -u origin plan'))).toEqual(own);
    expect(recovered(runFailing('npm run check:links'), looked, run('npm run links'))).toEqual(own);
    expect(recovered(runFailing('git push'), ok('edit', 'x'), run('git push -u origin plan'))).toEqual([]);
    expect(recovered(runFailing('git push'), looked, run('git status'))).toEqual([]);
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
});
