// One completed episode as learning over many of them sees it. Pure.
import type { CompletedEpisode, Complexity, Episode, OutcomeKind, TaskType } from './episode.ts';
import { contentId } from './id.ts';
import type { Scope } from './pattern.ts';
import { episodePlaces, isFile, placeWithin } from './places.ts';
import { queryTerms } from './retrieve/tokenize.ts';

/** One or more equal steps in a row. */
export interface TraceStep {
  /** The tool, or of one that runs commands the tool and what it ran: `bash: npm test`. */
  readonly act: string;
  readonly result: 'success' | 'error' | 'timeout';
  /** `look`: it changes nothing. `check`: it checks the work. */
  readonly does: 'look' | 'change' | 'check';
  /** How many of these came in a row. Absent: one. */
  readonly times?: number;
  /** Of what failed: a key that is the same for the same error, and the telling part of it, shortened. */
  readonly error?: { readonly signature: string; readonly excerpt: string };
  /** Of what failed: whether a later step showed that it is good now. */
  readonly isMadeGood?: boolean;
  /** Of a change soon after a failure: what was done, in words, shortened. */
  readonly says?: string;
  /** Steps between the one before and this one were left out, as the episode was too long. */
  readonly isAfterGap?: boolean;
}

/** All that mining and clustering look at: small, and free of what tools put out. */
export interface Trace {
  readonly episodeId: string;
  readonly scope: Scope;
  /** The same for attempts at one task. */
  readonly task: string;
  readonly description: string;
  readonly taskType: TaskType;
  readonly language?: string;
  readonly framework?: string;
  readonly complexity?: Complexity;
  readonly tags: readonly string[];
  /** Directories that its steps touched, each with those that it lies in. */
  readonly directories: readonly string[];
  readonly outcome: OutcomeKind;
  readonly endedAt: string;
  /** The same for two records of one attempt. */
  readonly fingerprint?: string;
  /** Share of its steps that came to nothing, 0–1. Absent where it was never told. */
  readonly waste?: number;
  readonly steps: readonly TraceStep[];
}

/** An episode as a trace; `steps` stand in where it keeps none of its own. `undefined` where there are neither. */
export function traceOf(episode: CompletedEpisode, steps?: readonly TraceStep[]): Trace | undefined {
  const taken = episode.trace ?? steps;
  if (taken === undefined) return undefined;
  const { language, framework, complexity } = episode.context;
  return {
    episodeId: episode.id,
    scope: {
      ...(episode.project === undefined ? {} : { project: episode.project }),
      ...(episode.domain === undefined ? {} : { domain: episode.domain }),
    },
    task: taskOf(episode),
    description: episode.description,
    taskType: episode.taskType,
    ...(language === undefined ? {} : { language }),
    ...(framework === undefined ? {} : { framework }),
    ...(complexity === undefined ? {} : { complexity }),
    tags: episode.tags,
    directories: directoriesOf(episode),
    outcome: episode.outcome.kind,
    endedAt: episode.endedAt,
    ...(episode.quality.fingerprint === undefined ? {} : { fingerprint: episode.quality.fingerprint }),
    ...(episode.reward.waste === undefined ? {} : { waste: episode.reward.waste }),
    steps: taken,
  };
}

/**
 * A key that is the same for attempts at one task: what `metadata.task_id` names, or else the telling words of the
 * description, in whatever order, case and punctuation.
 */
export function taskOf(
  episode: Pick<Episode, 'description'> & Partial<Pick<Episode, 'metadata' | 'project' | 'domain'>>,
): string {
  const id = episode.metadata?.task_id;
  const place = [episode.project ?? null, episode.domain ?? null];
  if (typeof id === 'number' || (typeof id === 'string' && id.trim() !== '')) {
    return contentId(JSON.stringify(['task', ...place, String(id).trim()]));
  }
  const words = [...queryTerms(episode.description)].sort();
  return contentId(JSON.stringify(['task', ...place, words.length > 0 ? words : episode.description.trim()]));
}

/** How deep directories are told, and how many of one episode. */
const MAX_DEPTH = 3;
const MAX_DIRECTORIES = 24;

function directoriesOf(episode: CompletedEpisode): readonly string[] {
  const found = new Set<string>();
  for (const place of episodePlaces(episode)) {
    const within = placeWithin(place, episode.project);
    const root = within.startsWith('/') ? '/' : '';
    const names = within.split('/').filter((name) => name !== '');
    const above = isFile(within) ? names.slice(0, -1) : names;
    for (let depth = 1; depth <= Math.min(above.length, MAX_DEPTH); depth += 1) {
      found.add(`${root}${above.slice(0, depth).join('/')}`);
      if (found.size === MAX_DIRECTORIES) return [...found];
    }
  }
  return [...found];
}
