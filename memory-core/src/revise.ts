// What a caller may change about an episode after it began.
import { z } from 'zod';
import { FIELDS } from './input.ts';
import type { JsonObject } from './json.ts';
import { normaliseTags } from './tag.ts';

export interface EpisodeChangeInput {
  readonly description?: string | undefined;
  /** Replaces all of it. */
  readonly metadata?: JsonObject | undefined;
  readonly tags?: TagChange | undefined;
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
  tags: z
    .strictObject({ set: FIELDS.tags.optional(), remove: FIELDS.tags.optional(), add: FIELDS.tags.optional() })
    .optional(),
});

/** @throws `INVALID_INPUT` for what is no tag; `LIMIT_EXCEEDED` past 32. */
export function tagsAfter(tags: readonly string[], change: TagChange): readonly string[] {
  const removed = new Set(normaliseTags(change.remove ?? []));
  const kept = normaliseTags(change.set ?? tags).filter((tag) => !removed.has(tag));
  return normaliseTags([...kept, ...(change.add ?? [])]);
}
