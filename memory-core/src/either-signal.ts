// Two reasons to stop as one.

/** Aborted as soon as one of the two is. To be ended when nobody listens any more: the second may live for long. */
export function eitherSignal(
  first: AbortSignal | undefined,
  second: AbortSignal,
): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const signals = [first, second].filter((signal) => signal !== undefined);
  for (const signal of signals) signal.addEventListener('abort', abort);
  if (signals.some(({ aborted }) => aborted)) abort();
  return {
    signal: controller.signal,
    end() {
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}
