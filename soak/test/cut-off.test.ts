// Two machines work on one database, each over a way of its own; one of them is cut off for a while.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Agent, type Entry, readLedger } from '@episodica/soak';
import { type LibsqlServer, startLibsqlServer } from '@episodica/test-utils';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, newSeed } from './form.ts';
import { expectAllOf, startedOn } from './remote-agents.ts';
import { showToNeighbours } from './shown.ts';

/** The one that is cut off is told so soon; the other one has all the time it needs, and must never be refused. */
const DEADLINES_MS = { north: 60_000, south: 2_000 } as const;

test('a machine that is cut off is refused, and goes on when it is back, as does meanwhile the one that is not [ST-03 ST-08]', async () => {
  const seed = newSeed();
  const folder = temporaryFolder();
  const path = join(folder, 'server.db');
  const agents: Agent[] = [];
  const servers: LibsqlServer[] = [];
  for (const machine of ['north', 'south'] as const) {
    const server = await startLibsqlServer({ path });
    onTestFinished(() => server.close());
    servers.push(server);
    const store = { url: server.url, deadlineMs: DEADLINES_MS[machine] };
    agents.push(startedOn(join(folder, machine), { store, seed: seed + agents.length, name: machine }));
  }
  await Promise.all(agents.map((agent) => agent.opened));
  const shown = showToNeighbours(agents);
  const ledgers = (): readonly (readonly Entry[])[] => agents.map(({ orders }) => readLedger(orders.ledger));
  const work = (): Promise<void> => sleep(countOf('cutOffMs') / 3);
  const [, way] = servers;
  await work();
  await way?.stop();
  await expect.poll(() => countIn(ledgers()[1], 'failed')).toBeGreaterThan(0);
  const [atFirst] = ledgers();
  await work();
  const [, south] = ledgers();
  await expect.poll(() => countIn(ledgers()[0], 'done')).toBeGreaterThan(countIn(atFirst, 'done'));
  await way?.start();
  await expect.poll(() => countIn(ledgers()[1], 'done')).toBeGreaterThan(countIn(south, 'done'));
  await work();
  await Promise.all(agents.map((agent) => agent.stop()));
  await Promise.all(agents.map((agent) => agent.leave()));
  for (const server of servers) await server.close();

  expect(countIn(ledgers()[0], 'failed')).toBe(0);
  expect(shown.findings, `seed ${seed}`).toEqual([]);
  await expectAllOf(agents, { url: pathToFileURL(path).href, where: `seed ${seed}` });
});

function countIn(entries: readonly Entry[] | undefined, what: Entry['is']): number {
  return (entries ?? []).filter(({ is }) => is === what).length;
}
