// What learning costs: of one episode as it is completed, of many episodes of a scope, and for those who ask meanwhile.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type CompletedEpisode,
  type EpisodeRecord,
  inMemoryStore,
  isTauBench,
  type Learning,
  type Memory,
  openMemory,
  readTauBench,
  type Step,
  type Trace,
} from '@episodica/memory-core';
import { learn, learnScope, minePatterns, taskClusters, traceOf } from '@episodica/memory-core/learning';
import type { MemoryStore, Put } from '@episodica/memory-core/ports';
import { KINDS_OF_TASK, learnableEpisodes, learnableRecords } from '@episodica/test-utils';
import { seededRandom } from './corpus.ts';
import { readDataset } from './dataset.ts';
import { lateness, type Timing, timeAlternating, timeCalls, timeWithTinybench, timingOf } from './measure.ts';
import { openScratchStore } from './scratch-store.ts';
import type { Row, Suite, SuiteOptions, SuiteReport } from './suite.ts';

export const learning: Suite = {
  name: 'learning',
  about: 'Learning from one episode and from many, over generated episodes with four attempts at each task.',
  run,
};

async function run({ isFull }: SuiteOptions): Promise<SuiteReport> {
  const { records, name } = realRuns();
  const found = await recorded(records);
  const rows = [
    ...(await episodeRows(found)),
    ...(await scopeRows(isFull)),
    ...(await extractionRows(found, name)),
    ...(await completionRows()),
    ...(await importRows(isFull ? IMPORTED.full : IMPORTED.usual)),
  ];
  const notes = [
    `Extraction is of ${name}; one episode is the one of them with the most usual number of steps.`,
    'Searches beside learning come one after the other, with 20 ms between them; the program has no vectors to make.',
    ...(isFull ? [] : ['With `--full` 10,000 episodes are mined and imported.']),
  ];
  return { rows, notes };
}

const TRIALS = 4;

/** The runs of tau-bench where they are at hand, or else as many generated ones. */
function realRuns(): { readonly name: string; readonly records: readonly unknown[] } {
  const values = readDataset('tau-bench/gpt-4o-airline.json');
  if (values !== undefined && isTauBench(values)) {
    return { name: '200 runs of tau-bench', records: [...readTauBench(values, 'airline')].map(({ value }) => value) };
  }
  return { name: '200 generated runs (tau-bench is not at hand)', records: generated(200) };
}

function generated(count: number, seed = 1): readonly EpisodeRecord[] {
  return learnableRecords(learnableEpisodes({ tasks: Math.ceil(count / TRIALS), trials: TRIALS, seed }));
}

interface Recorded {
  readonly episode: CompletedEpisode;
  readonly steps: readonly Step[];
}

/** As an import stores them. */
async function recorded(records: readonly unknown[]): Promise<readonly Recorded[]> {
  const store = inMemoryStore();
  const memory = openMemory({ store, embedder: 'none' });
  await memory.importEpisodes(records);
  const steps = new Map<string, Step[]>();
  for await (const step of store.scan('step', {})) {
    const own = steps.get(step.episodeId) ?? [];
    own.push(step);
    steps.set(step.episodeId, own);
  }
  const found: Recorded[] = [];
  for await (const episode of store.scan('episode', {})) {
    if (episode.status === 'completed') found.push({ episode, steps: steps.get(episode.id) ?? [] });
  }
  await memory.close();
  return found;
}

/** Into a store that has not learnt from any of them. */
async function putRecorded(store: MemoryStore, found: readonly Recorded[], learningPending: boolean): Promise<void> {
  for (let start = 0; start < found.length; start += WRITTEN_TOGETHER) {
    const page = found.slice(start, start + WRITTEN_TOGETHER);
    await store.write([
      ...page.map(({ episode }): Put<'episode'> => {
        return { op: 'put', kind: 'episode', value: { ...episode, learningPending } };
      }),
      ...page.flatMap(({ steps }) => steps.map((value): Put<'step'> => ({ op: 'put', kind: 'step', value }))),
    ]);
  }
}

const WRITTEN_TOGETHER = 100;

// One episode

const SIMILAR = 5;

async function episodeRows(found: readonly Recorded[]): Promise<readonly Row[]> {
  const bySteps = found.toSorted((a, b) => a.steps.length - b.steps.length);
  const middle = bySteps[Math.floor(bySteps.length / 2)];
  if (middle === undefined) throw new Error('There is no episode to learn from.');
  const { description, outcome } = middle.episode;
  const alone = { description, outcome, steps: middle.steps, similar: [] };
  const similar = found.slice(0, SIMILAR).map(({ episode }) => episode);
  const learnt = learn(alone);
  const timings = await timeWithTinybench({
    alone: () => learn(alone),
    compared: () => learn({ ...alone, similar }),
    bare: () => bareLearning(learnt),
  });
  const steps = `${middle.steps.length} steps`;
  return [
    episodeRow(`learn from one episode, ${steps}`, timings.get('alone'), timings.get('bare')),
    episodeRow(`… compared with ${SIMILAR} earlier attempts`, timings.get('compared'), timings.get('bare')),
  ];
}

