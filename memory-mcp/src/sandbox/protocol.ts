// What the pool and its workers say to each other, and the parts of a result that both sides build.

/** Why a run failed. `THROWN` is every error of the program itself; the others only the sandbox gives. */
export type SandboxErrorCode =
  | 'TIMEOUT_CPU'
  | 'TIMEOUT_WALL'
  | 'MEMORY'
  | 'STACK'
  | 'RESULT_TOO_LARGE'
  | 'HOST_CALL_LIMIT'
  | 'SYNTAX'
  | 'TYPESCRIPT'
  | 'STATIC_REJECTED'
  | 'QUEUE_FULL'
  | 'ENGINE_CRASH'
  | 'THROWN';

/**
 * A failed run, told to who wrote the program. `line` and `column` are 1-based places in the program as it was
 * handed in; they and `excerpt` (the line with a caret under the column) are absent when no place is known.
 */
export interface SandboxError {
  readonly code: SandboxErrorCode;
  readonly name: string;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  readonly excerpt?: string;
}

/** The limits a run had, after defaults and clamping. */
export interface RunLimits {
  /** From the start in a worker to the answer, waiting for host calls included. */
  readonly timeoutMs: number;
  /** The whole memory of the engine, which needs about 1 MB itself. */
  readonly memoryMb: number;
  /** Of the result as JSON text, in bytes of UTF-8. */
  readonly maxResultBytes: number;
  readonly maxHostCalls: number;
}

/** What a program is written in. Types are taken off, not checked. */
export type ProgramLanguage = 'javascript' | 'typescript';

/** One program on its way to a worker. */
export interface RunOrder {
  readonly id: number;
  readonly code: string;
  readonly language: ProgramLanguage;
  /** JSON text; absent when the run has no input. */
  readonly input?: string;
  /** Names of the host's functions; absent when the run has no host. */
  readonly hostMethods?: readonly string[];
  readonly limits: RunLimits;
}

/** How a run ended, as the worker knows it. Times and logs are in the flight recorder. */
export type RunOutcome =
  | { readonly ok: true; readonly result: string }
  | { readonly ok: false; readonly error: SandboxError };

/** The host's answer to one call. */
export interface HostAnswer {
  readonly kind: 'answer';
  readonly runId: number;
  readonly callId: number;
  readonly ok: boolean;
  /** JSON text: the value, or `{code, message}`. */
  readonly text: string;
}

/** What the pool sends. */
export type ToWorker = { readonly kind: 'run'; readonly order: RunOrder } | HostAnswer;

/** A program's call of `memory.<method>()`. */
export interface HostCall {
  readonly kind: 'call';
  readonly runId: number;
  readonly callId: number;
  readonly method: string;
  /** JSON text of the array of arguments. */
  readonly arguments: string;
}

/** What a worker sends. `ready` says that the worker waits for an order: once after it started, and again after each run. */
export type FromWorker =
  | { readonly kind: 'ready' }
  | HostCall
  | { readonly kind: 'done'; readonly runId: number; readonly outcome: RunOutcome };

/** What a worker is started with. */
export interface WorkerSetup {
  readonly wasmModule: WebAssembly.Module;
  readonly recorder: SharedArrayBuffer;
}
