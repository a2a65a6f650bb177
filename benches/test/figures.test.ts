import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { generatedEpisode, generatedStep, seededRandom } from '../src/corpus.ts';
import { timingOf } from '../src/measure.ts';
import { bm25Floor } from '../src/quality/bm25-floor.ts';
import { intervalOf, meanOf } from '../src/quality/ranking.ts';
import { isMet, type Row, ratioOf } from '../src/suite.ts';

const row: Row = { what: 'a', unit: 'ms', value: 3, baseline: { name: 'b', value: 2 } };

describe('rows', () => {
  test('the ratio is the value over the baseline, and there is none without one [PK-05]', () => {
    expect(ratioOf(row)).toBe(1.5);
    expect(ratioOf({ what: 'a', unit: 'ms', value: 3 })).toBeUndefined();
  });

  test('a target is met at its limit and missed past it [PK-05]', () => {
    expect(isMet({ ...row, target: { bound: 'at most', of: 'ratio', limit: 1.5 } })).toBe(true);
    expect(isMet({ ...row, target: { bound: 'at most', of: 'ratio', limit: 1.49 } })).toBe(false);
    expect(isMet({ ...row, p99: 9, target: { bound: 'at most', of: 'p99', limit: 9 } })).toBe(true);
    expect(isMet({ ...row, p99: 9, target: { bound: 'at most', of: 'p99', limit: 8 } })).toBe(false);
    expect(isMet({ ...row, target: { bound: 'at most', of: 'difference', limit: 1 } })).toBe(true);
    expect(isMet({ ...row, target: { bound: 'at least', of: 'value', limit: 3.1 } })).toBe(false);
    expect(isMet(row)).toBeUndefined();
  });
});

describe('figures', () => {
  test('median and p99 are samples that were taken [PK-05]', () => {
    const samples = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(timingOf(samples)).toEqual({ medianMs: 50, p99Ms: 99 });
    expect(timingOf([7])).toEqual({ medianMs: 7, p99Ms: 7 });
  });

  test('a ranking is judged by what is relevant, and questions without an answer do not count [PK-05]', () => {
    const answers = [
      {
        ranked: ['x', 'a', 'y', 'z', 'w', 'b'],
        gains: new Map([
          ['a', 1],
          ['b', 1],
        ]),
        task: '1',
      },
      { ranked: ['c'], gains: new Map([['c', 1]]), task: '2' },
      { ranked: ['x'], gains: new Map(), task: '3' },
    ];
    expect(meanOf('R@5', answers)).toBe(0.75);
    expect(meanOf('R@10', answers)).toBe(1);
    expect(meanOf('hit@1', answers)).toBe(0.5);
    expect(meanOf('MRR', answers)).toBe(0.75);
  });

  test('graded answers in the best order are 1, and worse ones less [PK-05]', () => {
    const gains = new Map([
      ['a', 1],
      ['b', 0.5],
    ]);
    const ndcg = (ranked: readonly string[]) => meanOf('nDCG@10', [{ ranked, gains, task: '1' }]);
    expect(ndcg(['a', 'b'])).toBe(1);
    expect(ndcg(['b', 'a'])).toBeLessThan(1);
    expect(ndcg(['x'])).toBe(0);
  });

  test('an interval holds the mean and is none where all tasks agree [PK-05]', () => {
    const answer = (task: number, isRight: boolean) => ({
      ranked: [isRight ? 'a' : 'x'],
      gains: new Map([['a', 1]]),
      task: String(task),
    });
    const mixed = Array.from({ length: 40 }, (_, task) => answer(task, task % 2 === 0));
    const [from, to] = intervalOf('hit@1', mixed);
    expect(from).toBeGreaterThan(0.3);
    expect(from).toBeLessThan(0.5);
    expect(to).toBeGreaterThan(0.5);
    expect(
      intervalOf(
        'hit@1',
        mixed.map(({ task }) => answer(Number(task), true)),
      ),
    ).toEqual([1, 1]);
  });

  test('the floor puts the document first that shares the rarer words [PK-05]', () => {
    const rank = bm25Floor(['seat flight', 'seat flight', 'seat Boston']);
    expect(rank('flight to Boston')[0]).toBe(2);
    expect(rank('booked flights')[0]).toBe(0);
  });
});

test('the same seed generates the same episodes and steps [PK-05]', () => {
  const generate = (seed: number): readonly unknown[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 20 }, () => [generatedEpisode(random), generatedStep(random)]);
  };
  expect(generate(1)).toEqual(generate(1));
  expect(generate(1)).not.toEqual(generate(2));
});

describe('the program', () => {
  const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const run = (...names: readonly string[]): { readonly status: number | null; readonly output: string } => {
    const env = { PATH: process.env.PATH ?? '', MEMORY_DATASETS: tmpdir() };
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...names], { encoding: 'utf8', env });
    return { status, output: `${stdout}${stderr}` };
  };

  test('a suite that does not exist is refused with the names of those that do [PK-05]', () => {
    const { status, output } = run('speed');
    expect(status).toBe(2);
    expect(output).toContain('quality');
  });

  test('without the data set the quality suite says so and measures nothing [PK-05]', () => {
    const { status, output } = run('quality');
    expect(status, output).toBe(0);
    expect(output).toContain('MEMORY_DATASETS');
  });
});
