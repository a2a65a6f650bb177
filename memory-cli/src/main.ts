// The program's entry: arguments in, exit code out, and nothing else.
import { runCli } from './cli.ts';

// Whoever read our output has read enough: what was acknowledged is durable, so there is nothing to finish.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.stderr.on('error', () => process.exit(0));

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

process.exitCode = await runCli(interrupted.signal);
