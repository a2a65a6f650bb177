// Thousands of command lines that nobody thought of, against a store with contents, and a model of what may come of them.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { EXIT_CODES } from '@episodica/memory-core';
import type { Command } from 'commander';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { commandLines, commandNames, everyFlag, type Known, type Line } from './command-lines.ts';
import { aPlace, type Ended, type Place, type RunOptions } from './program.ts';

const LINES = 5_000;
/** Lines against one copy of the store: what one changed the next ones meet. */
const LINES_IN_A_ROW = 40;
const LINES_APART = 200;
/** The same lines on every run, but for the long form: `npx vitest run --mode long memory-cli/test/fuzz.test.ts` looks for new ones. */
const SEED = inject('form') === 'long' ? Date.now() % 1_000_000 : 2_026;
/** What goes on by itself until somebody ends it, and when it is interrupted; what is so late otherwise may be as well. */
const ENDLESS = /^(?:watch|--follow|--watch(?:=.*)?|-\w*f\w*)$/su;
const ENDLESS_MS = 300;
const INTERRUPTED_AFTER_MS = 3_000;
/** Far beyond what any command takes on the slowest machine: one that is late hangs. */
const MAX_MS = 60_000;
/** Twenty times what all of it takes. */
const MAX_TEST_MS = 1_200_000;

let place: Place;
let root: Command;
let known: Known;
/** The place as each row of lines finds it. */
let beginning: string;
beforeAll(async () => {
  root = await commandTree();
  place = aPlace();
  beginning = mkdtempSync(join(tmpdir(), 'memory-cli-'));
  known = await withContents(place);
});
afterAll(() => {
  place.remove();
  rmSync(beginning, { recursive: true, force: true });
});

test(
  'no command line crashes the program, and one that is refused changes nothing [CL-01] [CL-03]',
  async () => {
    const seen = new Map<number, number>();
    const runs = async (lines: readonly Line[]): Promise<void> => {
      putBack(place);
      let before = await contents(place);
      for (const line of lines) {
        const ended = await runOne(place, line, { interruptedAfterMs: patienceMs(line) });
        seen.set(ended.code ?? -1, (seen.get(ended.code ?? -1) ?? 0) + 1);
        const after = before.files === filesOf(place) ? before : await contents(place);
        const isPartial = isRefusal(ended) && after.records !== before.records;
        const wrong = [...complaints(line, ended), ...(isPartial ? ['it changed the store'] : [])];
        expect(told(line, wrong, ended)).toEqual([]);
        before = after;
      }
      expect(readdirSync(dirname(place.home)).sort()).toEqual(['home', 'work']);
    };
    const every = everyFlag(root);
    for (let at = 0; at < every.length; at += LINES_IN_A_ROW) await runs(every.slice(at, at + LINES_IN_A_ROW));
    const inARow = fc.array(commandLines(root, known).map(withoutNul), {
      minLength: 1,
      maxLength: LINES_IN_A_ROW,
      size: 'max',
    });
    // Where one fails, the seed and the fewest and shortest lines that fail as it does are told; looking for them has an end.
    const parameters = { numRuns: 20, interruptAfterTimeLimit: 150_000 };
    for (let seed = SEED; total(seen) < LINES; seed += 1) {
      await fc.assert(fc.asyncProperty(inARow, runs), { ...parameters, seed });
    }
    const count = (code: number): number => seen.get(code) ?? 0;
    // Floors that a seed does not matter for: that many came through to the store, and to each way to be refused.
    expect(count(0)).toBeGreaterThan(1_000);
    expect(count(EXIT_CODES.INVALID_INPUT)).toBeGreaterThan(1_000);
    expect(count(EXIT_CODES.NOT_FOUND)).toBeGreaterThan(20);
  },
  MAX_TEST_MS,
);

