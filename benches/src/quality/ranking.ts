// How good rankings are, for questions whose right answers are known, and how sure that is.
import { seededRandom } from '../corpus.ts';

export interface RankedAnswer {
  /** Ids, best first, without the one that asked. */
  readonly ranked: readonly string[];
  /** What each right answer is worth, above 0, by id. */
  readonly gains: ReadonlyMap<string, number>;
  /** Questions of one task stand and fall together. */
  readonly task: string;
}

/** Share of the right answers among the first k; whether the first is right; mean reciprocal rank; graded order of ten. */
export type Figure = 'R@5' | 'R@10' | 'hit@1' | 'MRR' | 'nDCG@10';

const FIGURES: Readonly<Record<Figure, (answer: RankedAnswer) => number>> = {
  'R@5': (answer) => recall(answer, 5),
  'R@10': (answer) => recall(answer, 10),
  'hit@1': (answer) => (recall(answer, 1) > 0 ? 1 : 0),
  MRR: reciprocalRank,
  'nDCG@10': (answer) => gain(answer, 10),
};

/** The mean over all questions that have a right answer. */
export function meanOf(figure: Figure, answers: readonly RankedAnswer[]): number {
  const values = answers.filter(({ gains }) => gains.size > 0).map(FIGURES[figure]);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const RESAMPLES = 1_000;

/**
 * Bounds that hold 95 of 100 means when tasks are drawn again, with repeats (the bootstrap, Efron 1979). By task, since
 * questions of one task are no independent witnesses. The same answers give the same bounds.
 */
export function intervalOf(figure: Figure, answers: readonly RankedAnswer[]): readonly [number, number] {
  const asked = answers.filter(({ gains }) => gains.size > 0);
  const byTask = new Map<string, { readonly sum: number; readonly count: number }>();
  for (const answer of asked) {
    const { sum, count } = byTask.get(answer.task) ?? { sum: 0, count: 0 };
    byTask.set(answer.task, { sum: sum + FIGURES[figure](answer), count: count + 1 });
  }
  const tasks = [...byTask.values()];
  const random = seededRandom(1);
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    let count = 0;
    for (let draw = 0; draw < tasks.length; draw += 1) {
      const task = tasks[Math.floor(random() * tasks.length)];
      sum += task?.sum ?? 0;
      count += task?.count ?? 0;
    }
    return sum / count;
  }).sort((a, b) => a - b);
  return [means[Math.floor(RESAMPLES * 0.025)] ?? 0, means[Math.floor(RESAMPLES * 0.975)] ?? 0];
}

function recall({ ranked, gains }: RankedAnswer, depth: number): number {
  return ranked.slice(0, depth).filter((id) => gains.has(id)).length / gains.size;
}

function reciprocalRank({ ranked, gains }: RankedAnswer): number {
  const index = ranked.findIndex((id) => gains.has(id));
  return index < 0 ? 0 : 1 / (index + 1);
}

/** Normalised discounted cumulative gain (Järvelin & Kekäläinen 2002). */
function gain({ ranked, gains }: RankedAnswer, depth: number): number {
  const ideal = [...gains.values()].sort((a, b) => b - a);
  return (
    discounted(
      ranked.map((id) => gains.get(id) ?? 0),
      depth,
    ) / discounted(ideal, depth)
  );
}

function discounted(gains: readonly number[], depth: number): number {
  return gains.slice(0, depth).reduce((sum, value, index) => sum + value / Math.log2(index + 2), 0);
}
