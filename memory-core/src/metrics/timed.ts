// Work with a stopwatch beside it.
import { isMemoryError } from '../errors.ts';

/** What is told of a piece of work. */
export interface Watch {
  done(ms: number): void;
  failed(code: string): void;
}

/** The answer of `work`, or its failure, as it is. */
export async function timed<T>(work: () => Promise<T>, { done, failed }: Watch): Promise<T> {
  const startedMs = performance.now();
  try {
    return await work();
  } catch (error) {
    failed(codeOf(error));
    throw error;
  } finally {
    done(performance.now() - startedMs);
  }
}

/** What is no error of ours is a mistake of ours. */
export function codeOf(error: unknown): string {
  return isMemoryError(error) ? error.code : 'INTERNAL';
}