test(
  'nor do those that are run in processes of their own [CL-01]',
  async () => {
    putBack(place);
    const lines = fc
      .sample(commandLines(root, known, { isQuick: true }), { seed: SEED, numRuns: LINES_APART })
      .map(withoutNul);
    const codes: (number | null)[] = [];
    const next = lines[Symbol.iterator]();
    // Two at a time: the machine is not idle while one starts, and they meet in the store.
    const worker = async (): Promise<void> => {
      for (const line of next) {
        const ended = await runOne(place, line, { apart: true });
        codes.push(ended.code);
        expect(told(line, complaints(line, ended), ended)).toEqual([]);
      }
    };
    await Promise.all([worker(), worker()]);
    expect(codes).toHaveLength(LINES_APART);
    expect(codes.filter((code) => code === 0).length).toBeGreaterThan(20);
    expect(codes.filter((code) => code === EXIT_CODES.INVALID_INPUT).length).toBeGreaterThan(20);
  },
  MAX_TEST_MS,
);

test('every command is among them [CL-01]', () => {
  const names = commandNames(root);
  expect(names.length).toBeGreaterThan(30);
  const lines = everyFlag(root).map(({ words }) => words.join(' '));
  for (const name of names) expect(lines).toContain(name);
});

function total(counts: ReadonlyMap<number, number>): number {
  return [...counts.values()].reduce((sum, each) => sum + each, 0);
}

/** Built without a version, which is put in when the program is bundled. */
async function commandTree(): Promise<Command> {
  Object.assign(globalThis, { PROGRAM_VERSION: '0.0.0' });
  const { program } = await import('../dist/cli.js');
  return program(async () => undefined);
}

const DATA = join('.local', 'share', 'episodica');
const FILES = [
  'records.jsonl',
  'key',
  'noise',
  'folder',
  'unreadable',
  'missing',
  'missing/deeper',
  'key/deeper',
  'new',
  '-',
];
const UNKNOWN_ID = '01a1fc43-5981-7000-b542-8e95badb3456';

/** A store with contents, files of every kind beside it, and a copy of both to begin from. */
async function withContents(at: Place): Promise<Known> {
  const ids: string[] = [];
  mkdirSync(here(at));
  for (const task of ['Fix the login redirect', 'Cannot find module', 'ü日本🦀 \u001b[31mred']) {
    const { episode_id: id } = await at.json(['episode', 'create', task, '--tag', 'web', '--type', 'debugging']);
    await at.json([
      'episode',
      'step',
      id,
      '--tool',
      'bash',
      '--action',
      'test',
      '--result',
      'error',
      '--message',
      task,
    ]);
    ids.push(id);
  }
  await at.json(['episode', 'complete', ids[0] ?? '', '--outcome', 'success', '--verdict', 'it works']);
  await at.json(['pattern', 'extract']);
  await at.run(['episode', 'export', '--all-projects', 'records.jsonl'], { cwd: here(at) });
  writeFileSync(join(here(at), 'key'), '0f'.repeat(32), { mode: 0o600 });
  writeFileSync(join(here(at), 'noise'), Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 89) % 256)));
  mkdirSync(join(here(at), 'folder'));
  writeFileSync(join(here(at), 'unreadable'), 'x');
  chmodSync(join(here(at), 'unreadable'), 0);
  rmSync(join(at.home, DATA, 'cache'), { recursive: true, force: true });
  cpSync(at.home, join(beginning, 'home'), { recursive: true });
  cpSync(at.work, join(beginning, 'work'), { recursive: true });
  const given = ids.flatMap((id) => [id, id.slice(0, 30), id.toUpperCase()]);
  return { ids: [...given, UNKNOWN_ID], files: FILES, url: pathToFileURL(join(here(at), 'copy.db')).href };
}

/** Where the commands run: also what is above it is the place's own. */
function here(at: Place): string {
  return join(at.work, 'here');
}

function putBack(at: Place): void {
  for (const name of ['home', 'work'] as const) {
    rmSync(at[name], { recursive: true, force: true });
    cpSync(join(beginning, name), at[name], { recursive: true });
  }
}

/** What is in the store, and its files as they are: where those have not changed, neither has the store. */
interface Contents {
  readonly records: string;
  readonly files: string;
}

async function contents(at: Place): Promise<Contents> {
  const { code, stdout } = await at.run(['episode', 'export', '--all-projects'], { interruptedAfterMs: MAX_MS });
  // Learning goes on behind what others ended, whether the command that did it failed or not.
  const records = stdout.split('\n').filter((line) => !line.includes('"type":"learning"'));
  return { records: `${code} ${records.join('\n')}`, files: filesOf(at) };
}

