// Stores that fail at random, before or behind what they do, under everything a memory can be asked for.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cachedStore, inMemoryCache, inMemoryStore, openMemory } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import {
  compare,
  type Entry,
  learningFindings,
  type Random,
  recording,
  searchFindings,
  seededRandom,
  type Task,
  withEntries,
  work,
} from '@episodica/soak';
import { faultyStore, STORE_VERBS, type StoreFault } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, newSeed, report } from './form.ts';

const CALLS = 60;
const LANES = 2;
/** Calls of a verb of the store that a fault may hit: more than a run makes. */
const STORE_CALLS = 600;
/** Repeats of a refused call: enough for some to be refused to the end, and most not. */
const REPEATS = 3;

test('every verb is all or nothing over a store that fails at random, and repeating it is safe [ST-04 ST-13]', () =>
  runsOver(async () => inMemoryStore()));

test('the same holds over a file [ST-04 ST-13]', () => {
  const folder = temporaryFolder();
  let files = 0;
  return runsOver(() => {
    files += 1;
    return openTursoStore({ url: pathToFileURL(join(folder, `${files}.db`)).href, durability: 'normal' });
  });
});

async function runsOver(open: () => Promise<MemoryStore>): Promise<void> {
  const seed = newSeed();
  const totals = { done: 0, refused: 0, doubts: 0 };
  for (let run = 0; wantsAnother(run, totals); run += 1) {
    const where = `seed ${seed}, run ${run}`;
    const random = seededRandom(seed + run);
    const store = await open();
    const entries = await workOverFaults(store, random);
    const tasks = withEntries(new Map<string, Task>(), entries);
    totals.done += entries.filter(({ is }) => is === 'done').length;
    totals.refused += entries.filter(({ is }) => is === 'failed').length;
    totals.doubts += [...tasks.values()].filter(({ doubt }) => doubt !== undefined).length;
    // Every refusal was the injected one: the store was never brought into a state that it refuses to go on from.
    expect(
      entries.filter((entry) => entry.is === 'wrong'),
      where,
    ).toEqual([]);
    const odd = entries.filter((entry) => entry.is === 'failed' && entry.code !== 'STORE_UNAVAILABLE');
    expect(odd, where).toEqual([]);

    const { findings, settled } = await compare(store, tasks);
    expect(findings, where).toEqual([]);
    const memory = openMemory({ store });
    await memory.learnPending();
    expect(await learningFindings(store), where).toEqual([]);
    expect(await searchFindings(memory, settled.values()), where).toEqual([]);
    await memory.close();
  }
  report(`faults: ${countOf('faultRuns')} runs, seed ${seed}: ${JSON.stringify(totals)}`);
  expect(totals.refused).toBeGreaterThan(countOf('faultRuns'));
  expect(totals.doubts).toBeGreaterThan(0);
}

/** As many as were asked for; and beyond them, up to ten times as many, until faults did all that they may do. */
function wantsAnother(
  run: number,
  { refused, doubts }: { readonly refused: number; readonly doubts: number },
): boolean {
  const runs = countOf('faultRuns');
  return run < runs || (run < 10 * runs && (refused <= runs || doubts === 0));
}

/** Lanes of work over `store` with faults in it, half of the time with a cache above them; answers their ledger. */
async function workOverFaults(store: MemoryStore, random: Random): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  const faulty = { ...faultyStore(store, randomFaults(random)), close: async () => {} };
  const memory = openMemory({ store: random.isLikely(0.5) ? cachedStore(faulty, inMemoryCache()) : faulty });
  const ledger = recording((entry) => void entries.push(entry));
  let left = CALLS;
  const isOver = (): boolean => {
    left -= 1;
    return left < 0;
  };
  const lanes = Array.from({ length: LANES }, (_, index) =>
    work({ memory, ledger, random, lane: `lane${index}`, isOver, repeats: REPEATS }),
  );
  await Promise.all(lanes);
  await memory.close();
  return entries;
}

/** One in seven calls fails; now and then several in a row do. */
function randomFaults(random: Random): readonly StoreFault[] {
  const faults: StoreFault[] = [];
  for (const verb of STORE_VERBS) {
    for (let call = 1; call <= STORE_CALLS; call += 1 + random.below(13)) {
      const when = random.pick(['before', 'during', 'after'] as const);
      const length = random.isLikely(0.1) ? REPEATS + 2 : 1;
      for (let next = 0; next < length; next += 1) faults.push({ verb, call: call + next, when });
    }
  }
  return faults;
}
