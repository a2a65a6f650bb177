// Where files and folders are when nobody says so.
import { join, posix, win32 } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MemoryError } from '../errors.ts';
import { type Config, settingRule } from './settings.ts';

/** Whose machine it is. */
export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** The platform's folder for the data of a user's programs, with ours in it. @throws `INVALID_INPUT` without a home */
export function defaultDataDir(machine: Machine): string {
  const { platform } = machine;
  if (platform === 'darwin') return join(homeOf(machine), 'Library', 'Application Support', 'episodica');
  return platform === 'win32'
    ? join(folderIn(machine, 'LOCALAPPDATA') ?? join(homeOf(machine), 'AppData', 'Local'), 'episodica')
    : join(folderIn(machine, 'XDG_DATA_HOME') ?? join(homeOf(machine), '.local', 'share'), 'episodica');
}

/** Where the user's own `memory-cli.toml` lies. @throws `INVALID_INPUT` without a home */
export function userConfigPath(machine: Machine): string {
  const folder =
    machine.platform === 'win32'
      ? (folderIn(machine, 'APPDATA') ?? join(homeOf(machine), 'AppData', 'Roaming'))
      : (folderIn(machine, 'XDG_CONFIG_HOME') ?? join(homeOf(machine), '.config'));
  return join(folder, 'episodica', 'memory-cli.toml');
}

/** One that is not absolute means nothing: it would lie in whichever repository a program is started. */
function folderIn({ environment, platform }: Machine, name: string): string | undefined {
  const folder = environment[name];
  return folder !== undefined && isAbsoluteOn(platform, folder) ? folder : undefined;
}

function homeOf({ home, platform }: Machine): string {
  if (isAbsoluteOn(platform, home)) return home;
  const name = platform === 'win32' ? 'USERPROFILE' : 'HOME';
  const what = `${name}: the home folder is "${home}", which is no whole path`;
  throw new MemoryError('INVALID_INPUT', `${what}. Set ${name} to the folder of the user.`);
}

function isAbsoluteOn(platform: NodeJS.Platform, path: string): boolean {
  return (platform === 'win32' ? win32 : posix).isAbsolute(path);
}

/** The URL of the database in a data folder. A replica is never the file that may hold a memory of its own. */
export function databaseIn(dataDir: string, kind: 'own' | 'replica'): string {
  return pathToFileURL(join(dataDir, FILES[kind])).href;
}

const FILES = Object.freeze({ own: 'memory.db', replica: 'replica.db' });

/** Where the caches are in a data folder. */
export function cacheIn(dataDir: string): string {
  return join(dataDir, 'cache');
}

/** What is logged into in a data folder. */
export function logFileIn(dataDir: string): string {
  return join(dataDir, 'logs', 'episodica.log');
}

/** Where the log is written; nothing where it goes to standard error alone. */
export function logPathOf({ MEMORY_LOG_FILE: path }: Config): string | undefined {
  return path === settingRule('MEMORY_LOG_FILE').noPath ? undefined : path;
}

/** Where programs keep their figures in a data folder. */
export function figuresIn(dataDir: string): string {
  return join(dataDir, 'figures');
}

/**
 * A warning where a memory would begin in a folder in which there is a replica: what was set before may be missing now.
 * `exists` looks whether there is a file.
 */
export function strayReplicaIn(values: Config, exists: (path: string) => boolean): readonly string[] {
  const own = join(values.MEMORY_DATA_DIR, FILES.own);
  const replica = join(values.MEMORY_DATA_DIR, FILES.replica);
  if (
    values.TURSO_SYNC_URL !== '' ||
    values.DATABASE_URL !== pathToFileURL(own).href ||
    exists(own) ||
    !exists(replica)
  )
    return [];
  return [`${replica} lies here and TURSO_SYNC_URL is not set; the memory is ${own}, which is new.`];
}
