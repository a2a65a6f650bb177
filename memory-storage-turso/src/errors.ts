// The only place that knows the driver's errors.
import { MemoryError, type MemoryErrorCode } from '@episodica/memory-core';
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
  SQLITE_IOERR: 'The disk gave an error: check it and the room on it, then try again',
  SQLITE_READONLY: 'The file may not be written: give this user write permission',
  SQLITE_CANTOPEN: 'The file cannot be opened: check that it exists and that this user may write it',
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
