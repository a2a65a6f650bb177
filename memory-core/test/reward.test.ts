// What an episode earns: the laws of the formula, and what the steps move.
import {
  inMemoryStore,
  type Memory,
  type OutcomeInput,
  openMemory,
  readJsonLines,
  type Step,
  type StepInput,
} from '@episodica/memory-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toOutcome, toStep } from '../src/entities.ts';
import type { Reward } from '../src/episode.ts';
import { learn } from '../src/learn/learn.ts';
import { readSteps } from '../src/learn/read-step.ts';
import { recoveredSteps } from '../src/learn/recovery.ts';
import { wasteOf, wasteQuartiles } from '../src/learn/waste.ts';
import { episodeDetailResult } from '../src/wire/episode.ts';

function steps(inputs: readonly StepInput[]): readonly Step[] {
  return inputs.map((input, index) => ({
    ...toStep(input, { id: `s${index}`, at: '2026-01-01T00:00:00.000Z', episodeId: 'e' }),
    number: index + 1,
  }));
}

type Quartiles = readonly [number, number, number];

function rewardOf(outcome: OutcomeInput, inputs: readonly StepInput[], waste?: Quartiles): Reward {
  return learn({ description: 'Mend it', outcome: toOutcome(outcome), steps: steps(inputs), similar: [], waste })
    .reward;
}

function wasted(...inputs: readonly StepInput[]): number {
  const read = readSteps(steps(inputs));
  return wasteOf(read, recoveredSteps(read));
}

const run = (command: string, output = ''): StepInput => ({
  tool: 'bash',
  action: command,
  parameters: { command },
  result: { type: 'success', output },
});
const runFailing = (command: string, message = 'Error: no'): StepInput => ({
  ...run(command),
  result: { type: 'error', message },
});
const edit = (path: string, text = 'x'): StepInput => ({
  tool: 'edit',
  action: `edit ${path}`,
  parameters: { file_path: path, new_string: text },
  result: { type: 'success' },
});

const CHECKS = ['npm test', 'npx vitest run a.test.ts', 'pytest -q', 'tsc -p .', 'node a.js', 'make build'];
const WORK = [...CHECKS, 'ls', 'git commit -m x', 'git checkout -- .', 'npm test | tail -5', 'npm test || true'];
const OUTPUTS = ['', 'fine', '2 passed in 0.10s', '1 failed, 2 passed in 0.10s', 'exit code: 1', 'Tests  1 passed (1)'];
const anyStep: fc.Arbitrary<StepInput> = fc.oneof(
  fc.tuple(fc.constantFrom(...WORK), fc.constantFrom(...OUTPUTS)).map(([command, output]) => run(command, output)),
  fc
    .tuple(fc.constantFrom(...WORK), fc.constantFrom(...OUTPUTS))
    .map(([command, output]) => runFailing(command, output)),
  fc.constantFrom('a.ts', 'b.ts').map((path) => edit(path)),
);
const anySteps = fc.array(anyStep, { maxLength: 12 });
const anyOutcome: fc.Arbitrary<OutcomeInput> = fc.oneof(
  fc.constant({ kind: 'success' as const }),
  fc.record({ kind: fc.constant('partial' as const), completed: fc.array(fc.string()), failed: fc.array(fc.string()) }),
  fc.constant({ kind: 'failure' as const }),
  fc.constant({ kind: 'abstained' as const }),
);
const anyQuartiles: fc.Arbitrary<Quartiles | undefined> = fc.option(
  fc
    .tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    )
    .map((three) => three.toSorted((a, b) => a - b) as unknown as Quartiles),
  { nil: undefined },
);
/** Rounding of sums. */
const DUST = 1e-12;

