// Kinds of task as tools and terminal show them.
import { oneLine } from '../clip.ts';
import type { TaskCluster } from '../cluster.ts';
import type { Scope } from '../pattern.ts';
import { rounded } from './shares.ts';

/** A kind of task, in the form in which it is printed. */
export interface ClusterItem {
  readonly cluster_id: string;
  readonly label: string;
  readonly keywords: readonly string[];
  readonly scope: Scope;
  /** All episodes of it. */
  readonly size: number;
  /** Of those that ended, abstentions left out. */
  readonly ended: number;
  readonly successes: number;
  /** Absent where none ended. */
  readonly success_rate?: number;
  /** What its episodes use, the most frequent first. */
  readonly tools: readonly string[];
  /** The episode that is nearest to all others. */
  readonly medoid_id: string;
  readonly first_seen: string;
  readonly last_seen: string;
}

const LABEL_CHARACTERS = 80;

/** A kind of task, outward. */
export function clusterItem(cluster: TaskCluster): ClusterItem {
  const { ended, successes } = cluster;
  return {
    cluster_id: cluster.id,
    label: oneLine(cluster.label, LABEL_CHARACTERS),
    keywords: cluster.keywords,
    scope: cluster.scope,
    size: cluster.size,
    ended,
    successes,
    ...(ended === 0 ? {} : { success_rate: rounded(successes / ended) }),
    tools: cluster.tools,
    medoid_id: cluster.medoidId,
    first_seen: cluster.firstSeen,
    last_seen: cluster.lastSeen,
  };
}
