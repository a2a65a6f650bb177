import { expect, test } from 'vitest';
import { errorCases } from '../src/quality/error-corpus.ts';

const cases = errorCases();

test('the corpus of errors holds real failures, each with what fixed it [RE-06]', () => {
  expect(cases.length).toBeGreaterThanOrEqual(150);
  for (const { error, record } of cases) {
    const results = record.steps?.map(({ result }) => result?.type);
    expect(error).toMatch(/\nExit code \S+$/u);
    expect(results?.at(-1)).toBe('success');
    expect(results?.filter((type) => type === 'error')).toHaveLength(1);
  }
});

test('each case that judges has a like one to build with, of another program [RE-06]', () => {
  const built = cases.filter(({ part }) => part === 'build');
  const judging = cases.filter(({ part }) => part === 'judge');
  expect(judging.length).toBeGreaterThanOrEqual(50);
  for (const { family, record } of judging) {
    const like = built.filter((other) => other.family === family);
    expect(like.length).toBeGreaterThan(0);
    expect(like.map((other) => other.record.task_description)).not.toContain(record.task_description);
  }
});

test('no case tells of the machine that it was recorded on [RE-06]', () => {
  const text = JSON.stringify(cases);
  expect(text).not.toMatch(/\/root\/|error-fix-\w{6}|\/tmp\/(?!cc)/u);
});
