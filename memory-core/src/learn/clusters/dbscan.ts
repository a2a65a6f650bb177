/// <reference path="./density-clustering.d.ts" />
// DBSCAN (Ester et al. 1996) by density-clustering, over neighbours that are handed in. Pure.
import densityClustering from 'density-clustering';

/**
 * Groups of points, each sorted, the group of the lowest point first; what is in none is noise. `neighboursOf` answers
 * the point itself too, and is asked once for each point. A point with at least `minPoints` neighbours makes a group.
 */
export function dbscan(
  count: number,
  { minPoints, neighboursOf }: { readonly minPoints: number; readonly neighboursOf: (point: number) => number[] },
): readonly (readonly number[])[] {
  const engine = new densityClustering.DBSCAN();
  engine._regionQuery = neighboursOf;
  engine._mergeArrays = mergingArrays();
  // It only takes a real array. The radius is not looked at: it is in the neighbours.
  const groups = engine.run(
    Array.from({ length: count }, (_, point) => point),
    1,
    minPoints,
  );
  // Its own list of noise also holds points that a group took up later: what counts is that no group has it.
  return groups.map((points) => points.toSorted((a, b) => a - b));
}

/** As the library does it, but it looks for each point in the whole list: points that all lie close would take n³. */
function mergingArrays(): (into: number[], from: number[]) => number[] {
  let list: number[] | undefined;
  let held = new Set<number>();
  return (into, from) => {
    if (list !== into) {
      list = into;
      held = new Set(into);
    }
    for (const point of from) {
      if (held.has(point)) continue;
      held.add(point);
      into.push(point);
    }
    return into;
  };
}
