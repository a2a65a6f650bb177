// The sandbox: runs programs that nobody has to trust, within limits, and says how they ended.
import { type Json, MemoryError, throwIfAborted } from '@episodica/memory-core';
import type { HostApi } from './host-calls.ts';
import {
  DEFAULT_HOST_CALLS,
  DEFAULT_MAX_QUEUE,
  DEFAULT_MAX_WORKERS,
  DEFAULT_MEMORY_MB,
  DEFAULT_RESULT_BYTES,
  DEFAULT_TIMEOUT_MS,
  DEFAULT_WARM_WORKERS,
  MAX_INPUT_BYTES,
  MAX_MEMORY_MB,
  MAX_SOURCE_BYTES,
  MAX_TIMEOUT_MS,
  MIN_MEMORY_MB,
  MIN_TIMEOUT_MS,
} from './limits.ts';
import { emptyResult, type HostCallRecord, type PoolResult, WorkerPool } from './pool.ts';
import type { ProgramLanguage, RunLimits, RunOrder, SandboxError } from './protocol.ts';
import type { LogLine } from './recorder.ts';

export type { HostApi } from './host-calls.ts';
export type { HostCallRecord } from './pool.ts';
export type { ProgramLanguage, RunLimits, SandboxError, SandboxErrorCode } from './protocol.ts';
export type { LogLevel, LogLine } from './recorder.ts';
export { runResult } from './run-result.ts';

/** All have defaults that fit a server for coding agents. */
export interface SandboxOptions {
  /** Workers that are kept ready. From 1. @default 2 */
  readonly warmWorkers?: number;
  /** Runs at the same time, from `warmWorkers`. @default 20 */
  readonly maxWorkers?: number;
  /** Runs that may wait; one more gets `QUEUE_FULL`. From 0. @default 100 */
  readonly maxQueue?: number;
  /** Time limit of a run that names none, in milliseconds, 1–60,000. @default 5000 */
  readonly timeoutMs?: number;
  /** Memory limit of a run that names none, in MB, 24–256. @default 64 */
  readonly memoryMb?: number;
  /** Limit of a result as JSON text, in bytes, from 1. @default 1048576 */
  readonly maxResultBytes?: number;
  /** Host calls of one run, from 0. @default 256 */
  readonly maxHostCalls?: number;
  /** Where the worker's entry is, for a program that is bundled differently. @default beside this file */
  readonly workerUrl?: URL;
}

/** One program and what it may use. */
export interface RunRequest {
  /** The program, at most 64 KB. Its result is its last expression, `return` value or `export default`, awaited. */
  readonly code: string;
  /** @default javascript */
  readonly language?: ProgramLanguage;
  /** Any JSON, at most 4 MB; the program sees it as `input`. */
  readonly input?: unknown;
  /** 1–60,000; what lies outside is clamped. Waiting for host calls counts, waiting for a worker does not. */
  readonly timeoutMs?: number;
  /** 24–256; what lies outside is clamped. */
  readonly memoryMb?: number;
  /** The program sees it as `memory`; without it there is none. */
  readonly host?: HostApi;
}

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
  /** The run had to be ended from outside. Logs and calls up to then are kept. */
  readonly killed: boolean;
}

/**
 * How a run ended. A program that fails is a result too. `result` is JSON in which values that JSON lacks are marked,
 * such as `{"$date": "…"}`; the list stands in `guest.ts`.
 */
export type RunResult =
  | ({ readonly ok: true; readonly result: Json } & RunReport)
  | ({ readonly ok: false; readonly error: SandboxError } & RunReport);

/** Runs programs until it is closed. */
export interface Sandbox {
  /**
   * Runs one program in a fresh engine. Rejects with `INVALID_INPUT` (a field is not what it must be), `ABORTED` or
   * `CLOSED`; whatever the program does is a result.
   */
  run(request: RunRequest, options?: { readonly signal?: AbortSignal }): Promise<RunResult>;
  /** Ends all runs with `CLOSED` and stops the workers. */
  close(): Promise<void>;
}

type ResolvedOptions = Required<SandboxOptions>;

