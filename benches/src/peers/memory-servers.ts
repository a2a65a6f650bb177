// Our server beside the reference server for memory, over standard input and output:
// `npm run bench:peers -- servers [--folder DIR]`. Both are given the same items, started in the same environment and
// asked by the same client. The other one keeps one file of JSON lines, which it reads and writes anew with each call.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { generatedEpisode, generatedQuery, seededRandom } from '../corpus.ts';
import { timeCalls, timingOf } from '../measure.ts';
import { SERVER, type ServerCommand, type ServerProcess, startServer } from '../server-process.ts';
import { formatTable } from '../table.ts';

interface MemoryServer {
  readonly command: ServerCommand;
  /** Stores an item. */
  write(server: ServerProcess, description: string): Promise<unknown>;
  /** Stores many, by the shortest way there is. */
  fill(server: ServerProcess, descriptions: readonly string[]): Promise<unknown>;
  /** The result of a search as the model gets it. */
  search(server: ServerProcess, query: string): Promise<object>;
}

const PEER = '@modelcontextprotocol/server-memory@2026.8.31';
const PEER_PROGRAM = 'node_modules/@modelcontextprotocol/server-memory/dist/index.js';
const SIZES: readonly number[] = [0, 1_000, 10_000];
const STARTS = 7;
const CALLS = 60;
const BATCH = 1_000;
const CHARACTERS_PER_TOKEN = 4;
const COLUMNS = ['what', 'episodica', 'server-memory', 'ratio'];

/** Prints the comparison; says so where the other server cannot be had. `folder` is for packages and data. */
export async function compareMemoryServers(folder: string): Promise<void> {
  const words = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', PEER];
  const { status, stderr } = spawnSync('npm', words, { encoding: 'utf8', shell: process.platform === 'win32' });
  if (status !== 0) {
    console.log(`${PEER} could not be installed: ${stderr.trim().split('\n').at(-1)}`);
    return;
  }
  const [ours, theirs] = [await figuresOf(episodica(folder)), await figuresOf(referenceServer(folder))];
  const rows = [...ours].map(([what, { value, unit }]) => {
    const other = theirs.get(what)?.value ?? Number.NaN;
    return [what, `${rounded(value)} ${unit}`, `${rounded(other)} ${unit}`, `${rounded(other / value)}×`];
  });
  console.log(formatTable([COLUMNS, ...rows]));
  console.log('  Medians; the ratio is theirs over ours. A write of ours is on disk when it is answered.');
}

type Figures = Map<string, { readonly value: number; readonly unit: string }>;

async function figuresOf(subject: MemoryServer): Promise<Figures> {
  const figures: Figures = new Map();
  const startsMs: number[] = [];
  for (let count = 0; count < STARTS; count += 1) {
    const startedMs = performance.now();
    const started = await startServer(subject.command);
    startsMs.push(performance.now() - startedMs);
    await started.close();
  }
  figures.set('start → initialize answered', { value: timingOf(startsMs).medianMs, unit: 'ms' });
  const server = await startServer(subject.command, { isWatched: true });
  const { tools } = await server.request('tools/list', {});
  const tokens = JSON.stringify(tools).length / CHARACTERS_PER_TOKEN;
  figures.set('tools/list', { value: tokens, unit: 'tokens' });
  const random = seededRandom(29);
  const one = (): string => generatedEpisode(random).description;
  await subject.search(server, one());
  figures.set('memory after the start', { value: (await server.report()).rssMb, unit: 'MB' });
  let stored = 0;
  for (const size of SIZES) {
    if (size > stored) await subject.fill(server, Array.from({ length: size - stored }, one));
    stored = size;
    const many = size.toLocaleString('en');
    const write = await timeCalls({ warmup: 5, calls: CALLS }, () => subject.write(server, one()));
    figures.set(`write, ${many} items`, { value: write.medianMs, unit: 'ms' });
    // One word that many items have: what is answered then has to be bounded by somebody.
    const characters: number[] = [];
    const search = await timeCalls({ warmup: 5, calls: CALLS }, async () => {
      const [, word = ''] = generatedQuery(random).split(' ');
      characters.push(JSON.stringify(await subject.search(server, word)).length);
    });
    figures.set(`search, ${many} items`, { value: search.medianMs, unit: 'ms' });
    const answer = timingOf(characters).medianMs / CHARACTERS_PER_TOKEN;
    figures.set(`answer to it, ${many} items`, { value: answer, unit: 'tokens' });
  }
  figures.set('memory at the end', { value: (await server.report()).rssMb, unit: 'MB' });
  await server.close();
  return figures;
}

function episodica(folder: string): MemoryServer {
  const home = join(folder, 'episodica');
  mkdirSync(home, { recursive: true });
  return {
    command: { program: [SERVER], folder: home },
    // The answer also has what earlier attempts teach: it is a write and a search in one.
    write: (server, text) => server.call('create_episode', { task_description: text }),
    async fill(server, descriptions) {
      const store = await openTursoStore({ url: pathToFileURL(join(home, 'data', 'memory.db')).href });
      const memory = openMemory({ store });
      for (let made = 0; made < descriptions.length; made += BATCH) {
        await memory.createEpisodes(descriptions.slice(made, made + BATCH).map((description) => ({ description })));
      }
      await memory.close();
      // It reads what another process wrote.
      await server.request('tools/call', { name: 'query_memory', arguments: { query: descriptions[0] ?? '' } });
    },
    search: (server, query) => server.request('tools/call', { name: 'query_memory', arguments: { query } }),
  };
}

function referenceServer(folder: string): MemoryServer {
  const home = join(folder, 'server-memory');
  mkdirSync(home, { recursive: true });
  let count = 0;
  const entity = (text: string): object => {
    count += 1;
    return { name: `task ${count}`, entityType: 'task', observations: [text] };
  };
  return {
    command: {
      program: [join(folder, PEER_PROGRAM)],
      folder: home,
      environment: { MEMORY_FILE_PATH: join(home, 'memory.jsonl') },
    },
    write: (server, text) => server.call('create_entities', { entities: [entity(text)] }),
    fill: (server, descriptions) => server.call('create_entities', { entities: descriptions.map(entity) }),
    search: (server, query) => server.request('tools/call', { name: 'search_nodes', arguments: { query } }),
  };
}

function rounded(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
