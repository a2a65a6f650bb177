import { mkdirSync, mkdtempSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { embedderOf, isMemoryError, projectOf } from '@episodica/memory-core';
import { type ConfigLayers, resolveConfig, SETTINGS, shownValue, strayReplicaIn } from '@episodica/memory-core/config';
import { startEmbeddingServer } from '@episodica/test-utils';
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
    expect(new Set(Object.values(origins).map(({ layer }) => layer))).toEqual(new Set(['default']));
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
      userFile: { entries: userFile },
      projectFile: { entries: { memory_project: 'project', memory_cache_size_mb: 32 } },
      environment: { MEMORY_PROJECT: 'environment' },
      flags: { MEMORY_DATA_DIR: '/flag' },
    });
    const { values, origins } = resolveConfig(all);
    expect(values).toMatchObject({
      MEMORY_PROJECT: 'environment',
      MEMORY_LOG_LEVEL: 'debug',
      MEMORY_DURABILITY: 'normal',
      MEMORY_CACHE_SIZE_MB: 32,
      MEMORY_DATA_DIR: '/flag',
      DATABASE_URL: 'file:///flag/memory.db',
    });
    expect(origins).toMatchObject({
      MEMORY_PROJECT: { layer: 'environment', place: 'MEMORY_PROJECT' },
      MEMORY_CACHE_SIZE_MB: { layer: 'project file' },
      MEMORY_DURABILITY: { layer: 'user file' },
      MEMORY_DATA_DIR: { layer: 'flag', place: '--data-dir' },
    });
  });

  test("a repository's file may not choose where data goes [CL-02]", () => {
    const { values, warnings } = resolveConfig(
      layers({ projectFile: { entries: { memory_data_dir: '/evil', database_url: 'x' } } }),
    );
    expect(values.MEMORY_DATA_DIR).toBe('/home/u/.local/share/episodica');
    expect(warnings).toHaveLength(2);
  });

  test('only the user says whether programs may write, as text or as a truth value [SB-06] [CL-02]', () => {
    const writes = (more: Partial<Parameters<typeof layers>[0]>) =>
      resolveConfig(layers(more)).values.SANDBOX_ALLOW_WRITES;
    expect(writes({})).toBe(false);
    expect(writes({ environment: { SANDBOX_ALLOW_WRITES: 'true' } })).toBe(true);
    expect(writes({ userFile: { entries: { sandbox_allow_writes: true } } })).toBe(true);
    const off = {
      userFile: { entries: { sandbox_allow_writes: true } },
      environment: { SANDBOX_ALLOW_WRITES: 'false' },
    };
    expect(writes(off)).toBe(false);
    const { values, warnings } = resolveConfig(layers({ projectFile: { entries: { sandbox_allow_writes: true } } }));
    expect(values.SANDBOX_ALLOW_WRITES).toBe(false);
    expect(warnings).toEqual([expect.stringContaining('sandbox_allow_writes')]);
  });

  test.each([
    [
      { environment: { SANDBOX_ALLOW_WRITES: 'yes' } },
      'SANDBOX_ALLOW_WRITES (environment): "yes" is none of true, false',
    ],
    [{ userFile: { entries: { memory_data_dri: '/x' } } }, 'memory_data_dir'],
    [{ environment: { MEMORY_LOG_LEVEL: 'loud' } }, 'debug'],
    [{ environment: { MEMORY_CACHE_SIZE_MB: 'big' } }, '65536'],
    [{ environment: { TURSO_POOL_SIZE: '2.5' } }, 'whole number from 1 to 100'],
    [{ environment: { TURSO_POOL_SIZE: '0' } }, 'whole number from 1 to 100'],
    [{ environment: { DATABASE_URL: 'postgres://h' } }, 'DATABASE_URL (environment) cannot be used (postgres:)'],
    [{ environment: { TURSO_DATABASE_URL: 'h.turso.io' } }, 'TURSO_DATABASE_URL (environment) has no scheme'],
    [{ environment: { DATABASE_URL: 'file:///x.db?key=hidden' } }, 'names no file'],
    [{ userFile: { entries: { turso_sync_url: 'file:///x' } } }, 'TURSO_SYNC_URL is a file'],
    [{ environment: { MEMORY_ENCRYPTION_KEY: ' ' } }, 'MEMORY_ENCRYPTION_KEY is set and empty'],
    [{ environment: { MEMORY_ENCRYPTION_KEY_FILE: '' } }, 'MEMORY_ENCRYPTION_KEY_FILE is set and empty'],
    [{ environment: { TURSO_AUTH_TOKEN: 'two words' } }, 'TURSO_AUTH_TOKEN (environment) is no token'],
    [{ environment: { EMBEDDING_PROVIDER: 'openia' } }, 'local, openai, ollama, cohere, transformers, none'],
    [{ environment: { EMBEDDING_DIMENSIONS: '1e9' } }, 'whole number from 0 to 8192'],
  ])('%j is refused and says what is valid [CL-02]', (more, hint) => {
    expect(() => resolveConfig(layers(more))).toThrow(hint);
  });
});

