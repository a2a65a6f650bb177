// What a store that has grown costs: a step, a first answer, memory, and how long the event loop is held meanwhile.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Memory, openMemory } from '@episodica/memory-core';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { generatedEpisode, generatedQuery, generatedStep, seededRandom } from './corpus.ts';
import { fill } from './filled-store.ts';
import type { FirstAnswer } from './first-answer.ts';
import { lateness, sideBySide, type Timing, timeCalls, timingOf } from './measure.ts';
import { openScratchStore, type ScratchStore } from './scratch-store.ts';
import type { Row, Suite, SuiteOptions, SuiteReport } from './suite.ts';

export const scale: Suite = {
  name: 'scale',
  about: `A store with many episodes, three steps each: what its size costs. The disk's own cache is warm.`,
  run,
};

const SIZES = { usual: [10_000], full: [10_000, 100_000] } as const;
const CALLS = 400;
const STARTS = 5;
const FIRST_ANSWER = fileURLToPath(new URL('./first-answer.js', import.meta.url));

async function run({ isFull }: SuiteOptions): Promise<SuiteReport> {
  const scratch = await openScratchStore();
  const memory = openMemory({ store: scratch.store });
  try {
    const empty = await stepTiming(memory);
    const rows: Row[] = [];
    let stored = 0;
    for (const size of isFull ? SIZES.full : SIZES.usual) {
      const ids = await fill(scratch.store, memory, size - stored);
      stored = size;
      rows.push(stepRow(size, await stepTiming(memory), empty));
      rows.push(...(await firstAnswerRows(scratch, size, ids)));
      if (size === SIZES.usual[0]) rows.push(...(await loopRows(memory, ids)));
    }
    const more = isFull ? [] : ['With `--full` also at 100,000 episodes.'];
    return { rows, notes: ['The event loop is that of this process; timers late by so much.', ...more] };
  } finally {
    await memory.close();
    scratch.remove();
  }
}

async function stepTiming(memory: Memory): Promise<Timing> {
  const random = seededRandom(7);
  const [episode] = await memory.createEpisodes([generatedEpisode(random)]);
  const id = episode?.id ?? '';
  return timeCalls({ warmup: 50, calls: CALLS }, () => memory.addStep(id, generatedStep(random)));
}

function stepRow(size: number, { medianMs, p99Ms }: Timing, empty: Timing): Row {
  return {
    what: `durable add_step, ${size.toLocaleString('en')} episodes`,
    unit: 'ms',
    value: medianMs,
    p99: p99Ms,
    baseline: { name: 'in an empty store', value: empty.medianMs },
    target: { bound: 'at most', of: 'ratio', limit: 1.2 },
  };
}

async function firstAnswerRows(scratch: ScratchStore, size: number, ids: readonly string[]): Promise<readonly Row[]> {
  await warmCache(scratch, ids);
  const question = generatedQuery(seededRandom(11));
  const start = (...caching: readonly string[]): readonly FirstAnswer[] =>
    Array.from({ length: STARTS }, () =>
      firstAnswer(caching.length === 0 ? [] : [scratch.folder, ...caching, ids[0] ?? '', question]),
    );
  const [cached, bare, idle] = [start('cache'), start('none'), start()];
  const median = (answers: readonly FirstAnswer[], read: (answer: FirstAnswer) => number): number =>
    timingOf(answers.map(read)).medianMs;
  const first = ({ openMs, searchMs, getMs }: FirstAnswer): number => openMs + searchMs + getMs;
  const many = size.toLocaleString('en');
  const isLarge = size > SIZES.usual[0];
  return [
    {
      what: `cold start → first search and first read, ${many} episodes`,
      unit: 'ms',
      value: median(cached, first),
      baseline: { name: 'without a cache', value: median(bare, first) },
      ...(isLarge ? { target: { bound: 'at most', of: 'value', limit: 300 } } : {}),
    },
    {
      what: `memory of such a process, ${many} episodes`,
      unit: 'MB',
      value: median(cached, ({ rssMb }) => rssMb),
      baseline: { name: 'nothing opened', value: median(idle, ({ rssMb }) => rssMb) },
      target: { bound: 'at most', of: 'value', limit: isLarge ? 350 : 150 },
    },
  ];
}

/** The cache as a day of work leaves it: closed in good order, with the index and some of the episodes in it. */
async function warmCache({ store, folder }: ScratchStore, ids: readonly string[]): Promise<void> {
  const cache = await openLmdbCache({ path: join(folder, 'cache') });
  const memory = openMemory({ store: { ...store, close: async () => undefined }, cache });
  await memory.catchUp();
  await memory.getEpisodes(ids);
  await memory.close();
}

function firstAnswer(words: readonly string[]): FirstAnswer {
  const { status, stdout, stderr } = spawnSync(process.execPath, [FIRST_ANSWER, ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`The first answer failed: ${stderr}`);
  return JSON.parse(stdout);
}

const AGENTS = 8;
const PAUSE_MS = 10;
const LOAD_MS = 3_000;

/** How late timers are while agents read and write, beside how late they are anyway. */
async function loopRows(memory: Memory, ids: readonly string[]): Promise<readonly Row[]> {
  const agents = { loops: AGENTS, durationMs: LOAD_MS };
  const quiet = await lateness(() => sideBySide(agents, () => sleep(PAUSE_MS)));
  const paced = await lateness(() => sideBySide(agents, mixedWork(memory, ids, PAUSE_MS)));
  const flatOut = await lateness(() => sideBySide(agents, mixedWork(memory, ids, 0)));
  const row = (what: string, p99: number): Row => ({
    what: `event loop late (p99), ${what}`,
    unit: 'ms',
    value: p99,
    baseline: { name: 'with nothing to do', value: quiet },
    target: { bound: 'at most', of: 'value', limit: 20 },
  });
  return [
    row(`${AGENTS} agents, a call every ${PAUSE_MS} ms`, paced),
    row(`${AGENTS} agents, as fast as they can`, flatOut),
  ];
}

function mixedWork(memory: Memory, ids: readonly string[], pauseMs: number): () => Promise<unknown> {
  const random = seededRandom(13);
  const pickId = (): string => ids[Math.floor(random() * ids.length)] ?? '';
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls % 4 === 0) await memory.search({ text: generatedQuery(random), limit: 5 });
    else if (calls % 4 === 1) await memory.getEpisode(pickId());
    else await memory.addStep(pickId(), generatedStep(random));
    if (pauseMs > 0) await sleep(pauseMs);
  };
}
