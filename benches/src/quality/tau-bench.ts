// 200 real runs of an airline agent, 50 tasks tried four times, and what to find among them.
import { type EpisodeRecord, isTauBench, readTauBench } from '@episodica/memory-core';
import { datasetFolder, readDataset } from '../dataset.ts';
import { type CorpusOfQuestions, gainsOf } from './corpus-of-questions.ts';

export const TAU_BENCH_FILE = 'tau-bench/gpt-4o-airline.json';
export const TAU_BENCH_DOMAIN = 'airline';

/** One run, as the questions see it. */
interface Run {
  readonly id: string;
  readonly task: string;
  readonly isSuccess: boolean;
  readonly firstMessage: string;
  readonly firstThreeMessages: string;
  /** What user and agent said. */
  readonly transcript: string;
}

/** `undefined` where the data folder does not have it. */
export function tauBench(): CorpusOfQuestions | undefined {
  const values = readDataset(TAU_BENCH_FILE);
  if (values === undefined) return undefined;
  if (!isTauBench(values)) throw new Error(`${TAU_BENCH_FILE} in ${datasetFolder()} is not a tau-bench result file.`);
  // The reader gives records; what it could not read is refused by the import that follows.
  const records = [...readTauBench(values, TAU_BENCH_DOMAIN)].map(({ value }) => value as EpisodeRecord);
  const runs = values.map((value, index) => toRun(value, records[index]?.episode_id ?? ''));
  return { name: 'tau-bench', records, questions: questionsAbout(runs) };
}

function questionsAbout(runs: readonly Run[]): CorpusOfQuestions['questions'] {
  const isSame = (own: Run, other: Run): boolean => own.task === other.task;
  const ask = (text: (run: Run) => string, isRight: (own: Run, other: Run) => boolean) =>
    runs.map((run) => ({
      own: run.id,
      text: text(run),
      gains: gainsOf(run, runs, (other) => Number(isRight(run, other))),
      task: run.task,
      topics: [run.task],
      category: outcomesOf(run, runs),
    }));
  return [
    {
      name: 'first message → same task',
      documents: runs.map(({ firstMessage }) => firstMessage),
      asked: ask(({ firstMessage }) => firstMessage, isSame),
      figures: [
        { figure: 'R@5', floor: 0.663, target: 0.8 },
        { figure: 'R@10', floor: 0.74 },
        { figure: 'hit@1', floor: 0.695 },
      ],
    },
    {
      name: 'first 3 messages → same task',
      documents: runs.map(({ transcript }) => transcript),
      asked: ask(({ firstThreeMessages }) => firstThreeMessages, isSame),
      figures: [
        { figure: 'R@5', floor: 0.917, target: 0.95 },
        { figure: 'R@10', floor: 0.977 },
        { figure: 'hit@1', floor: 0.88 },
      ],
    },
    {
      name: 'first message → same task, succeeded',
      documents: runs.map(({ firstMessage }) => firstMessage),
      asked: ask(
        ({ firstMessage }) => firstMessage,
        (own, other) => isSame(own, other) && other.isSuccess,
      ),
      figures: [
        { figure: 'hit@1', floor: 0.409, target: 0.6 },
        { figure: 'MRR', floor: 0.579 },
      ],
    },
  ];
}

function outcomesOf({ task }: Run, runs: readonly Run[]): string {
  const attempts = runs.filter((run) => run.task === task);
  if (attempts.every(({ isSuccess }) => isSuccess)) return 'tasks that always pass';
  return attempts.some(({ isSuccess }) => isSuccess) ? 'tasks with both outcomes' : 'tasks that always fail';
}

interface TauBenchRun {
  readonly task_id: number;
  readonly reward: number;
  readonly traj: readonly { readonly role: string; readonly content?: string | null }[];
}

function toRun(value: unknown, id: string): Run {
  // `isTauBench` has checked the first run; a file that changes its shape further down fails right here.
  const { task_id, reward, traj } = value as TauBenchRun;
  const said = (roles: readonly string[]): readonly string[] =>
    traj.filter(({ role }) => roles.includes(role)).map(({ content }) => content ?? '');
  const userMessages = said(['user']);
  return {
    id,
    task: String(task_id),
    isSuccess: reward >= 1,
    firstMessage: userMessages[0] ?? '',
    firstThreeMessages: userMessages.slice(0, 3).join('\n'),
    transcript: said(['user', 'assistant']).join('\n'),
  };
}
