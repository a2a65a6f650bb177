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

/**
 * The items of `work` as they are. What is told is the time that was waited for them, not what is done with them in
 * between.
 */
export async function* timedStream<T>(
  items: AsyncIterable<T>,
  { done, failed }: Watch,
): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  let spentMs = 0;
  let isDone = false;
  try {
    for (;;) {
      const askedMs = performance.now();
      const next = await iterator.next().finally(() => {
        spentMs += performance.now() - askedMs;
      });
      if (next.done === true) break;
      yield next.value;
    }
    isDone = true;
  } catch (error) {
    isDone = true;
    failed(codeOf(error));
    throw error;
  } finally {
    done(spentMs);
    // Who has seen enough lets go of what the stream holds.
    if (!isDone) await iterator.return?.();
  }
}

/** What is no error of ours is a mistake of ours. */
export function codeOf(error: unknown): string {
  return isMemoryError(error) ? error.code : 'INTERNAL';
}
