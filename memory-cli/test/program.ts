// The real program, in a home and a working folder that nobody else has.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROGRAM: string = fileURLToPath(new URL('../bin/memory-cli.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** In a process of its own, as people start it: it ends by itself, with what it loads from the disk. @default false */
  readonly apart?: boolean;
  /** As on a terminal of so many columns; left out: into a pipe. */
  readonly columns?: number;
  /** The program before it was bundled, which takes least for thousands of commands; so late, it is interrupted. */
  readonly interruptedAfterMs?: number;
}

/** A home with its working folder. */
export interface Place {
  readonly home: string;
  readonly work: string;
  run(words: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Runs with `--format json`, which must succeed, and answers what was printed. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers without repeating their types.
  json(words: readonly string[], options?: RunOptions): Promise<any>;
  remove(): void;
}

export function aPlace(): Place {
  const root = mkdtempSync(join(tmpdir(), 'memory-cli-'));
  const home = join(root, 'home');
  const work = join(root, 'work');
  mkdirSync(home);
  mkdirSync(work);
  const run = ({
    words,
    options: { input = '', env = {}, cwd = work, apart = false, ...others },
  }: Asked): Promise<Ended> => {
    const command = { words, input, env: cleanEnvironment(home, env), cwd, ...others };
    return apart ? runApart(command) : inOneProcess(command);
  };
  return {
    home,
    work,
    run: (words, options = {}) => run({ words, options }),
    async json(words, options = {}) {
      const { code, stdout, stderr } = await run({ words: ['--format', 'json', ...words], options });
      if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
      return JSON.parse(stdout);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

interface Asked {
  readonly words: readonly string[];
  readonly options: RunOptions;
}

interface Command
  extends Required<Pick<RunOptions, 'input' | 'env' | 'cwd'>>,
    Pick<RunOptions, 'columns' | 'interruptedAfterMs'> {
  readonly words: readonly string[];
}

function runApart({ words, input, env, cwd }: Command): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, ...words], { cwd, env });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk) => stdout.push(chunk));
    child.stderr.on('data', (chunk) => stderr.push(chunk));
    child.on('error', reject);
    // The program may end without having read its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('close', (code) =>
      resolve({ code, stdout: String(Buffer.concat(stdout)), stderr: String(Buffer.concat(stderr)) }),
    );
  });
}

const COMMANDS = fileURLToPath(new URL('fixtures/commands.mjs', import.meta.url));
/** The process that runs the commands of a file of tests, and whether it is at one. */
const shared: { process?: ChildProcess; isBusy: boolean } = { isBusy: false };

/** Loading the program takes ten times what a command takes: here it is loaded once. Commands at the same time are apart. */
async function inOneProcess(command: Command): Promise<Ended> {
  if (shared.isBusy) return runApart(command);
  shared.isBusy = true;
  try {
    const child = processOfCommands();
    child.send(command);
    const ended = new AbortController();
    const [answer] = await Promise.race([
      once(child, 'message', { signal: ended.signal }),
      once(child, 'exit', { signal: ended.signal }).then(([code, signal]) => {
        throw new Error(`The process of the commands ended with ${code ?? signal} at: ${command.words.join(' ')}`);
      }),
    ]).finally(() => ended.abort());
    return answer;
  } finally {
    shared.isBusy = false;
  }
}

function processOfCommands(): ChildProcess {
  const known = shared.process;
  if (known !== undefined && known.exitCode === null && known.signalCode === null) return known;
  // It ends when the channel does: with the file of tests.
  const child = fork(COMMANDS, { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.unref();
  child.channel?.unref();
  shared.process = child;
  return child;
}

export function cleanEnvironment(home: string, env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: home, ...env };
}
