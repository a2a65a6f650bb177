// How near tasks must be to be of one kind: taken from how near they are to their neighbours. Pure.

/**
 * The distance to the k-th neighbour, of all points in order, at its knee (k-distance graph, Ester et al. 1996): up to
 * there lie points inside of groups, behind it those between them. The knee is where the curve lies farthest below the
 * straight line between its ends (Satopää et al. 2011). `undefined` where no point is near to k others at all.
 */
export function radiusOf(kthDistances: Float32Array): number | undefined {
  // At 1 there is nothing in common.
  const near = kthDistances.filter((distance) => distance < 1).toSorted();
  const [first] = near;
  const last = near.at(-1);
  if (first === undefined || last === undefined) return undefined;
  let knee = last;
  let deepest = 0;
  for (const [index, distance] of near.entries()) {
    const line = first + ((last - first) * index) / Math.max(1, near.length - 1);
    if (line - distance <= deepest) continue;
    deepest = line - distance;
    knee = distance;
  }
  return knee;
}

/** The k-th smallest, itself counted. */
export function kthDistance(distances: Float32Array, k: number): number {
  return distances.toSorted()[k - 1] ?? 1;
}
