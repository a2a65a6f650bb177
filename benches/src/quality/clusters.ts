// Whether the kinds of task that are found are those that people made: tool sets of tau-bench, skills of the OS tasks.
import {
  type EpisodeRecord,
  inMemoryStore,
  isTauBench,
  openMemory,
  readTauBench,
  type Trace,
} from '@episodica/memory-core';
import { type Clustering, nearestCluster, taskClusters, traceOf } from '@episodica/memory-core/learning';
import { readDataset } from '../dataset.ts';
import type { Row } from '../suite.ts';
import { adjustedRandIndex, vMeasure } from './agreement.ts';
import { kMeans, kMeansBySilhouette } from './k-means.ts';
import { osTasks } from './os-tasks.ts';
import { TAU_BENCH_DOMAIN, TAU_BENCH_FILE } from './tau-bench.ts';

/** Empty where the data is absent. */
export async function clusterRows(): Promise<readonly Row[]> {
  return [...(await tauBenchRows()), ...(await osTaskRows())];
}

const NEW = { scope: {}, clusters: [], clustered: 0 };

/** A trace and what people say that its task is. */
interface Known {
  readonly trace: Trace;
  readonly truth: string;
}

async function tauBenchRows(): Promise<readonly Row[]> {
  const values = readDataset(TAU_BENCH_FILE);
  if (values === undefined || !isTauBench(values)) return [];
  // The reader gives records; what it could not read is refused by the import.
  const records = [...readTauBench(values, TAU_BENCH_DOMAIN)].map(({ value }) => value as EpisodeRecord);
  const traces = await tracesOf(records);
  const runs = traces.map((trace, index): Known => ({ trace, truth: goldTools(values[index]) }));
  const kinds = new Set(runs.map(({ truth }) => truth)).size;
  const bags = bagsOf(runs);
  const best = kMeans(bags, kinds).map(String);
  const counts = Array.from({ length: kinds - 1 }, (_, index) => index + 2);
  const bySilhouette = kMeansBySilhouette(bags, counts).map(String);
  const floors: readonly Floor[] = [
    { name: 'k-means, 26', groups: best },
    { name: 'k-means, k by silhouette', groups: bySilhouette },
    { name: 'k-means, 26, attempts together', groups: together(runs, best) },
    { name: 'k-means, k by silhouette, attempts together', groups: together(runs, bySilhouette) },
  ];
  const without = (less: Partial<Trace>): readonly Known[] =>
    runs.map(({ trace, truth }) => ({ trace: { ...trace, ...less }, truth }));
  const alone = runs.map(({ trace, truth }) => ({ trace: { ...trace, task: trace.episodeId }, truth }));
  return [
    ...agreementRows('tau-bench', runs, floors),
    ...agreementRows('tau-bench, tasks not known', alone, floors.slice(0, 2)),
    ...agreementRows('tau-bench, text only', without({ steps: [] }), floors.slice(0, 1)),
    ...agreementRows('tau-bench, tools only', without({ description: '' }), floors.slice(0, 1)),
    ...askedRows(runs),
  ];
}

/** Another way to group the same episodes. */
interface Floor {
  readonly name: string;
  readonly groups: readonly string[];
}

function agreementRows(what: string, known: readonly Known[], floors: readonly Floor[]): readonly Row[] {
  const { clusterOf, clusters, noise } = taskClusters(
    known.map(({ trace }) => trace),
    NEW,
  );
  const truth = known.map((of) => of.truth);
  // What is in no kind stands alone.
  const found = known.map(({ trace }) => clusterOf.get(trace.episodeId) ?? trace.episodeId);
  const isIn = known.map(({ trace }) => clusterOf.has(trace.episodeId));
  const within = (names: readonly string[]): readonly string[] => names.filter((_, index) => isIn[index]);
  const rowsBeside = (figure: string, figureOf: (groups: readonly string[]) => number): readonly Row[] =>
    floors.map(({ name, groups }) => ({
      what: `${what}: ${figure}`,
      unit: '',
      value: figureOf(found),
      baseline: { name, value: figureOf(groups) },
    }));
  return [
    ...rowsBeside('adjusted Rand index', (groups) => adjustedRandIndex(truth, groups)),
    ...rowsBeside('V-measure', (groups) => vMeasure(truth, groups)),
    ...rowsBeside('adjusted Rand index of those in kinds', (groups) =>
      adjustedRandIndex(within(truth), within(groups)),
    ),
    { what: `${what}: share in no kind`, unit: '', value: noise },
    { what: `${what}: kinds`, unit: '', value: clusters.length },
  ];
}

