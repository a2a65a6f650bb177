// Our sandbox beside others, on the same attacks and timings: `npm run bench:peers -- [--folder DIR] [--json FILE]`;
// `npm run bench:peers -- servers` puts our memory server beside another one.
// The others are installed on demand into a temporary folder, or kept in DIR. Each trial has a process of its own, for
// some of them hang or take gigabytes; such a one is killed, and the table says so.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeScratchFolder, removeFolder } from '../scratch-store.ts';
import { formatTable } from '../table.ts';
import { compareMemoryServers } from './memory-servers.ts';
import { LIMITS } from './subject.ts';
import type { Told } from './trial-program.ts';
import { ATTACK_TRIALS, HONEST_TRIALS, RESULT_FORMS, TIMINGS } from './trials.ts';

interface Peer {
  readonly name: string;
  /** What to install; with TypeScript where it is what types are taken off with. */
  readonly packages: readonly string[];
}

const PEERS: readonly Peer[] = [
  { name: 'episodica', packages: [] },
  { name: 'run', packages: ['run@2.1.5', 'typescript@5.9.3'] },
  {
    name: 'sebastianwessel',
    packages: ['@sebastianwessel/quickjs@3.1.0', '@jitl/quickjs-ng-wasmfile-release-sync@0.32.0', 'typescript@5.9.3'],
  },
];
const TRIALS = [
  TIMINGS,
  ...ATTACK_TRIALS.map(({ name }) => name),
  ...HONEST_TRIALS.map(({ name }) => name),
  ...Object.keys(RESULT_FORMS),
];
const TRIAL_PROGRAM = fileURLToPath(new URL('./trial-program.js', import.meta.url));
/** Of a trial, from the start of its process. */
const MAX_TRIAL_MS = 30_000;
/** A process that grows beyond this is killed. */
const MAX_RSS_BYTES = 3 * 2 ** 30;
const SAMPLE_EVERY_MS = 20;
const MB = 2 ** 20;

const COLUMNS = ['trial', 'took', 'past it', 'loop held', 'growth', 'next run', 'subject', 'ended'];
const MAX_ENDED_CHARS = 90;

interface Outcome {
  readonly subject: string;
  readonly trial: string;
  /** What the subject said, or why its process was killed. */
  readonly ended: string;
  readonly place?: string;
  readonly tookMs?: number;
  /** How long the loop of the process that uses the subject stood still at most. */
  readonly heldMs?: number;
  /** Largest size over the size before the trial; absent where the system does not tell. */
  readonly growthMb?: number;
  /** Whether a trivial run after it gave what it must, and how long that took. */
  readonly next?: { readonly isHealthy: boolean; readonly tookMs: number };
}

await main();

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { folder: { type: 'string' }, json: { type: 'string' } },
    allowPositionals: true,
  });
  const folder = values.folder === undefined ? makeScratchFolder() : resolve(values.folder);
  const machine = `Node ${process.versions.node}, ${process.platform}-${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${loadavg()[0]?.toFixed(1)}`;
  try {
    if (positionals.includes('servers')) {
      console.log(`${machine}\n`);
      await compareMemoryServers(folder);
    } else await compareSandboxes({ folder, machine, json: values.json });
  } finally {
    if (values.folder === undefined) removeFolder(folder);
  }
}

interface SandboxTrials {
  readonly folder: string;
  readonly machine: string;
  /** File for the figures. */
  readonly json: string | undefined;
}

async function compareSandboxes({ folder, machine, json }: SandboxTrials): Promise<void> {
  console.log(`${machine}\nEvery run may take ${LIMITS.timeoutMs} ms and ${LIMITS.memoryMb} MB.\n`);
  const present = PEERS.filter((peer) => isInstalled(peer, folder));
  const outcomes: Outcome[] = [];
  for (const trial of TRIALS) {
    for (const { name } of present) outcomes.push(await outcomeOf({ subject: name, trial, folder }));
  }
  console.log(formatTable([COLUMNS, ...outcomes.map(cells)]));
  if (json === undefined) return;
  const report = { at: new Date().toISOString(), machine, limits: LIMITS, outcomes };
  writeFileSync(resolve(json), `${JSON.stringify(report, null, 2)}\n`);
}

