import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { projectOf } from '@episodica/memory-core';
import { type ConfigLayers, resolveConfig } from '@episodica/memory-core/config';
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
    [{ environment: { DATABASE_URL: 'libsql://x' } }, 'file:'],
  ])('%j is refused and says what is valid [CL-02]', (more, hint) => {
    expect(() => resolveConfig(layers(more))).toThrow(hint);
  });

  test('a setting that promises what cannot be done yet is refused, never ignored [CL-02]', () => {
    expect(() => resolveConfig(layers({ environment: { MEMORY_ENCRYPTION_KEY: 'k' } }))).toThrow(
      'MEMORY_ENCRYPTION_KEY',
    );
    expect(() => resolveConfig(layers({ environment: { TURSO_DATABASE_URL: 'libsql://x' } }))).toThrow(
      'TURSO_DATABASE_URL',
    );
  });
});

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
