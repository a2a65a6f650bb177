// Which settings hold, and where each comes from. Pure: takes records, reads no file and no environment.
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMemoryError, MemoryError } from '../errors.ts';
import { endpointAt } from '../network/base-url.ts';
import { type Address, addressOf } from '../store-address.ts';
import { closeName, meantName } from './nearest-name.ts';
import { cacheIn, databaseIn, defaultDataDir, logFileIn, logPathOf, type Machine } from './places.ts';
import { type Config, SETTINGS, type Setting, settingNames, settingRule } from './settings.ts';

/** What can say how a setting is, weakest first. */
export type LayerName = 'default' | 'user file' | 'project file' | 'environment' | 'flag';

/** Where a value comes from. */
export interface Origin {
  readonly layer: LayerName;
  /** The path of the file, the name of the variable or of the flag; empty for a default. */
  readonly place: string;
  /** Of the file, from 1; where it is known. */
  readonly line?: number | undefined;
}

/** A file of settings that was read. */
export interface SettingsFile {
  /** What messages call it; relative paths in it begin at its folder. */
  readonly path?: string | undefined;
  readonly entries: Readonly<Record<string, unknown>>;
  /** The line of each entry, from 1. */
  readonly lines?: ReadonlyMap<string, number> | undefined;
}

/** Where settings come from, weakest first. Absent layers are left out. */
export interface ConfigLayers extends Machine {
  readonly userFile?: SettingsFile | undefined;
  readonly projectFile?: SettingsFile | undefined;
  /** By setting. One that is empty takes back what is set elsewhere. */
  readonly flags?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where relative paths of environment and flags begin; left out: they stay as they are. */
  readonly folder?: string | undefined;
}

/** The settings that hold. */
export interface ResolvedConfig {
  readonly values: Config;
  readonly origins: Readonly<Record<Setting, Origin>>;
  /** What says something about a setting and is weaker than what holds, strongest first. */
  readonly overridden: Readonly<Record<Setting, readonly Origin[]>>;
  /** What is set and does not hold, or hardly as it is meant. */
  readonly warnings: readonly string[];
  /** What the project's file sets and may not set. */
  readonly notTaken: readonly Setting[];
}

/** Something that is wrong with what was set. Where it is known, with its place. */
export interface Problem {
  readonly message: string;
  readonly origin?: Origin | undefined;
  /** What cannot be told because of it; absent where that may be anything, as of a file that cannot be read. */
  readonly settings?: readonly Setting[] | undefined;
}

/**
 * The settings that hold, and where each comes from.
 * @throws `INVALID_INPUT` for an unknown name or a bad value
 */
export function resolveConfig(layers: ConfigLayers): ResolvedConfig {
  const { config, problems } = checkedConfig(layers);
  const [first] = problems;
  if (first !== undefined) throw first.cause;
  return config;
}

/** A problem as it was refused. */
export interface Refusal extends Problem {
  readonly cause: MemoryError;
}

/** As `resolveConfig`, with all that is wrong instead of an error. What is refused is left out of the settings. */
export function checkedConfig(layers: ConfigLayers): {
  readonly config: ResolvedConfig;
  readonly problems: readonly Refusal[];
  /** What of the project's file was not taken, and why. */
  readonly strays: readonly Problem[];
} {
  const problems: Refusal[] = [];
  const attempt: Attempt = (work, { origin, settings }) => {
    try {
      return work();
    } catch (cause) {
      if (!isMemoryError(cause)) throw cause;
      problems.push({ message: cause.message, origin, settings, cause });
      return undefined;
    }
  };
  const said = everythingSaid(layers, attempt);
  const given = new Map([...said.by].flatMap(([setting, all]) => strongest(setting, all)));
  const values = valuesOf({ given, layers, attempt });
  const config: ResolvedConfig = {
    values,
    origins: eachSetting((setting) => originOf(setting, { values, said: said.by })),
    overridden: eachSetting((setting) =>
      (said.by.get(setting) ?? [])
        .slice(0, -1)
        .reverse()
        .map(({ origin }) => origin),
    ),
    notTaken: said.notTaken,
    warnings: [...said.strays.map(({ message }) => message), ...unusedIn(values)],
  };
  return { config, problems, strays: said.strays };
}

