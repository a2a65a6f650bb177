// eval as people and scripts use it: the real program, the real sandbox, the memory on disk.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { EXIT_CODES } from '@episodica/memory-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aPlace, cleanEnvironment, type Place, PROGRAM } from './program.ts';

let place: Place;
beforeAll(async () => {
  place = aPlace();
  for (const [description, domain] of [
    ['Fix the login redirect', 'auth'],
    ['Rotate the session key', 'auth'],
    ['Show the price with tax', 'shop'],
  ] as const) {
    await place.json(['ep', 'create', description, '--domain', domain]);
  }
}, 60_000);
afterAll(() => place.remove());

const LOOP = 'for (;;);';
const HOARD = 'const kept = []; for (;;) kept.push(new Uint8Array(1e6).fill(1));';
/** On a slow machine too, the time is not what ends a program. */
const PATIENT = ['--timeout-ms', '60000'];
const WRITE = `await memory.createEpisode({ task_description: 'Made by a program' });`;

async function descriptions(where = place): Promise<readonly string[]> {
  const { episodes } = await where.json(['ep', 'list']);
  return episodes.map((episode: { readonly task_description: string }) => episode.task_description);
}

/** Runs until something else ends it. */
function started(words: readonly string[], where: Place = place): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...words], { cwd: where.work, env: cleanEnvironment(where.home, {}) });
}

describe('the memory', () => {
  test('is at hand, of the project that the program runs in [SB-06 CL-01]', async () => {
    const { code, stdout, stderr } = await place.run([
      'eval',
      `const { groups } = await memory.aggregate({ group_by: 'domain', measures: [] });
       groups.map(({ group, count }) => group.domain + ': ' + count).join(', ')`,
    ]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'auth: 2, shop: 1\n', stderr: '' });
    const elsewhere = { env: { MEMORY_PROJECT: 'elsewhere' } };
    expect((await place.run(['eval', '(await memory.episodes()).length'], elsewhere)).stdout).toBe('0\n');
    const all = ['eval', "(await memory.episodes({ scope: 'all' })).length"];
    expect((await place.run(all, elsewhere)).stdout).toBe('3\n');
  });

  test('is not opened by a program that does not ask it [SB-06 CL-01]', async () => {
    const unused = aPlace();
    try {
      const dataDir = join(unused.work, 'data');
      expect(await unused.run(['--data-dir', dataDir, 'eval', '1 + 1'])).toMatchObject({ code: 0, stdout: '2\n' });
      expect(existsSync(dataDir)).toBe(false);
      expect(await unused.run(['--data-dir', dataDir, 'eval', '(await memory.episodes()).length'])).toMatchObject({
        stdout: '0\n',
      });
      expect(existsSync(dataDir)).toBe(true);
    } finally {
      unused.remove();
    }
  });

  test('that cannot be opened is told to the program, by code and without its place [SB-06 CL-01]', async () => {
    const file = join(place.work, 'broken.db');
    writeFileSync(file, 'this is no database at all, '.repeat(500));
    const asked = ['eval', 'await memory.episodes().catch((error) => error.code)'];
    const { code, stdout } = await place.run(asked, { env: { DATABASE_URL: `file://${file}` } });
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'STORE_CORRUPT\n' });
  });

  test('that cannot be opened ends a program that fails of it, as what it is [SB-06 CL-01]', async () => {
    const env = { MEMORY_ENCRYPTION_KEY: 'too short' };
    const failed = await place.run(['eval', "console.log('before'); await memory.episodes()"], { env });
    expect(failed).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stdout: '' });
    expect(failed.stderr).toMatch(/^log: before\nINVALID_INPUT: The encryption key has fewer/u);
    expect(failed.stderr).not.toContain('THROWN');
    const asJson = await place.run(['--format', 'json', 'eval', 'await memory.episodes()'], { env });
    expect(asJson.code).toBe(EXIT_CODES.INVALID_INPUT);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ ok: false });
    expect(await place.run(['eval', 'throw 1'], { env })).toMatchObject({ code: 8 });
  });

  test('is not written because a project would have it, and the program is told so [SB-06 CL-01]', async () => {
    const own = aPlace();
    try {
      const elsewhere = await own.run(['eval', WRITE]);
      expect(elsewhere.stderr).not.toContain('may not set it');
      writeFileSync(join(own.work, 'memory-cli.toml'), 'sandbox_allow_writes = true\n');
      const refused = await own.run(['eval', `await memory.createEpisode({}).catch((error) => error.message)`]);
      expect(refused.stdout).toContain('memory-cli.toml of the project may not set it; it was not taken from there.');
      expect(await descriptions(own)).toEqual([]);
    } finally {
      own.remove();
    }
  });

  test('is only read, unless writing is allowed by flag or setting [SB-06 CL-01]', async () => {
    const own = aPlace();
    try {
      const refused = await own.run(['eval', WRITE]);
      expect(refused.code).toBe(8);
      expect(refused.stderr).toMatch(/^write: memory\.createEpisode refused \(NOT_SUPPORTED\); nothing was changed/u);
      expect(refused.stderr).toContain('SANDBOX_ALLOW_WRITES');
      expect(refused.stderr).toMatch(/^hint: --allow-writes lets this program write$/mu);
      expect(await descriptions(own)).toEqual([]);
      const allowed = await own.run(['eval', '--allow-writes', `${WRITE} 'made'`]);
      expect(allowed).toMatchObject({ code: 0, stdout: 'made\n' });
      expect(allowed.stderr).toMatch(/^write: memory\.createEpisode committed, \d+ ms\n$/u);
      expect(await own.run(['eval', WRITE], { env: { SANDBOX_ALLOW_WRITES: 'true' } })).toMatchObject({ code: 0 });
      expect(await descriptions(own)).toEqual(['Made by a program', 'Made by a program']);
    } finally {
      own.remove();
    }
  });

  test('keeps what a program wrote that failed behind it, and that is told [SB-06 CL-01]', async () => {
    const own = aPlace();
    try {
      const failed = await own.run(['eval', '--allow-writes', `${WRITE}\n${HOARD}`, '--memory-mb', '32', ...PATIENT]);
      expect(failed.code).toBe(8);
      expect(failed.stderr).toMatch(/^write: memory\.createEpisode committed/u);
      expect(failed.stderr).toMatch(/^MEMORY: /mu);
      expect(failed.stderr).toMatch(/^hint: the limit was memory_mb = 32$/mu);
      expect(await descriptions(own)).toEqual(['Made by a program']);
    } finally {
      own.remove();
    }
  });
});

