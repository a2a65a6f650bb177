// How often each verb of the library asks a database that is far away, and how often one question waits for another.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cachedStore,
  type FeedbackInput,
  inMemoryCache,
  layeredCache,
  type Memory,
  openMemory,
} from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { anEpisode, aPattern, aStep, type LibsqlServer, put, startLibsqlServer, turns } from '@episodica/test-utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection, Result } from '../src/connection.ts';
import { openStoreOver } from '../src/open.ts';
import { connectRemote } from '../src/remote.ts';

/** Turns of the event loop after which whoever is about to ask has asked. */
const QUIET_TURNS = 10;

/** `connection` in waves: what is asked side by side is sent together and answered together, and counts as one. */
function inWaves(connection: Connection): {
  readonly connection: Connection;
  /** Questions so far, and waves. */
  asked(): Trips;
} {
  let count = 0;
  let waves = 0;
  let gathering: { readonly calls: (() => Promise<unknown>)[]; readonly answered: Promise<void> } | undefined;

  async function sendTogether(calls: readonly (() => Promise<unknown>)[]): Promise<void> {
    let size: number;
    do {
      size = calls.length;
      await turns(QUIET_TURNS);
    } while (size !== calls.length);
    gathering = undefined;
    count += calls.length;
    waves += 1;
    await Promise.allSettled(calls.map((call) => call()));
  }

  async function inWave<T>(ask: () => Promise<T>): Promise<T> {
    let asked: Promise<T> | undefined;
    if (gathering === undefined) {
      const calls: (() => Promise<unknown>)[] = [];
      gathering = { calls, answered: sendTogether(calls) };
    }
    gathering.calls.push(() => {
      asked = ask();
      return asked;
    });
    await gathering.answered;
    return asked!;
  }

  // Without one deadline for several calls, which would go past this.
  const { withOneDeadline: _, ...calls } = connection;
  return {
    connection: {
      ...calls,
      execute: (statement) => inWave(() => connection.execute(statement)),
      read: (statements) => inWave(() => connection.read(statements)),
      batch: (statements, beforeCommit) => inWave(() => connection.batch(statements, beforeCommit)),
    },
    asked: () => [count, waves],
  };
}

const TASK = { description: 'Repair the parser of dates', project: 'shop', domain: 'parsing', tags: ['dates'] };
const ERROR = { type: 'error', message: 'TypeError: cannot read property parse of undefined' } as const;
const STEPS = [
  { tool: 'edit', action: 'parse the date' },
  { tool: 'test', action: 'run the tests', result: ERROR },
  { tool: 'test', action: 'run the tests' },
];

/** Questions in all, and how many of them one after the other. */
type Trips = readonly [count: number, depth: number];

interface Expected {
  readonly verb: string;
  readonly bare: Trips;
  readonly cached: Trips;
  run(memory: Memory, at: Places): Promise<unknown>;
}

/** What there is before a verb runs. */
interface Places {
  readonly open: string;
  readonly completed: string;
  readonly going: string;
  readonly offered: FeedbackInput;
}