function episodeRow(what: string, timing: Timing | undefined, bare: Timing | undefined): Row {
  if (timing === undefined || bare === undefined) throw new Error(`"${what}" was not measured.`);
  return {
    ...{ what, unit: 'µs', value: timing.medianMs * 1000, p99: timing.p99Ms * 1000 },
    baseline: { name: 'bare object', value: bare.medianMs * 1000 },
  };
}

/** An object of the same fields. */
function bareLearning(learnt: Learning): object {
  const { reward, reflection, quality } = learnt;
  return {
    ...learnt,
    reward: { ...reward, parts: { ...reward.parts } },
    reflection: { ...reflection },
    quality: { ...quality },
  };
}

// Many episodes, as pure computation

const CLUSTERED = [100, 1_000, 2_000];
const MINED = { usual: [200, 2_000], full: [200, 2_000, 10_000] } as const;

async function tracesOf(count: number): Promise<readonly Trace[]> {
  return (await recorded(generated(count))).flatMap(({ episode }) => traceOf(episode) ?? []);
}

async function scopeRows(isFull: boolean): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const all = await tracesOf(Math.max(...CLUSTERED, ...(isFull ? MINED.full : MINED.usual)));
  for (const count of CLUSTERED) {
    const traces = all.slice(0, count);
    const value = timeOnce(() => taskClusters(traces, { scope: {}, clusters: [], clustered: 0 }));
    const baseline = { name: 'words of each with each', value: timeOnce(() => eachWithEach(traces)) };
    rows.push({ what: `kinds of task among ${many(count)} episodes`, unit: 'ms', value, baseline });
  }
  for (const count of isFull ? MINED.full : MINED.usual) {
    const traces = all.slice(0, count);
    const baseline = { name: 'pairs counted', value: timeOnce(() => countedPairs(traces)) };
    const mining = timeOnce(() => minePatterns(traces, new Map()));
    rows.push({ what: `patterns of ${many(count)} episodes`, unit: 'ms', value: mining, baseline });
    const whole = timeOnce(() => learnScope({ scope: {}, traces, clusters: [], clustered: 0 }));
    rows.push({ what: `… all that they teach together`, unit: 'ms', value: whole, baseline });
  }
  return rows;
}

