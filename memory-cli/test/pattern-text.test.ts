// Patterns in words, where the place that other tests look at holds none of the kind.
import type { Pattern, PatternHit } from '@episodica/memory-core';
import { aPattern } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { patternTable, patternText, tableNotes } from '../src/commands/pattern-text.ts';

function hitOf(pattern: Pattern): PatternHit {
  const figures = { successRate: 0.75, baseRate: 0.5, lift: 1.5, interval: [0.8, 1.8], otherRate: 0.25 } as const;
  return { pattern, figures, statement: 'x', evidence: [], against: [], score: 1, why: {} };
}

const { tools: _, kind: __, ...known } = aPattern({ support: 4, successes: 3, tasks: 4 });
const recovery: Pattern = {
  ...known,
  ...{ kind: 'error_recovery', signature: 's', error: 'no x', fix: 'edit', example: 'edit: x' },
};

test('what made an error good is told as that, and not as the success of whoever met it [CL-01] [LE-06]', () => {
  const told = patternText(hitOf(recovery), {
    inFavour: { shown: [{ id: 'one', episode: undefined }], more: 0 },
    against: { shown: [], more: 1 },
  });
  expect(told).toMatch(/^For it: did this and it was made good \(3\)$/mu);
  expect(told).toMatch(/^… 2 older ones, of which only the count is kept$/mu);
  expect(told).toMatch(/^Against it: did this and it was not made good \(1\)$/mu);
  expect(told).toMatch(/^… 1 more; --evidence 1 shows them$/mu);
  expect(told).toMatch(/^lift +1\.50 times that of all \(95 %: 0\.80–1\.80\)$/mu);
  expect(tableNotes([hitOf(recovery)]).join(' ')).toContain('SUCCESS is that the error was made good');
  expect(tableNotes([hitOf(aPattern())]).join(' ')).not.toContain('made good');
});

test('a table says where too few tasks were held out, and what lift is of [CL-01] [LE-06]', () => {
  expect(patternTable([hitOf(recovery)])).toMatch(/ too few$/mu);
  expect(tableNotes([hitOf(recovery)]).join(' ')).toMatch(/LIFT is SUCCESS over that of all in the same situation/u);
});