const VERBS: readonly Expected[] = [
  {
    // The write, and beside it what is new for the index; then the episodes that are related.
    verb: 'createEpisode with what is related',
    bare: [3, 2],
    cached: [3, 2],
    run: (memory) => memory.createEpisode(TASK),
  },
  {
    verb: 'createEpisodes of 50',
    bare: [1, 1],
    cached: [1, 1],
    run: (memory) => memory.createEpisodes(Array.from({ length: 50 }, () => TASK)),
  },
  {
    verb: 'addStep',
    bare: [1, 1],
    cached: [1, 1],
    run: (memory, { open }) => memory.addStep(open, { tool: 'read', action: 'look' }),
  },
  {
    verb: 'addSteps of 50',
    bare: [1, 1],
    cached: [1, 1],
    run: (memory, { open }) =>
      memory.addSteps(
        open,
        Array.from({ length: 50 }, () => ({ tool: 'read', action: 'look' })),
      ),
  },
  {
    // The write, and beside it whose project it is; what is new for the index; that: episodes and their terms, of those
    // that were created before; then the episodes that made such an error good.
    verb: 'addStep with an error',
    bare: [6, 4],
    cached: [6, 4],
    run: (memory, { open }) => memory.addStep(open, { tool: 'test', action: 'run', result: ERROR }),
  },
  { verb: 'getEpisode', bare: [1, 1], cached: [1, 1], run: (memory, { completed }) => memory.getEpisode(completed) },
  {
    verb: 'getEpisode once more',
    bare: [1, 1],
    cached: [1, 1],
    run: (memory, { completed }) => memory.getEpisode(completed),
  },
  { verb: 'getSteps', bare: [1, 1], cached: [1, 1], run: (memory, { completed }) => memory.getSteps(completed) },
  {
    verb: 'updateEpisode',
    bare: [2, 2],
    cached: [2, 2],
    run: (memory, { open }) => memory.updateEpisode(open, { tags: { add: ['urgent'] } }),
  },
  {
    // Its steps and itself, and beside them what is new for the index; that: itself and its terms, and beside it the base
    // rate; earlier attempts; the write. Behind the answer: base rate, who owes, episodes, kinds of task, again as they are compared,
    // patterns, who still owes, the write; and then whether more is owed, and whether something was forgotten.
    verb: 'completeEpisode with what is learnt from it',
    bare: [18, 14],
    cached: [20, 15],
    async run(memory, { open }) {
      await memory.completeEpisode(open, { kind: 'success' });
      // Waits for the learning behind it, and looks once whether there is more.
      await memory.learnPending();
    },
  },
  {
    verb: 'updateEpisode of a completed one',
    bare: [3, 3],
    cached: [3, 3],
    run: (memory, { completed }) => memory.updateEpisode(completed, { tags: { add: ['urgent'] } }),
  },
  {
    verb: 'listEpisodes',
    bare: [1, 1],
    cached: [1, 1],
    async run(memory) {
      for await (const _ of memory.listEpisodes({ limit: 20 }));
    },
  },
  {
    // What is new for the index; that: episodes with their terms, and base rates, of what was completed before; then the
    // hits. A cache asks a second time for those that it knows as they were before.
    verb: 'search',
    bare: [5, 3],
    cached: [6, 4],
    run: (memory) => memory.search({ text: 'parser of dates' }),
  },
  {
    // Nothing is new, so the answer is the one of before.
    verb: 'search once more',
    bare: [1, 1],
    cached: [1, 1],
    run: (memory) => memory.search({ text: 'parser of dates' }),
  },
  {
    // Nothing is new for the index; then the hits, and beside them what the pattern among them rests on.
    verb: 'search by a filter',
    bare: [3, 2],
    cached: [3, 2],
    run: (memory) => memory.search({ domain: 'parsing' }),
  },
  {
    // As a search, beside it the attempts at such tasks and the kinds of task; and then the write.
    verb: 'recommend',
    bare: [5, 3],
    cached: [5, 3],
    run: (memory) => memory.recommend({ description: 'Repair the parser of dates', domain: 'parsing' }),
  },
  {
    verb: 'recordFeedback',
    bare: [3, 2],
    cached: [3, 2],
    run: (memory, { offered }) => memory.recordFeedback(offered),
  },
  { verb: 'listPatterns', bare: [3, 3], cached: [3, 3], run: (memory) => memory.listPatterns() },
  { verb: 'tagStats', bare: [1, 1], cached: [1, 1], run: (memory) => memory.tagStats() },
  {
    // The episode, and beside it where the journal stands; its evidence, steps and vectors; recommendations, patterns,
    // base rate, kinds of task, whether the scope has others, and who speaks of it; the write.
    verb: 'forget',
    bare: [12, 4],
    cached: [12, 4],
    run: (memory, { going }) => memory.forget({ ids: [going] }),
  },
];

