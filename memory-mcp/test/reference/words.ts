// What the reference says in words, held complete by the types: a limit or a setting without words does not compile.
import type { LIMITS } from '@episodica/memory-core';
import type { Setting } from '@episodica/memory-core/config';

/** What each limit bounds. Sizes in bytes are of UTF-8. */
export const LIMIT_WORDS: Readonly<Record<keyof typeof LIMITS, string>> = {
  descriptionBytes: 'bytes of a task description',
  nameBytes: 'bytes of a name: tool, domain, project, framework, agent, key',
  actionBytes: 'bytes of an action, and of a rationale',
  parametersBytes: 'bytes of the parameters of a step, as JSON',
  resultBytes:
    'bytes of an output or a message; a longer one is not refused: its beginning and its end are kept, with its size',
  outcomeTextBytes: 'bytes of one text of an outcome',
  outcomeItems: 'entries in one list of an outcome',
  metadataBytes: 'bytes of metadata, as JSON',
  files: 'files of an episode',
  tags: 'tags of an episode',
  steps: 'steps of an episode',
  episodeBytes: 'bytes of all steps of an episode',
  batch: 'steps in one call; beyond it `INVALID_INPUT`',
  queryBytes: 'bytes of a query',
  vectorDimensions: 'numbers of a vector',
  hits: 'hits of a search; beyond it `INVALID_INPUT`',
  importLineBytes: 'bytes of one line of a file that is imported',
};

/** What the same call does again, where the tool's hints do not say it all. */
export const REPEATED_WORDS: Readonly<Record<string, string>> = {
  add_step: 'is another step, and with the same `step_key` none',
  complete_episode: 'is refused: an episode ends once',
  record_feedback: 'is refused: a recommendation has its feedback once',
};

/** What each setting says. */
export const SETTING_WORDS: Readonly<Record<Setting, string>> = {
  MEMORY_DATA_DIR: 'Folder of everything that is stored',
  DATABASE_URL: 'Where the database is: a `file:` URL, or that of a host. Also called `TURSO_DATABASE_URL`',
  TURSO_AUTH_TOKEN: 'What the host asks for',
  TURSO_SYNC_URL: 'A host whose database the file here follows ([turso.md](turso.md))',
  TURSO_POOL_SIZE: 'Calls to a host at the same time',
  MEMORY_ENCRYPTION_KEY: 'Key or passphrase ([encryption.md](encryption.md))',
  MEMORY_ENCRYPTION_KEY_FILE: 'A file that holds the key',
  LMDB_CACHE_PATH: 'Folder of the cache; can be deleted at any time',
  MEMORY_CACHE_SIZE_MB: 'Size of the cache',
  MEMORY_PROJECT: 'Project of calls that name none. Default: from the git remote, else the folder',
  MEMORY_DURABILITY: '`full`: an answer means on disk. `normal`: a power cut may lose the last commits',
  EMBEDDING_PROVIDER: 'Who turns texts into vectors ([embeddings.md](embeddings.md))',
  EMBEDDING_MODEL: 'As the provider calls it',
  EMBEDDING_DIMENSIONS: 'Numbers of a vector; 0: as many as the model has',
  OPENAI_API_KEY: 'Key for OpenAI, or a host that speaks as it does',
  OPENAI_BASE_URL: 'Its address',
  COHERE_API_KEY: 'Key for Cohere',
  COHERE_BASE_URL: 'Its address',
  OLLAMA_BASE_URL: 'Address of Ollama',
  REFLECTOR_PROVIDER: 'Who writes reflections besides our own rules ([learning.md](learning.md))',
  REFLECTOR_MODEL: 'As the provider calls it',
  SANDBOX_ALLOW_WRITES: 'Whether programs of `execute_code` may write to the memory',
  MCP_HOST: 'Where `--http` listens. Another than this machine needs `MCP_TOKEN`',
  MCP_PORT: 'Its port; 0: one that is free',
  MCP_TOKEN: 'What clients over HTTP must show. Default: the one in the file `mcp-token` of the data folder',
  MEMORY_LOG_LEVEL: 'How much is logged',
  MEMORY_LOG_FILE: 'Where to; default: standard error',
};
