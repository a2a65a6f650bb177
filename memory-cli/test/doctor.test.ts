import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EXIT_CODES } from '@episodica/memory-core';
import Database from 'libsql';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { aPlace, cleanEnvironment, type Place, PROGRAM, type RunOptions } from './program.ts';

const SERVER = fileURLToPath(new URL('../../memory-mcp/bin/memory-mcp.js', import.meta.url));
const BROKEN = fileURLToPath(new URL('fixtures/broken-server.mjs', import.meta.url));
const LIFE = ['create_episode', 'add_step', 'complete_episode', 'query_memory', 'forget', 'execute_code'];

let place: Place;
/** Where scratch folders are made: nothing may be left in it. */
let scratch: string;
let data: string;
beforeEach(() => {
  place = aPlace();
  scratch = join(place.work, '..', 'scratch');
  mkdirSync(scratch);
  data = join(place.home, '.local', 'share', 'episodica');
});
afterEach(() => place.remove());

interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'problem' | 'not_checked';
  readonly found: string;
  readonly advice?: string;
}

interface Diagnosis {
  readonly code: number | null;
  readonly verdict: string;
  readonly findings: readonly Finding[];
}

async function doctor(words: readonly string[] = [], { env = {}, ...options }: RunOptions = {}): Promise<Diagnosis> {
  const all = ['--format', 'json', 'doctor', ...words];
  const { code, stdout, stderr } = await place.run(all, { ...options, env: { TMPDIR: scratch, ...env } });
  if (stdout === '') throw new Error(stderr);
  return { code, ...JSON.parse(stdout) };
}

/** What Claude Code has written down for its user. */
function entry(command: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): void {
  writeFileSync(join(place.home, '.claude.json'), JSON.stringify({ mcpServers: { memory: { command, args, env } } }));
}

const node = process.execPath;
const problemsOf = ({ findings }: Diagnosis): readonly Finding[] =>
  findings.filter(({ status }) => status === 'problem');
const of = ({ findings }: Diagnosis, check: string): readonly Finding[] =>
  findings.filter((finding) => finding.check === check);

test('a well written entry is started as the client starts it, and does a whole life of an episode without a trace [CL-04]', async () => {
  await place.json(['ep', 'create', 'Stored before']);
  const before = bytesBelow(data);
  entry(node, [SERVER]);
  const well = await doctor(['claude-code']);
  expect(problemsOf(well)).toEqual([]);
  expect(well.code).toBe(0);
  for (const check of ['server start', 'server tools', 'server store', ...LIFE, 'server end', 'server output']) {
    expect(of(well, check)).toEqual([expect.objectContaining({ check, status: 'ok' })]);
  }
  expect(of(well, 'server end')[0]?.found).toBe('ended with its input');
  expect(of(well, 'database')[0]?.found).toContain('1 episodes');
  expect(bytesBelow(data)).toEqual(before);
  expect(readdirSync(scratch)).toEqual([]);
  const { stdout } = await place.run(['doctor'], { env: { TMPDIR: scratch } });
  expect(stdout).toMatch(/^✓ query_memory +found it again, \d+ ms$/mu);
  expect(stdout).toMatch(/\n(?:It works, with \d+ warnings?|Everything that was checked works)\.\n$/u);
});

