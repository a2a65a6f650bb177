import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryError } from '@episodica/memory-core';
import {
  followLog,
  jsonLogger,
  type LogFile,
  type LogRecord,
  logStatistics,
  openLog,
  openLogFile,
  toldError,
} from '@episodica/memory-core/log';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { rotate } from '../src/log/rotate.ts';

const WRITER = fileURLToPath(new URL('fixtures/log-writer.mjs', import.meta.url));
const BASE = { program: 'a-program', pid: 1 };

function aLog(): string {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'logs', 'a.log');
}

function opened(path: string, limits: { readonly maxBytes?: number; readonly keep?: number } = {}): LogFile {
  const file = openLogFile({ path, base: BASE, ...limits });
  onTestFinished(() => file.close());
  return file;
}

/** A line of a fixed length. */
function line(number: number, more: object = {}): string {
  return `${JSON.stringify({ level: 30, time: 1_000 + number, ...BASE, number, ...more, msg: 'a line' })}\n`;
}

async function read(
  path: string,
  { order = 'oldest', keep = 1_000 }: { readonly order?: 'oldest' | 'newest'; readonly keep?: number } = {},
): Promise<{ readonly records: readonly LogRecord[]; readonly damaged: number }> {
  const log = await openLog(path, { keep });
  try {
    const records: LogRecord[] = [];
    for await (const record of log.records(order)) records.push(record);
    return { records, damaged: log.damaged() };
  } finally {
    await log.close();
  }
}

const numbers = (records: readonly LogRecord[]): readonly unknown[] => records.map(({ number }) => number);

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

