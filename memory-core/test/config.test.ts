import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { isMemoryError, projectOf } from '@episodica/memory-core';
import { type ConfigLayers, resolveConfig, shownValue, strayReplicaIn } from '@episodica/memory-core/config';
import { describe, expect, test } from 'vitest';
import { normaliseRemote } from '../src/project.ts';

const layers = (more: Partial<ConfigLayers> = {}): ConfigLayers => ({
  environment: {},
  platform: 'linux',
  home: '/home/u',
  ...more,
});

describe('configuration', () => {
  test('everything has a default in the user data directory of the platform [CL-02]', () => {
    const { values, origins } = resolveConfig(layers());
    expect(values.MEMORY_DATA_DIR).toBe('/home/u/.local/share/episodica');
    expect(values.DATABASE_URL).toBe('file:///home/u/.local/share/episodica/memory.db');
    expect(values.LMDB_CACHE_PATH).toBe('/home/u/.local/share/episodica/cache');
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
    expect(resolveConfig(layers({ platform: 'darwin' })).values.MEMORY_DATA_DIR).toContain('Application Support');
  });

  test('a data folder of any name gives a URL that leads to it [CL-02]', () => {
    const { values } = resolveConfig(layers({ environment: { MEMORY_DATA_DIR: '/data/50% #1' } }));
    expect(fileURLToPath(values.DATABASE_URL)).toBe('/data/50% #1/memory.db');
  });

  test('a replica beside which a memory would begin is warned of, and one that is in use is not [CL-02]', () => {
    const stray = (environment: ConfigLayers['environment'], files: readonly string[]): readonly string[] =>
      strayReplicaIn(resolveConfig(layers({ environment: { MEMORY_DATA_DIR: '/d', ...environment } })).values, (path) =>
        files.includes(path),
      );
    expect(stray({}, ['/d/replica.db'])).toEqual([expect.stringContaining('/d/replica.db lies here')]);
    expect(stray({}, ['/d/replica.db', '/d/memory.db'])).toEqual([]);
    expect(stray({}, [])).toEqual([]);
    expect(stray({ TURSO_SYNC_URL: 'libsql://host' }, ['/d/replica.db'])).toEqual([]);
    expect(stray({ DATABASE_URL: 'file:///e/memory.db' }, ['/d/replica.db'])).toEqual([]);
  });

  test('flags beat the environment, which beats the files, and each value says where it came from [CL-02]', () => {
    const userFile = {
      memory_project: 'user',
      memory_log_level: 'debug',
      memory_durability: 'normal',
      memory_cache_size_mb: 64,
    };
    const all = layers({
      userFile,
      projectFile: { memory_project: 'project', memory_log_level: 'warn' },
      environment: { MEMORY_PROJECT: 'environment' },
      flags: { MEMORY_DATA_DIR: '/flag' },
    });
    const { values, origins } = resolveConfig(all);
    expect(values).toMatchObject({
      MEMORY_PROJECT: 'environment',
      MEMORY_LOG_LEVEL: 'warn',
      MEMORY_DURABILITY: 'normal',
      MEMORY_CACHE_SIZE_MB: 64,
      MEMORY_DATA_DIR: '/flag',
      DATABASE_URL: 'file:///flag/memory.db',
    });
    expect(origins).toMatchObject({
      MEMORY_PROJECT: 'environment',
      MEMORY_LOG_LEVEL: 'project file',
      MEMORY_DURABILITY: 'user file',
      MEMORY_DATA_DIR: 'flag',
    });
  });

  test("a repository's file may not choose where data goes [CL-02]", () => {
    const { values, warnings } = resolveConfig(
      layers({ projectFile: { memory_data_dir: '/evil', database_url: 'x' } }),
    );
    expect(values.MEMORY_DATA_DIR).toBe('/home/u/.local/share/episodica');
    expect(warnings).toHaveLength(2);
  });

  test.each([
    [{ userFile: { memory_data_dri: '/x' } }, 'memory_data_dir'],
    [{ environment: { MEMORY_LOG_LEVEL: 'loud' } }, 'debug'],
    [{ environment: { MEMORY_CACHE_SIZE_MB: 'big' } }, '65536'],
    [{ environment: { TURSO_POOL_SIZE: '2.5' } }, 'whole number from 1 to 100'],
    [{ environment: { TURSO_POOL_SIZE: '0' } }, 'whole number from 1 to 100'],
    [{ environment: { DATABASE_URL: 'postgres://h' } }, 'DATABASE_URL (environment) cannot be used (postgres:)'],
    [{ environment: { TURSO_DATABASE_URL: 'h.turso.io' } }, 'TURSO_DATABASE_URL (environment) has no scheme'],
    [{ environment: { DATABASE_URL: 'file:///x.db?key=hidden' } }, 'names no file'],
    [{ userFile: { turso_sync_url: 'file:///x' } }, 'TURSO_SYNC_URL is a file'],
    [{ environment: { MEMORY_ENCRYPTION_KEY: ' ' } }, 'MEMORY_ENCRYPTION_KEY is set and empty'],
    [{ environment: { MEMORY_ENCRYPTION_KEY_FILE: '' } }, 'MEMORY_ENCRYPTION_KEY_FILE is set and empty'],
    [{ environment: { TURSO_AUTH_TOKEN: 'two words' } }, 'TURSO_AUTH_TOKEN (environment) is no token'],
  ])('%j is refused and says what is valid [CL-02]', (more, hint) => {
    expect(() => resolveConfig(layers(more))).toThrow(hint);
  });

  test('a setting that promises what cannot be done yet is refused, never ignored [CL-02]', () => {
    expect(() => resolveConfig(layers({ environment: { EMBEDDING_PROVIDER: 'local' } }))).toThrow('EMBEDDING_PROVIDER');
  });
});

