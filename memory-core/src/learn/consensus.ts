// What several sequences have in common, in its order. Pure.

/** An item that most of the sequences hold at this place of their common order. */
export interface Common {
  readonly item: string;
  /** The sequences that hold it there, by their places; rising. */
  readonly heldBy: readonly number[];
}

/** Items of one sequence that are looked at. Comparing two costs the product of their lengths. */
const MAX_ITEMS = 200;

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
  const shared = cut.map((one) => cut.map((other) => commonPlaces(one, other)));
  const centre = centreOf(cut, shared);
  const alignments = shared[centre] ?? [];
  const enough = Math.max(2, Math.ceil(cut.length / 2));
  return (cut[centre] ?? []).flatMap((item, place) => {
    const heldBy = alignments.flatMap((places, sequence) => (places.has(place) ? [sequence] : []));
    return heldBy.length < enough ? [] : [{ item, heldBy }];
  });
}

/** Of equals the one whose items come first in the order of their characters: whoever was handed in first says nothing. */
function centreOf(
  sequences: readonly (readonly string[])[],
  shared: readonly (readonly ReadonlySet<number>[])[],
): number {
  const closeness = shared.map((others) => others.reduce((sum, places) => sum + places.size, 0));
  const most = Math.max(...closeness);
  const best = sequences.flatMap((sequence, index) =>
    closeness[index] === most ? [{ index, key: JSON.stringify(sequence) }] : [],
  );
  return best.reduce((a, b) => (b.key < a.key ? b : a), best[0] ?? { index: 0, key: '' }).index;
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
