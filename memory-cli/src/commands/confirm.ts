// Asking before something is replaced or deleted.
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
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new MemoryError(
      'INVALID_INPUT',
      '--yes: is needed where nobody can be asked; --dry-run tells what would be.',
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `, { signal });
    if (/^y(?:es)?$/iu.test(answer.trim())) return;
  } catch (cause) {
    // Interrupted while it was asked: that is no.
    if (!signal.aborted) throw cause;
  } finally {
    terminal.close();
  }
  throw new MemoryError('ABORTED', 'The answer was not yes; nothing was changed.');
}
