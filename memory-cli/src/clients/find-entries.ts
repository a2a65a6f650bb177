// The MCP servers that clients on this machine would start in a folder.
import { claudeCodeEntries } from './claude-code.ts';
import type { Entry, Surroundings, UnreadableFile } from './entry.ts';
import { opencodeEntries } from './opencode.ts';

/**
 * All entries of all clients, also those of other servers; of each client the weakest scope first. A file that is there
 * and cannot be read is told in its place.
 */
export async function findEntries(place: Surroundings): Promise<readonly (Entry | UnreadableFile)[]> {
  return [...(await claudeCodeEntries(place)), ...(await opencodeEntries(place))];
}
