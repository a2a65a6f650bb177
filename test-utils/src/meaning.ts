// Vectors for tests that have something to do with meaning: words of one class of synonyms are one direction, and texts
// with words of the same directions are near each other.

export interface MeaningOptions {
  readonly dimensions: number;
  /** Classes of words that mean the same. @default none: a word is like itself alone */
  readonly synonyms?: readonly (readonly string[])[] | undefined;
  /** Another one is another model: its vectors have nothing to do with these. @default `` */
  readonly seed?: string | undefined;
}

/** The same vector for the same text and options; not of length 1. */
export function meaning(options: MeaningOptions): (text: string) => readonly number[] {
  const { dimensions, synonyms = [], seed = '' } = options;
  const classes = new Map(synonyms.flatMap((words) => words.map((word) => [word.toLowerCase(), words[0] ?? word])));
  return (text) => {
    const sum: number[] = new Array(dimensions).fill(0);
    const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
    // A text without a word has a direction as well.
    for (const word of words.length === 0 ? ['…'] : words) {
      const random = randomFrom(`${seed} ${classes.get(word) ?? word}`);
      for (let index = 0; index < dimensions; index += 1) sum[index] = (sum[index] ?? 0) + random() - 0.5;
    }
    return sum;
  };
}

/** Numbers from 0 to 1 that a text determines: FNV-1a (Fowler, Noll, Vo 1991) begins, mulberry32 goes on. */
function randomFrom(text: string): () => number {
  let state = 0x811c9dc5;
  for (const byte of Buffer.from(text)) state = Math.imul(state ^ byte, 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
