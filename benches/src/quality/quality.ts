// How well the right experience is found, beside textbook BM25 and chance in the same run, and what each source adds.
import { type Episode, openMemory } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import {
  type Calibration,
  DEFAULT_TRUST,
  LEXICAL_NOISE,
  LEXICAL_TRUST,
  lexicalEmbedder,
} from '@episodica/memory-core/retrieval';
import { datasetFolder } from '../dataset.ts';
import { openScratchStore } from '../scratch-store.ts';
import type { Row, Suite, SuiteReport } from '../suite.ts';
import { type Arm, ablations, agreement, libraryArm, plainArms } from './arms.ts';
import type { CorpusOfQuestions, Question, QuestionFigure } from './corpus-of-questions.ts';
import { errorFix } from './error-fix.ts';
import { knowingModel } from './knowing-model.ts';
import { type Lab, openLab } from './lab.ts';
import { learningRows, patternRows, shuffleRows } from './learning.ts';
import { osTasks } from './os-tasks.ts';
import { paraphrases, repeatedTasks } from './own-corpus.ts';
import { intervalOf, meanOf, type RankedAnswer } from './ranking.ts';
import { rewardReport } from './reward.ts';
import { tauBench } from './tau-bench.ts';

export const quality: Suite = {
  name: 'quality',
  about:
    'Each episode asks for the others that help with its task, and is itself left out. Baseline: plain BM25 of this run.\n' +
    '"library": its index of a real store and its ranking. With --full, "lab": the same candidates with one ingredient less.\n' +
    'Last, error → fix: stored are recorded errors and what fixed them, asked are errors of the same kinds; and reward: whether\n' +
    'what the steps show tells how runs really ended.',
  run,
};

const NOTES = [
  'R@k: share of the right answers among the first k. Means over questions that have a right answer; [from – to]: 95 %',
  'bootstrap intervals over tasks. The floor reads what the question names; the library searches what it stored.',
  '"a model that knows": the library with vectors that stand for a good model of language; made from the right answers.',
  'A pattern that was not found has support 0. Its baseline is the published count.',
];

/** Episodes of which one asks a whole search. */
const SAMPLED = 100;

async function run({ isFull }: { readonly isFull: boolean }): Promise<SuiteReport> {
  const rows: Row[] = [];
  const present = [tauBench(), osTasks({ hasSteps: true }), isFull ? osTasks({ hasSteps: false }) : undefined];
  const absent = `Not measured: ${datasetFolder()} lacks tau-bench or the OS tasks. Set MEMORY_DATASETS to the folder that has them.`;
  const corpora = [...present, paraphrases(), repeatedTasks()].filter((corpus) => corpus !== undefined);
  for (const corpus of corpora) rows.push(...(await corpusRows(corpus, { corpora, isFull })));
  const fixes = await errorFix();
  const rewards = await rewardReport();
  const notes = [...NOTES, ...fixes.notes, ...rewards.notes];
  return {
    rows: [...rows, ...fixes.rows, ...rewards.rows],
    notes: present[0] === undefined || present[1] === undefined ? [absent, ...notes] : notes,
  };
}

async function corpusRows(
  corpus: CorpusOfQuestions,
  { corpora, isFull }: { readonly corpora: readonly CorpusOfQuestions[]; readonly isFull: boolean },
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const scratch = await openScratchStore();
  const memory = openMemory({ store: scratch.store });
  try {
    const { failed, failedCount } = await memory.importEpisodes(corpus.records);
    if (failedCount > 0) throw new Error(`${failedCount} episodes were not imported: ${failed[0]?.message}`);
    if (corpus.name === 'tau-bench') {
      rows.push(...(await learningRows(memory)), ...(await patternRows(memory)));
      const episodes: Episode[] = [];
      for await (const episode of memory.listEpisodes()) episodes.push(episode);
      rows.push(...shuffleRows(episodes));
    }
    await memory.catchUp();
    const lab = await openLab(scratch.store, {
      ...sourcesOf(corpus),
      embedder: lexicalEmbedder(),
      calibration: LEXICAL,
    });
    // First, as what an index holds of likeness depends a little on what has come and gone.
    rows.push({
      what: `${corpus.name}: share of whole searches that answer so`,
      unit: '',
      value: await agreement(memory, { corpus, lab, every: isFull ? 1 : SAMPLED }),
      target: { bound: 'at least', of: 'value', limit: 1 },
    });
    const knowing = await openKnowingLab(scratch.store, corpus);
    for (const question of corpus.questions)
      rows.push(...(await questionRows(corpus, question, { lab, knowing, isFull })));
    rows.push(...(await abstentionRows(corpus, corpora, lab)));
    await Promise.all([lab.close(), knowing.close()]);
    return rows;
  } finally {
    await memory.close();
    scratch.remove();
  }
}

