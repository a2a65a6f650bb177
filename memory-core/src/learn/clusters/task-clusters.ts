// Kinds of task among the episodes of a scope: found by density, kept from run to run, looked for anew when the picture
// has changed. Pure.
import type { TaskCluster } from '../../cluster.ts';
import type { Scope } from '../../pattern.ts';
import type { Trace } from '../../trace.ts';
import { denseGroups, isDense, MIN_POINTS } from './density.ts';
import { describedClusters, type Kind } from './described-clusters.ts';
import type { Member } from './label.ts';
import { sameKinds } from './same-kind.ts';
import { type Nearby, sharedNeighbours } from './shared-neighbours.ts';
import { featuresOf } from './task-features.ts';
import { taskLikeness } from './task-likeness.ts';

/** The kinds of task of a scope, and which episode is of which. */
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

/** The kinds of task that were known before, and of how many episodes. */
export interface KnownClusters {
  readonly scope: Scope;
  readonly clusters: readonly TaskCluster[];
  readonly clustered: number;
}

/** Episodes that are compared with each other in a run, the newest; each of the others goes to the nearest kind. */
const MAX_POINTS = 2_000;
/** By this share the number of episodes must have changed for the kinds to be looked for anew. */
const RENEWAL_SHARE = 0.2;

/**
 * Kinds of task. The same traces give the same kinds in whatever order they come; asked again with what it answered, it
 * answers the same. Between two searches the kinds that are known gain what lies as near as their own members do.
 */
export function taskClusters(traces: readonly Trace[], known: KnownClusters): Clustering {
  const members = inOrder(traces).map((trace): Member => ({ trace, features: featuresOf(trace) }));
  const { nearby, likeness } = compared(members);
  const isRenewed = Math.abs(traces.length - known.clustered) >= RENEWAL_SHARE * known.clustered;
  const found = isRenewed ? foundKinds({ members, nearby, likeness }) : knownKinds(members, known.clusters);
  const joined = withoutSmall(withAttemptsTogether(members, found.kindOf));
  addNear(joined, { members, nearby, radii: found.radii });
  const kinds = kindsOf(joined, found.radii);
  const clusters = describedClusters(kinds, { members, nearby, known });
  const clusterOf = new Map<string, string>();
  for (const [index, { points }] of kinds.entries()) {
    const id = clusters[index]?.id;
    for (const point of points) {
      const episodeId = members[point]?.trace.episodeId;
      if (id !== undefined && episodeId !== undefined) clusterOf.set(episodeId, id);
    }
  }
  return {
    clusters,
    clusterOf,
    clustered: isRenewed ? traces.length : known.clustered,
    isRenewed,
    noise: traces.length === 0 ? 0 : 1 - clusterOf.size / traces.length,
  };
}

/** Of each point the number of its kind, or `NONE`; of each kind how far its members are from each other. */
interface Found {
  readonly kindOf: Int32Array;
  readonly radii: readonly number[];
}
const NONE = -1;

