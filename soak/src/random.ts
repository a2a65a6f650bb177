// Chance that can be repeated: the same seed gives the same numbers.

export interface Random {
  /** 0 ≤ n < 1. */
  next(): number;
  /** 0 ≤ n < `limit`, whole. */
  below(limit: number): number;
  isLikely(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
}

/** Numbers that depend on the seed alone (xorshift32, Marsaglia 2003; the seed spread by Knuth's multiplier). */
export function seededRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 2_654_435_761) | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    next,
    below,
    isLikely: (probability) => next() < probability,
    pick(choices) {
      const choice = choices[below(choices.length)];
      if (choice === undefined) throw new Error('There is nothing to pick from.');
      return choice;
    },
  };
}
