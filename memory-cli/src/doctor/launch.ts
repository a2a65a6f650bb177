// How a client would start a server: from what it has written down, with the variables in it, to a program on the disk.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { basename, delimiter, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryError } from '@episodica/memory-core';
import { type CommandEntry, startsOurServer } from '../clients/entry.ts';
import type { Here } from '../open.ts';

/** A server as it would be started. */
export interface Launch {
  /** Who would start it, for people. */
  readonly by: string;
  readonly command: readonly string[];
  /** On top of the environment here. */
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  /** Variables that are named and not set. */
  readonly missing: readonly string[];
}

/** As the client starts the entry in this folder. */
export function launchOf(entry: CommandEntry, { environment, folder }: Here): Launch {
  const missing = new Set<string>();
  const filled = (text: string): string => withVariables(text, { client: entry.client, environment, missing });
  return {
    by: `${entry.client} (${entry.scope}, "${entry.name}" in ${entry.path})`,
    command: entry.command.map(filled),
    env: Object.fromEntries(Object.entries(entry.env).map(([name, value]) => [name, filled(value)])),
    folder,
    missing: [...missing],
  };
}

/** The server that was installed with this program. */
export function ownLaunch({ folder }: Here): Launch {
  const sandbox = fileURLToPath(import.meta.resolve('@episodica/memory-mcp/sandbox'));
  const program = resolve(sandbox, '..', '..', '..', 'bin', 'memory-mcp.js');
  return { by: 'this installation', command: [process.execPath, program], env: {}, folder, missing: [] };
}

/** What a user typed, in words as a shell takes them: quotes hold one together. @throws `INVALID_INPUT` */
export function typedLaunch(text: string, { folder }: Here): Launch {
  const words = [...text.matchAll(/"([^"]*)"|'([^']*)'|([^\s"']+)/gu)].map((match) => match[1] ?? match[2] ?? match[3]);
  const command = words.filter((word) => word !== undefined);
  if (command.length > 0) return { by: '--server', command, env: {}, folder, missing: [] };
  throw new MemoryError('INVALID_INPUT', '--server: is empty; give the command that starts the server.');
}

/** What flags of a server say of its settings, and its command without them. */
export interface FlagsOfServer {
  readonly configFile?: string;
  readonly dataDir?: string;
  readonly others: readonly string[];
}

/** Of a program that is not ours the flags stay: nobody knows what they mean to it. */
export function flagsOfServer(command: readonly string[]): FlagsOfServer {
  const others: string[] = [];
  const flags: { configFile?: string; dataDir?: string } = {};
  for (let index = 0; index < command.length; index += 1) {
    const word = command[index] ?? '';
    const [, name, joined] = /^--(config|data-dir)(?:=([\s\S]*))?$/u.exec(word) ?? [];
    const value = joined ?? command[index + 1];
    if (name === undefined || value === undefined) {
      others.push(word);
      continue;
    }
    flags[name === 'config' ? 'configFile' : 'dataDir'] = value;
    if (joined === undefined) index += 1;
  }
  return { ...flags, others: startsOurServer(command) ? others : command };
}

interface Filling {
  readonly client: CommandEntry['client'];
  readonly environment: Here['environment'];
  readonly missing: Set<string>;
}

/** Claude Code replaces `${NAME}` and `${NAME:-otherwise}`, OpenCode `{env:NAME}`. */
function withVariables(text: string, { client, environment, missing }: Filling): string {
  if (client === 'opencode') return text.replace(/\{env:([^}]+)\}/gu, (_all, name: string) => environment[name] ?? '');
  return text.replace(/\$\{(\w+)(?::-([^}]*))?\}/gu, (all: string, name: string, otherwise: string | undefined) => {
    const value = environment[name] ?? otherwise;
    if (value === undefined) missing.add(name);
    return value ?? all;
  });
}

/** Where the program of a command is; `undefined` where there is none. */
export function programAt(
  [program = '']: readonly string[],
  { folder, path }: { readonly folder: string; readonly path: string | undefined },
): string | undefined {
  if (/[\\/]/u.test(program)) return existing(resolve(folder, program));
  const folders = (path ?? '').split(delimiter).filter((each) => each !== '');
  const names = process.platform === 'win32' ? ['.exe', '.cmd', '.bat', ''].map((end) => program + end) : [program];
  return folders
    .flatMap((each) => names.map((name) => resolve(folder, each, name)))
    .find((each) => existing(each) !== undefined && isExecutable(each));
}

function existing(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Options of node that take the next word. */
const TAKES_NEXT = new Set(['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions']);
/** The program itself stands in the command. */
const HAS_PROGRAM = new Set(['-e', '--eval', '-p', '--print', '-pe']);

/** The file that node is told to run, if that is what the command does. */
export function scriptOf(command: readonly string[]): string | undefined {
  if (!isNode(command)) return undefined;
  for (let index = 1; index < command.length; index += 1) {
    const word = command[index] ?? '';
    if (HAS_PROGRAM.has(word)) return undefined;
    if (!word.startsWith('-')) return word;
    if (TAKES_NEXT.has(word)) index += 1;
  }
  return undefined;
}

/** Whether a command begins with node itself. */
export function isNode([program = '']: readonly string[]): boolean {
  return /^node(?:\.exe)?$/u.test(basename(program));
}

/** What depends on the folder in which the client is started. */
export function relativePathIn(command: readonly string[]): string | undefined {
  const [program = ''] = command;
  const script = scriptOf(command);
  if (/[\\/]/u.test(program) && !isAbsolute(program)) return program;
  return script !== undefined && !isAbsolute(script) ? script : undefined;
}

/** Whether there is a script where the command says so, seen from a folder. */
export function hasScript(script: string, folder: string): boolean {
  return existsSync(isAbsolute(script) ? script : join(folder, script));
}

/** As it can be pasted into a shell. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