test.each<[string, { entry: () => void; check: string; found: RegExp; advice: RegExp; words?: string[] }]>([
  [
    'a program that is not there',
    {
      entry: () => entry('/nowhere/memory-mcp'),
      check: 'program',
      found: /\/nowhere\/memory-mcp, and there is no such program/u,
      advice: /memory-cli init/u,
    },
  ],
  [
    'a script that node does not find',
    {
      entry: () => entry(node, ['/nowhere/memory-mcp.js']),
      check: 'server start',
      found: /it said: Error: Cannot find module '\/nowhere\/memory-mcp\.js'/u,
      advice: /Run it yourself/u,
    },
  ],
  [
    'a script that was moved',
    {
      entry: () => entry(node, ['/nowhere/memory-mcp.js']),
      check: 'program',
      found: /\/nowhere\/memory-mcp\.js, and there is no such file/u,
      advice: /memory-cli init/u,
    },
  ],
  [
    'a program that is not built',
    {
      entry: () => {
        const program = join(place.work, 'clone', 'bin', 'memory-mcp.js');
        mkdirSync(join(place.work, 'clone', 'bin'), { recursive: true });
        writeFileSync(program, readFileSync(SERVER).toString().replaceAll('await import', 'await void'));
        writeFileSync(join(place.work, 'clone', 'package.json'), '{ "type": "module" }');
        entry(node, [program]);
      },
      check: 'server start',
      found: /exit code 1; it said: memory-mcp is not built yet; run "npm run build"/u,
      advice: /Run it yourself, it says why: .*clone\/bin\/memory-mcp\.js/u,
    },
  ],
  [
    'a program that may not be executed',
    {
      entry: () => {
        const program = join(place.work, 'memory-mcp');
        writeFileSync(program, '#!/bin/sh\n');
        chmodSync(program, 0o600);
        entry(program);
      },
      check: 'program',
      found: /may not be executed/u,
      advice: /^chmod \+x \//u,
    },
  ],
  [
    'a program that dies',
    {
      entry: () => entry(node, [BROKEN, 'die', SERVER]),
      check: 'server start',
      found: /exit code 3; it said: Error: there is no room on this machine/u,
      advice: /Run it yourself/u,
    },
  ],
  [
    'a program that says nothing and does not end',
    {
      entry: () => entry(node, [BROKEN, 'hang', SERVER, join(place.work, 'pid')]),
      check: 'server start',
      found: /no answer in 1 s/u,
      advice: /it should wait for input/u,
      words: ['--timeout', '1'],
    },
  ],
  [
    'a program that greets on standard output',
    {
      entry: () => entry(node, [BROKEN, 'noise', SERVER]),
      check: 'server output',
      found: /no messages, such as: Welcome to your shell!/u,
      advice: /print to standard error/u,
    },
  ],
  [
    'a setting that cannot hold',
    {
      entry: () => entry(node, [SERVER], { MEMORY_CACHE_SIZE_MB: 'plenty' }),
      check: 'same data',
      found: /MEMORY_CACHE_SIZE_MB/u,
      advice: /^Correct MEMORY_CACHE_SIZE_MB in the environment of the entry\.$/u,
    },
  ],
  [
    'a variable that is not set',
    {
      entry: () => entry(node, [SERVER], { MEMORY_PROJECT: `$${'{NOT_SET_HERE}'}` }),
      check: 'program',
      found: /NOT_SET_HERE, which is not set/u,
      advice: /Set NOT_SET_HERE/u,
    },
  ],
  [
    'a server that keeps things elsewhere',
    {
      entry: () => entry(node, [BROKEN, 'other', SERVER, join(place.work, 'pid')]),
      check: 'server store',
      found: /does not use the scratch folder/u,
      advice: /memory-cli init --dry-run/u,
    },
  ],
])(
  '%s is found, and told with what to do; nothing of it stays [CL-04]',
  async (_, { entry: write, words = [], ...one }) => {
    await place.json(['ep', 'create', 'Stored before']);
    const before = bytesBelow(data);
    write();
    const told = await doctor(['claude-code', ...words]);
    expect(told.code).toBe(1);
    expect(problemsOf(told)).toContainEqual({
      check: one.check,
      status: 'problem',
      found: expect.stringMatching(one.found),
      advice: expect.stringMatching(one.advice),
    });
    expect(bytesBelow(data)).toEqual(before);
    expect(readdirSync(scratch)).toEqual([]);
    const pidFile = join(place.work, 'pid');
    if (existsSync(pidFile)) expect(isRunning(Number(readFileSync(pidFile)))).toBe(false);
  },
);

