// How much alike attempts are, 0–1, by way of what they share: an inverted index. Pure.
import { type Features, PARTS, type Part } from './task-features.ts';

/** How much alike one attempt is to each of those that are indexed. */
export type LikenessTo = (features: Features) => Float32Array;

/**
 * The mean of the cosines of their parts (tf–idf, Salton & Buckley 1988) over the parts that both have; 0 where they
 * have none in common. Parts weigh the same, as nothing is known of what each is worth in a scope.
 */
export function taskLikeness(indexed: readonly Features[]): LikenessTo {
  const indexes = PARTS.map((part) => partIndex(indexed, part));
  return (features) => {
    const sums = new Float32Array(indexed.length);
    const parts = new Uint8Array(indexed.length);
    for (const index of indexes) addCosines(index, features, { sums, parts });
    return sums.map((sum, other) => sum / Math.max(1, parts[other] ?? 0));
  };
}

/** Features of a part that are compared, the heaviest: more would cost much and tell little. */
const MAX_FEATURES = 64;

interface PartIndex {
  readonly part: Part;
  /** Numbered in the order of their names, so that sums do not depend on the order of what is indexed. */
  readonly terms: ReadonlyMap<string, { readonly number: number; readonly rarity: number }>;
  /** Of each feature those that have it, and its weight in each. */
  readonly postings: readonly Vector[];
  /** Those that have this part at all. */
  readonly having: Int32Array;
}

/** Numbers of features, or of what is indexed, and a weight of each. */
interface Vector {
  readonly at: Int32Array;
  readonly weights: Float32Array;
}

function partIndex(indexed: readonly Features[], part: Part): PartIndex {
  const frequencies = new Map<string, number>();
  for (const features of indexed) {
    for (const feature of features[part].keys()) frequencies.set(feature, (frequencies.get(feature) ?? 0) + 1);
  }
  const sorted = [...frequencies].toSorted(([a], [b]) => (a < b ? -1 : 1));
  // The rarity is not 0 for what all have: else attempts that are all the same would have nothing in common.
  const rarity = (frequency: number): number => 1 + Math.log(indexed.length / frequency);
  const terms: PartIndex['terms'] = new Map(
    sorted.map(([feature, frequency], number) => [feature, { number, rarity: rarity(frequency) }]),
  );
  const posted = sorted.map((): [number, number][] => []);
  const having: number[] = [];
  for (const [place, features] of indexed.entries()) {
    if (features[part].size > 0) having.push(place);
    for (const [number, weight] of weighted(features[part], terms)) posted[number]?.push([place, weight]);
  }
  return { part, terms, postings: posted.map(vectorOf), having: Int32Array.from(having) };
}

/** The heaviest features and their weights, of length 1 together; what is not indexed has no number and is left out. */
function weighted(features: ReadonlyMap<string, number>, terms: PartIndex['terms']): readonly [number, number][] {
  const all = [...features].flatMap(([feature, count]): [number, number][] => {
    const term = terms.get(feature);
    return term === undefined ? [] : [[term.number, count * term.rarity]];
  });
  const heaviest = all.toSorted((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, MAX_FEATURES);
  const ordered = heaviest.toSorted((a, b) => a[0] - b[0]);
  const length = Math.sqrt(ordered.reduce((sum, [, weight]) => sum + weight * weight, 0));
  return ordered.map(([number, weight]) => [number, weight / length]);
}

function vectorOf(pairs: readonly [number, number][]): Vector {
  return { at: Int32Array.from(pairs, ([at]) => at), weights: Float32Array.from(pairs, ([, weight]) => weight) };
}

function addCosines(
  { part, terms, postings, having }: PartIndex,
  features: Features,
  { sums, parts }: { readonly sums: Float32Array; readonly parts: Uint8Array },
): void {
  if (features[part].size === 0) return;
  for (const [number, weight] of weighted(features[part], terms)) {
    const posting = postings[number];
    if (posting === undefined) continue;
    const { at, weights } = posting;
    for (let place = 0; place < at.length; place += 1) {
      const other = at[place] ?? 0;
      sums[other] = (sums[other] ?? 0) + weight * (weights[place] ?? 0);
    }
  }
  for (const other of having) parts[other] = (parts[other] ?? 0) + 1;
}
