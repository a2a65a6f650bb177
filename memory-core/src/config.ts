// One configuration for library and programs. Pure: takes records, reads no file and no environment.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { endpointAt } from './embed/base-url.ts';
import { MemoryError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { type Address, addressOf } from './store-address.ts';

/** Settings by the name they have in the environment; in a `memory-cli.toml` the same names in lower case. */
export interface Config {
  /** Folder of everything that is stored. */
  readonly MEMORY_DATA_DIR: string;
  /** Where the database is: a `file:` URL, or that of a host, without a token. Also called TURSO_DATABASE_URL. */
  readonly DATABASE_URL: string;
  /** What the host asks for; may stand in its URL as `?authToken=`, and is taken out of there. Empty: nothing. */
  readonly TURSO_AUTH_TOKEN: string;
  /** URL of a host whose database the file DATABASE_URL follows. Empty: it follows none. */
  readonly TURSO_SYNC_URL: string;
  /** Calls to a host at the same time. */
  readonly TURSO_POOL_SIZE: number;
  /** A key of 64 hexadecimal digits or a passphrase, see `encryptionKeyOf`. Empty, as is the next: in plain text. */
  readonly MEMORY_ENCRYPTION_KEY: string;
  /** A file that holds the key. */
  readonly MEMORY_ENCRYPTION_KEY_FILE: string;
  /** Folder of the caches, one for each store that was opened; can be deleted at any time. */
  readonly LMDB_CACHE_PATH: string;
  readonly MEMORY_CACHE_SIZE_MB: number;
  /** Empty: found from the working folder, see `projectOf`. */
  readonly MEMORY_PROJECT: string;
  /** `full`: an answer means on disk. `normal`: a power cut may lose the last commits. */
  readonly MEMORY_DURABILITY: 'full' | 'normal';
  /**
   * Who turns texts into vectors: `local`, which sends nothing anywhere; `openai`, `ollama` or `cohere`, which are sent
   * the texts; `transformers`, a model in this process; `none`: search is by words alone.
   */
  readonly EMBEDDING_PROVIDER: EmbeddingProvider;
  /** As the provider calls it. Empty: its default, see docs/embeddings.md. */
  readonly EMBEDDING_MODEL: string;
  /** Numbers in a vector, for models that can shorten theirs. 0: as many as the model has. */
  readonly EMBEDDING_DIMENSIONS: number;
  /** Empty: for a host of one's own that asks for none. */
  readonly OPENAI_API_KEY: string;
  /** Of OpenAI, or of any host that speaks as it does, with the version in its path. Empty, as are the next: its own. */
  readonly OPENAI_BASE_URL: string;
  readonly COHERE_API_KEY: string;
  readonly COHERE_BASE_URL: string;
  readonly OLLAMA_BASE_URL: string;
  /**
   * Who says in the background what an episode teaches: `none`: the rules of this program alone; `openai`, `ollama`:
   * these are sent its steps, at the hosts and with the keys above.
   */
  readonly REFLECTOR_PROVIDER: ReflectorProvider;
  /** As the provider calls it. Empty: its default, see docs/learning.md. */
  readonly REFLECTOR_MODEL: string;
  /** Whether programs in the sandbox may write to the memory, and not only read it. */
  readonly SANDBOX_ALLOW_WRITES: boolean;
  /** Where `memory-mcp --http` listens: a name or an address, and a port; 0 takes one that is free. */
  readonly MCP_HOST: string;
  readonly MCP_PORT: number;
  /** What a client of it has to show. Empty: one is made and kept beside the data, which does for this machine alone. */
  readonly MCP_TOKEN: string;
  readonly MEMORY_LOG_LEVEL: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Empty: standard error. */
  readonly MEMORY_LOG_FILE: string;
}
export type Setting = keyof Config;

const EMBEDDING_PROVIDERS = ['local', 'openai', 'ollama', 'cohere', 'transformers', 'none'] as const;
export type EmbeddingProvider = (typeof EMBEDDING_PROVIDERS)[number];

const REFLECTOR_PROVIDERS = ['none', 'openai', 'ollama'] as const;
export type ReflectorProvider = (typeof REFLECTOR_PROVIDERS)[number];

export type Origin = 'default' | 'user file' | 'project file' | 'environment' | 'flag';

export interface ResolvedConfig {
  readonly values: Config;
  readonly origins: Readonly<Record<Setting, Origin>>;
  /** What was set in a project's file and not taken from there. */
  readonly warnings: readonly string[];
  /** What the project's file sets and may not set. */
  readonly notTaken: readonly Setting[];
}

/** Where settings come from, weakest first. Absent layers are left out. */
export interface ConfigLayers {
  readonly userFile?: Readonly<Record<string, unknown>>;
  /** What messages call it. */
  readonly userFilePath?: string;
  readonly projectFile?: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** One that is empty takes back what is set elsewhere. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** What a setting may be. */
export interface SettingRule {
  /** It is never shown. */
  readonly isSecret?: true;
  /** Set to nothing is refused: what was meant to be encrypted must not end up in plain text. */
  readonly isNeverBlank?: true;
  /** What it is called as well. */
  readonly otherName?: string;
  /** May a project's file, which comes with somebody's repository, set it? */
  readonly isProjectSetting: boolean;
  readonly choices?: readonly string[];
  /** Whole numbers. */
  readonly range?: readonly [number, number];
}

const RULES: Readonly<Record<Setting, SettingRule>> = Object.freeze({
  MEMORY_DATA_DIR: { isProjectSetting: false },
  DATABASE_URL: { isProjectSetting: false, otherName: 'TURSO_DATABASE_URL' },
  TURSO_AUTH_TOKEN: { isProjectSetting: false, isSecret: true },
  TURSO_SYNC_URL: { isProjectSetting: false },
  TURSO_POOL_SIZE: { isProjectSetting: false, range: [1, 100] },
  MEMORY_ENCRYPTION_KEY: { isProjectSetting: false, isSecret: true, isNeverBlank: true },
  MEMORY_ENCRYPTION_KEY_FILE: { isProjectSetting: false, isNeverBlank: true },
  LMDB_CACHE_PATH: { isProjectSetting: false },
  MEMORY_CACHE_SIZE_MB: { isProjectSetting: true, range: [8, 65_536] },
  MEMORY_PROJECT: { isProjectSetting: true },
  MEMORY_DURABILITY: { isProjectSetting: false, choices: ['full', 'normal'] },
  // Whoever sets one of these may send what is remembered to a host of their own.
  EMBEDDING_PROVIDER: { isProjectSetting: false, choices: EMBEDDING_PROVIDERS },
  EMBEDDING_MODEL: { isProjectSetting: false },
  EMBEDDING_DIMENSIONS: { isProjectSetting: false, range: [0, LIMITS.vectorDimensions] },
  OPENAI_API_KEY: { isProjectSetting: false, isSecret: true },
  OPENAI_BASE_URL: { isProjectSetting: false },
  COHERE_API_KEY: { isProjectSetting: false, isSecret: true },
  COHERE_BASE_URL: { isProjectSetting: false },
  OLLAMA_BASE_URL: { isProjectSetting: false },
  REFLECTOR_PROVIDER: { isProjectSetting: false, choices: REFLECTOR_PROVIDERS },
  REFLECTOR_MODEL: { isProjectSetting: false },
  // Whoever writes a repository does not say what programs may change.
  SANDBOX_ALLOW_WRITES: { isProjectSetting: false, choices: ['true', 'false'] },
  // Nor who reaches what is remembered.
  MCP_HOST: { isProjectSetting: false },
  MCP_PORT: { isProjectSetting: false, range: [0, 65_535] },
  MCP_TOKEN: { isProjectSetting: false, isSecret: true },
  MEMORY_LOG_LEVEL: { isProjectSetting: true, choices: ['debug', 'info', 'warn', 'error', 'silent'] },
  MEMORY_LOG_FILE: { isProjectSetting: false },
});

// The record above names every setting and nothing else.
export const SETTINGS: readonly Setting[] = Object.keys(RULES) as Setting[];

/**
 * The settings that hold, and where each comes from.
 * @throws `INVALID_INPUT` for an unknown name or a bad value
 */
export function resolveConfig(layers: ConfigLayers): ResolvedConfig {
  const warnings: string[] = [];
  const notTaken: Setting[] = [];
  const given = new Map<Setting, Given>();
  const take = (setting: Setting, value: unknown, { origin, name = setting }: { origin: Origin; name?: string }) => {
    if (value === undefined || isUnset(setting, value)) return;
    const before = given.get(setting);
    const text = checked(setting, value, origin);
    // Only one that has two names comes twice from one place.
    given.set(setting, { value: text, name, origin, isAmbiguous: before?.origin === origin && before.value !== text });
  };
  for (const [name, value] of Object.entries(layers.userFile ?? {})) {
    take(settingOf(name, layers.userFilePath ?? 'memory-cli.toml'), value, { origin: 'user file' });
  }
  for (const [name, value] of Object.entries(layers.projectFile ?? {})) {
    const setting = settingCalled(name);
    if (setting === undefined || !RULES[setting].isProjectSetting) {
      if (setting !== undefined) notTaken.push(setting);
      warnings.push(`memory-cli.toml of the project may not set ${name}; it was not taken from there.`);
    } else take(setting, value, { origin: 'project file' });
  }
  for (const setting of SETTINGS) {
    for (const name of namesOf(setting)) take(setting, layers.environment[name], { origin: 'environment', name });
  }
  for (const setting of SETTINGS) {
    if (layers.flags?.[setting] === '') given.delete(setting);
    else take(setting, layers.flags?.[setting], { origin: 'flag' });
  }
  const resolved = withDefaults(given, layers);
  return { ...resolved, notTaken, warnings: [...warnings, ...unusedIn(resolved.values)] };
}

/** What `setting` may be, and who may set it. */
export function settingRule(setting: Setting): SettingRule {
  return RULES[setting];
}

/** A setting as it may be shown: of a secret, no more than that there is one. */
export function shownValue<V extends Config[Setting]>(setting: Setting, value: V): V | string {
  return RULES[setting].isSecret && value !== '' ? 'set, not shown' : value;
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

interface Given {
  readonly value: string;
  /** The one of its names by which it was set. */
  readonly name: string;
  readonly origin: Origin;
  /** Two names say different things. */
  readonly isAmbiguous: boolean;
}

function withDefaults(
  given: ReadonlyMap<Setting, Given>,
  layers: ConfigLayers,
): Omit<ResolvedConfig, 'warnings' | 'notTaken'> {
  const of = (setting: Setting, otherwise: string): string => given.get(setting)?.value ?? otherwise;
  const dataDir = of('MEMORY_DATA_DIR', defaultDataDir(layers));
  const values: Config = {
    MEMORY_DATA_DIR: dataDir,
    ...placeOf(given, dataDir),
    TURSO_POOL_SIZE: Number(of('TURSO_POOL_SIZE', '10')),
    ...keyIn(given),
    LMDB_CACHE_PATH: of('LMDB_CACHE_PATH', join(dataDir, 'cache')),
    MEMORY_CACHE_SIZE_MB: Number(of('MEMORY_CACHE_SIZE_MB', '256')),
    MEMORY_PROJECT: of('MEMORY_PROJECT', ''),
    ...embeddingIn(given),
    ...reflectorIn(given),
    // `checked` has seen to it that these two are among their choices.
    MEMORY_DURABILITY: of('MEMORY_DURABILITY', 'full') as Config['MEMORY_DURABILITY'],
    MEMORY_LOG_LEVEL: of('MEMORY_LOG_LEVEL', 'info') as Config['MEMORY_LOG_LEVEL'],
    SANDBOX_ALLOW_WRITES: of('SANDBOX_ALLOW_WRITES', 'false') === 'true',
    MCP_HOST: of('MCP_HOST', '127.0.0.1'),
    MCP_PORT: Number(of('MCP_PORT', '3000')),
    MCP_TOKEN: wordIn(given, { setting: 'MCP_TOKEN', what: 'token' }) ?? '',
    MEMORY_LOG_FILE: of('MEMORY_LOG_FILE', ''),
  };
  const originOf = (setting: Setting): Origin | undefined => given.get(setting)?.origin;
  // A token that nobody set stood in the URL.
  const tokenOrigin =
    values.TURSO_AUTH_TOKEN === '' ? undefined : (originOf('TURSO_SYNC_URL') ?? originOf('DATABASE_URL'));
  const origins = SETTINGS.map((setting) => {
    const ofUrl = setting === 'TURSO_AUTH_TOKEN' ? tokenOrigin : undefined;
    return [setting, originOf(setting) ?? ofUrl ?? 'default'] as const;
  });
  // `SETTINGS` names every key of the record.
  return { values, origins: Object.fromEntries(origins) as Record<Setting, Origin> };
}

/** A replica is never the file that may hold a memory of its own. */
const FILES = Object.freeze({ own: 'memory.db', replica: 'replica.db' });

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

/** Where the database is, and by which token it is reached; the URLs no longer hold one. */
function placeOf(
  given: ReadonlyMap<Setting, Given>,
  dataDir: string,
): Pick<Config, 'DATABASE_URL' | 'TURSO_SYNC_URL' | 'TURSO_AUTH_TOKEN'> {
  const sync = addressIn(given, 'TURSO_SYNC_URL');
  const file = pathToFileURL(join(dataDir, sync === undefined ? FILES.own : FILES.replica)).href;
  const database = addressIn(given, 'DATABASE_URL');
  if (sync?.kind === 'file') {
    const advice = 'It names the host of the database that the file DATABASE_URL follows';
    throw new MemoryError('INVALID_INPUT', `TURSO_SYNC_URL is a file. ${advice}.`);
  }
  if (sync !== undefined && database?.kind === 'remote') {
    const advice = 'Unset TURSO_SYNC_URL to ask the host each time, or DATABASE_URL to keep a replica here';
    throw new MemoryError('INVALID_INPUT', `DATABASE_URL and TURSO_SYNC_URL both name a host. ${advice}.`);
  }
  const host = database?.kind === 'remote' ? database : sync;
  const token = wordIn(given, { setting: 'TURSO_AUTH_TOKEN', what: 'token' });
  if (token !== undefined && host?.authToken !== undefined && host.authToken !== token) {
    throw new MemoryError('INVALID_INPUT', `TURSO_AUTH_TOKEN and the URL of ${host.place} hold two tokens. Keep one.`);
  }
  return {
    DATABASE_URL: database?.kind === 'remote' ? database.url : (given.get('DATABASE_URL')?.value ?? file),
    TURSO_SYNC_URL: sync?.url ?? '',
    TURSO_AUTH_TOKEN: token ?? host?.authToken ?? '',
  };
}

/** Tokens and keys go into a header, whose complaint about anything else would repeat them. */
function wordIn(
  given: ReadonlyMap<Setting, Given>,
  { setting, what }: { readonly setting: Setting; readonly what: string },
): string | undefined {
  const word = given.get(setting);
  if (word === undefined || /^[!-~]+$/u.test(word.value)) return word?.value;
  throw new MemoryError('INVALID_INPUT', `${setting} (${word.origin}) is no ${what}: those are letters and digits.`);
}

function addressIn(given: ReadonlyMap<Setting, Given>, setting: Setting): Address | undefined {
  const url = given.get(setting);
  if (url === undefined) return undefined;
  if (url.isAmbiguous) {
    const names = namesOf(setting).join(' and ');
    throw new MemoryError('INVALID_INPUT', `${names} (${url.origin}) name two databases. Unset one of them.`);
  }
  return addressOf(url.value, { name: `${url.name} (${url.origin})` });
}

function keyIn(
  given: ReadonlyMap<Setting, Given>,
): Pick<Config, 'MEMORY_ENCRYPTION_KEY' | 'MEMORY_ENCRYPTION_KEY_FILE'> {
  const [text, path] = [given.get('MEMORY_ENCRYPTION_KEY'), given.get('MEMORY_ENCRYPTION_KEY_FILE')];
  if (text !== undefined && path !== undefined) {
    const what = `MEMORY_ENCRYPTION_KEY (${text.origin}) and MEMORY_ENCRYPTION_KEY_FILE (${path.origin}) are both set`;
    throw new MemoryError('INVALID_INPUT', `${what}. Unset one of them.`);
  }
  return { MEMORY_ENCRYPTION_KEY: text?.value ?? '', MEMORY_ENCRYPTION_KEY_FILE: path?.value ?? '' };
}

/** What belongs to each provider that is asked over a network. */
const EMBEDDING_HOSTS = Object.freeze({
  openai: { key: 'OPENAI_API_KEY', url: 'OPENAI_BASE_URL' },
  cohere: { key: 'COHERE_API_KEY', url: 'COHERE_BASE_URL' },
  ollama: { key: undefined, url: 'OLLAMA_BASE_URL' },
} as const);

type EmbeddingSetting =
  | 'EMBEDDING_PROVIDER'
  | 'EMBEDDING_MODEL'
  | 'EMBEDDING_DIMENSIONS'
  | 'OPENAI_API_KEY'
  | 'OPENAI_BASE_URL'
  | 'COHERE_API_KEY'
  | 'COHERE_BASE_URL'
  | 'OLLAMA_BASE_URL';

/** Of the provider that is chosen, everything is checked; keys and URLs of others may be there for other programs. */
function embeddingIn(given: ReadonlyMap<Setting, Given>): Pick<Config, EmbeddingSetting> {
  const of = (setting: Setting): string => given.get(setting)?.value ?? '';
  // `checked` has seen to it that it is among its choices.
  const provider = (of('EMBEDDING_PROVIDER') || 'local') as EmbeddingProvider;
  if (provider === 'openai' || provider === 'cohere' || provider === 'ollama') {
    checkHost(provider, { given, chosenBy: 'EMBEDDING_PROVIDER', otherwise: 'local' });
  }
  return {
    EMBEDDING_PROVIDER: provider,
    EMBEDDING_MODEL: of('EMBEDDING_MODEL'),
    EMBEDDING_DIMENSIONS: Number(of('EMBEDDING_DIMENSIONS')),
    OPENAI_API_KEY: of('OPENAI_API_KEY'),
    OPENAI_BASE_URL: of('OPENAI_BASE_URL'),
    COHERE_API_KEY: of('COHERE_API_KEY'),
    COHERE_BASE_URL: of('COHERE_BASE_URL'),
    OLLAMA_BASE_URL: of('OLLAMA_BASE_URL'),
  };
}

function reflectorIn(given: ReadonlyMap<Setting, Given>): Pick<Config, 'REFLECTOR_PROVIDER' | 'REFLECTOR_MODEL'> {
  // `checked` has seen to it that it is among its choices.
  const provider = (given.get('REFLECTOR_PROVIDER')?.value ?? 'none') as ReflectorProvider;
  if (provider !== 'none') checkHost(provider, { given, chosenBy: 'REFLECTOR_PROVIDER', otherwise: 'none' });
  return { REFLECTOR_PROVIDER: provider, REFLECTOR_MODEL: given.get('REFLECTOR_MODEL')?.value ?? '' };
}

interface HostCheck {
  readonly given: ReadonlyMap<Setting, Given>;
  readonly chosenBy: 'EMBEDDING_PROVIDER' | 'REFLECTOR_PROVIDER';
  /** What needs no host. */
  readonly otherwise: string;
}

function checkHost(provider: keyof typeof EMBEDDING_HOSTS, { given, chosenBy, otherwise }: HostCheck): void {
  const names = EMBEDDING_HOSTS[provider];
  const url = given.get(names.url);
  if (url !== undefined) endpointAt(url.value, { path: '', name: `${names.url} (${url.origin})` });
  if (names.key === undefined) return;
  const key = wordIn(given, { setting: names.key, what: 'key' });
  // The provider's own host asks for one; another may not.
  if (key !== undefined || url !== undefined) return;
  const what = `${chosenBy} (${given.get(chosenBy)?.origin}) is ${provider}, and there is no key`;
  const advice = `Set ${names.key}, or ${chosenBy}=${otherwise}, which needs none`;
  throw new MemoryError('INVALID_INPUT', `${what}. ${advice}.`);
}

/** Settings that the chosen providers have no use for: nobody should believe that they hold. */
function unusedIn(values: Config): readonly string[] {
  const {
    EMBEDDING_PROVIDER: provider,
    EMBEDDING_MODEL,
    EMBEDDING_DIMENSIONS,
    REFLECTOR_PROVIDER,
    REFLECTOR_MODEL,
  } = values;
  const takesModel = provider !== 'local' && provider !== 'none';
  const takesDimensions = takesModel && provider !== 'transformers';
  const unused = [
    ...(EMBEDDING_MODEL !== '' && !takesModel ? ['EMBEDDING_MODEL'] : []),
    ...(EMBEDDING_DIMENSIONS !== 0 && !takesDimensions ? ['EMBEDDING_DIMENSIONS'] : []),
  ];
  const isModelUnused = REFLECTOR_MODEL !== '' && REFLECTOR_PROVIDER === 'none';
  return [
    ...unused.map((name) => `${name} is set and has no meaning with EMBEDDING_PROVIDER=${provider}.`),
    ...(isModelUnused ? ['REFLECTOR_MODEL is set and has no meaning with REFLECTOR_PROVIDER=none.'] : []),
  ];
}

function namesOf(setting: Setting): readonly string[] {
  const { otherName } = RULES[setting];
  return otherName === undefined ? [setting] : [setting, otherName];
}

/** The setting that a file calls `name`. */
function settingCalled(name: string): Setting | undefined {
  return SETTINGS.find((setting) => namesOf(setting).some((known) => known.toLowerCase() === name));
}

function isUnset(setting: Setting, value: unknown): boolean {
  if (typeof value !== 'string' || value.trim() !== '') return false;
  if (RULES[setting].isNeverBlank) {
    const advice = 'Unset it to store in plain text, or make a key with: openssl rand -hex 32';
    throw new MemoryError('INVALID_INPUT', `${setting} is set and empty. ${advice}`);
  }
  return true;
}

function settingOf(name: string, file: string): Setting {
  const setting = settingCalled(name);
  if (setting !== undefined) return setting;
  const nearest = nearestName(
    name,
    SETTINGS.flatMap(namesOf).map((known) => known.toLowerCase()),
  );
  throw new MemoryError('INVALID_INPUT', `${file}: there is no setting "${name}"; did you mean "${nearest}"?`);
}

function checked(setting: Setting, value: unknown, origin: Origin): string {
  const { choices, range } = RULES[setting];
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const text = isPlain ? String(value) : undefined;
  const refuse = (what: string): MemoryError => new MemoryError('INVALID_INPUT', `${setting} (${origin}): ${what}.`);
  if (text === undefined) throw refuse('is neither text nor a number nor true or false');
  if (choices !== undefined && !choices.includes(text)) throw refuse(`"${text}" is none of ${choices.join(', ')}`);
  if (
    range !== undefined &&
    !(Number.isInteger(Number(text)) && Number(text) >= range[0] && Number(text) <= range[1])
  ) {
    throw refuse(`"${text}" is not a whole number from ${range[0]} to ${range[1]}`);
  }
  return text;
}

/** The candidate with the fewest edits (Levenshtein distance); capitals are as good as small letters. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  const distances = candidates.map((candidate) => ({
    candidate,
    distance: editDistance(name.toLowerCase(), candidate.toLowerCase()),
  }));
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
