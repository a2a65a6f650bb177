// Machines with a replica and machines without work on one database, over a network that fails.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Agent, openPlace, type PlaceOptions } from '@episodica/soak';
import { startLibsqlServerProcess } from '@episodica/test-utils';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, isLong, newSeed, report } from './form.ts';
import { expectAllOf, FAULTS, journalOf, startedOn } from './remote-agents.ts';
import { enoughShown, showTo } from './shown.ts';

const DEADLINE_MS = 4_000;
const SYNC_INTERVAL_MS = 200;

for (const scheme of isLong() ? ['http', 'ws'] : ['http']) {
  test(`two processes with replicas and two without lose and double nothing over ${scheme}, and end with the same memory [ST-03 ST-04 ST-08]`, async () => {
    const seed = newSeed();
    const where = `seed ${seed}`;
    const folder = temporaryFolder();
    const path = join(folder, 'server.db');
    const server = await startLibsqlServerProcess({ path });
    onTestFinished(() => server.close());
    const url = server.url.replace('http', scheme);
    const bare: PlaceOptions = { url, deadlineMs: DEADLINE_MS };
    const replica: PlaceOptions = { syncUrl: url, syncIntervalMs: SYNC_INTERVAL_MS, deadlineMs: DEADLINE_MS };
    const start = (machine: string, store: PlaceOptions, index: number): Agent =>
      startedOn(join(folder, machine), { store, seed: seed + index, name: `p${index}` });
    const bares = [start('north', bare, 0), start('north', bare, 1)] as const;
    const replicas = [start('south', replica, 2), start('west', replica, 3)] as const;
    const agents = [...bares, ...replicas];
    await Promise.all(agents.map((agent) => agent.opened));
    // Opening is not repeated: what fails is the network under those at work.
    await server.setFaults({ ...FAULTS, seed });
    // What a replica does not know by now, it may learn with its next sync; all others see everything at once.
    const shown = showTo([
      [bares[0], bares[1]],
      [bares[1], bares[0]],
      [replicas[0], bares[0]],
      [replicas[1], bares[1]],
    ]);
    await sleep(countOf('replicasMs'));
    await enoughShown(shown, agents.length);
    const reports = await Promise.all(agents.map((agent) => agent.stop()));
    await server.setFaults();
    await Promise.all(agents.map((agent) => agent.leave()));
    expect(shown.findings, where).toEqual([]);
    report(`replicas over ${scheme}: calls ${reports.map(({ calls }) => calls).join(', ')}, ${where}`);

    await expectAllOf(agents, { url, where });
    const primary = await contentsOf(folder, bare);
    for (const machine of ['south', 'west']) {
      expect(await contentsOf(join(folder, machine), replica), `${where}, ${machine}`).toEqual(primary);
    }
  });
}

/** All that a memory holds, up to now. */
async function contentsOf(folder: string, options: PlaceOptions): Promise<object> {
  const { memory, store } = await openPlace(folder, options);
  await store.replica?.sync();
  const records = [];
  for await (const record of memory.exportEpisodes()) records.push(record);
  const journal = await journalOf(store);
  await memory.close();
  return { records, journal };
}
