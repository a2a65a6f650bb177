// The server that many agents share: calls over HTTP, as many as twenty of them make who never wait for each other.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { makeDataFolder } from './data-folder.ts';
import type { HttpPlace, Revision } from './http-client.ts';
import type { CallKind, LoadFigures, LoadPlan } from './load.ts';
import type { LoadTask } from './load-program.ts';
import { makeScratchFolder, removeFolder } from './scratch-store.ts';
import type { SelfReport } from './self-report.ts';
import { reportOf, SERVER, spawnServer } from './server-process.ts';
import type { Row, Suite, SuiteOptions, SuiteReport, Target } from './suite.ts';

interface Load {
  readonly revision: Revision;
  readonly ratePerS: number;
}

export const http: Suite = {
  name: 'http',
  about: `Twenty clients at one server over HTTP, each call due at its moment: what waits, waits from then on.`,
  run,
};

const CLIENTS = 20;
/** What is aimed at, and what it answers all of. */
const AIMED_PER_S = 1_000;
const KEPT_PER_S = 100;
const EPISODES = 10_000;
const DURATION_MS = { usual: 15_000, full: 60_000 } as const;
const WARM_UP_MS = 5_000;
const TOKEN = 'a-token-of-the-benchmark-and-of-nobody-else';
const LOADS: readonly Load[] = [
  { revision: '2025-11-25', ratePerS: KEPT_PER_S },
  { revision: '2025-11-25', ratePerS: AIMED_PER_S },
  { revision: '2026-07-28', ratePerS: AIMED_PER_S },
];
const EMPTY_HTTP_SERVER = fileURLToPath(new URL('./empty-http-server.js', import.meta.url));
const LOAD_PROGRAM = fileURLToPath(new URL('./load-program.js', import.meta.url));

async function run({ isFull }: SuiteOptions): Promise<SuiteReport> {
  const folder = makeScratchFolder();
  const durationMs = isFull ? DURATION_MS.full : DURATION_MS.usual;
  try {
    const rows: Row[] = [];
    const notes = [
      `Calls for ${durationMs / 1_000} s, at random moments, after ${WARM_UP_MS / 1_000} s that do not count;`,
      `60 % query_memory, of 2,000 questions the first ones often (Zipf); 25 % add_step; 10 % create and complete;`,
      `5 % look. ${EPISODES.toLocaleString('en')} episodes. Every write makes what was answered before be looked for anew.`,
    ];
    for (const { revision, ratePerS } of LOADS) {
      const name = `${revision}, ${ratePerS}/s`;
      // A folder for each: what one run stores would be found by the other.
      const place = await makeDataFolder(folder, `${revision}-${ratePerS}`, EPISODES);
      const plan: LoadPlan = { ratePerS, durationMs, warmUpMs: WARM_UP_MS, calls: 'mixed' };
      const empty = await loaded(
        { folder: place, program: [EMPTY_HTTP_SERVER, TOKEN], revision },
        {
          ...plan,
          durationMs: DURATION_MS.usual,
          calls: { tool: 'nothing' },
        },
      );
      const ours = await loaded({ folder: place, program: [SERVER, '--http', '--port', '0'], revision }, plan);
      rows.push(...rowsOf(name, ours, empty));
      notes.push(...ours.figures.reasons.map((reason) => `Failed over ${name}: ${reason}`));
    }
    return { rows, notes };
  } finally {
    removeFolder(folder);
  }
}

interface Loaded {
  readonly figures: LoadFigures;
  /** Of the server while calls counted. */
  readonly server: SelfReport;
}

function rowsOf(name: string, ours: Loaded, empty: Loaded): readonly Row[] {
  const { figures, server } = ours;
  const floor = empty.figures.byKind.look;
  const tookRow = (what: string, kind: CallKind, target?: Target): readonly Row[] => {
    const took = figures.byKind[kind];
    if (took === undefined) return [];
    const baseline = floor && { name: 'empty tool', value: floor.medianMs };
    const row: Row = { what: `${name}: ${what}`, unit: 'ms', value: took.medianMs, p99: took.p99Ms };
    return [{ ...row, ...(baseline && { baseline }), ...(target && { target }) }];
  };
  const percent = (count: number): number => (100 * count) / figures.count;
  const valueRow = (what: string, unit: Row['unit'], value: number, more: Partial<Row> = {}): Row => ({
    what: `${name}: ${what}`,
    unit,
    value,
    ...more,
  });
  const beside = (value: number | undefined): Partial<Row> =>
    value === undefined ? {} : { baseline: { name: 'empty tool', value } };
  return [
    ...tookRow('reads', 'read', { bound: 'at most', of: 'p99', limit: 100 }),
    ...tookRow('writes', 'write', { bound: 'at most', of: 'p99', limit: 200 }),
    ...tookRow('looks', 'look'),
    valueRow('succeeded', '%', percent(figures.ok), { target: { bound: 'at least', of: 'value', limit: 99.5 } }),
    valueRow('told that it is busy', '%', percent(figures.busy)),
    valueRow('failed otherwise', '%', percent(figures.failed), {
      target: { bound: 'at most', of: 'value', limit: 0 },
    }),
    valueRow('sent late by the load itself (p99)', 'ms', figures.sentLateMs, beside(empty.figures.sentLateMs)),
    valueRow('processor time of the server, of one core', '%', share(server), beside(share(empty.server))),
    valueRow('… for each call', 'ms', eachMs(ours), beside(eachMs(empty))),
    valueRow('its event loop late (p99)', 'ms', server.loopLateMs, beside(empty.server.loopLateMs)),
    valueRow('its memory', 'MB', server.rssMb, beside(empty.server.rssMb)),
  ];
}

function share({ cpuMs, overMs }: SelfReport): number {
  return (100 * cpuMs) / overMs;
}

/** On a machine that does other things besides, this says more than how long calls took. */
function eachMs({ figures, server }: Loaded): number {
  return server.cpuMs / figures.count;
}

interface HttpServed {
  readonly folder: string;
  readonly program: readonly string[];
  readonly revision: Revision;
}

/** Starts a server, puts the load on it, and asks how it is doing. */
async function loaded({ folder, program, revision }: HttpServed, plan: LoadPlan): Promise<Loaded> {
  const server = spawnServer({ program, folder, environment: { MCP_TOKEN: TOKEN } }, true);
  try {
    const place: HttpPlace = { url: await addressOf(server), token: TOKEN, revision };
    const figures = await loadOn({ place, clients: CLIENTS, plan }, () => reportOf(server));
    return { figures, server: await reportOf(server) };
  } finally {
    const gone = once(server, 'exit');
    server.kill('SIGTERM');
    await gone;
  }
}

/** Where it listens, as it says on standard error. */
async function addressOf({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error('A server that cannot speak does not say where it listens.');
  const said: string[] = [];
  for await (const line of createInterface({ input: stderr })) {
    const [, url] = /listening on (\S+);/.exec(line) ?? [];
    if (url !== undefined) {
      // What else it says is none of the benchmark's business, but has to go somewhere.
      stderr.resume();
      return url;
    }
    said.push(line);
  }
  throw new Error(`The server does not listen: ${said.join('\n')}`);
}

async function loadOn(task: LoadTask, onBegin: () => Promise<unknown>): Promise<LoadFigures> {
  const load = spawn(process.execPath, [LOAD_PROGRAM, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  // What the server did before does not count.
  load.once('message', () => void onBegin());
  if (load.stdout === null) throw new Error('The load cannot tell what it saw.');
  const [printed] = await Promise.all([text(load.stdout), once(load, 'close')]);
  return JSON.parse(printed);
}
