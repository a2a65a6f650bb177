import { execFileSync } from 'node:child_process';
// How the program is called, configured and refuses; the sandbox and the store from the terminal.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EXIT_CODES } from '@episodica/memory-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

let place: Place;
beforeEach(() => {
  place = aPlace();
});
afterEach(() => place.remove());

const UNKNOWN_ID = '01a1fc43-5981-7000-b542-8e95badb3456';

test('help names every command and every exit code [CL-01]', async () => {
  const { code, stdout, stderr } = await place.run(['--help']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const command of [
    'episode|ep',
    'pattern|pat',
    'storage|st',
    'backup|bak',
    'eval|ev',
    'health|hp',
    'monitor|mon',
    'config|cfg',
  ]) {
    expect(stdout).toContain(command);
  }
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
    expect(stdout).toMatch(new RegExp(`^ +${exitCode} .*\\b${name}\\b`, 'mu'));
  }
  expect(stdout).toMatch(/^ +1 .*import/mu);
  expect(stdout).toMatch(/^ +8 .*eval/mu);
  expect((await place.run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/u);
  const list = (await place.run(['ep', 'list', '--help'])).stdout;
  expect(list).toContain('--any-tag');
  expect(list).toContain('--data-dir');
});

test('wrong usage is one line with a code, sometimes a hint, and exit code 2 [CL-01]', async () => {
  for (const [words, expected] of [
    [['episode', 'lsit'], /^INVALID_INPUT: unknown command 'lsit'\nhint: Did you mean list\?\n$/u],
    [['nonsense'], /^INVALID_INPUT: unknown command 'nonsense'\n/u],
    [['episode', 'list', '--colour'], /^INVALID_INPUT: unknown option '--colour'\n/u],
    [['episode', 'list', '--limit', '0'], /^INVALID_INPUT: .*Give a whole number from 1 to 1000\.\n$/u],
    [['episode', 'list', '--type', 'magic'], /^INVALID_INPUT: .*Allowed choices are code_generation/u],
    [['episode', 'list', '--since', 'yesterday'], /^INVALID_INPUT: --since: "yesterday" is no time/u],
    [['episode', 'list', '--after', 'x'], /^INVALID_INPUT: --after: "x" is no cursor/u],
    [
      ['episode', 'list', '--format', 'xml'],
      /^INVALID_INPUT: .*Allowed choices are human, json, yaml, svg, html\.\n$/u,
    ],
    [['episode', 'create'], /^INVALID_INPUT: missing required argument 'description'\n$/u],
    [['episode', 'create', ' '], /^INVALID_INPUT: DESCRIPTION: is empty; say what it is\.\n$/u],
    [['episode', 'create', 'x', '--meta', 'novalue'], /^INVALID_INPUT: --meta: "novalue" has no key and value/u],
    [['episode', 'search'], /^INVALID_INPUT: QUERY: give a text, or a filter/u],
    [['eval'], /^INVALID_INPUT: CODE: is missing/u],
  ] as const) {
    const { code, stdout, stderr } = await place.run(words);
    expect({ words, code, stdout }).toEqual({ words, code: 2, stdout: '' });
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/^ {4}at /mu);
  }
});

test('what only reads makes no store where there is none, and says where it looked [CL-01]', async () => {
  const dataDir = join(place.work, 'mistyped');
  for (const words of [
    ['episode', 'list'],
    ['episode', 'search', 'x'],
    ['episode', 'export'],
    ['pattern', 'list'],
    ['pattern', 'search', 'x'],
    ['pattern', 'clusters'],
  ]) {
    const { code, stderr } = await place.run(['--data-dir', dataDir, ...words]);
    expect({ words, code }).toEqual({ words, code: 0 });
    expect(stderr).toContain(`there is no memory yet at ${join(dataDir, 'memory.db')}`);
  }
  expect(await place.json(['--data-dir', dataDir, 'episode', 'list'])).toEqual({ episodes: [] });
  const unknown = await place.run(['--data-dir', dataDir, 'episode', 'view', UNKNOWN_ID]);
  expect([unknown.code, unknown.stderr]).toEqual([EXIT_CODES.NOT_FOUND, expect.stringContaining('no memory yet at')]);
  expect(existsSync(dataDir)).toBe(false);
  await place.json(['episode', 'create', 'elsewhere', '--project', 'other']);
  const none = await place.run(['episode', 'list']);
  expect(none).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringMatching(/^No episodes yet in .*--all-projects/u),
  });
  const recent = ['episode', 'list', '--all-projects', '--since', '7d'];
  expect((await place.json(recent)).episodes).toHaveLength(1);
  expect((await place.json(['episode', 'list', '--all-projects', '--until', '1h'])).episodes).toEqual([]);
  expect(await place.json(['episode', 'forget', '--before', '1h', '--dry-run'])).toMatchObject({ episodes: 0 });
});

