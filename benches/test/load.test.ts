import { expect, test } from 'vitest';
import { type Outcome, runLoad } from '../src/load.ts';

test('a load counts what succeeded, was turned down and failed, and charges a wait from the moment a call was due [MC-08]', async () => {
  const outcomes: readonly Outcome[] = [
    { kind: 'ok', content: {} },
    { kind: 'busy' },
    { kind: 'failed', reason: 'no such thing' },
  ];
  let calls = 0;
  const heldMs = 60;
  const answer = async (): Promise<Outcome> => {
    calls += 1;
    // Calls that come due while this stands still are late by it, although each of them is answered at once.
    if (calls === 6) for (const untilMs = performance.now() + heldMs; performance.now() < untilMs; );
    return outcomes[calls % outcomes.length] ?? { kind: 'busy' };
  };
  const plan = { ratePerS: 500, durationMs: 300, warmUpMs: 0, calls: { tool: 'nothing' } } as const;
  const { count, ok, busy, failed, reasons, byKind } = await runLoad([() => answer()], plan);
  expect(count).toBeGreaterThan(30);
  expect(ok + busy + failed).toBe(count);
  expect(Math.max(ok, busy, failed) - Math.min(ok, busy, failed)).toBeLessThanOrEqual(2);
  expect(reasons).toEqual(['no such thing']);
  expect(byKind.look?.p99Ms).toBeGreaterThan(heldMs / 2);
});
