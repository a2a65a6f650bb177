// What a spent deadline is called. Said by the run itself, or by the pool that had to kill it.
import type { RunLimits, SandboxError } from './protocol.ts';

/** Which of the two limits of time was met. */
export type TimeoutCode = 'TIMEOUT_CPU' | 'TIMEOUT_WALL';

/** What a run has used up. */
export interface SpentTime {
  readonly cpuMs: number;
  readonly wallMs: number;
}

/**
 * Which limit a run met, or undefined while it is within both. Where computing may take all of the time, as it may
 * unless the caller says otherwise, both are met at once: then the name is that of what took at least half of it.
 */
export function timeoutCode(spent: SpentTime, limits: RunLimits): TimeoutCode | undefined {
  if (spent.cpuMs >= limits.cpuMs) return 'TIMEOUT_CPU';
  if (spent.wallMs < limits.timeoutMs) return undefined;
  const isComputing = limits.cpuMs >= limits.timeoutMs && spent.cpuMs * 2 >= spent.wallMs;
  return isComputing ? 'TIMEOUT_CPU' : 'TIMEOUT_WALL';
}

/** A met limit of time, told to who wrote the program. */
export function timeoutError(code: TimeoutCode, { cpuMs, timeoutMs }: RunLimits): SandboxError {
  if (code === 'TIMEOUT_WALL') {
    return {
      code,
      name: 'Error',
      message: `The program was not done after ${timeoutMs} ms, waiting for answers included.`,
      hint: 'Ask for less in one run, ask for things at the same time with Promise.all, or raise timeout_ms.',
      limit: { name: 'timeout_ms', value: timeoutMs },
    };
  }
  // The limit that is told is the one that its caller can raise: who set none for computing knows of none.
  const isOwnLimit = cpuMs < timeoutMs;
  const limit = isOwnLimit ? { name: 'cpu_ms', value: cpuMs } : { name: 'timeout_ms', value: timeoutMs };
  return {
    code,
    name: 'Error',
    message: `The program was still computing after ${limit.value} ms${isOwnLimit ? ' of computing time' : ''}.`,
    hint: `Look for a loop that does not end, do less in one run, or raise ${limit.name}.`,
    limit,
  };
}
