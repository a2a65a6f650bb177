// So many at a time; the others wait in their order, and not too many of them.

export interface Gate {
  /**
   * Waits for its turn. What it answers ends it; that may be called more than once. Nothing: too many are waiting.
   * Rejects with the signal's reason where that is aborted before.
   */
  enter(signal: AbortSignal): Promise<(() => void) | undefined>;
}

export interface GateOptions {
  readonly atOnce: number;
  readonly maxWaiting: number;
}

export function gate({ atOnce, maxWaiting }: GateOptions): Gate {
  const waiting: (() => void)[] = [];
  let inside = 0;

  function leaveOnce(): () => void {
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      inside -= 1;
      waiting.shift()?.();
    };
  }

  return {
    enter(signal) {
      if (inside < atOnce) {
        inside += 1;
        return Promise.resolve(leaveOnce());
      }
      if (waiting.length >= maxWaiting) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => {
        const giveUp = (): void => {
          waiting.splice(waiting.indexOf(letIn), 1);
          reject(signal.reason);
        };
        const letIn = (): void => {
          signal.removeEventListener('abort', giveUp);
          inside += 1;
          resolve(leaveOnce());
        };
        signal.addEventListener('abort', giveUp, { once: true });
        waiting.push(letIn);
      });
    },
  };
}
