// Making a record small enough to be read: long texts, long lists and what is nested deep are cut, each with a mark
// that says how much is missing.
import type { Json } from '@episodica/memory-core';
import { estimatedTokens } from '@episodica/memory-core/wire';
import { json } from './code-mode/method.ts';

/** How much of a record stays. Fields of the record itself always do. */
interface Cut {
  readonly textCharacters: number;
  readonly entries: number;
  readonly depth: number;
}

/** From little to much that goes. */
const CUTS: readonly Cut[] = [
  { textCharacters: 60_000, entries: 5_000, depth: 8 },
  { textCharacters: 15_000, entries: 1_000, depth: 8 },
  { textCharacters: 4_000, entries: 200, depth: 7 },
  { textCharacters: 1_500, entries: 100, depth: 7 },
  { textCharacters: 500, entries: 50, depth: 6 },
  { textCharacters: 200, entries: 20, depth: 5 },
  { textCharacters: 80, entries: 10, depth: 4 },
  { textCharacters: 40, entries: 8, depth: 3 },
  { textCharacters: 40, entries: 8, depth: 2 },
  { textCharacters: 40, entries: 3, depth: 1 },
];

/** Half a pair is no character. */
const HIGH_SURROGATE = /[\uD800-\uDBFF]$/u;

/**
 * The record in `maxTokens`, where that can be: texts of at most `maxTextCharacters`, and where it still does not fit,
 * less and less of all that is in it. The smallest form is a few dozen characters for each of its fields.
 */
export function fittedObject(
  record: object,
  size: { readonly maxTokens: number; readonly maxTextCharacters?: number },
): Readonly<Record<string, Json>> {
  // What goes out is JSON; an object that is cut stays one.
  return fitted(json(record), size) as Readonly<Record<string, Json>>;
}

function fitted(
  record: Json,
  { maxTokens, maxTextCharacters = Infinity }: { readonly maxTokens: number; readonly maxTextCharacters?: number },
): Json {
  const whole = { textCharacters: maxTextCharacters, entries: Infinity, depth: Infinity };
  let form = cutBy(record, whole, 0);
  for (const cut of CUTS) {
    if (estimatedTokens(form) <= maxTokens) return form;
    const textCharacters = Math.min(maxTextCharacters, cut.textCharacters);
    form = cutBy(record, { ...cut, textCharacters }, 0);
  }
  return form;
}

function cutBy(value: Json, cut: Cut, depth: number): Json {
  if (typeof value === 'string') return shortened(value, cut.textCharacters);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > cut.depth) return '…';
  const kept = depth === 0 ? Infinity : cut.entries;
  if (isList(value)) {
    const items = value.slice(0, kept).map((item) => cutBy(item, cut, depth + 1));
    const more = value.length - items.length;
    return more === 0 ? items : [...items, `… (${more} more)`];
  }
  const all = Object.entries(value);
  const fields = all
    .slice(0, kept)
    .map(([name, field]) => [depth === 0 ? name : shortened(name, cut.textCharacters), cutBy(field, cut, depth + 1)]);
  const more = all.length - fields.length;
  return Object.fromEntries(more === 0 ? fields : [...fields, ['…', `${more} more`]]);
}

/** The beginning of a text, and how much is missing. */
export function shortened(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const kept = text.slice(0, maxCharacters).replace(HIGH_SURROGATE, '');
  return `${kept}… (${text.length - kept.length} more characters)`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
