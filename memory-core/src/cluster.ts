// A kind of task: episodes of one scope that are alike in what was asked, what was used and where. Pure.
import type { Scope } from './pattern.ts';

/** Kinds of task are found by density (DBSCAN); what is like nothing else is in none. */
export interface TaskCluster {
  /** Stays the same from run to run as long as most of its episodes stay together. */
  readonly id: string;
  readonly version: number;
  readonly scope: Scope;
  /** Words that set it apart from the other kinds of its scope. */
  readonly label: string;
  readonly keywords: readonly string[];
  /** By what a task is known to be of this kind before anything was done. */
  readonly profile?: ClusterProfile;
  /** The episode that is nearest to all others. */
  readonly medoidId: string;
  /** The newest 2,000 at most, by id. */
  readonly memberIds: readonly string[];
  /** All episodes of it, however many are named. */
  readonly size: number;
  /** Of those that ended, abstentions left out. */
  readonly ended: number;
  readonly successes: number;
  /** How far its members lie from each other: share of their nearest neighbours that two need not have in common, 0–1. */
  readonly radius: number;
  /** What its episodes use, the most frequent first. */
  readonly tools: readonly string[];
  readonly firstSeen: string;
  readonly lastSeen: string;
}

/** Words and circumstances of the tasks of a kind. */
export interface ClusterProfile {
  /** Each with its weight, the most telling first; a circumstance is `language:rust`. */
  readonly terms: readonly (readonly [term: string, weight: number])[];
  /** How well nine of ten of its own episodes fit it, 0–1: what fits less well is not of this kind. */
  readonly reach: number;
}

/** A cluster without episodes that are gone; `undefined` where none is left. */
export function withoutMembers(
  cluster: TaskCluster,
  gone: readonly { readonly id: string; readonly hasEnded: boolean; readonly isSuccess: boolean }[],
): TaskCluster | undefined {
  const goneIds = new Set(gone.map(({ id }) => id));
  const memberIds = cluster.memberIds.filter((id) => !goneIds.has(id));
  const [first] = memberIds;
  if (first === undefined) return undefined;
  return {
    ...cluster,
    version: cluster.version + 1,
    memberIds,
    medoidId: goneIds.has(cluster.medoidId) ? first : cluster.medoidId,
    size: cluster.size - gone.length,
    ended: cluster.ended - gone.filter(({ hasEnded }) => hasEnded).length,
    successes: cluster.successes - gone.filter(({ isSuccess }) => isSuccess).length,
  };
}
