// Processes in the middle of their work are killed as nothing can prevent, again and again, on one store.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Agent,
  compare,
  type Entry,
  journalFindings,
  learningFindings,
  type OpenTask,
  openPlace,
  readLedger,
  searchFindings,
  seededRandom,
  type Task,
  vectorFindings,
  withEntries,
} from '@episodica/soak';
import { expect, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, newSeed, report } from './form.ts';
import { started } from './started.ts';

const PROCESSES = 2;
const LANES = 4;
/** By then a process has opened the store and made some dozens of calls. */
const MAX_LIFE_MS = 400;

test('kill -9 at random points loses no acknowledged write, leaves nothing half done, and others go on [ST-04 ST-05 EP-04 CA-03 EM-03]', async () => {
  const seed = newSeed();
  const random = seededRandom(seed);
  const folder = temporaryFolder();
  const totals = { done: 0, doubts: 0, continued: 0 };
  let tasks: ReadonlyMap<string, Task> = new Map();
  let seq = 0;
  for (let round = 1; wantsAnother(round, totals); round += 1) {
    const where = `seed ${seed}, round ${round}`;
    const inherited = openTasks(tasks);
    const agents = Array.from({ length: PROCESSES }, (_, index) => {
      const name = `r${round}p${index}`;
      const mine = inherited.filter((_task, place) => place % PROCESSES === index);
      const ledger = join(folder, `${name}.ledger`);
      return started({ folder, ledger, seed: seed + round * PROCESSES + index, name, lanes: LANES, inherited: mine });
    });
    await Promise.all(agents.map((agent) => killed(agent, random.below(10) === 0, random.next() * MAX_LIFE_MS)));
    const entries = agents.map(({ orders }) => (existsSync(orders.ledger) ? readLedger(orders.ledger) : []));
    const before = tasks;
    tasks = entries.reduce(withEntries, tasks);
    expect(entries.flat().filter(isComplaint), where).toEqual([]);
    totals.done += entries.flat().filter(({ is }) => is === 'done').length;
    totals.doubts += [...tasks.values()].filter(({ doubt }) => doubt !== undefined).length;
    totals.continued += inherited.filter(({ name }) => tasks.get(name)?.state !== before.get(name)?.state).length;

    const { memory, store } = await openPlace(folder);
    const { findings, settled } = await compare(store, tasks);
    expect(findings, where).toEqual([]);
    const touched = [...settled.values()].filter(({ name }) => tasks.get(name) !== before.get(name));
    expect(await searchFindings(memory, touched), where).toEqual([]);
    await memory.catchUp();
    expect(await vectorFindings(store), where).toEqual([]);
    expect(await learningFindings(store), where).toEqual([]);
    expect(await store.verify(), where).toEqual({ ok: true, findings: [] });
    seq = await followed(store, seq, where);
    await memory.close();
    tasks = settled;
  }
  report(`kill -9: ${countOf('kills')} rounds, seed ${seed}: ${JSON.stringify(totals)}`);
  expect(totals.done).toBeGreaterThan(countOf('kills'));
  expect(totals.continued).toBeGreaterThan(0);
});

/** As many as were asked for; and beyond them, up to ten times as many, until there was something to lose and to go on with. */
function wantsAnother(
  round: number,
  { done, continued }: { readonly done: number; readonly continued: number },
): boolean {
  const kills = countOf('kills');
  return round <= kills || (round <= 10 * kills && (done <= kills || continued === 0));
}

/** Some are killed while they start, most in the middle of their work: once they have done something, however slow they are. */
async function killed(agent: Agent, isEarly: boolean, lifeMs: number): Promise<void> {
  if (!isEarly) {
    await agent.opened;
    const { ledger } = agent.orders;
    while (!existsSync(ledger) || !readLedger(ledger).some(({ is }) => is === 'done')) await sleep(5);
  }
  await sleep(lifeMs);
  await agent.kill();
}

function isComplaint(entry: Entry): boolean {
  return entry.is === 'failed' || entry.is === 'wrong';
}

function openTasks(tasks: ReadonlyMap<string, Task>): readonly OpenTask[] {
  return [...tasks.values()].flatMap(({ name, episodeId, state }) =>
    state.is === 'open' && episodeId !== undefined ? [{ name, episodeId }] : [],
  );
}

/** Reads the journal on from `since`; answers where it ends. */
async function followed(store: Parameters<typeof compare>[0], since: number, where: string): Promise<number> {
  for (let seq = since; ; ) {
    const { entries, seq: newest } = await store.changes(seq);
    expect(journalFindings(entries, seq), where).toEqual([]);
    seq = entries.at(-1)?.seq ?? seq;
    if (seq === newest) return seq;
  }
}
