// The commands of settings, and that the programs mean the same by them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EXIT_CODES } from '@episodica/memory-core';
import { resolveConfig, SETTINGS, settingRule } from '@episodica/memory-core/config';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aPlace, cleanEnvironment, type Place } from './program.ts';

let place: Place;
beforeEach(() => {
  place = aPlace();
});
afterEach(() => place.remove());

const userFile = (): string => join(place.home, '.config', 'episodica', 'memory-cli.toml');

function writeUserFile(text: string): void {
  mkdirSync(dirname(userFile()), { recursive: true });
  writeFileSync(userFile(), text, { mode: 0o600 });
}

describe('config show', () => {
  test('names file and line, variable or flag, and what each value overrides, and no secret [CL-02]', async () => {
    writeUserFile('memory_project = "of-user"\nturso_auth_token = "secret-of-user"\n');
    const env = {
      MEMORY_PROJECT: 'of-env',
      TURSO_DATABASE_URL: 'libsql://host.example?authToken=secret-of-user',
      OPENAI_BASE_URL: 'https://me:secret-of-other@host/v1',
    };
    const { settings } = await place.json(['config', 'show', 'memory_project', 'turso_database_url'], { env });
    expect(settings).toEqual([
      {
        name: 'MEMORY_PROJECT',
        value: 'of-env',
        origin: 'environment',
        from: 'MEMORY_PROJECT',
        overrides: [{ origin: 'user file', from: userFile(), line: 1 }],
      },
      {
        name: 'DATABASE_URL',
        value: 'libsql://host.example',
        origin: 'environment',
        from: 'TURSO_DATABASE_URL',
        overrides: [],
      },
    ]);
    const dataDir = join(place.work, 'a folder whose name is long enough to fit into no terminal of the usual width');
    const { stdout, stderr } = await place.run(['--data-dir', dataDir, 'config', 'show'], { env });
    expect(stdout).not.toContain('secret-of');
    expect(stderr).not.toContain('secret-of');
    expect(stdout).toMatch(/^MEMORY_PROJECT +environment +of-env\n {4}overrides user file, line 1$/mu);
    // Whole, on a line of its own.
    expect(stdout).toContain(`\n    ${pathToFileURL(join(dataDir, 'memory.db')).href}\n`);
    expect(stdout).toMatch(/^DATABASE_URL +--data-dir$/mu);
    expect(stdout).toContain('overrides environment (TURSO_DATABASE_URL)');
    const wrong = { env: { TURSO_POOL_SIZE: 'x', DATABASE_URL: 'file:///x?key=secret-of', MEMORY_PROJECT: 'fine' } };
    const shown = await place.run(['--format', 'json', 'config', 'show', 'turso_pool_size', 'memory_project'], wrong);
    expect([shown.code, shown.stdout]).toEqual([2, expect.not.stringContaining('secret-of')]);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      settings: [{ value: null }, { value: 'fine' }],
      problems: [expect.stringContaining('TURSO_POOL_SIZE'), expect.any(String)],
    });
    const logs = await place.run(['logs', 'tail'], wrong);
    expect([logs.code, logs.stderr]).toEqual([0, expect.stringContaining('memory-cli config validate')]);
    expect((await place.run(['ep', 'list'], wrong)).stderr).toContain(
      '"memory-cli config validate" tells all 2 problems',
    );
    expect((await place.run(['config', 'show', 'memory_cach'])).stderr).toContain('mean "MEMORY_CACHE_SIZE_MB"?');
    const unknown = await place.run(['config', 'show', 'memory_datadir']);
    expect(unknown).toMatchObject({ code: 2, stdout: '' });
    expect(unknown.stderr).toContain('did you mean "MEMORY_DATA_DIR"?');
  });
});

