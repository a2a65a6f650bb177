import { openSandbox, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { ATTACKS, type Attack, HONEST_PROGRAM, THREATS, underAttack } from '@episodica/test-utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// A run ends by its deadline + 150 ms on a quiet machine, which the soak proves; these bounds hold on one that is ten
// times slower, and still tell an ended run from one that goes on.
const OVERSHOOT_MS = 1_500;
const LAG_MS = 1_000;
/** What a process may take above the limit of one run: the promise is 20 MB, and other runs leave their traces too. */
const GROWTH_BYTES = 256 * 2 ** 20;

let sandbox: Sandbox;
let fresh: unknown;
beforeAll(async () => {
  sandbox = openSandbox();
  const honest = await sandbox.run({ code: HONEST_PROGRAM });
  fresh = honest.ok ? honest.result : undefined;
});
afterAll(() => sandbox.close());

async function expectPromised(attack: Attack): Promise<void> {
  const report = await underAttack(attack, { sandbox, fresh });
  expect(report.findings).toEqual([]);
  expect(report.overshootMs).toBeLessThan(OVERSHOOT_MS);
  expect(report.lagMs).toBeLessThan(LAG_MS);
  expect(report.growthBytes).toBeLessThan(GROWTH_BYTES);
}

for (const { id, about } of THREATS) {
  const attacks = ATTACKS.filter(({ threat }) => threat === id);
  if (attacks.length === 0) continue;
  describe(`${id}: ${about}`, () => {
    for (const attack of attacks) {
      test(`${attack.name}: ends as promised, in time, and the next run is clean [SB-03] [SB-08]`, () =>
        expectPromised(attack));
    }
  });
}
