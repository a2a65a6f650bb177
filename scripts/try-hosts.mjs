// Adds the server to Claude Code and OpenCode as their users would, in a throw-away home, and asks them whether they
// reach it. Downloads both (some 600 MB), so it is for a person to run: npm run try:hosts [-- --hosts FOLDER]
// With --hosts they are installed into FOLDER and stay there; a second run finds them.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';

const SERVER = join(dirname(fileURLToPath(import.meta.url)), '..', 'memory-mcp', 'bin', 'memory-mcp.js');
const CLI = join(dirname(fileURLToPath(import.meta.url)), '..', 'memory-cli', 'bin', 'memory-cli.js');
const LONGEST_RUN_MS = 120_000;
const LONGEST_INSTALL_MS = 1_800_000;

const { values } = parseArgs({ options: { hosts: { type: 'string' } } });
const place = realpathSync(mkdtempSync(join(tmpdir(), 'try-hosts-')));
const token = randomBytes(32).toString('hex');
const server = spawn(process.execPath, [SERVER, '--http', '--port', '0'], {
  env: { PATH: process.env.PATH, HOME: place, MEMORY_DATA_DIR: join(place, 'data'), MCP_TOKEN: token },
  stdio: ['ignore', 'ignore', 'pipe'],
});
try {
  const hosts = installed(values.hosts ?? join(place, 'hosts'));
  process.exitCode = tryAll(hosts, { url: await address(server), header: `Bearer ${token}` });
} finally {
  server.kill();
  await once(server, 'close');
  rmSync(place, { recursive: true, force: true });
}

/** Answers the exit code: 0 where each way ended in a connection. */
function tryAll({ claude, opencode }, http) {
  const claudeVersion = version(claude);
  const opencodeVersion = version(opencode);
  const rows = [];
  for (const [way, add] of Object.entries(claudeWays(claude, http))) {
    rows.push({ host: `Claude Code ${claudeVersion}`, way, ...outcome(claude, add, /^memory: .* Connected$/mu) });
  }
  for (const [way, add] of Object.entries(opencodeWays(http))) {
    rows.push({ host: `OpenCode ${opencodeVersion}`, way, ...outcome(opencode, add, /memory\s+connected/u) });
  }
  console.table(rows);
  return rows.every(({ result }) => result === 'connected') ? 0 : 1;
}

/** By what each way is called: what is done before the host is asked. */
function claudeWays(claude, { url, header }) {
  const add = (folder, flags) =>
    run(claude, ['mcp', 'add', ...flags, 'memory', '--', process.execPath, SERVER], folder);
  const init = (folder, flags) => run(process.execPath, [CLI, 'init', 'claude-code', '--yes', ...flags], folder);
  return {
    'init claude-code': (folder) => init(folder, []),
    'init claude-code --scope local': (folder) => init(folder, ['--scope', 'local']),
    'init claude-code --scope project, approved': (folder) => {
      init(folder, ['--scope', 'project']);
      writeJson(join(folder.home, '.claude', 'settings.json'), { enabledMcpjsonServers: ['memory'] });
    },
    'claude mcp add': (folder) => add(folder, []),
    'claude mcp add --scope user': (folder) => add(folder, ['--scope', 'user']),
    'claude mcp add --transport http': (folder) => {
      const flags = ['--transport', 'http', 'memory', url, '--header', `Authorization: ${header}`];
      run(claude, ['mcp', 'add', ...flags], folder);
    },
    '.mcp.json, approved by the user': ({ home, work }) => {
      const memory = { command: process.execPath, args: [SERVER] };
      writeJson(join(work, '.mcp.json'), { mcpServers: { memory } });
      writeJson(join(home, '.claude', 'settings.json'), { enabledMcpjsonServers: ['memory'] });
    },
  };
}

function opencodeWays({ url, header }) {
  const memory = { type: 'local', command: [process.execPath, SERVER], enabled: true };
  const init = (folder, flags) => run(process.execPath, [CLI, 'init', 'opencode', '--yes', ...flags], folder);
  return {
    'init opencode': (folder) => init(folder, []),
    'init opencode --scope project': (folder) => init(folder, ['--scope', 'project']),
    'opencode.json of the project': ({ work }) => writeJson(join(work, 'opencode.json'), { mcp: { memory } }),
    'opencode.json of the user': ({ home }) =>
      writeJson(join(home, '.config', 'opencode', 'opencode.json'), { mcp: { memory } }),
    'opencode.json, over HTTP': ({ work }) => {
      const remote = { type: 'remote', url, headers: { Authorization: header }, oauth: false, enabled: true };
      writeJson(join(work, 'opencode.json'), { mcp: { memory: remote } });
    },
  };
}

/** Where the server says that it listens. */
async function address({ stderr }) {
  let said = '';
  for await (const chunk of stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += chunk;
    const [, url] = /listening on (\S+);/u.exec(said) ?? [];
    if (url === undefined) continue;
    stderr.resume();
    return url;
  }
  throw new Error(`The server over HTTP ended: ${said}`);
}

/** Each way has a home and a working folder of its own. */
function outcome(program, add, connected) {
  const folder = mkdtempSync(join(place, 'way-'));
  const where = { home: join(folder, 'home'), work: join(folder, 'work') };
  mkdirSync(where.home);
  mkdirSync(where.work);
  add(where);
  const startedMs = performance.now();
  const said = run(program, ['mcp', 'list'], where);
  const seconds = Number(((performance.now() - startedMs) / 1_000).toFixed(1));
  if (connected.test(said)) return { result: 'connected', seconds };
  console.error(said);
  return { result: 'NOT CONNECTED', seconds };
}

/** What the program says, without colours. */
function run(program, args, { home, work }) {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    USERPROFILE: home,
    // They would report to their makers, and fetch newer versions of themselves.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    OPENCODE_DISABLE_AUTOUPDATE: '1',
  };
  const options = { cwd: work, env, encoding: 'utf8', input: '', timeout: LONGEST_RUN_MS };
  const { stdout, stderr, error, status } = spawnSync(program, args, options);
  const said = stripVTControlCharacters(`${stdout ?? ''}${stderr ?? ''}`);
  if (error !== undefined || status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error ?? said}`);
  return said;
}

function version(program) {
  const folder = mkdtempSync(join(place, 'home-'));
  return run(program, ['--version'], { home: folder, work: folder }).trim().split(' ')[0];
}

/** Installs both with their install scripts blocked, so the program for this platform is taken from where it comes. */
function installed(folder) {
  const modules = join(folder, 'node_modules');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const programs = {
    claude: join(modules, '@anthropic-ai', `claude-code-${process.platform}-${process.arch}`, `claude${suffix}`),
    opencode: join(modules, `opencode-${system}-${process.arch}`, 'bin', `opencode${suffix}`),
  };
  if (Object.values(programs).every((path) => existsSync(path))) return programs;
  mkdirSync(folder, { recursive: true });
  const packages = ['@anthropic-ai/claude-code', 'opencode-ai'];
  const flags = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund'];
  console.error(`Installing ${packages.join(' and ')} into ${folder} …`);
  const options = { stdio: 'inherit', shell: process.platform === 'win32', timeout: LONGEST_INSTALL_MS };
  const { status } = spawnSync('npm', ['install', ...flags, ...packages], options);
  if (status !== 0) throw new Error('npm could not install the hosts; its messages are above.');
  return programs;
}

function writeJson(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`);
}
