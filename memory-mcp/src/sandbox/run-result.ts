// The outward form of a run, in snake_case: what the tool and the terminal program answer.
import type { HostCallRecord, RunResult } from './sandbox.ts';

/** Host calls told from the beginning, and as many from the end. */
const TOLD_CALLS = 20;

/** A run as `execute_code` answers it; times are rounded to hundredths of a millisecond. */
export function runResult(ran: RunResult): object {
  const { usage, limits } = ran;
  return {
    ok: ran.ok,
    ...(ran.ok ? { result: ran.result } : { error: ran.error }),
    ...(ran.ok && ran.notes !== undefined ? { notes: ran.notes } : {}),
    logs: ran.logs.map(({ level, text, atMs }) => ({ level, text, at_ms: rounded(atMs) })),
    ...(ran.logsDropped === undefined ? {} : { logs_dropped: ran.logsDropped }),
    files: ran.files,
    ...toldCalls(ran.calls),
    usage: {
      wall_ms: rounded(usage.wallMs),
      cpu_ms: rounded(usage.cpuMs),
      queued_ms: rounded(usage.queuedMs),
      memory_bytes: usage.memoryBytes,
      host_calls: usage.hostCalls,
      host_bytes: usage.hostBytes,
      host_ms: rounded(usage.hostMs),
    },
    limits: {
      timeout_ms: limits.timeoutMs,
      cpu_ms: limits.cpuMs,
      memory_mb: limits.memoryMb,
      max_result_bytes: limits.maxResultBytes,
      max_host_calls: limits.maxHostCalls,
      max_host_bytes: limits.maxHostBytes,
      host_call_ms: limits.hostCallMs,
    },
    killed: ran.killed,
  };
}

/** A text of the program's in an answer of lines: its further lines stand back, so that none passes for one of ours. */
export function furtherLinesBack(text: string): string {
  return text.replace(/\r\n?|\n/gu, '\n  ');
}

/** The first and the last, so that a program of many calls does not drown its own answer. */
function toldCalls(calls: readonly HostCallRecord[]): object {
  const told = calls.map(({ tookMs, ...call }) => ({ ...call, took_ms: rounded(tookMs) }));
  const leftOut = told.length - 2 * TOLD_CALLS;
  if (leftOut <= 0) return { host_calls: told };
  return {
    host_calls: [...told.slice(0, TOLD_CALLS), ...told.slice(-TOLD_CALLS)],
    host_calls_left_out: leftOut,
  };
}

function rounded(timeMs: number): number {
  return Math.round(timeMs * 100) / 100;
}
