// A program: a process that starts, opens the store in a folder and asks it once, as a new session does. What it took
// is printed as JSON. Arguments: the folder, `cache` or `none`, an episode, a question. Without a folder: nothing is opened.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { openTursoStore } from '@episodica/memory-storage-turso';

export interface FirstAnswer {
  readonly openMs: number;
  readonly searchMs: number;
  readonly getMs: number;
  readonly rssMb: number;
}

const [, , folder, caching = 'none', episodeId = '', question = ''] = process.argv;
const answer = folder === undefined ? nothing() : await ask(folder);
process.stdout.write(JSON.stringify(answer));

async function ask(place: string): Promise<FirstAnswer> {
  const startedMs = performance.now();
  const store = await openTursoStore({ url: pathToFileURL(join(place, 'memory.db')).href });
  const cache = caching === 'cache' ? await openLmdbCache({ path: join(place, 'cache') }) : undefined;
  const memory = openMemory({ store, cache });
  const openedMs = performance.now();
  const { episodes } = await memory.search({ text: question });
  const searchedMs = performance.now();
  const episode = await memory.getEpisode(episodeId);
  const gotMs = performance.now();
  if (episodes.length === 0 || episode === undefined) throw new Error('What is stored was not found.');
  const answered = { rssMb: rssMb() };
  await memory.close();
  return { ...answered, openMs: openedMs - startedMs, searchMs: searchedMs - openedMs, getMs: gotMs - searchedMs };
}

function nothing(): FirstAnswer {
  return { openMs: 0, searchMs: 0, getMs: 0, rssMb: rssMb() };
}

function rssMb(): number {
  return process.memoryUsage.rss() / 1_048_576;
}
