// Questions of this project's own, for machines without the data folder: tasks in other words, and tasks tried thrice.
import { readFileSync } from 'node:fs';
import { contentId, type EpisodeRecord } from '@episodica/memory-core';
import { generatedEpisode, generatedStep, seededRandom } from '../corpus.ts';
import { type CorpusOfQuestions, gainsOf } from './corpus-of-questions.ts';

/** Pairs of tasks that mean the same and share hardly a word: each asks for the other. */
export function paraphrases(): CorpusOfQuestions {
  const file = new URL('../../data/paraphrases.json', import.meta.url);
  // The file is part of this package: pairs of texts.
  const pairs = JSON.parse(readFileSync(file, 'utf8')) as readonly (readonly [string, string])[];
  const tasks = pairs.flatMap((texts, pair) =>
    texts.map((text, side) => ({ id: contentId(`paraphrase ${pair} ${side}`), text, pair: String(pair) })),
  );
  return {
    name: 'paraphrases',
    records: tasks.map(({ id, text }) => endedRecord({ id, description: text, isSuccess: true })),
    questions: [
      {
        name: 'a task → the same in other words',
        documents: tasks.map(({ text }) => text),
        asked: tasks.map((task) => ({
          own: task.id,
          text: task.text,
          gains: gainsOf(task, tasks, ({ pair }) => Number(pair === task.pair)),
          task: task.pair,
          topics: [task.pair],
          category: 'all',
        })),
        figures: [{ figure: 'hit@1' }, { figure: 'R@5' }],
      },
    ],
  };
}

const TASKS = 40;
const ATTEMPTS = 3;

/** Generated tasks, each tried three times in other words at the same files; one attempt succeeded. */
export function repeatedTasks(): CorpusOfQuestions {
  const random = seededRandom(7);
  const attempts = Array.from({ length: TASKS }, (_, task) => {
    const { description } = generatedEpisode(random);
    const steps = Array.from({ length: 3 }, () => generatedStep(random));
    return Array.from({ length: ATTEMPTS }, (_, attempt) => ({
      id: contentId(`repeated ${task} ${attempt}`),
      task: String(task),
      isSuccess: attempt === Math.floor(random() * ATTEMPTS),
      description: description
        .split(' ')
        .filter(() => random() < 0.6)
        .join(' '),
      steps: [...steps, generatedStep(random)],
    }));
  }).flat();
  return {
    name: 'repeated tasks',
    records: attempts.map(endedRecord),
    questions: [
      {
        name: 'a task → an attempt that succeeded',
        documents: attempts.map(({ description }) => description),
        asked: attempts.map((attempt) => ({
          own: attempt.id,
          text: attempt.description,
          gains: gainsOf(attempt, attempts, ({ task, isSuccess }) => Number(isSuccess && task === attempt.task)),
          task: attempt.task,
          topics: [attempt.task],
          category: 'all',
        })),
        figures: [{ figure: 'hit@1' }, { figure: 'MRR' }],
      },
    ],
  };
}

function endedRecord({
  id,
  description,
  isSuccess,
  steps = [],
}: {
  readonly id: string;
  readonly description: string;
  readonly isSuccess: boolean;
  readonly steps?: readonly ReturnType<typeof generatedStep>[];
}): EpisodeRecord {
  return {
    episode_id: id,
    task_description: description,
    task_type: 'other',
    steps: steps.map(({ tool, action, parameters, result }) => ({ tool, action, parameters, result })),
    outcome: isSuccess ? { kind: 'success', artifacts: [] } : { kind: 'failure', reason: 'it did not hold' },
  };
}
