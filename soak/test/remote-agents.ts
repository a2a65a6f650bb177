// Agents on several machines, each with a data directory of its own, that work on one database behind a network; and
// what they were told beside what lies in that database.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { JournalEntry } from '@episodica/memory-core/ports';
import {
  type Agent,
  believed,
  compare,
  countFindings,
  type Entry,
  journalFindings,
  learningFindings,
  openPlace,
  type PlaceOptions,
  readLedger,
  searchFindings,
  type Task,
  withEntries,
} from '@episodica/soak';
import { WIRE_FAULTS } from '@episodica/test-utils';
import { expect } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, report } from './form.ts';
import { started } from './started.ts';

const LANES = 2;
/** Enough to sit out a server that is away. */
const PATIENCE = { repeats: 200, repeatPauseMs: 50, believes: true };

/** A token that is refused is nothing that passes. */
export const FAULTS = {
  share: countOf('faultPercent') / 100,
  kinds: WIRE_FAULTS.filter((fault) => fault !== 'none' && fault !== '401'),
};

/** An agent whose cache, and whatever else is its own, lies in the folder of its machine. */
export function startedOn(
  folder: string,
  { store, seed, name }: { readonly store: PlaceOptions; readonly seed: number; readonly name: string },
): Agent {
  mkdirSync(folder, { recursive: true });
  const ledger = join(folder, `${name}.ledger`);
  return started({ folder, ledger, seed, name, lanes: LANES, shows: true, store, patience: PATIENCE });
}

/** Compares what the agents were told with the database as it lies in its file. */
export async function expectAllOf(
  agents: readonly Agent[],
  { url, where }: { readonly url: string; readonly where: string },
): Promise<void> {
  const ledgers = agents.map((agent) => readLedger(agent.orders.ledger));
  expect(ledgers.flat().filter(isComplaint), where).toEqual([]);
  const told = ledgers.map(believed);
  const tasks = told.reduce(withEntries, new Map<string, Task>());
  const { memory, store } = await openPlace(temporaryFolder(), { url });
  await memory.learnPending();
  expect((await compare(store, tasks)).findings, where).toEqual([]);
  const sure = [...tasks.values()].filter(({ doubt }) => doubt === undefined);
  expect(await searchFindings(memory, sure), where).toEqual([]);
  expect(await learningFindings(store), where).toEqual([]);
  const journal = await journalOf(store);
  expect(journalFindings(journal, 0), where).toEqual([]);
  expect(countFindings(told, journal), where).toEqual([]);
  expect(await store.verify(), where).toEqual({ ok: true, findings: [] });
  await memory.close();
  const refused = ledgers.flat().filter(({ is }) => is === 'failed').length;
  report(
    `  ${sure.length} tasks, ${tasks.size - sure.length} in doubt, ${refused} refusals, ${journal.length} changes`,
  );
  expect(sure.length).toBeGreaterThan(agents.length);
}

/** A wrong answer, and a refusal for another reason than the network. */
function isComplaint(entry: Entry): boolean {
  return entry.is === 'wrong' || (entry.is === 'failed' && entry.code !== 'STORE_UNAVAILABLE');
}

/** All of it. */
export async function journalOf(store: Parameters<typeof compare>[0]): Promise<readonly JournalEntry[]> {
  const journal: JournalEntry[] = [];
  for (;;) {
    const { entries, seq } = await store.changes(journal.length);
    journal.push(...entries);
    if (journal.length >= seq) return journal;
  }
}