/** An origin as messages name it: `environment`, `--data-dir`, `/home/u/memory-cli.toml:3`. */
export function originText({ layer, place, line }: Origin): string {
  if (layer === 'flag') return place;
  if (layer === 'default' || layer === 'environment' || place === '') return layer;
  return line === undefined ? place : `${place}:${line}`;
}

/** Does the work, or keeps why it was refused and goes on. */
type Attempt = <T>(work: () => T, about: Pick<Problem, 'origin' | 'settings'>) => T | undefined;

interface Given {
  readonly value: string;
  readonly origin: Origin;
  /** The one of its names by which it was set. */
  readonly name: string;
  /** Two names say different things. */
  readonly isAmbiguous: boolean;
}

type Values = ReadonlyMap<Setting, Given>;

interface Said {
  /** Weakest first. */
  readonly by: ReadonlyMap<Setting, readonly Given[]>;
  readonly strays: readonly Problem[];
  readonly notTaken: readonly Setting[];
}

function everythingSaid(layers: ConfigLayers, attempt: Attempt): Said {
  const by = new Map<Setting, Given[]>();
  const strays: Problem[] = [];
  const notTaken: Setting[] = [];
  const take = (setting: Setting, value: unknown, { origin, name }: Pick<Given, 'origin' | 'name'>): void => {
    if (value === undefined || isUnset(setting, value, origin)) return;
    const text = anchored(setting, checked(setting, value, origin), { layers, origin });
    const all = by.get(setting) ?? [];
    // Only one that has two names comes twice from one place.
    const twin = all.at(-1)?.origin.layer === origin.layer ? all.pop() : undefined;
    const isAmbiguous = twin !== undefined && twin.value !== text;
    by.set(setting, [...all, { value: text, name, origin, isAmbiguous }]);
  };
  const ofUser = entriesOf(layers.userFile, 'user file');
  for (const { setting, name, value, origin } of ofUser.known) {
    attempt(() => take(setting, value, { origin, name }), { origin, settings: [setting] });
  }
  for (const { message, origin, settings } of ofUser.unknown) {
    const refuse = (): void => {
      throw new MemoryError('INVALID_INPUT', message);
    };
    attempt(refuse, { origin, settings });
  }
  const ofProject = entriesOf(layers.projectFile, 'project file');
  for (const { setting, name, value, origin } of ofProject.known) {
    if (settingRule(setting).isProjectSetting) {
      attempt(() => take(setting, value, { origin, name }), { origin, settings: [setting] });
      continue;
    }
    notTaken.push(setting);
    const file = origin.place === '' ? 'memory-cli.toml of the project' : originText(origin);
    strays.push({ message: `${file}: a project may not set ${name}; it was not taken from there.`, origin });
  }
  strays.push(...ofProject.unknown.map(({ message, origin }) => ({ message: `${message} It was not taken.`, origin })));
  for (const setting of SETTINGS) {
    for (const name of settingNames(setting)) {
      const origin: Origin = { layer: 'environment', place: name };
      attempt(() => take(setting, layers.environment[name], { origin, name }), { origin, settings: [setting] });
    }
    const origin: Origin = { layer: 'flag', place: settingRule(setting).flag ?? setting };
    attempt(() => take(setting, layers.flags?.[setting], { origin, name: setting }), { origin, settings: [setting] });
  }
  return { by, strays, notTaken };
}

interface Entry {
  readonly name: string;
  readonly value: unknown;
  readonly origin: Origin;
}

/** What is to be said of a name that there is not. */
interface Unknown {
  readonly message: string;
  readonly origin: Origin;
  /** Who misspelt their names left these as they were. */
  readonly settings: readonly Setting[];
}

