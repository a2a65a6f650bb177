// Copies of the built sandbox, each with one limit taken out, in a folder of their own.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { RunRequest, RunResult, SandboxOptions } from '@episodica/memory-mcp/sandbox';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const RUNS = fileURLToPath(new URL('./fixtures/mutant-runs.mjs', import.meta.url));
const START_MS = 40_000;

/** Programs whose end shows whether a limit holds. */
export interface Probe {
  readonly options?: SandboxOptions;
  /** Run at the same time. */
  readonly requests: readonly (Omit<RunRequest, 'host'> & {
    readonly usesHost?: boolean;
    readonly usesMemory?: boolean;
  })[];
  /** Whether the limit held. */
  holds(ran: ProbeRun): boolean;
}

/** Takes a limit out. */
export interface Change {
  /** In the built package. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** What became of a probe. */
export interface ProbeRun {
  readonly ends: readonly ProbeEnd[];
  /** Host calls under way at the same time. */
  readonly mostUnderWay: number;
}

/** One run of a probe; its logs are their texts. */
export type ProbeEnd = Omit<RunResult, 'logs'> & {
  readonly logs: readonly string[];
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
};

/** A copy of the built package that is there until `remove`. */
export interface Mutant {
  /**
   * The probe's run, or undefined when it did not end in time or did not end well: then it takes no other.
   * @throws when not even an honest program works: then it shows nothing of the limit
   */
  run(probe: Probe, timeoutMs: number): Promise<ProbeRun | undefined>;
  remove(): void;
}

/** A copy with these changes. @throws when what is to be found is not there exactly once: then the row is stale */
export function mutantOf(changes: readonly Change[]): Mutant {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'mutant-'));
  cpSync(join(PACKAGE, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: (source) => !source.endsWith('bundle') && (extname(source) === '' || source.endsWith('.js')),
  });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(PACKAGE, '..', 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const { file, ...change } of changes) apply(join(folder, 'dist', file), change);
  let runner: Runner | undefined;
  return {
    run({ options, requests }, timeoutMs) {
      runner ??= runnerOf(folder);
      return runIn(runner, JSON.stringify({ options, requests }), timeoutMs);
    },
    remove() {
      runner?.child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function apply(path: string, { find, replace }: Omit<Change, 'file'>): void {
  const parts = readFileSync(path, 'utf8').split(find);
  if (parts.length !== 2) throw new Error(`${path} has "${find}" ${parts.length - 1} times, and must have it once.`);
  writeFileSync(path, parts.join(replace));
}

/** A process with the copy, for one probe after another. */
interface Runner {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  readonly lines: AsyncIterator<string>;
}

function runnerOf(folder: string): Runner {
  const child = spawn(process.execPath, [RUNS, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  // One that was killed takes no more orders.
  child.stdin.on('error', () => undefined);
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

// The time counts from the first honest answer: how long a process takes to start says nothing of a limit.
async function runIn({ child, lines }: Runner, order: string, timeoutMs: number): Promise<ProbeRun | undefined> {
  const lineWithin = async (limitMs: number): Promise<string | undefined> => {
    const timer = setTimeout(() => child.kill('SIGKILL'), limitMs);
    const { value } = await lines.next();
    clearTimeout(timer);
    return value;
  };
  child.stdin.write(`${order}\n`);
  const works = await lineWithin(START_MS);
  if (works !== 'works') throw new Error(`The sandbox is broken: ${works ?? 'it did not start'}`);
  const ran = await lineWithin(timeoutMs);
  // What the fixture writes.
  return ran === undefined ? undefined : (JSON.parse(ran) as ProbeRun);
}
