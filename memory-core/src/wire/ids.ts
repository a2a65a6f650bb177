// Ids as callers hand them in: what a model copied wrongly is told before anything is looked up.
import * as z from 'zod';
import { oneLine } from '../clip.ts';
import { isId } from '../id.ts';

const ID_CHARACTERS = 36;
const MAX_TOLD_CHARACTERS = 60;

/** An id; `origin` says where one is to be had. */
export function idField(origin: string): z.ZodType<string> {
  return z.string().refine(isId, { error: ({ input }) => problemText(String(input), origin) });
}

function problemText(given: string, origin: string): string {
  const what = `is ${JSON.stringify(oneLine(given, MAX_TOLD_CHARACTERS))}`;
  const bare = given.toLowerCase().replace(/[^0-9a-f-]/gu, '');
  if (isId(bare)) return `${what}; give the id alone, in lower case: ${bare}`;
  const isBeginning = given === bare && bare.length >= 4 && bare.length < ID_CHARACTERS;
  if (isBeginning) return `${what}, which is only the beginning of an id; give all ${ID_CHARACTERS} characters`;
  return `${what}, which is no id; one looks like 0190a1b2-0000-7000-8000-000000000000, and ${origin}`;
}

/** An episode that somebody names. */
export const episodeIdField: z.ZodType<string> = idField('create_episode, list_episodes and query_memory answer them');
/** A pattern that somebody names. */
export const patternIdField: z.ZodType<string> = idField('list_patterns and query_memory answer them');
/** A recommendation that somebody names. */
export const recommendationIdField: z.ZodType<string> = idField('get_recommendation answers it');