const HOST = 'libsql://memory-team.turso.io';
const SECRET = 'eyJ0b2tlbg.signature';

describe('settings of a remote database', () => {
  test('TURSO_DATABASE_URL is another name of DATABASE_URL, in a file and in the environment [ST-03]', () => {
    const { values, origins } = resolveConfig(layers({ environment: { TURSO_DATABASE_URL: HOST } }));
    expect(values).toMatchObject({ DATABASE_URL: HOST, TURSO_SYNC_URL: '', TURSO_AUTH_TOKEN: '', TURSO_POOL_SIZE: 10 });
    expect(origins.DATABASE_URL).toEqual({ layer: 'environment', place: 'TURSO_DATABASE_URL' });
    expect(resolveConfig(layers({ userFile: { entries: { turso_database_url: HOST } } })).values.DATABASE_URL).toBe(
      HOST,
    );
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
    const above = layers({
      userFile: { entries: { database_url: 'file:///a.db' } },
      environment: { TURSO_DATABASE_URL: HOST },
    });
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
    expect(origins.TURSO_SYNC_URL).toMatchObject({ layer: 'flag' });
  });

  test.each(['DATABASE_URL', 'TURSO_SYNC_URL'] as const)('a token in %s is taken out of it [ST-03]', (name) => {
    const { values, origins } = resolveConfig(
      layers({ userFile: { entries: { [name.toLowerCase()]: `${HOST}?authToken=${SECRET}` } } }),
    );
    expect(origins.TURSO_AUTH_TOKEN.layer).toBe('user file');
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
    const { values, origins, warnings } = resolveConfig(layers({ projectFile: { entries: projectFile } }));
    expect(new Set(Object.values(origins).map(({ layer }) => layer))).toEqual(new Set(['default']));
    expect(values).toEqual(resolveConfig(layers()).values);
    expect(warnings).toHaveLength(6);
    expect(warnings.join()).not.toContain(SECRET);
  });
});

