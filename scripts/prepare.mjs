// Makes a bare clone ready: installs what the lock file says, then builds what has changed.
// Uses nothing but Node, so that it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Node ${process.versions.node} is too old; install Node 20.19 or newer.\n`);
  process.exit(1);
}

if (!isInstalled()) run('npm', ['ci', '--include=dev', '--no-fund', '--no-audit'], 'inherit');
process.stderr.write('Building …\n');
run(process.execPath, [turbo(), 'run', 'build', '--output-logs=errors-only'], 'pipe');

function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  // Without development dependencies it was installed for something else.
  if (!existsSync(installed) || !existsSync(turbo())) return false;
  return statSync(installed).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

/** The program itself: `npx` would take settings from an `npx` around us. */
function turbo() {
  return join(root, 'node_modules', 'turbo', 'bin', 'turbo');
}

/** With `pipe`, what the command says is shown only when it fails. */
function run(command, args, stdio) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1' };
  // A shell only where npm is a script file, which Node refuses to start directly.
  const options = { cwd: root, stdio, env, shell: process.platform === 'win32' };
  const { status, stdout, stderr } = spawnSync(command, args, options);
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  process.exit(status ?? 1);
}