function writer(path: string, words: readonly (string | number)[]) {
  return spawn(process.execPath, [WRITER, path, ...words.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

test('of several processes that write and rotate at the same time every line is there once, whole, and no file is put aside before it is full [OB-01]', async () => {
  const path = aLog();
  const names = ['ann', 'bob', 'cid', 'dan'];
  const maxBytes = 2_000;
  const ends = await Promise.all(names.map((name) => once(writer(path, [maxBytes, 1_000, name, 300]), 'exit')));
  expect(ends.map(([code]) => code)).toEqual([0, 0, 0, 0]);
  const { records, damaged } = await read(path);
  expect(damaged).toBe(0);
  for (const name of names) {
    const own = numbers(records.filter(({ program }) => program === name));
    expect([...own].sort((a, b) => Number(a) - Number(b))).toEqual(upTo(300));
  }
  const aside = readdirSync(join(path, '..')).filter((name) => /\.\d+$/u.test(name));
  expect(aside.length).toBeGreaterThan(10);
  const sizes = aside.map((name) => statSync(join(path, '..', name)).size);
  const longest = Math.max(...records.map((record) => JSON.stringify(record).length + 1));
  expect(Math.min(...sizes)).toBeGreaterThan(maxBytes - longest);
});

test('a process that is killed at any moment leaves a log that has what it wrote, and that others go on with [OB-01]', async () => {
  const path = aLog();
  let told = 0;
  for (const name of ['ann', 'bob', 'cid']) {
    const process = writer(path, [500, 5_000, name]);
    let own = 0;
    process.stdout.on('data', (dots: Buffer) => {
      own += dots.length;
      if (own > 200) process.kill('SIGKILL');
    });
    await once(process, 'close');
    told += own;
  }
  const { records, damaged } = await read(path, { keep: 5_000 });
  expect(records.length).toBeGreaterThanOrEqual(told);
  expect(new Set(records.map(({ program, number }) => `${program} ${number}`)).size).toBe(records.length);
  expect(damaged).toBeLessThanOrEqual(3);
  const lock = `${path}.lock`;
  writeFileSync(lock, '');
  utimesSync(lock, 0, 0);
  const file = opened(path, { maxBytes: 500, keep: 5_000 });
  for (const number of upTo(20)) file.write(line(number));
  expect(existsSync(lock)).toBe(false);
  expect(statSync(path).size).toBeLessThanOrEqual(500);
  expect((await read(path, { keep: 5_000 })).records).toHaveLength(records.length + 20);
});

test('a rotation that was stopped half way costs no file, and one that is under way keeps nobody waiting [OB-01]', async () => {
  const path = aLog();
  const file = opened(path, { maxBytes: 1, keep: 3 });
  for (const number of upTo(4)) file.write(line(number));
  renameSync(`${path}.1`, join(path, '..', 'elsewhere'));
  file.write(line(4));
  expect(numbers((await read(path)).records)).toEqual([0, 1, 3, 4]);
  writeFileSync(`${path}.lock`, '');
  for (const number of [5, 6]) file.write(line(number));
  expect(numbers((await read(path)).records)).toEqual([0, 1, 3, 4, 5, 6]);
  expect(file.losses()).toEqual({ dropped: 0 });
  rmSync(`${path}.lock`);
  file.write(line(7));
  expect(readFileSync(path, 'utf8')).toBe(line(7));
  expect(numbers((await read(path)).records)).toEqual([1, 3, 4, 5, 6, 7]);
});

test('what somebody else has put aside meanwhile is left, and a file that is just being renamed is read once [OB-01]', async () => {
  const path = aLog();
  opened(path).write(line(0));
  rotate({ path, keep: 5, isDue: () => false });
  expect(readdirSync(join(path, '..'))).toEqual(['a.log']);
  linkSync(path, `${path}.1`);
  expect(numbers((await read(path)).records)).toEqual([0]);
});

test('who has been idle since the log was rotated writes into the new file, whose eyes are its user’s [OB-01]', () => {
  const path = aLog();
  const [idle, busy] = [opened(path, { maxBytes: 200 }), opened(path, { maxBytes: 200 })];
  for (const number of upTo(3)) busy.write(line(number));
  expect(existsSync(`${path}.1`)).toBe(true);
  idle.write(line(3));
  expect(readFileSync(path, 'utf8').endsWith(line(3))).toBe(true);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
});

test.skipIf(process.platform !== 'linux')(
  'on a full disk lines are dropped, and how many is the first thing to be read when there is room [OB-01]',
  async () => {
    const path = aLog();
    const file = opened(path);
    rmSync(path);
    symlinkSync('/dev/full', path);
    for (const number of upTo(3)) file.write(line(number));
    expect(file.losses()).toEqual({ dropped: 3, reason: 'ENOSPC' });
    rmSync(path);
    for (const number of [3, 4]) file.write(line(number));
    const { records } = await read(path);
    expect(records[0]).toMatchObject({ level: 40, ...BASE, dropped: 3, reason: 'ENOSPC' });
    expect(numbers(records.slice(1))).toEqual([3, 4]);
    expect(file.losses()).toEqual({ dropped: 3 });
  },
);

test('a folder of logs that vanished is made again; one whose data were deleted with it is not, and nothing throws [OB-01]', async () => {
  const path = aLog();
  const file = opened(path);
  file.write(line(0));
  rmSync(join(path, '..'), { recursive: true });
  file.write(line(1));
  expect(numbers((await read(path)).records)).toEqual([1]);
  const data = join(path, '..', '..');
  rmSync(data, { recursive: true });
  file.write(line(2));
  file.write(`${'x'.repeat(100_000)}\n`);
  expect([existsSync(data), file.losses().dropped]).toEqual([false, 2]);
  mkdirSync(data);
  file.write(line(3));
  expect((await read(path)).records).toMatchObject([{ dropped: 2, reason: 'TOO_LONG' }, { number: 3 }]);
});

test('a place where no file can be is refused at once, also where a pipe is that nobody reads [OB-01]', () => {
  const path = aLog();
  mkdirSync(path, { recursive: true });
  expect(() => openLogFile({ path, base: BASE })).toThrow('is a folder');
  expect(() => openLogFile({ path: join('/dev/null', 'a.log'), base: BASE })).toThrow();
  if (process.platform === 'win32') return;
  execFileSync('mkfifo', [`${path}.pipe`]);
  for (const place of [`${path}.pipe`, '/dev/null'])
    expect(() => openLogFile({ path: place, base: BASE })).toThrow('is no regular file');
});

test('what holds something else than a log is neither written into nor written over, and what stands in the way is told [OB-01]', async () => {
  const path = aLog();
  const file = opened(path, { maxBytes: 200, keep: 2 });
  const notes = 'SQLite format 3\0\nmore\n';
  const other = join(path, '..', 'other');
  writeFileSync(other, notes);
  expect(() => openLogFile({ path: other, base: BASE })).toThrow('holds something else than a log');
  for (const begun of ['', '\n', line(0).slice(0, 20), '{"of":"another program"}\n']) {
    writeFileSync(other, begun);
    openLogFile({ path: other, base: BASE }).close();
  }
  for (const number of upTo(6)) file.write(line(number));
  expect(file.losses()).toEqual({ dropped: 0 });
  const held = (await read(path)).records.length;
  for (const stranger of ['a file', 'a folder']) {
    rmSync(`${path}.2`, { recursive: true });
    if (stranger === 'a file') writeFileSync(`${path}.2`, notes);
    else mkdirSync(`${path}.2`);
    for (const number of upTo(30)) file.write(line(number));
    expect(file.losses()).toMatchObject({ reason: 'NO_LOG_IN_PLACE' });
    expect(statSync(path).size).toBeLessThanOrEqual(2 * 200 + line(30).length);
    if (stranger === 'a file') expect(readFileSync(`${path}.2`, 'utf8')).toBe(notes);
  }
  rmSync(`${path}.2`, { recursive: true });
  file.write(line(99));
  expect(file.losses().reason).toBe(undefined);
  const { records } = await read(path);
  expect(records.length).toBeGreaterThan(held - 3);
  expect(records.at(-1)).toMatchObject({ number: 99 });
});

test('a lock counts for ten seconds [OB-01]', () => {
  const path = aLog();
  const file = opened(path, { maxBytes: 1 });
  file.write(line(0));
  const isThereAtAge = (seconds: number): boolean => {
    writeFileSync(`${path}.lock`, '');
    const then = Date.now() / 1_000 - seconds;
    utimesSync(`${path}.lock`, then, then);
    file.write(line(1));
    return existsSync(`${path}.lock`);
  };
  expect([isThereAtAge(-5), isThereAtAge(5), isThereAtAge(11)]).toEqual([true, true, false]);
});

test.skipIf(process.platform === 'win32')(
  'files of a log that cannot be read, and pipes, are left out and named; the others are told [OB-01]',
  async () => {
    const path = aLog();
    opened(path).write(line(0));
    mkdirSync(`${path}.1`);
    execFileSync('mkfifo', [`${path}.2`]);
    symlinkSync(`${path}.3`, `${path}.3`);
    const log = await openLog(path);
    const records: LogRecord[] = [];
    for await (const record of log.records('oldest')) records.push(record);
    await log.close();
    expect(numbers(records)).toEqual([0]);
    expect(log.unreadable).toEqual([
      { path: `${path}.1`, code: 'EISDIR' },
      { path: `${path}.2`, code: 'no regular file' },
      { path: `${path}.3`, code: 'ELOOP' },
    ]);
  },
);

test('who follows a log that is deleted is not told again what older files hold [OB-01]', async () => {
  const path = aLog();
  const file = opened(path, { maxBytes: 1 });
  for (const number of upTo(3)) file.write(line(number));
  const log = await openLog(path);
  await log.close();
  const stop = new AbortController();
  const follow = followLog(path, { from: log.end, pollMs: 1, signal: stop.signal });
  file.write(line(3));
  expect((await follow.next()).value).toMatchObject({ number: 3 });
  rmSync(path);
  file.write(line(4));
  expect((await follow.next()).value).toMatchObject({ number: 4 });
  stop.abort();
  expect(await follow.next()).toMatchObject({ done: true });
});

test('what is torn or of somebody else is counted and passed over, and the line behind half of one is read [OB-01]', async () => {
  const path = aLog();
  const file = opened(path);
  file.write(line(0));
  appendFileSync(path, '\nnot JSON\n{"level":30}\n[1]\n{"level":30,"time":1e99,"program":"a","pid":1,"msg":"m"}\n');
  appendFileSync(path, line(9).slice(0, 40));
  file.write(line(1));
  appendFileSync(path, `${'y'.repeat(200_000)}\n`);
  file.write(line(2));
  appendFileSync(path, line(9).slice(0, 40));
  for (const order of ['oldest', 'newest'] as const) {
    const { records, damaged } = await read(path, { order });
    expect([numbers(records), damaged]).toEqual([order === 'oldest' ? [0, 1, 2] : [2, 1, 0], 7]);
  }
});

test('read from either end, over all its files, a log is the same [OB-01]', async () => {
  const records = fc.array(
    fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.string({ minLength: 60, maxLength: 60, unit: 'binary' }),
      fc.constant('é'.repeat(20_000)),
    ),
    { maxLength: 30 },
  );
  await fc.assert(
    fc.asyncProperty(records, fc.integer({ min: 3_000, max: 100_000 }), async (texts, maxBytes) => {
      const folder = mkdtempSync(join(tmpdir(), 'log-'));
      try {
        const path = join(folder, 'a.log');
        const file = openLogFile({ path, base: BASE, maxBytes, keep: 100 });
        for (const [number, text] of texts.entries()) file.write(line(number, { text }));
        file.close();
        const forward = await read(path);
        const backward = await read(path, { order: 'newest' });
        expect([forward.damaged, backward.damaged]).toEqual([0, 0]);
        expect(forward.records.map(({ text }) => text)).toEqual(texts);
        expect([...backward.records].reverse()).toEqual(forward.records);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }),
    { numRuns: 20 },
  );
});

test('who follows a log is told each line once, across rotations, from where the reading before it ended [OB-01]', async () => {
  const path = aLog();
  const limits = { maxBytes: 300, keep: 1_000 };
  const file = opened(path, limits);
  for (const number of upTo(3)) file.write(line(number));
  const log = await openLog(path, { keep: 1_000 });
  const stop = new AbortController();
  const seen: unknown[] = [];
  let damaged = 0;
  const options = { from: log.end, keep: 1_000, pollMs: 1, signal: stop.signal, onDamaged: () => (damaged += 1) };
  await log.close();
  for (const number of [3, 4, 5, 6, 7, 8, 9]) file.write(line(number));
  for await (const { number } of followLog(path, options)) {
    seen.push(number);
    // What comes in while it is looked at, whichever file it is in by then.
    if (Number(number) < 40) file.write(line(seen.length + 9));
    if (number === 20) appendFileSync(path, 'torn\n');
    if (seen.length === 38) stop.abort();
  }
  expect(seen).toEqual(upTo(seen.length + 3).slice(3));
  expect([seen.length, damaged]).toEqual([38, 1]);
});

test('following begins before there is a log, and ends without one [OB-01]', async () => {
  const path = aLog();
  const from = (await openLog(path)).end;
  const stop = new AbortController();
  const follow = followLog(path, { from, pollMs: 1, signal: stop.signal });
  const first = follow.next();
  opened(path).write(line(0));
  expect((await first).value).toMatchObject({ number: 0 });
  const second = follow.next();
  stop.abort();
  expect(await second).toMatchObject({ done: true });
});

test('of an error a log has type, code and place; its message where that quotes nobody, and always for who debugs [OB-01]', () => {
  const quoting = new SyntaxError('Unexpected token in "my secret"\n    at my secret place');
  const lines: string[] = [];
  const logger = (threshold: 'info' | 'debug') =>
    jsonLogger({ threshold, base: BASE, write: (text) => lines.push(text), now: () => 5 });
  const store = new MemoryError('STORE_FAILED', 'The disk is full.', { cause: quoting });
  logger('info').error({ error: store }, 'failed');
  logger('info').debug({}, 'not told');
  logger('debug').debug({ error: quoting }, 'told');
  const [told, debugged] = lines.map((text) => JSON.parse(text));
  expect(lines).toHaveLength(2);
  expect(told).toMatchObject({ level: 50, time: 5, ...BASE, msg: 'failed' });
  expect(told.error).toMatchObject({ type: 'MemoryError', code: 'STORE_FAILED', message: 'The disk is full.' });
  expect(told.error.cause).toEqual({ type: 'SyntaxError', stack: expect.stringContaining('log.test.ts') });
  expect(lines[0]).not.toContain('secret');
  expect(debugged.error.message).toContain('my secret');
  expect(toldError('my secret', { withMessages: false })).toEqual({ type: 'string' });
  expect(toldError(new MemoryError('INVALID_INPUT', 'tags: "my secret"'), { withMessages: false }).message).toBe(
    undefined,
  );
});

test('statistics count levels, programs, messages, calls and what was lost [OB-01]', () => {
  const statistics = logStatistics();
  const record = { level: 30, time: 2, program: 'a', pid: 1, msg: 'a tool was called' };
  for (const ms of upTo(100))
    statistics.add({ ...record, tool: 'add_step', outcome: ms < 98 ? 'ok' : 'NOT_FOUND', ms });
  statistics.add({ ...record, time: 1, level: 40, program: 'b', msg: 'lost', dropped: 3 });
  const { tools, ...others } = statistics.result();
  expect(others).toEqual({
    lines: 101,
    firstMs: 1,
    lastMs: 2,
    levels: [
      { level: 40, count: 1 },
      { level: 30, count: 100 },
    ],
    programs: [
      { program: 'a', count: 100 },
      { program: 'b', count: 1 },
    ],
    messages: [
      { message: 'a tool was called', level: 30, count: 100 },
      { message: 'lost', level: 40, count: 1 },
    ],
    dropped: 3,
  });
  expect(tools).toMatchObject([{ tool: 'add_step', calls: 100, outcomes: { ok: 98, NOT_FOUND: 2 } }]);
  expect(tools[0]?.p50Ms).toBeGreaterThan(40);
  expect(tools[0]?.p50Ms).toBeLessThan(60);
  expect(tools[0]?.p99Ms).toBeGreaterThan(80);
});
