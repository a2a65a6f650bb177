// How a long loop shares the thread with everything else that runs in it.
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * A function to await between the pieces of a loop, or before calls that may follow each other closely: whenever the
 * event loop has not turned for 10 ms, it turns once. Whether it has turned is seen, not guessed from pauses.
 */
export function turns(): () => Promise<void> | undefined {
  let heldSinceMs: number | undefined;
  return () => {
    if (heldSinceMs === undefined) {
      heldSinceMs = performance.now();
      setImmediate(() => {
        heldSinceMs = undefined;
      });
    }
    return performance.now() - heldSinceMs < MAX_HELD_MS ? undefined : nextTurn();
  };
}

/** `work` on each item, one after the other, sharing the thread. */
export async function mapInTurns<T, R>(items: readonly T[], work: (item: T) => R): Promise<R[]> {
  const turn = turns();
  const results: R[] = [];
  for (const item of items) {
    await turn();
    results.push(work(item));
  }
  return results;
}

/** Longest time that pieces in a row hold the event loop, but for what a single one takes. */
const MAX_HELD_MS = 10;
