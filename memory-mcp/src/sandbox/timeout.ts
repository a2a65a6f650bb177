// What a spent deadline is called. Said by the run itself, or by the pool that had to kill it.
import type { SandboxError } from './protocol.ts';

/**
 * Which timeout a spent deadline is: `TIMEOUT_CPU` when at least half of the time went into computing,
 * `TIMEOUT_WALL` when most of it was spent waiting for the host.
 */
export function timeoutCode(cpuMs: number, wallMs: number): 'TIMEOUT_CPU' | 'TIMEOUT_WALL' {
  return cpuMs * 2 >= wallMs ? 'TIMEOUT_CPU' : 'TIMEOUT_WALL';
}

/** A spent deadline, told to who wrote the program. */
export function timeoutError(code: 'TIMEOUT_CPU' | 'TIMEOUT_WALL', timeoutMs: number): SandboxError {
  const message =
    code === 'TIMEOUT_CPU'
      ? `The program was still computing after ${timeoutMs} ms. Do less in one run, or raise the time limit.`
      : `The program was still waiting for an answer after ${timeoutMs} ms. Ask for less, or raise the time limit.`;
  return { code, name: 'Error', message };
}