test('a step is refused for bad parameters and a text of the wrong kind, and is not stored [CL-01]', async () => {
  const { episode_id: id } = await place.json(['ep', 'create', 'Refuse steps']);
  const step = ['ep', 'step', id, '--tool', 't', '--action', 'a'];
  for (const [flags, expected] of [
    [['--result', 'success', '--params', '{"a":'], /^INVALID_INPUT: --params: is not JSON: /u],
    [['--result', 'success', '--params', '[1]'], /^INVALID_INPUT: --params: /u],
    [['--result', 'error', '--output', 'x'], /^INVALID_INPUT: --output goes with a success/u],
    [['--result', 'success', '--message', 'x'], /^INVALID_INPUT: --message goes with an error/u],
    [['--message', 'x'], /^INVALID_INPUT: --message goes with an error/u],
  ] as const) {
    const { code, stderr } = await place.run([...step, ...flags]);
    expect({ flags, code }).toEqual({ flags, code: 2 });
    expect(stderr).toMatch(expected);
  }
  expect((await place.json(['ep', 'view', id])).steps).toEqual([]);
});

test('a step of which no result is told is a success, as in the library [CL-01]', async () => {
  const { episode_id: id } = await place.json(['ep', 'create', 'Just do it']);
  await place.json(['ep', 'step', id, '--tool', 't', '--action', 'a']);
  expect((await place.json(['ep', 'view', id])).steps).toMatchObject([{ result: { type: 'success' } }]);
});

test('errors of the library have their own exit codes [CL-01]', async () => {
  const unknown = await place.run(['ep', 'view', UNKNOWN_ID]);
  expect(unknown).toMatchObject({ code: EXIT_CODES.NOT_FOUND, stdout: '' });
  expect(unknown.stderr).toMatch(/^NOT_FOUND: There is no episode .*\n$/u);
  const { episode_id: id } = await place.json(['ep', 'create', 'End me']);
  await place.json(['ep', 'complete', id, '--outcome', 'abstained', '--reason', 'unclear']);
  const again = await place.run(['ep', 'complete', id, '--outcome', 'success']);
  expect(again).toMatchObject({ code: EXIT_CODES.INVALID_STATE, stdout: '' });
  const long = await place.run(['ep', 'create', 'x'.repeat(10_001)]);
  expect(long.code).toBe(EXIT_CODES.LIMIT_EXCEEDED);
  const keyless = await place.run(['ep', 'list'], { env: { EMBEDDING_PROVIDER: 'cohere' } });
  expect(keyless.code).toBe(EXIT_CODES.INVALID_INPUT);
  expect((await place.json(['ep', 'view', id])).outcome).toEqual({ kind: 'abstained', reason: 'unclear' });
});

test('a data folder that cannot be made is one clear line, and health calls the store down [CL-01]', async () => {
  const file = join(place.work, 'file');
  writeFileSync(file, '');
  const dataDir = join(file, 'data');
  const refused = await place.run(['--data-dir', dataDir, 'ep', 'create', 'x']);
  expect(refused.code).toBe(EXIT_CODES.STORE_FAILED);
  expect(refused.stderr).toMatch(/^STORE_FAILED: [^\n]*\n$/u);
  expect(refused.stderr).toContain(dataDir);
  const health = await place.run(['--data-dir', dataDir, '--format', 'json', 'health', 'check']);
  expect(health.code).toBe(EXIT_CODES.STORE_FAILED);
  expect(JSON.parse(health.stdout)).toMatchObject({
    status: 'down',
    components: expect.arrayContaining([expect.objectContaining({ name: 'store', status: 'down' })]),
  });
});

test('health is asked of every part, and a cache that cannot be opened only degrades it [CL-01]', async () => {
  await place.json(['ep', 'create', 'With a cache']);
  const well = await place.json(['health']);
  expect(well).toMatchObject({ status: 'ok', version: expect.any(String), uptime_ms: expect.any(Number) });
  const names = well.components.map((part: { name: string }) => part.name);
  expect(names).toEqual(['store', 'journal', 'cache', 'learning', 'search', 'sandbox']);
  writeFileSync(join(place.work, 'file'), '');
  const env = { LMDB_CACHE_PATH: join(place.work, 'file', 'cache') };
  const { code, stdout, stderr } = await place.run(['--format', 'json', 'health', 'check'], { env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'degraded' });
  expect(stderr).toMatch(/^warning: the cache cannot be opened and is done without /mu);
  expect((await place.json(['ep', 'create', 'Without a cache'], { env })).status).toBe('open');
});