const HOST = 'libsql://memory-team.turso.io';
const SECRET = 'eyJ0b2tlbg.signature';

describe('settings of a remote database', () => {
  test('TURSO_DATABASE_URL is another name of DATABASE_URL, in a file and in the environment [ST-03]', () => {
    const { values, origins } = resolveConfig(layers({ environment: { TURSO_DATABASE_URL: HOST } }));
    expect(values).toMatchObject({ DATABASE_URL: HOST, TURSO_SYNC_URL: '', TURSO_AUTH_TOKEN: '', TURSO_POOL_SIZE: 10 });
    expect(origins.DATABASE_URL).toBe('environment');
    expect(resolveConfig(layers({ userFile: { turso_database_url: HOST } })).values.DATABASE_URL).toBe(HOST);
  });

  test('two names may say the same and not two things; a stronger place settles it [ST-03]', () => {
    const two = { DATABASE_URL: 'file:///a.db', TURSO_DATABASE_URL: HOST };
    expect(() => resolveConfig(layers({ environment: two }))).toThrow(
      'DATABASE_URL and TURSO_DATABASE_URL (environment) name two databases. Unset one of them.',
    );
    const same = resolveConfig(layers({ environment: { ...two, DATABASE_URL: HOST } }));
    expect(same.values.DATABASE_URL).toBe(HOST);
    const flag = resolveConfig(layers({ environment: two, flags: { DATABASE_URL: 'file:///b.db' } }));
    expect(flag.values.DATABASE_URL).toBe('file:///b.db');
    const above = layers({ userFile: { database_url: 'file:///a.db' }, environment: { TURSO_DATABASE_URL: HOST } });
    expect(resolveConfig(above).values.DATABASE_URL).toBe(HOST);
  });

  test('a replica has a file of its own, unless one is named [ST-03]', () => {
    const environment = { MEMORY_DATA_DIR: '/data', TURSO_SYNC_URL: HOST };
    expect(resolveConfig(layers({ environment })).values).toMatchObject({
      DATABASE_URL: 'file:///data/replica.db',
      TURSO_SYNC_URL: HOST,
    });
    const named = layers({ environment: { ...environment, DATABASE_URL: 'file:///data/here.db' } });
    expect(resolveConfig(named).values.DATABASE_URL).toBe('file:///data/here.db');
  });

  test('a host that follows a host is refused, with what to unset [ST-03]', () => {
    const both = layers({ environment: { DATABASE_URL: HOST, TURSO_SYNC_URL: 'https://other.turso.io' } });
    expect(() => resolveConfig(both)).toThrow(/both name a host\. Unset TURSO_SYNC_URL/u);
  });

  test('an empty flag takes back what is set elsewhere [ST-03]', () => {
    const environment = { MEMORY_DATA_DIR: '/data', TURSO_SYNC_URL: HOST };
    const { values, origins } = resolveConfig(layers({ environment, flags: { TURSO_SYNC_URL: '' } }));
    expect(values).toMatchObject({ DATABASE_URL: 'file:///data/memory.db', TURSO_SYNC_URL: '' });
    expect(origins.TURSO_SYNC_URL).toBe('default');
  });

  test.each(['DATABASE_URL', 'TURSO_SYNC_URL'] as const)('a token in %s is taken out of it [ST-03]', (name) => {
    const { values, origins } = resolveConfig(
      layers({ userFile: { [name.toLowerCase()]: `${HOST}?authToken=${SECRET}` } }),
    );
    expect(origins.TURSO_AUTH_TOKEN).toBe('user file');
    expect(values).toMatchObject({ [name]: HOST, TURSO_AUTH_TOKEN: SECRET });
    const other = { [name]: `${HOST}?authToken=${SECRET}`, TURSO_AUTH_TOKEN: 'another' };
    expect(() => resolveConfig(layers({ environment: other }))).toThrow(/hold two tokens\. Keep one\.$/u);
  });

  test("a repository's file may name no host, token or key [CL-02]", () => {
    const projectFile = {
      turso_database_url: HOST,
      turso_auth_token: SECRET,
      turso_sync_url: HOST,
      turso_pool_size: 1,
      memory_encryption_key: SECRET,
      memory_encryption_key_file: '/evil',
    };
    const { values, origins, warnings } = resolveConfig(layers({ projectFile }));
    expect(new Set(Object.values(origins))).toEqual(new Set(['default']));
    expect(values).toEqual(resolveConfig(layers()).values);
    expect(warnings).toHaveLength(6);
    expect(warnings.join()).not.toContain(SECRET);
  });
});

