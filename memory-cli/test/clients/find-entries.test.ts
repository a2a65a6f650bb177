// What is found of the servers that clients would start.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startsOurServer } from '../../src/clients/entry.ts';
import { findEntries } from '../../src/clients/find-entries.ts';

let root: string;
let home: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'clients-'));
  home = join(root, 'home');
  folder = join(root, 'repository', 'part');
  mkdirSync(home);
  mkdirSync(join(root, 'repository', '.git'), { recursive: true });
  mkdirSync(folder);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, content: unknown): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const found = (environment: Readonly<Record<string, string>> = {}) => findEntries({ home, folder, environment });

test('nothing is found where there is no client [CL-04]', async () => {
  expect(await found()).toEqual([]);
});

test('Claude Code: servers of the user, of the repository for the user, and of the repository [CL-04]', async () => {
  const path = write(join(home, '.claude.json'), {
    mcpServers: { memory: { command: 'node', args: ['memory-mcp.js', 1], env: { A: 'b', C: 2 } } },
    projects: {
      [join(root, 'repository')]: {
        mcpServers: { web: { type: 'http', url: 'http://127.0.0.1:1/mcp' } },
        disabledMcpServers: ['memory'],
      },
      [folder]: { mcpServers: { stray: { command: 'x' } } },
    },
  });
  const shared = write(join(root, 'repository', '.mcp.json'), { mcpServers: { a: { command: 'a' }, b: {} } });
  write(join(home, '.claude', 'settings.json'), { enabledMcpjsonServers: ['a'] });
  const client = 'claude-code';
  expect(await found()).toEqual([
    {
      client,
      scope: 'user',
      path,
      name: 'memory',
      isEnabled: false,
      command: ['node', 'memory-mcp.js'],
      env: { A: 'b' },
    },
    { client, scope: 'project', path: shared, name: 'a', isEnabled: true, command: ['a'], env: {} },
    { client, scope: 'project', path: shared, name: 'b', isEnabled: false, command: [], env: {} },
    { client, scope: 'local', path, name: 'web', isEnabled: true, url: 'http://127.0.0.1:1/mcp' },
  ]);
});

test('what a repository approves of itself counts where the user trusts its folder, and never against a refusal [CL-04]', async () => {
  write(join(folder, '.mcp.json'), { mcpServers: { a: { command: 'a' }, b: { command: 'b' } } });
  write(join(folder, '.claude', 'settings.json'), { enableAllProjectMcpServers: true });
  const states = async () => (await found()).map((entry) => 'isEnabled' in entry && entry.isEnabled);
  expect(await states()).toEqual([false, false]);
  const project = { hasTrustDialogAccepted: true, disabledMcpjsonServers: ['b'] };
  write(join(home, '.claude.json'), { projects: { [join(root, 'repository')]: project } });
  expect(await states()).toEqual([true, false]);
});

test('a worktree is the project that it was made from, and CLAUDE_CONFIG_DIR moves the file [CL-04]', async () => {
  const main = join(root, 'repository');
  mkdirSync(join(main, '.git', 'worktrees', 'one'), { recursive: true });
  writeFileSync(join(main, '.git', 'worktrees', 'one', 'commondir'), '../..\n');
  folder = join(root, 'one');
  write(join(folder, '.git'), `gitdir: ${join(main, '.git', 'worktrees', 'one')}\n`);
  const path = write(join(root, 'moved', '.claude.json'), {
    projects: { [main]: { mcpServers: { here: { command: 'x' } } } },
  });
  expect(await found({ CLAUDE_CONFIG_DIR: join(root, 'moved') })).toMatchObject([
    { scope: 'local', path, name: 'here' },
  ]);
});

test('OpenCode: servers of the user and of the repository, up to its root, comments allowed [CL-04]', async () => {
  const environment = { XDG_CONFIG_HOME: join(root, 'config') };
  const user = write(
    join(root, 'config', 'opencode', 'opencode.jsonc'),
    '{ // mine\n "mcp": { "memory": { "type": "local", "command": ["node", "x"], "environment": { "A": "b" }, }, }, }',
  );
  write(join(root, 'opencode.json'), { mcp: { above: { command: ['x'] } } });
  const top = write(join(root, 'repository', 'opencode.json'), { mcp: { memory: { command: ['y'], enabled: false } } });
  const own = write(join(folder, '.opencode', 'opencode.json'), {
    mcp: { far: { type: 'remote', url: 'https://a.b' } },
  });
  const client = 'opencode';
  expect(await found(environment)).toEqual([
    { client, scope: 'user', path: user, name: 'memory', isEnabled: true, command: ['node', 'x'], env: { A: 'b' } },
    { client, scope: 'project', path: top, name: 'memory', isEnabled: false, command: ['y'], env: {} },
    { client, scope: 'project', path: own, name: 'far', isEnabled: true, url: 'https://a.b' },
  ]);
});

test('a file that cannot be understood is told with the place in it, and the others are read [CL-04]', async () => {
  const broken = write(join(home, '.claude.json'), '{\n  "a": 1,\n  // no\n}');
  const shared = join(folder, '.mcp.json');
  mkdirSync(shared);
  const path = write(join(folder, 'opencode.json'), Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1'));
  writeFileSync(path, Buffer.from([0x7b, 0xff, 0x7d]));
  symlinkSync('nowhere', join(folder, 'opencode.jsonc'));
  expect(await found()).toEqual([
    { client: 'claude-code', scope: 'user', path: broken, problem: expect.stringContaining('line 3, column 3') },
    { client: 'claude-code', scope: 'project', path: shared, problem: expect.stringContaining('EISDIR') },
    { client: 'opencode', scope: 'project', path, problem: expect.stringContaining('UTF-8') },
  ]);
  rmSync(broken);
  symlinkSync('/dev/zero', broken);
  rmSync(path);
  spawnSync('sh', ['-c', 'mkfifo "$0"', path]);
  writeFileSync(join(home, 'large.json'), '');
  truncateSync(join(home, 'large.json'), 65 * 1_048_576);
  expect(await found({ OPENCODE_CONFIG: join(home, 'large.json') })).toMatchObject([
    { path: broken, problem: 'is no file' },
    { path: shared },
    { path: join(home, 'large.json'), problem: 'is larger than 64 MB' },
    { path, problem: 'is no file' },
  ]);
});

test.each([
  [['/usr/bin/node', '/opt/memory-mcp/bin/memory-mcp.js'], true],
  [['C:\\node.exe', 'C:\\x\\memory-mcp.js'], true],
  [['npx', '-y', '@episodica/memory-mcp@1.2.3'], true],
  [['memory-mcp'], true],
  [['/usr/local/bin/memory-mcp.cmd', '--data-dir', '/d'], true],
  [['node', '--import', 'tsx', '/opt/memory-mcp.js', '--http'], true],
  [['cmd', '/c', 'npx', '-y', '@episodica/memory-mcp'], true],
  [['npx', '-p', '@episodica/memory-mcp', 'memory-mcp'], true],
  [['npx', '-y', 'memory-mcp'], false],
  [['uvx', 'notes-server', '--dir', '/data/memory-mcp'], false],
  [['node', 'notes.js', '@episodica/memory-mcp'], false],
  [['npx', '-y', '@other/memory-mcp'], false],
  [['node', '/opt/memory-mcp/other.js'], false],
  [['memory-mcp-proxy'], false],
  [[], false],
])('a command is known as ours by its program: %j is %s [CL-04]', (command, isOurs) => {
  expect(startsOurServer(command)).toBe(isOurs);
});