test('config show says where each value came from, in the order of growing strength [CL-02]', async () => {
  mkdirSync(join(place.home, '.config', 'episodica'), { recursive: true });
  const userFile = join(place.home, '.config', 'episodica', 'memory-cli.toml');
  writeFileSync(userFile, 'memory_project = "of-user"\nmemory_cache_size_mb = 32\nmemory_durability = "normal"\n');
  mkdirSync(join(place.work, '.git'));
  mkdirSync(join(place.work, 'deep', 'down'), { recursive: true });
  const projectFile = join(place.work, 'memory-cli.toml');
  writeFileSync(projectFile, 'memory_project = "of-project"\nmemory_cache_size_mb = 64\nmemory_data_dir = "/evil"\n');
  const cwd = join(place.work, 'deep', 'down');
  const shown = await place.json(['config', 'show', '--data-dir', place.work], {
    cwd,
    env: { MEMORY_PROJECT: 'of-env' },
  });
  const by = Object.fromEntries(
    shown.settings.map(({ name, ...rest }: { name: string; value: unknown; origin: string }) => [name, rest]),
  );
  expect(by).toMatchObject({
    MEMORY_DATA_DIR: { value: place.work, origin: 'flag' },
    DATABASE_URL: { value: pathToFileURL(join(place.work, 'memory.db')).href, origin: 'flag' },
    LMDB_CACHE_PATH: { value: join(place.work, 'cache'), origin: 'flag' },
    MEMORY_PROJECT: { value: 'of-env', origin: 'environment' },
    MEMORY_CACHE_SIZE_MB: { value: 64, origin: 'project file' },
    MEMORY_DURABILITY: { value: 'normal', origin: 'user file' },
    MEMORY_LOG_LEVEL: { value: 'info', origin: 'default' },
  });
  expect(shown.files).toEqual({ user: userFile, project: projectFile });
  expect(shown.warnings).toEqual([expect.stringContaining('memory_data_dir')]);
  const words = await place.run(['cfg', 'show'], { cwd });
  expect(words.stdout).toMatch(/^MEMORY_PROJECT +project file, line 1 +of-project$/mu);
  expect(words.stderr).toMatch(/^warning: .*memory_data_dir/u);
});

test("config show says where the user's own file would be [CL-02]", async () => {
  const { stdout } = await place.run(['config', 'show']);
  expect(stdout).toContain(`none; it would be ${join(place.home, '.config', 'episodica', 'memory-cli.toml')}`);
});

test("a file named by --config takes the place of the user's own, and a bad one is refused by name [CL-02]", async () => {
  const own = join(place.work, 'own.toml');
  writeFileSync(own, 'memory_project = "chosen"\n');
  const { project, files } = await place.json(['--config', own, 'config', 'show']);
  expect({ project, files }).toEqual({ project: 'chosen', files: { user: own } });
  for (const [text, expected] of [
    ['memory_projekt = "x"\n', `${own}:1: there is no setting "memory_projekt"; did you mean "memory_project"?`],
    ['TURSO_POOL_SIZE = 5\n', 'did you mean "turso_pool_size"?'],
    ['memory_project = \n', own],
  ] as const) {
    writeFileSync(own, text);
    const { code, stderr } = await place.run(['--config', own, 'ep', 'list']);
    expect(code).toBe(2);
    expect(stderr).toContain(expected);
  }
  expect((await place.run(['--config', join(place.work, 'none.toml'), 'ep', 'list'])).code).toBe(2);
});

test('without settings the data lies in the folder for data of the user, and the log where it is told [CL-02]', async () => {
  const { path } = await place.json(['storage', 'stats']);
  expect(path).toBe(join(place.home, '.local', 'share', 'episodica', 'memory.db'));
  const log = join(place.work, 'logs', 'log');
  writeFileSync(join(place.work, 'file'), '');
  const cache = join(place.work, 'file', 'cache');
  const env = { MEMORY_DATA_DIR: join(place.work, 'data'), MEMORY_LOG_FILE: log, LMDB_CACHE_PATH: cache };
  expect((await place.json(['storage', 'stats'], { env })).path).toBe(join(place.work, 'data', 'memory.db'));
  const { code, stderr } = await place.run(['episode', 'search', 'anything'], { env });
  expect([code, stderr]).toEqual([0, expect.stringMatching(/^warning: .*done without.*\n$/u)]);
  const [line = ''] = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-2);
  expect(JSON.parse(line)).toMatchObject({
    program: 'memory-cli',
    path: expect.stringContaining(cache),
    msg: expect.stringContaining('done without'),
  });
});

