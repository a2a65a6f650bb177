// An error just seen, and what made it good before. Pure.
import { type Episode, fixText, type Recovery } from '../episode.ts';
import { errorSignature, signatureMatch } from './error-signature.ts';

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
}

/** Below this two errors are not called the same. */
const MIN_MATCH = 0.6;
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

/** The fixes among `known` of errors like `error`, best first; of equal ones the order given decides. */
export function bestFixes(error: string, known: readonly KnownFix[]): readonly Hint[] {
  const asked = errorSignature(error);
  const hints = known.flatMap(({ episodeId, recovery }): readonly Hint[] => {
    const text = fixText(recovery);
    if (text === undefined) return [];
    const match = signatureMatch(asked, errorSignature(recovery.error));
    if (match < MIN_MATCH) return [];
    return [{ episodeId, text, failedStep: recovery.failedStep, fixSteps: recovery.fixSteps ?? [], match }];
  });
  return hints.sort((a, b) => b.match - a.match).slice(0, MAX_HINTS);
}
