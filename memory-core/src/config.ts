// One configuration for library and programs. Pure: takes records, reads no file and no environment.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MemoryError } from './errors.ts';

/** Settings by the name they have in the environment; in a `memory-cli.toml` the same names in lower case. */
export interface Config {
  /** Folder of everything that is stored. */
  readonly MEMORY_DATA_DIR: string;
  /** `file:` URL of the database. */
  readonly DATABASE_URL: string;
  /** Folder of the caches, one for each store that was opened; can be deleted at any time. */
  readonly LMDB_CACHE_PATH: string;
  readonly MEMORY_CACHE_SIZE_MB: number;
  /** Empty: found from the working folder, see `projectOf`. */
  readonly MEMORY_PROJECT: string;
  /** `full`: an answer means on disk. `normal`: a power cut may lose the last commits. */
  readonly MEMORY_DURABILITY: 'full' | 'normal';
  readonly MEMORY_LOG_LEVEL: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Empty: standard error. */
  readonly MEMORY_LOG_FILE: string;
}
export type Setting = keyof Config;

export type Origin = 'default' | 'user file' | 'project file' | 'environment' | 'flag';

export interface ResolvedConfig {
  readonly values: Config;
  readonly origins: Readonly<Record<Setting, Origin>>;
  /** What was set in a project's file and not taken from there. */
  readonly warnings: readonly string[];
}

/** Where settings come from, weakest first. Absent layers are left out. */
export interface ConfigLayers {
  readonly userFile?: Readonly<Record<string, unknown>>;
  readonly projectFile?: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags?: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

interface SettingRule {
  /** May a project's file, which comes with somebody's repository, set it? */
  readonly isProjectSetting: boolean;
  readonly choices?: readonly string[];
  readonly range?: readonly [number, number];
}

const RULES: Readonly<Record<Setting, SettingRule>> = Object.freeze({
  MEMORY_DATA_DIR: { isProjectSetting: false },
  DATABASE_URL: { isProjectSetting: false },
  LMDB_CACHE_PATH: { isProjectSetting: false },
  MEMORY_CACHE_SIZE_MB: { isProjectSetting: true, range: [8, 65_536] },
  MEMORY_PROJECT: { isProjectSetting: true },
  MEMORY_DURABILITY: { isProjectSetting: false, choices: ['full', 'normal'] },
  MEMORY_LOG_LEVEL: { isProjectSetting: true, choices: ['debug', 'info', 'warn', 'error', 'silent'] },
  MEMORY_LOG_FILE: { isProjectSetting: false },
});

// The record above names every setting and nothing else.
export const SETTINGS: readonly Setting[] = Object.keys(RULES) as Setting[];

/** Settings that promise what this version cannot do: refused, never ignored. */
const NOT_YET: Readonly<Record<string, string>> = Object.freeze({
  MEMORY_ENCRYPTION_KEY: 'This version cannot encrypt; nothing was opened. Unset it to store in plain text.',
  TURSO_DATABASE_URL: 'This version stores in a local file only. Unset it, or set DATABASE_URL to a file: URL.',
  TURSO_SYNC_URL: 'This version has no replicas. Unset it.',
  EMBEDDING_PROVIDER: 'This version searches by words only. Unset it.',
});

/**
 * The settings that hold, and where each comes from.
 * @throws `INVALID_INPUT` for an unknown name or a bad value, `NOT_SUPPORTED` for what this version cannot do
 */
export function resolveConfig(layers: ConfigLayers): ResolvedConfig {
  const warnings: string[] = [];
  const given = new Map<Setting, { readonly value: string; readonly origin: Origin }>();
  const take = (setting: Setting, value: unknown, origin: Origin): void => {
    if (value === undefined || (typeof value === 'string' && value.trim() === '')) return;
    given.set(setting, { value: checked(setting, value, origin), origin });
  };
  for (const [name, value] of Object.entries(layers.userFile ?? {})) take(settingOf(name), value, 'user file');
  for (const [name, value] of Object.entries(layers.projectFile ?? {})) {
    const setting = SETTINGS.find((known) => known.toLowerCase() === name);
    if (setting === undefined || !RULES[setting].isProjectSetting) {
      warnings.push(`memory-cli.toml of the project may not set ${name}; it was not taken from there.`);
    } else take(setting, value, 'project file');
  }
  for (const layer of [layers.environment, layers.flags ?? {}]) refuseNotYet(layer);
  for (const setting of SETTINGS) take(setting, layers.environment[setting], 'environment');
  for (const setting of SETTINGS) take(setting, layers.flags?.[setting], 'flag');
  return { ...withDefaults(given, layers), warnings };
}

/** The platform's folder for the data of a user's programs, with ours in it. */
export function defaultDataDir(layers: Pick<ConfigLayers, 'environment' | 'platform' | 'home'>): string {
  const { environment, home, platform } = layers;
  if (platform === 'win32') return join(environment.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'episodica');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'episodica');
  return join(environment.XDG_DATA_HOME || join(home, '.local', 'share'), 'episodica');
}

