// Tools used one directly after the other, counted over the episodes of a scope. Pure.
import type { CompletedEpisode, Step } from '../episode.ts';
import { contentId } from '../id.ts';
import {
  type Baseline,
  baselineId,
  evidenceId,
  type Pattern,
  type PatternEvidence,
  type Scope,
  type ToolSequence,
} from '../pattern.ts';

/** Lengths of the sequences that are counted. */
const LENGTHS = [2, 3] as const;
/** Distinct sequences counted of one episode. */
const MAX_SEQUENCES = 128;

/** The distinct runs of 2 and 3 tools of an episode, in order of appearance. Repeats of one tool in a row count once. */
export function toolSequences(steps: readonly Pick<Step, 'tool'>[]): readonly (readonly string[])[] {
  const tools = steps.map((step) => step.tool).filter((tool, index, all) => tool !== all[index - 1]);
  const found = new Map<string, readonly string[]>();
  for (const length of LENGTHS) {
    for (let start = 0; start + length <= tools.length; start += 1) {
      const run = tools.slice(start, start + length);
      found.set(run.join('\n'), run);
    }
  }
  return [...found.values()].slice(0, MAX_SEQUENCES);
}

/** What an episode counts for, or nothing: an abstention is neither a success nor a failure. */
export function scopeOf(episode: CompletedEpisode): Scope | undefined {
  if (episode.outcome.kind === 'abstained') return undefined;
  return {
    ...(episode.project === undefined ? {} : { project: episode.project }),
    ...(episode.domain === undefined ? {} : { domain: episode.domain }),
  };
}

export function toolSequenceId(scope: Scope, tools: readonly string[]): string {
  return contentId(JSON.stringify(['tool_sequence', scope.project ?? null, scope.domain ?? null, ...tools]));
}

/** One more episode that holds the pattern; `undefined` as `known` where it is the first. */
export function withEvidence(
  known: Pattern | undefined,
  seen: { readonly scope: Scope; readonly tools: readonly string[]; readonly isSuccess: boolean; readonly at: string },
): Pattern {
  const base: Pattern | ToolSequence = known ?? {
    kind: 'tool_sequence',
    id: toolSequenceId(seen.scope, seen.tools),
    version: 0,
    scope: seen.scope,
    tools: seen.tools,
    isContiguous: true,
    support: 0,
    successes: 0,
    tasks: 0,
    standing: 'candidate',
    pValue: 1,
    history: [],
    firstSeen: seen.at,
    lastSeen: seen.at,
    applied: 0,
    appliedSuccesses: 0,
  };
  return {
    ...base,
    version: base.version + 1,
    support: base.support + 1,
    successes: base.successes + (seen.isSuccess ? 1 : 0),
    firstSeen: base.firstSeen < seen.at ? base.firstSeen : seen.at,
    lastSeen: base.lastSeen > seen.at ? base.lastSeen : seen.at,
  };
}

/** The scope's count with `change` episodes more or fewer, of which `successes` succeeded. */
export function withEpisodes(
  known: Baseline | undefined,
  scope: Scope,
  change: { readonly episodes: number; readonly successes: number },
): Baseline {
  const base: Baseline = known ?? { id: baselineId(scope), version: 0, scope, episodes: 0, successes: 0 };
  return {
    ...base,
    version: base.version + 1,
    episodes: base.episodes + change.episodes,
    successes: base.successes + change.successes,
  };
}

export function evidence(patternId: string, episodeId: string, isSuccess: boolean): PatternEvidence {
  return { id: evidenceId(patternId, episodeId), version: 1, patternId, episodeId, isSuccess };
}