/** Installs what is missing. A peer that cannot be had is named and left out. */
function isInstalled({ name, packages }: Peer, folder: string): boolean {
  if (packages.length === 0) return true;
  const words = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', ...packages];
  const { status, stderr } = spawnSync('npm', words, { encoding: 'utf8', shell: process.platform === 'win32' });
  if (status === 0) return true;
  console.log(`${name} could not be installed and is left out: ${stderr.trim().split('\n').at(-1)}\n`);
  return false;
}

interface Asked {
  readonly subject: string;
  readonly trial: string;
  readonly folder: string;
}

async function outcomeOf({ subject, trial, folder }: Asked): Promise<Outcome> {
  const child = fork(TRIAL_PROGRAM, [subject, trial, folder], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const startedMs = performance.now();
  const told: Partial<{ [K in Told['kind']]: Told & { readonly kind: K } }> = {};
  let beforeBytes: number | undefined;
  let peakBytes = 0;
  let killedFor: string | undefined;
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = `${stderr}${text}`.slice(-2000);
  });
  child.on('message', (message: Told) => {
    Object.assign(told, { [message.kind]: message });
    if (message.kind === 'ready') beforeBytes = rssBytes(child.pid);
  });
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, rssBytes(child.pid) ?? 0);
    if (peakBytes > MAX_RSS_BYTES) killedFor = `killed at ${Math.round(peakBytes / MB)} MB`;
    else if (performance.now() - startedMs > MAX_TRIAL_MS) killedFor = `hangs: killed after ${MAX_TRIAL_MS / 1000} s`;
    if (killedFor !== undefined) child.kill('SIGKILL');
  }, SAMPLE_EVERY_MS);
  await once(child, 'close');
  clearInterval(timer);
  const { ended, next } = told;
  const lastWords = stderr.split('\n').find((line) => /error|abort/i.test(line)) ?? 'without a word';
  return {
    subject,
    trial,
    ended: ended?.ending.text ?? killedFor ?? `its process ended: ${lastWords}`,
    ...(ended?.ending.place === undefined ? {} : { place: ended.ending.place }),
    ...(ended === undefined ? {} : { tookMs: ended.tookMs, heldMs: ended.heldMs }),
    ...(beforeBytes === undefined || peakBytes === 0 ? {} : { growthMb: (peakBytes - beforeBytes) / MB }),
    ...(next === undefined
      ? {}
      : { next: { isHealthy: next.ending.isValue && next.ending.text === '2', tookMs: next.tookMs } }),
  };
}

/** Read from outside, for a process that hangs cannot tell; on Linux alone. */
function rssBytes(pid: number | undefined): number | undefined {
  try {
    const [, kB] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kB === undefined ? undefined : Number(kB) * 1024;
  } catch {
    return undefined;
  }
}

function cells({ subject, trial, ended, place, tookMs, heldMs, growthMb, next }: Outcome): readonly string[] {
  const isTimed = trial === TIMINGS;
  const figure = (value: number | undefined, unit: string): string =>
    value === undefined || isTimed ? '' : `${Math.round(value).toLocaleString('en')} ${unit}`;
  const pastMs = tookMs === undefined || tookMs < LIMITS.timeoutMs ? undefined : tookMs - LIMITS.timeoutMs;
  const said = `${place === undefined ? '' : `(${place}) `}${ended}`.replaceAll(/\s+/g, ' ');
  const isCut = said.length > MAX_ENDED_CHARS;
  return [
    trial,
    figure(tookMs, 'ms'),
    figure(pastMs, 'ms'),
    figure(heldMs, 'ms'),
    figure(growthMb, 'MB'),
    next === undefined ? 'none' : `${next.isHealthy ? 'well' : 'broken'}, ${Math.round(next.tookMs)} ms`,
    subject,
    isCut ? `${said.slice(0, MAX_ENDED_CHARS)}…` : said,
  ];
}
