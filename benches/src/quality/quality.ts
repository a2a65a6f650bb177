// How well the right experience is found, on real agent runs, beside a textbook floor measured in the same run.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { isTauBench, type Memory, openMemory, readTauBench } from '@episodica/memory-core';
import { bm25Floor } from './bm25-floor.ts';
import { datasetFolder, readDataset } from './dataset.ts';
import { type RankedAnswer, type RankingFigures, rankingFigures } from './ranking.ts';
import { openScratchStore } from './scratch-store.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const quality: Suite = {
  name: 'quality',
  about:
    'tau-bench: 200 real runs (50 tasks × 4 trials). Each run asks for the others and is itself left out of the answer.\n' +
    'Baseline: plain BM25 measured here. Target: the published floor of the same question.',
  run,
};

const FILE = 'tau-bench/gpt-4o-airline.json';
const DOMAIN = 'airline';
const DEPTH = 10;

/** One run, as the questions see it. */
interface Run {
  readonly key: string;
  readonly task: string;
  readonly isSuccess: boolean;
  readonly firstMessage: string;
  readonly firstThreeMessages: string;
  /** What user and agent said. */
  readonly transcript: string;
}

interface Question {
  readonly name: string;
  readonly query: (run: Run) => string;
  /** What the floor reads of a run. The library reads what it stored. */
  readonly document: (run: Run) => string;
  readonly isRelevant: (asked: Run, other: Run) => boolean;
  readonly published: Partial<Record<keyof RankingFigures, number>>;
}

const isSameTask = (asked: Run, other: Run): boolean => asked.task === other.task;

const QUESTIONS: readonly Question[] = [
  {
    name: 'first message → same task',
    query: (run) => run.firstMessage,
    document: (run) => run.firstMessage,
    isRelevant: isSameTask,
    published: { recallAt5: 0.663, recallAt10: 0.74, hitAt1: 0.695, meanReciprocalRank: 0.761 },
  },
  {
    name: 'first 3 messages → same task',
    query: (run) => run.firstThreeMessages,
    document: (run) => run.transcript,
    isRelevant: isSameTask,
    published: { recallAt5: 0.917, recallAt10: 0.977, hitAt1: 0.88, meanReciprocalRank: 0.923 },
  },
  {
    name: 'first message → same task, succeeded',
    query: (run) => run.firstMessage,
    document: (run) => run.firstMessage,
    isRelevant: (asked, other) => isSameTask(asked, other) && other.isSuccess,
    published: { hitAt1: 0.409, meanReciprocalRank: 0.579 },
  },
];

const FIGURES = [
  ['recallAt5', 'R@5'],
  ['recallAt10', 'R@10'],
  ['hitAt1', 'hit@1'],
  ['meanReciprocalRank', 'MRR'],
] as const;

async function run(): Promise<SuiteReport> {
  const values = readDataset(FILE);
  if (values === undefined) {
    const note = `Not measured: there is no ${FILE} in ${datasetFolder()}. Set MEMORY_DATASETS to the folder that has it.`;
    return { rows: [], notes: [note] };
  }
  if (!isTauBench(values)) throw new Error(`${FILE} in ${datasetFolder()} is not a tau-bench result file.`);
  const runs = values.map(toRun);
  const scratch = await openScratchStore();
  const memory = openMemory({ store: scratch.store });
  try {
    const { failed, failedCount } = await memory.importEpisodes(readTauBench(values, DOMAIN));
    if (failedCount > 0) throw new Error(`${failedCount} runs were not imported: ${failed[0]?.message}`);
    const learning = await learningRows(memory);
    const retrieval = await retrievalRows(memory, runs);
    const patterns = await patternRows(memory);
    return { rows: [...retrieval, ...patterns, ...learning], notes: NOTES };
  } finally {
    await memory.close();
    scratch.remove();
  }
}

const NOTES = [
  `R@k: share of the relevant runs among the first k. The library is asked for ${DEPTH + 1} hits, so its MRR ends at rank ${DEPTH}.`,
  'The floor reads the first message, or what user and agent said; the library searches what it stored of a run.',
  'A pattern that was not found has support 0. Its baseline is the published count.',
];

async function retrievalRows(memory: Memory, runs: readonly Run[]): Promise<readonly Row[]> {
  const keys = await keysById(memory);
  const rows: Row[] = [];
  for (const question of QUESTIONS) {
    const found = rankingFigures(await libraryAnswers(memory, runs, { question, keys }));
    const floor = rankingFigures(floorAnswers(runs, question));
    rows.push(...questionRows(question, found, floor));
  }
  return rows;
}

function questionRows(question: Question, found: RankingFigures, floor: RankingFigures): readonly Row[] {
  return FIGURES.flatMap(([figure, label]): readonly Row[] => {
    const published = question.published[figure];
    if (published === undefined) return [];
    return [
      {
        what: `${question.name} (${found.questions}): ${label}`,
        unit: '',
        value: found[figure],
        baseline: { name: 'BM25', value: floor[figure] },
        target: { bound: 'at least', of: 'value', limit: published },
      },
    ];
  });
}

