// How much alike attempts are, 0–1, by way of what they share: an inverted index. Pure.
import { type Features, PARTS, type Part } from './task-features.ts';

export interface TaskLikeness {
  /** How much alike each of those that are indexed is to each. */
  readonly among: readonly Float32Array[];
  /** How much alike another one is to each of them. */
  to(features: Features): Float32Array;
}

/**
 * The mean of the cosines of their parts (tf–idf, Salton & Buckley 1988) over the parts that both have; 0 where they
 * have none in common. Parts weigh the same, as nothing is known of what each is worth in a scope.
 */
export function taskLikeness(indexed: readonly Features[]): TaskLikeness {
  const indexes = PARTS.map((part) => partIndex(indexed, part));
  const rowOf = (features: Features, length: number): Float32Array => {
    const sums = new Float32Array(length);
    const parts = new Uint8Array(length);
    for (const index of indexes) if (features[index.part].size > 0) addCosines(index, features, { sums, parts });
    for (let other = 0; other < length; other += 1) sums[other] = (sums[other] ?? 0) / Math.max(1, parts[other] ?? 0);
    return sums;
  };
  const among = indexed.map(() => new Float32Array(indexed.length));
  for (const [place, features] of indexed.entries()) {
    // Only those up to it are in the index yet: the other half is the same.
    for (const index of indexes) add(index, features, place);
    const row = rowOf(features, place + 1);
    among[place]?.set(row);
    for (let other = 0; other < place; other += 1) (among[other] ?? row)[place] = row[other] ?? 0;
  }
  return { among, to: (features) => rowOf(features, indexed.length) };
}

/** Features of a part that are compared, the heaviest: more would cost much and tell little. */
const MAX_FEATURES = 64;

interface PartIndex {
  readonly part: Part;
  /** Numbered in the order of their names, so that sums do not depend on the order of what is indexed. */
  readonly terms: ReadonlyMap<string, { readonly number: number; readonly rarity: number }>;
  /** Of each feature those that have it, and its weight in each. */
  readonly postings: readonly Posting[];
  /** Those that have this part at all. */
  readonly having: number[];
}

interface Posting {
  readonly at: number[];
  readonly weights: number[];
}

function partIndex(indexed: readonly Features[], part: Part): PartIndex {
  const frequencies = new Map<string, number>();
  for (const features of indexed) {
    for (const feature of features[part].keys()) frequencies.set(feature, (frequencies.get(feature) ?? 0) + 1);
  }
  const sorted = [...frequencies].toSorted(([a], [b]) => (a < b ? -1 : 1));
  // The rarity is not 0 for what all have: else attempts that are all the same would have nothing in common.
  const rarity = (frequency: number): number => 1 + Math.log(indexed.length / frequency);
  return {
    part,
    terms: new Map(sorted.map(([feature, frequency], number) => [feature, { number, rarity: rarity(frequency) }])),
    postings: sorted.map(() => ({ at: [], weights: [] })),
    having: [],
  };
}

function add({ part, terms, postings, having }: PartIndex, features: Features, place: number): void {
  if (features[part].size > 0) having.push(place);
  for (const [number, weight] of weighted(features[part], terms)) {
    postings[number]?.at.push(place);
    postings[number]?.weights.push(weight);
  }
}

/** The heaviest features and their weights, of length 1 together; what is not indexed has no number and is left out. */
function weighted(features: ReadonlyMap<string, number>, terms: PartIndex['terms']): readonly [number, number][] {
  const all: [number, number][] = [];
  for (const [feature, count] of features) {
    const term = terms.get(feature);
    if (term !== undefined) all.push([term.number, count * term.rarity]);
  }
  const heaviest =
    all.length > MAX_FEATURES ? all.toSorted((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, MAX_FEATURES) : all;
  heaviest.sort((a, b) => a[0] - b[0]);
  const length = Math.sqrt(heaviest.reduce((sum, [, weight]) => sum + weight * weight, 0));
  return heaviest.map(([number, weight]) => [number, weight / length]);
}

function addCosines(
  { part, terms, postings, having }: PartIndex,
  features: Features,
  { sums, parts }: { readonly sums: Float32Array; readonly parts: Uint8Array },
): void {
  for (const [number, weight] of weighted(features[part], terms)) {
    const posting = postings[number];
    if (posting === undefined) continue;
    const { at, weights } = posting;
    for (let place = 0; place < at.length; place += 1) {
      const other = at[place] ?? 0;
      sums[other] = (sums[other] ?? 0) + weight * (weights[place] ?? 0);
    }
  }
  for (let place = 0; place < having.length; place += 1) {
    const other = having[place] ?? 0;
    parts[other] = (parts[other] ?? 0) + 1;
  }
}