describe('config validate', () => {
  test('tells everything that is wrong with files and environment at once [CL-02]', async () => {
    writeUserFile('# mine\nmemory_durability = "ful"\nmemory_projekt = "x"\n');
    const projectFile = join(place.work, 'memory-cli.toml');
    writeFileSync(projectFile, 'memory_data_dir = "/evil"\n');
    const env = { MEMORY_CACHE_SIZE_MB: 'big', MEMORY_DATADIR: '/x' };
    const json = await place.run(['--format', 'json', 'config', 'validate'], { env });
    expect(json.code).toBe(EXIT_CODES.INVALID_INPUT);
    expect(JSON.parse(json.stdout)).toMatchObject({
      valid: false,
      files: { user: userFile(), project: projectFile },
      problems: [
        { origin: 'user file', from: userFile(), line: 2, message: expect.stringContaining('did you mean "full"?') },
        { origin: 'user file', from: userFile(), line: 3, message: expect.stringContaining('"memory_project"?') },
        { origin: 'environment', from: 'MEMORY_CACHE_SIZE_MB' },
        { origin: 'project file', from: projectFile, line: 1 },
      ],
      warnings: [],
      hints: ['MEMORY_DATADIR in the environment means nothing here; did you mean MEMORY_DATA_DIR?'],
    });
    const words = await place.run(['config', 'validate'], { env });
    expect(words.code).toBe(2);
    expect(words.stdout.trimEnd().split('\n')).toHaveLength(5);
    expect(words.stderr).toMatch(/^hint: MEMORY_DATADIR /u);
  });

  test('ends well where nothing is wrong, and looks at a file that is named, and at the key [CL-02]', async () => {
    expect(await place.run(['config', 'validate'])).toMatchObject({
      code: 0,
      stdout: 'Looked at the environment: nothing is wrong.\n',
      stderr: '',
    });
    const file = join(place.work, 'other.toml');
    writeFileSync(file, 'memory_data_dri = "x"\n');
    expect(await place.run(['config', 'validate', file])).toMatchObject({ code: 2 });
    const missing = await place.run(['config', 'validate', join(place.work, 'none.toml')]);
    expect(missing).toMatchObject({ code: 2, stdout: expect.stringContaining('none.toml is not there') });
    // Of this project: it is held to what a project may set.
    const ofProject = join(place.work, 'memory-cli.toml');
    writeFileSync(ofProject, 'memory_project = "x"\n');
    expect(await place.run(['config', 'validate', 'memory-cli.toml'])).toMatchObject({ code: 0 });
    writeFileSync(ofProject, 'memory_durability = "full"\n');
    expect(await place.run(['config', 'validate', 'memory-cli.toml'])).toMatchObject({ code: 2 });
    const keyless = await place.run(['config', 'validate'], {
      env: { MEMORY_ENCRYPTION_KEY_FILE: '/no/key' },
      cwd: place.home,
    });
    expect(keyless).toMatchObject({ code: 2, stdout: expect.stringContaining('/no/key cannot be read') });
  });
});

