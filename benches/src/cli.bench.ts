// The terminal program as people, hooks and scripts call it: a process for each command, beside bare node.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { makeDataFolder } from './data-folder.ts';
import { timeInTurns, timingIn } from './measure.ts';
import { type NodeVersion, nodeVersions } from './node-versions.ts';
import { makeScratchFolder, removeFolder } from './scratch-store.ts';
import { cleanEnvironment } from './server-process.ts';
import type { Row, Suite, SuiteOptions, SuiteReport, Target } from './suite.ts';

export const cli: Suite = {
  name: 'cli',
  about: 'The terminal program, a process for each command from its start to its end, beside bare node, in turns.',
  run,
};

const PROGRAM = fileURLToPath(new URL('../../memory-cli/bin/memory-cli.js', import.meta.url));
const MEMORY_AT_END = new URL('./memory-at-end.js', import.meta.url).href;
const STARTS = 11;
const SIZES = { usual: [0, 10_000], full: [0, 10_000, 100_000] } as const;
const TASK = 'Fix the session cache';
/** Of the oldest version that is supported. */
const TARGETS: Readonly<Record<string, Target>> = {
  '--help': { bound: 'at most', of: 'ratio', limit: 2 },
  'episode list': { bound: 'at most', of: 'ratio', limit: 3 },
};

async function run({ isFull }: SuiteOptions): Promise<SuiteReport> {
  const folder = makeScratchFolder();
  try {
    const { present, missing } = nodeVersions();
    const rows: Row[] = [];
    for (const episodes of isFull ? SIZES.full : SIZES.usual) {
      const place = await makeDataFolder(folder, `with-${episodes}`, episodes);
      for (const version of present) rows.push(...(await commandRows({ folder: place, episodes }, version)));
      rows.push(...(await memoryRows({ folder: place, episodes })));
    }
    const notes = [
      'A step, and the three commands of an episode, are processes one after the other, each with its own start.',
      ...missing,
      ...(isFull ? [] : ['With `--full` also at 100,000 episodes.']),
    ];
    return { rows, notes };
  } finally {
    removeFolder(folder);
  }
}

interface Place {
  readonly folder: string;
  readonly episodes: number;
}

async function commandRows(place: Place, { major, path }: NodeVersion): Promise<readonly Row[]> {
  const { folder, episodes } = place;
  const called = (words: readonly string[]): Promise<string> =>
    ended({ folder, node: path, words: [PROGRAM, ...words] });
  const id = await begun(called);
  const works: Record<string, () => Promise<unknown>> = {
    ...(episodes === 0 ? { '--help': () => called(['--help']), '--version': () => called(['--version']) } : {}),
    'episode list': () => called(['episode', 'list']),
    'episode view': () => called(['episode', 'view', id]),
    'episode search': () => called(['episode', 'search', TASK]),
    'episode step': () => called(['episode', 'step', id, '--tool', 'bash', '--action', 'npm test']),
    'episode create, step, complete': () => lifecycle(called),
  };
  const timings = await timeInTurns(
    { warmup: 1, calls: STARTS },
    { bare: () => ended({ folder, node: path, words: ['-e', '0'] }), ...works },
  );
  const baseline = { name: `node -e 0, Node ${major}`, value: timingIn(timings, 'bare').medianMs };
  return Object.keys(works).map((name): Row => {
    const { medianMs, p99Ms } = timingIn(timings, name);
    const target = major === 20 ? TARGETS[name] : undefined;
    const where = name.startsWith('--') ? '' : `, ${episodes.toLocaleString('en')} episodes`;
    const what = `${name}${where}, Node ${major}`;
    return { what, unit: 'ms', value: medianMs, p99: p99Ms, baseline, ...(target === undefined ? {} : { target }) };
  });
}

async function lifecycle(called: (words: readonly string[]) => Promise<string>): Promise<void> {
  const id = await begun(called);
  await called(['episode', 'step', id, '--tool', 'bash', '--action', 'npm test']);
  await called(['episode', 'complete', id, '--outcome', 'success', '--verdict', 'it works']);
}

async function begun(called: (words: readonly string[]) => Promise<string>): Promise<string> {
  const { episode_id: id } = JSON.parse(await called(['--format', 'json', 'episode', 'create', TASK]));
  if (typeof id !== 'string') throw new Error('episode create answered without an episode_id.');
  return id;
}

/** What a process holds when it ends. */
async function memoryRows({ folder, episodes }: Place): Promise<readonly Row[]> {
  const held = async (words: readonly string[]): Promise<number> =>
    Number(
      await ended({ folder, node: process.execPath, words: ['--import', MEMORY_AT_END, ...words], reads: 'figures' }),
    );
  const baseline = { name: 'node -e 0', value: await held(['-e', '0']) };
  const rows: Row[] = [];
  for (const words of [
    ['episode', 'list'],
    ['episode', 'search', TASK],
  ]) {
    const what = `memory of ${words.slice(0, 2).join(' ')}, ${episodes.toLocaleString('en')} episodes`;
    rows.push({ what, unit: 'MB', value: await held([PROGRAM, ...words]), baseline });
  }
  return rows;
}

interface Call {
  readonly folder: string;
  readonly node: string;
  readonly words: readonly string[];
  /** What is answered: standard output, or what is written to the descriptor for figures. */
  readonly reads?: 'output' | 'figures';
}

/** Runs a process to its end. @throws when it fails */
async function ended({ folder, node, words, reads = 'output' }: Call): Promise<string> {
  const child = spawn(node, words, {
    cwd: folder,
    env: cleanEnvironment(folder),
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  });
  const figures = child.stdio[3];
  if (child.stdout === null || !(figures instanceof Readable))
    throw new Error('A process without pipes tells nothing.');
  const answers = Promise.all([text(child.stdout), text(figures)]);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}.`);
  const [output, told] = await answers;
  return reads === 'figures' ? told : output;
}
