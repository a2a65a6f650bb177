// Stands for a model of language: it knows which tasks are the same, about as well as good ones do.
import type { Embedder } from '@episodica/memory-core/ports';
import { seededRandom } from '../corpus.ts';
import type { CorpusOfQuestions } from './corpus-of-questions.ts';

const DIMENSIONS = 384;
/** Squared shares of a vector: what all texts have in common, what a task is about, what is the text's alone. */
const SHARES = { common: 0.2, task: 0.55, own: 0.25 };

/**
 * Cosines are .75 between texts about one thing and .2 between others, give or take .05; of texts that need several
 * skills it is what they share. Texts that the corpus does not have are about nothing.
 */
export function knowingModel(corpus: CorpusOfQuestions): Embedder {
  const topics = topicsOf(corpus);
  return {
    model: `bench/knows ${corpus.name}`,
    isRemote: false,
    maxBatch: 64,
    embed: async (texts, { purpose }) => texts.map((text) => vectorOf(text, topics.get(text) ?? [], purpose)),
  };
}

/** What each text of the corpus is about: its task, or each of its skills. */
function topicsOf({ records, questions }: CorpusOfQuestions): ReadonlyMap<string, readonly string[]> {
  const topics = new Map<string, readonly string[]>();
  for (const { asked } of questions) {
    for (const [place, { text, topics: about }] of asked.entries()) {
      const description = records[place]?.task_description;
      for (const each of [text, description]) if (each !== undefined && !topics.has(each)) topics.set(each, about);
    }
  }
  return topics;
}

function vectorOf(text: string, topics: readonly string[], purpose: string): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  addDirection(vector, 'common', SHARES.common);
  for (const topic of topics) addDirection(vector, `topic ${topic}`, SHARES.task / topics.length);
  addDirection(vector, `${purpose} ${text}`, SHARES.own + (topics.length === 0 ? SHARES.task : 0));
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

/** Adds a direction of its own for each name, its length squared as given. */
function addDirection(vector: Float32Array, name: string, share: number): void {
  const random = seededRandom(
    [...name].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 2_147_483_647, 7),
  );
  const numbers = Array.from(vector, () => random() + random() + random() + random() - 2);
  const scale = Math.sqrt(share) / Math.hypot(...numbers);
  for (const [place, number] of numbers.entries()) vector[place] = (vector[place] ?? 0) + number * scale;
}
