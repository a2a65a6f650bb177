// What the command line says beyond plain stdio: help, the version, or serving over HTTP. Loaded where there is a flag.
import { parseArgs } from 'node:util';
import { writeToStdout } from './stdout-guard.ts';
import { version } from './version.ts';

const HELP = `memory-mcp ${version}: episodic memory for coding agents, as an MCP server over stdio or HTTP.

Usage: memory-mcp [--http [--host HOST] [--port PORT] | --help | --version]

Without a flag it reads MCP messages from standard input until that ends. It is started by an MCP client. Calls under
way at the end of the input, or at a first SIGTERM or SIGINT, have eight seconds; at the next signal it ends at once.

With --http it serves many clients at http://HOST:PORT/mcp until a signal ends it, and says on standard error where that
is. A client sends "Authorization: Bearer TOKEN": the token is MCP_TOKEN or, where that is not set, in the file mcp-token
of the data folder, made at the first start. HOST is MCP_HOST or 127.0.0.1; another than this machine needs MCP_TOKEN (32
characters or more) and, as nothing is encrypted on the way, a proxy that does. PORT is MCP_PORT or 3000; 0 takes one that is
free. GET /health tells whether it works, GET /metrics (with the token) what was counted and timed, for Prometheus.
Each call names its project. The first SIGTERM or SIGINT lets calls under way end, the second does not.

Environment: MEMORY_DATA_DIR, DATABASE_URL (or TURSO_DATABASE_URL), TURSO_AUTH_TOKEN, TURSO_SYNC_URL,
TURSO_POOL_SIZE, MEMORY_ENCRYPTION_KEY or MEMORY_ENCRYPTION_KEY_FILE, LMDB_CACHE_PATH, MEMORY_CACHE_SIZE_MB,
MEMORY_PROJECT, MEMORY_DURABILITY (full, normal), MEMORY_LOG_LEVEL (debug, info, warn, error, silent), MEMORY_LOG_FILE,
EMBEDDING_PROVIDER (local, openai, ollama, cohere, transformers, none), EMBEDDING_MODEL, EMBEDDING_DIMENSIONS,
OPENAI_API_KEY, OPENAI_BASE_URL, COHERE_API_KEY, COHERE_BASE_URL, OLLAMA_BASE_URL, REFLECTOR_PROVIDER, REFLECTOR_MODEL,
SANDBOX_ALLOW_WRITES (true, false: whether programs of execute_code may write to the memory, default false),
MCP_HOST, MCP_PORT, MCP_TOKEN;
also in memory-cli.toml, in lower case.

Exit codes: 0 ended with its input or by a signal, 1 could not start or finish, 2 unknown flag.
`;

const OPTIONS = {
  http: { type: 'boolean' },
  host: { type: 'string' },
  port: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** Does what the flags say; what is wrong with them is told in one line, and exit code 2. */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  const flags = parsed(args);
  if (typeof flags === 'string') {
    process.stderr.write(`memory-mcp: ${flags}; see memory-mcp --help.\n`);
    process.exitCode = 2;
  } else if (flags.help) writeToStdout(HELP);
  else if (flags.version) writeToStdout(`${version}\n`);
  else {
    const { serveHttp } = await import('./http/serve-http.ts');
    await serveHttp(flags);
  }
}

function parsed(args: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...args], options: OPTIONS });
    const isKnown = values.help || values.version || values.http;
    return isKnown ? values : '--host and --port go with --http';
  } catch (error) {
    // Node's first sentence says which flag it is, and what it lacks; what follows is for those who write programs.
    const [first = ''] = String(error instanceof Error ? error.message : error).split(/\. |\n/u);
    return first.replace(/\.$/u, '');
  }
}