async function libraryAnswers(
  memory: Memory,
  runs: readonly Run[],
  asking: { readonly question: Question; readonly keys: ReadonlyMap<string, string> },
): Promise<readonly RankedAnswer[]> {
  const { question, keys } = asking;
  const answers: RankedAnswer[] = [];
  for (const asked of runs) {
    const { episodes } = await memory.search({ text: question.query(asked), limit: DEPTH + 1 });
    const ranked = episodes.map(({ episode }) => keys.get(episode.id) ?? '').filter((key) => key !== asked.key);
    answers.push({ ranked: ranked.slice(0, DEPTH), relevant: relevantKeys(runs, asked, question) });
  }
  return answers;
}

function floorAnswers(runs: readonly Run[], question: Question): readonly RankedAnswer[] {
  const rank = bm25Floor(runs.map(question.document));
  return runs.map((asked) => {
    const ranked = rank(question.query(asked)).map((index) => runs[index]?.key ?? '');
    return { ranked: ranked.filter((key) => key !== asked.key), relevant: relevantKeys(runs, asked, question) };
  });
}

function relevantKeys(runs: readonly Run[], asked: Run, question: Question): ReadonlySet<string> {
  const relevant = runs.filter((other) => other.key !== asked.key && question.isRelevant(asked, other));
  return new Set(relevant.map(({ key }) => key));
}

async function keysById(memory: Memory): Promise<ReadonlyMap<string, string>> {
  const keys = new Map<string, string>();
  for await (const { id, metadata } of memory.listEpisodes({ domain: DOMAIN })) {
    keys.set(id, runKey(metadata.task_id, metadata.trial));
  }
  return keys;
}

/** Regularities of this data that are known from counting by hand. */
const KNOWN_PATTERNS = [
  { tools: ['get_reservation_details', 'transfer_to_human_agents'], support: 28, successRate: 0.82 },
  { tools: ['search_direct_flight', 'search_onestop_flight'], support: 18, successRate: 0.06 },
  { tools: ['calculate', 'update_reservation_flights'], support: 21, successRate: 0.14 },
  { tools: ['get_reservation_details', 'cancel_reservation'], support: 27, successRate: 0.19 },
] as const;

async function patternRows(memory: Memory): Promise<readonly Row[]> {
  const patterns = await memory.listPatterns({ domain: DOMAIN });
  return KNOWN_PATTERNS.flatMap(({ tools, support, successRate }): readonly Row[] => {
    const what = tools.join(' → ');
    const found = patterns.find(({ pattern }) => pattern.tools.join(' → ') === what);
    const supportRow: Row = {
      what: `${what}: support`,
      unit: '',
      value: found?.pattern.support ?? 0,
      baseline: { name: 'published', value: support },
    };
    if (found === undefined) return [supportRow];
    const rate = { name: 'published', value: successRate };
    return [supportRow, { what: `${what}: success rate`, unit: '', value: found.figures.successRate, baseline: rate }];
  });
}

const MONITOR_MS = 5;

/** Waits until the patterns of all runs are extracted, and watches how long that keeps the event loop. */
async function learningRows(memory: Memory): Promise<readonly Row[]> {
  const delay = monitorEventLoopDelay({ resolution: MONITOR_MS });
  delay.enable();
  const startedMs = performance.now();
  await memory.learnPending();
  const tookMs = performance.now() - startedMs;
  // The monitor learns of a delay when its timer comes late: it must come once more.
  await setTimeout(2 * MONITOR_MS);
  delay.disable();
  // The histogram counts in nanoseconds, and the monitor's own waiting is in it.
  const delayMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - MONITOR_MS);
  return [
    {
      what: 'patterns extracted after the import of 200 runs',
      unit: 'ms',
      value: tookMs,
      target: { bound: 'at most', of: 'value', limit: 1000 },
    },
    {
      what: '… event-loop delay meanwhile, p99',
      unit: 'ms',
      value: delayMs(delay.percentile(99)),
      target: { bound: 'at most', of: 'value', limit: 20 },
    },
  ];
}

interface TauBenchRun {
  readonly task_id: number;
  readonly trial: number;
  readonly reward: number;
  readonly traj: readonly { readonly role: string; readonly content?: string | null }[];
}

function toRun(value: unknown): Run {
  // `isTauBench` has checked the first run; a file that changes its shape further down fails right here.
  const { task_id, trial, reward, traj } = value as TauBenchRun;
  const said = (roles: readonly string[]): readonly string[] =>
    traj.filter(({ role }) => roles.includes(role)).map(({ content }) => content ?? '');
  const userMessages = said(['user']);
  return {
    key: runKey(task_id, trial),
    task: String(task_id),
    isSuccess: reward >= 1,
    firstMessage: userMessages[0] ?? '',
    firstThreeMessages: userMessages.slice(0, 3).join('\n'),
    transcript: said(['user', 'assistant']).join('\n'),
  };
}

function runKey(task: unknown, trial: unknown): string {
  return `${String(task)}/${String(trial)}`;
}
