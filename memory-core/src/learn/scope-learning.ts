// What the episodes of one scope teach together: kinds of task, patterns, and what to expect. Pure.
import type { TaskCluster } from '../cluster.ts';
import { type Counts, MAX_KEPT_EVIDENCE, type Scope } from '../pattern.ts';
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
   * The newest of what bears it out, the newest first: of each episode twice its place among the traces, and one more
   * where it counts as a success.
   */
  readonly evidence: Uint32Array;
}

/** The same traces teach the same, in whatever order they come. */
export function learnScope({ scope, traces, clusters: known, clustered: before }: ScopeInput): ScopeLearning {
  const { clusters, clusterOf, clustered } = taskClusters(traces, { scope, clusters: known, clustered: before });
  const labels = new Map(clusters.map(({ id, label }) => [id, label]));
  const kindOf = new Map(
    [...clusterOf].map(([id, clusterId]) => [id, { clusterId, label: labels.get(clusterId) ?? '' }]),
  );
  const newest = newestFirst(traces);
  const ages = new Map(newest.map((place, age) => [traces[place]?.episodeId, age]));
  const ended = traces.filter(({ outcome }) => outcome !== 'abstained');
  const waste = wasteQuartiles(traces);
  return {
    patterns: minePatterns(traces, kindOf).patterns.map(({ evidence, ...pattern }) => ({
      pattern,
      evidence: Uint32Array.from(evidence, ({ episodeId, isSuccess }) => {
        return 2 * (ages.get(episodeId) ?? 0) + (isSuccess ? 1 : 0);
      })
        .sort()
        .slice(0, MAX_KEPT_EVIDENCE)
        .map((told) => 2 * (newest[told >>> 1] ?? 0) + (told & 1)),
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

/** Places of the traces; of those that ended at the same time, in the order of their ids. */
function newestFirst(traces: readonly Trace[]): readonly number[] {
  const compare = (a = '', b = ''): number => (a < b ? 1 : -Number(a > b));
  return [...traces.keys()].sort((one, other) => {
    const [a, b] = [traces[one], traces[other]];
    return compare(a?.endedAt, b?.endedAt) || compare(a?.episodeId, b?.episodeId);
  });
}