function filesOf(at: Place): string {
  const hash = createHash('sha256');
  for (const name of ['memory.db', 'memory.db-wal']) {
    const path = join(at.home, DATA, name);
    hash.update(existsSync(path) ? readFileSync(path) : 'none');
  }
  return hash.digest('hex');
}

async function runOne(at: Place, { words, input }: Line, options: RunOptions): Promise<Ended> {
  const late = new AbortController();
  const lateness = sleep(MAX_MS, undefined, { signal: late.signal }).then(
    () => ({ code: -1, stdout: '', stderr: `it did not end within ${MAX_MS} ms` }),
    () => ({ code: -1, stdout: '', stderr: '' }),
  );
  try {
    return await Promise.race([at.run(words, { ...options, input, cwd: here(at) }), lateness]);
  } finally {
    late.abort();
  }
}

function patienceMs({ words }: Line): number {
  return words.some((word) => ENDLESS.test(word)) ? ENDLESS_MS : INTERRUPTED_AFTER_MS;
}

/** What may not be, and is. */
function complaints({ words }: Line, { code, stdout, stderr }: Ended): readonly string[] {
  const lines = stderr.split('\n').filter((line) => line !== '');
  const isSound = code !== null && CODES.has(code);
  const isHelp = stderr.startsWith('Usage:') || HELP.test(stdout);
  return [
    ...(isSound ? [] : [`exit code ${code}`]),
    ...(code === EXIT_CODES.STORE_CORRUPT && !/STORE_CORRUPT|damaged|is not whole|\bok"?: ?false/u.test(stderr + stdout)
      ? ['exit code 70']
      : []),
    ...(/^ {4}at |^INTERNAL:|"INTERNAL"|\bnode:internal/mu.test(stderr) ? ['a stack, or a mistake'] : []),
    ...(isHelp || lines.every((line) => LINE.test(line) || isJson(line)) ? [] : ['lines that say not what they are']),
    ...(isHelp || lines.filter((line) => ERROR.test(line)).length <= 1 ? [] : ['several errors']),
    ...(code === 0 || isHelp || stdout !== '' || lines.length > 0 ? [] : ['no word of what is wrong']),
    ...(isJsonAsked(words) && !isHelp && !isJsonOrLines(stdout) ? ['no JSON on standard output'] : []),
  ];
}

/** Whether nothing may have come of it. Interrupted ones, and imports of which a part was bad, may have done a part. */
function isRefusal({ code }: Ended): boolean {
  return code !== 0 && code !== SOME_FAILED && code !== EXIT_CODES.ABORTED;
}

const SOME_FAILED = 1;
const PROGRAM_FAILED = 8;
const CODES: ReadonlySet<number> = new Set([0, SOME_FAILED, PROGRAM_FAILED, ...Object.values(EXIT_CODES)]);
const ERROR = /^[A-Z_]+: /u;
/** Also lines of a file that is imported, and the excerpt of a program that failed. */
const LINE = /^(?:[A-Z_]+|warning|hint|info|log|error|debug): |^[^:]+:\d+: |^ *(?:\d+ )?\||^ *[>^]/u;
const HELP = /^Usage: |^\d+\.\d+\.\d+\n$/u;

function isJsonAsked(words: readonly string[]): boolean {
  const isPlain = !words.some((word) => ['--', 'completion', 'help'].includes(word) || word.startsWith('--format='));
  // What `monitor export` writes is for `--as` to say.
  const isExport = words.includes('export') && words.some((word) => ['monitor', 'mon'].includes(word));
  const at = words.indexOf('--format');
  return isPlain && !isExport && at !== -1 && words.lastIndexOf('--format') === at && words[at + 1] === 'json';
}

function isJsonOrLines(text: string): boolean {
  return text === '' || isJson(text) || text.trimEnd().split('\n').every(isJson);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A complaint with all it takes to see why. */
function told(
  { words, input }: Line,
  complaints: readonly string[],
  { code, stdout, stderr }: Ended,
): readonly string[] {
  const start = (text: string): string => text.slice(0, 500);
  return complaints.map((what) =>
    JSON.stringify({ what, words, input, code, stdout: start(stdout), stderr: start(stderr) }),
  );
}

/** An operating system takes no NUL in an argument. */
function withoutNul({ words, input }: Line): Line {
  return { words: words.map((word) => word.replaceAll('\0', '')), input };
}
