// What becomes of a known pattern when its scope is mined anew.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_MOMENTS, merged } from '../src/learn/merge.ts';
import type { PatternContent } from '../src/learn/scope-learning.ts';
import type { Pattern, Standing } from '../src/pattern.ts';

const DAY_MS = 86_400_000;
const at = (day: number): string => new Date(Date.parse('2026-01-01T00:00:00Z') + day * DAY_MS).toISOString();

function mined(change: Partial<Extract<PatternContent, { kind: 'tool_sequence' }>> = {}): PatternContent {
  return {
    kind: 'tool_sequence',
    id: '00000000-0000-8000-8000-000000000001',
    scope: { project: 'p' },
    tools: ['build', 'push'],
    isContiguous: true,
    support: 10,
    successes: 8,
    tasks: 5,
    standing: 'candidate',
    pValue: 0.2,
    firstSeen: at(0),
    lastSeen: at(1),
    ...change,
  };
}

function stored(known: Pattern | undefined, now: PatternContent | undefined, day: number): Pattern {
  const result = merged({ known, mined: now, at: at(day) });
  if (result.kind !== 'stored') throw new Error(`nothing is stored: ${result.kind}`);
  return result.value;
}

describe('merging', () => {
  test('a pattern that is new begins its history, with the feedback that came ahead of it [LE-09]', () => {
    const applied = { applied: 3, appliedSuccesses: 2 };
    const result = merged({ known: undefined, mined: mined(), at: at(1), applied });
    expect(result).toEqual({
      kind: 'stored',
      value: {
        ...mined(),
        ...applied,
        version: 0,
        history: [{ at: at(1), standing: 'candidate', support: 10, successes: 8, pValue: 0.2 }],
      },
    });
  });

  test('one that is mined again as it was is not stored again [LE-09]', () => {
    const known = stored(undefined, mined(), 1);
    expect(merged({ known, mined: mined(), at: at(2) })).toEqual({ kind: 'stays' });
  });

  test('evidence that is gained or lost is counted under the same id, and feedback is kept [LE-09]', () => {
    const known = { ...stored(undefined, mined(), 1), version: 4, applied: 2, appliedSuccesses: 1 };
    const grown = stored(known, mined({ support: 11, successes: 9 }), 2);
    expect(grown).toMatchObject({
      id: known.id,
      version: 4,
      support: 11,
      successes: 9,
      applied: 2,
      appliedSuccesses: 1,
    });
    expect(stored(grown, mined({ support: 9, successes: 7 }), 3)).toMatchObject({ support: 9, successes: 7 });
  });

  test.each([
    ['support by a fifth', { support: 12, successes: 10 }],
    ['the success rate by a tenth', { support: 10, successes: 7 }],
    ['the standing', { standing: 'confirmed' as Standing }],
  ])('a moment is remembered when %s changed [LE-09]', (_what, change) => {
    const known = stored(undefined, mined(), 1);
    const now = stored(known, mined(change), 2);
    expect(now.history).toHaveLength(2);
    expect(now.history[1]).toMatchObject({ at: at(2), support: now.support, standing: now.standing });
  });

  test('small changes are measured from the last moment, so that many of them are remembered too [LE-09]', () => {
    let known = stored(undefined, mined({ support: 20, successes: 16 }), 0);
    for (let more = 1; more <= 4; more += 1) {
      known = stored(known, mined({ support: 20 + more, successes: 16 + more }), more);
    }
    expect(known.history.map(({ support }) => support)).toEqual([20, 24]);
  });

  test('of a p-value alone only what doubled or halved is worth a write [LE-09]', () => {
    const known = stored(undefined, mined(), 1);
    expect(merged({ known, mined: mined({ pValue: 0.35 }), at: at(2) }).kind).toBe('stays');
    expect(stored(known, mined({ pValue: 0.45 }), 2)).toMatchObject({ pValue: 0.45, history: [{ at: at(1) }] });
    expect(stored(known, mined({ pValue: 0.09 }), 2).pValue).toBe(0.09);
  });

  test('one that is mined no more fades as it is, and comes back under the same id [LE-09]', () => {
    const known = { ...stored(undefined, mined({ standing: 'confirmed' }), 1), applied: 2 };
    const faded = stored(known, undefined, 5);
    expect(faded).toMatchObject({ standing: 'faded', support: 10, successes: 8, applied: 2 });
    expect(faded.history.map(({ standing }) => standing)).toEqual(['confirmed', 'faded']);
    const back = stored(faded, mined(), 6);
    expect(back).toMatchObject({ standing: 'candidate', applied: 2, id: known.id });
    expect(back.history.map(({ standing }) => standing)).toEqual(['confirmed', 'faded', 'candidate']);
  });

  test('what faded goes after ninety days, and at once what was never shown or may not fade [LE-09]', () => {
    const faded = stored(stored(undefined, mined(), 1), undefined, 5);
    expect(merged({ known: faded, mined: undefined, at: at(94) }).kind).toBe('stays');
    expect(merged({ known: faded, mined: undefined, at: at(95) }).kind).toBe('gone');
    const known = stored(undefined, mined(), 1);
    expect(merged({ known, mined: undefined, at: at(2), mayFade: false }).kind).toBe('gone');
    const rare = stored(undefined, mined({ support: 2, successes: 1 }), 1);
    expect(merged({ known: rare, mined: undefined, at: at(2) }).kind).toBe('gone');
  });

  test('whatever happens, the first moment and the last ones are remembered, and merging twice is merging once [LE-09]', () => {
    const step = fc.record({
      support: fc.integer({ min: 3, max: 60 }),
      rate: fc.constantFrom(0, 0.5, 1),
      isMined: fc.boolean(),
      standing: fc.constantFrom<Standing>('confirmed', 'candidate'),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 80 }), (steps) => {
        let known: Pattern = stored(undefined, mined(), 0);
        let moments = known.history;
        for (const [index, { support, rate, isMined, standing }] of steps.entries()) {
          const content = isMined ? mined({ support, successes: Math.round(support * rate), standing }) : undefined;
          const result = merged({ known, mined: content, at: at(index / 100) });
          if (result.kind === 'stored') {
            known = result.value;
            if (known.history.at(-1) !== moments.at(-1)) moments = [...moments, known.history.at(-1)!];
          }
          expect(merged({ known, mined: content, at: at(index / 100 + 1) })).toEqual({ kind: 'stays' });
          expect(known.history.length).toBeLessThanOrEqual(MAX_MOMENTS);
        }
        const expected = moments.length <= MAX_MOMENTS ? moments : [moments[0], ...moments.slice(1 - MAX_MOMENTS)];
        expect(known.history).toEqual(expected);
      }),
    );
  });
});