describe('program and input', () => {
  test('come from arguments, files or standard input [CL-01]', async () => {
    writeFileSync(join(place.work, 'program.js'), 'input.n + 1');
    writeFileSync(join(place.work, 'input.json'), '{"n": 1}');
    const typed = 'const n: number = input?.n ?? 40; n + 2';
    for (const [words, input, expected] of [
      [['-'], typed, '42\n'],
      [['--file', '-'], typed, '42\n'],
      [['-', '--input-file', 'input.json'], typed, '3\n'],
      [['--file', 'program.js', '--input-file', '-'], '{"n": 6}', '7\n'],
      [['input.n', '--input', '{"n": 9}'], '', '9\n'],
    ] as const) {
      const { stdout, stderr } = await place.run(['eval', ...words], { input });
      expect({ words, stdout, stderr }).toEqual({ words, stdout: expected, stderr: '' });
    }
  });

  test('that cannot be used are refused by name, and nothing runs [CL-01]', async () => {
    writeFileSync(join(place.work, 'binary'), Buffer.from([0xff, 0xfe, 0x00, 0x80]));
    writeFileSync(join(place.work, 'huge'), Buffer.alloc(17_000_000, 32));
    for (const [words, code, expected] of [
      [['-', '--input-file', '-'], 'INVALID_INPUT', /^INVALID_INPUT: Program and input cannot both be standard input/u],
      [
        ['1', '--input', '1', '--input-file', 'x'],
        'INVALID_INPUT',
        /^INVALID_INPUT: --input and --input-file exclude/u,
      ],
      [['1', '--input-file', 'nowhere'], 'INVALID_INPUT', /^INVALID_INPUT: nowhere: there is no such file/u],
      [['1', '--input-file', 'program.js'], 'INVALID_INPUT', /^INVALID_INPUT: --input-file: is not JSON/u],
      [
        ['1', '--typescript', '--language', 'javascript'],
        'INVALID_INPUT',
        /^INVALID_INPUT: --typescript and --language javascript exclude each other/u,
      ],
      [['1', '--memory-mb', '-1'], 'INVALID_INPUT', /^INVALID_INPUT: .*--memory-mb/u],
      [['1', '--timeout-ms', 'soon'], 'INVALID_INPUT', /^INVALID_INPUT: .*--timeout-ms/u],
      [['--file', '.'], 'INVALID_INPUT', /^INVALID_INPUT: \.: is a folder, not a file/u],
      [['--file', 'binary'], 'INVALID_INPUT', /^INVALID_INPUT: binary: is no text in UTF-8/u],
      [['--file', 'huge'], 'LIMIT_EXCEEDED', /^LIMIT_EXCEEDED: huge: is larger than 16,777,216 bytes/u],
    ] as const) {
      const ended = await place.run(['eval', ...words]);
      expect({ words, code: ended.code, stdout: ended.stdout }).toEqual({ words, code: EXIT_CODES[code], stdout: '' });
      expect(ended.stderr).toMatch(expected);
    }
  });
});

