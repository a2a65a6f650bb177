// Which later step shows that an error is good now, and which errors are one.
import type { Step, StepInput } from '@episodica/memory-core';
import { describe, expect, test } from 'vitest';
import { toOutcome, toStep } from '../src/entities.ts';
import type { Learning } from '../src/episode.ts';
import { learn } from '../src/learn/learn.ts';
import { readSteps } from '../src/learn/read-step.ts';
import { madeGood } from '../src/learn/recovery.ts';

function steps(inputs: readonly StepInput[]): readonly Step[] {
  return inputs.map((input, index) => ({
    ...toStep(input, { id: `s${index}`, at: '2026-01-01T00:00:00.000Z', episodeId: 'e' }),
    number: index + 1,
  }));
}

const learnt = (...inputs: readonly StepInput[]): Learning =>
  learn({ description: 'Mend it', outcome: toOutcome({ kind: 'failure' }), steps: steps(inputs), similar: [] });
const ran = (parameters: StepInput['parameters'], message?: string): StepInput => ({
  tool: 'shell',
  action: 'run command',
  ...(parameters === undefined ? {} : { parameters }),
  result: message === undefined ? { type: 'success', output: '' } : { type: 'error', message },
});

describe('what was done', () => {
  test.each([
    [
      ['bash', '-lc', 'npm test'],
      ['bash', '-lc', 'ls'],
    ],
    ['npm test', 'pwd; date'],
  ])('is told by the command wherever it stands: %j is not made good by %j [LE-03]', (failed, other) => {
    for (const name of ['command', 'cmd', 'script']) {
      const failure = ran({ [name]: failed }, 'TypeError: x');
      expect(learnt(failure, ran({ [name]: other })).recoveries).toEqual([]);
      expect(learnt(failure, ran({ [name]: failed })).recoveries).toMatchObject([{ failedStep: 1, fixedStep: 2 }]);
    }
  });

  test('tells one error from another: four commands that fail in the same words are no four tries of one [LE-03]', () => {
    const failed = ['rm -rf build', 'npm ci', 'make deploy', 'curl x'].map((command) =>
      ran({ command }, 'Permission denied'),
    );
    const told = learnt(...failed).reflection.improvements.join('\n');
    expect(told).not.toContain('tried again');
    expect(told).toContain('npm ci');
    const again = Array.from({ length: 4 }, () => ran({ command: 'npm ci' }, 'Permission denied'));
    expect(learnt(...again).reflection.improvements.join('\n')).toContain('steps 1, 2, 3 and 4');
  });
});

test('the time that it takes to find what was made good grows with the steps, not with their square [LE-03]', () => {
  const took = (count: number): number => {
    const read = readSteps(
      steps(
        Array.from({ length: count }, (_, index) =>
          ran({ command: `npm test -- f${index}` }, index < count / 2 ? `Error: ${index}` : undefined),
        ),
      ),
    );
    const before = process.cpuUsage().user;
    madeGood(read);
    return process.cpuUsage().user - before;
  };
  took(1_000);
  // Eight times the steps: 64 times as long if it were their square.
  expect(took(16_000)).toBeLessThan(24 * Math.max(2_000, took(2_000)));
});
