// The server as its clients meet it: a process, spoken to over standard input and output.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { generatedQuery, generatedStep, seededRandom } from './corpus.ts';
import { makeDataFolder } from './data-folder.ts';
import { type Timing, throughput, timeInTurns, timingIn, timingOf } from './measure.ts';
import { type NodeVersion, nodeVersions } from './node-versions.ts';
import { makeScratchFolder, removeFolder } from './scratch-store.ts';
import { cleanEnvironment, EMPTY_SERVER, SERVER, type ServerProcess, startServer } from './server-process.ts';
import type { Row, Suite, SuiteOptions, SuiteReport } from './suite.ts';

export const mcp: Suite = {
  name: 'mcp',
  about:
    'The server in a process of its own, with a clean environment, beside bare node and a server that does nothing.',
  run,
};

const STARTS = 11;
const SIZES = { usual: [0, 10_000], full: [0, 10_000, 100_000] } as const;
const STEP_CALLS = 400;
const STEPS_PER_EPISODE = 50;
/** Of the memory's growth: as many as in the target. */
const RECORDED_STEPS = 1_000;
const AT_ONCE = 32;
const CALLS_EACH = 60;
const QUESTION = 'fix the session cache';

interface Place {
  readonly episodes: number;
  readonly folder: string;
}

async function run({ isFull }: SuiteOptions): Promise<SuiteReport> {
  const folder = makeScratchFolder();
  try {
    const places: Place[] = [];
    for (const episodes of isFull ? SIZES.full : SIZES.usual) {
      places.push({ episodes, folder: await makeDataFolder(folder, `with-${episodes}`, episodes) });
    }
    const [empty, ...filled] = places;
    if (empty === undefined) throw new Error('There is no size to measure at.');
    const { present, missing } = nodeVersions();
    const rows: Row[] = [];
    for (const version of present) rows.push(...(await startRows(empty, version)));
    for (const place of filled) rows.push(...(await firstAnswerRows(place)));
    rows.push(...(await memoryRows(places)));
    rows.push(...(await stepRows(places)));
    rows.push(...(await atOnceRows(places)));
    const notes = [
      'The client is written by hand for all; the empty tool is served by the same SDK, unbundled.',
      `Memory is that of the process with all its threads; ${RECORDED_STEPS} steps were stored one after the other.`,
      ...missing,
      ...(isFull ? [] : ['With `--full` also at 100,000 episodes.']),
    ];
    return { rows, notes };
  } finally {
    removeFolder(folder);
  }
}

/** What a client waits for when it starts a server: the handshake, the list of the tools, the first answer. */
async function startRows({ folder }: Place, { major, path }: NodeVersion): Promise<readonly Row[]> {
  const starts: Started[] = [];
  const timings = await timeInTurns(
    { warmup: 1, calls: STARTS },
    {
      bare: () => startBareNode(folder, path),
      server: async () => void starts.push(await startAndAsk(folder, path)),
    },
  );
  const baseline = { name: `node -e 0, Node ${major}`, value: timingIn(timings, 'bare').medianMs };
  const row = (what: string, read: (started: Started) => number): Row => {
    const { medianMs, p99Ms } = timingOf(starts.slice(1).map(read));
    return { what: `start → ${what}, Node ${major}`, unit: 'ms', value: medianMs, p99: p99Ms, baseline };
  };
  const initialized = row('initialize answered', (started) => started.initializeMs);
  return [
    { ...initialized, target: { bound: 'at most', of: 'ratio', limit: major === 20 ? 3 : 2.2 } },
    row('first tools/list answered', (started) => started.listMs),
    row('first query_memory answered, empty store', (started) => started.queryMs),
  ];
}

/** Since the start of the process. */
interface Started {
  readonly initializeMs: number;
  readonly listMs: number;
  readonly queryMs: number;
}

async function startAndAsk(folder: string, node: string): Promise<Started> {
  const startedMs = performance.now();
  const sinceStart = (): number => performance.now() - startedMs;
  const server = await startServer({ program: [SERVER], folder, node });
  const initializeMs = sinceStart();
  await server.request('tools/list', {});
  const listMs = sinceStart();
  await server.call('query_memory', { query: QUESTION });
  const queryMs = sinceStart();
  // In good order, so that the next one finds the cache as servers leave it.
  await server.close();
  return { initializeMs, listMs, queryMs };
}

async function startBareNode(folder: string, node: string): Promise<void> {
  const child = spawn(node, ['-e', '0'], { cwd: folder, env: cleanEnvironment(folder), stdio: 'ignore' });
  await once(child, 'exit');
}

async function firstAnswerRows({ folder, episodes }: Place): Promise<readonly Row[]> {
  const starts: Started[] = [];
  const timings = await timeInTurns(
    { warmup: 1, calls: 5 },
    {
      bare: () => startBareNode(folder, process.execPath),
      server: async () => void starts.push(await startAndAsk(folder, process.execPath)),
    },
  );
  const { medianMs, p99Ms } = timingOf(starts.slice(1).map(({ queryMs }) => queryMs));
  const baseline = { name: 'node -e 0', value: timingIn(timings, 'bare').medianMs };
  const what = `start → first query_memory answered, ${many(episodes)} episodes`;
  return [{ what, unit: 'ms', value: medianMs, p99: p99Ms, baseline }];
}

