// How near attempts are by the neighbours that they share. Pure.

/** Of one attempt those that share neighbours with it, in order, itself among them, and how far each is, 0–1. */
export interface Nearby {
  readonly at: Int32Array;
  readonly distances: Float32Array;
}

export interface SharedNeighbours {
  /** Of each indexed attempt. */
  readonly nearby: readonly Nearby[];
  /** Of another one, by how much alike it is to each that is indexed. */
  nearbyOf(likeness: Float32Array): Nearby;
}

/** Neighbours that are compared: √n (Duda & Hart 1973), in bounds that let small kinds be seen and cost little. */
const MIN_NEIGHBOURS = 5;
const MAX_NEIGHBOURS = 20;

/**
 * 1 − Jaccard's index of the lists of nearest neighbours (Jarvis & Patrick 1973, Ertöz et al. 2003). Cosines of short
 * texts lie densely in one region and thinly in the next, so that no one radius fits: at the one that finds the thin
 * kinds the dense ones are all one. Shared neighbours are counted in a measure that each region sets itself.
 */
export function sharedNeighbours(likeness: readonly Float32Array[]): SharedNeighbours {
  const count = Math.min(MAX_NEIGHBOURS, Math.max(MIN_NEIGHBOURS, Math.round(Math.sqrt(likeness.length))));
  const lists = likeness.map((row) => nearest(row, count));
  const listedBy = lists.map((): number[] => []);
  for (const [point, list] of lists.entries()) for (const neighbour of list) listedBy[neighbour]?.push(point);
  const shared = new Int32Array(lists.length);
  const nearbyOf = (list: readonly number[]): Nearby => {
    shared.fill(0);
    for (const neighbour of list) {
      for (const other of listedBy[neighbour] ?? []) shared[other] = (shared[other] ?? 0) + 1;
    }
    const at: number[] = [];
    for (const [other, sum] of shared.entries()) if (sum > 0) at.push(other);
    const distances = Float32Array.from(at, (other) => {
      const sum = shared[other] ?? 0;
      return 1 - sum / (list.length + (lists[other]?.length ?? 0) - sum);
    });
    return { at: Int32Array.from(at), distances };
  };
  return { nearby: lists.map(nearbyOf), nearbyOf: (row) => nearbyOf(nearest(row, count)) };
}

/** The places of the highest values, the first of equal ones; what is not alike at all is no neighbour. */
function nearest(row: Float32Array, count: number): readonly number[] {
  const best: number[] = [];
  for (let place = 0; place < row.length; place += 1) {
    const value = row[place] ?? 0;
    if (value <= 0 || (best.length === count && value <= (row[best.at(-1) ?? 0] ?? 0))) continue;
    const behind = best.findIndex((other) => (row[other] ?? 0) < value);
    best.splice(behind === -1 ? best.length : behind, 0, place);
    if (best.length > count) best.pop();
  }
  return best;
}
