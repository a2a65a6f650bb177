// The program: speaks MCP over standard input and output until its input ends. Imports next to nothing: what answers
// is loaded when there is something to answer, behind the guard of standard output.
import type { Session } from './serve.ts';
import { StdioTransport } from './stdio.ts';
import { writeToStdout } from './stdout-guard.ts';
import { version } from './version.ts';

/** How long finishing may take, from the end of the input on, before the program ends all the same. */
const MAX_STOP_MS = 10_000;

const HELP = `memory-mcp ${version}: episodic memory for coding agents, as an MCP server over stdio.

Usage: memory-mcp [--help | --version]

Without a flag it reads MCP messages from standard input until that ends. It is started by an MCP client.

Environment: MEMORY_DATA_DIR, DATABASE_URL (or TURSO_DATABASE_URL), TURSO_AUTH_TOKEN, TURSO_SYNC_URL,
TURSO_POOL_SIZE, MEMORY_ENCRYPTION_KEY or MEMORY_ENCRYPTION_KEY_FILE, LMDB_CACHE_PATH, MEMORY_CACHE_SIZE_MB,
MEMORY_PROJECT, MEMORY_DURABILITY (full, normal), MEMORY_LOG_LEVEL (debug, info, warn, error, silent), MEMORY_LOG_FILE,
EMBEDDING_PROVIDER (local, openai, ollama, cohere, transformers, none), EMBEDDING_MODEL, EMBEDDING_DIMENSIONS,
OPENAI_API_KEY, OPENAI_BASE_URL, COHERE_API_KEY, COHERE_BASE_URL, OLLAMA_BASE_URL,
SANDBOX_ALLOW_WRITES (true, false: whether programs of execute_code may write to the memory, default false);
also in memory-cli.toml, in lower case.

Exit codes: 0 ended with its input or by a signal, 1 could not finish, 2 unknown flag.
`;

function main(flags: readonly string[]): void {
  const [flag] = flags;
  if (flag === undefined) serve();
  else if (flag === '--help' || flag === '-h') writeToStdout(HELP);
  else if (flag === '--version' || flag === '-v') writeToStdout(`${version}\n`);
  else {
    process.stderr.write(`memory-mcp: there is no flag ${JSON.stringify(flag)}; see memory-mcp --help.\n`);
    process.exitCode = 2;
  }
}

/** Reads at once, and loads what answers when there is something to answer. */
function serve(): void {
  // A program that cannot load itself ends and says so: nobody catches that.
  let session: Promise<Session> | undefined;
  const transport = new StdioTransport({
    input: process.stdin,
    output: process.stdout,
    write: writeToStdout,
    onFirstLine() {
      session = import('./serve.ts').then((protocol) => protocol.serve(transport));
    },
    onFirstAnswer: () => void session?.then((serving) => serving.warmUp()),
    onInputEnd: () => void setTimeout(() => process.exit(1), MAX_STOP_MS).unref(),
    onEnd: () => void stop(session),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => transport.drain());
}

async function stop(session: Promise<Session> | undefined): Promise<void> {
  const serving = await session;
  process.exit((await serving?.close()) ?? 0);
}

main(process.argv.slice(2));