/** Of one file, names that mean nothing are told one by one up to here: whoever writes a file may write thousands. */
const MAX_UNKNOWN = 5;

/** What a file says by names that there are, and what is to be said of the others. */
function entriesOf(
  file: SettingsFile | undefined,
  layer: LayerName,
): {
  readonly known: readonly (Entry & { readonly setting: Setting })[];
  readonly unknown: readonly Unknown[];
} {
  const { path: place = '', entries = {}, lines } = file ?? {};
  const known: (Entry & { readonly setting: Setting })[] = [];
  const others: Entry[] = [];
  for (const [name, value] of Object.entries(entries)) {
    const setting = settingCalled(name);
    const entry = { name, value, origin: { layer, place, line: lines?.get(name) } };
    if (setting === undefined) others.push(entry);
    else known.push({ ...entry, setting });
  }
  const unknown = others.slice(0, MAX_UNKNOWN).map((entry) => ({
    message: unknownName(entry),
    origin: entry.origin,
    settings: settingsMeantBy(entry.name.slice(0, MAX_QUOTED)),
  }));
  const more = others.length - unknown.length;
  if (more === 0) return { known, unknown };
  const message = `${place || 'memory-cli.toml'}: and ${more} more names that are none of a setting.`;
  return { known, unknown: [...unknown, { message, origin: { layer, place }, settings: [] }] };
}

/** Nothing where a flag took back what is set elsewhere. */
function strongest(setting: Setting, all: readonly Given[]): readonly (readonly [Setting, Given])[] {
  const last = all.at(-1);
  return last === undefined || last.value === '' ? [] : [[setting, last]];
}

function eachSetting<T>(of: (setting: Setting) => T): Readonly<Record<Setting, T>> {
  // `SETTINGS` names every key of the record.
  return Object.fromEntries(SETTINGS.map((setting) => [setting, of(setting)])) as Record<Setting, T>;
}

function originOf(setting: Setting, { values, said }: { readonly values: Config; readonly said: Said['by'] }): Origin {
  const own = (name: Setting): Origin | undefined => said.get(name)?.at(-1)?.origin;
  // A token that nobody set stood in the URL.
  const isOfUrl = setting === 'TURSO_AUTH_TOKEN' && values.TURSO_AUTH_TOKEN !== '';
  const ofUrl = isOfUrl ? own(values.TURSO_SYNC_URL === '' ? 'DATABASE_URL' : 'TURSO_SYNC_URL') : undefined;
  return own(setting) ?? ofUrl ?? { layer: 'default', place: '' };
}

function valuesOf({
  given,
  layers,
  attempt,
}: {
  readonly given: Values;
  readonly layers: ConfigLayers;
  readonly attempt: Attempt;
}): Config {
  const dataDir = given.get('MEMORY_DATA_DIR')?.value ?? defaultDataDir(layers);
  for (const [check, settings] of CHECKS) attempt(() => check(given), { settings });
  const place = attempt(() => placeOf(given, dataDir), { settings: OF_PLACE });
  const computed: Partial<Config> = {
    MEMORY_DATA_DIR: dataDir,
    LMDB_CACHE_PATH: given.get('LMDB_CACHE_PATH')?.value ?? cacheIn(dataDir),
    MEMORY_LOG_FILE: given.get('MEMORY_LOG_FILE')?.value ?? logFileIn(dataDir),
    ...(place ?? NO_PLACE),
  };
  const plain = eachSetting((setting) =>
    typed(setting, given.get(setting)?.value ?? settingRule(setting).preset ?? ''),
  );
  // `checked` has seen to it that each is of its kind.
  const values = { ...plain, ...computed } as Config;
  if (place !== undefined) {
    attempt(() => checkLogFile(values, given.get('MEMORY_LOG_FILE')?.origin), { settings: ['MEMORY_LOG_FILE'] });
  }
  return values;
}