describe('laws', () => {
  test('a reward lies in 0–1, as each part does, and is their sum [LE-01]', () => {
    fc.assert(
      fc.property(anyOutcome, anySteps, anyQuartiles, (outcome, inputs, waste) => {
        const { total, parts } = rewardOf(outcome, inputs, waste);
        const values = Object.values(parts);
        expect(Object.keys(parts)).toEqual(['outcome', 'verification', 'efficiency', 'recovery']);
        for (const value of [total, ...values]) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1 + DUST);
        }
        expect(total).toBeCloseTo(
          values.reduce((sum, value) => sum + value, 0),
          12,
        );
      }),
    );
  });

  test('success ≥ partial ≥ failure, whatever the steps of the one and of the other show [LE-01]', () => {
    fc.assert(
      fc.property(
        anySteps,
        anySteps,
        fc.array(fc.string()),
        fc.array(fc.string()),
        (some, others, completed, failed) => {
          const partial = { kind: 'partial', completed, failed } as const;
          expect(rewardOf({ kind: 'success' }, some).total).toBeGreaterThanOrEqual(
            rewardOf(partial, others).total - DUST,
          );
          expect(rewardOf(partial, some).total).toBeGreaterThanOrEqual(
            rewardOf({ kind: 'failure' }, others).total - DUST,
          );
        },
      ),
    );
  });

  test('one more check that passes never lowers it [LE-01]', () => {
    fc.assert(
      fc.property(anyOutcome, anySteps, fc.constantFrom(...CHECKS), anyQuartiles, (outcome, inputs, command, waste) => {
        const more = rewardOf(outcome, [...inputs, run(command, 'fine')], waste).total;
        expect(more).toBeGreaterThanOrEqual(rewardOf(outcome, inputs, waste).total - DUST);
      }),
      { numRuns: 500 },
    );
  });

  test('length alone never lowers it: steps that succeed and repeat nothing cost nothing, if no change is left unchecked [LE-01]', () => {
    fc.assert(
      fc.property(anyOutcome, anySteps, fc.nat(30), fc.nat(12), anyQuartiles, (outcome, inputs, extra, at, waste) => {
        const added = Array.from({ length: extra }, (_, index) =>
          index % 2 === 0 || at > 0
            ? { ...run(`cat file${index}`), tool: 'read', action: `file${index}`, parameters: {} }
            : edit(`c${index}.ts`),
        );
        const longer = [...inputs.slice(0, at), ...added, ...inputs.slice(at)];
        // Work that is thrown away later came to nothing, also work that was added.
        fc.pre(!inputs.slice(at).some(({ action }) => action.startsWith('git checkout')));
        expect(rewardOf(outcome, longer, waste).total).toBeGreaterThanOrEqual(
          rewardOf(outcome, inputs, waste).total - DUST,
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('what the steps show', () => {
  test('a success that the last check contradicts earns less than one that nothing shows, and that less than one that a check bears out [LE-01]', () => {
    const [red, none, green] = [[runFailing('npm test')], [], [run('npm test')]].map((inputs) =>
      rewardOf({ kind: 'success' }, inputs),
    );
    expect(red?.parts.verification).toBeLessThan(none?.parts.verification ?? 0);
    expect(none?.parts.verification).toBeLessThan(green?.parts.verification ?? 0);
    expect([red?.total ?? 0, none?.total ?? 0, green?.total ?? 0]).toEqual(
      [red, none, green].map((of) => of?.total ?? 0).toSorted((a, b) => a - b),
    );
  });

  test('tests weigh more than a type check, and that more than a linter [LE-01]', () => {
    const shown = (command: string): number => rewardOf({ kind: 'success' }, [run(command)]).parts.verification;
    expect(shown('pytest')).toBeGreaterThan(shown('tsc -p .'));
    expect(shown('tsc -p .')).toBeGreaterThan(shown('eslint .'));
    expect(shown('eslint .')).toBeGreaterThan(shown('ls'));
  });

  test('a failed check stays open until it passes, or what looks at more; a part of it that passes counts half [LE-01]', () => {
    const shown = (...commands: readonly StepInput[]): number =>
      rewardOf({ kind: 'success' }, commands).parts.verification;
    const failed = runFailing('npx vitest run');
    const fixed = shown(failed, run('npx vitest run'));
    const part = shown(failed, run('npx vitest run a.test.ts'));
    const otherKind = shown(failed, run('npx eslint .'));
    expect(fixed).toBeCloseTo(shown(run('npx vitest run')), 12);
    expect(shown(runFailing('npx vitest run a.test.ts'), run('npx vitest run'))).toBeCloseTo(fixed, 12);
    expect(part).toBeLessThan(fixed);
    expect(part).toBeGreaterThan(shown(failed));
    expect(otherKind).toBeLessThan(part);
    expect(shown(runFailing('npx vitest run a.test.ts'), run('npx vitest run b.test.ts'))).toBeLessThan(part);
  });

  test('a check of what holds it settles what failed: a folder, all packages, a whole file [LE-01]', () => {
    const settled = (failed: string, passed: string): boolean => {
      const both = [runFailing(failed), edit('a.ts'), run(passed)];
      const { verification, recovery } = rewardOf({ kind: 'success' }, both).parts;
      const all = rewardOf({ kind: 'success' }, [run(passed)]).parts;
      return verification === all.verification && recovery === all.recovery;
    };
    expect(settled('go test ./pkg', 'go test ./...')).toBe(true);
    expect(settled('pytest tests/a.py', 'pytest tests/')).toBe(true);
    expect(settled('pytest tests/a.py::x', 'pytest tests')).toBe(true);
    expect(settled('pytest a.py::x', 'pytest a.py b.py')).toBe(true);
    expect(settled('go test ./...', 'go test ./pkg')).toBe(false);
    expect(settled('go test ./pkg/sub', 'go test ./pkg')).toBe(false);
    expect(settled('pytest tests/a.py', 'pytest tests -k other')).toBe(false);
    expect(settled('mvn test', 'mvn -Dtest=A test')).toBe(false);
  });

  test('what passed before the last change counts less than what passed behind it, and more than nothing [LE-01]', () => {
    const shown = (...inputs: readonly StepInput[]): number => rewardOf({ kind: 'success' }, inputs).parts.verification;
    const early = shown(run('pytest'), edit('a'), edit('b'), edit('c'));
    expect(early).toBeLessThan(shown(edit('a'), edit('b'), edit('c'), run('pytest')));
    expect(early).toBeGreaterThan(shown(edit('a')));
    // All of it was thrown away: what passes then is what was there before.
    expect(shown(edit('a'), run('git stash'), run('pytest'))).toBeLessThan(shown(edit('a'), run('pytest')));
  });

  test('tests that were taken out or skipped after they failed are not passed [LE-01]', () => {
    const shown = (...outputs: readonly string[]): number =>
      rewardOf(
        { kind: 'success' },
        outputs.map((output, index) => ({ ...run('pytest -q', output), action: `${index}` })),
      ).parts.verification;
    const mended = shown('1 failed, 3 passed in 0.20s', '4 passed in 0.20s');
    const weakened = shown('1 failed, 3 passed in 0.20s', '3 passed, 1 skipped in 0.20s');
    expect(weakened).toBeLessThan(mended);
    expect(weakened).toBeGreaterThan(shown('1 failed, 3 passed in 0.20s'));
    expect(shown('1 failed, 3 passed in 0.20s', '4 passed in 0.20s', '3 passed in 0.20s')).toBe(mended);
  });

  test('an episode that nobody judged lies between failure and success [LE-01]', () => {
    fc.assert(
      fc.property(anySteps, anySteps, (some, others) => {
        const unknown = rewardOf({ kind: 'abstained' }, some).total;
        expect(unknown).toBeGreaterThan(rewardOf({ kind: 'failure' }, others).total);
        expect(unknown).toBeLessThan(rewardOf({ kind: 'success' }, others).total);
      }),
    );
    expect(rewardOf({ kind: 'abstained' }, [])).toMatchObject({ parts: { outcome: 0.35 } });
  });

  test('errors that were made good cost nothing, others the more the more they are, and looking in vain costs nothing [LE-01]', () => {
    const kept = (...inputs: readonly StepInput[]): number => rewardOf({ kind: 'success' }, inputs).parts.recovery;
    expect(kept(runFailing('node a.js'), edit('a.js'), run('node a.js'))).toBe(kept());
    expect(kept(runFailing('node a.js'))).toBeLessThan(kept());
    expect(kept(runFailing('node a.js'), runFailing('node b.js'))).toBeLessThan(kept(runFailing('node a.js')));
    expect(kept(runFailing('grep -n TODO a.js'))).toBe(kept());
  });
});

describe('efficiency', () => {
  test('came to nothing: what failed and stayed so, what was done again with the same result, what was thrown away [LE-01]', () => {
    expect(wasted()).toBe(0);
    expect(wasted(run('cat a.js', 'x'), edit('a.js'), run('cat a.js', 'x'), run('npm test'))).toBe(0);
    expect(wasted(run('cat a.js', 'x'), run('cat a.js', 'x'))).toBe(1 / 2);
    expect(wasted(run('cat a.log', 'x'), run('cat a.log', 'y'))).toBe(0);
    expect(wasted(run('npm test'), run('npm test'))).toBe(0);
    expect(wasted(runFailing('npm test'), edit('a.js'), run('npm test'), runFailing('node b.js'))).toBe(1 / 4);
    expect(wasted(edit('a.js'), edit('b.js'), run('npm test'), run('git checkout -- a.js'))).toBe(2 / 4);
    expect(wasted(edit('a.js'), run('git commit -am x'), run('git revert HEAD'))).toBe(2 / 3);
  });

  test('it is told beside the reward, and compared with episodes of the scope that succeeded [LE-01]', () => {
    const twice = [run('cat a.js'), run('cat a.js')];
    const compared: Quartiles = [0.2, 0.4, 0.6];
    expect(rewardOf({ kind: 'success' }, twice).waste).toBe(0.5);
    const efficiency = (inputs: readonly StepInput[], waste?: Quartiles): number =>
      rewardOf({ kind: 'success' }, inputs, waste).parts.efficiency ?? 0;
    expect(efficiency(twice, compared)).toBeLessThan(efficiency(twice));
    expect(efficiency([run('ls')], compared)).toBeGreaterThan(efficiency([run('ls')]));
    expect(efficiency(twice)).toBe(efficiency([run('ls')]));
  });

  test('quartiles are those of at least eight episodes that succeeded [LE-01]', () => {
    const success = (waste?: number) => ({ outcome: 'success' as const, ...(waste === undefined ? {} : { waste }) });
    const nine = [8, 0, 1, 2, 3, 4, 5, 6, 7].map((tenths) => success(tenths / 10));
    expect(wasteQuartiles(nine)).toEqual([0.2, 0.4, 0.6]);
    expect(wasteQuartiles([...nine, { outcome: 'failure', waste: 1 }, success()])).toEqual([0.2, 0.4, 0.6]);
    expect(wasteQuartiles(nine.slice(2))).toBeUndefined();
  });
});

test('the evidence is stored beside the reward, and goes with it into a file and back [LE-02]', async () => {
  const memory = openMemory({ store: inMemoryStore() });
  const { episode } = await memory.createEpisode({ description: 'Mend the parser' });
  await memory.addSteps(episode.id, [run('npx tsc -p .'), runFailing('pytest', '1 failed, 3 passed in 0.20s')]);
  await memory.completeEpisode(episode.id, { kind: 'success' });
  const [stored] = (await memory.getEpisodes([episode.id])).flatMap((found) => (found === undefined ? [] : [found]));
  expect(stored).toMatchObject({
    evidence: [
      { step: 1, kind: 'types', tool: 'tsc', isPassed: true },
      { step: 2, kind: 'test', tool: 'pytest', isPassed: false, passed: 3, failed: 1 },
    ],
  });
  if (stored === undefined) throw new Error('not stored');
  expect(episodeDetailResult(stored, []).evidence).toEqual([
    { step_number: 1, kind: 'types', tool: 'tsc', is_passed: true },
    { step_number: 2, kind: 'test', tool: 'pytest', is_passed: false, passed: 3, failed: 1 },
  ]);
  const text = await exported(memory);
  const other = openMemory({ store: inMemoryStore() });
  await other.importEpisodes(readJsonLines(text.split('\n')));
  expect(await exported(other)).toBe(text);
  expect(text).toContain('"waste":');
  await memory.close();
  await other.close();
});

async function exported(memory: Memory): Promise<string> {
  const lines: string[] = [];
  for await (const record of memory.exportEpisodes()) lines.push(JSON.stringify(record));
  return lines.join('\n');
}