/** Kinds are found without the last attempt at each task; then its first words alone must name the kind of the task. */
function askedRows(runs: readonly Known[]): readonly Row[] {
  const last = new Map(runs.map((run) => [run.trace.task, run]));
  const earlier = runs.filter((run) => last.get(run.trace.task) !== run);
  const found = taskClusters(
    earlier.map(({ trace }) => trace),
    NEW,
  );
  const asked = [...last.values()].flatMap(({ trace }) => {
    const of = earlier.find((run) => run.trace.task === trace.task);
    const right = found.clusterOf.get(of?.trace.episodeId ?? '');
    const { description, taskType } = trace;
    return [{ right, named: nearestCluster({ description, taskType }, found.clusters)?.cluster.id }];
  });
  const inKind = asked.filter(({ right }) => right !== undefined);
  const named = asked.filter((of) => of.named !== undefined);
  const largest = Math.max(...found.clusters.map(({ id }) => asked.filter(({ right }) => right === id).length));
  return [
    {
      what: 'tau-bench, a task asked anew: the kind named is right',
      unit: '',
      value: named.filter((of) => of.named === of.right).length / named.length,
      baseline: { name: 'always the largest', value: largest / asked.length },
    },
    {
      what: '… of tasks of a kind, a kind is named',
      unit: '',
      value: inKind.filter((of) => of.named !== undefined).length / inKind.length,
    },
  ];
}

async function osTaskRows(): Promise<readonly Row[]> {
  const corpus = osTasks({ hasSteps: true });
  const question = corpus?.questions[0];
  if (corpus === undefined || question === undefined) return [];
  const traces = await tracesOf(corpus.records);
  const known = traces.map(
    (trace, index): Known => ({ trace, truth: JSON.stringify(question.asked[index]?.topics ?? []) }),
  );
  const found: Clustering = taskClusters(traces, NEW);
  const groups = traces.map(({ episodeId }) => found.clusterOf.get(episodeId) ?? episodeId);
  return [
    {
      what: 'OS tasks: skills in common within a kind',
      unit: '',
      value: sharedWithin(known, groups),
      baseline: {
        name: 'k-means, as many',
        value: sharedWithin(known, kMeans(bagsOf(known), found.clusters.length).map(String)),
      },
    },
    {
      what: '… of any two tasks',
      unit: '',
      value: sharedWithin(
        known,
        known.map(() => 'all'),
      ),
    },
    { what: 'OS tasks: share in no kind', unit: '', value: found.noise },
    { what: 'OS tasks: kinds', unit: '', value: found.clusters.length },
  ];
}

/** As the library holds them after an import. */
async function tracesOf(records: readonly EpisodeRecord[]): Promise<readonly Trace[]> {
  const store = inMemoryStore();
  const memory = openMemory({ store });
  const { failed, failedCount } = await memory.importEpisodes(records);
  if (failedCount > 0) throw new Error(`${failedCount} episodes were not imported: ${failed[0]?.message}`);
  const ids = records.map(({ episode_id }) => episode_id ?? '');
  const episodes = await store.getMany('episode', ids);
  await memory.close();
  return episodes.flatMap((episode) => {
    const trace = episode?.status === 'completed' ? traceOf(episode) : undefined;
    return trace ?? [];
  });
}

function goldTools(value: unknown): string {
  // `isTauBench` has checked the first run; a file that changes its shape further down fails right here.
  const run = value as { readonly info: { readonly task: { readonly actions: readonly { readonly name: string }[] } } };
  return [...new Set(run.info.task.actions.map(({ name }) => name))].sort().join(' ');
}

/** How often each run used each tool, of length 1 together. */
function bagsOf(runs: readonly Known[]): readonly (readonly number[])[] {
  const acts = [...new Set(runs.flatMap(({ trace }) => trace.steps.map(({ act }) => act)))].sort();
  return runs.map(({ trace }) => {
    const counts = acts.map((act) =>
      trace.steps.reduce((sum, step) => sum + (step.act === act ? (step.times ?? 1) : 0), 0),
    );
    const length = Math.hypot(...counts);
    return length === 0 ? counts : counts.map((count) => count / length);
  });
}

/** Attempts at one task in that group which most of them are in, as the library has it. */
function together(runs: readonly Known[], groups: readonly string[]): readonly string[] {
  return runs.map(({ trace }) => {
    const counts = new Map<string, number>();
    for (const [index, other] of runs.entries()) {
      const group = groups[index] ?? '';
      if (other.trace.task === trace.task) counts.set(group, (counts.get(group) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]?.[0] ?? '';
  });
}

/** The mean of Jaccard's index of the skills of two tasks, over all pairs in one group. */
function sharedWithin(known: readonly Known[], groups: readonly string[]): number {
  const skills = known.map(({ truth }) => new Set<string>(JSON.parse(truth)));
  let [sum, pairs] = [0, 0];
  for (const [index, own] of skills.entries()) {
    for (let other = 0; other < index; other += 1) {
      if (groups[other] !== groups[index]) continue;
      const others = skills[other] ?? own;
      const shared = [...own].filter((skill) => others.has(skill)).length;
      sum += shared / (own.size + others.size - shared);
      pairs += 1;
    }
  }
  return sum / pairs;
}
