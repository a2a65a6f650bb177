// What durable writing and reading by id cost through the library, beside the driver alone on the same disk.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cachedStore, inMemoryCache, type Memory, openMemory } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { type Client, createClient } from '@libsql/client';
import { generatedEpisode, generatedStep, seededRandom } from './corpus.ts';
import { throughput, timeAlternating } from './measure.ts';
import { openScratchStore, type ScratchStore } from './scratch-store.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const storage: Suite = {
  name: 'storage',
  about:
    'Durable steps (WAL, synchronous=FULL) of about 300 bytes, and reads by id; the driver writes to the same disk.',
  run,
};

const CALLS = 300;
/** Steps written by all writers of a row together. */
const STEPS_TOGETHER = 4_096;
/** Steps of one episode before the next one begins. */
const STEPS_PER_EPISODE = 50;
const READ_EPISODES = 1_000;
/** As many as a search fetches. */
const READ_AT_ONCE = 50;

async function run(): Promise<SuiteReport> {
  const scratch = await openScratchStore();
  const driver = await openDriver(scratch);
  const memory = openMemory({ store: scratch.store });
  try {
    const rows = [
      await oneWriter(memory, driver),
      await manyWriters(memory, driver, 1),
      await manyWriters(memory, driver, 16),
      await manyWriters(memory, driver, 256),
      ...(await reads(memory, scratch)),
    ];
    return {
      rows,
      notes: ['Driver: @libsql/client, one prepared text, one row of the same size in a table with a key.'],
    };
  } finally {
    driver.close();
    await memory.close();
    scratch.remove();
  }
}

async function oneWriter(memory: Memory, driver: Client): Promise<Row> {
  const random = seededRandom(1);
  const steps = stepWriter(memory);
  const { first, second } = await timeAlternating(
    { warmup: 30, calls: CALLS },
    () => steps.add(random),
    (index) => insertRow(driver, `one-${index}`, JSON.stringify(generatedStep(random))),
  );
  return {
    what: 'durable add_step, one writer',
    unit: 'ms',
    value: first.medianMs,
    p99: first.p99Ms,
    baseline: { name: 'bare insert', value: second.medianMs },
    target: { bound: 'at most', of: 'ratio', limit: 1.5 },
  };
}

async function manyWriters(memory: Memory, driver: Client, writers: number): Promise<Row> {
  const random = seededRandom(2);
  const rounds = Math.ceil(STEPS_TOGETHER / writers);
  const lanes = Array.from({ length: writers }, () => stepWriter(memory));
  // Their episodes are begun before the clock runs.
  await Promise.all(lanes.map((lane) => lane.begin(random)));
  const value = await throughput({ writers, callsEach: rounds }, async (writer) => lanes[writer]?.add(random));
  // The driver's best at the same concurrency: as many rows as there are writers in one durable statement.
  const batches = await throughput({ writers: 1, callsEach: rounds }, (_, index) => {
    const rows = Array.from({ length: writers }, (__, row) => ({
      id: `many-${writers}-${index}-${row}`,
      body: JSON.stringify(generatedStep(random)),
    }));
    return insertRows(driver, rows);
  });
  return {
    what: `durable add_step, ${writers} at once`,
    unit: '/s',
    value,
    baseline: { name: `rows, ${writers} a statement`, value: batches * writers },
    ...(writers === 16 ? { target: { bound: 'at least', of: 'value', limit: 15_000 } } : {}),
  };
}

async function reads(memory: Memory, scratch: ScratchStore): Promise<readonly Row[]> {
  const random = seededRandom(3);
  const inputs = Array.from({ length: READ_EPISODES }, () => generatedEpisode(random));
  const ids = (await memory.createEpisodes(inputs)).map(({ id }) => id);
  const lmdb = await openLmdbCache({ path: join(scratch.folder, 'cache') });
  const caches = [
    { name: 'LMDB', store: cachedStore(scratch.store, lmdb) },
    { name: 'RAM', store: cachedStore(scratch.store, inMemoryCache()) },
  ];
  const rows: Row[] = [];
  for (const { name, store } of caches) {
    await store.getMany('episode', ids);
    rows.push(await readRow({ name, store, bare: scratch.store, ids, atOnce: 1 }));
    rows.push(await readRow({ name, store, bare: scratch.store, ids, atOnce: READ_AT_ONCE }));
  }
  await lmdb.close();
  return rows;
}

async function readRow(read: {
  readonly name: string;
  readonly store: MemoryStore;
  readonly bare: MemoryStore;
  readonly ids: readonly string[];
  readonly atOnce: number;
}): Promise<Row> {
  const { ids, atOnce } = read;
  const readFrom = (from: MemoryStore) => async (index: number) => {
    const first = (index * atOnce) % (ids.length - atOnce);
    const episodes = await from.getMany('episode', ids.slice(first, first + atOnce));
    if (episodes.some((episode) => episode === undefined)) throw new Error('A stored episode was not found.');
  };
  const counts = { warmup: 200, calls: 1_000 };
  const { first, second } = await timeAlternating(counts, readFrom(read.store), readFrom(read.bare));
  return {
    what: `getMany of ${atOnce === 1 ? 'one episode' : `${atOnce} episodes`}, from ${read.name}`,
    unit: 'ms',
    value: first.medianMs,
    p99: first.p99Ms,
    baseline: { name: 'from libSQL', value: second.medianMs },
  };
}

interface StepWriter {
  /** Begins an episode to write to. */
  begin(random: () => number): Promise<void>;
  add(random: () => number): Promise<void>;
}

/** Writes steps, a new episode every so often, so that no episode grows beyond what is usual. */
function stepWriter(memory: Memory): StepWriter {
  let episodeId = '';
  let count = 0;
  async function begin(random: () => number): Promise<void> {
    const [episode] = await memory.createEpisodes([generatedEpisode(random)]);
    episodeId = episode?.id ?? '';
    count = 0;
  }
  return {
    begin,
    async add(random) {
      if (count % STEPS_PER_EPISODE === 0 && (count > 0 || episodeId === '')) await begin(random);
      count += 1;
      await memory.addStep(episodeId, generatedStep(random));
    },
  };
}

async function openDriver({ folder }: ScratchStore): Promise<Client> {
  // One connection: a PRAGMA holds for the connection that ran it.
  const driver = createClient({ url: pathToFileURL(join(folder, 'driver.db')).href, concurrency: 1 });
  await driver.execute('PRAGMA journal_mode = WAL');
  await driver.execute('PRAGMA synchronous = FULL');
  await driver.execute('CREATE TABLE row (id TEXT PRIMARY KEY, body TEXT NOT NULL)');
  return driver;
}

async function insertRow(driver: Client, id: string, body: string): Promise<void> {
  await driver.execute({ sql: 'INSERT INTO row (id, body) VALUES (?, ?)', args: [id, body] });
}

async function insertRows(
  driver: Client,
  rows: readonly { readonly id: string; readonly body: string }[],
): Promise<void> {
  await driver.execute({
    sql: `INSERT INTO row (id, body) SELECT value ->> 'id', value ->> 'body' FROM json_each(?)`,
    args: [JSON.stringify(rows)],
  });
}
