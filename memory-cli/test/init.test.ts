// init as people run it: from nothing to a client that knows the server, and back.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { aPlace, cleanEnvironment, type Place, PROGRAM } from './program.ts';

// The build puts it in.
vi.hoisted(() => Object.assign(globalThis, { PROGRAM_VERSION: '0.0.0' }));
const { choicesOf } = await import('../src/commands/init-guide.ts');
const { serverCommand } = await import('../src/commands/server-command.ts');

let place: Place;
beforeEach(() => {
  place = aPlace();
});
afterEach(() => place.remove());

const jsonOf = (...path: readonly string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

test('the entry that is written starts the server, and the next call finds nothing to do [CL-04]', async () => {
  const done = await place.run(['init', 'claude-code', '--yes']);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toContain('memory-cli doctor claude-code');
  const { command, args } = jsonOf(place.home, '.claude.json').mcpServers.memory;
  const started = spawnSync(command, [...args, '--version'], { cwd: '/', env: {}, encoding: 'utf8' });
  expect(started).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+/u) });
  const bytes = readFileSync(join(place.home, '.claude.json'));
  const again = await place.json(['init', 'claude-code', '--yes']);
  expect(again).toMatchObject({ client: 'claude-code', scope: 'user', name: 'memory', changes: [] });
  expect((await place.run(['init', 'claude-code'])).stdout).toMatch(/^Nothing to do/u);
  expect(readFileSync(join(place.home, '.claude.json'))).toEqual(bytes);
});

