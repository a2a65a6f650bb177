// The one error class, its codes, and the table that gives each code its meaning for programs.

/** What went wrong, for programs. docs/library.md says of each what to do. */
export type MemoryErrorCode =
  | 'INVALID_INPUT'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'INVALID_STATE'
  | 'NOT_SUPPORTED'
  | 'LIMIT_EXCEEDED'
  | 'QUEUE_FULL'
  | 'STORE_UNAVAILABLE'
  | 'STORE_FAILED'
  | 'STORE_CORRUPT'
  | 'EMBEDDER_FAILED'
  | 'REFLECTOR_FAILED'
  | 'ABORTED'
  | 'CLOSED';

/** What a terminal program exits with, per code. Sysexits where one fits. Append-only. */
export const EXIT_CODES: Readonly<Record<MemoryErrorCode, number>> = Object.freeze({
  INVALID_INPUT: 2,
  NOT_FOUND: 3,
  CONFLICT: 4,
  INVALID_STATE: 5,
  NOT_SUPPORTED: 6,
  LIMIT_EXCEEDED: 7,
  QUEUE_FULL: 75,
  STORE_UNAVAILABLE: 75,
  STORE_FAILED: 74,
  STORE_CORRUPT: 70,
  EMBEDDER_FAILED: 75,
  REFLECTOR_FAILED: 75,
  ABORTED: 130,
  CLOSED: 70,
});

/** What is wrong with a part of what a caller handed in. */
export interface InputIssue {
  /** Where it stands there, by dots, such as `result.output` or `tags.add.0`. */
  readonly path: string;
  /** What is wrong and what to do, without a full stop. */
  readonly problem: string;
}

/** What an error carries beside its code and its message. */
export interface MemoryErrorOptions {
  readonly cause?: unknown;
  /** The parts at fault of what was handed in, for callers that have other names for them. @default none */
  readonly issues?: readonly InputIssue[];
  /** Whether the same call may succeed later without any change. @default false */
  readonly retryable?: boolean;
}

/**
 * Everything that can go wrong outside our own code. Callers branch on `code`, people read `message`:
 * what happened, to which thing, and what to do about it.
 */
export class MemoryError extends Error {
  readonly code: MemoryErrorCode;
  readonly retryable: boolean;
  readonly issues: readonly InputIssue[];

  constructor(code: MemoryErrorCode, message: string, options: MemoryErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'MemoryError';
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.issues = options.issues ?? [];
  }
}

/** The refusal of what a caller handed in, which names each part at fault. */
export function refusedInput(
  issues: readonly InputIssue[],
  { code = 'INVALID_INPUT', cause }: { readonly code?: MemoryErrorCode; readonly cause?: unknown } = {},
): MemoryError {
  return new MemoryError(code, issuesText(issues), { cause, issues });
}

/** Parts at fault, in a sentence. */
export function issuesText(issues: readonly InputIssue[]): string {
  const shown = issues.slice(0, MAX_TOLD).map(({ path, problem }) => `${path}: ${problem}`);
  const more = issues.length > shown.length ? ` (and ${issues.length - shown.length} more)` : '';
  return `${shown.join('; ')}${more}.`;
}

/** Issues that one message tells. */
const MAX_TOLD = 5;

/** Whether `error` is a `MemoryError`, also one that another copy of this package threw. */
export function isMemoryError(error: unknown): error is MemoryError {
  return error instanceof Error && error.name === 'MemoryError' && 'code' in error && 'retryable' in error;
}

/** Whether a call failed that may have been done all the same: to be told as it is, and not repeated unseen. */
export function isInDoubt(error: unknown): boolean {
  return isMemoryError(error) && error.code === 'STORE_UNAVAILABLE' && !error.retryable;
}

/** Throws `ABORTED` once the caller has given up; `left` is what that leaves. */
export function throwIfAborted(signal: AbortSignal | undefined, left = 'nothing was written'): void {
  if (signal?.aborted) {
    throw new MemoryError('ABORTED', `The call was cancelled before it was done; ${left}.`, { cause: signal.reason });
  }
}

/** Marks a branch that the types say cannot be reached. */
export function assertNever(value: never): never {
  throw new TypeError(`Unexpected value ${JSON.stringify(value)}`);
}
