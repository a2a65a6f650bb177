// Settings as programs and embedding users read them: from files, environment and flags.
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inMemoryStore, openMemory } from '@episodica/memory-core';
import {
  examineConfig,
  type LayerName,
  loadConfig,
  resolveConfig,
  SETTINGS,
  type Setting,
  type Surroundings,
  settingNames,
  settingRule,
  userConfigPath,
} from '@episodica/memory-core/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

interface World extends Surroundings {
  readonly userFile: string;
  readonly projectFile: string;
}

/** A home and a repository that nobody else has. */
function aWorld(environment: Surroundings['environment'] = {}): World {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'config-')));
  const [home, folder] = [join(root, 'home'), join(root, 'work', 'deep')];
  mkdirSync(join(root, 'work', '.git'), { recursive: true });
  for (const made of [folder, join(home, '.config', 'episodica')]) mkdirSync(made, { recursive: true });
  const machine = { environment, platform: 'linux' as const, home };
  return { ...machine, folder, userFile: userConfigPath(machine), projectFile: join(root, 'work', 'memory-cli.toml') };
}

/** Values that a setting may have, none like another and none like the default. */
function someValues(setting: Setting): readonly string[] {
  if (setting === 'EMBEDDING_PROVIDER') return ['ollama', 'transformers', 'none'];
  if (setting === 'REFLECTOR_PROVIDER') return ['ollama'];
  const { choices, range, preset, isPath, isUrl } = settingRule(setting);
  if (choices !== undefined) return choices.filter((choice) => choice !== preset);
  if (range !== undefined) return [range[0] + 1, range[0] + 2, range[1] - 1, range[1]].map(String);
  const names = ['a', 'b', 'c', 'd'];
  if (setting === 'DATABASE_URL') return names.map((name) => `file:///${name}.db`);
  if (isUrl) return names.map((name) => `https://${name}.example/`);
  return names.map((name) => (isPath ? `/${name}` : `${name}-word`));
}

const LAYERS = ['user file', 'project file', 'environment', 'flag'] as const satisfies readonly LayerName[];

/** What a program makes of the text. */
function meant(setting: Setting, text: string): string | number | boolean {
  const { range, choices } = settingRule(setting);
  if (range !== undefined) return Number(text);
  return choices?.includes('true') ? text === 'true' : text;
}

test('each layer beats each weaker one, for every setting and every name of it [CL-02]', () => {
  const oneCase = fc.constantFrom(...SETTINGS).chain((setting) =>
    fc.record({
      setting: fc.constant(setting),
      name: fc.constantFrom(...settingNames(setting)),
      said: fc.record(Object.fromEntries(LAYERS.map((layer) => [layer, fc.constantFrom(...someValues(setting))])), {
        requiredKeys: [],
      }),
    }),
  );
  fc.assert(
    fc.property(oneCase, ({ setting, name, said }) => {
      const entry = (layer: string, key: string) => (said[layer] === undefined ? {} : { [key]: said[layer] });
      const { values, origins, overridden } = resolveConfig({
        userFile: { entries: entry('user file', name.toLowerCase()), path: '/u/memory-cli.toml' },
        projectFile: { entries: entry('project file', name.toLowerCase()), path: '/p/memory-cli.toml' },
        environment: entry('environment', name),
        flags: entry('flag', setting),
        platform: 'linux',
        home: '/home/u',
      });
      const held = LAYERS.filter(
        (layer) => said[layer] !== undefined && (layer !== 'project file' || settingRule(setting).isProjectSetting),
      ).reverse();
      const [strongest, ...weaker] = held;
      const places = {
        'user file': '/u/memory-cli.toml',
        'project file': '/p/memory-cli.toml',
        environment: name,
        flag: settingRule(setting).flag ?? setting,
      };
      expect(overridden[setting].map(({ layer, place }) => [layer, place])).toEqual(
        weaker.map((layer) => [layer, places[layer]]),
      );
      if (strongest === undefined) {
        expect(origins[setting]).toEqual({ layer: 'default', place: '' });
        return;
      }
      expect(values[setting]).toBe(meant(setting, said[strongest] ?? ''));
      expect(origins[setting]).toMatchObject({ layer: strongest, place: places[strongest] });
    }),
    { numRuns: 500 },
  );
});

const FORBIDDEN = SETTINGS.filter((setting) => settingRule(setting).isProjectSetting === undefined);

test('a project may set a size and its name, and nothing else [CL-02]', () => {
  expect(SETTINGS.filter((setting) => !FORBIDDEN.includes(setting))).toEqual([
    'MEMORY_CACHE_SIZE_MB',
    'MEMORY_PROJECT',
  ]);
});

