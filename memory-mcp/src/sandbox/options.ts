// What a sandbox and a run may be given: names, ranges and defaults.

import { nearestName } from '@episodica/memory-core/config';
import { MemoryError } from '@episodica/memory-core/errors';
import { type HostApi, hostMethods } from './host-calls.ts';
import {
  DEFAULT_HOST_BYTES,
  DEFAULT_HOST_CALL_MS,
  DEFAULT_HOST_CALLS,
  DEFAULT_MAX_QUEUE,
  DEFAULT_MAX_WORKERS,
  DEFAULT_MEMORY_MB,
  DEFAULT_RESULT_BYTES,
  DEFAULT_TIMEOUT_MS,
  DEFAULT_TOTAL_MEMORY_MB,
  DEFAULT_WARM_WORKERS,
  MAX_HOST_BYTES,
  MAX_HOST_CALLS,
  MAX_INPUT_BYTES,
  MAX_MEMORY_MB,
  MAX_QUEUE,
  MAX_RESULT_BYTES,
  MAX_TIMEOUT_MS,
  MAX_TOTAL_MEMORY_MB,
  MAX_WORKERS,
  MIN_MEMORY_MB,
  MIN_TIMEOUT_MS,
} from './limits.ts';
import type { ProgramLanguage, RunOrder } from './protocol.ts';

/**
 * All have defaults that fit a server for coding agents. Of times, of memory and of `maxHostBytes`, what lies outside the
 * range is clamped and less than 0 is refused; of the other numbers, all that lies outside is refused.
 */
export interface SandboxOptions {
  /** Workers that are kept ready, 1–256. @default 2 */
  readonly warmWorkers?: number;
  /** Runs at the same time, from `warmWorkers` to 256. @default 20 */
  readonly maxWorkers?: number;
  /** Runs that may wait; one more gets `QUEUE_FULL`. 0–10,000. @default 100 */
  readonly maxQueue?: number;
  /**
   * Memory limits of the runs at the same time, together, in MB, 24–65,536. A run that does not fit waits, and those
   * behind it wait too. @default 1280
   */
  readonly maxTotalMemoryMb?: number;
  /** Time limit of a run that names none, in milliseconds, 1–60,000. @default 5000 */
  readonly timeoutMs?: number;
  /** Limit of computing of a run that names none, in milliseconds, 1–60,000. @default the run's time limit */
  readonly cpuMs?: number;
  /** Memory limit of a run that names none, in MB, 24–256. @default 64 */
  readonly memoryMb?: number;
  /** Limit of a result as JSON text, in bytes, 1–67,108,864. @default 1048576 */
  readonly maxResultBytes?: number;
  /** Host calls of one run, 0–100,000. @default 256 */
  readonly maxHostCalls?: number;
  /** Arguments and answers of all host calls of one run, in bytes of JSON, 1–1,073,741,824. @default 33554432 */
  readonly maxHostBytes?: number;
  /** Time limit of one host call in milliseconds, 1–60,000. @default 10000 */
  readonly hostCallMs?: number;
  /** Where the worker's entry is, for a program that is bundled differently. @default beside this file */
  readonly workerUrl?: URL;
}

/** One program and what it may use. */
export interface RunRequest {
  /** The program, at most 64 KB. Its result is its last expression, `return` value or `export default`, awaited. */
  readonly code: string;
  /** Left out: JavaScript, and where that does not parse, TypeScript. */
  readonly language?: ProgramLanguage;
  /** Any JSON, at most 4 MB; the program sees it as `input`. */
  readonly input?: unknown;
  /** 1–60,000; what lies outside is clamped, less than 0 refused. Waiting for host calls counts, waiting for a worker does not. */
  readonly timeoutMs?: number;
  /** Of computing alone, 1–60,000; what lies outside is clamped, less than 0 refused. @default timeoutMs */
  readonly cpuMs?: number;
  /** 24–256; what lies outside is clamped, less than 0 refused. */
  readonly memoryMb?: number;
  /** The program sees it as `memory`; without it there is none. */
  readonly host?: HostApi;
}

/** The options with their defaults. Without `cpuMs`, a run may compute for as long as it may take. */
export type ResolvedOptions = Required<Omit<SandboxOptions, 'cpuMs'>> & { readonly cpuMs: number | undefined };

// Records, so that the compiler knows of a name that is missing here.
const OPTION_NAMES: Readonly<Record<keyof SandboxOptions, true>> = {
  warmWorkers: true,
  maxWorkers: true,
  maxQueue: true,
  maxTotalMemoryMb: true,
  timeoutMs: true,
  cpuMs: true,
  memoryMb: true,
  maxResultBytes: true,
  maxHostCalls: true,
  maxHostBytes: true,
  hostCallMs: true,
  workerUrl: true,
};
const REQUEST_NAMES: Readonly<Record<keyof RunRequest, true>> = {
  code: true,
  language: true,
  input: true,
  timeoutMs: true,
  cpuMs: true,
  memoryMb: true,
  host: true,
};

const MAX_TOLD_CHARACTERS = 100;