/** Where the user's own `memory-cli.toml` lies. */
export function userConfigPath(layers: Pick<ConfigLayers, 'environment' | 'platform' | 'home'>): string {
  const { environment, home, platform } = layers;
  if (platform === 'win32')
    return join(environment.APPDATA ?? join(home, 'AppData', 'Roaming'), 'episodica', 'memory-cli.toml');
  return join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'episodica', 'memory-cli.toml');
}

function withDefaults(
  given: ReadonlyMap<Setting, { readonly value: string; readonly origin: Origin }>,
  layers: ConfigLayers,
): Omit<ResolvedConfig, 'warnings'> {
  const of = (setting: Setting, otherwise: string): string => given.get(setting)?.value ?? otherwise;
  const dataDir = of('MEMORY_DATA_DIR', defaultDataDir(layers));
  const databaseUrl = of('DATABASE_URL', pathToFileURL(join(dataDir, 'memory.db')).href);
  if (!databaseUrl.startsWith('file:')) {
    throw new MemoryError('NOT_SUPPORTED', `DATABASE_URL: this version stores in a local file only; use a file: URL.`);
  }
  const values: Config = {
    MEMORY_DATA_DIR: dataDir,
    DATABASE_URL: databaseUrl,
    LMDB_CACHE_PATH: of('LMDB_CACHE_PATH', join(dataDir, 'cache')),
    MEMORY_CACHE_SIZE_MB: Number(of('MEMORY_CACHE_SIZE_MB', '256')),
    MEMORY_PROJECT: of('MEMORY_PROJECT', ''),
    // `checked` has seen to it that these two are among their choices.
    MEMORY_DURABILITY: of('MEMORY_DURABILITY', 'full') as Config['MEMORY_DURABILITY'],
    MEMORY_LOG_LEVEL: of('MEMORY_LOG_LEVEL', 'info') as Config['MEMORY_LOG_LEVEL'],
    MEMORY_LOG_FILE: of('MEMORY_LOG_FILE', ''),
  };
  const origins = SETTINGS.map((setting) => [setting, given.get(setting)?.origin ?? 'default'] as const);
  // `SETTINGS` names every key of the record.
  return { values, origins: Object.fromEntries(origins) as Record<Setting, Origin> };
}

function settingOf(name: string): Setting {
  const setting = SETTINGS.find((known) => known.toLowerCase() === name);
  if (setting !== undefined) return setting;
  const nearest = nearestName(
    name,
    SETTINGS.map((known) => known.toLowerCase()),
  );
  throw new MemoryError('INVALID_INPUT', `memory-cli.toml: there is no setting "${name}"; did you mean "${nearest}"?`);
}

function checked(setting: Setting, value: unknown, origin: Origin): string {
  const { choices, range } = RULES[setting];
  const text = typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined;
  const refuse = (what: string): MemoryError => new MemoryError('INVALID_INPUT', `${setting} (${origin}): ${what}.`);
  if (text === undefined) throw refuse('is neither text nor a number');
  if (choices !== undefined && !choices.includes(text)) throw refuse(`"${text}" is none of ${choices.join(', ')}`);
  if (range !== undefined && !(Number(text) >= range[0] && Number(text) <= range[1])) {
    throw refuse(`"${text}" is not a number from ${range[0]} to ${range[1]}`);
  }
  return text;
}

function refuseNotYet(layer: Readonly<Record<string, string | undefined>>): void {
  for (const [name, reason] of Object.entries(NOT_YET)) {
    if (layer[name]) throw new MemoryError('NOT_SUPPORTED', `${name} is set. ${reason}`);
  }
}

/** The candidate with the fewest edits (Levenshtein distance). */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const distances = candidates.map((candidate) => ({ candidate, distance: editDistance(name, candidate) }));
  return distances.sort((a, b) => a.distance - b.distance)[0]?.candidate;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