test('it is asked for where nobody can be asked, and --dry-run shows what would be, without what steers a terminal [CL-03 CL-04]', async () => {
  const path = join(place.home, '.claude.json');
  const text = '{\n  "note": "\u009b31m red",\n  "mcpServers": {}\n}\n';
  writeFileSync(path, text);
  const refused = await place.run(['init', 'claude-code']);
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') });
  const shown = await place.run(['init', 'claude-code', '--dry-run']);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toContain(`--- ${path}\n+++ ${path}\n@@ -1,4 +1,11 @@\n`);
  expect(shown.stdout).toMatch(/^- {2}"mcpServers": \{\}$/mu);
  expect(shown.stdout).toMatch(/^\+ {4}"memory": \{$/mu);
  expect(shown.stdout).not.toContain('\u009b');
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(existsSync(join(place.home, '.claude'))).toBe(false);
  expect(existsSync(join(place.home, '.local'))).toBe(false);
});

test('the data and the settings of this call go along with the entry [CL-04 CL-02]', async () => {
  writeFileSync(join(place.work, 'own.toml'), '');
  const data = join(place.work, 'data');
  const flags = ['--config', 'own.toml', '--data-dir', 'data'];
  await place.json([...flags, 'init', 'opencode', '--scope', 'project', '--env', 'MEMORY_PROJECT=a=b', '--yes']);
  const { memory } = jsonOf(place.work, 'opencode.json').mcp;
  expect(memory).toMatchObject({ type: 'local', enabled: true });
  expect(memory.command.slice(2)).toEqual(['--config', join(place.work, 'own.toml')]);
  expect(memory.environment).toEqual({
    MEMORY_DATA_DIR: data,
    DATABASE_URL: pathToFileURL(join(data, 'memory.db')).href,
    LMDB_CACHE_PATH: join(data, 'cache'),
    MEMORY_PROJECT: 'a=b',
  });
  expect(readFileSync(join(place.work, 'AGENTS.md'), 'utf8')).toContain('query_memory');
  const again = await place.json(['init', 'opencode', '--scope', 'project', '--yes']);
  expect(again.notes).toEqual([
    expect.stringMatching(/keeps what it had set: MEMORY_DATA_DIR, DATABASE_URL, LMDB_CACHE_PATH, MEMORY_PROJECT\./u),
    expect.stringMatching(/paths of this machine.*memory-cli init opencode/u),
  ]);
});

test.each([
  [['init'], /name the client, claude-code or opencode/u],
  [['init', 'opencode', '--scope', 'local', '--yes'], /OpenCode has no scope "local".*user, project/u],
  [['init', 'opencode', '--name', 'my memory', '--yes'], /--name/u],
  [['init', 'opencode', '--env', 'MEMORY_PROJECT', '--yes'], /--env: give NAME=VALUE/u],
  [
    ['init', 'opencode', '--env', 'MEMORY_CACHE_SIZE_MB=lots', '--yes'],
    /--env: MEMORY_CACHE_SIZE_MB: "lots" is not a/u,
  ],
  [['init', 'opencode', '--env', 'MEMORY_CACH_SIZE=64', '--yes'], /--env: .*did you mean MEMORY_CACHE_SIZE_MB\?/u],
  [['init', 'opencode', '--scope', 'project', '--env', 'OPENAI_API_KEY=k', '--yes'], /OPENAI_API_KEY is a secret/u],
])('%j is refused with what to do [CL-04]', async (words, said) => {
  const { code, stdout, stderr } = await place.run(words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(said);
  expect(stderr).not.toContain('=k');
  expect(existsSync(join(place.home, '.config', 'opencode'))).toBe(false);
});

test('only the entry is written with --no-instructions, and the entry of a project says who approves it [CL-04]', async () => {
  const variables = ['--env', 'NODE_OPTIONS=--no-warnings', 'FOO=bar'];
  const done = await place.run([
    'init',
    'claude-code',
    '--scope',
    'project',
    '--no-instructions',
    '--yes',
    ...variables,
  ]);
  expect(done.stdout).toContain('approves "memory" once');
  expect(done.stdout).toMatch(/paths of this machine.*memory-cli init claude-code --scope local/u);
  expect(existsSync(join(place.work, 'CLAUDE.md'))).toBe(false);
  const undone = await place.run(['init', 'claude-code', '--scope', 'project', '--undo', '--yes']);
  expect(undone.stdout).toMatch(/^--- .*\.mcp\.json\n\+\+\+ \/dev\/null\n/u);
  expect(undone.stdout).toContain(`\n\nDeleted ${join(place.work, '.mcp.json')}.\n`);
  expect((await place.run(['init', 'claude-code', '--scope', 'project', '--undo'])).stdout).toMatch(/^Nothing to do/u);
});

test('two at once both come about, and nothing of what was there is lost [CL-04]', async () => {
  const path = join(place.home, '.claude.json');
  writeFileSync(path, '{"other": [1, 2]}');
  const names = ['one', 'two', 'three'];
  const ended = await Promise.all(
    names.map((name) => place.run(['init', 'claude-code', '--name', name, '--yes'], { apart: true })),
  );
  expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(names.map(() => ({ code: 0, stderr: '' })));
  const { other, mcpServers } = jsonOf(path);
  expect(other).toEqual([1, 2]);
  expect(Object.keys(mcpServers).sort()).toEqual([...names].sort());
  const text = readFileSync(join(place.home, '.claude', 'CLAUDE.md'), 'utf8');
  expect(text.split('## Memory')).toHaveLength(2);
});

test('from the registry, the entry is what fetches the same version again [CL-04]', () => {
  const own = '/home/me/.npm/_npx/0123/node_modules/@episodica/memory-cli/dist/bundle/commands/init.js';
  expect(serverCommand(own, 'linux')).toEqual(['npx', '-y', '@episodica/memory-mcp@0.0.0']);
  expect(serverCommand(own, 'win32')).toEqual(['cmd', '/c', 'npx', '-y', '@episodica/memory-mcp@0.0.0']);
});

/** Answers one question after another, and keeps what was asked. */
function answering(...answers: readonly string[]) {
  const questions: string[] = [];
  const ask = (question: string) => Promise.resolve(answers[questions.push(question) - 1] ?? 'end of the answers');
  return { questions, ask };
}

test('without a client it offers those that are here, each scope that one of them has, and the sessions [CL-03]', async () => {
  mkdirSync(join(place.home, '.claude', 'projects'), { recursive: true });
  const surroundings = { home: place.home, folder: place.work, environment: {} };
  const first = answering('', '', '', '');
  expect(await choicesOf({ place: surroundings, ask: first.ask })).toMatchObject({
    clients: [{ name: 'claude-code' }],
    scope: 'user',
    sessions: undefined,
  });
  expect(first.questions).toEqual([
    'Add the memory to Claude Code? [Y/n]',
    'OpenCode was not found here. Add it all the same? [y/N]',
    expect.stringContaining('for you in this project'),
    expect.stringContaining(join(place.home, '.claude', 'projects')),
  ]);
  const second = answering('what', 'no', 'Yes', '7', '2', 'y');
  expect(await choicesOf({ place: surroundings, ask: second.ask })).toMatchObject({
    clients: [{ name: 'opencode' }],
    scope: 'project',
    sessions: join(place.home, '.claude', 'projects'),
  });
  await expect(choicesOf({ place: surroundings, ask: answering('n', 'n').ask })).rejects.toMatchObject({
    code: 'ABORTED',
  });
});

/** Answers each question as it is shown. */
async function onTerminal(answers: readonly (readonly [question: string, answer: string])[]): Promise<string> {
  const child = spawn('script', ['-qec', `'${process.execPath}' '${PROGRAM}' init`, '/dev/null'], {
    cwd: place.work,
    env: cleanEnvironment(place.home, { SHELL: '/bin/sh', TERM: 'dumb' }),
  });
  const left = [...answers];
  let shown = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
    const [question, answer] = left[0] ?? [];
    const at = question === undefined ? -1 : shown.indexOf(question, seen);
    if (at === -1 || question === undefined) return;
    left.shift();
    seen = at + question.length;
    child.stdin.write(`${answer}\n`);
  });
  await once(child, 'close');
  expect(left).toEqual([]);
  return shown;
}

const hasTerminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0;
test.skipIf(!hasTerminal)(
  'on a terminal it asks, shows the change, and does what was answered [CL-03 CL-04]',
  async () => {
    const path = join(place.home, '.config', 'opencode', 'opencode.json');
    const questions = [
      ['Claude Code was not found here. Add it all the same? [y/N] ', ''],
      ['OpenCode was not found here. Add it all the same? [y/N] ', 'y'],
      ['[1] ', ''],
    ] as const;
    expect(await onTerminal([...questions, ['[y/N] ', 'n']])).toContain('nothing was changed');
    expect(existsSync(path)).toBe(false);
    const shown = await onTerminal([...questions, ['Write this? [y/N] ', 'yes']]);
    expect(shown).toMatch(/\+ {4}"memory": \{/u);
    expect(shown).toContain('memory-cli doctor opencode');
    expect(jsonOf(path).mcp.memory.enabled).toBe(true);
  },
);