test.each(FORBIDDEN)("a project's file that sets %s changes nothing, and is warned of [CL-02]", (setting) => {
  const machine = { environment: {}, platform: 'linux', home: '/home/u' } as const;
  const plain = resolveConfig(machine);
  for (const name of settingNames(setting)) {
    const [value = ''] = someValues(setting);
    const entries = { [name.toLowerCase()]: value };
    const resolved = resolveConfig({ ...machine, projectFile: { entries, path: '/p/memory-cli.toml' } });
    expect(resolved.values).toEqual(plain.values);
    expect(resolved.origins).toEqual(plain.origins);
    expect(resolved.notTaken).toEqual([setting]);
    expect(resolved.warnings).toEqual([
      `/p/memory-cli.toml: a project may not set ${name.toLowerCase()}; it was not taken from there.`,
    ]);
  }
});

describe('loaded settings', () => {
  test('come from both files, the environment and flags, and say which, with the line [CL-02]', async () => {
    const world = aWorld({ MEMORY_LOG_LEVEL: 'debug' });
    writeFileSync(world.userFile, '# mine\nmemory_project = "of-user"\nmemory_cache_size_mb = 32\n');
    writeFileSync(world.projectFile, '\n\n"memory_project" = "of-project"\n');
    const config = await loadConfig({ ...world, dataDir: 'data', flags: { MCP_PORT: '4000' } });
    const data = join(world.folder, 'data');
    expect(config.values).toMatchObject({
      MEMORY_DATA_DIR: data,
      LMDB_CACHE_PATH: join(data, 'cache'),
      MCP_PORT: 4000,
    });
    expect(config.project).toBe('of-project');
    expect(config.files).toEqual({ user: world.userFile, project: world.projectFile });
    expect(config.origins).toMatchObject({
      MEMORY_PROJECT: { layer: 'project file', place: world.projectFile, line: 3 },
      MEMORY_CACHE_SIZE_MB: { layer: 'user file', place: world.userFile, line: 3 },
      MEMORY_LOG_LEVEL: { layer: 'environment', place: 'MEMORY_LOG_LEVEL' },
      DATABASE_URL: { layer: 'flag', place: '--data-dir' },
      MCP_PORT: { layer: 'flag', place: '--port' },
    });
    expect(config.overridden.MEMORY_PROJECT).toEqual([{ layer: 'user file', place: world.userFile, line: 2 }]);
  });

  test('open a memory of an embedding program that shares nothing with others [CL-02]', async () => {
    const world = aWorld();
    const configFile = join(world.folder, 'mine.toml');
    writeFileSync(configFile, 'memory_project = "embedded"\nmemory_data_dir = "store"\n');
    writeFileSync(world.userFile, 'memory_project = "somebody else"\n');
    const { values, project } = await loadConfig({ ...world, configFile: 'mine.toml' });
    expect(values.MEMORY_DATA_DIR).toBe(join(world.folder, 'store'));
    const memory = openMemory({ store: inMemoryStore(), project });
    expect((await memory.createEpisode({ description: 'x' })).episode.project).toBe('embedded');
    await memory.close();
  });

  test('mean the same paths wherever a program is started [CL-02]', async () => {
    const world = aWorld({ MEMORY_ENCRYPTION_KEY_FILE: 'key' });
    writeFileSync(world.userFile, 'memory_data_dir = "../data"\ndatabase_url = "file:a%20b.db"\n');
    const { values } = await loadConfig(world);
    expect(values.MEMORY_DATA_DIR).toBe(join(world.home, '.config', 'data'));
    expect(values.DATABASE_URL).toBe(`file://${join(world.home, '.config', 'episodica', 'a%20b.db')}`);
    expect(values.MEMORY_ENCRYPTION_KEY_FILE).toBe(join(world.folder, 'key'));
    for (const path of ['~/memory', '$HOME/memory', `\${HOME}/memory`, '%APPDATA%/memory', '~']) {
      await expect(loadConfig({ ...world, environment: { MEMORY_DATA_DIR: path } })).rejects.toThrow(
        `MEMORY_DATA_DIR (environment): "${path}" is not expanded here; write the whole path.`,
      );
    }
  });

  test('in a file that holds a secret and that others may read are warned of [ST-11]', async () => {
    const world = aWorld();
    const warningsAt = async (text: string, mode: number) => {
      writeFileSync(world.userFile, text);
      chmodSync(world.userFile, mode);
      return (await loadConfig(world)).warnings;
    };
    for (const text of ['turso_auth_token = "abc"\n', 'database_url = "libsql://host/?authToken=abc"\n']) {
      expect(await warningsAt(text, 0o644)).toEqual([
        expect.stringContaining(`may be read by others: chmod 600 ${world.userFile}`),
      ]);
      expect((await warningsAt(text, 0o644)).join()).not.toContain('abc');
      expect(await warningsAt(text, 0o600)).toEqual([]);
    }
    expect(await warningsAt('memory_project = "x"\n', 0o644)).toEqual([]);
  });
});

