// What was offered for a task, and what came of it. Pure.
import type { Standing } from './pattern.ts';
import type { EpisodeFilter } from './ports/store.ts';

/** What was offered for a task, kept so that feedback can name it. */
export interface Recommendation {
  readonly id: string;
  readonly version: number;
  readonly at: string;
  readonly description: string;
  readonly project?: string;
  readonly domain?: string;
  /** The attempt it was asked for. Where feedback does not say how it ended, its outcome does. */
  readonly episodeId?: string;
  readonly episodeIds: readonly string[];
  readonly patternIds: readonly string[];
  /** Absent until somebody says how it went. Being shown never counts as being used. */
  readonly feedback?: Feedback;
}

/** What somebody said came of a recommendation. */
export interface Feedback {
  readonly at: string;
  /** Ids, of those offered, that were followed; `helped` and `hindered` are among them. */
  readonly applied: readonly string[];
  /** Looked at and left. What is named nowhere was ignored as well; neither lowers any utility. */
  readonly ignored?: readonly string[];
  /** Of the applied, what did good, however it ended. */
  readonly helped?: readonly string[];
  /** Of the applied, what did harm, however it ended. */
  readonly hindered?: readonly string[];
  /** How the attempt ended. Absent: nobody knows, and what was applied without a word on it counts for nothing. */
  readonly isSuccess?: boolean;
  readonly note?: string;
}

/** Whether following `id` went well, by this feedback. `undefined`: it was not followed, or nobody knows. */
export function wentWell({ applied, helped, hindered, isSuccess }: Feedback, id: string): boolean | undefined {
  if (helped?.includes(id) === true) return true;
  if (hindered?.includes(id) === true) return false;
  return applied.includes(id) ? isSuccess : undefined;
}

/** What to do about a task, by attempts at such tasks and by patterns. Every text is one line. */
export interface Playbook {
  /** Absent where the task is like no kind that is known. */
  readonly kindOfTask?: KindOfTask;
  /** In the order in which to do them. */
  readonly steps: readonly PlaybookItem[];
  /** Why there are no steps; absent where there are. */
  readonly noSteps?: string;
  /** Errors that such attempts met, each with what made it good. */
  readonly ifItFails: readonly PlaybookItem[];
  readonly warnings: readonly PlaybookItem[];
  /** Where this did not work so far. */
  readonly whenNot: readonly PlaybookItem[];
  readonly fit: Fit;
  readonly risk: Risk;
}

/** The cluster that a task is like. */
export interface KindOfTask {
  readonly clusterId: string;
  readonly label: string;
  readonly size: number;
  /** Absent where none of them has ended. */
  readonly successRate?: number;
}

/** One piece of advice, with who bears it out. */
export interface PlaybookItem {
  readonly text: string;
  /** The attempts that bear it out, and the patterns that say so. */
  readonly episodeIds: readonly string[];
  readonly patternIds: readonly string[];
  /** `observed`: attempts did so; nobody has tested that it makes the difference. Else as its pattern stands. */
  readonly standing: Standing | 'observed';
}

/** How well what is known suits the task. */
export interface Fit {
  readonly level: 'close' | 'related' | 'little' | 'none';
  readonly reason: string;
}

/** How likely such tasks are to fail. */
export interface Risk {
  readonly level: 'low' | 'medium' | 'high' | 'unknown';
  readonly reason: string;
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
  const { episodeId, feedback, ...rest } = given;
  const isAskerGone = episodeId !== undefined && isGone(episodeId);
  if (!isAskerGone && ![...given.episodeIds, ...given.patternIds].some(isGone)) return given;
  const left = (ids: readonly string[]): readonly string[] => ids.filter((id) => !isGone(id));
  return {
    ...rest,
    version: given.version + 1,
    ...(episodeId === undefined || isAskerGone ? {} : { episodeId }),
    episodeIds: left(given.episodeIds),
    patternIds: left(given.patternIds),
    ...(feedback === undefined
      ? {}
      : {
          feedback: {
            ...feedback,
            applied: left(feedback.applied),
            ...(feedback.ignored === undefined ? {} : { ignored: left(feedback.ignored) }),
            ...(feedback.helped === undefined ? {} : { helped: left(feedback.helped) }),
            ...(feedback.hindered === undefined ? {} : { hindered: left(feedback.hindered) }),
          },
        }),
  };
}

/** A trace that an episode was forgotten: its id and nothing else. Import does not bring it back unless forced. */
export interface Tombstone {
  readonly id: string;
  readonly version: number;
  readonly at: string;
}
