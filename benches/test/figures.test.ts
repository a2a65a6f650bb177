import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { bm25Floor } from '../src/bm25-floor.ts';
import { generatedEpisode, generatedStep, seededRandom } from '../src/corpus.ts';
import { timingOf } from '../src/measure.ts';
import { rankingFigures } from '../src/ranking.ts';
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
    const figures = rankingFigures([
      { ranked: ['x', 'a', 'y', 'z', 'w', 'b'], relevant: new Set(['a', 'b']) },
      { ranked: ['c'], relevant: new Set(['c']) },
      { ranked: ['x'], relevant: new Set() },
    ]);
    expect(figures).toEqual({
      questions: 2,
      recallAt5: 0.75,
      recallAt10: 1,
      hitAt1: 0.5,
      meanReciprocalRank: 0.75,
    });
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
