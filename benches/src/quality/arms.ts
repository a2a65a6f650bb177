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

const ABLATIONS: Readonly<Record<string, Ingredients>> = {
  'without vectors': { ...ALL, hasMeaning: false },
  'without text': { ...ALL, hasText: false },
  'without what attempts say for each other': { ...ALL, hasAttempts: false },
  'without groups': { ...ALL, hasGroups: false },
  'without reward': { ...ALL, hasReward: false },
  'without diversity': { ...ALL, hasDiversity: false },
};

/** The library's ranking with one ingredient less. */
export async function ablations(lab: Lab, question: Question): Promise<readonly Arm[]> {
  const variants = Object.entries(ABLATIONS);
  const ranked: (readonly (readonly string[])[])[] = [];
  for (const asked of question.asked) {
    ranked.push(
      await lab.rankedWithout(
        asked,
        variants.map(([, ingredients]) => ingredients),
      ),
    );
  }
  return variants.map(([name], variant) => ({
    name: `lab, ${name}`,
    answers: question.asked.map((asked, place) => answerOf(asked, ranked[place]?.[variant] ?? [])),
  }));
}

/** The library's own ranking, each question without the episode that asks. */
export async function libraryArm(lab: Lab, question: Question, name = 'library'): Promise<Arm> {
  const answers: RankedAnswer[] = [];
  for (const asked of question.asked) answers.push(answerOf(asked, await lab.ranked(asked, DEPTH)));
  return { name, answers };
}

/**
 * Share of whole searches that answer as the lab says. The episode that asks is forgotten before and brought back after:
 * one that stays would speak for other attempts at its task.
 */
export async function agreement(
  memory: Memory,
  { corpus, lab, every }: { readonly corpus: CorpusOfQuestions; readonly lab: Lab; readonly every: number },
): Promise<number> {
  let [same, all] = [0, 0];
  for (const [place, record] of corpus.records.entries()) {
    if (place % every !== 0) continue;
    const own = record.episode_id ?? '';
    await memory.forget({ ids: [own] });
    for (const question of corpus.questions) {
      const asked = question.asked[place];
      if (asked === undefined) continue;
      const { episodes } = await memory.search({ text: asked.text, limit: DEPTH });
      const found = episodes.map(({ episode }) => episode.id);
      all += 1;
      if (found.join() === (await lab.ranked(asked, DEPTH)).join()) same += 1;
    }
    const { imported } = await memory.importEpisodes([record], { force: true });
    if (imported !== 1) throw new Error(`Episode ${own} did not come back.`);
    await memory.catchUp();
  }
  return same / all;
}

function answerOf({ own, gains, task }: Asked, ranked: readonly string[]): RankedAnswer {
  return { ranked: ranked.filter((id) => id !== own).slice(0, DEPTH), gains, task };
}

/** Fisher and Yates. */
export function shuffled<T>(items: readonly T[], random: () => number): readonly T[] {
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
