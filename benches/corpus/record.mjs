// Records the corpus of errors and what fixed them: each case is a small program that is broken, run with the real tool,
// repaired and run again in a folder that is thrown away. `node benches/corpus/record.mjs` writes error-fix.jsonl anew,
// with names of families behind it those alone. Cases of a tool that is not there stay as they were.
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { c } from './families/c.mjs';
import { data } from './families/data.mjs';
import { git } from './families/git.mjs';
import { java } from './families/java.mjs';
import { javascript } from './families/javascript.mjs';
import { python } from './families/python.mjs';
import { rust } from './families/rust.mjs';
import { shell } from './families/shell.mjs';
import { testing } from './families/testing.mjs';
import { typescript } from './families/typescript.mjs';

const FAMILIES = [typescript, javascript, testing, data, shell, git, python, c, rust, java].flat();
const RUN_MS = 60_000;
const KEPT_OF_ERROR = 3_000;
const KEPT_OF_SUCCESS = 300;

const root = fileURLToPath(new URL('../../', import.meta.url));
const output = fileURLToPath(new URL('./error-fix.jsonl', import.meta.url));
/** Whose folder it was does not matter, but where it lay differs from case to case, as in life. */
const PLACES = ['/home/dev/projects', '/Users/kim/code', '/srv/build/workspace', '/home/ana/src'];

async function main(names) {
  const needed = [...new Set(FAMILIES.map(({ needs }) => needs))];
  const missing = needed.filter((tool) => !has(tool));
  if (missing.length > 0) console.log(`Left as they were, as the tool is not here: ${missing.join(', ')}`);
  const chosen = FAMILIES.filter(
    ({ name, needs }) => !missing.includes(needs) && (names.length === 0 || names.includes(name)),
  );
  const environment = toolEnvironment();
  const known = existsSync(output)
    ? readFileSync(output, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
    : [];
  const lines = new Map(
    FAMILIES.map(({ name }) => [name, known.filter((line) => JSON.parse(line).metadata.family === name)]),
  );
  for (const family of chosen) {
    const made = [];
    for (const [variant, one] of family.cases.entries()) {
      try {
        made.push(JSON.stringify(await recorded(family, variant, one, environment)));
      } catch (cause) {
        console.error(`${family.name}/${variant}: ${cause.message}`);
        process.exitCode = 1;
      }
    }
    console.log(`${family.name}: ${made.length} of ${family.cases.length}`);
    lines.set(family.name, made);
    writeFileSync(output, `${[...lines.values()].flat().join('\n')}\n`);
  }
}

/** One case as an episode: what was written, how it failed, what was changed, that it then went well. */
async function recorded(family, variant, one, environment) {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'error-fix-')));
  const folder = join(scratch, one.folder ?? 'app');
  try {
    const files = { ...family.files, ...ownCode(one), ...one.files };
    mkdirSync(join(scratch, 'home'));
    mkdirSync(folder);
    for (const [path, text] of Object.entries(files)) put(folder, path, broken(text));
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const neutral = neutralPaths(scratch, PLACES[(family.name.length + variant) % PLACES.length]);
    const run = async (command) =>
      neutral(await runShell(command, folder, { ...environment, HOME: join(scratch, 'home') }));
    for (const command of [...(family.setup ?? []), ...(one.setup ?? [])]) {
      const { code, text } = await run(command);
      if (code !== 0) throw new Error(`its preparation "${command}" ended with ${code}:\n${text}`);
    }
    const command = one.command ?? family.command;
    const failed = await run(command);
    if (failed.code === 0) throw new Error(`"${command}" was to fail and did not:\n${failed.text}`);
    const fixes = [];
    for (const [path, text] of Object.entries(files).filter(([, text]) => text.includes('«'))) {
      put(folder, path, repaired(text));
      fixes.push(editStep(path, text, one.why));
    }
    for (const repair of [one.repair ?? []].flat()) {
      const done = await run(repair);
      if (done.code !== 0) throw new Error(`its repair "${repair}" ended with ${done.code}:\n${done.text}`);
      fixes.push(shellStep(one.why, repair, { type: 'success', output: clipped(done.text, KEPT_OF_SUCCESS) }));
    }
    const again = one.again ?? command;
    const fixed = await run(again);
    if (fixed.code !== 0) throw new Error(`"${again}" still failed with ${fixed.code}:\n${fixed.text}`);
    const written = Object.keys(files).filter((path) => !(path in (family.files ?? {})));
    return {
      task_description: one.task,
      domain: 'error-fix',
      task_type: 'debugging',
      language: family.language,
      metadata: { family: family.name, tool: family.needs, variant, part: variant % 2 === 0 ? 'build' : 'judge' },
      steps: [
        ...written.slice(0, 1).map((path) => ({
          tool: 'write',
          action: `write ${path}`,
          parameters: { file_path: path },
          result: { type: 'success' },
        })),
        shellStep(`run ${command}`, command, {
          type: 'error',
          message: `${clipped(failed.text, KEPT_OF_ERROR)}\nExit code ${failed.code}`,
        }),
        ...fixes,
        shellStep(`run ${again}`, again, { type: 'success', output: clipped(fixed.text, KEPT_OF_SUCCESS) }),
      ],
      outcome: { kind: 'success', artifacts: [] },
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Code of this repository, copied as it is but for one passage that is made wrong. */
function ownCode({ own }) {
  if (own === undefined) return {};
  const text = readFileSync(join(root, own.path), 'utf8');
  if (!text.includes(own.good))
    throw new Error(`${own.path} no longer has the passage that is to be broken: ${own.good}`);
  return { [own.as]: text.replace(own.good, () => `«${own.bad}⇒${own.good}»`) };
}

/** `«wrong⇒right»` marks what is to be repaired. */
const MARK = /«([^»]*?)⇒([^»]*?)»/gu;
const broken = (text) => text.replace(MARK, (_, bad) => bad);
const repaired = (text) => text.replace(MARK, (_, __, good) => good);

function editStep(path, text, why) {
  const changed = [...text.matchAll(/^.*«[^»]*».*$/gmu)].map(([lines]) => lines);
  const parameters = {
    file_path: path,
    old_string: changed.map(broken).join('\n'),
    new_string: changed.map(repaired).join('\n'),
  };
  return { tool: 'edit', action: why, parameters, result: { type: 'success' } };
}

function shellStep(action, command, result) {
  return { tool: 'bash', action, parameters: { command }, result };
}

function put(folder, path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text, { mode: 0o644 });
}

function has(tool) {
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`], {
      env: { PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}` },
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

/** What the tools see: no colours, no home of a person, one moment for git. */
function toolEnvironment() {
  const python = has('python3')
    ? dirname(execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim())
    : '';
  const at = '2026-01-01T00:00:00Z';
  return {
    PATH: [join(root, 'node_modules/.bin'), python, process.env.PATH].filter((part) => part !== '').join(':'),
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(homedir(), '.rustup'),
    LANG: 'C.UTF-8',
    PYTHONDONTWRITEBYTECODE: '1',
    GIT_AUTHOR_DATE: at,
    GIT_COMMITTER_DATE: at,
    npm_config_update_notifier: 'false',
    npm_config_offline: 'true',
    npm_config_fund: 'false',
    npm_config_audit: 'false',
  };
}

function runShell(command, cwd, env) {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', `exec 2>&1\n${command}`], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: RUN_MS,
    });
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? signal, text }));
  });
}

