// What the command line says beyond plain stdio: help, the version, settings, or serving over HTTP. Loaded where there is a flag.
import { parseArgs } from 'node:util';
import type { ProgramFlags } from './open.ts';
import { writeToStdout } from './stdout-guard.ts';
import { version } from './version.ts';

const OPTIONS = {
  http: { type: 'boolean' },
  config: { type: 'string' },
  'data-dir': { type: 'string' },
  host: { type: 'string' },
  port: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** Does what the flags say; what is wrong with them is told in one line, and exit code 2. */
export async function runCommandLine(
  words: readonly string[],
  serveStdio: (flags: ProgramFlags) => void,
): Promise<void> {
  const flags = parsed(words);
  if (typeof flags === 'string') {
    process.stderr.write(`memory-mcp: ${flags}; see memory-mcp --help.\n`);
    process.exitCode = 2;
  } else if (flags.help) writeToStdout((await import('./help.ts')).helpText());
  else if (flags.version) writeToStdout(`${version}\n`);
  else if (flags.http) {
    const { serveHttp } = await import('./http/serve-http.ts');
    await serveHttp(flags);
  } else serveStdio(flags);
}

/** The flags, or what is wrong with them. */
function parsed(words: readonly string[]) {
  try {
    const { values } = parseArgs({ args: [...words], options: OPTIONS });
    const { http, host, port, config, 'data-dir': dataDir } = values;
    if (!(http || values.help || values.version) && (host ?? port) !== undefined) {
      return '--host and --port go with --http';
    }
    if (config === '') return '--config: is empty; name a file, or leave it out';
    if (dataDir === '') return '--data-dir: is empty; name a folder, or leave it out';
    return { ...values, dataDir };
  } catch (error) {
    // Node's first sentence says which flag it is, and what it lacks; what follows is for those who write programs.
    const [first = ''] = String(error instanceof Error ? error.message : error).split(/\. |\n/u);
    return first.replace(/\.$/u, '');
  }
}
