// What shells are told while somebody types.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { completionOf } from '../src/commands/completion-words.ts';
import { aPlace, cleanEnvironment, type Place, PROGRAM } from './program.ts';

// The build puts it in.
vi.hoisted(() => Object.assign(globalThis, { PROGRAM_VERSION: '0.0.0' }));
const { program } = await import('../src/cli.ts');
const root = program(() => Promise.resolve());

const wordsFor = (...words: readonly string[]) => completionOf(root, words).words.map(({ word }) => word);
const wantedFor = (...words: readonly string[]) => completionOf(root, words).wanted;

interface Named {
  readonly path: readonly string[];
  readonly command: Command;
}

function commandsBelow(command: Command, path: readonly string[] = []): readonly Named[] {
  return command.commands.flatMap((each) => {
    const own = [...path, each.name()];
    return [{ path: own, command: each }, ...commandsBelow(each, own)];
  });
}
const ALL = commandsBelow(root);

describe('the tree', () => {
  test('each command is offered behind those that it belongs to, by its name and by its aliases [CL-03]', () => {
    expect(ALL.length).toBeGreaterThan(30);
    for (const { path, command } of ALL) {
      const before = path.slice(0, -1);
      expect(wordsFor(...before, ''), path.join(' ')).toContain(command.name());
      for (const name of [command.name(), ...command.aliases()])
        expect(wordsFor(...before, name.slice(0, 2))).toContain(name);
    }
  });

  test('each flag is offered with those that hold for all commands, and each choice behind it and behind its sign [CL-03]', () => {
    for (const { path, command } of ALL) {
      const flags = wordsFor(...path, '--');
      for (const { long, hidden, argChoices = [] } of command.options) {
        if (hidden) expect(flags).not.toContain(long);
        if (hidden || !long) continue;
        expect(flags, path.join(' ')).toContain(long);
        if (argChoices.length === 0) continue;
        expect(wordsFor(...path, long, '')).toEqual(argChoices);
        expect(wordsFor(...path, `${long}=`)).toEqual(argChoices.map((choice) => `${long}=${choice}`));
        expect(wordsFor(...path, long, '=', argChoices[0] ?? '')).toContain(argChoices[0]);
      }
      expect(flags).toEqual(expect.arrayContaining(['--format', '--data-dir', '--help']));
      const [argument] = command.registeredArguments;
      if (argument?.argChoices) expect(wordsFor(...path, '')).toEqual(argument.argChoices);
    }
  });

  test.each([
    ['zzz'],
    ['episode', 'zzz'],
    ['episode', 'list', '--zzz'],
    ['episode', 'list', '--outcome', 'zzz'],
    ['zzz', 'zzz', '--format', 'zzz'],
    ['episode', 'create', 'l'],
    ['episode', 'list', '--', '--outcome'],
  ])('what nothing begins with has no answer: %s %s %s %s [CL-03]', (...words) => {
    expect(wordsFor(...words)).toEqual([]);
  });

  test.each([
    [['episode', 'import', ''], 'files'],
    [['ep', 'import', 'one', ''], 'files'],
    [['--data-dir', ''], 'folders'],
    [['episode', 'view', ''], 'episode'],
    [['episode', 'forget', 'one', '--yes', ''], 'episode'],
    [['--format', 'json', 'episode', 'tag', ''], 'episode'],
    [['pattern', 'view', ''], 'pattern'],
    [['pattern', 'recommend', 'task', '--episode', ''], 'episode'],
    [['pattern', 'recommend', 'task', '--file', 'a', ''], 'files'],
    [['episode', 'tag', 'one', ''], 'words'],
    [['episode', 'create', '--tag', ''], 'words'],
    [['pattern', 'clusters', ''], 'kind of task'],
    [['backup', 'restore', ''], 'backup'],
    [['backup', 'verify', ''], 'backup'],
  ])('%j is completed by %s [CL-03]', (words, wanted) => {
    expect(wantedFor(...words)).toBe(wanted);
  });

  test('every id of an episode is completed as one, in whichever command [CL-03]', () => {
    for (const { path, command } of ALL.filter(({ path: [group] }) => group === 'episode')) {
      const [argument] = command.registeredArguments;
      if (/^ids?$/u.test(argument?.name() ?? '')) expect(wantedFor(...path, ''), path.join(' ')).toBe('episode');
    }
  });

  test('settings, places and figures are offered, and of the formats those that the command has [CL-03]', () => {
    expect(wordsFor('config', 'show', 'memory_pro')).toEqual(['memory_project']);
    expect(wordsFor('config', 'path', 'd')).toEqual(['data', 'database']);
    expect(wordsFor('monitor', 'metrics', 'tool_c')).toEqual(expect.arrayContaining(['tool_call', 'tool_calls']));
    expect(wordsFor('episode', 'list', '--format', '')).toEqual(['human', 'json', 'yaml']);
    expect(wordsFor('pattern', 'clusters', '--format', 's')).toEqual(['svg']);
  });

  test('the data that the line names is looked at [CL-03]', () => {
    const { globals } = completionOf(root, ['--config=c', 'episode', '--data-dir', 'd', 'view', '']);
    expect(globals).toEqual({ config: 'c', dataDir: 'd' });
  });
});