/** Folders of this machine, and what differs from run to run, become what they might be elsewhere. */
function neutralPaths(scratch, place) {
  const python = /\/[^\s"']*\/lib\/python3/gu;
  return ({ code, text }) => ({
    code,
    text: text
      .replaceAll(scratch, place)
      .replaceAll(root.replace(/\/$/u, ''), '/opt/tools')
      .replace(/\/[^\s"']*\/toolchains\/[^/\s]+/gu, '/rustc')
      .replace(python, '/usr/lib/python3')
      .replace(/\d+(?:\.\d+)?((?:\s|\u001b\[\d+m)*)(ms|s|seconds)\b/gu, '1$1$2')
      .replace(/duration_ms:? [\d.]+/gu, 'duration_ms 1')
      .replace(/\b\d\d:\d\d:\d\d\b/gu, '12:00:00')
      .replace(/\b\d{4}-\d\d-\d\dT[\d_:]+Z?/gu, '2026-01-01T00_00_00')
      .replace(/\(node:\d+\)/gu, '(node:4242)')
      .replace(/thread 'main' \(\d+\)/gu, "thread 'main' (4242)")
      .replace(/\/tmp\/cc\w+\.o/gu, '/tmp/ccAb12Cd.o')
      .replace(/\b0x[\da-f]{6,}\b/gu, '0x7f3a5c0de000')
      .trim(),
  });
}

function clipped(text, characters) {
  if (text.length <= characters) return text;
  const half = characters / 2;
  return `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`;
}

await main(process.argv.slice(2));
