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
  refuseUnasked();
  const answer = await withQuestions(signal, (ask) => ask(`${question} [y/N]`));
  if (/^y(?:es)?$/iu.test(answer.trim())) return;
  throw notAgreed();
}

/** Shows a question and answers what was typed. */
export type Ask = (question: string) => Promise<string>;

/**
 * Runs `conversation` with the user at the terminal.
 * @throws `ABORTED` when it is interrupted or the input ends
 */
export async function withQuestions<T>(signal: AbortSignal, conversation: (ask: Ask) => Promise<T>): Promise<T> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr, signal });
  // What is typed ahead of a question is its answer.
  const lines = terminal[Symbol.asyncIterator]();
  try {
    return await conversation(async (question) => {
      terminal.setPrompt(`${question} `);
      terminal.prompt();
      const { value, done } = await lines.next();
      if (done === true) throw notAgreed();
      return value;
    });
  } finally {
    terminal.close();
  }
}

function notAgreed(): MemoryError {
  return new MemoryError('ABORTED', 'The answer was not yes; nothing was changed.');
}

/** @throws `INVALID_INPUT` where nobody can be asked */
export function refuseUnasked(): void {
  if (process.stdin.isTTY && process.stderr.isTTY) return;
  throw new MemoryError('INVALID_INPUT', '--yes: is needed where nobody can be asked; --dry-run tells what would be.');
}