describe('a file of settings', () => {
  const SECRET = 'do-not-show';
  const refusals: readonly (readonly [name: string, write: (path: string) => void, told: string])[] = [
    ['no TOML', (path) => writeFileSync(path, `a = 1\nturso_auth_token = "${SECRET}\n`), ':2:'],
    ['a folder', (path) => mkdirSync(path), 'is a folder'],
    ['no UTF-8', (path) => writeFileSync(path, Buffer.from([0x61, 0xff])), 'holds no text in UTF-8'],
    ['10 MB', (path) => writeFileSync(path, Buffer.alloc(10_485_760, '#')), 'has 10485760 bytes, and may have 65536'],
    ['a link to nothing', (path) => symlinkSync(join(path, 'nothing'), path), 'settings file'],
    ['a table', (path) => writeFileSync(path, '\n[memory]\ndata_dir = "x"\n'), ':2: "memory" is a table or a list'],
    [
      'an unknown name',
      (path) => writeFileSync(path, 'memory_projekt = 1\n'),
      ':1: there is no setting "memory_projekt"; did you mean "memory_project"?',
    ],
    [
      'a bad value',
      (path) => writeFileSync(path, '#\nmemory_durability = "ful"\n'),
      'MEMORY_DURABILITY (FILE:2): "ful" is none of full, normal; did you mean "full"?',
    ],
  ];
  test.each(refusals)(
    'of the user that is %s is refused in one line that names it [CL-02]',
    async (_name, write, told) => {
      const world = aWorld();
      write(world.userFile);
      const refused = await loadConfig(world).then(
        () => 'not refused',
        (error: Error) => error.message,
      );
      expect(refused).toContain(world.userFile);
      expect(refused).toContain(told.replace('FILE', world.userFile));
      expect(refused).not.toMatch(/\n/u);
      expect(refused).not.toContain(SECRET);
    },
  );

  test('of a project that says much is answered at once and in few words [CL-02]', async () => {
    const world = aWorld();
    const warningsOf = async (text: string) => {
      writeFileSync(world.projectFile, text);
      return (await loadConfig(world)).warnings;
    };
    const many = Array.from({ length: 5_000 }, (_, index) => `s${index} = 1\n`).join('');
    const told = await warningsOf(`${many}database_url = "x"\n`);
    expect(told).toHaveLength(7);
    expect(told[0]).toContain('a project may not set database_url');
    expect(told.at(-1)).toBe(`${world.projectFile}: and 4995 more names that are none of a setting. It was not taken.`);
    for (const text of [`${'k'.repeat(60_000)} = 1\n`, `${'k'.repeat(60_000)} = {}\n`]) {
      expect((await warningsOf(text))[0]?.length).toBeLessThan(world.projectFile.length + 200);
    }
    writeFileSync(world.projectFile, `memory_cache_size_mb = "${'9'.repeat(60_000)}"\n`);
    const refused = await loadConfig(world).catch((error: Error) => error.message);
    expect(String(refused).length).toBeLessThan(world.projectFile.length + 200);
  });

  test('is never that of the repository because a home or a folder of settings is not absolute [CL-02]', async () => {
    const world = aWorld({ XDG_CONFIG_HOME: '', XDG_DATA_HOME: 'data' });
    mkdirSync(join(world.folder, 'conf', 'episodica'), { recursive: true });
    writeFileSync(join(world.folder, 'conf', 'episodica', 'memory-cli.toml'), 'sandbox_allow_writes = true\n');
    const { values, userFilePath } = await loadConfig({
      ...world,
      environment: { XDG_CONFIG_HOME: 'conf', XDG_DATA_HOME: 'data' },
    });
    expect([values.SANDBOX_ALLOW_WRITES, userFilePath]).toEqual([false, world.userFile]);
    expect(values.MEMORY_DATA_DIR).toBe(join(world.home, '.local', 'share', 'episodica'));
    for (const home of ['', '.', 'home']) {
      await expect(loadConfig({ ...world, home, environment: {} })).rejects.toThrow(
        `HOME: the home folder is "${home}", which is no whole path. Set HOME to the folder of the user.`,
      );
    }
    const whole = { XDG_CONFIG_HOME: join(world.home, 'c'), XDG_DATA_HOME: '/d' };
    expect((await loadConfig({ ...world, home: '', environment: whole })).values.MEMORY_DATA_DIR).toBe('/d/episodica');
    const windows = { platform: 'win32', home: 'C:\\Users\\u' } as const;
    expect(userConfigPath({ ...windows, environment: { APPDATA: 'conf' } })).toContain('Users');
    expect(() => userConfigPath({ ...windows, home: '', environment: {} })).toThrow('Set USERPROFILE');
  });

  test('names no log that is the database, or what the program was started with [OB-01] [CL-02]', async () => {
    const loaded = (MEMORY_LOG_FILE: string, more: Surroundings['environment'] = {}) =>
      loadConfig(aWorld({ MEMORY_DATA_DIR: '/data', MEMORY_LOG_FILE, ...more }));
    for (const path of ['/data/memory.db', '/data/memory.db-wal', '/data/x/../memory.db-shm', 'DB'] as const) {
      const [log, more] = path === 'DB' ? ['', { DATABASE_URL: 'file:///data/logs/episodica.log' }] : [path, {}];
      await expect(loaded(log, more)).rejects.toThrow('belongs to the database; name another file');
    }
    for (const path of ['/dev/stdout', '/dev/stderr', '/dev/fd/1', '/proc/self/fd/2']) {
      await expect(loaded(path)).rejects.toThrow(
        `MEMORY_LOG_FILE (environment): ${path} is no file; write stderr for standard error.`,
      );
    }
    expect((await loaded('/dev/shm/a.log')).values.MEMORY_LOG_FILE).toBe('/dev/shm/a.log');
  });

  test('with a byte order mark and line ends of Windows holds [CL-02]', async () => {
    const world = aWorld();
    writeFileSync(world.userFile, '\ufeffmemory_project = "x"\r\nmemory_cache_size_mb = 9\r\n');
    const { project, origins } = await loadConfig(world);
    expect(project).toBe('x');
    expect(origins.MEMORY_CACHE_SIZE_MB).toMatchObject({ line: 2 });
  });
});

