// Tags: what they look like once they are clean.
import { refusedInput } from './errors.ts';
import { LIMITS } from './limits.ts';

const TAG = /^[\p{L}\p{M}\p{N}_-]{2,100}$/u;

/**
 * Trimmed, lower-cased, without repeats, in the order given.
 * @throws `INVALID_INPUT` for a tag that is not 2–100 letters, digits, `_` or `-`; `LIMIT_EXCEEDED` past 32 tags.
 */
export function normaliseTags(tags: readonly string[]): readonly string[] {
  const clean = [...new Set(tags.map(normaliseTag))];
  if (clean.length > LIMITS.tags) {
    const problem = `an episode has at most ${LIMITS.tags} tags, not ${clean.length}`;
    throw refusedInput([{ path: 'tags', problem }], { code: 'LIMIT_EXCEEDED' });
  }
  return clean;
}

/** One tag, trimmed and lower-cased. @throws `INVALID_INPUT` */
export function normaliseTag(tag: string): string {
  const problem = tagProblem(tag);
  if (problem !== undefined) throw refusedInput([{ path: 'tags', problem }]);
  return cleanTag(tag);
}

/** Why this is no tag, for whoever knows which field it stands in. */
export function tagProblem(tag: string): string | undefined {
  if (TAG.test(cleanTag(tag))) return undefined;
  return `${JSON.stringify(tag.slice(0, 120))} is not a tag; use 2 to 100 letters, digits, "_" or "-"`;
}

function cleanTag(tag: string): string {
  return tag.normalize('NFC').trim().toLowerCase();
}
