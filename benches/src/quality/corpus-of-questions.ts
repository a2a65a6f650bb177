// What quality is measured on: experience, and questions about it whose right answers are known.
import type { EpisodeRecord } from '@episodica/memory-core';
import type { Figure } from './ranking.ts';

export interface CorpusOfQuestions {
  readonly name: string;
  /** Each has an `episode_id`. */
  readonly records: readonly EpisodeRecord[];
  readonly questions: readonly Question[];
}

/** One kind of question, put once for each episode, which is itself left out of what is searched. */
export interface Question {
  readonly name: string;
  /** What the floor reads of each episode, in the order of the records. The library reads what it stored. */
  readonly documents: readonly string[];
  readonly asked: readonly Asked[];
  readonly figures: readonly QuestionFigure[];
}

export interface QuestionFigure {
  readonly figure: Figure;
  /** The published floor of BM25. */
  readonly floor?: number;
  readonly target?: number;
}

export interface Asked {
  /** The episode that asks and is left out. */
  readonly own: string;
  readonly text: string;
  /** What each right answer is worth, above 0, by episode id. */
  readonly gains: ReadonlyMap<string, number>;
  readonly task: string;
  /** What its text is about: its task, or what it needs. */
  readonly topics: readonly string[];
  readonly category: string;
}

/** The right answers of an episode: every other whose worth is above 0. */
export function gainsOf<T extends { readonly id: string }>(
  own: T,
  all: readonly T[],
  worth: (other: T) => number,
): ReadonlyMap<string, number> {
  return new Map(
    all.flatMap((other): readonly [string, number][] => {
      const value = other.id === own.id ? 0 : worth(other);
      return value > 0 ? [[other.id, value]] : [];
    }),
  );
}
