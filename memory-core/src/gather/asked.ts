// A question as it is gathered for, and what an answer to it holds.
import type { MemoryError } from '../errors.ts';
import type { EpisodeFilter, PatternFilter } from '../ports/store.ts';
import type { Hint } from '../retrieve/hints.ts';
import type { Here } from '../retrieve/place-and-time.ts';
import type { EpisodeHit, PatternHit } from '../retrieve/rank.ts';

export interface Asked {
  /** Absent: filters alone narrow, and what is left is ranked by the rest. */
  readonly text: string | undefined;
  readonly filter: EpisodeFilter;
  /** Absent: no pattern is asked for. */
  readonly patternFilter: PatternFilter | undefined;
  readonly here: Here;
  /** Ids of episodes that are never found. */
  readonly except: readonly string[];
  /** Hits of each kind. */
  readonly limit: number;
}

export interface Answer {
  readonly episodes: readonly EpisodeHit[];
  readonly patterns: readonly PatternHit[];
  readonly fixes: readonly Hint[];
  /** What stood in the way of a better answer. */
  readonly lacks: readonly Lack[];
}

export interface Lack {
  readonly reason: string;
  /** It passes: asked again later, the same question may find more. */
  readonly isPassing: boolean;
  /** What stands behind it, and says what to do. */
  readonly failure?: MemoryError;
}
