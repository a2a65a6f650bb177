// Eight processes read and write one file side by side, and one more follows the journal.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEntry } from '@episodica/memory-core/ports';
import {
  type AgentReport,
  compare,
  countFindings,
  type Entry,
  journalFindings,
  learningFindings,
  openPlace,
  type Place,
  readLedger,
  searchFindings,
  type Task,
  withEntries,
} from '@episodica/soak';
import { expect, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, newSeed, report } from './form.ts';
import { enoughShown, showToNeighbours } from './shown.ts';
import { started } from './started.ts';

const PROCESSES = 8;
/** Between two looks at the journal, as far as this process gets to it. */
const FOLLOW_MS = 5;

test('eight processes that write as agents work lose nothing, are never told to wait, and see each other with the next call [ST-06 ST-08 CA-06]', () =>
  sideBySide('a call every 10 ms', { lanes: 1, pauseMs: 10 }));

test('eight processes that write as fast as they can lose nothing either [ST-06 ST-08 CA-06]', () =>
  sideBySide('as fast as they can', { lanes: 4, pauseMs: 0 }));

async function sideBySide(load: string, pace: { readonly lanes: number; readonly pauseMs: number }): Promise<void> {
  const seed = newSeed();
  const where = `seed ${seed}`;
  const folder = temporaryFolder();
  const { memory, store } = await openPlace(folder);
  const agents = Array.from({ length: PROCESSES }, (_, index) => {
    const name = `p${index}`;
    return started({ ...pace, folder, seed: seed + index, name, ledger: join(folder, `${name}.ledger`), shows: true });
  });
  // It has nothing to do: its delay is what the machine itself adds.
  const idle = started({ folder, seed, name: 'idle', ledger: join(folder, 'idle.ledger'), lanes: 0 });
  await Promise.all([...agents, idle].map((agent) => agent.opened));
  const shown = showToNeighbours(agents);
  const following = follow(store);
  await sleep(countOf('neighboursMs'));
  await enoughShown(shown, PROCESSES);
  const reports = await Promise.all(agents.map((agent) => agent.stop()));
  const quiet = await idle.stop();
  await Promise.all([...agents, idle].map((agent) => agent.leave()));

  await memory.learnPending();
  const journal = await following.end();
  const ledgers = agents.map((agent) => readLedger(agent.orders.ledger));
  const tasks = ledgers.reduce(withEntries, new Map<string, Task>());
  report(figures(load, reports, quiet));
  expect(ledgers.flat().filter(isComplaint), where).toEqual([]);
  expect(shown.findings, where).toEqual([]);
  expect([...tasks.values()].filter(({ doubt }) => doubt !== undefined)).toEqual([]);
  expect((await compare(store, tasks)).findings, where).toEqual([]);
  expect(await searchFindings(memory, tasks.values()), where).toEqual([]);
  expect(await learningFindings(store), where).toEqual([]);
  expect(journalFindings(journal, 0), where).toEqual([]);
  expect(countFindings(ledgers, journal), where).toEqual([]);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  await memory.close();
}

/** Follows the journal while it grows. */
function follow(store: Place['store']): { end(): Promise<readonly JournalEntry[]> } {
  const journal: JournalEntry[] = [];
  let isOver = false;
  const readOn = async (): Promise<boolean> => {
    const { entries, seq } = await store.changes(journal.length);
    journal.push(...entries);
    return journal.length < seq;
  };
  const following = (async () => {
    while (!isOver) if (!(await readOn())) await sleep(FOLLOW_MS);
  })();
  return {
    async end() {
      isOver = true;
      await following;
      while (await readOn());
      return journal;
    },
  };
}

function isComplaint(entry: Entry): boolean {
  return entry.is === 'failed' || entry.is === 'wrong';
}

function figures(load: string, reports: readonly AgentReport[], quiet: AgentReport): string {
  const most = (read: (report: AgentReport) => number): string => Math.max(...reports.map(read)).toFixed(1);
  const rate = reports.reduce((sum, { calls, tookMs }) => sum + calls / (tookMs / 1_000), 0);
  return [
    `8 processes, ${load}: ${rate.toFixed(0)} calls/s together`,
    `event loop late, worst of the processes: p50 ${most((r) => r.late.p50)} ms, p99 ${most((r) => r.late.p99)} ms, max ${most((r) => r.late.max)} ms`,
    `an idle process beside them: p50 ${quiet.late.p50.toFixed(1)} ms, p99 ${quiet.late.p99.toFixed(1)} ms, max ${quiet.late.max.toFixed(1)} ms`,
    `RSS at most ${most((r) => r.maxRssMb)} MB`,
  ].join('\n  ');
}
