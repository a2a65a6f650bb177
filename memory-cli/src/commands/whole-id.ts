// Ids as people type them: in any case, or their beginnings.
import { type EpisodeReading, isId, type Memory, MemoryError } from '@episodica/memory-core';

/** Characters of an id that say which one is meant. */
export const LEAST_CHARACTERS = 8;
/** Ids that a message lists. */
const MAX_TOLD = 5;

/**
 * The whole id of an episode. @throws `NOT_FOUND` for a beginning that no episode has; `INVALID_INPUT` for one that
 * several have, and for what cannot be an id
 */
export function wholeId(reading: EpisodeReading, given: string, signal: AbortSignal): Promise<string> {
  return meantId(given, {
    of: 'an episode',
    async beginningWith(idPrefix) {
      const found: string[] = [];
      for await (const { id } of reading.listEpisodes({ idPrefix, limit: MAX_TOLD + 1 }, { signal })) found.push(id);
      return found;
    },
  });
}

/** The whole id of a pattern. @throws as `wholeId` does */
export function wholePatternId(memory: Memory, given: string, signal: AbortSignal): Promise<string> {
  return meantId(given, {
    of: 'a pattern',
    async beginningWith(idPrefix) {
      const found = await memory.listPatterns({ idPrefix }, { signal });
      return found.map(({ pattern }) => pattern.id);
    },
  });
}

/** The whole id of an episode or a pattern that the flag `argument` names. @throws as `wholeId` does */
export function wholeOfferedId(
  memory: Memory,
  { given, argument }: { readonly given: string; readonly argument: string },
  signal: AbortSignal,
): Promise<string> {
  return meantId(given, {
    of: 'an episode or pattern',
    argument,
    async beginningWith(idPrefix) {
      const patterns = await memory.listPatterns({ idPrefix }, { signal });
      const found = patterns.slice(0, MAX_TOLD + 1).map(({ pattern }) => pattern.id);
      for await (const { id } of memory.listEpisodes({ idPrefix, limit: MAX_TOLD + 1 }, { signal })) found.push(id);
      return found;
    },
  });
}

/** The whole id of what `beginningWith` finds; `argument` is what it was given as. @throws as `wholeId` does */
export async function meantId(
  given: string,
  asked: {
    readonly of: string;
    readonly argument?: string;
    readonly beginningWith: (start: string) => Promise<readonly string[]>;
  },
): Promise<string> {
  const { argument = 'ID' } = asked;
  const id = given.trim().toLowerCase();
  if (isId(id)) return id;
  if (!/^[0-9a-f-]{8,36}$/u.test(id)) {
    throw new MemoryError(
      'INVALID_INPUT',
      `${argument}: "${given}" is no id of ${asked.of}; give it whole, or its first ${LEAST_CHARACTERS} characters or more.`,
    );
  }
  const found = await asked.beginningWith(id);
  const [first, ...others] = found;
  if (first === undefined) {
    const where = asked.argument === undefined ? '' : `${argument}: `;
    throw new MemoryError(
      'NOT_FOUND',
      `${where}No ${asked.of.replace(/^an? /u, '')} has an id that begins with ${id}.`,
    );
  }
  if (others.length === 0) return first;
  const more = found.length > MAX_TOLD ? ' and others' : '';
  throw new MemoryError(
    'INVALID_INPUT',
    `${argument}: several begin with ${id}: ${found.slice(0, MAX_TOLD).join(', ')}${more}; give more characters.`,
  );
}
