// Long texts in rows: stored texts may have 64 kB in a line, and most programs only look at how they begin.
import { type Json, LIMITS } from '@episodica/memory-core';
import * as z from 'zod';

const DEFAULT_CHARACTERS = 4_000;
const MIN_CHARACTERS = 20;
/** Longer than any text that is stored. */
const MAX_CHARACTERS = 10_000_000;

/** The argument by which a program says how much of each text it wants. */
export const maxCharacters: z.ZodType<number | undefined> = z
  .int()
  .min(MIN_CHARACTERS)
  .max(MAX_CHARACTERS)
  .optional()
  .describe(`Longer texts are cut, and say so. Default ${DEFAULT_CHARACTERS}`);

/** Fields with what somebody wrote or a tool printed. All others are names, ids and times, which are of use whole only. */
const FREE_TEXTS: ReadonlySet<string> = new Set(
  `task_description rationale action output message verdict artifacts completed failed reason details statement text
  summary difference lessons successes improvements insights decisions concepts reasons warning error fix example
  approach condition no_steps label`.split(/\s+/u),
);

/** Names may stand in what callers store by keys of their own: as long as names may be, they stay whole. */
const LEAST_BY_FIELD: ReadonlyMap<string, number> = new Map([
  ['parameters', 0],
  ['metadata', LIMITS.nameBytes],
]);

/** The same row with its free texts cut to `max` characters and a mark that says how many more there are. */
export function cutTexts(value: Json, max: number = DEFAULT_CHARACTERS): Json {
  // Nearly always nothing is cut, and looking costs a fraction of copying.
  return hasLongText(value, max) ? withCutFields(value, max) : value;
}

function withCutFields(value: Json, max: number): Json {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((item) => withCutFields(item, max));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, cutField(item, { key, max })]));
}

function cutField(value: Json, { key, max }: { readonly key: string; readonly max: number }): Json {
  const least = LEAST_BY_FIELD.get(key);
  if (least !== undefined) return withCutTexts(value, Math.max(least, max));
  const isText = typeof value === 'string' || (isList(value) && value.every((item) => typeof item === 'string'));
  return isText && FREE_TEXTS.has(key) ? withCutTexts(value, max) : isText ? value : withCutFields(value, max);
}

function hasLongText(value: Json, max: number): boolean {
  if (typeof value === 'string') return value.length > max;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((item) => hasLongText(item, max));
}

function withCutTexts(value: Json, max: number): Json {
  if (typeof value === 'string') return value.length <= max ? value : cut(value, max);
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((item) => withCutTexts(item, max));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withCutTexts(item, max)]));
}

/** Never between the two halves of a character. */
function cut(text: string, max: number): string {
  const isHalf = /[\uD800-\uDBFF]/u.test(text.charAt(max - 1)) && /[\uDC00-\uDFFF]/u.test(text.charAt(max));
  const kept = text.slice(0, isHalf ? max - 1 : max);
  return `${kept}… (${text.length - kept.length} more characters; max_chars takes more)`;
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
