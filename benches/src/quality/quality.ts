// How well the right experience is found, beside textbook BM25 and chance in the same run, and what each source adds.
import { openMemory } from '@episodica/memory-core';
import { datasetFolder } from '../dataset.ts';
import { openScratchStore } from '../scratch-store.ts';
import type { Row, Suite, SuiteReport } from '../suite.ts';
import { type Arm, labArms, libraryAnswers, plainArms } from './arms.ts';
import type { CorpusOfQuestions, Question, QuestionFigure } from './corpus-of-questions.ts';
import { type Lab, openLab } from './lab.ts';
import { learningRows, patternRows } from './learning.ts';
import { osTasks } from './os-tasks.ts';
import { paraphrases, repeatedTasks } from './own-corpus.ts';
import { intervalOf, meanOf, type RankedAnswer } from './ranking.ts';
import { tauBench } from './tau-bench.ts';

export const quality: Suite = {
  name: 'quality',
  about:
    'Each episode asks for the others that help with its task, and is itself left out. Baseline: plain BM25 of this run.\n' +
    '"library": whole searches over a real store. "lab": the same pure functions over signals in memory, less one thing.',
  run,
};

const NOTES = [
  'R@k: share of the right answers among the first k. Means over questions that have a right answer; [from – to]: 95 %',
  'bootstrap intervals over tasks. The floor reads what the question names; the library searches what it stored.',
  'A pattern that was not found has support 0. Its baseline is the published count.',
];

async function run({ isFull }: { readonly isFull: boolean }): Promise<SuiteReport> {
  const rows: Row[] = [];
  const labs: { readonly corpus: CorpusOfQuestions; readonly answered: (text: string) => Promise<boolean> }[] = [];
  const present = [tauBench(), osTasks({ hasSteps: false }), isFull ? osTasks({ hasSteps: true }) : undefined];
  const absent = `Not measured: ${datasetFolder()} lacks tau-bench or the OS tasks. Set MEMORY_DATASETS to the folder that has them.`;
  for (const corpus of [...present, paraphrases(), repeatedTasks()]) {
    if (corpus === undefined) continue;
    const scratch = await openScratchStore();
    const memory = openMemory({ store: scratch.store });
    try {
      const { failed, failedCount } = await memory.importEpisodes(corpus.records);
      if (failedCount > 0) throw new Error(`${failedCount} episodes were not imported: ${failed[0]?.message}`);
      if (corpus.name === 'tau-bench') rows.push(...(await learningRows(memory)), ...(await patternRows(memory)));
      const ids = corpus.records.map(({ episode_id }) => episode_id ?? '');
      const lab = await openLab(scratch.store, ids);
      labs.push({ corpus, answered: async (text) => lab.isAnswered(await lab.signalsOf({ own: undefined, text })) });
      const found = await libraryAnswers(memory, corpus);
      for (const question of corpus.questions) {
        rows.push(...(await questionRows(corpus, question, { lab, library: found.get(question) ?? [] })));
      }
    } finally {
      await memory.close();
      scratch.remove();
    }
  }
  rows.push(...(await abstentionRows(labs)));
  return { rows, notes: present[0] === undefined || present[1] === undefined ? [absent, ...NOTES] : NOTES };
}

async function questionRows(
  corpus: CorpusOfQuestions,
  question: Question,
  { lab, library }: { readonly lab: Lab; readonly library: readonly RankedAnswer[] },
): Promise<readonly Row[]> {
  const plain = plainArms(corpus, question);
  const floor = plain.find(({ name }) => name === 'BM25')?.answers ?? [];
  const inLab = (await labArms(lab, question)).map(({ name, answers }) => ({ name: `lab, ${name}`, answers }));
  const arms: readonly Arm[] = [{ name: 'library', answers: library }, ...plain, ...inLab];
  const rows = question.figures.flatMap((figure) =>
    arms.map((arm) => figureRow(`${corpus.name}: ${question.name}`, arm, { figure, floor })),
  );
  const [main] = question.figures;
  return main === undefined ? rows : [...rows, ...categoryRows(question, { main, library, floor })];
}

function figureRow(
  what: string,
  { name, answers }: Arm,
  { figure, floor }: { readonly figure: QuestionFigure; readonly floor: readonly RankedAnswer[] },
): Row {
  const [from, to] = intervalOf(figure.figure, answers);
  const bound = figure.target ?? figure.floor;
  const isJudged = name === 'library' && bound !== undefined;
  return {
    what: `${what}: ${figure.figure}, ${name} [${from.toFixed(2)} – ${to.toFixed(2)}]`,
    unit: '',
    value: meanOf(figure.figure, answers),
    baseline: { name: 'BM25', value: meanOf(figure.figure, floor) },
    ...(isJudged ? { target: { bound: 'at least', of: 'value', limit: bound } } : {}),
  };
}

/** Questions of a category that are too few to say anything are left out. */
const MIN_QUESTIONS = 20;

/** The library beside the floor in each category: nowhere below it. */
function categoryRows(
  { name, asked }: Question,
  measured: {
    readonly main: QuestionFigure;
    readonly library: readonly RankedAnswer[];
    readonly floor: readonly RankedAnswer[];
  },
): readonly Row[] {
  const { main, library, floor } = measured;
  return [...new Set(asked.map(({ category }) => category))].flatMap((category): readonly Row[] => {
    const isIn = (_: RankedAnswer, index: number): boolean => {
      const question = asked[index];
      return question?.category === category && question.gains.size > 0;
    };
    const found = library.filter(isIn);
    if (found.length < MIN_QUESTIONS || found.length === library.length) return [];
    return [
      {
        what: `… ${name}, ${category} (${found.length}): ${main.figure}, library`,
        unit: '',
        value: meanOf(main.figure, found),
        baseline: { name: 'BM25', value: meanOf(main.figure, floor.filter(isIn)) },
        target: { bound: 'at least', of: 'difference', limit: 0 },
      },
    ];
  });
}

/** Questions about what a store knows are answered, and those about another world are not. */
async function abstentionRows(
  labs: readonly { readonly corpus: CorpusOfQuestions; readonly answered: (text: string) => Promise<boolean> }[],
): Promise<readonly Row[]> {
  const worlds = labs.filter(({ corpus }) => corpus.name === 'tau-bench' || corpus.name === 'OS tasks');
  const rows: Row[] = [];
  for (const { corpus, answered } of worlds) {
    for (const other of worlds) {
      if (other.corpus === corpus) continue;
      const texts = (other.corpus.questions[0]?.asked ?? []).map(({ text }) => text);
      const answers = await Promise.all(texts.map(answered));
      rows.push({
        what: `questions of ${other.corpus.name} asked of ${corpus.name}: share abstained from, lab`,
        unit: '',
        value: answers.filter((isAnswered) => !isAnswered).length / answers.length,
        target: { bound: 'at least', of: 'value', limit: 0.95 },
      });
    }
  }
  return rows;
}
