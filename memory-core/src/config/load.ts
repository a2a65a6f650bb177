// Reads the files of settings, and answers what holds here. Every program asks this, so that all mean the same data.
import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isMemoryError, MemoryError } from '../errors.ts';
import { projectConfigPath, projectOf, projectRoot } from '../project.ts';
import { closeName } from './nearest-name.ts';
import { cacheIn, databaseIn, type Machine, strayReplicaIn, userConfigPath } from './places.ts';
import {
  type ConfigLayers,
  checkedConfig,
  type Problem,
  type Refusal,
  type ResolvedConfig,
  type SettingsFile,
} from './resolve.ts';
import { SETTINGS, settingNames, settingRule } from './settings.ts';
import { readSettingsFile } from './toml-file.ts';

/** Where a program runs, and what it was told by flags. */
export interface Surroundings extends Machine {
  /** The folder it works in. */
  readonly folder: string;
  /** Read in place of the user's own file: `--config`. */
  readonly configFile?: string | undefined;
  /** Holds everything, whatever else is set: `--data-dir`. */
  readonly dataDir?: string | undefined;
  /** By setting; one that is empty takes back what is set elsewhere. */
  readonly flags?: ConfigLayers['flags'];
}

/** The settings that hold here. */
export interface LoadedConfig extends ResolvedConfig {
  /** The files that were read; absent where there is none. */
  readonly files: { readonly user?: string; readonly project?: string };
  /** Where the user's file would be, and that of the project. */
  readonly userFilePath: string;
  readonly projectFilePath: string;
  /** The project of the working folder, or the one that is set. */
  readonly project: string;
}

/**
 * The settings by defaults, the user's file, the project's file, environment and flags.
 * @throws `INVALID_INPUT` for the first thing that is wrong
 */
export async function loadConfig(surroundings: Surroundings): Promise<LoadedConfig> {
  const { config, problems } = await examined(surroundings);
  const [first] = problems;
  if (first !== undefined) throw refusal(first, problems.length);
  return config;
}

/** Says also where all of it is told. */
function refusal({ message, cause }: Refusal, count: number): MemoryError {
  const all = count === 1 ? 'looks at all settings' : `tells all ${count} problems`;
  return new MemoryError(cause.code, `${message} "memory-cli config validate" ${all}.`, { cause });
}

/** All that can be said of the settings, also where they are wrong. */
export interface ExaminedConfig {
  /** Without what is refused, so of no use to open data by where there is a problem. Its warnings say nothing that is among the problems. */
  readonly config: LoadedConfig;
  readonly problems: readonly Problem[];
  /** Those of them with which nothing opens. */
  readonly refused: readonly Problem[];
  /** The others: what a project's file may not say, and was not taken. */
  readonly strays: readonly Problem[];
  /** Names in the environment that mean nothing here and look as if they should. */
  readonly hints: readonly string[];
}

/** As `loadConfig`, with all that is wrong instead of an error. */
export async function examineConfig(surroundings: Surroundings): Promise<ExaminedConfig> {
  const { config, problems, strays } = await examined(surroundings);
  const told = new Set(strays.map(({ message }) => message));
  const refused = problems.map(({ message, origin, settings }) => ({ message, origin, settings }));
  return {
    config: { ...config, warnings: config.warnings.filter((warning) => !told.has(warning)) },
    problems: [...refused, ...strays],
    refused,
    strays,
    hints: misspelt(surroundings.environment),
  };
}