const LEXICAL: Calibration = { noise: LEXICAL_NOISE, trust: LEXICAL_TRUST };

function sourcesOf(corpus: CorpusOfQuestions): { readonly ids: readonly string[] } {
  return { ids: corpus.records.map(({ episode_id }) => episode_id ?? '') };
}

/** The same store with the vectors of a model that knows the right answers, as the library calibrates it. */
async function openKnowingLab(store: MemoryStore, corpus: CorpusOfQuestions): Promise<Lab> {
  const embedder = knowingModel(corpus);
  // Not closed: that would close the store.
  await openMemory({ store, embedder }).catchUp();
  const [model] = await store.getMany('model', [embedder.model]);
  if (model?.noise === undefined) throw new Error(`The noise of ${embedder.model} was not measured.`);
  return openLab(store, { ...sourcesOf(corpus), embedder, calibration: { noise: model.noise, trust: DEFAULT_TRUST } });
}

async function questionRows(
  corpus: CorpusOfQuestions,
  question: Question,
  { lab, knowing, isFull }: { readonly lab: Lab; readonly knowing: Lab; readonly isFull: boolean },
): Promise<readonly Row[]> {
  const plain = plainArms(corpus, question);
  const floor = plain.find(({ name }) => name === 'BM25')?.answers ?? [];
  const library = await libraryArm(lab, question);
  const knows = await libraryArm(knowing, question, 'library, a model that knows');
  const what = `${corpus.name}: ${question.name}`;
  const rows = question.figures.flatMap((figure) => [
    ...[library, ...plain].map((arm) => figureRow(what, arm, { figure, floor })),
    figureRow(what, knows, { figure, floor: library.answers, baseline: 'library' }),
  ]);
  const [main] = question.figures;
  if (main === undefined) return rows;
  const less = (isFull ? await ablations(lab, question) : []).map((arm) =>
    figureRow(what, arm, { figure: main, floor: library.answers, baseline: 'library' }),
  );
  return [...rows, ...less, ...categoryRows(question, { main, library: library.answers, floor })];
}

function figureRow(
  what: string,
  { name, answers }: Arm,
  {
    figure,
    floor,
    baseline = 'BM25',
  }: { readonly figure: QuestionFigure; readonly floor: readonly RankedAnswer[]; readonly baseline?: string },
): Row {
  const [from, to] = intervalOf(figure.figure, answers);
  const bound = figure.target ?? figure.floor;
  const isJudged = name === 'library' && bound !== undefined;
  return {
    what: `${what}: ${figure.figure}, ${name} [${from.toFixed(2)} – ${to.toFixed(2)}]`,
    unit: '',
    value: meanOf(figure.figure, answers),
    baseline: { name: baseline, value: meanOf(figure.figure, floor) },
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
  corpus: CorpusOfQuestions,
  corpora: readonly CorpusOfQuestions[],
  lab: Lab,
): Promise<readonly Row[]> {
  const textsOf = ({ questions }: CorpusOfQuestions): readonly string[] =>
    (questions[0]?.asked ?? []).map(({ text }) => text);
  const own = corpus.questions[0]?.asked ?? [];
  let turnedAway = 0;
  for (const asked of own) if ((await lab.ranked(asked, 1)).length === 0) turnedAway += 1;
  const rows: Row[] = [
    {
      what: `${corpus.name}: share of its own questions that are answered`,
      unit: '',
      value: 1 - turnedAway / own.length,
    },
  ];
  const strangers = corpora.filter(({ name }) =>
    APART.some((pair) => pair.includes(name) && pair.includes(corpus.name)),
  );
  for (const other of strangers.filter((each) => each !== corpus)) {
    const texts = textsOf(other);
    let answered = 0;
    for (const text of texts) if (await lab.isAnswered(text)) answered += 1;
    rows.push({
      what: `${corpus.name}: share of the questions of ${other.name} abstained from`,
      unit: '',
      value: 1 - answered / texts.length,
      target: { bound: 'at least', of: 'value', limit: 0.95 },
    });
  }
  return rows;
}

/** Corpora that have nothing to do with each other. */
const APART: readonly (readonly string[])[] = [
  ['tau-bench', 'OS tasks'],
  ['tau-bench', 'OS tasks without scripts'],
  ['tau-bench', 'repeated tasks'],
];
