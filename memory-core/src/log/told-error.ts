// What a log says of an error. Messages quote what they complain about, so most are left out: a log is handed on.
import { isMemoryError, type MemoryErrorCode } from '../errors.ts';

/** Of an error that wraps others. */
const MAX_CAUSES = 4;
const MAX_FRAMES = 20;
const MAX_FRAME_CHARACTERS = 300;

/** An error in a line of a log. */
export interface ToldError {
  readonly type: string;
  readonly code?: string;
  /** Of the system's call that failed. */
  readonly syscall?: string;
  readonly message?: string;
  /** Where it was thrown, without the message that goes before. */
  readonly stack?: string;
  readonly cause?: ToldError;
}

/** Their messages are about stores and hosts, and quote nothing that somebody wanted remembered. */
const OF_THE_WORLD: ReadonlySet<MemoryErrorCode> = new Set([
  'QUEUE_FULL',
  'STORE_UNAVAILABLE',
  'STORE_FAILED',
  'STORE_CORRUPT',
  'EMBEDDER_FAILED',
  'REFLECTOR_FAILED',
  'ABORTED',
  'CLOSED',
]);

/**
 * Type, code and place of an error; its message where it is known to quote nothing, and any message with
 * `withMessages`, which is for who looks for a fault on a machine of their own.
 */
export function toldError(error: unknown, { withMessages }: { readonly withMessages: boolean }): ToldError {
  return told(error, { withMessages, causesLeft: MAX_CAUSES });
}

function told(
  error: unknown,
  { withMessages, causesLeft }: { readonly withMessages: boolean; readonly causesLeft: number },
): ToldError {
  if (!(error instanceof Error)) return { type: typeof error, ...(withMessages ? { message: String(error) } : {}) };
  const { code, syscall } = error as NodeJS.ErrnoException;
  const isQuotable = withMessages || (isMemoryError(error) && OF_THE_WORLD.has(error.code));
  const frames = framesOf(error);
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof syscall === 'string' ? { syscall } : {}),
    ...(isQuotable ? { message: error.message } : {}),
    ...(frames === '' ? {} : { stack: frames }),
    ...(error.cause === undefined || causesLeft === 0
      ? {}
      : { cause: told(error.cause, { withMessages, causesLeft: causesLeft - 1 }) }),
  };
}

function framesOf({ stack = '', message }: Error): string {
  const start = stack.indexOf(message);
  return stack
    .slice(start < 0 ? 0 : start + message.length)
    .split('\n')
    .filter((line) => /^ {4}at /u.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.slice(0, MAX_FRAME_CHARACTERS))
    .join('\n');
}
