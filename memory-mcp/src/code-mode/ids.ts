// The first argument of methods that take one episode or many.
import { type Json, LIMITS } from '@episodica/memory-core';
import * as z from 'zod';
import { argument } from './method.ts';

const episodeId = z.string().min(1);

/** An id, or an array of ids. */
export const oneOrManyIds: z.ZodType<string | readonly string[]> = z.union([
  episodeId,
  z.array(episodeId).max(LIMITS.batch),
]);

const named = z.strictObject({ id: oneOrManyIds });

/** @throws as `argument` does */
export function idsIn(given: Json | undefined, method: string): readonly string[] {
  const { id } = argument(named, given === undefined ? {} : { id: given }, method);
  return typeof id === 'string' ? [id] : id;
}
