// How far a call is, told to a client that asked for it: a few times a second at most, growing, and never behind the answer.
import type { Progress } from './tool.ts';

/** What a client is told, in the protocol's words. */
export interface ProgressTold {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

/** Told at most so often; the newest value waits for its time. */
const MIN_BETWEEN_MS = 250;
/** Who tells nothing by itself is said to be at work this often. */
const HEARTBEAT_MS = 2_000;

/** Progress of one call. */
export interface ProgressReport {
  readonly progress: Progress;
  /** Behind this nothing is told. */
  end(): void;
}

/** Tells nothing: the client did not ask. */
export const NO_PROGRESS: ProgressReport = Object.freeze({ progress() {}, end() {} });

export interface ProgressOptions {
  /** Never throws, never waits. */
  tell(told: ProgressTold): void;
  /** What the call does just now, while it does not say how far it is. */
  doing(): string;
}

/**
 * Begins to tell. Until the call itself says how far it is, the seconds that went by are told, with what it is
 * doing and without a total: that nothing is stuck, and no more than is known.
 */
export function progressReport({ tell, doing }: ProgressOptions): ProgressReport {
  const startedMs = performance.now();
  let toldMs = Number.NEGATIVE_INFINITY;
  let newestDone = Number.NEGATIVE_INFINITY;
  let untold: ProgressTold | undefined;
  let timer: NodeJS.Timeout | undefined;

  function offer(told: ProgressTold): void {
    if (told.progress <= newestDone) return;
    newestDone = told.progress;
    untold = told;
    timer ??= setTimeout(flush, Math.max(0, toldMs + MIN_BETWEEN_MS - performance.now()));
  }

  function flush(): void {
    timer = undefined;
    toldMs = performance.now();
    if (untold !== undefined) tell(untold);
    untold = undefined;
  }

  const heartbeat = setInterval(() => {
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    offer({ progress: seconds, message: `${doing()}, ${seconds} s` });
  }, HEARTBEAT_MS);
  return {
    progress(done, more = {}) {
      clearInterval(heartbeat);
      offer({ progress: done, ...more });
    },
    end() {
      clearInterval(heartbeat);
      clearTimeout(timer);
      newestDone = Number.POSITIVE_INFINITY;
    },
  };
}
