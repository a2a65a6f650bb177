// Kinds of task: how long finding them takes, and how well they agree with what people say.
import type { Trace } from '@episodica/memory-core';
import { taskClusters } from '@episodica/memory-core/learning';
import { lexicalEmbedder } from '@episodica/memory-core/retrieval';
import densityClustering from 'density-clustering';
import { seededRandom } from './corpus.ts';
import { datasetFolder } from './dataset.ts';
import { timeCalls } from './measure.ts';
import { clusterRows } from './quality/clusters.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const clusters: Suite = {
  name: 'clusters',
  about:
    'Kinds among generated episodes, fifty of each. Baseline: density-clustering as it comes, over vectors of their descriptions.\n' +
    'Then how they agree with the 26 tool sets of the tau-bench tasks, beside k-means over bags of tools, told how many there are.',
  run,
};

const NOTES = [
  'What is in no kind counts as a group of its own; V-measure is kind to such groups, the index of those in kinds leaves them out.',
  '"Attempts together": all attempts at a task go with most of them, as the library has it. K-means: the best of ten starts.',
];

const SIZES = [100, 1_000, 2_000];
const TRACES_PER_KIND = 50;
const LIMIT_MS = 1_000;
/** The baseline is asked once where it takes seconds. */
const MAX_REPEATED = 100;

async function run(): Promise<SuiteReport> {
  const rows: Row[] = [];
  for (const size of SIZES) rows.push(await speedRow(size));
  const quality = await clusterRows();
  const absent = `Not measured: ${datasetFolder()} lacks tau-bench or the OS tasks. Set MEMORY_DATASETS to the folder that has them.`;
  return { rows: [...rows, ...quality], notes: quality.length === 0 ? [...NOTES, absent] : NOTES };
}

async function speedRow(size: number): Promise<Row> {
  const traces = generatedTraces(size);
  const vectors = await lexicalEmbedder().embed(
    traces.map(({ description }) => description),
    { purpose: 'document' },
  );
  const known = { scope: {}, clusters: [], clustered: 0 };
  const own = await timeCalls({ warmup: 1, calls: 3 }, async () => taskClusters(traces, known));
  const calls = size <= MAX_REPEATED ? 3 : 1;
  const plain = await timeCalls({ warmup: calls - 1, calls }, async () =>
    new densityClustering.DBSCAN().run(vectors, 0.5, 3, cosineDistance),
  );
  return {
    what: `kinds among ${size.toLocaleString('en')} episodes`,
    unit: 'ms',
    value: own.medianMs,
    baseline: { name: 'plain density-clustering', value: plain.medianMs },
    target: { bound: 'at most', of: 'value', limit: LIMIT_MS },
  };
}

function cosineDistance(a: Float32Array, b: Float32Array): number {
  let product = 0;
  for (let place = 0; place < a.length; place += 1) product += (a[place] ?? 0) * (b[place] ?? 0);
  return 1 - product;
}

const OWN_WORDS = 8;
const OWN_TOOLS = 4;
const COMMON_WORDS = 60;
const COMMON_TOOLS = 6;

/** Kinds in turn: words and tools of their own among those that all have. */
function generatedTraces(count: number): readonly Trace[] {
  const random = seededRandom(count);
  const kinds = Math.ceil(count / TRACES_PER_KIND);
  const pick = (name: string, of: number, times: number): readonly string[] =>
    Array.from({ length: times }, () => `${name}x${letters(Math.floor(random() * of))}`);
  return Array.from({ length: count }, (_, index): Trace => {
    const kind = letters(index % kinds);
    const acts = [...pick(`tool${kind}`, OWN_TOOLS, 3), ...pick('tool', COMMON_TOOLS, 4)];
    return {
      episodeId: `episode-${index}`,
      scope: {},
      task: `task-${index}`,
      description: [...pick(`word${kind}`, OWN_WORDS, 5), ...pick('word', COMMON_WORDS, 20)].join(' '),
      taskType: 'other',
      tags: [],
      directories: [],
      outcome: 'success',
      endedAt: new Date(index * 60_000).toISOString(),
      steps: acts.map((act) => ({ act, result: 'success', does: 'change' })),
    };
  });
}

/** A number as letters: digits would be words of their own. */
function letters(number: number): string {
  return [...number.toString(26)].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26))).join('');
}