/** The options with their defaults. @throws `INVALID_INPUT` that names the option */
export function resolveOptions(options: SandboxOptions): ResolvedOptions {
  checkNames(options, OPTION_NAMES, 'an option of openSandbox');
  const maxTotalMemoryMb = clamped(
    'maxTotalMemoryMb',
    options.maxTotalMemoryMb,
    DEFAULT_TOTAL_MEMORY_MB,
    MIN_MEMORY_MB,
    MAX_TOTAL_MEMORY_MB,
  );
  const memoryMb = clamped('memoryMb', options.memoryMb, DEFAULT_MEMORY_MB, MIN_MEMORY_MB, MAX_MEMORY_MB);
  const warmWorkers = count('warmWorkers', options.warmWorkers, DEFAULT_WARM_WORKERS, { min: 1, max: MAX_WORKERS });
  return {
    warmWorkers,
    maxWorkers: count('maxWorkers', options.maxWorkers, Math.max(DEFAULT_MAX_WORKERS, warmWorkers), {
      min: warmWorkers,
      max: MAX_WORKERS,
    }),
    maxQueue: count('maxQueue', options.maxQueue, DEFAULT_MAX_QUEUE, { min: 0, max: MAX_QUEUE }),
    maxTotalMemoryMb,
    timeoutMs: clamped('timeoutMs', options.timeoutMs, DEFAULT_TIMEOUT_MS, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS),
    memoryMb: Math.min(memoryMb, maxTotalMemoryMb),
    maxResultBytes: count('maxResultBytes', options.maxResultBytes, DEFAULT_RESULT_BYTES, {
      min: 1,
      max: MAX_RESULT_BYTES,
    }),
    cpuMs: options.cpuMs === undefined ? undefined : clamped('cpuMs', options.cpuMs, 0, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS),
    maxHostCalls: count('maxHostCalls', options.maxHostCalls, DEFAULT_HOST_CALLS, { min: 0, max: MAX_HOST_CALLS }),
    maxHostBytes: clamped('maxHostBytes', options.maxHostBytes, DEFAULT_HOST_BYTES, 1, MAX_HOST_BYTES),
    hostCallMs: clamped('hostCallMs', options.hostCallMs, DEFAULT_HOST_CALL_MS, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS),
    // The one place that knows where the worker's entry lies: beside this file, or beside the bundle that holds it.
    workerUrl: workerUrl(options.workerUrl) ?? new URL('./worker.js', import.meta.url),
  };
}

/** A run on its way to a worker. @throws `INVALID_INPUT` that names the field */
export function toOrder(id: number, request: RunRequest, options: ResolvedOptions): RunOrder {
  checkNames(request, REQUEST_NAMES, 'a field of a run');
  const { code, host, language } = request;
  if (typeof code !== 'string') throw invalid('code', 'must be a string');
  if (language !== undefined && language !== 'javascript' && language !== 'typescript') {
    throw invalid('language', 'must be "javascript" or "typescript"');
  }
  const maxMemoryMb = Math.min(MAX_MEMORY_MB, options.maxTotalMemoryMb);
  const timeoutMs = clamped('timeoutMs', request.timeoutMs, options.timeoutMs, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS);
  const cpuMs = clamped('cpuMs', request.cpuMs, options.cpuMs ?? timeoutMs, MIN_TIMEOUT_MS, MAX_TIMEOUT_MS);
  return {
    id,
    code,
    ...(language === undefined ? {} : { language }),
    ...(request.input === undefined ? {} : { input: inputText(request.input) }),
    ...(host === undefined ? {} : { hostMethods: hostMethods(host) }),
    limits: {
      timeoutMs,
      cpuMs: Math.min(cpuMs, timeoutMs),
      memoryMb: clamped('memoryMb', request.memoryMb, options.memoryMb, MIN_MEMORY_MB, maxMemoryMb),
      maxResultBytes: options.maxResultBytes,
      maxHostCalls: options.maxHostCalls,
      maxHostBytes: options.maxHostBytes,
      hostCallMs: options.hostCallMs,
    },
  };
}

// A misspelt limit would not be there at all.
function checkNames(given: object, names: Readonly<Record<string, true>>, what: string): void {
  if (typeof given !== 'object' || given === null) {
    throw new MemoryError('INVALID_INPUT', `An object was expected; each name in it is ${what}.`);
  }
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(names, name)) continue;
    const known = Object.keys(names);
    const nearest = nearestName(name.slice(0, MAX_TOLD_CHARACTERS), known);
    const shown = JSON.stringify(name.slice(0, MAX_TOLD_CHARACTERS));
    const hint = `did you mean "${nearest}"? There are ${known.join(', ')}`;
    throw new MemoryError('INVALID_INPUT', `${shown} is not ${what}; ${hint}.`);
  }
}

function workerUrl(given: URL | undefined): URL | undefined {
  if (given !== undefined && !(given instanceof URL)) throw invalid('workerUrl', 'must be a URL object');
  return given;
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

interface Range {
  readonly min: number;
  readonly max: number;
}

// What an embedder chooses once is refused where a model's wish for a run is clamped.
function count(field: string, value: number | undefined, otherwise: number, { min, max }: Range): number {
  if (value === undefined) return otherwise;
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw invalid(field, `must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function invalid(field: string, rule: string, cause?: unknown): MemoryError {
  return new MemoryError('INVALID_INPUT', `${field} ${rule}.`, { cause });
}
