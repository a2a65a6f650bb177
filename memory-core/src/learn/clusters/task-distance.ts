// How far tasks are from each other, 0–1, by way of what they share: an inverted index. Pure.
import { PARTS, type Part, type TaskPoint } from './task-features.ts';

/** Distances of one point from all others, itself included (0). */
export type DistancesFrom = (point: number) => Float32Array;

/**
 * 1 − the mean of the cosines of their parts (tf–idf, Salton & Buckley 1988) over the parts that both have; 1 where
 * they have none in common. Parts weigh the same, as nothing is known of what they are worth.
 */
export function taskDistances(points: readonly TaskPoint[]): DistancesFrom {
  const indexes = PARTS.map((part) => partIndex(points, part));
  return (point) => {
    const sums = new Float32Array(points.length);
    const parts = new Uint8Array(points.length);
    for (const index of indexes) addCosines(index, point, { sums, parts });
    const distances = sums.map((sum, other) => Math.min(1, Math.max(0, 1 - sum / Math.max(1, parts[other] ?? 0))));
    distances[point] = 0;
    return distances;
  };
}

/** Features of one point that are compared, the heaviest: many more would cost much and tell little. */
const MAX_FEATURES = 64;

interface PartIndex {
  /** Of each point its features and their weights, of length 1 together. */
  readonly vectors: readonly Vector[];
  /** Of each feature the points that have it. */
  readonly postings: readonly Vector[];
}

/** Numbers of features, or of points, and a weight of each. */
interface Vector {
  readonly at: Int32Array;
  readonly weights: Float32Array;
}

function partIndex(points: readonly TaskPoint[], part: Part): PartIndex {
  const frequencies = new Map<string, number>();
  for (const { features } of points) {
    for (const feature of features[part].keys()) frequencies.set(feature, (frequencies.get(feature) ?? 0) + 1);
  }
  const numbers = new Map([...frequencies.keys()].toSorted().map((feature, number) => [feature, number]));
  const posted = Array.from(numbers, (): [number, number][] => []);
  const vectors = points.map(({ features }, point) => {
    const weighted = [...features[part]].map(([feature, count]): [number, number] => [
      numbers.get(feature) ?? 0,
      // Not 0 for what all have: then tasks that are all the same would have nothing in common.
      count * (1 + Math.log(points.length / (frequencies.get(feature) ?? 1))),
    ]);
    const kept = unit(weighted.toSorted((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, MAX_FEATURES));
    for (const [number, weight] of kept) posted[number]?.push([point, weight]);
    return vectorOf(kept);
  });
  return { vectors, postings: posted.map(vectorOf) };
}

function unit(weighted: readonly [number, number][]): [number, number][] {
  const length = Math.sqrt(weighted.reduce((sum, [, weight]) => sum + weight * weight, 0));
  return weighted
    .map(([number, weight]): [number, number] => [number, weight / length])
    .toSorted((a, b) => a[0] - b[0]);
}

function vectorOf(pairs: readonly [number, number][]): Vector {
  return { at: Int32Array.from(pairs, ([at]) => at), weights: Float32Array.from(pairs, ([, weight]) => weight) };
}

function addCosines(
  { vectors, postings }: PartIndex,
  point: number,
  { sums, parts }: { readonly sums: Float32Array; readonly parts: Uint8Array },
): void {
  const own = vectors[point];
  if (own === undefined || own.at.length === 0) return;
  for (const [index, feature] of own.at.entries()) {
    const { at, weights } = postings[feature] ?? own;
    const weight = own.weights[index] ?? 0;
    for (let place = 0; place < at.length; place += 1) {
      const other = at[place] ?? 0;
      sums[other] = (sums[other] ?? 0) + weight * (weights[place] ?? 0);
    }
  }
  for (const [other, { at }] of vectors.entries()) if (at.length > 0) parts[other] = (parts[other] ?? 0) + 1;
}
