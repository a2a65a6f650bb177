// The sandbox: runs programs that nobody has to trust, within limits, and says how they ended.
import type { Json } from '@episodica/memory-core';
import { throwIfAborted } from '@episodica/memory-core/errors';
import type { HostCallRecord } from './host-calls.ts';
import { MAX_SOURCE_BYTES } from './limits.ts';
import { type MetricsRecorder, metricsRecorder, type SandboxMetrics } from './metrics.ts';
import { type RunRequest, resolveOptions, type SandboxOptions, toOrder } from './options.ts';
import { emptyResult, type PoolResult, type StartedRun, WorkerPool } from './pool.ts';
import type { RunFile, RunLimits, SandboxError } from './protocol.ts';
import type { LogLine } from './recorder.ts';

export type { HostApi, HostCallback, HostCallRecord, HostFunction } from './host-calls.ts';
export { measuredSandbox } from './measured-sandbox.ts';
export type { SandboxMetrics, Spread } from './metrics.ts';
export type { RunRequest, SandboxOptions } from './options.ts';
export type { StartedRun } from './pool.ts';
export type { ProgramLanguage, RunFile, RunLimits, SandboxError, SandboxErrorCode } from './protocol.ts';
export type { LogLevel, LogLine } from './recorder.ts';
export { furtherLinesBack, runResult } from './run-result.ts';

/** What a run cost. */
export interface RunUsage {
  /** From the start in a worker to the end. */
  readonly wallMs: number;
  /** The part of it that was spent computing, in the program and for it. */
  readonly cpuMs: number;
  /** Waiting for a worker, before the start. */
  readonly queuedMs: number;
  /** The size that the engine's memory grew to; 16 MB at the start. */
  readonly memoryBytes: number;
  readonly hostCalls: number;
  /** Arguments and answers of the host calls. */
  readonly hostBytes: number;
  /** Time in which at least one host call was open. */
  readonly hostMs: number;
}

interface RunReport {
  /** What the program printed, first and last lines of a flood. */
  readonly logs: readonly LogLine[];
  /** Lines cut between the first and the last; absent when there are none. */
  readonly logsDropped?: number;
  readonly usage: RunUsage;
  /** The limits in force, after defaults and clamping. */
  readonly limits: RunLimits;
  /** Host calls in order, and how each went. */
  readonly calls: readonly HostCallRecord[];
  /** What the program left in its files, also when it failed; empty when it was killed. */
  readonly files: readonly RunFile[];
  /** The run had to be ended from outside. Logs and calls up to then are kept. */
  readonly killed: boolean;
}

/**
 * How a run ended. A program that fails is a result too. `result` is JSON in which values that JSON lacks are marked,
 * such as `{"$date": "…"}`; the list stands in `guest/encode.ts`.
 */
export type RunResult =
  | ({
      readonly ok: true;
      readonly result: Json;
      /** Remarks on the result, such as that a promise in it was not awaited. Absent when there are none. */
      readonly notes?: readonly string[];
    } & RunReport)
  | ({ readonly ok: false; readonly error: SandboxError } & RunReport);

/** What goes along with one run. */
export interface RunCallOptions {
  readonly signal?: AbortSignal;
  /** Called when the run has a worker; one that is refused never has. */
  readonly onStart?: (started: StartedRun) => void;
}

/** Runs programs until it is closed. */
export interface Sandbox {
  /**
   * Runs one program in a fresh engine. Rejects with `INVALID_INPUT` (a field is not what it must be), `ABORTED` or
   * `CLOSED`; whatever the program does is a result.
   */
  run(request: RunRequest, options?: RunCallOptions): Promise<RunResult>;
  /** Ends all runs with `CLOSED` and stops the workers. */
  close(): Promise<void>;
  /** What was counted since the sandbox was opened. */
  metrics(): SandboxMetrics;
}

/** Opens a sandbox. No worker is started before the first run; idle workers do not keep the process alive. */
export function openSandbox(options: SandboxOptions = {}): Sandbox {
  const resolved = resolveOptions(options);
  const pool = new WorkerPool(resolved);
  const metrics = metricsRecorder();
  let nextId = 1;
  return {
    async run(request, { signal, onStart } = {}) {
      const order = toOrder(nextId, request, resolved);
      nextId += 1;
      throwIfAborted(signal);
      const sizeBytes = Buffer.byteLength(request.code);
      const run =
        sizeBytes > MAX_SOURCE_BYTES
          ? emptyResult(sourceTooLarge(sizeBytes))
          : await counted(pool.run({ order, host: request.host, signal, onStart }), metrics);
      metrics.ended({ ...run, code: run.outcome.ok ? undefined : run.outcome.error.code });
      return toResult(run, order.limits);
    },
    close: () => pool.close(),
    metrics: () => metrics.read(pool.counts()),
  };
}

// Only a run that was cancelled has no result.
async function counted(running: Promise<PoolResult>, metrics: MetricsRecorder): Promise<PoolResult> {
  try {
    return await running;
  } catch (error) {
    metrics.cancelled();
    throw error;
  }
}

function toResult(run: PoolResult, limits: RunLimits): RunResult {
  const { outcome, logs } = run;
  const report: RunReport = {
    logs: logs.lines,
    ...(logs.dropped === 0 ? {} : { logsDropped: logs.dropped }),
    usage: {
      wallMs: run.wallMs,
      cpuMs: run.cpuMs,
      queuedMs: run.queuedMs,
      memoryBytes: run.memoryBytes,
      hostCalls: run.hostCalls,
      hostBytes: run.hostBytes,
      hostMs: run.hostMs,
    },
    limits,
    calls: run.calls,
    files: outcome.files ?? [],
    killed: run.killed,
  };
  if (!outcome.ok) return { ok: false, error: outcome.error, ...report };
  const notes = outcome.notes === undefined ? {} : { notes: outcome.notes };
  // The guest's encoder wrote it: JSON text has JSON in it.
  return { ok: true, result: JSON.parse(outcome.result) as Json, ...notes, ...report };
}

function sourceTooLarge(sizeBytes: number): SandboxError {
  const message = `The program has ${sizeBytes} bytes, the limit is ${MAX_SOURCE_BYTES}. Pass data as input, not in the code.`;
  return { code: 'STATIC_REJECTED', name: 'SyntaxError', message };
}
