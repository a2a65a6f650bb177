// One attempt at a call over a network: when it ends, and how long to wait before the next one.

/** How long an attempt may take. */
export interface AttemptEnd {
  readonly signal: AbortSignal;
  /** To be called when the attempt is over, whatever came of it. */
  end(): void;
}

/**
 * Ends after that time, or when the call is given up. Not by `AbortSignal.timeout` and `any`: what they make is held
 * weakly, and where memory is tidied up meanwhile, a request may never hear of its end.
 */
export function endAfter(timeMs: number, givenUp: AbortSignal | undefined): AttemptEnd {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, timeMs);
  if (givenUp?.aborted) abort();
  givenUp?.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      givenUp?.removeEventListener('abort', abort);
      // What is left of it, as a body that nobody reads any more.
      controller.abort();
    },
  };
}

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2_000;

/**
 * Twice as long each time, and anything up to that, so that many who failed together don't come back together.
 * `random`: from 0 to 1.
 */
export function pauseAfter(failures: number, random: () => number = Math.random): number {
  return random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
}

/** What a `Retry-After` asks for; 0 where it asks for nothing. It is seconds, or a date. Source: RFC 9110, 10.2.3. */
export function retryAfterMs(header: string | null | undefined): number {
  if (header == null) return 0;
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1_000;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : 0;
}
