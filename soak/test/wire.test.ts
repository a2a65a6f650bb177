// A database behind a network that fails at random, under everything a memory can be asked for: each call of the store
// is done once, or not at all, is over in time, and says which.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cachedStore, inMemoryCache, isMemoryError, openMemory } from '@episodica/memory-core';
import type { MemoryStore, Write } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import {
  believed,
  compare,
  countFindings,
  type Entry,
  journalFindings,
  learningFindings,
  type Random,
  recording,
  seededRandom,
  type Task,
  withEntries,
  work,
} from '@episodica/soak';
import { aPattern, type LibsqlServer, plannedFaults, startLibsqlServer, type WireFault } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, newSeed, report } from './form.ts';

const CALLS = 20;
const LANES = 2;
const DEADLINE_MS = 1_500;
/** A machine that does other things as well answers its timers late. */
const LATE_MS = 750;
/** Runs at the same time: they mostly wait. */
const AT_ONCE = 8;
/** What takes long comes less often. */
const KINDS: readonly WireFault[] = [
  ...Array(6).fill(['refuse', 'reset', 'truncate', 'lost', '429', '500', '503']).flat(),
  ...['hang', 'late', 'drip'],
];

for (const scheme of ['http', 'ws']) {
  test(`every verb is all or nothing, done once and in time over ${scheme} that fails at random, and tells what it knows [ST-03 ST-04 ST-07]`, async () => {
    const folder = temporaryFolder();
    const empty = join(folder, 'empty.db');
    await (await openTursoStore({ url: pathToFileURL(empty).href, durability: 'normal', threads: false })).close();
    // What speaks to hosts is loaded with the first opening; those that follow have a deadline.
    const first = await startLibsqlServer({ path: join(folder, 'first.db') });
    await (await openTursoStore({ url: first.url.replace('http', scheme) })).close();
    await first.close();
    const seed = newSeed();
    const totals = { calls: 0, refused: 0, doubts: 0, faults: 0, slowestMs: 0 };
    let next = 0;

    async function lane(): Promise<void> {
      for (let run = next++; run < countOf('wireRuns') / 2; run = next++) {
        const path = join(folder, `${run}.db`);
        copyFileSync(empty, path);
        const server = await startLibsqlServer({ path });
        await checkedRun(server, { seed: seed + run, url: server.url.replace('http', scheme), totals });
        await server.close();
      }
    }

    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    report(`wire: ${countOf('wireRuns') / 2} runs over ${scheme}, seed ${seed}: ${JSON.stringify(totals)}`);
    expect(totals.faults).toBeGreaterThan(countOf('wireRuns') / 2);
  });
}

interface Totals {
  calls: number;
  refused: number;
  doubts: number;
  faults: number;
  slowestMs: number;
}

interface Run {
  readonly seed: number;
  readonly url: string;
  readonly totals: Totals;
}

async function checkedRun(server: LibsqlServer, { seed, url, totals }: Run): Promise<void> {
  const where = `seed ${seed}`;
  const random = seededRandom(seed);
  const tried = await openTursoStore({ url, deadlineMs: DEADLINE_MS });
  const planned = plannedFaults({ share: random.pick([0.05, 0.2, 0.6]), kinds: KINDS, seed });
  server.faults = (question) => {
    const fault = planned(question);
    if (fault !== 'none') totals.faults += 1;
    return fault;
  };
  const watched = watchedStore(tried);
  const entries = await workOver(watched.store, random);
  // What goes wrong now and then may all be overcome; this is not, and must be told.
  server.faults = () => '503';
  await expect(watched.store.write([{ op: 'put', kind: 'pattern', value: aPattern() }]), where).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
  });
  server.faults = () => 'none';
  await tried.close();
  // Another connection: that one may still be told to leave the host alone.
  const store = await openTursoStore({ url });

  expect(watched.lateCalls, where).toEqual([]);
  expect(await watched.findings(store), where).toEqual([]);
  expect(
    entries.filter((entry) => entry.is === 'wrong'),
    where,
  ).toEqual([]);
  expect(
    entries.filter((entry) => entry.is === 'failed' && entry.code !== 'STORE_UNAVAILABLE'),
    where,
  ).toEqual([]);
  const memory = openMemory({ store });
  await memory.learnPending();
  const told = believed(entries);
  expect((await compare(store, withEntries(new Map<string, Task>(), told))).findings, where).toEqual([]);
  expect(await learningFindings(store), where).toEqual([]);
  const { entries: journal } = await store.changes(0, { limit: 100_000 });
  expect(journalFindings(journal, 0), where).toEqual([]);
  const byActor = journal.map((entry) => ({ ...entry, actor: entry.actor.replace(/ \d+$/u, '') }));
  expect(countFindings([told], byActor), where).toEqual([]);
  expect(await store.verify(), where).toEqual({ ok: true, findings: [] });
  await memory.close();
  totals.calls += watched.callCount();
  totals.refused += entries.filter(({ is }) => is === 'failed').length;
  totals.doubts += watched.doubts();
  totals.slowestMs = Math.max(totals.slowestMs, watched.slowestMs());
}

