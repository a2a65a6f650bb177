// The log as people read it, and what the program itself writes into it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { aPlace, cleanEnvironment, PROGRAM } from './program.ts';

const place = aPlace();
afterAll(() => place.remove());
const data = join(place.home, '.local', 'share', 'episodica');
const log = join(data, 'logs', 'episodica.log');
beforeEach(() => rmSync(data, { recursive: true, force: true }));

const NOON = Date.parse('2026-01-31T12:00:00Z');

interface Given {
  readonly [field: string]: unknown;
}

function line(given: Given): string {
  const base = { level: 30, time: NOON, program: 'memory-mcp', pid: 7, msg: 'a tool was called' };
  return `${JSON.stringify({ ...base, ...given })}\n`;
}

function written(lines: readonly Given[], path = log): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, lines.map(line).join(''));
}

const CALL = { tool: 'add_step', outcome: 'ok', ms: 2.5, request: 'aaaa1111' };

/** Over two files, the older first. */
function aDay(): void {
  written([
    { number: 1, ...CALL },
    { number: 2, level: 40, msg: 'the store is away', program: 'memory-cli' },
  ]);
  renameSync(log, `${log}.1`);
  written([
    { number: 3, time: NOON + 1_000, ...CALL, outcome: 'NOT_FOUND', request: 'bbbb2222' },
    { number: 4, level: 50, error: { type: 'TypeError', stack: '    at a.ts:1:2\n    at b.ts' }, request: 'bbbb2222' },
    { number: 5, level: 20, msg: 'seen \u001b[31m', dropped: 2 },
  ]);
  appendFileSync(log, 'torn\n');
}

async function found(words: readonly string[]): Promise<readonly unknown[]> {
  const { code, stdout, stderr } = await place.run(['--format', 'json', 'logs', ...words]);
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout.split('\n').slice(0, -1);
  return lines.map((text) => JSON.parse(text).number);
}

test('tail and search find lines in all files of the log, by each of their filters, the newest last [CL-01] [OB-01]', async () => {
  aDay();
  expect(await found(['tail'])).toEqual([1, 2, 3, 4, 5]);
  expect(await found(['tail', '-n', '2'])).toEqual([4, 5]);
  expect(await found(['tail', '--limit', '2'])).toEqual([4, 5]);
  const one = await place.run(['logs', 'search', '-n', '1']);
  expect(one.stdout.match(/\n/gu)).toHaveLength(1);
  expect(await found(['tail', '-n', '0'])).toEqual([]);
  expect(await found(['tail', '--level', 'warn', '--program', 'memory-mcp'])).toEqual([4]);
  expect(await found(['search', 'AWAY'])).toEqual([2]);
  expect(await found(['search', 'typeerror'])).toEqual([4]);
  expect(await found(['search', '--request', 'bbbb2222'])).toEqual([3, 4]);
  expect(await found(['search', '--tool', 'add_step', '--until', '2026-01-31T12:00:01Z'])).toEqual([1]);
  expect(await found(['search', '--since', '2026-01-31T12:00:01Z'])).toEqual([3]);
  expect(await found(['search', '--since', '1s', '--until', '0s'])).toEqual([]);
  const limited = await place.run(['log', 'search', '--limit', '1']);
  expect([limited.stdout.match(/\n/gu)?.length, limited.stderr]).toEqual([1, expect.stringContaining('newest 1')]);
  const yaml = await place.run(['--format', 'yaml', 'logs', 'tail', '-n', '1']);
  expect(yaml.stdout).toMatch(/^---\nlevel: 20\n/u);
  for (const since of ['2x', '5', '31/01/2026']) {
    expect(await place.run(['logs', 'search', '--since', since])).toMatchObject({ code: 2, stdout: '' });
  }
});

test('a line is told on one line, without anything that steers the terminal, and an error with its place [CL-03] [OB-01]', async () => {
  aDay();
  const { stdout } = await place.run(['logs', 'tail', '-n', '3']);
  const [called, failed, seen, ...rest] = stdout.split('\n');
  expect(called).toMatch(
    /^2026-01-31 \d\d:00:01\.000 INFO memory-mcp\[7\] bbbb2222 a tool was called number=3 tool=add_step outcome=NOT_FOUND ms=2\.5$/u,
  );
  expect(failed).toContain(' ERROR memory-mcp[7] bbbb2222 a tool was called number=4 error="TypeError: at a.ts:1:2"');
  expect(seen).toContain('seen \\u001b[31m');
  expect(rest).toEqual(['']);
});

test('stats count what there is, with what was lost and passed over [CL-01] [OB-01]', async () => {
  aDay();
  const stats = await place.json(['logs', 'stats']);
  expect(stats).toMatchObject({
    path: log,
    files: 2,
    bytes: statSync(log).size + statSync(`${log}.1`).size,
    lines: 5,
    first_at: '2026-01-31T12:00:00.000Z',
    last_at: '2026-01-31T12:00:01.000Z',
    levels: { debug: 1, info: 2, warn: 1, error: 1 },
    programs: { 'memory-mcp': 4, 'memory-cli': 1 },
    tools: [{ tool: 'add_step', calls: 2, outcomes: { ok: 1, NOT_FOUND: 1 } }],
    dropped_lines: 2,
    damaged_lines: 1,
  });
  expect(stats.messages[0]).toEqual({ message: 'a tool was called', level: 'error', count: 3 });
  const { stdout } = await place.run(['logs', 'stats', '--since', '2026-01-31T12:00:01Z']);
  expect(stdout).toMatch(/: 1 line in 2 files/u);
  expect(stdout).toMatch(/add_step +1( +[\d.]+){3} +NOT_FOUND 1/u);
});

