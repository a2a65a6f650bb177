// What a check found, and how checks are run: each in time, and whatever one fails of is its finding.
import { isMemoryError } from '@episodica/memory-core';

/** How a check ended. */
export type FindingStatus = 'ok' | 'warning' | 'problem' | 'not_checked';

export interface Finding {
  readonly check: string;
  readonly status: FindingStatus;
  /** What was found, or why it was not looked for. */
  readonly found: string;
  /** One sentence or command; of every warning and every problem. */
  readonly advice?: string;
  /** Of what was tried. */
  readonly took_ms?: number;
}

/** What a check says of itself; its name is known to who asks. */
export type Found = Omit<Finding, 'check'>;

export const ok = (found: string): Found => ({ status: 'ok', found });
export const warning = (found: string, advice: string): Found => ({ status: 'warning', found, advice });
export const problem = (found: string, advice: string): Found => ({ status: 'problem', found, advice });
export const notChecked = (found: string): Found => ({ status: 'not_checked', found });

export interface CheckOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Never rejects. `advice` is for what the check fails of, whose message says what happened. */
export async function checked(
  check: string,
  look: (signal: AbortSignal) => Promise<Found | readonly Found[]>,
  { timeoutMs, signal, advice }: CheckOptions & { readonly advice: string },
): Promise<readonly Finding[]> {
  const deadline = AbortSignal.timeout(timeoutMs);
  const either = AbortSignal.any([deadline, signal]);
  const ended = new AbortController();
  const late = new Promise<Found>((resolve) => {
    const tell = (): void => {
      const reason = signal.aborted ? 'interrupted' : `no answer in ${timeoutMs / 1_000} s`;
      resolve(signal.aborted ? notChecked(reason) : problem(reason, advice));
    };
    if (either.aborted) tell();
    either.addEventListener('abort', tell, { once: true, signal: ended.signal });
  });
  try {
    const found = await Promise.race([look(either), late]);
    return [found].flat().map((each) => ({ check, ...each }));
  } catch (error) {
    const text = isMemoryError(error) ? `${error.code}: ${error.message}` : reasonOf(error);
    return [{ check, ...problem(text, advice) }];
  } finally {
    ended.abort();
  }
}

/** In words, without a stack. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
