// Kinds of task among the episodes of a scope: found by density, kept from run to run, looked for anew when the picture
// has changed. Pure.
import type { TaskCluster } from '../../cluster.ts';
import { contentId } from '../../id.ts';
import type { Scope } from '../../pattern.ts';
import type { Trace } from '../../trace.ts';
import { dbscan } from './dbscan.ts';
import { heirs } from './identity.ts';
import { labels } from './label.ts';
import { kthDistance, radiusOf } from './radius.ts';
import { type DistancesFrom, taskDistances } from './task-distance.ts';
import { type TaskPoint, taskPoints } from './task-features.ts';

export interface Clustering {
  /** Versions as known, 0 for new ones: the caller raises them. */
  readonly clusters: readonly TaskCluster[];
  /** Cluster of each episode; what is like nothing else is absent. */
  readonly clusterOf: ReadonlyMap<string, string>;
  /** Episodes among which the kinds were last looked for. */
  readonly clustered: number;
  readonly isRenewed: boolean;
  /** Share of the episodes that are in no cluster, 0–1. */
  readonly noise: number;
}

export interface KnownClusters {
  readonly scope: Scope;
  readonly clusters: readonly TaskCluster[];
  readonly clustered: number;
}

/** Tasks that are compared with each other in a run, the newest; each of the others goes to the nearest kind. */
const MAX_POINTS = 2_000;
/** Tasks near each other from which on they are a kind, itself counted. */
const MIN_POINTS = 4;
/** By so much the number of episodes must have changed for the kinds to be looked for anew. */
const RENEWAL_SHARE = 0.2;
const MAX_MEMBERS = 2_000;

/** The same traces give the same kinds in whatever order they come. */
export function taskClusters(traces: readonly Trace[], known: KnownClusters): Clustering {
  const points = taskPoints(traces);
  const distancesFrom = taskDistances(points);
  const isRenewed = hasChanged(traces.length, known);
  const groups = isRenewed ? foundGroups(points, distancesFrom) : keptGroups(points, distancesFrom, known.clusters);
  const clusters = clustersOf(groups, { points, distancesFrom, known });
  const clusterOf = new Map<string, string>();
  for (const [index, { members }] of groups.entries()) {
    const id = clusters[index]?.id ?? '';
    for (const point of members) for (const { episodeId } of points[point]?.traces ?? []) clusterOf.set(episodeId, id);
  }
  return {
    clusters,
    clusterOf,
    clustered: isRenewed ? traces.length : known.clustered,
    isRenewed,
    noise: traces.length === 0 ? 0 : 1 - clusterOf.size / traces.length,
  };
}

interface Group {
  readonly members: readonly number[];
  readonly radius: number;
}

function hasChanged(count: number, { clustered }: KnownClusters): boolean {
  return Math.abs(count - clustered) >= RENEWAL_SHARE * clustered;
}

function foundGroups(points: readonly TaskPoint[], distancesFrom: DistancesFrom): readonly Group[] {
  const count = Math.min(MAX_POINTS, points.length);
  const rows = Array.from({ length: count }, (_, point) => distancesFrom(point).subarray(0, count));
  const radius = radiusOf(Float32Array.from(rows, (row) => kthDistance(row, MIN_POINTS)));
  if (radius === undefined) return [];
  const neighboursOf = (point: number): number[] => {
    const near: number[] = [];
    for (const [other, distance] of rows[point]?.entries() ?? []) if (distance <= radius) near.push(other);
    return near;
  };
  const groups = dbscan(count, { minPoints: MIN_POINTS, neighboursOf });
  return groups.map((members) => ({ members, radius }));
}

function keptGroups(
  points: readonly TaskPoint[],
  distancesFrom: DistancesFrom,
  known: readonly TaskCluster[],
): readonly Group[] {
  const kindOf = new Map(known.flatMap(({ memberIds }, index) => memberIds.map((id) => [id, index] as const)));
  const members = known.map((): number[] => []);
  for (const [point, { traces }] of points.entries()) {
    const kind = traces.map(({ episodeId }) => kindOf.get(episodeId)).find((index) => index !== undefined);
    if (kind !== undefined) members[kind]?.push(point);
  }
  return known.map(({ radius }, index) => ({ members: members[index] ?? [], radius }));
}

function clustersOf(
  groups: readonly Group[],
  {
    points,
    distancesFrom,
    known,
  }: { readonly points: readonly TaskPoint[]; readonly distancesFrom: DistancesFrom; readonly known: KnownClusters },
): readonly TaskCluster[] {
  const tasks = groups.map(({ members }) => members.flatMap((point) => points[point] ?? []));
  const ids = heirs(
    tasks.map((of) => of.flatMap(({ traces }) => traces.map(({ episodeId }) => episodeId))),
    known.clusters,
  );
  const named = labels(tasks);
  return groups.map(({ members, radius }, index): TaskCluster => {
    const traces = (tasks[index] ?? []).flatMap((point) => point.traces);
    const medoid = medoidOf(members, distancesFrom);
    const medoidId = points[medoid]?.traces.at(-1)?.episodeId ?? '';
    const id =
      ids.get(index) ??
      contentId(JSON.stringify(['cluster', known.scope.project ?? null, known.scope.domain ?? null, medoidId]));
    const ended = traces.filter(({ outcome }) => outcome !== 'abstained');
    const times = traces.map(({ endedAt }) => endedAt).toSorted();
    return {
      id,
      version: known.clusters.find((cluster) => cluster.id === id)?.version ?? 0,
      scope: known.scope,
      label: named[index]?.label ?? '',
      keywords: named[index]?.keywords ?? [],
      medoidId,
      memberIds: traces
        .toSorted((a, b) => (a.endedAt < b.endedAt ? 1 : -1))
        .slice(0, MAX_MEMBERS)
        .map(({ episodeId }) => episodeId)
        .toSorted(),
      size: traces.length,
      ended: ended.length,
      successes: ended.filter(({ outcome }) => outcome === 'success').length,
      radius,
      tools: commonTools(traces),
      firstSeen: times[0] ?? '',
      lastSeen: times.at(-1) ?? '',
    };
  });
}

function medoidOf(members: readonly number[], distancesFrom: DistancesFrom): number {
  let nearest = members[0] ?? 0;
  let least = Number.POSITIVE_INFINITY;
  for (const member of members) {
    const distances = distancesFrom(member);
    const sum = members.reduce((total, other) => total + (distances[other] ?? 1), 0);
    if (sum >= least) continue;
    least = sum;
    nearest = member;
  }
  return nearest;
}

const MAX_TOOLS = 20;

function commonTools(traces: readonly Trace[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { steps } of traces) {
    for (const act of new Set(steps.map(({ act }) => act))) counts.set(act, (counts.get(act) ?? 0) + 1);
  }
  return [...counts]
    .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, MAX_TOOLS)
    .map(([act]) => act);
}
