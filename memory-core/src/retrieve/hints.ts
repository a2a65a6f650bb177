// An error just seen, and what made it good before. Pure.
import { type Episode, fixText } from '../episode.ts';
import { queryTerms, tokenize } from './tokenize.ts';

export interface Hint {
  readonly episodeId: string;
  readonly text: string;
  /** Share of the new error's words that the old one has. */
  readonly match: number;
}

/** Below this share of common words two errors are not called the same. */
const MIN_MATCH = 0.6;
const MAX_HINTS = 3;

/** Fixes of earlier errors that share most of their words with `error`, best first. */
export function hintsFor(error: string, episodes: readonly Episode[]): readonly Hint[] {
  const asked = queryTerms(error);
  if (asked.length === 0) return [];
  const hints = episodes.flatMap((episode) => {
    if (episode.status !== 'completed') return [];
    return episode.recoveries.flatMap((recovery) => {
      const fix = fixText(recovery);
      const known = new Set(tokenize(recovery.error));
      const match = asked.filter((term) => known.has(term)).length / asked.length;
      return fix === undefined || match < MIN_MATCH ? [] : [{ episodeId: episode.id, text: fix, match }];
    });
  });
  return hints.sort((a, b) => b.match - a.match).slice(0, MAX_HINTS);
}
