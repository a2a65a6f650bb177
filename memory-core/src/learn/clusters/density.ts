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
 * that with the highest mean silhouette (Rousseeuw 1987) by likeness itself, points in no group counting 0. Where no
 * step has more than one group, at the knee of the graph. Nothing where the groups do not stand apart.
 */
export function denseGroups(nearby: readonly Nearby[], likeness: readonly Float32Array[]): Groups {
  const graph = kDistances(nearby);
  const found = stepsThrough(graph)
    .map((radius): Groups => ({ groups: groupsAt(nearby, radius), radius }))
    .filter(({ groups }) => groups.length > 1);
  if (found.length === 0) return oneGroup(nearby, graph);
  const judged = found.map((of) => ({ of, total: silhouette(likeness, of.groups) }));
  const best = judged.reduce((most, next) => (next.total > most.total ? next : most));
  const grouped = best.of.groups.reduce((sum, points) => sum + points.length, 0);
  return best.total >= MIN_SILHOUETTE * grouped ? best.of : { groups: [], radius: kneeOf(graph) ?? 0 };
}

/** Whether a point is dense at a radius. */
export function isDense({ distances }: Nearby, radius: number): boolean {
  return distances.reduce((count, distance) => count + Number(distance <= radius), 0) >= MIN_POINTS;
}

/**
 * What a mean silhouette must reach for there to be kinds. Of attempts whose words and tools were dealt at random it was
 * .14 at most (from 200 attempts on), of real work .24 and more. The usual .25 (Kaufman & Rousseeuw 1990) is for measures
 * in which what is unlike lies farther away than cosines of short texts let it.
 */
const MIN_SILHOUETTE = 0.2;
/** Radii that are tried. */
const STEPS = 10;

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

function oneGroup(nearby: readonly Nearby[], graph: Float32Array): Groups {
  const radius = kneeOf(graph);
  return radius === undefined ? { groups: [], radius: 0 } : { groups: groupsAt(nearby, radius), radius };
}

/** The sum of the silhouettes of all points that are in a group; the distance is 1 − likeness. */
function silhouette(likeness: readonly Float32Array[], groups: readonly (readonly number[])[]): number {
  const groupOf = new Int32Array(likeness.length).fill(-1);
  for (const [group, points] of groups.entries()) for (const point of points) groupOf[point] = group;
  const sums = new Float64Array(groups.length);
  let total = 0;
  for (const [own, points] of groups.entries()) {
    for (const point of points) {
      const row = likeness[point] ?? new Float32Array(0);
      sums.fill(0);
      for (let other = 0; other < row.length; other += 1) {
        const group = groupOf[other] ?? -1;
        if (group !== -1 && other !== point) sums[group] = (sums[group] ?? 0) + (row[other] ?? 0);
      }
      let [within, without] = [1, 1];
      for (const [group, members] of groups.entries()) {
        const mean = 1 - (sums[group] ?? 0) / Math.max(1, members.length - Number(group === own));
        if (group === own) within = mean;
        else without = Math.min(without, mean);
      }
      total += (without - within) / Math.max(without, within, Number.EPSILON);
    }
  }
  return total;
}
