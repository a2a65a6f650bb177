// Whether it makes sense to try at all: when nothing could be reached several times in a row, nobody tries for a while,
// and then one does.
import type { Clock } from '../ports/runtime.ts';

/** Stands before one host, for all calls to it. */
export interface Breaker {
  /** How long to wait; 0: try. */
  restMs(): number;
  /** Every attempt says here how it ended. */
  begin(): Attempt;
}

interface Attempt {
  /** The host answered, whatever it was. */
  answered(): void;
  /** Nothing was reached. */
  failed(): void;
  /** It was given up, and nobody knows. */
  abandoned(): void;
}

/** Failures in a row after which nobody tries. */
const MAX_FAILURES = 5;
/** How long to wait while another one tries. */
const PROBE_WAIT_MS = 50;

/** `clock` counts milliseconds from anywhere, and never back. */
export function breaker(restingMs: number, clock: Clock = () => performance.now()): Breaker {
  let failures = 0;
  let lastFailureMs = Number.NEGATIVE_INFINITY;
  let restsUntilMs = Number.NEGATIVE_INFINITY;
  let isProbed = false;
  return {
    restMs() {
      const leftMs = restsUntilMs - clock();
      if (leftMs > 0) return leftMs;
      return isProbed ? PROBE_WAIT_MS : 0;
    },
    begin() {
      const begunMs = clock();
      const isProbe = failures >= MAX_FAILURES;
      isProbed ||= isProbe;
      return {
        answered() {
          failures = 0;
          isProbed = false;
          restsUntilMs = Number.NEGATIVE_INFINITY;
        },
        abandoned() {
          if (isProbe) isProbed = false;
        },
        failed() {
          if (isProbe) isProbed = false;
          // Those that were under way when another one failed mostly fail by the same event, which counts once.
          if (begunMs < lastFailureMs) return;
          lastFailureMs = clock();
          failures += 1;
          if (failures >= MAX_FAILURES) restsUntilMs = lastFailureMs + restingMs;
        },
      };
    },
  };
}