test('without a log there is nothing, and with none to be written it is said how to have one [OB-01]', async () => {
  expect(await place.run(['logs'])).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining(log) });
  expect((await place.json(['logs', 'stats'])).lines).toBe(0);
  mkdirSync(log, { recursive: true });
  const unreadable = await place.run(['logs', 'tail']);
  expect([unreadable.code, unreadable.stdout]).toEqual([0, '']);
  expect(unreadable.stderr).toContain(`${log} cannot be read (EISDIR) and is left out`);
  rmSync(data, { recursive: true });
  const none = await place.run(['logs', 'tail'], { env: { MEMORY_LOG_FILE: 'stderr' } });
  expect([none.code, none.stderr]).toEqual([6, expect.stringMatching(/MEMORY_LOG_FILE \(environment\) is stderr/u)]);
  expect(existsSync(data)).toBe(false);
});

test('what is followed is told as it comes, also from a new file, until an interruption, which is no error [OB-01]', async () => {
  written([{ number: 1 }]);
  const env = cleanEnvironment(place.home, {});
  const follower = spawn(process.execPath, [PROGRAM, '--format', 'json', 'logs', 'tail', '-f', '--level', 'info'], {
    env,
    cwd: place.work,
  });
  let [told, errors] = ['', ''];
  follower.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const until = async (text: string): Promise<void> => {
    while (!told.includes(text)) told += String((await once(follower.stdout, 'data'))[0]);
  };
  await until('"number":1');
  appendFileSync(log, line({ number: 2, level: 20 }) + line({ number: 3 }));
  await until('"number":3');
  renameSync(log, `${log}.1`);
  written([{ number: 4 }]);
  await until('"number":4');
  follower.kill('SIGINT');
  const [code] = await once(follower, 'close');
  expect([code, errors]).toEqual([0, '']);
  expect(told.match(/"number":\d/gu)).toEqual(['"number":1', '"number":3', '"number":4']);
});

test('a reader that has read enough ends it without a word [CL-03]', async () => {
  written(Array.from({ length: 10_000 }, (_, number) => ({ number })));
  const child = spawn(process.execPath, [PROGRAM, 'logs', 'tail', '-n', '10000'], {
    env: cleanEnvironment(place.home, {}),
    cwd: place.work,
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  expect([code, errors]).toEqual([0, '']);
});

test('a command is noted with its name and end, and with nothing that it was given; where no data are, no folder is begun for it [OB-01]', async () => {
  expect((await place.run(['config', 'show'])).code).toBe(0);
  expect(existsSync(data)).toBe(false);
  const { episode_id: id } = await place.json(['ep', 'create', 'a sentinel task', '--tag', 'sentinel-tag']);
  expect((await place.run(['episode', 'view', id.slice(0, -1).concat('0')])).code).not.toBe(70);
  expect((await place.run(['episode', 'complete', id, '--outcome', 'sentinel'])).code).toBe(2);
  expect((await place.run(['episode', 'tag', id, 'sentinel!'])).code).toBe(2);
  const lines = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));
  expect(lines.map(({ command }) => command)).toEqual(['episode create', 'episode view', 'episode tag']);
  expect(lines.map(({ exitCode }) => exitCode)).toEqual([0, expect.any(Number), 2]);
  expect(new Set(lines.map(({ request }) => request)).size).toBe(3);
  expect(lines[0]).toMatchObject({ level: 30, program: 'memory-cli', pid: expect.any(Number), ms: expect.any(Number) });
  expect(readFileSync(log, 'utf8')).not.toContain('sentinel');
  expect([statSync(log).mode & 0o777, statSync(dirname(log)).mode & 0o777]).toEqual([0o600, 0o700]);
});

test('a log that cannot be written is passed over where nobody asked for it, and refused where somebody named it [OB-01]', async () => {
  mkdirSync(data, { recursive: true });
  writeFileSync(dirname(log), '');
  expect(await place.run(['storage', 'stats'])).toMatchObject({ code: 0, stderr: '' });
  const env = { MEMORY_LOG_FILE: log };
  const refused = await place.run(['episode', 'list'], { env });
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/^INVALID_INPUT: MEMORY_LOG_FILE: /u)]);
  expect((await place.run(['config', 'show'], { env })).code).toBe(0);
  rmSync(dirname(log));
  writeFileSync(join(place.work, 'memory-cli.toml'), 'memory_log_level = "silent"\n');
  const warned = await place.run(['episode', 'list'], { env: { MEMORY_LOG_LEVEL: 'error' } });
  expect(warned.stderr).toContain('a project may not set memory_log_level');
  expect((await place.run(['episode', 'list'], { env: { MEMORY_LOG_LEVEL: 'silent' } })).stderr).toBe('');
  rmSync(join(place.work, 'memory-cli.toml'));
  rmSync(dirname(log), { recursive: true, force: true });
  expect((await place.run(['episode', 'list'], { env: { MEMORY_LOG_FILE: 'stderr' } })).code).toBe(0);
  expect(existsSync(log)).toBe(false);
});
