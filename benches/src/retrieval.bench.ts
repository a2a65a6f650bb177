// Whole `search` calls, hits fetched, each with a question that was not asked before.
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS, type Memory, openMemory } from '@episodica/memory-core';
import { generatedEpisode, generatedQuery, seededRandom } from './corpus.ts';
import { lateness, sideBySide, timeAlternating, timeCalls } from './measure.ts';
import { openScratchStore } from './scratch-store.ts';
import type { Row, Suite, SuiteOptions, SuiteReport, Target } from './suite.ts';

export const retrieval: Suite = {
  name: 'retrieval',
  about: 'Whole search calls over generated episodes, a new question each time, ten hits fetched.',
  run,
};

interface Size {
  readonly episodes: number;
  readonly time?: Target;
  readonly memory?: Target;
}

const SIZES: readonly Size[] = [
  { episodes: 1_000 },
  {
    episodes: 10_000,
    time: { bound: 'at most', of: 'value', limit: 1 },
    memory: { bound: 'at most', of: 'value', limit: 150 },
  },
];
const FULL_SIZES: readonly Size[] = [
  {
    episodes: 100_000,
    time: { bound: 'at most', of: 'value', limit: 10 },
    memory: { bound: 'at most', of: 'value', limit: 350 },
  },
  {
    episodes: 1_000_000,
    time: { bound: 'at most', of: 'p99', limit: 100 },
    memory: { bound: 'at most', of: 'value', limit: 1_000 },
  },
];
const HITS = 10;
const CALLS = { warmup: 50, calls: 300 };
/** With more, a scan of all of them is no alternative, and what it reads would count as memory of the search. */
const MAX_SCANNED = 10_000;
const AGENTS = 8;
const LOAD_MS = 3_000;
const PAUSE_MS = 10;

async function run({ isFull }: SuiteOptions): Promise<SuiteReport> {
  const idleMb = rssMb();
  const scratch = await openScratchStore();
  const memory = openMemory({ store: scratch.store });
  const corpus: Corpus = { descriptions: [], random: seededRandom(4) };
  const rows: Row[] = [];
  let stored = 0;
  try {
    for (const size of isFull ? [...SIZES, ...FULL_SIZES] : SIZES) {
      const many = size.episodes.toLocaleString('en');
      const lateMs = await lateness(async () => {
        for (; stored < size.episodes; stored += LIMITS.batch) await addBatch(memory, corpus);
        await memory.catchUp();
      });
      rows.push({
        what: `search in ${many} episodes`,
        unit: 'ms',
        ...(await searchTimes(memory, corpus, size)),
        ...(size.time === undefined ? {} : { target: size.time }),
      });
      rows.push({
        what: `memory of this process, ${many} episodes`,
        unit: 'MB',
        value: rssMb(),
        baseline: { name: 'before any', value: idleMb },
        ...(size.memory === undefined ? {} : { target: size.memory }),
      });
      rows.push(...(await loopRows(memory, corpus, { many, lateMs })));
    }
  } finally {
    await memory.close();
    scratch.remove();
  }
  const notes = [
    'Linear scan: counts the words of the question in every description, in memory, in plain JavaScript.',
    'Memory is that of the process which also made the episodes and their vectors.',
  ];
  return { rows, notes: isFull ? notes : [...notes, 'With `--full` also at 100,000 and 1,000,000 episodes.'] };
}

interface Corpus {
  /** Of the first episodes, in small letters, for the scan. */
  readonly descriptions: string[];
  readonly random: () => number;
}

async function addBatch(memory: Memory, { descriptions, random }: Corpus): Promise<void> {
  const inputs = Array.from({ length: LIMITS.batch }, () => generatedEpisode(random));
  await memory.createEpisodes(inputs);
  if (descriptions.length >= MAX_SCANNED) return;
  descriptions.push(...inputs.map(({ description }) => description.toLowerCase()));
}

async function searchTimes(
  memory: Memory,
  { descriptions, random }: Corpus,
  { episodes: size }: Size,
): Promise<Pick<Row, 'value' | 'p99' | 'baseline'>> {
  const search = () => searchOnce(memory, random);
  if (size > MAX_SCANNED) {
    const { medianMs, p99Ms } = await timeCalls(CALLS, search);
    return { value: medianMs, p99: p99Ms };
  }
  const scan = async () => linearScan(descriptions, generatedQuery(random));
  const { first, second } = await timeAlternating(CALLS, search, scan);
  return { value: first.medianMs, p99: first.p99Ms, baseline: { name: 'linear scan', value: second.medianMs } };
}

async function searchOnce(memory: Memory, random: () => number): Promise<void> {
  const { episodes } = await memory.search({ text: generatedQuery(random), limit: HITS });
  if (episodes.length === 0) throw new Error('A question of stored words found nothing.');
}

/** How late timers are: while all was stored and indexed, and while agents search. */
async function loopRows(
  memory: Memory,
  { random }: Corpus,
  { many, lateMs }: { readonly many: string; readonly lateMs: number },
): Promise<readonly Row[]> {
  const agents = { loops: AGENTS, durationMs: LOAD_MS };
  const quietMs = await lateness(() => sideBySide(agents, () => sleep(PAUSE_MS)));
  const searchingMs = await lateness(() => sideBySide(agents, () => searchOnce(memory, random)));
  const row = (what: string, value: number): Row => ({
    what: `event loop late (p99), ${what}`,
    unit: 'ms',
    value,
    baseline: { name: 'with nothing to do', value: quietMs },
    target: { bound: 'at most', of: 'value', limit: 20 },
  });
  return [
    row(`storing and indexing up to ${many} episodes`, lateMs),
    row(`${AGENTS} agents searching in ${many}`, searchingMs),
  ];
}

function rssMb(): number {
  return process.memoryUsage.rss() / 1_048_576;
}

function linearScan(texts: readonly string[], query: string): readonly number[] {
  const words = query.split(' ');
  const scored: { readonly index: number; readonly count: number }[] = [];
  texts.forEach((text, index) => {
    const count = words.filter((word) => text.includes(word)).length;
    if (count > 0) scored.push({ index, count });
  });
  return scored
    .sort((a, b) => b.count - a.count)
    .slice(0, HITS)
    .map(({ index }) => index);
}