/** What is looked at together, and what it says something about. */
const CHECKS: readonly (readonly [(given: Values) => void, readonly Setting[]])[] = [
  [checkKey, ['MEMORY_ENCRYPTION_KEY', 'MEMORY_ENCRYPTION_KEY_FILE']],
  [checkEmbedding, ['EMBEDDING_PROVIDER']],
  [checkReflector, ['REFLECTOR_PROVIDER']],
  [checkServerToken, ['MCP_TOKEN']],
];

const OF_PLACE = ['DATABASE_URL', 'TURSO_SYNC_URL', 'TURSO_AUTH_TOKEN'] as const;
/** In place of URLs that are refused: they may hold a token, and are not shown. */
const NO_PLACE = Object.freeze({ DATABASE_URL: '', TURSO_SYNC_URL: '', TURSO_AUTH_TOKEN: '' });

function typed(setting: Setting, text: string): string | number | boolean {
  const { range, choices } = settingRule(setting);
  if (range !== undefined) return Number(text);
  return choices?.includes('true') ? text === 'true' : text;
}

/** Where the database is, and by which token it is reached; the URLs no longer hold one. */
function placeOf(given: Values, dataDir: string): Pick<Config, 'DATABASE_URL' | 'TURSO_SYNC_URL' | 'TURSO_AUTH_TOKEN'> {
  const sync = addressIn(given, 'TURSO_SYNC_URL');
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
  const file = given.get('DATABASE_URL')?.value ?? databaseIn(dataDir, sync === undefined ? 'own' : 'replica');
  return {
    DATABASE_URL: database?.kind === 'remote' ? database.url : file,
    TURSO_SYNC_URL: sync?.url ?? '',
    TURSO_AUTH_TOKEN: token ?? host?.authToken ?? '',
  };
}

/** Tokens and keys go into a header, whose complaint about anything else would repeat them. */
function wordIn(
  given: Values,
  { setting, what }: { readonly setting: Setting; readonly what: string },
): string | undefined {
  const word = given.get(setting);
  if (word === undefined || /^[!-~]+$/u.test(word.value)) return word?.value;
  const place = originText(word.origin);
  throw new MemoryError('INVALID_INPUT', `${setting} (${place}) is no ${what}: those are letters and digits.`);
}

function addressIn(given: Values, setting: Setting): Address | undefined {
  const url = given.get(setting);
  if (url === undefined) return undefined;
  if (url.isAmbiguous) {
    const names = settingNames(setting).join(' and ');
    throw new MemoryError('INVALID_INPUT', `${names} (${url.origin.layer}) name two databases. Unset one of them.`);
  }
  const name = settingNames(setting).find((known) => known === url.name.toUpperCase()) ?? setting;
  return addressOf(url.value, { name: `${name} (${originText(url.origin)})` });
}

function checkKey(given: Values): void {
  const [text, path] = [given.get('MEMORY_ENCRYPTION_KEY'), given.get('MEMORY_ENCRYPTION_KEY_FILE')];
  if (text === undefined || path === undefined) return;
  const both = `MEMORY_ENCRYPTION_KEY (${originText(text.origin)}) and MEMORY_ENCRYPTION_KEY_FILE (${originText(path.origin)})`;
  throw new MemoryError('INVALID_INPUT', `${both} are both set. Unset one of them.`);
}

/** Behind which there is what a process was started with, whatever that is now. */
const OWN_OUTLETS = /^\/(?:dev\/(?:std(?:in|out|err)$|fd\/)|proc\/)/u;

/** What is appended there, and renamed once it is full, is the log alone. What else lies there, who opens it looks at. */
function checkLogFile(values: Config, origin: Origin = { layer: 'default', place: '' }): void {
  const path = logPathOf(values);
  if (path === undefined) return;
  const refuse = (what: string): MemoryError =>
    new MemoryError('INVALID_INPUT', `MEMORY_LOG_FILE (${originText(origin)}): ${path} ${what}.`);
  if (OWN_OUTLETS.test(path))
    throw refuse(`is no file; write ${settingRule('MEMORY_LOG_FILE').noPath} for standard error`);
  const database = addressOf(values.DATABASE_URL);
  if (database.kind === 'file' && ['', '-wal', '-shm'].some((end) => path === `${database.path}${end}`)) {
    throw refuse('belongs to the database; name another file');
  }
}