describe('the program', () => {
  let place: Place;
  beforeEach(() => {
    place = aPlace();
  });
  afterEach(() => place.remove());

  const asked = (...words: readonly string[]) => place.run(['completion', 'fish', '--words', '--', ...words]);

  test('offers the newest ids with what they are, of the data that is named, and makes none [CL-03]', async () => {
    const nothing = { code: 0, stdout: 'words\n', stderr: '' };
    expect(await asked('episode', 'view', '')).toEqual(nothing);
    expect(existsSync(join(place.home, '.local'))).toBe(false);
    const { episode_id: id } = await place.json([
      '--data-dir',
      'data',
      'episode',
      'create',
      'mend\tthe \u001b[31mgate',
    ]);
    expect(await asked('episode', 'view', '')).toEqual(nothing);
    const answer = await asked('--data-dir', 'data', 'episode', 'view', id.slice(0, 4));
    expect(answer.stdout).toMatch(new RegExp(`^words\n${id}\tmend the .*gate\n$`, 'u'));
    expect((await asked('--data-dir', 'data', 'episode', 'view', 'f')).stdout).toBe('words\n');
  });

  test('is silent where the memory, the configuration or the words are broken [CL-03]', async () => {
    mkdirSync(join(place.work, 'data'));
    writeFileSync(join(place.work, 'data', 'memory.db'), 'no database'.repeat(1_000));
    writeFileSync(join(place.work, 'memory-cli.toml'), '= broken');
    const before = readdirSync(join(place.work, 'data'));
    for (const words of [
      ['--data-dir', 'data', 'episode', 'view', ''],
      ['episode', 'view', ''],
      ['--data-dir', '', 'ep', 'view', ''],
      [],
    ]) {
      expect(await asked(...words)).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^words\n/u) });
    }
    expect(readdirSync(join(place.work, 'data'))).toEqual(before);
  });

  const shells = (['bash', 'zsh', 'fish'] as const).map((shell) => ({
    shell,
    isHere: spawnSync(shell, ['-c', 'exit 0']).status === 0,
  }));
  test.each(shells)(
    'what $shell reads at its start is a script that it understands [CL-03]',
    async ({ shell, isHere }) => {
      const { code, stdout } = await place.run(['completion', shell]);
      expect(code).toBe(0);
      expect(stdout).toContain(`completion ${shell} --words --`);
      if (isHere) expect(String(spawnSync(shell, ['-n'], { input: stdout }).stderr)).toBe('');
    },
  );

  test.skipIf(!shells[0]?.isHere)(
    'a real bash completes commands, choices behind a sign, and names of files [CL-03]',
    () => {
      const folder = join(place.home, 'bin');
      mkdirSync(folder);
      const starter = join(folder, 'memory-cli');
      writeFileSync(starter, `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
      chmodSync(starter, 0o755);
      writeFileSync(join(place.work, 'runs of may.json'), '');
      const env = cleanEnvironment(place.home, { PATH: `${folder}:${process.env.PATH}` });
      const completed = (...words: readonly string[]) => completedBy('memory-cli', words);
      const completedBy = (program: string, words: readonly string[]) => {
        const line = words.map((word) => `'${word}'`).join(' ');
        const ask = `COMP_WORDS=(memory-cli ${line}); COMP_CWORD=${words.length}; _memory_cli '${program}'`;
        const script = `set -u; source <(memory-cli completion bash); ${ask}; printf '%s\\n' "\${COMPREPLY[@]-}"`;
        const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], {
          cwd: place.work,
          env,
          encoding: 'utf8',
        });
        expect(stderr).toBe('');
        return stdout.trim().split('\n');
      };
      expect(completed('epi')).toEqual(['episode']);
      expect(completed('--format', '=', 'j')).toEqual(['json']);
      expect(completed('episode', 'import', 'runs')).toEqual(['runs of may.json']);
      expect(completed('zzz')).toEqual(['']);
      expect(completedBy('~/bin/memory-cli', ['epi'])).toEqual(['episode']);
    },
  );
});
