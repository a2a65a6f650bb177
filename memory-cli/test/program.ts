// The real program in a process of its own, in a home and a working folder that nobody else has.
import { spawn } from 'node:child_process';
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
  const run = (words: readonly string[], { input = '', env = {}, cwd = work }: RunOptions = {}): Promise<Ended> =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [PROGRAM, ...words], { cwd, env: cleanEnvironment(home, env) });
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
  return {
    home,
    work,
    run,
    async json(words, options) {
      const { code, stdout, stderr } = await run(['--format', 'json', ...words], options);
      if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
      return JSON.parse(stdout);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export function cleanEnvironment(home: string, env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env.PATH ?? '', HOME: home, ...env };
}