describe('config init', () => {
  test('names every setting with its default, sets none, and keeps a file that is there [CL-02]', async () => {
    const dry = await place.run(['config', 'init', '--dry-run']);
    expect(existsSync(dirname(userFile()))).toBe(false);
    expect((await place.json(['config', 'init'])).path).toBe(userFile());
    const text = readFileSync(userFile(), 'utf8');
    expect(dry.stdout.trimEnd()).toBe(text.trimEnd());
    expect(statSync(userFile()).mode & 0o777).toBe(0o600);
    expect(readdirSync(dirname(userFile()))).toEqual(['memory-cli.toml']);
    const named = [...text.matchAll(/^#([a-z_]+) = /gmu)].map(([, name = '']) => name.toUpperCase());
    expect(named).toEqual([...SETTINGS]);
    const before = await place.json(['config', 'show']);
    expect(before.settings.every(({ origin }: { origin: string }) => origin === 'default')).toBe(true);

    writeFileSync(userFile(), '# mine\n');
    const again = await place.run(['config', 'init']);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('is there already') });
    expect(await place.run(['config', 'init', '--force'])).toMatchObject({ code: 2 });
    expect(readFileSync(userFile(), 'utf8')).toBe('# mine\n');
    expect(await place.json(['config', 'init', '--force', '--yes'])).toMatchObject({ replaced: true });
    expect(readFileSync(userFile(), 'utf8')).toBe(text);
  });

  test('writes lines that hold as they are, and say what held before [CL-02]', async () => {
    await place.run(['config', 'init']);
    const text = readFileSync(userFile(), 'utf8');
    // Set and empty, a key is refused: nobody should believe that it encrypts.
    const set = text.replace(/^#(?!memory_encryption)([a-z_]+ = )/gmu, '$1');
    writeFileSync(userFile(), set);
    const { settings, warnings } = await place.json(['config', 'show']);
    const { values } = resolveConfig({ environment: {}, platform: process.platform, home: place.home });
    for (const { name, value } of settings) expect([name, value]).toEqual([name, values[name as keyof typeof values]]);
    expect(settings.filter(({ origin }: { origin: string }) => origin === 'user file').length).toBeGreaterThan(10);
    expect(warnings).toEqual([]);
  });

  test('writes for a project what a project may set, at the root of its repository [CL-02]', async () => {
    mkdirSync(join(place.work, '.git'));
    mkdirSync(join(place.work, 'deep'));
    const { path } = await place.json(['config', 'init', '--project'], { cwd: join(place.work, 'deep') });
    expect(path).toBe(join(place.work, 'memory-cli.toml'));
    const named = [...readFileSync(path, 'utf8').matchAll(/^#([a-z_]+) = /gmu)].map(([, name = '']) =>
      name.toUpperCase(),
    );
    expect(named).toEqual(SETTINGS.filter((setting) => settingRule(setting).isProjectSetting));
    expect(await place.run(['config', 'validate'])).toMatchObject({ code: 0 });
  });
});

describe('config path', () => {
  test('tells where everything is, also one place alone, and the files where they cannot be read [CL-02]', async () => {
    const data = join(place.home, '.local', 'share', 'episodica');
    const told = await place.json(['config', 'path']);
    const by = Object.fromEntries(told.places.map((each: { name: string; path: string }) => [each.name, each]));
    expect(by).toMatchObject({
      user: { path: userFile(), exists: false },
      project: { path: join(place.work, 'memory-cli.toml'), exists: false },
      data: { path: data, exists: false },
      database: { path: join(data, 'memory.db'), exists: false },
      cache: { path: join(data, 'cache') },
      backups: { path: join(data, 'backups') },
      logs: { path: join(data, 'logs') },
      figures: { path: join(data, 'figures') },
    });
    expect((await place.run(['config', 'path', 'data'])).stdout).toBe(`${data}\n`);
    await place.run(['backup', 'create']);
    expect((await place.json(['config', 'path', 'database'])).exists).toBe(true);
    expect(existsSync((await place.json(['config', 'path', 'backups'])).path)).toBe(true);
    writeUserFile('=\n');
    expect(await place.run(['config', 'path', 'user'])).toMatchObject({ code: 0, stdout: `${userFile()}\n` });
    expect(await place.run(['config', 'path', 'data'])).toMatchObject({ code: 2, stdout: '' });
    const wrong = { env: { DATABASE_URL: 'file:///x?key=secret', TURSO_POOL_SIZE: 'x' }, cwd: place.home };
    writeUserFile('');
    expect(await place.run(['config', 'path', 'data'], wrong)).toMatchObject({ code: 0, stdout: `${data}\n` });
    expect(await place.run(['config', 'path', 'database'], wrong)).toMatchObject({ code: 2, stdout: '' });
    const all = await place.run(['config', 'path'], wrong);
    expect(all).toMatchObject({ code: 2, stdout: expect.stringMatching(/^database +- +what is set is refused$/mu) });
    expect(all.stdout + all.stderr).not.toContain('secret');
    expect(all.stderr).toContain('memory-cli config validate');
    expect((await place.run(['config', 'path', 'nope'])).stderr).not.toContain('did you mean');
    const remote = { env: { DATABASE_URL: 'libsql://host.example' }, cwd: place.home };
    writeUserFile('memory_log_file = "stderr"\n');
    expect((await place.run(['config', 'path', 'logs'], { cwd: place.home })).stderr).toContain('standard error');
    expect(await place.run(['config', 'path', 'database'], remote)).toMatchObject({ code: EXIT_CODES.NOT_FOUND });
    expect((await place.run(['config', 'path', 'databse'])).stderr).toContain('did you mean "database"?');
  });
});

const SERVER = fileURLToPath(new URL('../../memory-mcp/bin/memory-mcp.js', import.meta.url));

/** What a server answers that a client has started, with one episode more. */
async function rememberOverMcp(
  description: string,
  {
    words,
    env,
    cwd,
  }: { readonly words: readonly string[]; readonly env: Record<string, string>; readonly cwd: string },
): Promise<string> {
  const child = spawn(process.execPath, [SERVER, ...words], { cwd, env: cleanEnvironment(place.home, env) });
  const closed = once(child, 'close');
  const out: Buffer[] = [];
  child.stdout.on('data', (chunk) => out.push(chunk));
  const clientInfo = { name: 'test', version: '1' };
  const messages = [
    { id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } },
    { method: 'notifications/initialized' },
    { id: 2, method: 'tools/call', params: { name: 'create_episode', arguments: { task_description: description } } },
  ];
  for (const message of messages) child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  child.stdin.end();
  await closed;
  return String(Buffer.concat(out));
}

test('server and terminal program open the same data, whichever layer says where [CL-02]', async () => {
  const at = (name: string): string => join(place.home, name);
  const own = at('own.toml');
  writeFileSync(own, `memory_data_dir = ${JSON.stringify(at('of-named-file'))}\n`);
  // A repository that would have them look elsewhere.
  writeFileSync(join(place.work, 'memory-cli.toml'), `memory_data_dir = "/evil"\nmemory_project = "shared"\n`);
  const cases: readonly {
    name: string;
    words?: readonly string[];
    env?: Record<string, string>;
    file?: string;
    data: string;
  }[] = [
    { name: 'default', data: join(place.home, '.local', 'share', 'episodica') },
    { name: 'user file', file: 'memory_data_dir = "../../of-file"\n', data: at('of-file') },
    { name: 'environment', env: { MEMORY_DATA_DIR: at('of-env') }, data: at('of-env') },
    { name: '--config', words: ['--config', own], data: at('of-named-file') },
    {
      name: '--data-dir',
      words: ['--data-dir', at('of-flag')],
      env: { DATABASE_URL: 'file:///x.db' },
      data: at('of-flag'),
    },
  ];
  for (const { name, words = [], env = {}, file, data } of cases) {
    if (file !== undefined) writeUserFile(file);
    expect(await rememberOverMcp(`Told by ${name}`, { words, env, cwd: place.work })).toContain('"id":2');
    const apart = await place.run(['--format', 'json', ...words, 'episode', 'list'], { env, apart: true });
    const { episodes } = JSON.parse(apart.stdout);
    expect(episodes).toMatchObject([{ task_description: `Told by ${name}`, project: 'shared' }]);
    expect(existsSync(join(data, 'memory.db'))).toBe(true);
  }
});