describe('settings of embeddings', () => {
  const API_KEY = 'sk-0123456789';

  test('without any, nothing is sent anywhere, whatever keys lie about [EM-02]', async () => {
    const { values, origins } = resolveConfig(layers({ environment: { OPENAI_API_KEY: 'of some\nother program' } }));
    expect(values).toMatchObject({ EMBEDDING_PROVIDER: 'local', EMBEDDING_MODEL: '', EMBEDDING_DIMENSIONS: 0 });
    expect(origins.EMBEDDING_PROVIDER).toMatchObject({ layer: 'default' });
    expect(await embedderOf(values)).toMatchObject({ isRemote: false });
  });

  test.each([
    [{ EMBEDDING_PROVIDER: 'openai', OPENAI_API_KEY: API_KEY }, 'openai/text-embedding-3-small'],
    [{ EMBEDDING_PROVIDER: 'openai', OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', EMBEDDING_MODEL: 'm' }, 'openai/m'],
    [
      { EMBEDDING_PROVIDER: 'openai', OPENAI_API_KEY: API_KEY, EMBEDDING_DIMENSIONS: '512' },
      'openai/text-embedding-3-small/512',
    ],
    [{ EMBEDDING_PROVIDER: 'ollama' }, 'ollama/nomic-embed-text'],
    [{ EMBEDDING_PROVIDER: 'ollama', EMBEDDING_MODEL: 'bge-m3' }, 'ollama/bge-m3'],
    [{ EMBEDDING_PROVIDER: 'cohere', COHERE_API_KEY: API_KEY }, 'cohere/embed-multilingual-v3.0'],
    [{ EMBEDDING_PROVIDER: 'transformers' }, 'transformers/Xenova/all-MiniLM-L6-v2'],
  ])('%j chooses one embedder, and asks nobody before it is used [EM-02]', async (environment, model) => {
    const embedder = await embedderOf(resolveConfig(layers({ environment })).values);
    expect(embedder).toMatchObject({ model, isRemote: true });
    await embedder?.close?.();
  });

  test('none is none [EM-02]', async () => {
    const { values } = resolveConfig(layers({ environment: { EMBEDDING_PROVIDER: 'none' } }));
    expect(await embedderOf(values)).toBeUndefined();
  });

  test('the one that is chosen asks where the settings say, with their key [EM-02]', async () => {
    const server = await startEmbeddingServer({ protocol: 'cohere', token: API_KEY, model: 'm' });
    const environment = {
      EMBEDDING_PROVIDER: 'cohere',
      EMBEDDING_MODEL: 'm',
      COHERE_API_KEY: API_KEY,
      COHERE_BASE_URL: server.url,
    };
    const embedder = await embedderOf(resolveConfig(layers({ environment })).values);
    expect(await embedder?.embed(['x'], { purpose: 'query' })).toHaveLength(1);
    await embedder?.close?.();
    await server.close();
  });

  test.each(['openai', 'cohere'])('%s without its key is refused with what to set [EM-02]', (provider) => {
    const user = layers({ userFile: { entries: { embedding_provider: provider } } });
    const name = `${provider.toUpperCase()}_API_KEY`;
    expect(() => resolveConfig(user)).toThrow(
      `EMBEDDING_PROVIDER (user file) is ${provider}, and there is no key. Set ${name}, or EMBEDDING_PROVIDER=local`,
    );
  });

  test("a repository's file may choose no provider, host, model or key [EM-02 CL-02]", () => {
    const names = SETTINGS.filter((name) => /^(?:EMBEDDING|OPENAI|COHERE|OLLAMA)_/u.test(name));
    expect(names).toHaveLength(8);
    const projectFile = Object.fromEntries(names.map((name) => [name.toLowerCase(), API_KEY]));
    const { values, warnings } = resolveConfig(layers({ projectFile: { entries: projectFile } }));
    expect(values).toEqual(resolveConfig(layers()).values);
    expect(warnings).toHaveLength(names.length);
    expect(warnings.join()).not.toContain(API_KEY);
  });

  test('the page about them names each of them, and its examples are configurations that hold [PK-04]', () => {
    const page = readFileSync(new URL('../../docs/embeddings.md', import.meta.url), 'utf8');
    const names = SETTINGS.filter((name) => /^(?:EMBEDDING|OPENAI|COHERE|OLLAMA)_/u.test(name));
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
    const examples = [...page.matchAll(/^```\n(EMBEDDING_PROVIDER=[\s\S]*?)\n```$/gmu)].map(([, lines = '']) =>
      Object.fromEntries(lines.split('\n').map((line) => line.split('='))),
    );
    expect(examples).toHaveLength(7);
    for (const environment of examples) {
      expect(Object.keys(environment).filter((name) => !SETTINGS.some((known) => known === name))).toEqual([]);
      expect(resolveConfig(layers({ environment })).warnings).toEqual([]);
    }
  });

  test('a setting that the provider has no use for is warned of [CL-02]', () => {
    const warned = (environment: ConfigLayers['environment']): readonly string[] =>
      resolveConfig(layers({ environment })).warnings;
    const shape = { EMBEDDING_MODEL: 'm', EMBEDDING_DIMENSIONS: '8' };
    expect(warned(shape)).toEqual([
      'EMBEDDING_MODEL is set and has no meaning with EMBEDDING_PROVIDER=local.',
      'EMBEDDING_DIMENSIONS is set and has no meaning with EMBEDDING_PROVIDER=local.',
    ]);
    expect(warned({ ...shape, EMBEDDING_PROVIDER: 'transformers' })).toHaveLength(1);
    expect(warned({ ...shape, EMBEDDING_PROVIDER: 'ollama' })).toEqual([]);
  });
});

describe('secrets in settings', () => {
  test('are never shown, and nothing else is hidden [ST-11]', () => {
    expect(shownValue('MEMORY_ENCRYPTION_KEY', SECRET)).toBe('set, not shown');
    expect(shownValue('TURSO_AUTH_TOKEN', SECRET)).toBe('set, not shown');
    expect(shownValue('TURSO_AUTH_TOKEN', '')).toBe('');
    expect(shownValue('OPENAI_API_KEY', SECRET)).toBe('set, not shown');
    expect(shownValue('COHERE_API_KEY', SECRET)).toBe('set, not shown');
    expect(shownValue('MEMORY_ENCRYPTION_KEY_FILE', '/key')).toBe('/key');
    expect(shownValue('TURSO_POOL_SIZE', 10)).toBe(10);
  });

  test('of the key one place is enough [ST-11]', () => {
    const environment = { MEMORY_ENCRYPTION_KEY: SECRET };
    expect(resolveConfig(layers({ environment })).values.MEMORY_ENCRYPTION_KEY).toBe(SECRET);
    const both = layers({ environment, userFile: { entries: { memory_encryption_key_file: '/key' } } });
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
    { EMBEDDING_PROVIDER: 'openai', OPENAI_API_KEY: `${SECRET}\nX: y` },
    { EMBEDDING_PROVIDER: 'openai', OPENAI_API_KEY: SECRET, OPENAI_BASE_URL: 'host' },
    { EMBEDDING_PROVIDER: 'openai', OPENAI_BASE_URL: `https://user:${SECRET}@host/v1` },
    { EMBEDDING_PROVIDER: 'cohere', COHERE_API_KEY: `${SECRET} x` },
    { EMBEDDING_PROVIDER: 'ollama', OLLAMA_BASE_URL: `http://host/?key=${SECRET}` },
    { EMBEDDING_PROVIDER: 'ollama', OLLAMA_BASE_URL: `${SECRET}://host` },
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
