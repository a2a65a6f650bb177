// What durable writing and reading by id cost through the library, beside the driver alone on the same disk.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cachedStore, type Memory, openMemory } from '@episodica/memory-core';
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
const WRITERS = 16;
const STEPS_EACH = 150;
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
      await manyWriters(memory, driver),
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

async function manyWriters(memory: Memory, driver: Client): Promise<Row> {
  const random = seededRandom(2);
  const counts = { writers: WRITERS, callsEach: STEPS_EACH };
  const writers = Array.from({ length: WRITERS }, () => stepWriter(memory));
  const value = await throughput(counts, async (writer) => writers[writer]?.add(random));
  // The driver's best at the same concurrency: as many rows as there are writers in one durable statement.
  const batches = await throughput({ writers: 1, callsEach: STEPS_EACH }, (_, index) => {
    const rows = Array.from({ length: WRITERS }, (__, row) => ({
      id: `many-${index}-${row}`,
      body: JSON.stringify(generatedStep(random)),
    }));
    return insertRows(driver, rows);
  });
  return {
    what: `durable add_step, ${WRITERS} writers`,
    unit: '/s',
    value,
    baseline: { name: `rows, ${WRITERS} a statement`, value: batches * WRITERS },
    target: { bound: 'at least', of: 'value', limit: 15_000 },
  };
}

async function reads(memory: Memory, scratch: ScratchStore): Promise<readonly Row[]> {
  const random = seededRandom(3);
  const inputs = Array.from({ length: READ_EPISODES }, () => generatedEpisode(random));
  const ids = (await memory.createEpisodes(inputs)).map(({ id }) => id);
  const cache = await openLmdbCache({ path: join(scratch.folder, 'cache') });
  const cached = cachedStore(scratch.store, cache);
  await cached.getMany('episode', ids);
  const rows = [
    ...(await readRows(scratch.store, cached, { ids, atOnce: 1 })),
    ...(await readRows(scratch.store, cached, { ids, atOnce: READ_AT_ONCE })),
  ];
  await cache.close();
  return rows;
}

async function readRows(
  store: MemoryStore,
  cached: MemoryStore,
  read: { readonly ids: readonly string[]; readonly atOnce: number },
): Promise<readonly Row[]> {
  const { ids, atOnce } = read;
  const readFrom = (from: MemoryStore) => async (index: number) => {
    const first = (index * atOnce) % (ids.length - atOnce);
    const episodes = await from.getMany('episode', ids.slice(first, first + atOnce));
    if (episodes.some((episode) => episode === undefined)) throw new Error('A stored episode was not found.');
  };
  const { first, second } = await timeAlternating({ warmup: 200, calls: 1_000 }, readFrom(cached), readFrom(store));
  const what = atOnce === 1 ? 'getMany of one episode' : `getMany of ${atOnce} episodes`;
  const baseline = { name: 'store', value: second.medianMs };
  return [
    { what: `${what}, store`, unit: 'ms', value: second.medianMs, p99: second.p99Ms },
    { what: `${what}, through the LMDB cache`, unit: 'ms', value: first.medianMs, p99: first.p99Ms, baseline },
  ];
}

interface StepWriter {
  add(random: () => number): Promise<void>;
}

/** Writes steps, a new episode every so often, so that no episode grows beyond what is usual. */
function stepWriter(memory: Memory): StepWriter {
  let episodeId = '';
  let count = 0;
  return {
    async add(random) {
      if (count % STEPS_PER_EPISODE === 0) {
        const [episode] = await memory.createEpisodes([generatedEpisode(random)]);
        episodeId = episode?.id ?? '';
      }
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
