// What the episodes of one scope teach together: kinds of task, patterns, and what to expect. Pure.
import type { TaskCluster } from '../cluster.ts';
import { contentId } from '../id.ts';
import { type Counts, MIN_SUPPORT, type Pattern, type Scope } from '../pattern.ts';
import type { Trace } from '../trace.ts';

export interface ScopeInput {
  readonly scope: Scope;
  readonly traces: readonly Trace[];
  /** Kinds of task as they are known, so that they stay the same. */
  readonly clusters: readonly TaskCluster[];
  /** Episodes among which the kinds were last looked for. */
  readonly clustered: number;
}

export interface ScopeLearning {
  readonly patterns: readonly LearntPattern[];
  readonly clusters: readonly TaskCluster[];
  readonly clustered: number;
  /** Of those that ended; abstentions count for no rate. */
  readonly counts: Counts;
  /** Share of steps that came to nothing in those that succeeded: quartiles. Absent where they are few. */
  readonly waste?: readonly [number, number, number];
}

/** A pattern without what the store alone knows. */
export type PatternContent = WithoutOwn<Pattern>;
type WithoutOwn<P> = P extends Pattern ? Omit<P, 'version' | 'history' | 'applied' | 'appliedSuccesses'> : never;

export interface LearntPattern {
  readonly pattern: PatternContent;
  /**
   * What bears it out, as there can be very much of it: of each episode twice its place among the traces, and one more
   * where it counts as a success.
   */
  readonly evidence: Uint32Array;
}

/** The same traces in any order teach the same. */
export function learnScope({ traces, clusters, clustered }: ScopeInput): ScopeLearning {
  const places = new Map(traces.map(({ episodeId }, place) => [episodeId, place]));
  const ended = traces.filter(({ outcome }) => outcome !== 'abstained');
  return {
    patterns: mined(traces).map(({ evidence, ...pattern }) => ({
      pattern,
      evidence: Uint32Array.from(evidence, ({ episodeId, isSuccess }) => {
        return 2 * (places.get(episodeId) ?? 0) + (isSuccess ? 1 : 0);
      }),
    })),
    clusters,
    clustered,
    counts: {
      episodes: ended.length,
      successes: ended.filter(({ outcome }) => outcome === 'success').length,
      tasks: new Set(ended.map(({ task }) => task)).size,
    },
  };
}

interface Evidence {
  readonly episodeId: string;
  readonly isSuccess: boolean;
}

function mined(traces: readonly Trace[]): readonly (PatternContent & { readonly evidence: readonly Evidence[] })[] {
  const found = new Map<string, { tools: readonly string[]; traces: Trace[] }>();
  for (const trace of traces) {
    if (trace.outcome === 'abstained') continue;
    const tools = trace.steps.map(({ act }) => act).filter((act, index, all) => act !== all[index - 1]);
    const seen = new Map<string, readonly string[]>();
    for (const length of [2, 3])
      for (let at = 0; at + length <= tools.length; at += 1)
        seen.set(tools.slice(at, at + length).join('\n'), tools.slice(at, at + length));
    for (const [key, run] of seen) {
      const known = found.get(key) ?? { tools: run, traces: [] };
      known.traces.push(trace);
      found.set(key, known);
    }
  }
  return [...found.values()]
    .filter((one) => one.traces.length >= MIN_SUPPORT)
    .map((one) => {
      const { scope } = one.traces[0] as Trace;
      const times = one.traces.map(({ endedAt }) => endedAt).sort();
      return {
        kind: 'tool_sequence' as const,
        id: contentId(JSON.stringify(['tool_sequence', scope.project ?? null, scope.domain ?? null, ...one.tools])),
        scope,
        tools: one.tools,
        isContiguous: true,
        support: one.traces.length,
        successes: one.traces.filter(({ outcome }) => outcome === 'success').length,
        tasks: new Set(one.traces.map(({ task }) => task)).size,
        standing: 'candidate' as const,
        pValue: 1,
        firstSeen: times[0] ?? '',
        lastSeen: times.at(-1) ?? '',
        evidence: one.traces.map(({ episodeId, outcome }) => ({ episodeId, isSuccess: outcome === 'success' })),
      };
    });
}
