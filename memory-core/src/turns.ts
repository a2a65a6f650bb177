// How a long loop shares the thread with everything else that runs in it.

/**
 * A function to await between the pieces of a loop: whenever they have held the event loop for 10 ms, it turns once.
 * For calls that may follow each other closely or not, `pauseMs` tells them apart: after it, a call stands alone.
 */
export function turns(pauseMs: number = Number.POSITIVE_INFINITY): () => Promise<void> | undefined {
  let heldSinceMs = performance.now();
  let lastMs = heldSinceMs;
  return () => {
    const nowMs = performance.now();
    if (nowMs - lastMs > pauseMs) heldSinceMs = nowMs;
    lastMs = nowMs;
    if (nowMs - heldSinceMs < MAX_HELD_MS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        heldSinceMs = performance.now();
        lastMs = heldSinceMs;
        resolve();
      });
    });
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
