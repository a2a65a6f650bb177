// Fitting what was found into the space that the asker has. Pure.
import { legible } from '../clip.ts';

/** Characters that make about one token of a language model: the field's rule of thumb for English and code. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens that `value` takes as JSON that is legible, about. */
export function estimatedTokens(value: unknown): number {
  return Math.ceil(legible(JSON.stringify(value)).length / CHARACTERS_PER_TOKEN);
}

/**
 * The leading items that fit into `maxTokens` together. The first is always admitted: where it does not fit, as the
 * first of its `lesser` forms that does, or else as the last of them.
 */
export function fitting<T>(
  items: readonly T[],
  { maxTokens, lesser }: { readonly maxTokens: number; lesser(first: T): readonly T[] },
): readonly T[] {
  const [first, ...others] = items;
  if (first === undefined) return [];
  const forms = [first, ...(estimatedTokens(first) <= maxTokens ? [] : lesser(first))];
  const admitted = forms.find((form) => estimatedTokens(form) <= maxTokens) ?? forms.at(-1) ?? first;
  let used = estimatedTokens(admitted);
  const end = others.findIndex((item) => {
    used += estimatedTokens(item);
    return used > maxTokens;
  });
  return [admitted, ...(end < 0 ? others : others.slice(0, end))];
}
