// What the episodes of one scope teach together: kinds of task, patterns, and what to expect. Pure.
import type { TaskCluster } from '../cluster.ts';
import type { Counts, Scope } from '../pattern.ts';
import type { Trace } from '../trace.ts';
import { taskClusters } from './clusters/task-clusters.ts';
import { type MinedPattern, minePatterns } from './mine/mine.ts';
import { wasteQuartiles } from './waste.ts';

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
  /** Versions as known, 0 for new ones. */
  readonly clusters: readonly TaskCluster[];
  readonly clustered: number;
  /** Of those that ended; abstentions count for no rate. */
  readonly counts: Counts;
  /** Share of steps that came to nothing in those that succeeded: quartiles. Absent where they are few. */
  readonly waste?: readonly [number, number, number];
}

/** A pattern as mined, without what bears it out. */
export type PatternContent = WithoutEvidence<MinedPattern>;
type WithoutEvidence<P> = P extends unknown ? Omit<P, 'evidence'> : never;

export interface LearntPattern {
  readonly pattern: PatternContent;
  /**
   * What bears it out, as there can be very much of it: of each episode twice its place among the traces, and one more
   * where it counts as a success.
   */
  readonly evidence: Uint32Array;
}

/** The same traces teach the same, in whatever order they come. */
export function learnScope({ scope, traces: given, clusters: known, clustered: before }: ScopeInput): ScopeLearning {
  const traces = withoutDuplicates(given);
  const { clusters, clusterOf, clustered } = taskClusters(traces, { scope, clusters: known, clustered: before });
  const labels = new Map(clusters.map(({ id, label }) => [id, label]));
  const kindOf = new Map(
    [...clusterOf].map(([id, clusterId]) => [id, { clusterId, label: labels.get(clusterId) ?? '' }]),
  );
  const places = new Map(given.map(({ episodeId }, place) => [episodeId, place]));
  const ended = traces.filter(({ outcome }) => outcome !== 'abstained');
  const waste = wasteQuartiles(traces);
  return {
    patterns: minePatterns(traces, kindOf).patterns.map(({ evidence, ...pattern }) => ({
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
    ...(waste === undefined ? {} : { waste }),
  };
}

/** Two records of one attempt say the same thing once: of those the newest counts. */
function withoutDuplicates(traces: readonly Trace[]): readonly Trace[] {
  const newest = new Map<string, Trace>();
  for (const trace of traces) {
    const { task, fingerprint, outcome, episodeId, endedAt } = trace;
    // Without steps there is nothing by which two attempts could be told apart.
    const isKnownAgain = fingerprint !== undefined && trace.steps.length > 0;
    const key = JSON.stringify(isKnownAgain ? [task, fingerprint, outcome] : [episodeId]);
    const other = newest.get(key);
    if (other === undefined || isNewer({ endedAt, episodeId }, other)) newest.set(key, trace);
  }
  return [...newest.values()];
}

function isNewer(one: Pick<Trace, 'endedAt' | 'episodeId'>, other: Pick<Trace, 'endedAt' | 'episodeId'>): boolean {
  return one.endedAt === other.endedAt ? one.episodeId > other.episodeId : one.endedAt > other.endedAt;
}
