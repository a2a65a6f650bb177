// What a caller may change about an episode after it began.
import * as z from 'zod';
import { FIELDS, parse } from './input.ts';
import type { JsonObject } from './json.ts';
import { normaliseTags } from './tag.ts';

/** What may be changed of an episode. What is left out stays. */
export interface EpisodeChangeInput {
  readonly description?: string | undefined;
  /** Replaces all of it. */
  readonly metadata?: JsonObject | undefined;
  /** What changes in it key by key: of what there is, or of `metadata` where that is given as well. */
  readonly metadataKeys?: MetadataChange | undefined;
  readonly tags?: TagChange | undefined;
}

/** `remove` takes keys out, then `set` puts in. */
export interface MetadataChange {
  readonly remove?: readonly string[] | undefined;
  readonly set?: JsonObject | undefined;
}

/** `set` replaces all tags; then `remove` takes out, then `add` puts in. */
export interface TagChange {
  readonly set?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
  readonly add?: readonly string[] | undefined;
}

export const episodeChangeInput: z.ZodType<EpisodeChangeInput> = z.strictObject({
  description: FIELDS.description.optional(),
  metadata: FIELDS.metadata.optional(),
  metadataKeys: z
    .strictObject({ remove: z.array(z.string()).readonly().optional(), set: FIELDS.metadata.optional() })
    .optional(),
  tags: z
    .strictObject({ set: FIELDS.tags.optional(), remove: FIELDS.tags.optional(), add: FIELDS.tags.optional() })
    .optional(),
});

/** @throws `LIMIT_EXCEEDED` where it becomes too large */
export function metadataAfter(metadata: JsonObject, { remove = [], set = {} }: MetadataChange): JsonObject {
  const kept = Object.entries(metadata).filter(([key]) => !remove.includes(key));
  return parse(FIELDS.metadata, { ...Object.fromEntries(kept), ...set }, 'metadata');
}

/** @throws `INVALID_INPUT` for what is no tag; `LIMIT_EXCEEDED` past 32. */
export function tagsAfter(tags: readonly string[], change: TagChange): readonly string[] {
  const removed = new Set(normaliseTags(change.remove ?? []));
  const kept = normaliseTags(change.set ?? tags).filter((tag) => !removed.has(tag));
  return normaliseTags([...kept, ...(change.add ?? [])]);
}
