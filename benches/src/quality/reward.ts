// Whether what the steps show of an episode tells how it really ended, when nobody says how it ended.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type EpisodeRecord, inMemoryStore, openMemory } from '@episodica/memory-core';
import { seededRandom } from '../corpus.ts';
import type { Row, SuiteReport } from '../suite.ts';
import { tauBench } from './tau-bench.ts';

/** A run, how it really ended, and what is said of it. */
interface Judged {
  /** Runs of one task of tau-bench, and those of the own corpus that were worked on in one way, are drawn together. */
  readonly group: string;
  readonly isSolved: boolean;
  readonly scores: Readonly<Record<Score, number>>;
}

type Steps = NonNullable<EpisodeRecord['steps']>;

/** `evidence`: the parts of the reward beside the outcome. `waste`: how few of its steps came to nothing. */
type Score = 'evidence' | 'verification' | 'recovery' | 'waste' | 'rule';

/** On the project's own recorded runs, and on tau-bench where it is there. */
export async function rewardReport(): Promise<SuiteReport> {
  const own = await judged(ownRuns(), {
    isSolved: ({ metadata }) => metadata?.is_solved === true,
    rule: endsWithExitZero,
  });
  const corpus = tauBench();
  const airline =
    corpus &&
    (await judged(corpus.records, { isSolved: ({ outcome }) => outcome?.kind === 'success', rule: hasNoError }));
  return {
    rows: [
      ...rowsOf(own, {
        name: 'judged runs',
        rule: 'last exit code is 0',
        shown: ['evidence', 'verification', 'recovery', 'waste'],
      }),
      ...(airline === undefined
        ? []
        : rowsOf(airline, { name: 'tau-bench', rule: 'no tool error', shown: ['evidence', 'recovery', 'waste'] })),
    ],
    notes: [
      `AUC: how often a run that was solved is put before one that was not, ties half (Mann–Whitney; ${own.length} judged runs, ` +
        `${own.filter(({ isSolved }) => isSolved).length} solved). [from – to]: 95 % bootstrap intervals over ways of`,
      'working, and on tau-bench over tasks. Nobody tells the outcome: what the steps show is verification + efficiency + recovery.',
      'Which ways of working there are, and how often, was chosen and not observed. What is shown of each:',
      ...waysText(own),
    ],
  };
}

function ownRuns(): readonly EpisodeRecord[] {
  const file = fileURLToPath(new URL('../../corpus/judged-runs.jsonl', import.meta.url));
  // The recorder beside the file wrote each line as a record; what is none is refused by the import.
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EpisodeRecord);
}

interface Judging {
  readonly isSolved: (record: EpisodeRecord) => boolean;
  readonly rule: (steps: Steps) => boolean;
}

async function judged(records: readonly EpisodeRecord[], { isSolved, rule }: Judging): Promise<readonly Judged[]> {
  const memory = openMemory({ store: inMemoryStore() });
  try {
    const untold = records.map(({ episode_id: _, ...record }, number) => {
      return { ...record, metadata: { ...record.metadata, number }, outcome: { kind: 'abstained' } as const };
    });
    const { failed, failedCount } = await memory.importEpisodes(untold);
    if (failedCount > 0) throw new Error(`${failedCount} runs were not imported: ${failed[0]?.message}`);
    const found: Judged[] = [];
    for await (const episode of memory.listEpisodes({ status: 'completed' })) {
      const record = records[Number(episode.metadata.number)];
      if (record === undefined || episode.status !== 'completed') continue;
      const { parts, waste = 0 } = episode.reward;
      const { verification, efficiency = 0, recovery } = parts;
      const { task_id, way } = record.metadata ?? {};
      found.push({
        group: String(way ?? task_id),
        isSolved: isSolved(record),
        scores: {
          evidence: verification + efficiency + recovery,
          verification,
          recovery,
          waste: -waste,
          rule: rule(record.steps ?? []) ? 1 : 0,
        },
      });
    }
    return found;
  } finally {
    await memory.close();
  }
}

function endsWithExitZero(steps: Steps): boolean {
  return steps.findLast(({ tool }) => tool === 'bash')?.result?.type === 'success';
}

function hasNoError(steps: Steps): boolean {
  return steps.every(({ result }) => result?.type === 'success');
}

const NAMES: Readonly<Record<Exclude<Score, 'rule'>, string>> = {
  evidence: 'what the steps show',
  verification: '… its checks alone',
  recovery: '… its recovery alone',
  waste: '… its share of steps that came to nothing alone',
};

function rowsOf(
  runs: readonly Judged[],
  asked: { readonly name: string; readonly rule: string; readonly shown: readonly Exclude<Score, 'rule'>[] },
): readonly Row[] {
  const baseline = { name: asked.rule, value: auc(runs, 'rule') };
  const rows = asked.shown.map((score): Row => {
    const [from, to] = interval(runs, (drawn) => auc(drawn, score));
    const what = `${asked.name}: AUC of ${NAMES[score]} [${from.toFixed(2)} – ${to.toFixed(2)}]`;
    return { what, unit: '', value: auc(runs, score), baseline };
  });
  const [from, to] = interval(runs, (drawn) => auc(drawn, 'evidence') - auc(drawn, 'rule'));
  return [
    ...rows,
    {
      what: `${asked.name}: AUC of what the steps show less that of the rule [${from.toFixed(2)} – ${to.toFixed(2)}]`,
      unit: '',
      value: auc(runs, 'evidence') - auc(runs, 'rule'),
    },
  ];
}

/**
 * The area under the ROC curve as Mann & Whitney's U (1947) over the number of pairs: how often one that was solved is put
 * before one that was not, ties half.
 */
function auc(runs: readonly Judged[], score: Score): number {
  const of = (isSolved: boolean): readonly number[] =>
    runs.filter((run) => run.isSolved === isSolved).map(({ scores }) => scores[score]);
  const [solved, unsolved] = [of(true), of(false)];
  let wins = 0;
  for (const good of solved) for (const bad of unsolved) wins += good > bad ? 1 : good === bad ? 0.5 : 0;
  return wins / (solved.length * unsolved.length);
}

const RESAMPLES = 1_000;

/** Bounds that hold 95 of 100 figures when groups are drawn again, with repeats: runs of one are no independent witnesses. */
function interval(runs: readonly Judged[], figure: (runs: readonly Judged[]) => number): readonly [number, number] {
  const drawn = [...groups(runs).values()];
  const random = seededRandom(1);
  const figures = Array.from({ length: RESAMPLES }, () =>
    figure(drawn.flatMap(() => drawn[Math.floor(random() * drawn.length)] ?? [])),
  )
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  return [figures[Math.floor(figures.length * 0.025)] ?? 0, figures[Math.floor(figures.length * 0.975)] ?? 0];
}

function groups(runs: readonly Judged[]): ReadonlyMap<string, readonly Judged[]> {
  const found = new Map<string, Judged[]>();
  for (const run of runs) found.set(run.group, [...(found.get(run.group) ?? []), run]);
  return found;
}

/** What is shown of each way of working, the best first. */
function waysText(runs: readonly Judged[]): readonly string[] {
  const ways = [...groups(runs)].map(([way, found]) => {
    const mean = found.reduce((sum, { scores }) => sum + scores.evidence, 0) / found.length;
    return { way, mean, solved: found.filter(({ isSolved }) => isSolved).length, all: found.length };
  });
  return ways
    .sort((a, b) => b.mean - a.mean)
    .map(({ way, mean, solved, all }) => `${mean.toFixed(3)}  ${way}: ${solved} of ${all} solved`);
}
