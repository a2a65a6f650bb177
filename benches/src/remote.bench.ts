// What the verbs cost on a database that is reached over a network, beside a local file in the same run.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Memory, openMemory } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { generatedEpisode, generatedQuery, generatedStep, seededRandom } from './corpus.ts';
import type { FarServerNews } from './far-server.ts';
import { timeAlternating } from './measure.ts';
import { makeScratchFolder, removeFolder } from './scratch-store.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const remote: Suite = {
  name: 'remote',
  about:
    'Verbs over HTTP, each answer kept back for some milliseconds, beside a local file; neither waits for the disk.',
  run,
};

const SERVER = fileURLToPath(new URL('./far-server.js', import.meta.url));
/** Calls of each verb: fewer where each takes longer. */
const DISTANCES = [
  { latencyMs: 0, counts: { warmup: 3, calls: 25 } },
  { latencyMs: 5, counts: { warmup: 2, calls: 12 } },
  { latencyMs: 50, counts: { warmup: 1, calls: 5 } },
] as const;
const EPISODES = 500;
const AT_ONCE = 50;

async function run(): Promise<SuiteReport> {
  const rows: Row[] = [];
  for (const distance of DISTANCES) rows.push(...(await rowsAt(distance)));
  return {
    rows,
    notes: [
      `${EPISODES} episodes; the round trips of a verb are counted by the server, those side by side each by itself.`,
      'The server is that of the tests, in a process of its own: it shows the cost of distance, not how fast Turso is.',
    ],
  };
}

async function rowsAt({ latencyMs, counts }: (typeof DISTANCES)[number]): Promise<readonly Row[]> {
  const folder = makeScratchFolder();
  const server = await startFarServer(join(folder, 'far.db'), latencyMs);
  const far = await openSide(server.url);
  const near = await openSide(pathToFileURL(join(folder, 'near.db')).href);
  try {
    const rows: Row[] = [];
    for (const [verb, work] of Object.entries(WORKS)) {
      const before = await server.roundTrips();
      const { first, second } = await timeAlternating(
        counts,
        (index) => work(far, index),
        (index) => work(near, index),
      );
      const trips = ((await server.roundTrips()) - before) / (counts.warmup + counts.calls);
      rows.push({
        what: `${verb}, ${latencyMs} ms away (round trips: ${Number(trips.toFixed(1))})`,
        unit: 'ms',
        value: first.medianMs,
        p99: first.p99Ms,
        baseline: { name: 'local file', value: second.medianMs },
      });
    }
    return rows;
  } finally {
    await far.memory.close();
    await near.memory.close();
    server.close();
    removeFolder(folder);
  }
}

/** A memory on one of the two, with episodes in it. */
interface Side {
  readonly store: MemoryStore;
  readonly memory: Memory;
  readonly random: () => number;
  /** Open ones; each is completed once at most. */
  readonly ids: readonly string[];
}

async function openSide(url: string): Promise<Side> {
  const store = await openTursoStore({ url, durability: 'normal' });
  const memory = openMemory({ store });
  const random = seededRandom(5);
  const episodes = await memory.createEpisodes(Array.from({ length: EPISODES }, () => generatedEpisode(random)));
  return { store, memory, random, ids: episodes.map(({ id }) => id) };
}

type Work = (side: Side, index: number) => Promise<unknown>;

const WORKS: Readonly<Record<string, Work>> = {
  create_episode: ({ memory, random }) => memory.createEpisode(generatedEpisode(random)),
  add_step: ({ memory, random, ids }) => memory.addStep(idAt(ids, 0), generatedStep(random)),
  [`add_steps of ${AT_ONCE}`]: ({ memory, random, ids }, index) =>
    memory.addSteps(
      idAt(ids, index + 1),
      Array.from({ length: AT_ONCE }, () => generatedStep(random)),
    ),
  get_episode: ({ memory, ids }, index) => memory.getEpisode(idAt(ids, index)),
  [`${AT_ONCE} episodes by id`]: ({ store, ids }) => store.getMany('episode', ids.slice(0, AT_ONCE)),
  [`steps of an episode, ${AT_ONCE}`]: ({ memory, ids }, index) => memory.getSteps(idAt(ids, index + 1)),
  search: ({ memory, random }) => memory.search({ text: generatedQuery(random) }),
  recommend: ({ memory, random }) => memory.recommend({ description: generatedEpisode(random).description }),
  'complete_episode, and what is learnt': async ({ memory, ids }, index) => {
    await memory.completeEpisode(idAt(ids, index + 1), { kind: 'success' });
    await memory.learnPending();
  },
};

function idAt(ids: readonly string[], index: number): string {
  const id = ids[index];
  if (id === undefined) throw new Error('There are too few episodes.');
  return id;
}

interface FarServer {
  readonly url: string;
  roundTrips(): Promise<number>;
  close(): void;
}

async function startFarServer(path: string, latencyMs: number): Promise<FarServer> {
  const server = fork(SERVER, [path, String(latencyMs)]);
  const { url } = await news(server);
  return {
    url,
    async roundTrips() {
      server.send('roundTrips');
      return (await news(server)).roundTrips;
    },
    close: () => server.disconnect(),
  };
}

async function news(server: ChildProcess): Promise<FarServerNews> {
  const [told] = await once(server, 'message');
  // `far-server.ts` says nothing else.
  return told as FarServerNews;
}
