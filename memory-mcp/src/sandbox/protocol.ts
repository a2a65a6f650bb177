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
  /** What to do instead, one sentence; told apart from the message, so that a message stays what the program threw. */
  readonly hint?: string;
  /** The limit that was met, by its outward name (`timeout_ms`), and its value in force. */
  readonly limit?: { readonly name: string; readonly value: number };
  /** The program's own calls on the way to the error, innermost first, at most 10: `at name 3:7`. Absent for one alone. */
  readonly stack?: readonly string[];
}

/** The limits a run had, after defaults and clamping. */
export interface RunLimits {
  /** From the start in a worker to the answer, waiting for host calls included. */
  readonly timeoutMs: number;
  /** Of that, computing only: waiting for host calls does not count. */
  readonly cpuMs: number;
  /** The whole memory of the engine, which needs about 1 MB itself. */
  readonly memoryMb: number;
  /** Of the result as JSON text, in bytes of UTF-8. */
  readonly maxResultBytes: number;
  readonly maxHostCalls: number;
  /** Arguments and answers of all host calls together, as JSON text in bytes of UTF-8. */
  readonly maxHostBytes: number;
  /** Of one host call: then it fails in the program with the code `TIMEOUT`, and its work is aborted. */
  readonly hostCallMs: number;
}

/** One function of the host, as the program's side has to know it. */
export interface HostMethod {
  readonly name: string;
  /** Answers `{items, next}`: called again with `[first argument, next]` until `next` is null. */
  readonly isPaged: boolean;
  /** Only to say why it is not to be had: it can be called and is not listed. */
  readonly isOffered?: false;
}

/** A file that a program left behind. */
export interface RunFile {
  readonly path: string;
  readonly bytes: number;
}

/** What a program is written in. Types are taken off, not checked. */
export type ProgramLanguage = 'javascript' | 'typescript';

/** One program on its way to a worker. */
export interface RunOrder {
  readonly id: number;
  readonly code: string;
  /** Left out: JavaScript, and where that does not parse, TypeScript. */
  readonly language?: ProgramLanguage;
  /** JSON text; absent when the run has no input. */
  readonly input?: string;
  /** Absent when the run has no host. */
  readonly hostMethods?: readonly HostMethod[];
  readonly limits: RunLimits;
}

/** How a run ended, as the worker knows it. Times and logs are in the flight recorder. */
export type RunOutcome = (
  | { readonly ok: true; readonly result: string; readonly notes?: readonly string[] }
  | { readonly ok: false; readonly error: SandboxError }
) & {
  /** What the program left in its files; absent where there are none. */
  readonly files?: readonly RunFile[];
};

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

/**
 * What a worker sends. `ready` says that the worker waits for an order: once after it started, and again after each run.
 * `threadId` is the system's, where it tells.
 */
export type FromWorker =
  | { readonly kind: 'ready'; readonly threadId?: number }
  | HostCall
  | { readonly kind: 'done'; readonly runId: number; readonly outcome: RunOutcome };

/** What a worker is started with. */
export interface WorkerSetup {
  readonly wasmModule: WebAssembly.Module;
  readonly recorder: SharedArrayBuffer;
}
