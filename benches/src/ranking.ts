// How good a ranking is, for questions whose right answers are known.

export interface RankedAnswer {
  /** Best first, without the item that asked. */
  readonly ranked: readonly string[];
  readonly relevant: ReadonlySet<string>;
}

export interface RankingFigures {
  readonly questions: number;
  /** Share of the relevant items among the first 5. */
  readonly recallAt5: number;
  readonly recallAt10: number;
  /** Share of the questions whose first answer is relevant. */
  readonly hitAt1: number;
  /** Mean reciprocal rank of the first relevant answer; 0 where none was found. */
  readonly meanReciprocalRank: number;
}

/** Means over all questions that have a relevant item. */
export function rankingFigures(answers: readonly RankedAnswer[]): RankingFigures {
  const asked = answers.filter(({ relevant }) => relevant.size > 0);
  const mean = (of: (answer: RankedAnswer) => number): number =>
    asked.reduce((sum, answer) => sum + of(answer), 0) / asked.length;
  return {
    questions: asked.length,
    recallAt5: mean((answer) => recall(answer, 5)),
    recallAt10: mean((answer) => recall(answer, 10)),
    hitAt1: mean((answer) => (recall(answer, 1) > 0 ? 1 : 0)),
    meanReciprocalRank: mean(reciprocalRank),
  };
}

function recall({ ranked, relevant }: RankedAnswer, depth: number): number {
  return ranked.slice(0, depth).filter((id) => relevant.has(id)).length / relevant.size;
}

function reciprocalRank({ ranked, relevant }: RankedAnswer): number {
  const index = ranked.findIndex((id) => relevant.has(id));
  return index < 0 ? 0 : 1 / (index + 1);
}