test('an entry that opens other data, waits for approval, is hidden or cannot be read is told with its file [CL-04]', async () => {
  const server = { command: node, args: [SERVER], env: { MEMORY_DATA_DIR: join(place.work, 'other') } };
  writeFileSync(join(place.work, '.mcp.json'), JSON.stringify({ mcpServers: { memory: server } }));
  entry(node, [SERVER]);
  mkdirSync(join(place.home, '.config', 'opencode'), { recursive: true });
  writeFileSync(join(place.home, '.config', 'opencode', 'opencode.json'), '{ "mcp": ');
  const told = await doctor();
  expect(told.code).toBe(1);
  const entries = of(told, 'entry');
  expect(entries).toContainEqual(
    expect.objectContaining({ status: 'problem', found: expect.stringMatching(/opencode\.json is not JSON/u) }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      status: 'problem',
      found: expect.stringMatching(/"memory" in .*\.mcp\.json is not enabled/u),
      advice: expect.stringMatching(/approve "memory"/u),
    }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({ status: 'warning', found: expect.stringMatching(/is not used/u) }),
  );
  expect(of(told, 'same data')).toEqual([
    expect.objectContaining({
      status: 'warning',
      found: expect.stringMatching(/^DATABASE_URL is file:.*other.*they do not open the same data$/u),
      advice: expect.stringMatching(
        /The entry carries MEMORY_DATA_DIR=.*memory-cli --data-dir \S+other …, or write memory_data_dir = /u,
      ),
    }),
  ]);
  rmEntries();
  expect((await doctor(['claude-code'])).findings).toContainEqual(
    expect.objectContaining({ check: 'entry', status: 'problem', advice: 'memory-cli init claude-code' }),
  );
});

test('a database that cannot be used is told with the reason: its key, its schema, its place, who holds it [CL-04]', async () => {
  await place.json(['ep', 'create', 'Stored before']);
  const file = join(data, 'memory.db');
  const other = new Database(file);
  other.exec("UPDATE journal SET at = '2999-01-01T00:00:00.000Z'");
  other.exec('BEGIN IMMEDIATE');
  chmodSync(data, 0o755);
  const held = await doctor();
  other.exec('ROLLBACK');
  expect(of(held, 'holders')).toEqual([
    expect.objectContaining({ status: 'ok', found: expect.stringContaining(`process ${process.pid} `) }),
    expect.objectContaining({ status: 'problem', advice: expect.stringContaining(`kill ${process.pid}`) }),
  ]);
  expect(of(held, 'clock')).toEqual([expect.objectContaining({ status: 'warning' })]);
  expect(of(held, 'data folder')).toEqual([
    expect.objectContaining({ status: 'warning', advice: `chmod 700 ${data}` }),
  ]);
  other.exec("INSERT INTO migration VALUES (999, '2026-01-01T00:00:00.000Z')");
  other.close();
  const newer = await doctor();
  expect(of(newer, 'database')[0]).toMatchObject({ status: 'problem', found: expect.stringContaining('newer') });
  const env = { MEMORY_DATA_DIR: join(place.work, 'sealed') };
  const MEMORY_ENCRYPTION_KEY = 'ab'.repeat(32);
  await place.json(['ep', 'create', 'Sealed'], { env: { ...env, MEMORY_ENCRYPTION_KEY } });
  const keyless = await doctor([], { env });
  expect(of(keyless, 'database')[0]).toMatchObject({
    status: 'problem',
    advice: expect.stringContaining('MEMORY_ENCRYPTION_KEY_FILE'),
  });
  writeFileSync(join(place.work, 'file'), '');
  const misplaced = await doctor([], { env: { MEMORY_DATA_DIR: join(place.work, 'file', 'data') } });
  expect(of(misplaced, 'data folder')[0]).toMatchObject({
    status: 'problem',
    found: expect.stringContaining('no folder'),
  });
  const damaged = join(place.work, 'damaged');
  mkdirSync(damaged, { mode: 0o700 });
  writeFileSync(join(damaged, 'memory.db'), Buffer.alloc(8_192, 7), { mode: 0o600 });
  const broken = await doctor([], { env: { MEMORY_DATA_DIR: damaged } });
  expect(of(broken, 'database')[0]).toMatchObject({
    status: 'problem',
    advice: expect.stringMatching(/MEMORY_ENCRYPTION_KEY_FILE.*storage verify.*backup list.*backup restore FILE/u),
  });
  for (const told of [held, newer, keyless, misplaced, broken]) expect(told.code).toBe(1);
});

