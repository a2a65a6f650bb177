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
    const met: number[] = [];
    for (const neighbour of list) {
      for (const other of listedBy[neighbour] ?? []) {
        if (shared[other] === 0) met.push(other);
        shared[other] = (shared[other] ?? 0) + 1;
      }
    }
    const at = Int32Array.from(met).toSorted();
    const distances = new Float32Array(at.length);
    for (let index = 0; index < at.length; index += 1) {
      const other = at[index] ?? 0;
      const sum = shared[other] ?? 0;
      distances[index] = 1 - sum / (list.length + (lists[other]?.length ?? 0) - sum);
      shared[other] = 0;
    }
    return { at, distances };
  };
  const answers = sameForSameList(nearbyOf);
  return { nearby: lists.map(answers), nearbyOf: (row) => answers(nearest(row, count)) };
}

/** Attempts that are all alike have one list, which may be long: it is gone through once. */
function sameForSameList(nearbyOf: (list: readonly number[]) => Nearby): (list: readonly number[]) => Nearby {
  const known = new Map<number, { readonly list: readonly number[]; readonly nearby: Nearby }[]>();
  return (list) => {
    const hash = list.reduce((sum, place) => (Math.imul(sum, 31) + place) | 0, list.length);
    const alike = known.get(hash) ?? [];
    const found = alike.find((of) => of.list.length === list.length && of.list.every((at, i) => at === list[i]));
    if (found !== undefined) return found.nearby;
    const nearby = nearbyOf(list);
    known.set(hash, [...alike, { list, nearby }]);
    return nearby;
  };
}

/**
 * The places of the highest values, in order, and of all that are as high as the last of them: which of two equal ones
 * came first would tell apart what is alike. What is not alike at all is no neighbour.
 */
function nearest(row: Float32Array, count: number): readonly number[] {
  const highest: number[] = [];
  for (const value of row) {
    if (value <= 0 || (highest.length === count && value <= (highest.at(-1) ?? 0))) continue;
    const behind = highest.findIndex((other) => other < value);
    highest.splice(behind === -1 ? highest.length : behind, 0, value);
    if (highest.length > count) highest.pop();
  }
  const least = highest.at(-1) ?? Number.POSITIVE_INFINITY;
  const places: number[] = [];
  for (const [place, value] of row.entries()) if (value >= least) places.push(place);
  return places;
}
