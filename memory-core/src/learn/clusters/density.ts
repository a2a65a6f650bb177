// Groups of attempts that lie densely together, at the radius that sets them apart best. Pure.
import { dbscan } from './dbscan.ts';
import type { Nearby } from './shared-neighbours.ts';

export interface Groups {
  /** Each sorted, that with the lowest point first. */
  readonly groups: readonly (readonly number[])[];
  readonly radius: number;
}

/** Points within the radius of a point, itself counted, from which on it is dense: as many as a pattern needs. */
export const MIN_POINTS = 3;

/**
 * DBSCAN at the radius of the k-distance graph (Ester et al. 1996) that sets its groups apart best: of steps through it
 * that with the highest mean silhouette (Rousseeuw 1987), where points in no group count 0. Where there is never more
 * than one group, at the knee of the graph. Nothing where the groups do not stand apart.
 */
export function denseGroups(nearby: readonly Nearby[]): Groups {
  const graph = kDistances(nearby);
  let best: (Groups & { readonly total: number }) | undefined;
  for (const radius of stepsThrough(graph)) {
    const groups = groupsAt(nearby, radius);
    const { total, grouped } = silhouette(nearby, groups);
    if (groups.length < 2 || total < MIN_SILHOUETTE * grouped || total <= (best?.total ?? 0)) continue;
    best = { groups, radius, total };
  }
  if (best !== undefined) return { groups: best.groups, radius: best.radius };
  const radius = kneeOf(graph);
  const groups = radius === undefined ? [] : groupsAt(nearby, radius);
  return groups.length === 1 && radius !== undefined ? { groups, radius } : { groups: [], radius: 0 };
}

/** Whether a point is dense at a radius. */
export function isDense({ distances }: Nearby, radius: number): boolean {
  return distances.reduce((count, distance) => count + Number(distance <= radius), 0) >= MIN_POINTS;
}

/** A mean below says that no substantial structure was found (Kaufman & Rousseeuw 1990). */
const MIN_SILHOUETTE = 0.25;
/** Radii that are tried. */
const STEPS = 20;

/** Distances to the k-th nearest, k being the points that make dense; only where so many are near at all. */
function kDistances(nearby: readonly Nearby[]): Float32Array {
  const all = nearby.map(({ distances }) => distances.toSorted()[MIN_POINTS - 1] ?? 1);
  return Float32Array.from(all.filter((distance) => distance < 1)).toSorted();
}

function stepsThrough(graph: Float32Array): readonly number[] {
  const steps = Array.from(
    { length: STEPS },
    (_, step) => graph[Math.floor(((step + 1) / STEPS) * (graph.length - 1))],
  );
  return [...new Set(steps.filter((step) => step !== undefined))];
}

/** Where the curve lies farthest below the straight line between its ends (Satopää et al. 2011). */
function kneeOf(graph: Float32Array): number | undefined {
  const first = graph.at(0) ?? 0;
  const last = graph.at(-1);
  let knee = last;
  let deepest = 0;
  for (const [index, distance] of graph.entries()) {
    const depth = first + (((last ?? 0) - first) * index) / Math.max(1, graph.length - 1) - distance;
    if (depth <= deepest) continue;
    deepest = depth;
    knee = distance;
  }
  return knee;
}

function groupsAt(nearby: readonly Nearby[], radius: number): readonly (readonly number[])[] {
  const neighboursOf = (point: number): number[] => {
    const within: number[] = [];
    const { at, distances } = nearby[point] ?? NOTHING;
    for (const [index, other] of at.entries()) if ((distances[index] ?? 1) <= radius) within.push(other);
    return within;
  };
  return dbscan(nearby.length, { minPoints: MIN_POINTS, neighboursOf });
}
const NOTHING: Nearby = { at: new Int32Array(0), distances: new Float32Array(0) };

/** The silhouettes of all points that are in a group, and how many these are. What is not nearby is at distance 1. */
function silhouette(
  nearby: readonly Nearby[],
  groups: readonly (readonly number[])[],
): { readonly total: number; readonly grouped: number } {
  const groupOf = new Int32Array(nearby.length).fill(-1);
  for (const [group, points] of groups.entries()) for (const point of points) groupOf[point] = group;
  let total = 0;
  let grouped = 0;
  for (const [point, { at, distances }] of nearby.entries()) {
    const own = groupOf[point] ?? -1;
    if (own === -1) continue;
    grouped += 1;
    const likeness = new Float64Array(groups.length);
    for (const [index, other] of at.entries()) {
      const group = groupOf[other] ?? -1;
      if (group !== -1 && other !== point) likeness[group] = (likeness[group] ?? 0) + 1 - (distances[index] ?? 1);
    }
    const means = likeness.map(
      (sum, group) => 1 - sum / Math.max(1, (groups[group]?.length ?? 0) - Number(group === own)),
    );
    const within = means[own] ?? 1;
    const without = means.reduce((least, mean, group) => (group === own ? least : Math.min(least, mean)), 1);
    total += (without - within) / Math.max(without, within, Number.EPSILON);
  }
  return { total, grouped };
}