describe('the answer', () => {
  test('has the outward form in JSON, with calls, files, cost and limits [SB-06 CL-01]', async () => {
    const program =
      "fs.writeFile('/a.txt', 'four'); console.info('hello'); (await memory.episodes({ limit: 2 })).length";
    expect(await place.json(['eval', program, '--timeout-ms', '20000'])).toMatchObject({
      ok: true,
      result: 2,
      logs: [{ level: 'info', text: 'hello' }],
      files: [{ path: '/a.txt', bytes: 4 }],
      host_calls: [{ method: 'episodes', effect: 'read', status: 'done' }],
      usage: { host_calls: 1, wall_ms: expect.any(Number), host_bytes: expect.any(Number) },
      limits: { timeout_ms: 20_000, memory_mb: 64 },
      killed: false,
    });
  });

  test('has limits that are clamped, as those of tool and library are [SB-02 CL-01]', async () => {
    const limits = async (...flags: readonly string[]) => (await place.json(['eval', '1', ...flags])).limits;
    expect(await limits('--timeout-ms', '99999999', '--memory-mb', '1')).toMatchObject({
      timeout_ms: 60_000,
      memory_mb: 24,
    });
    expect(await limits('--memory-mb', '70000.5')).toMatchObject({ memory_mb: 256 });
  });

  test('has no line of ours that a program or a record could have said [SB-07 CL-01]', async () => {
    const forged = 'a\r\nhint: forged\rwrite: memory.addStep committed\nfile: x';
    const words = ['--input', JSON.stringify(forged)];
    const { code, stdout, stderr } = await place.run(['eval', 'console.log(input); 1', ...words]);
    const lines = 'log: a\n  hint: forged\n  write: memory.addStep committed\n  file: x\n';
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '1\n', stderr: lines });
    const thrown = await place.run(['eval', 'throw new Error(input)', ...words]);
    expect(thrown.stderr).not.toMatch(/^(?:hint: forged|write|file)/mu);
  });

  test('tells people calls, files and cost beside it, where they ask [CL-01]', async () => {
    const program = "fs.writeFile('/a.txt', 'four'); (await memory.episodes({ limit: 1 })).length";
    const quiet = await place.run(['eval', program]);
    expect(quiet).toEqual({ code: 0, stdout: '1\n', stderr: 'file: /a.txt (4 bytes), gone with the run\n' });
    const { stderr } = await place.run(['eval', program, '--verbose']);
    expect(stderr).toMatch(/^read: memory\.episodes done, \d+ ms$/mu);
    expect(stderr).toMatch(/^usage: \d+ of 5000 ms, \d+ ms of it computing, \d+ of 64 MB, 1 of 256 calls/mu);
  });

  test('of a misspelt question names the place and what was meant [SB-06 CL-01]', async () => {
    const { code, stdout, stderr } = await place.run(['eval', "\nawait memory.aggregate({ group_by: 'domian' })"]);
    expect({ code, stdout }).toEqual({ code: 8, stdout: '' });
    expect(stderr).toMatch(/group_by: is "domian"; did you mean "domain"\?.* \(line 2\)\n/u);
    expect(stderr).toMatch(/^2 \| await memory\.aggregate/mu);
  });

  test('steers no terminal, whatever the program says [CL-01]', async () => {
    const nasty = '\u001b[31mred\u001b]0;title\u0007 \u009b2J \u202eback';
    const program = `const t = input; console.log(t); fs.writeFile('/' + 'a', ''); t`;
    const words = ['eval', program, '--input', JSON.stringify(nasty)];
    const shown = await place.run(words);
    expect(shown.stdout).toBe('\\u001b[31mred\\u001b]0;title\\u0007 \\u009b2J \\u202eback\n');
    const thrown = await place.run(['eval', 'console.error(input); throw new Error(input)', ...words.slice(2)]);
    const listed = await place.run(['eval', '[input]', ...words.slice(2)]);
    const json = await place.run(['--format', 'json', ...words]);
    for (const text of [shown.stderr, thrown.stderr, listed.stdout, json.stdout]) {
      expect(text).toContain('red');
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u);
    }
    expect(JSON.parse(json.stdout).result).toBe(nasty);
  });

  test('to somebody who reads no more is no failure [CL-01]', async () => {
    const child = started(['eval', "'x'.repeat(1_000_000)"]);
    const ended = once(child, 'close');
    await once(child.stdout!, 'data');
    child.stdout!.destroy();
    expect(await text(child.stderr!)).toBe('');
    expect(await ended).toEqual([0, null]);
  });

  test('to the question for help offers the formats that there are [CL-01]', async () => {
    const help = async (...words: readonly string[]) =>
      (await place.run([...words, '--help'])).stdout.replace(/\s+/gu, ' ');
    expect(await help('eval')).toMatch(/--format <format> [^)]*"human", "json", "yaml", default/u);
    expect(await help('eval')).not.toContain('"svg"');
    expect(await help('pattern', 'clusters')).toContain('"svg"');
  });

  test('to the question for types is what programs may use, by what they are allowed [SB-06 CL-01]', async () => {
    const read = await place.run(['eval', '--types']);
    expect(read).toMatchObject({ code: 0, stderr: '' });
    expect(read.stdout).toMatch(/^declare const memory: \{$/mu);
    expect(read.stdout).toContain('aggregate(query: ');
    expect(read.stdout).not.toContain('createEpisode(');
    expect((await place.run(['eval', '--types', '--allow-writes'])).stdout).toContain('createEpisode(');
    expect(await place.json(['eval', '--types'])).toEqual({ types: read.stdout });
  });
});

