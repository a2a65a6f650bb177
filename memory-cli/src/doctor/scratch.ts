// A folder in which a server is tried, so that it neither reads nor writes what the user stored, and asks no host.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface ScratchFolder {
  readonly path: string;
  /** The file of the store in it. */
  readonly database: string;
  /** Settings that the user's own file makes, which is not read in there. */
  readonly settings: Readonly<Record<string, string>>;
  remove(): void;
}

export function scratchFolder(settings: ScratchFolder['settings']): ScratchFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'memory-doctor-')));
  return {
    path,
    database: join(path, 'memory.db'),
    settings,
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/**
 * The environment of the client's entry, with everything that says where things are turned to the folder; what a host is
 * named by goes, also where the user's file says it.
 */
export function scratchEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  { path, database, settings }: ScratchFolder,
): Readonly<Record<string, string>> {
  const given = { ...settings, ...environment };
  const { TURSO_DATABASE_URL: _url, TURSO_SYNC_URL: _sync, TURSO_AUTH_TOKEN: _token, ...others } = given;
  const set = Object.entries({ ...others, ...placesIn(path, database) });
  return Object.fromEntries(set.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

function placesIn(path: string, database: string): Readonly<Record<string, string>> {
  const config = join(path, 'config');
  return {
    MEMORY_DATA_DIR: path,
    DATABASE_URL: pathToFileURL(database).href,
    LMDB_CACHE_PATH: join(path, 'cache'),
    // As if nobody had set it: beside the data.
    MEMORY_LOG_FILE: '',
    EMBEDDING_PROVIDER: 'local',
    EMBEDDING_MODEL: '',
    EMBEDDING_DIMENSIONS: '',
    REFLECTOR_PROVIDER: 'none',
    REFLECTOR_MODEL: '',
    // Where the user's own file would be: it may name a host, which no variable can take back.
    ...(process.platform === 'win32' ? { APPDATA: config } : { XDG_CONFIG_HOME: config }),
  };
}