/** Opens a sandbox. No worker is started before the first run; idle workers do not keep the process alive. */
export function openSandbox(options: SandboxOptions = {}): Sandbox {
  const resolved = resolveOptions(options);
  const pool = new WorkerPool(resolved);
  let nextId = 1;
  return {
    async run(request, { signal } = {}) {
      const order = toOrder(nextId, request, resolved);
      nextId += 1;
      throwIfAborted(signal);
      const sizeBytes = Buffer.byteLength(request.code);
      if (sizeBytes > MAX_SOURCE_BYTES) return toResult(emptyResult(sourceTooLarge(sizeBytes)), order.limits);
      return toResult(await pool.run({ order, host: request.host, signal }), order.limits);
    },
    close: () => pool.close(),
  };
}

function resolveOptions(options: SandboxOptions): ResolvedOptions {
  const warmWorkers = count('warmWorkers', options.warmWorkers, DEFAULT_WARM_WORKERS, 1);
  return {
    warmWorkers,
    maxWorkers: count('maxWorkers', options.maxWorkers, Math.max(DEFAULT_MAX_WORKERS, warmWorkers), warmWorkers),
    maxQueue: count('maxQueue', options.maxQueue, DEFAULT_MAX_QUEUE, 0),
    timeoutMs: clamped('timeoutMs', options.timeoutMs, DEFAULT_TIMEOUT_MS, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS),
    memoryMb: clamped('memoryMb', options.memoryMb, DEFAULT_MEMORY_MB, MIN_MEMORY_MB, MAX_MEMORY_MB),
    maxResultBytes: count('maxResultBytes', options.maxResultBytes, DEFAULT_RESULT_BYTES, 1),
    maxHostCalls: count('maxHostCalls', options.maxHostCalls, DEFAULT_HOST_CALLS, 0),
    // The one place that knows where the worker's entry lies: beside this file, or beside the bundle that holds it.
    workerUrl: options.workerUrl ?? new URL('./worker.js', import.meta.url),
  };
}

function toOrder(id: number, request: RunRequest, options: ResolvedOptions): RunOrder {
  const { code, host } = request;
  if (typeof code !== 'string') throw invalid('code', 'must be a string');
  const language = request.language ?? 'javascript';
  if (language !== 'javascript' && language !== 'typescript') {
    throw invalid('language', 'must be "javascript" or "typescript"');
  }
  return {
    id,
    code,
    language,
    ...(request.input === undefined ? {} : { input: inputText(request.input) }),
    ...(host === undefined ? {} : { hostMethods: Object.keys(host) }),
    limits: {
      timeoutMs: clamped('timeoutMs', request.timeoutMs, options.timeoutMs, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS),
      memoryMb: clamped('memoryMb', request.memoryMb, options.memoryMb, MIN_MEMORY_MB, MAX_MEMORY_MB),
      maxResultBytes: options.maxResultBytes,
      maxHostCalls: options.maxHostCalls,
    },
  };
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
    },
    limits,
    calls: run.calls,
    killed: run.killed,
  };
  if (!outcome.ok) return { ok: false, error: outcome.error, ...report };
  // The guest's encoder wrote it: JSON text has JSON in it.
  return { ok: true, result: JSON.parse(outcome.result) as Json, ...report };
}

function inputText(input: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(input);
  } catch (cause) {
    throw invalid('input', 'must be JSON', cause);
  }
  if (text === undefined) throw invalid('input', 'must be JSON');
  if (Buffer.byteLength(text) > MAX_INPUT_BYTES) throw invalid('input', `may have at most ${MAX_INPUT_BYTES} bytes`);
  return text;
}

function clamped(field: string, value: number | undefined, otherwise: number, min: number, max: number): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw invalid(field, `must be a number from ${min} to ${max}`);
  }
  return Math.min(max, Math.max(min, Math.floor(value)));
}

function count(field: string, value: number | undefined, otherwise: number, min: number): number {
  if (value === undefined) return otherwise;
  if (!Number.isSafeInteger(value) || value < min) throw invalid(field, `must be a whole number from ${min}`);
  return value;
}

function invalid(field: string, rule: string, cause?: unknown): MemoryError {
  return new MemoryError('INVALID_INPUT', `${field} ${rule}.`, { cause });
}

function sourceTooLarge(sizeBytes: number): SandboxError {
  const message = `The program has ${sizeBytes} bytes, the limit is ${MAX_SOURCE_BYTES}. Pass data as input, not in the code.`;
  return { code: 'STATIC_REJECTED', name: 'SyntaxError', message };
}