function checkServerToken(given: Values): void {
  wordIn(given, { setting: 'MCP_TOKEN', what: 'token' });
}

/** What belongs to each provider that is asked over a network. */
const HOSTS = Object.freeze({
  openai: { key: 'OPENAI_API_KEY', url: 'OPENAI_BASE_URL' },
  cohere: { key: 'COHERE_API_KEY', url: 'COHERE_BASE_URL' },
  ollama: { key: undefined, url: 'OLLAMA_BASE_URL' },
} as const);

/** Of the provider that is chosen, everything is checked; keys and URLs of others may be there for other programs. */
function checkEmbedding(given: Values): void {
  const provider = given.get('EMBEDDING_PROVIDER')?.value;
  checkHost(provider, { given, chosenBy: 'EMBEDDING_PROVIDER', otherwise: 'local' });
}

function checkReflector(given: Values): void {
  const provider = given.get('REFLECTOR_PROVIDER')?.value;
  checkHost(provider, { given, chosenBy: 'REFLECTOR_PROVIDER', otherwise: 'none' });
}

interface HostCheck {
  readonly given: Values;
  readonly chosenBy: 'EMBEDDING_PROVIDER' | 'REFLECTOR_PROVIDER';
  /** What needs no host. */
  readonly otherwise: string;
}

function checkHost(provider: string | undefined, { given, chosenBy, otherwise }: HostCheck): void {
  if (provider !== 'openai' && provider !== 'cohere' && provider !== 'ollama') return;
  const names = HOSTS[provider];
  const url = given.get(names.url);
  if (url !== undefined) endpointAt(url.value, { path: '', name: `${names.url} (${originText(url.origin)})` });
  if (names.key === undefined) return;
  const key = wordIn(given, { setting: names.key, what: 'key' });
  // The provider's own host asks for one; another may not.
  if (key !== undefined || url !== undefined) return;
  const chosen = given.get(chosenBy)?.origin;
  const what = `${chosenBy} (${chosen === undefined ? 'default' : originText(chosen)}) is ${provider}, and there is no key`;
  throw new MemoryError('INVALID_INPUT', `${what}. Set ${names.key}, or ${chosenBy}=${otherwise}, which needs none.`);
}

/** Settings that the chosen providers have no use for: nobody should believe that they hold. */
function unusedIn(values: Config): readonly string[] {
  const { EMBEDDING_PROVIDER: embedding, EMBEDDING_MODEL, EMBEDDING_DIMENSIONS } = values;
  const { REFLECTOR_PROVIDER: reflector, REFLECTOR_MODEL } = values;
  const takesModel = embedding !== 'local' && embedding !== 'none';
  const takesDimensions = takesModel && embedding !== 'transformers';
  const unused = [
    ...(EMBEDDING_MODEL !== '' && !takesModel ? ['EMBEDDING_MODEL'] : []),
    ...(EMBEDDING_DIMENSIONS !== 0 && !takesDimensions ? ['EMBEDDING_DIMENSIONS'] : []),
  ];
  const isModelUnused = REFLECTOR_MODEL !== '' && reflector === 'none';
  return [
    ...unused.map((name) => `${name} is set and has no meaning with EMBEDDING_PROVIDER=${embedding}.`),
    ...(isModelUnused ? ['REFLECTOR_MODEL is set and has no meaning with REFLECTOR_PROVIDER=none.'] : []),
  ];
}

/** The setting that a file calls `name`. */
function settingCalled(name: string): Setting | undefined {
  return SETTINGS.find((setting) => settingNames(setting).some((known) => known.toLowerCase() === name));
}

