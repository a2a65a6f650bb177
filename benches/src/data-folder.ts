// A folder as a server's user has it, with a memory in which so much was done.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { fill } from './filled-store.ts';
import { SERVER, type ServerProcess, startServer } from './server-process.ts';

/** `folder`/`name`, with a memory of `episodes` episodes where a server that is started there looks for it. */
export async function makeDataFolder(folder: string, name: string, episodes: number): Promise<string> {
  const place = join(folder, name);
  mkdirSync(join(place, 'data'), { recursive: true });
  if (episodes === 0) return place;
  const store = await openTursoStore({ url: pathToFileURL(join(place, 'data', 'memory.db')).href });
  const memory = openMemory({ store });
  await fill(store, memory, episodes);
  await memory.close();
  // A server has been there before, as on all days but the first, and left its index behind.
  const server = await startServer({ program: [SERVER], folder: place });
  await untilIndexed(server);
  await server.close();
  return place;
}

const ASK_AGAIN_MS = 250;

/** Until answers are not `degraded` any more: until then the index is being made. */
async function untilIndexed(server: ServerProcess): Promise<void> {
  for (;;) {
    const answer = await server.request('tools/call', {
      name: 'query_memory',
      arguments: { query: 'fix the session cache' },
    });
    const told = JSON.stringify(answer.structuredContent);
    if (answer.isError !== true && told?.includes('"degraded":[]')) return;
    await sleep(ASK_AGAIN_MS);
  }
}
