// What several sequences have in common, in its order. Pure.

/** An item that most of the sequences hold at this place of their common order. */
export interface Common {
  readonly item: string;
  /** The sequences that hold it there, by their places; rising. */
  readonly heldBy: readonly number[];
}

/** Items of one sequence that are looked at. Comparing two costs the product of their lengths. */
const MAX_ITEMS = 200;

/** Different sequences that each of the others is compared with: the commonest ones. */
const MAX_CENTRES = 8;

/**
 * What at least half of the sequences, and two of them, have in common; of a single sequence all of it. By the centre star
 * method (Gusfield, Algorithms on Strings, Trees and Sequences, 1997, §14.6): the sequence that shares most with all others
 * is aligned with each of them by their longest common subsequence, and of it stays what is in enough of these. So what is
 * done twice, such as a check before and behind a change, stays twice. The order of the sequences does not matter.
 */
export function consensus(sequences: readonly (readonly string[])[]): readonly Common[] {
  const cut = sequences.map((sequence) => sequence.slice(0, MAX_ITEMS));
  const [only, second] = cut;
  if (only === undefined) return [];
  if (second === undefined) return only.map((item) => ({ item, heldBy: [0] }));
  const different = differentOnes(cut);
  const centres = different.slice(0, MAX_CENTRES).map(({ items }) => {
    const shared = different.map(({ items: other, heldBy }) => ({ places: commonPlaces(items, other), heldBy }));
    return {
      items,
      shared,
      closeness: shared.reduce((sum, { places, heldBy }) => sum + places.size * heldBy.length, 0),
    };
  });
  // Of equals the first, whose order is that of their characters: whoever was handed in first says nothing.
  const centre = centres.reduce((a, b) => (b.closeness > a.closeness ? b : a));
  const enough = Math.max(2, Math.ceil(cut.length / 2));
  return centre.items.flatMap((item, place) => {
    const heldBy = centre.shared.flatMap(({ places, heldBy: by }) => (places.has(place) ? by : []));
    return heldBy.length < enough ? [] : [{ item, heldBy: heldBy.sort((a, b) => a - b) }];
  });
}

/** Each different sequence with the places of those that are it: the commonest first, equals by their characters. */
function differentOnes(
  sequences: readonly (readonly string[])[],
): readonly { readonly items: readonly string[]; readonly heldBy: readonly number[] }[] {
  const byKey = new Map<string, { readonly items: readonly string[]; readonly heldBy: number[] }>();
  for (const [index, items] of sequences.entries()) {
    const key = JSON.stringify(items);
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, { items, heldBy: [index] });
    else known.heldBy.push(index);
  }
  return [...byKey]
    .sort(([a, one], [b, other]) => other.heldBy.length - one.heldBy.length || (a < b ? -1 : 1))
    .map(([, sequence]) => sequence);
}

/** The places of `one` that are in its longest common subsequence with `other`. */
function commonPlaces(one: readonly string[], other: readonly string[]): ReadonlySet<number> {
  const width = other.length + 1;
  // lengths[i · width + j]: of the longest common subsequence behind place i of the one and place j of the other.
  const lengths = new Uint16Array((one.length + 1) * width);
  const at = (i: number, j: number): number => lengths[i * width + j] ?? 0;
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = one[i] === other[j] ? 1 + at(i + 1, j + 1) : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const places = new Set<number>();
  for (let i = 0, j = 0; i < one.length && j < other.length; ) {
    if (one[i] === other[j]) {
      places.add(i);
      i += 1;
      j += 1;
    } else if (at(i + 1, j) >= at(i, j + 1)) {
      i += 1;
    } else {
      j += 1;
    }
  }
  return places;
}
