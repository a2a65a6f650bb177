// The settings: which files were read, what is wrong with them, and whether a client's server would open the same data.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  examineConfig,
  type LoadedConfig,
  type Origin,
  SETTINGS,
  type Setting,
  type Surroundings,
  shownValue,
} from '@episodica/memory-core/config';
import type { Here } from '../open.ts';
import { type Found, ok, problem, warning } from './finding.ts';
import { flagsOfServer, type Launch, shellWord } from './launch.ts';

/** What was found, and the settings themselves where they can be read. */
export interface LookedAtSettings {
  readonly findings: readonly Found[];
  readonly settings?: LoadedConfig;
  /** Why they cannot. */
  readonly refused?: string;
}

export async function lookAtSettings(surroundings: Surroundings): Promise<LookedAtSettings> {
  const read = await readOrRefused(surroundings);
  if (!('values' in read)) {
    const { message } = read;
    return { refused: message, findings: [problem(`INVALID_INPUT: ${message}`, adviceFor(read))] };
  }
  const { files, warnings, values, project } = read;
  const paths = [files.user, files.project].filter((each) => each !== undefined);
  const text = `${paths.length === 0 ? 'no file' : paths.join(' and ')} read; data in ${values.MEMORY_DATA_DIR}, project ${project}`;
  return { settings: read, findings: [ok(text), ...warnings.map((each) => warning(each, 'memory-cli config show'))] };
}

/** Why settings cannot be read, and where that stands if it is known. */
interface Refused {
  readonly message: string;
  readonly origin?: Origin | undefined;
}

async function readOrRefused(surroundings: Surroundings): Promise<LoadedConfig | Refused> {
  const { config, refused } = await examineConfig(surroundings);
  return refused[0] ?? config;
}

function adviceFor({ origin }: Refused, entryEnv: Launch['env'] = {}): string {
  const all = '"memory-cli config validate" tells all that is wrong';
  if (origin === undefined) return `Correct it where it is set; ${all}.`;
  const { layer, place, line } = origin;
  if (layer === 'environment' && place in entryEnv) return `Correct ${place} in the environment of the entry.`;
  if (layer === 'environment') return `Correct or unset the variable ${place}; ${all}.`;
  return `Correct ${line === undefined ? '' : `line ${line} of `}${place}; ${all}.`;
}

/** What makes two programs open different data, or makes one of them unable to open it. */
const OF_THE_DATA: readonly Setting[] = [
  'DATABASE_URL',
  'TURSO_SYNC_URL',
  'TURSO_AUTH_TOKEN',
  'MEMORY_ENCRYPTION_KEY',
  'MEMORY_ENCRYPTION_KEY_FILE',
];

/** Compares what this program reads with what the server would. What both are refused for was told of our own. */
export async function lookAtLaunchSettings(
  launch: Launch,
  { here, own }: { readonly here: Here; readonly own: LookedAtSettings },
): Promise<LookedAtSettings> {
  const theirs = await readOrRefused(surroundingsOfLaunch(launch, here));
  if (!('values' in theirs)) {
    const { message } = theirs;
    const told = problem(`${launch.by}: ${message}`, adviceFor(theirs, launch.env));
    return { refused: message, findings: message === own.refused ? [] : [told] };
  }
  if (own.settings === undefined) {
    return { settings: theirs, findings: [ok(`${launch.by} has settings that can be read`)] };
  }
  const findings = differences(launch, { own: own.settings, theirs });
  const same = ok(`${launch.by} opens the same data as memory-cli`);
  return { settings: theirs, findings: findings.length > 0 ? findings : [same] };
}

interface Both {
  readonly own: LoadedConfig;
  readonly theirs: LoadedConfig;
}

function differences(launch: Launch, { own, theirs }: Both): readonly Found[] {
  const differing = OF_THE_DATA.filter((name) => own.values[name] !== theirs.values[name]);
  const findings = differing.map((name) => {
    const [ownText, theirText] = [own, theirs].map(({ values }) => String(shownValue(name, values[name])) || 'nothing');
    const isSame = ownText === theirText;
    const text = isSame
      ? `${name} is another for ${launch.by} than here: they do not open the same data`
      : `${name} is ${theirText} for ${launch.by}, and ${ownText} here: they do not open the same data`;
    return warning(text, name === 'DATABASE_URL' ? sameDatabase(launch, { own, theirs }) : sameSetting(name, own));
  });
  if (own.project === theirs.project) return findings;
  const text = `MEMORY_PROJECT is ${theirs.project} for ${launch.by}, and ${own.project} here`;
  return [...findings, warning(text, 'Set MEMORY_PROJECT for both, or for neither.')];
}

/** What makes both open the same: where one was given a folder of data, the other is given it, too. */
function sameDatabase({ command, env }: Launch, { own, theirs }: Both): string {
  const isGiven = flagsOfServer(command).dataDir !== undefined || 'MEMORY_DATA_DIR' in env;
  if (isGiven && isInItsFolder(theirs)) {
    const folder = theirs.values.MEMORY_DATA_DIR;
    const line = `memory_data_dir = ${JSON.stringify(folder)}`;
    const call = `memory-cli --data-dir ${shellWord(folder)} …`;
    return `The entry carries MEMORY_DATA_DIR=${folder}: call ${call}, or write ${line} into ${own.userFilePath}.`;
  }
  if (own.origins.MEMORY_DATA_DIR.layer === 'flag') {
    const folder = shellWord(own.values.MEMORY_DATA_DIR);
    return `Leave --data-dir out, or write the entry anew: memory-cli --data-dir ${folder} init`;
  }
  return sameSetting('DATABASE_URL', own);
}

function isInItsFolder({ values }: LoadedConfig): boolean {
  return values.DATABASE_URL === pathToFileURL(join(values.MEMORY_DATA_DIR, 'memory.db')).href;
}

function sameSetting(name: Setting, { userFilePath }: LoadedConfig): string {
  return `Set ${name} in memory-cli.toml (${userFilePath}), which both read, and nowhere else.`;
}

/** What the user's own file says, as variables: in a scratch folder it is not read. */
export function settingsOfFile({ values, origins }: LoadedConfig): Readonly<Record<string, string>> {
  const given = SETTINGS.filter((name) => origins[name].layer === 'user file');
  return Object.fromEntries(given.map((name) => [name, String(values[name])]));
}

/** In which the server reads its settings: with the environment and the flags of the entry, and none of ours. */
export function surroundingsOfLaunch({ command, env, folder }: Launch, here: Here): Surroundings {
  const { configFile, dataDir } = flagsOfServer(command);
  const environment = { ...here.environment, ...env };
  return { environment, platform: process.platform, home: here.home, folder, configFile, dataDir };
}
