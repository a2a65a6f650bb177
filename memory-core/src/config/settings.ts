// The settings: one table that says of each what it means, what it may be, and who may set it. Help, docs and the file
// that "config init" writes are made from it.
import { LIMITS } from '../limits.ts';

/** Settings by the name they have in the environment; in a `memory-cli.toml` the same names in lower case. */
export interface Config {
  readonly MEMORY_DATA_DIR: string;
  /** Without a token. */
  readonly DATABASE_URL: string;
  /** Also where it stood in a URL. */
  readonly TURSO_AUTH_TOKEN: string;
  readonly TURSO_SYNC_URL: string;
  readonly TURSO_POOL_SIZE: number;
  readonly MEMORY_ENCRYPTION_KEY: string;
  readonly MEMORY_ENCRYPTION_KEY_FILE: string;
  readonly LMDB_CACHE_PATH: string;
  readonly MEMORY_CACHE_SIZE_MB: number;
  readonly MEMORY_PROJECT: string;
  readonly MEMORY_DURABILITY: 'full' | 'normal';
  readonly EMBEDDING_PROVIDER: 'local' | 'openai' | 'ollama' | 'cohere' | 'transformers' | 'none';
  readonly EMBEDDING_MODEL: string;
  readonly EMBEDDING_DIMENSIONS: number;
  readonly OPENAI_API_KEY: string;
  readonly OPENAI_BASE_URL: string;
  readonly COHERE_API_KEY: string;
  readonly COHERE_BASE_URL: string;
  readonly OLLAMA_BASE_URL: string;
  readonly REFLECTOR_PROVIDER: 'none' | 'openai' | 'ollama';
  readonly REFLECTOR_MODEL: string;
  readonly SANDBOX_ALLOW_WRITES: boolean;
  readonly MCP_HOST: string;
  readonly MCP_PORT: number;
  readonly MCP_TOKEN: string;
  readonly MEMORY_LOG_LEVEL: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly MEMORY_LOG_FILE: string;
}

/** The name of one. */
export type Setting = keyof Config;

/** What a setting means, what it may be, and who may set it. */
export interface SettingRule {
  /** One line, with names in backticks. */
  readonly about: string;
  /** The page of docs that tells more. */
  readonly page?: string;
  /** What holds where nobody sets it, as one would write it. @default '' */
  readonly preset?: string;
  /** The same in words, where it is worked out or nothing is not all that there is to say. */
  readonly presetWords?: string;
  /** It is never shown. */
  readonly isSecret?: true;
  /** Set to nothing is refused: what was meant to be encrypted must not end up in plain text. */
  readonly isNeverBlank?: true;
  /** What it is called as well. */
  readonly otherName?: string;
  /** The flag of a program that sets it. */
  readonly flag?: string;
  /** May a project's file, which comes with somebody's repository, set it? */
  readonly isProjectSetting?: true;
  readonly choices?: readonly string[];
  /** Whole numbers. */
  readonly range?: readonly [number, number];
  /** A file or a folder: a relative one in a file begins at the folder of that file. */
  readonly isPath?: true;
  /** The word that stands for none. */
  readonly noPath?: string;
  /** An address, in which there may be credentials that nobody should see. */
  readonly isUrl?: true;
}

const OWN_ADDRESS = 'that of the provider';