/** Those that are compared, by id, then the others: which of two that are equally near comes first hangs on no clock. */
function inOrder(traces: readonly Trace[]): readonly Trace[] {
  const sorted = traces.toSorted((a, b) => compare(b.endedAt, a.endedAt) || compare(a.episodeId, b.episodeId));
  const newest = sorted.slice(0, MAX_POINTS).toSorted((a, b) => compare(a.episodeId, b.episodeId));
  return [...newest, ...sorted.slice(MAX_POINTS)];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

interface Compared {
  /** Of each member. */
  readonly nearby: readonly Nearby[];
  /** How much alike those are that are compared with each other. */
  readonly likeness: readonly Float32Array[];
}

function compared(members: readonly Member[]): Compared {
  const points = members.slice(0, MAX_POINTS).map(({ features }) => features);
  const likeness = taskLikeness(points);
  const space = sharedNeighbours(likeness.among);
  const others = members.slice(MAX_POINTS).map(({ features }) => space.nearbyOf(likeness.to(features)));
  return { nearby: [...space.nearby, ...others], likeness: likeness.among };
}

function foundKinds({ members, nearby, likeness }: Compared & { readonly members: readonly Member[] }): Found {
  const { groups: dense, radius } = denseGroups(nearby.slice(0, likeness.length), likeness);
  const groups = sameKinds(
    members.slice(0, likeness.length).map(({ features }) => features),
    dense,
  );
  const kindOf = new Int32Array(nearby.length).fill(NONE);
  for (const [kind, points] of groups.entries()) for (const point of points) kindOf[point] = kind;
  return { kindOf, radii: groups.map(() => radius) };
}

function knownKinds(members: readonly Member[], clusters: readonly TaskCluster[]): Found {
  const kinds = new Map(clusters.flatMap(({ memberIds }, kind) => memberIds.map((id) => [id, kind] as const)));
  return {
    kindOf: Int32Array.from(members, ({ trace }) => kinds.get(trace.episodeId) ?? NONE),
    radii: clusters.map(({ radius }) => radius),
  };
}

/** Attempts at one task are of one kind: of that which most of them were found in, of equal ones the more common. */
function withAttemptsTogether(members: readonly Member[], kindOf: Int32Array): Int32Array {
  const together = kindOf.slice();
  const sizes = sizesOf(kindOf);
  for (const points of attemptsOf(members)) {
    const counts = new Map<number, number>();
    for (const point of points) {
      const kind = kindOf[point] ?? NONE;
      if (kind !== NONE) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    const [most] = [...counts].toSorted(
      (a, b) => b[1] - a[1] || (sizes.get(b[0]) ?? 0) - (sizes.get(a[0]) ?? 0) || a[0] - b[0],
    );
    if (most !== undefined) for (const point of points) together[point] = most[0];
  }
  return together;
}

function attemptsOf(members: readonly Member[]): readonly (readonly number[])[] {
  const byTask = new Map<string, number[]>();
  for (const [point, { trace }] of members.entries()) {
    const points = byTask.get(trace.task);
    if (points === undefined) byTask.set(trace.task, [point]);
    else points.push(point);
  }
  return [...byTask.values()];
}

/**
 * Tasks of no kind go to that whose dense members are near, as DBSCAN would have it; and again, as what has come to a
 * kind may be near to others. In the end nothing is left that lies near: a second call finds nothing to do.
 */
function addNear(
  kindOf: Int32Array,
  {
    members,
    nearby,
    radii,
  }: Pick<Found, 'radii'> & { readonly members: readonly Member[]; readonly nearby: readonly Nearby[] },
): void {
  const nearestOf = (points: readonly number[]): number => {
    let nearest = NONE;
    let least = Number.POSITIVE_INFINITY;
    for (const point of points) {
      const { at, distances } = nearby[point] ?? { at: [], distances: [] };
      for (const [index, other] of at.entries()) {
        const kind = kindOf[other] ?? NONE;
        const radius = radii[kind];
        const distance = distances[index] ?? 1;
        const dense = nearby[other];
        if (radius === undefined || distance > radius || distance >= least) continue;
        if (dense === undefined || !isDense(dense, radius)) continue;
        nearest = kind;
        least = distance;
      }
    }
    return nearest;
  };
  let left = attemptsOf(members).filter((points) => points.every((point) => kindOf[point] === NONE));
  for (let before = -1; before !== left.length; ) {
    before = left.length;
    // All of a round are looked at before any joins: the order must not matter.
    const round = left.map((points) => ({ points, kind: nearestOf(points) }));
    for (const { points, kind } of round) if (kind !== NONE) for (const point of points) kindOf[point] = kind;
    left = round.filter(({ kind }) => kind === NONE).map(({ points }) => points);
  }
}

/** What is left with fewer members than make dense is no kind. */
function withoutSmall(kindOf: Int32Array): Int32Array {
  const sizes = sizesOf(kindOf);
  return kindOf.map((kind) => ((sizes.get(kind) ?? 0) < MIN_POINTS ? NONE : kind));
}

function sizesOf(kindOf: Int32Array): ReadonlyMap<number, number> {
  const sizes = new Map<number, number>();
  for (const kind of kindOf) sizes.set(kind, (sizes.get(kind) ?? 0) + 1);
  return sizes;
}

function kindsOf(kindOf: Int32Array, radii: readonly number[]): readonly Kind[] {
  const kinds = radii.map((radius): Kind & { readonly points: number[] } => ({ points: [], radius }));
  for (const [point, kind] of kindOf.entries()) kinds[kind]?.points.push(point);
  return kinds.filter(({ points }) => points.length > 0);
}
