// Asking before something is replaced or deleted.
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { MemoryError } from '@episodica/memory-core';

/**
 * Comes back when the user agrees, or has agreed by --yes.
 * @throws `INVALID_INPUT` where nobody can be asked, `ABORTED` when the answer is not yes
 */
export async function confirm(
  question: string,
  { yes, signal }: { readonly yes: boolean | undefined; readonly signal: AbortSignal },
): Promise<void> {
  if (yes === true) return;
  refuseUnasked();
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await Promise.race([
      terminal.question(`${question} [y/N] `, { signal }),
      // The input ended.
      once(terminal, 'close').then(() => ''),
    ]);
    if (/^y(?:es)?$/iu.test(answer.trim())) return;
  } catch (cause) {
    // Interrupted while it was asked: that is no.
    if (!signal.aborted && !(cause instanceof Error && cause.name === 'AbortError')) throw cause;
  } finally {
    terminal.close();
  }
  throw new MemoryError('ABORTED', 'The answer was not yes; nothing was changed.');
}

/** @throws `INVALID_INPUT` where nobody can be asked */
export function refuseUnasked(): void {
  if (process.stdin.isTTY && process.stderr.isTTY) return;
  throw new MemoryError('INVALID_INPUT', '--yes: is needed where nobody can be asked; --dry-run tells what would be.');
}
