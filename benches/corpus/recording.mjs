// What recording a corpus takes: a folder that is thrown away, the real tools, and texts free of this machine.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const RUN_MS = 60_000;

export const root = fileURLToPath(new URL('../../', import.meta.url));
/** Whose folder it was does not matter, but where it lay differs from case to case, as in life. */
export const PLACES = ['/home/dev/projects', '/Users/kim/code', '/srv/build/workspace', '/home/ana/src'];

export function shellStep(action, command, result) {
  return { tool: 'bash', action, parameters: { command }, result };
}

export function put(folder, path, text) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text, { mode: 0o644 });
}

export function has(tool) {
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
export function toolEnvironment() {
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

export function runShell(command, cwd, env) {
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
export function neutralPaths(scratch, place) {
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

export function clipped(text, characters) {
  if (text.length <= characters) return text;
  const half = characters / 2;
  return `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`;
}
