// The program's entry: arguments in, exit code out, and nothing else.
import { EXIT_CODES } from '@episodica/memory-core';
import { runCli } from './cli.ts';
import { note } from './output.ts';

// Whoever read our output has read enough: what was acknowledged is durable, so there is nothing to finish.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  note('STORE_FAILED', `standard output cannot be written: ${error.message}.`);
  process.exit(EXIT_CODES.STORE_FAILED);
});
process.stderr.on('error', () => undefined);

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

process.exitCode = await runCli(interrupted.signal);