test('a data folder may have any name, and the flag is stronger than a database of the environment [CL-02]', async () => {
  const dataDir = join(place.work, 'a b#c%20?');
  const env = { DATABASE_URL: `file:${join(place.work, 'other.db')}` };
  const { path } = await place.json(['--data-dir', dataDir, 'storage', 'stats'], { env });
  expect(path).toBe(join(dataDir, 'memory.db'));
  expect(existsSync(path)).toBe(true);
  expect(existsSync(join(place.work, 'other.db'))).toBe(false);
});

test('storage tells measured figures and checks itself [CL-01]', async () => {
  const { episode_id: id } = await place.json(['ep', 'create', 'Count me']);
  await place.json(['ep', 'step', id, '--tool', 't', '--action', 'a', '--result', 'success']);
  const stats = await place.json(['st', 'stats']);
  expect(stats).toMatchObject({
    access: 'read-write',
    schema: expect.any(Number),
    counts: { episode: 1, step: 1, pattern: 0 },
    journal_seq: expect.any(Number),
  });
  expect(stats.size_bytes).toBeGreaterThan(4_096);
  expect((await place.run(['storage', 'stats'])).stdout).toMatch(/^episodes +1$/mu);
  expect(await place.json(['storage', 'verify'])).toEqual({ ok: true, findings: [] });
  writeFileSync(stats.path, 'this is no database '.repeat(1_000));
  const broken = await place.run(['storage', 'verify']);
  expect(broken.code).toBe(EXIT_CODES.STORE_CORRUPT);
  expect(broken.stdout).toMatch(/memory\.db.*SQLITE_NOTADB.*backup restore FILE/u);
});

test('eval prints the result of a program, its logs beside it [CL-01]', async () => {
  const ok = await place.run(['eval', 'console.log("seen", input.n); input.n * 2', '--input', '{"n": 21}']);
  expect(ok).toEqual({ code: 0, stdout: '42\n', stderr: 'log: seen 21\n' });
  const file = join(place.work, 'program.ts');
  writeFileSync(file, 'const name: string = "ts"; export default { name };');
  const typed = await place.json(['ev', '--file', 'program.ts', '--memory-mb', '32', '--timeout-ms', '2000']);
  expect(typed).toMatchObject({
    ok: true,
    result: { name: 'ts' },
    logs: [],
    usage: { wall_ms: expect.any(Number), memory_bytes: expect.any(Number) },
    limits: { timeout_ms: 2_000, memory_mb: 32 },
  });
});

test('a program that fails has exit code 8, an excerpt, and its deadline [CL-01]', async () => {
  const thrown = await place.run(['eval', 'const a = 1;\nthrow new RangeError("too far");']);
  expect(thrown).toMatchObject({ code: 8, stdout: '' });
  expect(thrown.stderr).toMatch(/^THROWN: RangeError: too far \(line 2\)\n/u);
  expect(thrown.stderr).toContain('throw new RangeError');
  const endless = await place.run(['--format', 'json', 'eval', 'for (;;);', '--timeout-ms', '50']);
  expect(endless.code).toBe(8);
  expect(JSON.parse(endless.stdout)).toMatchObject({ ok: false, error: { code: 'TIMEOUT_CPU' } });
  expect((await place.run(['eval', '1', '--file', 'x.js'])).code).toBe(2);
  expect((await place.run(['eval', '--file', 'nowhere.js'])).stderr).toBe(
    'INVALID_INPUT: nowhere.js: there is no such file or folder.\n',
  );
});

test.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'a store that can only be read is told by stats and health, and is searched (as root on Linux only) [ST-13]',
  async () => {
    const dataDir = join(place.work, 'data');
    const words = ['--data-dir', dataDir];
    // What was read through the mount is let go of when a process ends.
    const apart = { apart: true };
    await place.json([...words, 'ep', 'create', 'Read me'], apart);
    execFileSync('mount', ['--bind', dataDir, dataDir]);
    try {
      execFileSync('mount', ['-o', 'remount,bind,ro', dataDir]);
      expect(await place.json([...words, 'storage', 'stats'], apart)).toMatchObject({ access: 'read-only' });
      const { status, components } = await place.json([...words, 'health', 'check'], apart);
      expect(status).toBe('degraded');
      expect(components).toContainEqual(
        expect.objectContaining({ name: 'store', status: 'degraded', detail: expect.stringMatching(/^read-only/u) }),
      );
      expect((await place.run([...words, 'ep', 'search', 'read me'], apart)).stdout).toMatch(/Read me/u);
      const refused = await place.run([...words, 'ep', 'create', 'Write me'], apart);
      expect([refused.code, refused.stderr]).toEqual([
        EXIT_CODES.STORE_FAILED,
        expect.stringMatching(/memory\.db: it may only be read here/u),
      ]);
    } finally {
      execFileSync('umount', [dataDir]);
    }
  },
);
