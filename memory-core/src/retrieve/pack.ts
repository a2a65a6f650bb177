// Fitting what was found into the space that the asker has. Pure.

/** Characters that make about one token of a language model: the field's rule of thumb for English and code. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens that `value` takes as JSON, about. */
export function estimatedTokens(value: unknown): number {
  return Math.ceil(JSON.stringify(value).length / CHARACTERS_PER_TOKEN);
}

/** The leading items that fit into `maxTokens` together. The first is always admitted. */
export function pack<T>(items: readonly T[], maxTokens: number): readonly T[] {
  let used = 0;
  const end = items.findIndex((item, index) => {
    used += estimatedTokens(item);
    return index > 0 && used > maxTokens;
  });
  return end < 0 ? items : items.slice(0, end);
}
