// What `memory-mcp --help` prints.
import { SETTINGS, settingRule } from '@episodica/memory-core/config';
import { version } from './version.ts';

const WIDTH = 120;

/** Names every setting there is. */
export function helpText(): string {
  return `memory-mcp ${version}: episodic memory for coding agents, as an MCP server over stdio or HTTP.

Usage: memory-mcp [--config FILE] [--data-dir DIR] [--http [--host HOST] [--port PORT]] | --help | --version

Without --http it reads MCP messages from standard input until that ends. It is started by an MCP client. Calls under
way at the end of the input, or at a first SIGTERM or SIGINT, have eight seconds; at the next signal it ends at once.

With --http it serves many clients at http://HOST:PORT/mcp until a signal ends it, and says on standard error where that
is. A client sends "Authorization: Bearer TOKEN": the token is MCP_TOKEN or, where that is not set, in the file mcp-token
of the data folder, made at the first start. HOST is MCP_HOST or 127.0.0.1; another than this machine needs MCP_TOKEN (32
characters or more) and, as nothing is encrypted on the way, a proxy that does. PORT is MCP_PORT or 3000; 0 takes one that is
free. GET /health tells whether it works, GET /metrics (with the token) what was counted and timed, for Prometheus.
Each call names its project. The first SIGTERM or SIGINT lets calls under way end, the second does not.

Settings, weakest first: memory-cli.toml of the user, that of the project (few), the environment, flags. --config FILE is
read in place of the user's file; --data-dir DIR holds everything, whatever else is set. "memory-cli config show" tells what
holds and where it comes from. Their names, in lower case in a file:
${settingsText()}

Exit codes: 0 ended with its input or by a signal, 1 could not start or finish, 2 unknown flag.
`;
}

function settingsText(): string {
  const told = SETTINGS.map((name) => {
    const { otherName, choices } = settingRule(name);
    const more = [...(otherName === undefined ? [] : [`or ${otherName}`]), ...(choices ?? [])];
    return more.length === 0 ? name : `${name} (${more.join(', ')})`;
  });
  return wrapped(told);
}

/** As many in a line as fit into it. */
function wrapped(items: readonly string[]): string {
  const lines = [''];
  for (const [index, item] of items.entries()) {
    const text = index === items.length - 1 ? `${item}.` : `${item},`;
    const longer = `${lines.at(-1)} ${text}`.trimStart();
    if (longer.length <= WIDTH) lines[lines.length - 1] = longer;
    else lines.push(text);
  }
  return lines.join('\n');
}
