// The id of an episode as people type it: in any case, or its beginning.
import { isId, type Memory, MemoryError } from '@episodica/memory-core';

/** Characters of an id that say which one is meant. */
const LEAST_CHARACTERS = 8;
/** Ids that a message lists. */
const MAX_TOLD = 5;

/**
 * The whole id. @throws `NOT_FOUND` for a beginning that no episode has; `INVALID_INPUT` for one that several have,
 * and for what cannot be an id
 */
export async function wholeId(memory: Memory, given: string, signal: AbortSignal): Promise<string> {
  const id = given.trim().toLowerCase();
  if (isId(id)) return id;
  if (!/^[0-9a-f-]{8,36}$/u.test(id)) {
    throw new MemoryError(
      'INVALID_INPUT',
      `ID: "${given}" is no id of an episode; give it whole, or its first ${LEAST_CHARACTERS} characters or more.`,
    );
  }
  const found: string[] = [];
  for await (const episode of memory.listEpisodes({ idPrefix: id, limit: MAX_TOLD + 1 }, { signal })) {
    found.push(episode.id);
  }
  const [first, ...others] = found;
  if (first === undefined) throw new MemoryError('NOT_FOUND', `No episode has an id that begins with ${id}.`);
  if (others.length === 0) return first;
  const more = found.length > MAX_TOLD ? ' and others' : '';
  throw new MemoryError(
    'INVALID_INPUT',
    `ID: several begin with ${id}: ${found.slice(0, MAX_TOLD).join(', ')}${more}; give more characters.`,
  );
}