test('settings that cannot be read are one problem with their line, and nothing says that the server works [CL-04]', async () => {
  const file = join(place.home, '.config', 'episodica', 'memory-cli.toml');
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, '# mine\ndatabse_url = "file:/nowhere/memory.db"\n', { mode: 0o600 });
  entry(node, [SERVER]);
  const told = await doctor(['claude-code']);
  expect(told).toMatchObject({ code: 1, verdict: 'problems' });
  expect(problemsOf(told)).toEqual([
    expect.objectContaining({
      check: 'settings',
      found: expect.stringContaining('did you mean "database_url"?'),
      advice: expect.stringContaining(`Correct line 2 of ${file}`),
    }),
  ]);
  expect(of(told, 'server start')).toEqual([
    { check: 'server start', status: 'not_checked', found: expect.stringContaining('refuses every call') },
  ]);
  for (const check of ['same data', 'server store', ...LIFE]) expect(of(told, check)).toEqual([]);
});

test('flags and settings that name the data of the user do not lead the trial there [CL-04 OB-02]', async () => {
  await place.json(['ep', 'create', 'Stored before']);
  const before = bytesBelow(data);
  const file = join(place.work, 'own.toml');
  writeFileSync(file, 'turso_sync_url = "http://127.0.0.1:9"\nmemory_cache_size_mb = 32\n', { mode: 0o600 });
  for (const flags of [['--data-dir', data], [`--data-dir=${data}`], ['--config', file]]) {
    entry(node, [SERVER, ...flags]);
    const told = await doctor(['claude-code']);
    for (const check of ['server start', 'server store', ...LIFE]) {
      expect(of(told, check)).toEqual([expect.objectContaining({ check, status: 'ok' })]);
    }
    expect(bytesBelow(data)).toEqual(before);
  }
});

test('an embedder and a host that do not answer are problems; who would cost money is not asked [CL-04 OB-02]', async () => {
  const env = {
    EMBEDDING_PROVIDER: 'ollama',
    OLLAMA_BASE_URL: 'http://127.0.0.1:9',
    REFLECTOR_PROVIDER: 'ollama',
    TURSO_DATABASE_URL: 'http://127.0.0.1:9',
  };
  const told = await doctor([], { env });
  expect(of(told, 'embedder')).toEqual([
    expect.objectContaining({ status: 'problem', advice: expect.stringContaining('EMBEDDING_PROVIDER') }),
  ]);
  expect(of(told, 'host')).toEqual([
    expect.objectContaining({ status: 'problem', found: expect.stringContaining('127.0.0.1') }),
  ]);
  expect(of(told, 'reflector')).toEqual([expect.objectContaining({ status: 'not_checked' })]);
  // The server was tried without any of them.
  for (const check of LIFE) expect(of(told, check)).toEqual([expect.objectContaining({ status: 'ok' })]);
});

test('interrupted while a server hangs, it ends the server, leaves no folder and answers as interrupted [CL-04]', async () => {
  const pidFile = join(place.work, 'pid');
  const child = spawn(node, [PROGRAM, 'doctor', '--server', `"${node}" "${BROKEN}" hang x "${pidFile}"`], {
    cwd: place.work,
    env: cleanEnvironment(place.home, { TMPDIR: scratch }),
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const isWritten = (): boolean => existsSync(pidFile) && statSync(pidFile).size > 0;
  await expect.poll(isWritten, { timeout: 60_000 }).toBe(true);
  const exit = once(child, 'exit');
  child.kill('SIGINT');
  expect(await exit).toEqual([EXIT_CODES.ABORTED, null]);
  expect(isRunning(Number(readFileSync(pidFile)))).toBe(false);
  expect(readdirSync(scratch)).toEqual([]);
}, 120_000);

function rmEntries(): void {
  writeFileSync(join(place.home, '.claude.json'), '{}');
  writeFileSync(join(place.work, '.mcp.json'), '{}');
}

/** Of all files but those of the cache, which holds nothing of its own, and of the log, which every command ends with a line. */
function bytesBelow(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => join(each.parentPath, each.name))
    .filter((path) => !['cache', 'logs'].some((each) => path.startsWith(join(folder, each))))
    // Whoever closes the database last takes away what stands beside it and holds nothing.
    .filter((path) => !path.endsWith('-shm') && !(path.endsWith('-wal') && readFileSync(path).length === 0));
  return Object.fromEntries(files.map((path) => [path, createHash('sha256').update(readFileSync(path)).digest('hex')]));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