const RULES: Readonly<Record<Setting, SettingRule>> = Object.freeze({
  MEMORY_DATA_DIR: {
    about: 'Folder of everything that is stored',
    presetWords: 'the folder for data of programs on this platform',
    flag: '--data-dir',
    isPath: true,
  },
  DATABASE_URL: {
    about: 'Where the database is: a `file:` URL, or that of a host',
    page: 'turso.md',
    presetWords: '`memory.db` in the data folder; `replica.db` with TURSO_SYNC_URL',
    otherName: 'TURSO_DATABASE_URL',
    flag: '--data-dir',
    isUrl: true,
  },
  TURSO_AUTH_TOKEN: {
    about: 'What the host asks for; may stand in its URL as `?authToken=`',
    page: 'turso.md',
    isSecret: true,
  },
  TURSO_SYNC_URL: {
    about: 'A host whose database the file DATABASE_URL follows',
    page: 'turso.md',
    presetWords: 'it follows none',
    flag: '--data-dir',
    isUrl: true,
  },
  TURSO_POOL_SIZE: { about: 'Calls to a host at the same time', preset: '10', range: [1, 100] },
  MEMORY_ENCRYPTION_KEY: {
    about: 'Key of 64 hexadecimal digits, or a passphrase',
    page: 'encryption.md',
    presetWords: 'none: in plain text',
    isSecret: true,
    isNeverBlank: true,
  },
  MEMORY_ENCRYPTION_KEY_FILE: {
    about: 'A file of mode 600 that holds the key',
    page: 'encryption.md',
    isNeverBlank: true,
    isPath: true,
  },
  LMDB_CACHE_PATH: {
    about: 'Folder of the caches, one for each store that was opened; can be deleted at any time',
    presetWords: '`cache` in the data folder',
    flag: '--data-dir',
    isPath: true,
  },
  MEMORY_CACHE_SIZE_MB: { about: 'Size of a cache', preset: '256', isProjectSetting: true, range: [8, 65_536] },
  MEMORY_PROJECT: {
    about: 'Project of what names none. Over HTTP each call names its own',
    presetWords: 'the git remote of the working folder, else the folder',
    isProjectSetting: true,
  },
  MEMORY_DURABILITY: {
    about: '`full`: an answer means on disk. `normal`: a power cut may lose the last commits',
    page: 'storage.md',
    preset: 'full',
    choices: ['full', 'normal'],
  },
  // Whoever sets one of these may send what is remembered to a host of their own.
  EMBEDDING_PROVIDER: {
    about: 'Who turns texts into vectors; `local` sends nothing anywhere, `none`: search by words alone',
    page: 'embeddings.md',
    preset: 'local',
    choices: ['local', 'openai', 'ollama', 'cohere', 'transformers', 'none'],
  },
  EMBEDDING_MODEL: {
    about: 'Model that makes vectors, as the provider calls it',
    page: 'embeddings.md',
    presetWords: 'depends on the provider',
  },
  EMBEDDING_DIMENSIONS: {
    about: 'Numbers of a vector, for models that can shorten theirs; 0: as many as the model has',
    page: 'embeddings.md',
    preset: '0',
    range: [0, LIMITS.vectorDimensions],
  },
  OPENAI_API_KEY: { about: 'Key for OpenAI, or a host that speaks as it does and asks for one', isSecret: true },
  OPENAI_BASE_URL: {
    about: 'Address of OpenAI, or of any host that speaks as it does, with the version in its path',
    presetWords: OWN_ADDRESS,
    isUrl: true,
  },
  COHERE_API_KEY: { about: 'Key for Cohere', isSecret: true },
  COHERE_BASE_URL: { about: 'Address of Cohere', presetWords: OWN_ADDRESS, isUrl: true },
  OLLAMA_BASE_URL: { about: 'Address of Ollama', presetWords: 'this machine, port 11434', isUrl: true },
  REFLECTOR_PROVIDER: {
    about:
      'Whose model says what an episode teaches, beside our own rules; servers ask it in the background, the terminal program never does',
    page: 'learning.md',
    preset: 'none',
    choices: ['none', 'openai', 'ollama'],
  },
  REFLECTOR_MODEL: {
    about: 'Model that reflects, as the provider calls it',
    page: 'learning.md',
    presetWords: 'depends on the provider',
  },
  // Whoever writes a repository does not say what programs may change.
  SANDBOX_ALLOW_WRITES: {
    about: 'Whether programs of `execute_code` and `eval` may write to the memory, and not only read it',
    page: 'sandbox.md',
    preset: 'false',
    choices: ['true', 'false'],
  },
  // Nor who reaches what is remembered.
  MCP_HOST: {
    about: 'Where `memory-mcp --http` listens. Another than this machine needs MCP_TOKEN',
    page: 'mcp.md',
    preset: '127.0.0.1',
    flag: '--host',
  },
  MCP_PORT: {
    about: 'Port of `memory-mcp --http`; 0: one that is free',
    page: 'mcp.md',
    preset: '3000',
    flag: '--port',
    range: [0, 65_535],
  },
  MCP_TOKEN: {
    about: 'What clients over HTTP must show',
    page: 'mcp.md',
    presetWords: 'the one in the file `mcp-token` of the data folder, made at the first start',
    isSecret: true,
  },
  // Nor what is told of what a repository does, or how much of it is written down.
  MEMORY_LOG_LEVEL: {
    about: 'How much is logged',
    preset: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
  },
  MEMORY_LOG_FILE: {
    about: 'File of the log; `stderr`: into no file, to standard error alone',
    presetWords: '`logs/episodica.log` in the data folder',
    isPath: true,
    noPath: 'stderr',
  },
});

/** All there are. The record above names every setting and nothing else. */
export const SETTINGS: readonly Setting[] = Object.keys(RULES) as Setting[];

/** What the table says of one. */
export function settingRule(setting: Setting): SettingRule {
  return RULES[setting];
}

/** What it may be called in the environment. */
export function settingNames(setting: Setting): readonly string[] {
  const { otherName } = RULES[setting];
  return otherName === undefined ? [setting] : [setting, otherName];
}

/** A setting as it may be shown: of a secret, no more than that there is one. */
export function shownValue<V extends Config[Setting]>(setting: Setting, value: V): V | string {
  const { isSecret, isUrl } = RULES[setting];
  if (value === '') return value;
  if (isSecret || (isUrl && holdsMore(String(value)))) return 'set, not shown';
  return value;
}

/** What is no mere address was refused where it is used; where it is not, it may belong to another program. */
function holdsMore(url: string): boolean {
  if (url.startsWith('file:')) return false;
  if (!URL.canParse(url)) return true;
  const { username, password, search, hash } = new URL(url);
  return username !== '' || password !== '' || search !== '' || hash !== '';
}
