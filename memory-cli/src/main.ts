// The program's entry: arguments in, exit code out, and nothing else.
import { EXIT_CODES } from '@episodica/memory-core';
import { runCli } from './cli.ts';
import { TERMINATED } from './exit-codes.ts';
import { note } from './output.ts';

const enough = new AbortController();
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') enough.abort();
  if (enough.signal.aborted) return;
  note('STORE_FAILED', `standard output cannot be written: ${error.message}.`);
  process.exit(EXIT_CODES.STORE_FAILED);
});
process.stderr.on('error', () => undefined);

const interrupted = new AbortController();
// The second time, whoever asks does not want to wait for an orderly end: the signal then has its own effect.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());
const terminated = new AbortController();
process.once('SIGTERM', () => terminated.abort());

/** Resolves when the command has ended. */
export const ended: Promise<void> = runCli(interrupted.signal, enough.signal).then((exitCode) => {
  // Whoever read our output has read enough: what was acknowledged is durable, so there is nothing to finish.
  if (enough.signal.aborted) process.exit(0);
  enough.signal.addEventListener('abort', () => process.exit(0));
  process.exitCode = exitCode === EXIT_CODES.ABORTED && terminated.signal.aborted ? TERMINATED : exitCode;
});
