// Ways to answer a question, from chance to the whole library, each without the episode that asks.
import type { Memory } from '@episodica/memory-core';
import { seededRandom } from '../corpus.ts';
import { bm25Floor } from './bm25-floor.ts';
import type { Asked, CorpusOfQuestions, Question } from './corpus-of-questions.ts';
import { ALL, type Ingredients, type Lab } from './lab.ts';
import type { RankedAnswer } from './ranking.ts';

export interface Arm {
  readonly name: string;
  readonly answers: readonly RankedAnswer[];
}

const DEPTH = 10;

/** Arms that are no part of the library: chance, the newest first, textbook BM25. */
export function plainArms(corpus: CorpusOfQuestions, question: Question): readonly Arm[] {
  const ids = corpus.records.map(({ episode_id }) => episode_id ?? '');
  const random = seededRandom(2);
  const floor = bm25Floor(question.documents);
  const newest = ids.toReversed();
  const ranks: Readonly<Record<string, (asked: Asked) => readonly string[]>> = {
    random: () => shuffled(ids, random),
    recency: () => newest,
    BM25: ({ text }) => floor(text).map((index) => ids[index] ?? ''),
  };
  return Object.entries(ranks).map(([name, rank]) => ({
    name,
    answers: question.asked.map((asked) => answerOf(asked, rank(asked))),
  }));
}

const LAB_ARMS: Readonly<Record<string, Ingredients>> = {
  all: ALL,
  'without vectors': { ...ALL, hasMeaning: false },
  'without text': { ...ALL, hasText: false },
  'without what attempts say for each other': { ...ALL, hasAttempts: false },
  'without groups': { ...ALL, hasGroups: false },
  'without reward': { ...ALL, hasReward: false },
  'without diversity': { ...ALL, hasDiversity: false },
  'vectors alone': {
    hasText: false,
    hasMeaning: true,
    hasAttempts: false,
    hasReward: false,
    hasGroups: false,
    hasDiversity: false,
  },
};

/** The pipeline of the library over signals made in memory, whole and with one ingredient less. */
export async function labArms(lab: Lab, question: Question): Promise<readonly Arm[]> {
  const answers = new Map<string, RankedAnswer[]>(Object.keys(LAB_ARMS).map((name) => [name, []]));
  for (const asked of question.asked) {
    const found = await lab.signalsOf(asked);
    for (const [name, ingredients] of Object.entries(LAB_ARMS)) {
      answers.get(name)?.push(answerOf(asked, lab.rank(found, ingredients)));
    }
  }
  return [...answers].map(([name, own]) => ({ name, answers: own }));
}

/**
 * The library itself over its store, each question without the episode that asks: it is forgotten before and brought
 * back after. One that stays would speak for other attempts at its task.
 */
export async function libraryAnswers(
  memory: Memory,
  corpus: CorpusOfQuestions,
): Promise<ReadonlyMap<Question, readonly RankedAnswer[]>> {
  const answers = new Map<Question, RankedAnswer[]>(corpus.questions.map((question) => [question, []]));
  for (const [index, record] of corpus.records.entries()) {
    const id = record.episode_id ?? '';
    await memory.forget({ ids: [id] });
    for (const [question, own] of answers) {
      const asked = question.asked[index];
      if (asked === undefined) continue;
      const { episodes } = await memory.search({ text: asked.text, limit: DEPTH });
      own.push(
        answerOf(
          asked,
          episodes.map(({ episode }) => episode.id),
        ),
      );
    }
    const { imported } = await memory.importEpisodes([record], { force: true });
    if (imported !== 1) throw new Error(`Episode ${id} did not come back.`);
  }
  return answers;
}

function answerOf({ own, gains, task }: Asked, ranked: readonly string[]): RankedAnswer {
  return { ranked: ranked.filter((id) => id !== own).slice(0, DEPTH), gains, task };
}

/** Fisher and Yates. */
function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
  const order = [...items];
  for (let index = order.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    const [a, b] = [order[index], order[other]];
    if (a === undefined || b === undefined) continue;
    order[index] = b;
    order[other] = a;
  }
  return order;
}