/** What the process takes from the machine: when it is ready, after the first search, after a day's steps. */
async function memoryRows(places: readonly Place[]): Promise<readonly Row[]> {
  const nothing = await watched(EMPTY_SERVER, places[0]?.folder ?? '');
  await nothing.request('tools/list', {});
  const baseline = { name: 'empty server', value: (await nothing.report()).rssMb };
  await nothing.close();
  const rows: Row[] = [];
  for (const { episodes, folder } of places) {
    const server = await watched(SERVER, folder);
    const row = async (when: string, limit?: number): Promise<Row> => ({
      what: `memory ${when}, ${many(episodes)} episodes`,
      unit: 'MB',
      value: (await server.report()).rssMb,
      baseline,
      ...(limit === undefined ? {} : { target: { bound: 'at most', of: 'value', limit } }),
    });
    await server.request('tools/list', {});
    // Answers when the memory is open.
    await server.call('health_check', {});
    rows.push(await row('after the start', episodes === 0 ? 90 : undefined));
    await server.call('query_memory', { query: QUESTION });
    rows.push(await row('after the first search', LIMITS_MB[episodes]));
    await recordSteps(server);
    rows.push(await row(`after ${many(RECORDED_STEPS)} steps`));
    await server.close();
  }
  return rows;
}

const LIMITS_MB: Readonly<Record<number, number>> = { 10000: 150, 100000: 350 };

async function recordSteps(server: ServerProcess): Promise<void> {
  const step = stepCaller(server, 3);
  for (let index = 0; index < RECORDED_STEPS; index += 1) await step(index);
}

/** One step over the protocol, in turns with one of every other size and with a tool that does nothing. */
async function stepRows(places: readonly Place[]): Promise<readonly Row[]> {
  const empty = await watched(EMPTY_SERVER, places[0]?.folder ?? '');
  const servers = await Promise.all(
    places.map(async ({ episodes, folder }) => ({ episodes, server: await watched(SERVER, folder) })),
  );
  const works = servers.map(({ episodes, server }) => [many(episodes), stepCaller(server, 5)] as const);
  const timings = await timeInTurns(
    { warmup: STEPS_PER_EPISODE, calls: STEP_CALLS },
    { nothing: () => empty.call('nothing', {}), ...Object.fromEntries(works) },
  );
  await Promise.all([empty, ...servers.map(({ server }) => server)].map((server) => server.close()));
  const nothing = timingIn(timings, 'nothing');
  const first = timingIn(timings, many(0));
  return places.flatMap(({ episodes }) => {
    const timing = timingIn(timings, many(episodes));
    return [
      stepRow(`add_step, ${many(episodes)} episodes`, timing, {
        baseline: { name: 'empty tool', value: nothing.medianMs },
        target: { bound: 'at most', of: 'difference', limit: 1 },
      }),
      ...(episodes === 0
        ? []
        : [
            stepRow(`… beside that in an empty store`, timing, {
              baseline: { name: 'add_step, 0 episodes', value: first.medianMs },
              target: { bound: 'at most', of: 'ratio', limit: 1.2 },
            }),
          ]),
    ];
  });
}

function stepRow(what: string, { medianMs, p99Ms }: Timing, beside: Pick<Row, 'baseline' | 'target'>): Row {
  return { what, unit: 'ms', value: medianMs, p99: p99Ms, ...beside };
}

/** Requests a second where a client does not wait for one answer before it asks the next. */
async function atOnceRows(places: readonly Place[]): Promise<readonly Row[]> {
  const largest = places.at(-1);
  if (largest === undefined) return [];
  const empty = await watched(EMPTY_SERVER, largest.folder);
  const server = await watched(SERVER, largest.folder);
  const random = seededRandom(17);
  const counts = { writers: AT_ONCE, callsEach: CALLS_EACH };
  const episodes = await Promise.all(Array.from({ length: AT_ONCE }, () => createEpisode(server)));
  const nothing = await throughput(counts, () => empty.call('nothing', {}));
  const steps = await throughput(counts, (writer) =>
    server.call('add_step', { episode_id: episodes[writer] ?? '', ...stepArguments(random) }),
  );
  const questions = await throughput(counts, () => server.call('query_memory', { query: generatedQuery(random) }));
  await empty.close();
  await server.close();
  const row = (tool: string, value: number): Row => ({
    what: `${tool}, ${AT_ONCE} at once, ${many(largest.episodes)} episodes`,
    unit: '/s',
    value,
    baseline: { name: 'empty tool', value: nothing },
  });
  return [row('add_step', steps), row('query_memory, each another question', questions)];
}

function watched(program: string, folder: string): Promise<ServerProcess> {
  return startServer({ program: [program], folder }, { isWatched: true });
}

/** A call that adds a step, every so often to a new episode. */
function stepCaller(server: ServerProcess, seed: number): (index: number) => Promise<unknown> {
  const random = seededRandom(seed);
  let episodeId = '';
  return async (index) => {
    if (index % STEPS_PER_EPISODE === 0) episodeId = await createEpisode(server);
    await server.call('add_step', { episode_id: episodeId, ...stepArguments(random) });
  };
}

async function createEpisode(server: ServerProcess): Promise<string> {
  const { episode_id: id } = await server.call('create_episode', { task_description: 'Measure how long a step takes' });
  if (typeof id !== 'string') throw new Error('create_episode answered without an episode_id.');
  return id;
}

function stepArguments(random: () => number): object {
  const { tool, action, parameters, result } = generatedStep(random);
  return { tool, action, parameters, result };
}

function many(count: number): string {
  return count.toLocaleString('en');
}
