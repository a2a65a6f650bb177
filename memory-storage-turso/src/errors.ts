// The only place that knows the driver's errors.
import { isMemoryError, MemoryError, type MemoryErrorCode } from '@episodica/memory-core';
import { LibsqlBatchError, LibsqlError } from '@libsql/client';

const CODES: Readonly<Record<string, MemoryErrorCode>> = {
  SQLITE_BUSY: 'STORE_UNAVAILABLE',
  SQLITE_LOCKED: 'STORE_UNAVAILABLE',
  SQLITE_CORRUPT: 'STORE_CORRUPT',
  SQLITE_NOTADB: 'STORE_CORRUPT',
  CLIENT_CLOSED: 'CLOSED',
};

const ADVICE: Readonly<Record<string, string>> = {
  SQLITE_BUSY: 'Another process is writing; try again',
  SQLITE_LOCKED: 'Another process is writing; try again',
  SQLITE_CORRUPT: 'The file is damaged: restore a backup',
  SQLITE_NOTADB: 'The file is no database, or is encrypted with another key: name another file, or restore a backup',
  SQLITE_FULL: 'The disk is full: free some space and try again',
  SQLITE_READONLY: 'The file may not be written: give this user write permission',
  SQLITE_CANTOPEN: 'Choose a file that exists or can be made, in a directory where this user may write',
  CLIENT_CLOSED: 'Open it again',
};

/** Translates a driver error. An unknown code is `STORE_FAILED`: never guess that a retry is safe. */
export function toMemoryError(cause: unknown, action: string): MemoryError {
  if (cause instanceof MemoryError) return cause;
  const driverCode = cause instanceof LibsqlError ? cause.code : 'UNKNOWN';
  const code = CODES[driverCode] ?? 'STORE_FAILED';
  const advice = ADVICE[driverCode] ?? 'See the cause';
  return new MemoryError(code, `Cannot ${action} (${driverCode}). ${advice}.`, {
    cause,
    retryable: code === 'STORE_UNAVAILABLE',
  });
}

/** Whether another process was in the way. */
export function isBusy(error: unknown): boolean {
  return error instanceof LibsqlError && (error.code === 'SQLITE_BUSY' || error.code === 'SQLITE_LOCKED');
}

/** Whether the engine found its own data damaged. */
export function isCorrupt(error: unknown): boolean {
  return error instanceof LibsqlError && error.code === 'SQLITE_CORRUPT';
}

/** A constraint that turned a batch down: what the engine said, and which statement it was. */
export interface Violation {
  readonly statementIndex: number;
  readonly message: string;
}

/** The violation behind an error; `undefined` for an error of any other kind. */
export function violationOf(error: unknown): Violation | undefined {
  if (!(error instanceof LibsqlBatchError) || error.code !== 'SQLITE_CONSTRAINT') return undefined;
  return { statementIndex: error.statementIndex, message: error.message };
}

/** An error as plain data: threads hand each other nothing else. */
export type PlainError =
  | { readonly kind: 'memory'; readonly code: MemoryErrorCode; readonly message: string; readonly retryable: boolean }
  | {
      readonly kind: 'engine';
      readonly code: string;
      readonly extendedCode: string | undefined;
      readonly message: string;
      /** Which statement of a batch it was. */
      readonly statementIndex: number | undefined;
    }
  | { readonly kind: 'mistake'; readonly message: string; readonly stack: string | undefined };

export function toPlainError(error: unknown): PlainError {
  if (isMemoryError(error)) {
    return { kind: 'memory', code: error.code, message: error.message, retryable: error.retryable };
  }
  if (error instanceof LibsqlError) {
    const statementIndex = error instanceof LibsqlBatchError ? error.statementIndex : undefined;
    // The class puts its code before the message, and would again.
    const message = error.message.replace(`${error.code}: `, '');
    return { kind: 'engine', code: error.code, extendedCode: error.extendedCode, message, statementIndex };
  }
  const known = error instanceof Error ? error : new Error(String(error));
  return { kind: 'mistake', message: known.message, stack: known.stack };
}

/** The error that `toPlainError` was given, for all who ask for its kind and its codes. */
export function fromPlainError(plain: PlainError): Error {
  switch (plain.kind) {
    case 'memory':
      return new MemoryError(plain.code, plain.message, { retryable: plain.retryable });
    case 'engine': {
      const { message, statementIndex, code, extendedCode } = plain;
      return statementIndex === undefined
        ? new LibsqlError(message, code, extendedCode)
        : new LibsqlBatchError(message, statementIndex, code, extendedCode);
    }
    case 'mistake':
      return Object.assign(new Error(plain.message), { stack: plain.stack });
  }
}