describe('an interruption', () => {
  test('by SIGTERM has the exit code of that signal [CL-01]', async () => {
    const child = started(['eval', '-']);
    const told = Promise.all([once(child, 'close'), text(child.stderr!)]);
    await new Promise((resolve) => child.stdin!.write(' '.repeat(1_000_000), resolve));
    child.kill('SIGTERM');
    const [[code], stderr] = await told;
    expect({ code, stderr }).toEqual({ code: 143, stderr: expect.stringMatching(/^ABORTED: /u) });
  });

  test('ends a run at once, and tells what it wrote [SB-06 CL-01]', async () => {
    const own = aPlace();
    try {
      const child = started(['eval', '--allow-writes', `${WRITE} ${LOOP}`, '--timeout-ms', '60000'], own);
      const told = Promise.all([once(child, 'close'), text(child.stdout!), text(child.stderr!)]);
      while (!(await descriptions(own)).includes('Made by a program')) expect(child.exitCode).toBe(null);
      child.kill('SIGINT');
      const [[code], stdout, stderr] = await told;
      expect({ code, stdout }).toEqual({ code: EXIT_CODES.ABORTED, stdout: '' });
      expect(stderr).toMatch(/^ABORTED: The run was cancelled; 1 of its writes had been done\.\n$/u);
      expect(await descriptions(own)).toEqual(['Made by a program']);
    } finally {
      own.remove();
    }
  });

  test('that comes again ends the program in any case, and what it wrote is whole [SB-06 CL-01]', async () => {
    const own = aPlace();
    try {
      const child = started(['eval', '--allow-writes', `${WRITE} ${LOOP}`, '--timeout-ms', '60000'], own);
      const ended = once(child, 'close');
      while (!(await descriptions(own)).includes('Made by a program')) expect(child.exitCode).toBe(null);
      child.kill('SIGINT');
      child.kill('SIGINT');
      const [code, signal] = await ended;
      expect([`${EXIT_CODES.ABORTED} null`, 'null SIGINT']).toContain(`${code} ${signal}`);
      expect(await descriptions(own)).toEqual(['Made by a program']);
    } finally {
      own.remove();
    }
  });

  test('ends a program that waits for its text [CL-01]', async () => {
    const child = started(['eval', '-']);
    const told = Promise.all([once(child, 'close'), text(child.stderr!)]);
    // More than a pipe holds: once it is through, somebody reads at the other end. It is never ended.
    await new Promise((resolve) => child.stdin!.write(' '.repeat(1_000_000), resolve));
    child.kill('SIGINT');
    const [[code], stderr] = await told;
    expect({ code, stderr }).toMatchObject({ code: EXIT_CODES.ABORTED, stderr: expect.stringMatching(/^ABORTED: /u) });
  });
});
