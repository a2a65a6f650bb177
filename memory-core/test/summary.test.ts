// What an episode was about, in a few words of any script.
import type { Learning, OutcomeInput, Step, StepInput } from '@episodica/memory-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toOutcome, toStep } from '../src/entities.ts';
import { learn } from '../src/learn/learn.ts';
import { words } from '../src/learn/words.ts';

function steps(inputs: readonly StepInput[]): readonly Step[] {
  return inputs.map((input, index) => ({
    ...toStep(input, { id: `s${index}`, at: '2026-01-01T00:00:00.000Z', episodeId: 'e' }),
    number: index + 1,
  }));
}

const learnt = (description: string, outcome: OutcomeInput, inputs: readonly StepInput[]): Learning =>
  learn({ description, outcome: toOutcome(outcome), steps: steps(inputs), similar: [] });

const command = (line: string, result: StepInput['result']): StepInput => ({
  tool: 'bash',
  action: 'run',
  parameters: { command: line },
  ...(result === undefined ? {} : { result }),
});
const RED = command('pytest', {
  type: 'error',
  message: "E   KeyError: 'price'\n=== 1 failed, 2 passed in 0.1s ===",
});
const MENDED = [
  command('pytest', { type: 'error', message: "E   KeyError: 'price'" }),
  { tool: 'read', action: 'look', parameters: { path: 'src/cart.py' } },
  { tool: 'edit', action: 'default to zero', parameters: { path: 'src/cart.py' } },
  command('pytest', { type: 'success', output: '=== 3 passed in 0.1s ===' }),
  command('git commit -am done', { type: 'success', output: '[main 1234567] done' }),
];

describe('the text', () => {
  test('says what was asked, what made it work, and how it ended [LE-12]', () => {
    const { summary } = learnt(
      'Orders without a price crash the cart',
      { kind: 'success', verdict: 'free items work' },
      MENDED,
    );
    expect(summary?.text).toBe(
      `Orders without a price crash the cart. "KeyError: 'price'" was made good by edit: default to zero, src/cart.py. Succeeded: free items work; pytest passed (3 passed) in step 4.`,
    );
  });

  test('tells of a failure why it ended and what the last check showed [LE-12]', () => {
    const { summary } = learnt('Orders without a price crash the cart', { kind: 'failure', reason: 'no time left' }, [
      RED,
    ]);
    expect(summary?.text).toBe(
      'Orders without a price crash the cart. Failed: no time left; pytest failed (2 passed, 1 failed) in step 1.',
    );
  });

  test('does not call given up what nobody knows the end of [LE-12]', () => {
    const { summary } = learnt(
      'Orders crash',
      { kind: 'abstained', reason: 'Outcome unknown: nothing in the session shows it.' },
      [],
    );
    expect(summary?.text).toBe('Orders crash. How it ended is not known.');
  });

  test('is short in a script that writes no spaces too [LE-12]', () => {
    const { summary } = learnt(
      '购物车的总价计算错误。空购物车会抛出异常。折扣被错误地乘以一百倍。请修复并确认所有测试都通过然后提交更改',
      { kind: 'partial', completed: ['空购物车的总价为零'], failed: ['折扣'] },
      MENDED,
    );
    expect(summary?.text).toBe(
      `购物车的总价计算错误。空购物车会抛出异常。折扣被错误地乘以一百倍。请修复并确认 … "KeyError: 'price'" was made good by edit: default to zero, src/cart.py. Partly done: 空购物车的总价为零, not 折扣; pytest passed (3 passed) in step 4.`,
    );
  });

  test('of a long episode keeps 26 words of the task, 30 of the work and 24 of the end [LE-12]', () => {
    const nth = (name: string, count: number): string =>
      Array.from({ length: count }, (_, index) => `${name}${index + 1}`).join(' ');
    const { summary } = learnt(nth('asked', 40), { kind: 'failure', reason: nth('ended', 40) }, [
      { tool: 'edit', action: nth('one', 12) },
      { tool: 'edit', action: nth('two', 12) },
      { tool: 'edit', action: nth('three', 12) },
      RED,
    ]);
    expect(summary?.text).toBe(
      `${nth('asked', 26)} … What was done: edit: ${nth('one', 12)}; edit: ${nth('two', 12)}; edit … Failed: ${nth('ended', 23)} …`,
    );
  });

  test('never has more than 80 words, in whatever script [LE-12]', () => {
    const long = fc.oneof(
      fc
        .array(fc.constantFrom('the', 'cart', 'crashes', 'ошибка', 'корзины'), { maxLength: 300 })
        .map((all) => all.join(' ')),
      fc.array(fc.constantFrom('购物车', '总价', '错误', 'ราคา', 'รวม'), { maxLength: 300 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(long, long, (description, reason) => {
        const inputs = [...MENDED, { tool: 'edit', action: description.slice(0, 3_000) || 'x' }];
        const { summary } = learnt(description || 'x', { kind: 'failure', reason }, inputs);
        expect(words(summary?.text ?? '').length).toBeLessThanOrEqual(80);
      }),
      { numRuns: 50 },
    );
  });
});

describe('words', () => {
  test('of plain text are those of Unicode [LE-12]', () => {
    const segmenter = new Intl.Segmenter('en', { granularity: 'word' });
    const character = fc.constantFrom(...'aabZ12é错_.,;\'"‘’…–-()/\\→✖─ \n');
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 25 }), (text) => {
        const found = [...segmenter.segment(text)].filter(({ isWordLike }) => isWordLike === true);
        const named = found.map(({ segment }) => segment).filter((word) => /[^_]/u.test(word));
        expect(words(text).filter((word) => /[^_]/u.test(word))).toEqual(named);
      }),
      { numRuns: 500 },
    );
  });
});

describe('concepts', () => {
  const conceptsOf = (description: string, inputs: readonly StepInput[] = []): readonly string[] =>
    learnt(description, { kind: 'success' }, inputs).summary?.concepts ?? [];

  test('are errors, files and names before plain words, never stop words or the alphabet [LE-12]', () => {
    expect(conceptsOf('Why does parseOrder crash when the zebra catalogue is empty', MENDED)).toEqual([
      'parseOrder',
      'KeyError',
      'cart.py',
      'catalogue',
      'crash',
      'zebra',
      'empty',
    ]);
  });

  test('are words of scripts that write no spaces too [LE-12]', () => {
    expect(conceptsOf('修复购物车的计算错误')).toEqual(expect.arrayContaining(['计算', '错误']));
    expect(conceptsOf('Ошибка в корзине')).toEqual(['корзине', 'Ошибка']);
  });

  test('are at most ten, each once whatever its case [LE-12]', () => {
    const told = conceptsOf(`Login LOGIN login ${Array.from({ length: 40 }, (_, index) => `name_${index}`).join(' ')}`);
    expect(told).toHaveLength(10);
    expect(new Set(told.map((word) => word.toLowerCase())).size).toBe(10);
  });
});

test('key steps are the error, what fixed it, what showed it and the commit, not what was looked at [LE-12]', () => {
  expect(learnt('Orders crash the cart', { kind: 'success' }, MENDED).summary?.keySteps).toEqual([1, 3, 4, 5]);
});