for (const scheme of ['http', 'ws']) {
  describe(`over ${scheme}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'episodica-trips-'));
    const servers: LibsqlServer[] = [];

    afterAll(async () => {
      for (const server of servers) await server.close();
      rmSync(folder, { recursive: true });
    });

    for (const caching of ['bare', 'cached'] as const) {
      describe(caching, () => {
        let memory: Memory;
        let at: Places;
        let server: LibsqlServer;
        let asked: () => Trips;

        beforeAll(async () => {
          server = await startLibsqlServer({ path: join(folder, `${caching}.db`) });
          servers.push(server);
          const remote = { url: server.url.replace('http', scheme), place: 'test', authToken: undefined };
          const counted = inWaves(connectRemote({ ...remote, poolSize: 10, deadlineMs: 20_000 }));
          asked = counted.asked;
          const bare = await openStoreOver(counted.connection);
          const store = caching === 'bare' ? bare : cachedStore(bare, layeredCache(inMemoryCache(), inMemoryCache()));
          // What is embedded in the background would be counted in whichever verb it falls.
          memory = openMemory({ store, project: 'shop', embedder: 'none' });
          at = await furnish(memory);
        });

        afterAll(() => memory.close());

        for (const expected of VERBS) {
          test(`${expected.verb} asks as often as it is known to [ST-03]`, async () => {
            const [countBefore, wavesBefore] = asked();
            const tripsBefore = server.roundTrips;
            await expected.run(memory, at);
            const [count, waves] = asked();
            expect([count - countBefore, waves - wavesBefore]).toEqual(expected[caching]);
            // Over a socket, a message that nobody waits for may travel alone.
            if (scheme === 'http') expect(server.roundTrips - tripsBefore).toBe(count - countBefore);
          });
        }
      });
    }
  });
}

test('vectors are made behind the answer, those of fifty episodes with as many questions as those of one [ST-03] [EM-03]', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'episodica-vectors-'));
  const server = await startLibsqlServer({ path: join(folder, 'memory.db') });
  const remote = { url: server.url, place: 'test', authToken: undefined };
  const counted = inWaves(connectRemote({ ...remote, poolSize: 10, deadlineMs: 20_000 }));
  const store = await openStoreOver(counted.connection);
  const memory = openMemory({ store });
  try {
    await memory.catchUp();
    const spent: number[] = [];
    for (const episodes of [1, 50]) {
      const [before] = counted.asked();
      await memory.createEpisodes(Array.from({ length: episodes }, () => TASK));
      expect(counted.asked()[0] - before).toBe(1);
      await memory.catchUp();
      spent.push(counted.asked()[0] - before);
      expect((await memory.searchHealth()).embedder?.pending).toBe(0);
    }
    // The write; what is due, by journal and text; the row of the model, and the vectors. Waiting for all of it: what is
    // to be learnt, what that and others made due; what is new for the index, and that: episodes, their terms and vectors.
    expect(spent).toEqual([12, 12]);
  } finally {
    await memory.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
});

test('a scan over a network takes many rows at a time, and fewer where they are long [ST-03]', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'episodica-pages-'));
  const server = await startLibsqlServer({ path: join(folder, 'memory.db') });
  const store = await openTursoStore({ url: server.url });
  const tripsOf = async (
    scan: AsyncIterable<{ readonly id: string }>,
  ): Promise<readonly [ids: string[], trips: number]> => {
    const before = server.roundTrips;
    const ids: string[] = [];
    for await (const { id } of scan) ids.push(id);
    return [ids, server.roundTrips - before];
  };
  try {
    const short = Array.from({ length: 2_100 }, () => aPattern());
    await store.write(short.map((value) => put('pattern', value)));
    expect(await tripsOf(store.scan('pattern', {}))).toEqual([short.map(({ id }) => id).sort(), 3]);

    const episode = anEpisode();
    await store.write([put('episode', episode)]);
    const long = Array.from({ length: 25 }, () =>
      aStep({ episodeId: episode.id, parameters: { text: 'ä'.repeat(100_000) } }),
    );
    for (const step of long) await store.write([put('step', step)]);
    // Ten of them are the two million bytes of a page.
    expect(await tripsOf(store.scan('step', {}))).toEqual([long.map(({ id }) => id), 3]);
    expect(await tripsOf(store.scan('episode', {}))).toEqual([[episode.id], 1]);
  } finally {
    await store.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
});

test.each(['bare', 'cached'] as const)(
  'long ones are had by their ids in answers of bounded size, each in its place, %s [ST-03] [EP-05]',
  async (form) => {
    const folder = mkdtempSync(join(tmpdir(), 'episodica-ids-'));
    const server = await startLibsqlServer({ path: join(folder, 'memory.db') });
    const sizes: number[] = [];
    const reached = connectRemote({
      url: server.url,
      place: 'test',
      authToken: undefined,
      poolSize: 10,
      deadlineMs: 20_000,
    });
    const { withOneDeadline: _, ...calls } = reached;
    const bytesOf = (result: Result): number =>
      result.rows.reduce((sum, { body = '' }) => sum + Buffer.byteLength(String(body)), 0);
    const bare = await openStoreOver({
      ...calls,
      async execute(statement) {
        const result = await reached.execute(statement);
        sizes.push(bytesOf(result));
        return result;
      },
      async read(statements) {
        const results = await reached.read(statements);
        sizes.push(results.map(bytesOf).reduce((sum, size) => sum + size, 0));
        return results;
      },
    });
    const store = form === 'bare' ? bare : cachedStore(bare, inMemoryCache());
    try {
      const episodes = Array.from({ length: 12 }, () => anEpisode({ description: 'ä'.repeat(400_000) }));
      for (const episode of episodes) await store.write([put('episode', episode)]);
      const [first, second] = episodes;
      // Not in the order in which they were written, one twice, and some that are not there.
      const asked = [undefined, ...[...episodes].reverse(), undefined, first, second, undefined];
      const ids = asked.map((episode, index) => episode?.id ?? `missing ${index}`);
      sizes.length = 0;
      expect(await store.getMany('episode', ids)).toEqual(asked);
      expect(Math.max(...sizes)).toBeLessThan(3_000_000);
      // One that is larger than an answer should be is an answer of its own.
      const large = anEpisode({ description: 'x'.repeat(3_000_000) });
      await store.write([put('episode', large)]);
      sizes.length = 0;
      expect(await store.getMany('episode', [large.id])).toEqual([large]);
      expect(sizes).toHaveLength(1);
      expect(await store.getMany('episode', [...ids, large.id])).toEqual([...asked, large]);
    } finally {
      await store.close();
      await server.close();
      rmSync(folder, { recursive: true });
    }
  },
);

/** Enough of the same kind for a pattern to be shown, and one episode for each state. */
async function furnish(memory: Memory): Promise<Places> {
  const done: string[] = [];
  for (let index = 0; index < 6; index += 1) {
    const { episode } = await memory.createEpisode(TASK);
    await memory.addSteps(episode.id, STEPS);
    await memory.completeEpisode(episode.id, { kind: 'success', verdict: 'the tests pass' });
    await memory.learnPending();
    done.push(episode.id);
  }
  const { episode } = await memory.createEpisode(TASK);
  const [completed = '', going = ''] = done;
  const { recommendationId, patterns } = await memory.recommend({ description: 'edit, then test', domain: 'parsing' });
  const applied = patterns.map(({ pattern }) => pattern.id);
  expect(applied).not.toEqual([]);
  return { open: episode.id, completed, going, offered: { recommendationId, applied, isSuccess: true } };
}
