// Processes on two machines work on one database over a network where one question in a hundred goes wrong.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
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
import { type FaultPlan, type LibsqlServerProcess, startLibsqlServerProcess, WIRE_FAULTS } from '@episodica/test-utils';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, isLong, newSeed, report } from './form.ts';
import { started } from './started.ts';

const MACHINES = ['north', 'south'];
const PROCESSES = 4;
const LANES = 2;
const FAULT_SHARE = 0.01;
/** As a caller waits that wants an answer soon. */
const DEADLINE_MS = 4_000;
/** Enough to sit out a server that is away. */
const PATIENCE = { repeats: 200, repeatPauseMs: 50, believes: true };
/** A token that is refused is nothing that passes. */
const KINDS = WIRE_FAULTS.filter((fault) => fault !== 'none' && fault !== '401');

for (const scheme of isLong() ? ['http', 'ws'] : ['http']) {
  test(`processes on two machines lose and double nothing over ${scheme} that fails, nor when the server is killed [ST-03 ST-04 ST-07 ST-08]`, async () => {
    const seed = newSeed();
    const where = `seed ${seed}`;
    const folder = temporaryFolder();
    const path = join(folder, 'server.db');
    const plan: FaultPlan = { share: FAULT_SHARE, kinds: KINDS, seed };
    const server = await startedServer({ path, plan });
    const store = { url: server.url.replace('http', scheme), deadlineMs: DEADLINE_MS };
    const agents = Array.from({ length: PROCESSES }, (_, index) => {
      const machine = join(folder, MACHINES[index % MACHINES.length]!);
      return startedOn(machine, { store, seed: seed + index, name: `p${index}` });
    });
    await Promise.all(agents.map((agent) => agent.opened));
    const shown = showToNeighbours(agents);
    await sleep(countOf('remoteMs') / 2);
    const questions = await server.roundTrips();
    await server.kill();
    await server.start();
    await sleep(countOf('remoteMs') / 2);
    const reports = await Promise.all(agents.map((agent) => agent.stop()));
    const calls = reports.reduce((sum, each) => sum + each.calls, 0);
    report(`over ${scheme}: ${calls} calls, ${questions + (await server.roundTrips())} questions, ${where}`);
    await server.setFaults();
    await Promise.all(agents.map((agent) => agent.leave()));
    await server.close();

    expect(shown.findings, where).toEqual([]);
    expect(shown.count).toBeGreaterThan(PROCESSES);
    await expectAllOf(agents, { url: pathToFileURL(path).href, where });
  });
}

async function startedServer(options: {
  readonly path: string;
  readonly plan?: FaultPlan;
}): Promise<LibsqlServerProcess> {
  const server = await startLibsqlServerProcess(options);
  onTestFinished(() => server.close());
  return server;
}

/** An agent whose cache, and whatever else is its own, lies in the folder of its machine. */
function startedOn(
  folder: string,
  { store, seed, name }: { readonly store: PlaceOptions; readonly seed: number; readonly name: string },
): Agent {
  mkdirSync(folder, { recursive: true });
  const ledger = join(folder, `${name}.ledger`);
  return started({ folder, ledger, seed, name, lanes: LANES, shows: true, store, patience: PATIENCE });
}

/** Hands what each process wrote to the next one, on another machine, which reads it with its very next calls. */
function showToNeighbours(agents: readonly Agent[]): { readonly findings: string[]; count: number } {
  const shown = { findings: [] as string[], count: 0 };
  agents.forEach((writer, index) => {
    const reader = agents[(index + 1) % agents.length];
    writer.onWrote(async ({ task }) => {
      shown.findings.push(...((await reader?.look({ says: 'look', task })) ?? []));
      shown.count += 1;
      writer.seen();
    });
  });
  return shown;
}

/** Compares what the agents were told with the database as it lies in its file. */
async function expectAllOf(
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

async function journalOf(store: Parameters<typeof compare>[0]): Promise<readonly JournalEntry[]> {
  const journal: JournalEntry[] = [];
  for (;;) {
    const { entries, seq } = await store.changes(journal.length);
    journal.push(...entries);
    if (journal.length >= seq) return journal;
  }
}