/** Who misspelt a name left that setting as it was. */
function settingsMeantBy(name: string): readonly Setting[] {
  const meant = meantName(name, SETTINGS.flatMap(settingNames));
  const setting = meant === undefined ? undefined : settingCalled(meant.toLowerCase());
  return setting === undefined ? [] : [setting];
}

function isUnset(setting: Setting, value: unknown, origin: Origin): boolean {
  if (typeof value !== 'string' || value.trim() !== '') return false;
  if (settingRule(setting).isNeverBlank) {
    const advice = 'Unset it to store in plain text, or make a key with: openssl rand -hex 32';
    throw new MemoryError('INVALID_INPUT', `${setting} is set and empty. ${advice}`);
  }
  return origin.layer !== 'flag';
}

/** What is quoted or compared of a name or value. */
const MAX_QUOTED = 64;

function quoted(text: string): string {
  return text.length <= MAX_QUOTED ? `"${text}"` : `"${text.slice(0, MAX_QUOTED)}…"`;
}

function unknownName({ name, value, origin }: Entry): string {
  const file = origin.place === '' ? 'memory-cli.toml' : originText(origin);
  if (typeof value === 'object')
    return `${file}: ${quoted(name)} is a table or a list; settings stand by themselves, at the top.`;
  const known = SETTINGS.flatMap(settingNames).map((each) => each.toLowerCase());
  const meant = meantName(name.slice(0, MAX_QUOTED), known);
  const hint = meant === undefined ? '.' : `; did you mean "${meant}"?`;
  return `${file}: there is no setting ${quoted(name)}${hint}`;
}

function checked(setting: Setting, value: unknown, origin: Origin): string {
  const { choices, range, isPath } = settingRule(setting);
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const text = isPlain ? String(value) : undefined;
  const refuse = (what: string): MemoryError =>
    new MemoryError('INVALID_INPUT', `${setting} (${originText(origin)}): ${what}`);
  if (text === undefined) throw refuse('is neither text nor a number nor true or false.');
  if (choices !== undefined && !choices.includes(text)) {
    const meant = text.length > MAX_QUOTED ? undefined : closeName(text, choices, Math.ceil(text.length / 2));
    const hint = meant === undefined ? '.' : `; did you mean "${meant}"?`;
    throw refuse(`${quoted(text)} is none of ${choices.join(', ')}${hint}`);
  }
  if (range !== undefined && !(/^\d+$/u.test(text.trim()) && Number(text) >= range[0] && Number(text) <= range[1])) {
    throw refuse(`${quoted(text)} is not a whole number from ${range[0]} to ${range[1]}.`);
  }
  // It would be the name of a folder.
  if (isPath && UNEXPANDED.test(text)) throw refuse(`${quoted(text)} is not expanded here; write the whole path.`);
  return text;
}

/** What a shell would have put a folder in place of. */
const UNEXPANDED = /^(?:~(?:[/\\]|$)|\$\{?[A-Z_]+\}?(?:[/\\]|$)|%[A-Z_]+%)/iu;

/** A path that means the same from wherever it is looked at: one in a file, from wherever the program is started. */
function anchored(
  setting: Setting,
  text: string,
  { layers, origin }: { readonly layers: ConfigLayers; readonly origin: Origin },
): string {
  const { isPath, noPath } = settingRule(setting);
  const isOfFile = origin.layer === 'user file' || origin.layer === 'project file';
  const base = isOfFile ? origin.place && dirname(origin.place) : layers.folder;
  if (!base || text === '' || text === noPath) return text;
  if (isPath) return resolve(base, text);
  const relative = /^file:(?!\/)([^?#]+)$/u.exec(text)?.[1];
  return relative === undefined || !isDecodable(relative)
    ? text
    : pathToFileURL(resolve(base, decodeURIComponent(relative))).href;
}

/** What is not is refused where the address is read. */
function isDecodable(text: string): boolean {
  return !/%(?![0-9a-f]{2})/iu.test(text);
}