describe('an examination', () => {
  test('tells all that is wrong at once, with the place of each [CL-02]', async () => {
    const world = aWorld({ MEMORY_CACHE_SIZE_MB: 'big', MEMORY_LOG_LEVEL: 'loud', DATABASE_URL: 'postgres://h' });
    writeFileSync(world.userFile, 'memory_durability = "ful"\nno_such = 1\nembedding_provider = "cohere"\n');
    writeFileSync(world.projectFile, 'memory_data_dir = "/evil"\nno_such_thing = 2\n');
    const { problems } = await examineConfig(world);
    expect(problems.map(({ origin }) => [origin?.layer, origin?.line ?? origin?.place])).toEqual([
      ['user file', 1],
      ['user file', 2],
      ['environment', 'MEMORY_CACHE_SIZE_MB'],
      ['environment', 'MEMORY_LOG_LEVEL'],
      [undefined, undefined],
      [undefined, undefined],
      ['project file', 1],
      ['project file', 2],
    ]);
    const told = problems.map(({ message }) => message).join('\n');
    expect(told).toContain(`EMBEDDING_PROVIDER (${world.userFile}:3) is cohere, and there is no key.`);
    expect(told).toContain('DATABASE_URL (environment) cannot be used (postgres:)');
  });

  test('goes on behind a file that cannot be read [CL-02]', async () => {
    const world = aWorld({ MCP_PORT: 'x' });
    writeFileSync(world.userFile, '=\n');
    writeFileSync(world.projectFile, '=\n');
    const { problems, config } = await examineConfig(world);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining(`${world.userFile}:1:1: is no TOML`),
      expect.stringContaining(`${world.projectFile}:1:1: is no TOML`),
      expect.stringContaining('MCP_PORT (environment)'),
    ]);
    expect(config.files).toEqual({ user: world.userFile, project: world.projectFile });
  });

  test('speaks of names in the environment that are nearly ours, and not of those of others [CL-02]', async () => {
    const near = {
      MEMORY_DATADIR: 'MEMORY_DATA_DIR',
      EPISODICA_DATA_DIR: 'MEMORY_DATA_DIR',
      EPISODICA_DATABASE_URL: 'DATABASE_URL',
      TURSO_AUTH_TOKN: 'TURSO_AUTH_TOKEN',
      memory_project: 'MEMORY_PROJECT',
    };
    const others = [
      'PATH',
      'MEMORY_PRESSURE_WATCH',
      'MEMORY_FILE_PATH',
      'MEMORY_NEW_ENCRYPTION_KEY',
      'OPENAI_ORG_ID',
      'PORT',
    ];
    const environment = Object.fromEntries([...Object.keys(near), ...others, ...SETTINGS].map((name) => [name, '']));
    const { hints } = await examineConfig(
      aWorld({ ...environment, MEMORY_ENCRYPTION_KEY: undefined, MEMORY_ENCRYPTION_KEY_FILE: undefined }),
    );
    expect(hints).toEqual(
      Object.entries(near).map(
        ([name, meantName]) => `${name} in the environment means nothing here; did you mean ${meantName}?`,
      ),
    );
  });
});
