// Whole `search` calls, hits fetched, each with a question that was not asked before.
import { LIMITS, type Memory, openMemory } from '@episodica/memory-core';
import { generatedEpisode, generatedQuery, seededRandom } from './corpus.ts';
import { timeAlternating } from './measure.ts';
import { openScratchStore } from './scratch-store.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const retrieval: Suite = {
  name: 'retrieval',
  about: 'Whole search calls over generated episodes, a new question each time, ten hits fetched.',
  run,
};

const SIZES = [
  { episodes: 1_000, limitMs: undefined },
  { episodes: 10_000, limitMs: 1 },
] as const;
const HITS = 10;

async function run(): Promise<SuiteReport> {
  const scratch = await openScratchStore();
  const memory = openMemory({ store: scratch.store });
  const random = seededRandom(4);
  const descriptions: string[] = [];
  const rows: Row[] = [];
  try {
    for (const { episodes, limitMs } of SIZES) {
      await grow(memory, { descriptions, random, episodes });
      rows.push(await searchRow(memory, { descriptions, random, limitMs }));
    }
  } finally {
    await memory.close();
    scratch.remove();
  }
  return {
    rows,
    notes: ['Linear scan: counts the words of the question in every description, in memory, in plain JavaScript.'],
  };
}

/** Adds episodes up to the size, a batch a commit, and keeps their descriptions for the scan. */
async function grow(
  memory: Memory,
  corpus: { readonly descriptions: string[]; readonly random: () => number; readonly episodes: number },
): Promise<void> {
  const { descriptions, random, episodes } = corpus;
  while (descriptions.length < episodes) {
    const size = Math.min(LIMITS.batch, episodes - descriptions.length);
    const inputs = Array.from({ length: size }, () => generatedEpisode(random));
    await memory.createEpisodes(inputs);
    descriptions.push(...inputs.map(({ description }) => description));
  }
}

async function searchRow(
  memory: Memory,
  asked: {
    readonly descriptions: readonly string[];
    readonly random: () => number;
    readonly limitMs: number | undefined;
  },
): Promise<Row> {
  const { descriptions, random, limitMs } = asked;
  const lowerCased = descriptions.map((text) => text.toLowerCase());
  const { first, second } = await timeAlternating(
    { warmup: 20, calls: 200 },
    async () => {
      const { episodes } = await memory.search({ text: generatedQuery(random), limit: HITS });
      if (episodes.length === 0) throw new Error('A question of stored words found nothing.');
    },
    async () => linearScan(lowerCased, generatedQuery(random)),
  );
  return {
    what: `search in ${descriptions.length.toLocaleString('en')} episodes`,
    unit: 'ms',
    value: first.medianMs,
    p99: first.p99Ms,
    baseline: { name: 'linear scan', value: second.medianMs },
    ...(limitMs === undefined ? {} : { target: { bound: 'at most', of: 'value', limit: limitMs } }),
  };
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