/** The second time: the first one is that of code that nobody has run. */
function timeOnce(work: () => unknown): number {
  work();
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

/** The least that a comparison of all with all would cost: shared words of descriptions, nothing else. */
function eachWithEach(traces: readonly Trace[]): number {
  const words = traces.map(({ description }) => new Set(description.toLowerCase().split(/\W+/u)));
  let shared = 0;
  for (const one of words) for (const other of words) for (const word of one) if (other.has(word)) shared += 1;
  return shared;
}

/** The least that mining would cost: how often each pair of acts stands side by side. */
function countedPairs(traces: readonly Trace[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { steps } of traces) {
    for (const [index, { act }] of steps.entries()) {
      const pair = `${act} ${steps[index + 1]?.act}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  return counts;
}

function many(count: number): string {
  return count.toLocaleString('en');
}

// Many episodes, with the store

async function extractionRows(found: readonly Recorded[], name: string): Promise<readonly Row[]> {
  const scratch = await openScratchStore();
  await putRecorded(scratch.store, found, true);
  const memory = openMemory({ store: scratch.store, embedder: 'none' });
  try {
    let learnt = 0;
    let tookMs = 0;
    const lateMs = await lateness(async () => {
      const startedMs = performance.now();
      learnt = await memory.learnPending();
      tookMs = performance.now() - startedMs;
      await sleep(2 * MONITOR_MS);
    });
    if (learnt !== found.length) throw new Error(`${learnt} of ${found.length} episodes were learnt from.`);
    const { medianMs: againMs } = await timeCalls({ warmup: 1, calls: 5 }, () => memory.learnPending());
    return [
      {
        ...{ what: `all that ${name} teach, stored`, unit: 'ms', value: tookMs },
        baseline: { name: 'again, nothing owed', value: againMs },
        target: { bound: 'at most', of: 'value', limit: 1_000 },
      },
      {
        ...{ what: '… event loop late meanwhile (p99)', unit: 'ms', value: lateMs },
        target: { bound: 'at most', of: 'value', limit: 20 },
      },
    ];
  } finally {
    await memory.close();
    scratch.remove();
  }
}

/** The monitor of the event loop hears of a delay when its timer comes late: it must come once more. */
const MONITOR_MS = 10;

const COMPLETED_BEFORE = 1_000;
const COMPLETIONS = { warmup: 10, calls: 100 };

/** A completion as its caller sees it, durable, beside another durable change of the same episode. */
async function completionRows(): Promise<readonly Row[]> {
  const scratch = await openScratchStore();
  await putRecorded(scratch.store, await recorded(generated(COMPLETED_BEFORE)), false);
  const memory = openMemory({ store: scratch.store });
  try {
    await memory.catchUp();
    const open = await openAttempts(memory, COMPLETIONS.warmup + COMPLETIONS.calls);
    const { first, second } = await timeAlternating(
      COMPLETIONS,
      (index) => memory.completeEpisode(open[index] ?? '', { kind: index % 2 === 0 ? 'success' : 'failure' }),
      (index) => memory.updateEpisode(open[index] ?? '', { tags: { add: ['seen'] } }),
    );
    return [
      {
        what: `complete an episode, ${many(COMPLETED_BEFORE)} in the store`,
        unit: 'ms',
        value: first.medianMs,
        p99: first.p99Ms,
        baseline: { name: 'change its tags', value: second.medianMs },
      },
    ];
  } finally {
    await memory.close();
    scratch.remove();
  }
}

async function openAttempts(memory: Memory, count: number): Promise<readonly string[]> {
  const records = generated(count, 2).slice(0, count);
  const ids: string[] = [];
  for (const { task_description: description, domain, metadata, steps = [] } of records) {
    const [episode] = await memory.createEpisodes([{ description, domain, metadata }]);
    if (episode === undefined) throw new Error('The library did not answer with the new episode.');
    await memory.addSteps(
      episode.id,
      steps.map(({ tool, action, result }) => ({ tool, action, result })),
    );
    ids.push(episode.id);
  }
  return ids;
}

const IMPORTED = { usual: 2_000, full: 10_000 } as const;
const SEARCH_PAUSE_MS = 20;
const QUIET_MS = 3_000;

/** Learning in the background, and what a reader has of it, beside the same reader when nothing is learnt. */
async function importRows(count: number): Promise<readonly Row[]> {
  const scratch = await openScratchStore();
  const memory = openMemory({ store: scratch.store, embedder: 'none' });
  try {
    await memory.search({ text: 'anything' });
    const startedMs = performance.now();
    const receipt = await memory.importEpisodes(generated(count));
    const importedMs = performance.now();
    if (receipt.imported !== count) throw new Error(`${receipt.imported} of ${count} episodes were imported.`);
    const learning = memory.learnPending();
    const busy = await searchesUntil(memory, learning);
    const learntMs = performance.now();
    await memory.catchUp();
    const quiet = await searchesUntil(memory, sleep(QUIET_MS));
    const perSecond = (ms: number): number => count / (ms / 1_000);
    return [
      { what: `episodes imported, of ${many(count)}`, unit: '/s', value: perSecond(importedMs - startedMs) },
      {
        ...{ what: '… and then learnt from together', unit: '/s', value: perSecond(learntMs - importedMs) },
        baseline: { name: 'imported', value: perSecond(importedMs - startedMs) },
      },
      {
        ...{ what: '… event loop late meanwhile (p99)', unit: 'ms', value: busy.lateMs },
        baseline: { name: 'searches alone', value: quiet.lateMs },
        target: { bound: 'at most', of: 'value', limit: 20 },
      },
      {
        ...{ what: '… a search meanwhile', unit: 'ms', value: busy.timing.medianMs, p99: busy.timing.p99Ms },
        baseline: { name: 'nothing learnt', value: quiet.timing.medianMs },
      },
    ];
  } finally {
    await memory.close();
    scratch.remove();
  }
}

/** About one kind of task, in words that its episodes have. */
function question(random: () => number): string {
  const { words = [] } = KINDS_OF_TASK[Math.floor(random() * KINDS_OF_TASK.length)] ?? {};
  return ['order', ...words.filter(() => random() < 0.5)].join(' ');
}

async function searchesUntil(
  memory: Memory,
  ended: Promise<unknown>,
): Promise<{ readonly timing: Timing; readonly lateMs: number }> {
  const random = seededRandom(17);
  const samplesMs: number[] = [];
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  // Should a search fail, that is what is to be told.
  ended.then(end, end);
  const lateMs = await lateness(async () => {
    do {
      const startedMs = performance.now();
      await memory.search({ text: question(random), limit: 5 });
      samplesMs.push(performance.now() - startedMs);
      await sleep(SEARCH_PAUSE_MS);
    } while (!isOver);
    await ended;
  });
  return { timing: timingOf(samplesMs), lateMs };
}
