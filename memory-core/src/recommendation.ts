// What was offered for a task, and what came of it. Pure.
import type { EpisodeFilter } from './ports/store.ts';

export interface Recommendation {
  readonly id: string;
  readonly version: number;
  readonly at: string;
  readonly description: string;
  readonly project?: string;
  readonly domain?: string;
  readonly episodeIds: readonly string[];
  readonly patternIds: readonly string[];
  /** Absent until somebody says how it went. Being shown never counts as being used. */
  readonly feedback?: Feedback;
}

export interface Feedback {
  readonly at: string;
  /** Ids, of those offered, that were followed. */
  readonly applied: readonly string[];
  readonly isSuccess: boolean;
  readonly note?: string;
}

/**
 * Whether a recommendation lies within bounds that were given for episodes: its project, domain and time do. Bounds
 * that only an episode can have, such as ids, tags or a source, enclose none.
 */
export function isAskedWithin({ project, domain, at }: Recommendation, bounds: EpisodeFilter): boolean {
  const { project: inProject, visibleTo, domain: inDomain, since, until, order: _order, ...others } = bounds;
  return (
    Object.values(others).every((value) => value === undefined) &&
    (inProject === undefined || inProject === project) &&
    (visibleTo === undefined || project === undefined || project === visibleTo.project) &&
    (inDomain === undefined || inDomain === domain) &&
    (since === undefined || at >= since) &&
    (until === undefined || at < until)
  );
}

/** Without the ids of what is gone; itself where it names none. */
export function withoutMentions(given: Recommendation, isGone: (id: string) => boolean): Recommendation {
  const { episodeIds, patternIds, feedback } = given;
  if (![...episodeIds, ...patternIds].some(isGone)) return given;
  const isLeft = (id: string): boolean => !isGone(id);
  return {
    ...given,
    version: given.version + 1,
    episodeIds: episodeIds.filter(isLeft),
    patternIds: patternIds.filter(isLeft),
    ...(feedback === undefined ? {} : { feedback: { ...feedback, applied: feedback.applied.filter(isLeft) } }),
  };
}

/** A trace that an episode was forgotten: its id and nothing else. Import does not bring it back unless forced. */
export interface Tombstone {
  readonly id: string;
  readonly version: number;
  readonly at: string;
}
