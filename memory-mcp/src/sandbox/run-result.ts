// The outward form of a run, in snake_case: what the tool and the terminal program answer.
import type { RunResult } from './sandbox.ts';

/** A run as `execute_code` answers it; times are rounded to hundredths of a millisecond. */
export function runResult(ran: RunResult): object {
  const { usage, limits } = ran;
  return {
    ok: ran.ok,
    ...(ran.ok ? { result: ran.result } : { error: ran.error }),
    logs: ran.logs.map(({ level, text, atMs }) => ({ level, text, at_ms: rounded(atMs) })),
    ...(ran.logsDropped === undefined ? {} : { logs_dropped: ran.logsDropped }),
    usage: {
      wall_ms: rounded(usage.wallMs),
      cpu_ms: rounded(usage.cpuMs),
      queued_ms: rounded(usage.queuedMs),
      memory_bytes: usage.memoryBytes,
      host_calls: usage.hostCalls,
    },
    limits: {
      timeout_ms: limits.timeoutMs,
      memory_mb: limits.memoryMb,
      max_result_bytes: limits.maxResultBytes,
      max_host_calls: limits.maxHostCalls,
    },
  };
}

function rounded(timeMs: number): number {
  return Math.round(timeMs * 100) / 100;
}
