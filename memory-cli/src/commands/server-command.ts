// How a client is to start the server that belongs to this program.
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MemoryError } from '@episodica/memory-core';
import { examineConfig, SETTINGS, settingRule } from '@episodica/memory-core/config';
import type { Server } from '../clients/client.ts';
import type { Launch } from '../doctor/launch.ts';
import { surroundingsOfLaunch } from '../doctor/settings.ts';
import { here, type Invocation, readSettings } from '../open.ts';
import { VERSION } from '../version.ts';

/**
 * By absolute paths, as a client may run with another PATH; from the registry, where this program came from there and
 * may be gone tomorrow. What names data or a configuration in this call holds for the server, too.
 * @throws `INVALID_INPUT`
 */
export async function serverOf(invocation: Invocation, given: readonly string[]): Promise<Server> {
  const { config } = invocation;
  const flags = config === undefined ? [] : ['--config', resolve(config)];
  return {
    command: [...serverCommand(fileURLToPath(import.meta.url), process.platform), ...flags],
    env: { ...(await dataOf(invocation)), ...variablesOf(given) },
  };
}

/** By where this program lies. */
export function serverCommand(ownPath: string, platform: NodeJS.Platform): readonly string[] {
  if (/[\\/]_npx[\\/]/u.test(ownPath)) {
    const command = ['npx', '-y', `@episodica/memory-mcp@${VERSION}`];
    // There npx is a script, which only a shell starts.
    return platform === 'win32' ? ['cmd', '/c', ...command] : command;
  }
  return [process.execPath, serverPath()];
}

function serverPath(): string {
  const inside = fileURLToPath(import.meta.resolve('@episodica/memory-mcp/sandbox'));
  for (let folder = dirname(inside); folder !== dirname(folder); folder = dirname(folder)) {
    if (isServerPackage(join(folder, 'package.json'))) return join(folder, 'bin', 'memory-mcp.js');
  }
  throw new MemoryError('NOT_SUPPORTED', `${inside}: memory-mcp is not whole there; install memory-cli again.`);
}

function isServerPackage(path: string): boolean {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).name === '@episodica/memory-mcp';
  } catch {
    return false;
  }
}

/** What --data-dir means, as the server takes it. */
async function dataOf(invocation: Invocation): Promise<Readonly<Record<string, string>>> {
  if (invocation.dataDir === undefined) return {};
  const { values } = await readSettings({ ...invocation, dataDir: undefined });
  if (values.TURSO_SYNC_URL !== '') {
    const what = '--data-dir: TURSO_SYNC_URL is set, and the server would follow that database';
    throw new MemoryError('INVALID_INPUT', `${what}. Take it out of the settings, or leave --data-dir out.`);
  }
  const folder = resolve(invocation.dataDir);
  return {
    MEMORY_DATA_DIR: folder,
    DATABASE_URL: pathToFileURL(join(folder, 'memory.db')).href,
    LMDB_CACHE_PATH: join(folder, 'cache'),
  };
}

function variablesOf(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, value] = /^([A-Za-z_][A-Za-z0-9_]*)=([\s\S]*)$/u.exec(text) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      throw new MemoryError('INVALID_INPUT', '--env: give NAME=VALUE, such as MEMORY_PROJECT=shop.');
    }),
  );
}

/**
 * Refuses what is no setting and looks like one, and values with which the server would refuse every call. Variables of
 * other programs may be anything. `launch` is the entry as it will stand.
 * @throws `INVALID_INPUT`
 */
export async function refuseBadSettings(launch: Launch, given: readonly string[]): Promise<void> {
  const { problems, hints } = await examineConfig(surroundingsOfLaunch(launch, here()));
  const names = Object.keys(variablesOf(given));
  const stray = hints.find((hint) => names.some((name) => hint.startsWith(`${name} `)));
  if (stray !== undefined) {
    throw new MemoryError('INVALID_INPUT', `--env: ${stray.replace(' in the environment', '')}`);
  }
  // What the client will put in place of a variable that is not set here, nobody knows.
  if (launch.missing.length > 0) return;
  const bad = problems.find(({ origin }) => origin?.layer !== 'user file' && origin?.layer !== 'project file');
  if (bad === undefined) return;
  const isKept = bad.origin !== undefined && !names.includes(bad.origin.place);
  const what = `${isKept ? 'The entry that is there' : '--env'}: ${bad.message.replace(' (environment)', '')}`;
  const advice = 'With it the server refuses every call; give another value with --env. Nothing was written.';
  throw new MemoryError('INVALID_INPUT', `${what} ${advice}`);
}

/** Names of the variables that must not be read by others. */
export function secretsAmong({ env }: Server): readonly string[] {
  return Object.keys(env).filter((name) => SETTINGS.some((each) => each === name && settingRule(each).isSecret));
}