async function examined(surroundings: Surroundings): Promise<{
  readonly config: LoadedConfig;
  readonly problems: readonly Refusal[];
  readonly strays: readonly Problem[];
}> {
  const { folder, configFile, dataDir } = surroundings;
  if (configFile === '') throw emptyFlag('--config', 'name a file');
  if (dataDir === '') throw emptyFlag('--data-dir', 'name a folder');
  const userFilePath = userConfigPath(surroundings);
  const user = configFile === undefined ? ifThere(userFilePath) : resolve(folder, configFile);
  const nearest = projectConfigPath(folder);
  const project = nearest !== undefined && isSameFile(nearest, user) ? undefined : nearest;
  const unread: Refusal[] = [];
  const layers = {
    ...surroundings,
    userFile: await readInto(unread, user),
    projectFile: await readInto(unread, project),
    flags: { ...surroundings.flags, ...(dataDir === undefined ? {} : flagsOfDataDir(resolve(folder, dataDir))) },
  };
  const { config, problems, strays } = checkedConfig(layers);
  const warnings = [
    ...config.warnings,
    ...strayReplicaIn(config.values, existsSync),
    ...exposedSecrets(layers.userFile, surroundings.platform),
  ];
  const files = { ...(user === undefined ? {} : { user }), ...(project === undefined ? {} : { project }) };
  const projectFilePath = nearest ?? join(projectRoot(folder), 'memory-cli.toml');
  const ofProject = { projectFilePath, project: config.values.MEMORY_PROJECT || projectOf(folder) };
  return {
    config: { ...config, warnings, files, userFilePath, ...ofProject },
    problems: [...unread, ...problems],
    strays,
  };
}

function emptyFlag(flag: string, advice: string): MemoryError {
  return new MemoryError('INVALID_INPUT', `${flag}: is empty; ${advice}, or leave it out.`);
}

/** Also where it is a link that leads nowhere: what the user set must not be missed in silence. */
function ifThere(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false }) === undefined ? undefined : path;
}

function isSameFile(a: string, b: string | undefined): boolean {
  return b !== undefined && existsSync(b) && realpathSync(a) === realpathSync(b);
}

async function readInto(unread: Refusal[], path: string | undefined): Promise<SettingsFile | undefined> {
  try {
    return path === undefined ? undefined : await readSettingsFile(path);
  } catch (cause) {
    if (!isMemoryError(cause)) throw cause;
    unread.push({ message: cause.message, cause });
    return undefined;
  }
}

/** Who names a data folder means everything that lies in it, whatever else is set. */
function flagsOfDataDir(folder: string): Readonly<Record<string, string>> {
  return {
    MEMORY_DATA_DIR: folder,
    DATABASE_URL: databaseIn(folder, 'own'),
    TURSO_SYNC_URL: '',
    LMDB_CACHE_PATH: cacheIn(folder),
  };
}

/** Bits of a file's mode that let others than its owner at it. */
const OTHERS = 0o077;

/** Windows has other means than these bits. */
function exposedSecrets(file: SettingsFile | undefined, platform: NodeJS.Platform): readonly string[] {
  if (file?.path === undefined || platform === 'win32' || (statSync(file.path).mode & OTHERS) === 0) return [];
  const secret = Object.entries(file.entries).find(([name, value]) => isSecret(name, value))?.[0];
  return secret === undefined ? [] : [`${file.path} holds ${secret} and may be read by others: chmod 600 ${file.path}`];
}

function isSecret(name: string, value: unknown): boolean {
  const setting = SETTINGS.find((known) => settingNames(known).some((each) => each.toLowerCase() === name));
  if (setting === undefined || value === '') return false;
  const { isSecret: isAlways, isUrl } = settingRule(setting);
  return isAlways === true || (isUrl === true && /[?&]authToken=./u.test(String(value)));
}

/** Wanted once, by "storage rekey": no setting. */
const OTHER_NAMES: readonly string[] = ['MEMORY_NEW_ENCRYPTION_KEY'];

/** Programs of others have variables, too: only what is close to one of ours is spoken of. */
function misspelt(environment: Surroundings['environment']): readonly string[] {
  const known = SETTINGS.flatMap(settingNames);
  return Object.keys(environment).flatMap((name) => {
    if (known.includes(name) || OTHER_NAMES.includes(name)) return [];
    const ours = /^(?:MEMORY|EPISODICA)_(.+)$/iu.exec(name)?.[1];
    const meant =
      ours === undefined
        ? closeName(name, known, Math.min(2, Math.floor(name.length / 5)))
        : (closeName(ours, known, 2) ?? closeName(`MEMORY_${ours}`, known, Math.min(5, ours.length)));
    return meant === undefined ? [] : [`${name} in the environment means nothing here; did you mean ${meant}?`];
  });
}
