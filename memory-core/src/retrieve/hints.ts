// An error just seen, and what made it good before. Pure.
import { type Episode, fixText, type Recovery } from '../episode.ts';
import { type ErrorSignature, errorSignature, signatureMatch } from './error-signature.ts';

/** What made an error like the one just seen good before. */
export interface Hint {
  readonly episodeId: string;
  /** What failed then, and what made it good. */
  readonly text: string;
  /** The step that failed so. */
  readonly failedStep: number;
  /** The steps that made it good; empty where the record is too old to say. */
  readonly fixSteps: readonly number[];
  /** How much the two errors are the same, 0–1. */
  readonly match: number;
}

/** A recovery, and the episode that it is of. */
export interface KnownFix {
  readonly episodeId: string;
  readonly recovery: Recovery;
  /** How well an index found its error, as a share of the best it found, 0–1. It only orders. @default 0 */
  readonly relevance?: number;
  /** Of its error, where it was taken already. */
  readonly signature?: ErrorSignature;
}

/**
 * Below this two errors are not called the same. Chosen on the building part of our corpus, each case against all
 * others: from here on 98 of 100 best matches are of the same kind of mistake, below it errors of other kinds crowd in.
 */
export const SAME_ERROR = 0.7;
/** In one answer. */
const MAX_HINTS = 3;

/** Fixes of earlier errors like `error`, best first. */
export function hintsFor(error: string, episodes: readonly Episode[]): readonly Hint[] {
  const known = episodes.flatMap((episode) =>
    episode.status === 'completed'
      ? episode.recoveries.map((recovery): KnownFix => ({ episodeId: episode.id, recovery }))
      : [],
  );
  return bestFixes(error, known);
}

/**
 * The fixes among `known` of errors that are the same as `error`, best first. An index knows which words are rare, the
 * match knows which kinds of evidence agree: their sum orders, the match alone decides what is a hint.
 */
export function bestFixes(error: string, known: readonly KnownFix[]): readonly Hint[] {
  const asked = errorSignature(error);
  const found = known.flatMap(({ episodeId, recovery, relevance = 0, signature }) => {
    const text = fixText(recovery);
    const match = text === undefined ? 0 : signatureMatch(asked, signature ?? errorSignature(recovery.error));
    if (text === undefined || match < SAME_ERROR) return [];
    const { failedStep, fixSteps = [] } = recovery;
    const hint: Hint = { episodeId, text, failedStep, fixSteps, match };
    return [{ hint, order: match + relevance }];
  });
  return found
    .sort((a, b) => b.order - a.order)
    .slice(0, MAX_HINTS)
    .map(({ hint }) => hint);
}

/**
 * Of the fixes for several errors, each best first, as many as an answer has: the best for each error before the second
 * best for any, none twice, and told in the order of the errors.
 */
export function hintsOfAll(byError: readonly (readonly Hint[])[]): readonly Hint[] {
  const ranked = byError
    .flatMap((hints, error) => hints.map((hint, rank) => ({ hint, error, rank })))
    .sort((a, b) => a.rank - b.rank || a.error - b.error);
  const distinct = new Map<string, (typeof ranked)[number]>();
  for (const one of ranked) {
    const fix = `${one.hint.episodeId}/${one.hint.failedStep}`;
    if (!distinct.has(fix)) distinct.set(fix, one);
  }
  return [...distinct.values()]
    .slice(0, MAX_HINTS)
    .sort((a, b) => a.error - b.error || a.rank - b.rank)
    .map(({ hint }) => hint);
}