describe('secrets in settings', () => {
  test('are never shown, and nothing else is hidden [ST-11]', () => {
    expect(shownValue('MEMORY_ENCRYPTION_KEY', SECRET)).toBe('set, not shown');
    expect(shownValue('TURSO_AUTH_TOKEN', SECRET)).toBe('set, not shown');
    expect(shownValue('TURSO_AUTH_TOKEN', '')).toBe('');
    expect(shownValue('MEMORY_ENCRYPTION_KEY_FILE', '/key')).toBe('/key');
    expect(shownValue('TURSO_POOL_SIZE', 10)).toBe(10);
  });

  test('of the key one place is enough [ST-11]', () => {
    const environment = { MEMORY_ENCRYPTION_KEY: SECRET };
    expect(resolveConfig(layers({ environment })).values.MEMORY_ENCRYPTION_KEY).toBe(SECRET);
    const both = layers({ environment, userFile: { memory_encryption_key_file: '/key' } });
    expect(() => resolveConfig(both)).toThrow(
      'MEMORY_ENCRYPTION_KEY (environment) and MEMORY_ENCRYPTION_KEY_FILE (user file) are both set. Unset one of them.',
    );
  });

  test.each([
    { DATABASE_URL: `libsql://user:${SECRET}@host` },
    { DATABASE_URL: `nothing://host?authToken=${SECRET}` },
    { DATABASE_URL: `${SECRET}.turso.io` },
    { DATABASE_URL: `file:///x.db?key=${SECRET}` },
    { DATABASE_URL: `file:///x.db#${SECRET}` },
    { TURSO_SYNC_URL: `file:///x.db?authToken=${SECRET}` },
    { DATABASE_URL: `${HOST}?authtoken=${SECRET}` },
    { DATABASE_URL: `${HOST}?token=${SECRET}&authToken=x` },
    { TURSO_DATABASE_URL: `${HOST}?${SECRET}` },
    { TURSO_SYNC_URL: `${HOST}?jwt=${SECRET}` },
    { TURSO_SYNC_URL: `${HOST}#${SECRET}` },
    { DATABASE_URL: `${HOST}#authToken=${SECRET}` },
    { TURSO_AUTH_TOKEN: `${SECRET}\nX: y` },
    { MEMORY_ENCRYPTION_KEY: SECRET, MEMORY_ENCRYPTION_KEY_FILE: 'x' },
  ])('are not in what refuses them, case %# [ST-11]', (environment) => {
    const told = refusalOf(() => resolveConfig(layers({ environment })));
    expect(told).toMatch(/^INVALID_INPUT/u);
    expect(told).not.toContain(SECRET);
  });
});

/** Everything that an error prints, with its causes. */
function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return isMemoryError(error) ? `${error.code} ${inspect(error)}` : String(error);
  }
  return 'not refused';
}

describe('project identity', () => {
  test.each([
    ['git@github.com:team/repo.git'],
    ['https://github.com/team/repo.git'],
    ['https://user:secret@github.com/team/repo'],
    ['ssh://git@github.com:22/team/repo.git/'],
  ])('%s is one and the same project [CL-02]', (url) => {
    expect(normaliseRemote(url)).toBe('github.com/team/repo');
  });

  test('a clone, a folder in it and a worktree share the remote; no remote: the root; no git: the folder [CL-02]', () => {
    const base = realpathSync(mkdtempSync(join(tmpdir(), 'project-')));
    const plain = join(base, 'plain');
    mkdirSync(plain);
    expect(projectOf(plain)).toBe(plain);

    const clone = join(base, 'clone');
    mkdirSync(join(clone, '.git'), { recursive: true });
    mkdirSync(join(clone, 'src'));
    expect(projectOf(join(clone, 'src'))).toBe(clone);
    writeFileSync(
      join(clone, '.git', 'config'),
      '[core]\n\tbare = false\n[remote "fork"]\n\turl = git@h:other/x.git\n[remote "origin"]\n\turl = git@h:team/x.git\n\tfetch = y\n[branch "main"]\n',
    );
    expect(projectOf(join(clone, 'src'))).toBe('h/team/x');

    const worktree = join(base, 'worktree');
    mkdirSync(worktree);
    const gitDir = join(clone, '.git', 'worktrees', 'worktree');
    mkdirSync(gitDir, { recursive: true });
    writeFileSync(join(worktree, '.git'), `gitdir: ${gitDir}\n`);
    writeFileSync(join(gitDir, 'commondir'), '../..\n');
    expect(projectOf(worktree)).toBe('h/team/x');
  });
});