/** Lanes of work, half of the time with a cache above the store; answers their ledger. */
async function workOver(store: MemoryStore, random: Random): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const kept = { ...store, close: async () => {} };
  const memory = openMemory({ store: random.isLikely(0.5) ? cachedStore(kept, inMemoryCache()) : kept });
  const ledger = recording((entry) => void entries.push(entry));
  let left = CALLS;
  const isOver = (): boolean => {
    left -= 1;
    return left < 0;
  };
  const lanes = Array.from({ length: LANES }, (_, index) =>
    work({ memory, ledger, random, lane: `lane${index}`, isOver, repeats: 3, believes: true }),
  );
  await Promise.all(lanes);
  await memory.close();
  return entries;
}

type Ending = 'done' | 'refused' | 'in doubt';

/** `store`, each write under a name of its own in the journal, so that what it was told can be held against what is there. */
function watchedStore(store: MemoryStore): {
  readonly store: MemoryStore;
  readonly lateCalls: readonly string[];
  callCount(): number;
  doubts(): number;
  slowestMs(): number;
  /** What `there` does not hold as it was told. */
  findings(there: MemoryStore): Promise<readonly string[]>;
} {
  const { text } = store;
  const writes = new Map<string, { readonly entries: readonly string[]; ending: Ending; seq: number }>();
  const lateCalls: string[] = [];
  let calls = 0;
  let slowestMs = 0;

  async function inTime<T>(verb: string, asked: Promise<T>): Promise<T> {
    const startedMs = performance.now();
    calls += 1;
    let isLate = false;
    // Timers fire in the order in which they are due, also on a machine that is held up: the deadline is due first.
    const timer = setTimeout(() => {
      isLate = true;
    }, DEADLINE_MS + LATE_MS);
    try {
      return await asked;
    } finally {
      clearTimeout(timer);
      const tookMs = performance.now() - startedMs;
      slowestMs = Math.max(slowestMs, tookMs);
      if (isLate) lateCalls.push(`${verb} took ${tookMs} ms`);
    }
  }

  async function write(batch: readonly Write[], options: Parameters<MemoryStore['write']>[1]) {
    const name = `${options?.actor ?? 'library'} ${writes.size}`;
    const told = { entries: entriesOf(batch), ending: 'in doubt' as Ending, seq: 0 };
    writes.set(name, told);
    try {
      const receipt = await inTime('write', store.write(batch, { ...options, actor: name }));
      Object.assign(told, { ending: 'done', seq: receipt.seq });
      return receipt;
    } catch (error) {
      const isInDoubt = isMemoryError(error) && error.code === 'STORE_UNAVAILABLE' && !error.retryable;
      if (!isInDoubt) told.ending = 'refused';
      throw error;
    }
  }

  return {
    store: {
      ...store,
      getMany: (kind, ids, options) => inTime('getMany', store.getMany(kind, ids, options)),
      changes: (since, options) => inTime('changes', store.changes(since, options)),
      write,
      ...(text && {
        text: {
          match: (query, options) => inTime('match', text.match(query, options)),
          terms: (kind, ids, options) => inTime('terms', text.terms(kind, ids, options)),
        },
      }),
    },
    lateCalls,
    callCount: () => calls,
    doubts: () => [...writes.values()].filter(({ ending }) => ending === 'in doubt').length,
    slowestMs: () => slowestMs,
    async findings(there) {
      const { entries } = await there.changes(0, { limit: 100_000 });
      return [...writes].flatMap(([name, { entries: expected, ending, seq }]) => {
        const found = entries.filter(({ actor }) => actor === name);
        const isThere =
          JSON.stringify(found.map(({ kind, id, op }) => `${op} ${kind} ${id}`)) === JSON.stringify(expected);
        const isRight = {
          done: isThere && (found.at(-1)?.seq ?? seq) === seq,
          refused: found.length === 0,
          'in doubt': found.length === 0 || isThere,
        }[ending];
        return isRight ? [] : [`${name} is told to be ${ending}, and there are ${found.length} of ${expected.length}`];
      });
    },
  };
}

function entriesOf(batch: readonly Write[]): readonly string[] {
  return batch.flatMap((write) => {
    if (write.op === 'require') return [];
    return [`${write.op} ${write.kind} ${write.op === 'put' ? write.value.id : write.id}`];
  });
}
