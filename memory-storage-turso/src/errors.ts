// The only place that knows the driver's errors.

import { isMemoryError, MemoryError, type MemoryErrorCode } from '@episodica/memory-core/backend';
import { LibsqlBatchError, LibsqlError } from '@libsql/core/api';

import { Hindered, type Hindrance, isSystemError } from './file-state.ts';
import { InDoubt, NetworkFailure } from './network-failure.ts';

interface Meaning {
  readonly code: MemoryErrorCode;
  readonly advice: string;
}

const IN_USE: Meaning = {
  code: 'STORE_UNAVAILABLE',
  advice: 'Another program has it locked, which may be a migration, a vacuum or a large import; try again',
};
const DAMAGED: Meaning = {
  code: 'STORE_CORRUPT',
  advice:
    'The file is damaged: see what is readable with "memory-cli storage verify", and restore a backup with "memory-cli backup restore FILE"',
};

const RESTORE = 'restore a backup with "memory-cli backup restore FILE"';
const GIVE_KEY = 'give the key that it was encrypted with (MEMORY_ENCRYPTION_KEY_FILE or MEMORY_ENCRYPTION_KEY)';

/** Why a file does not open with the key that is given. The engine says no more than that it is no database. */
export type KeyProblem = 'no key' | 'other key' | 'needless key';

/** Codes of our own below the engine's. */
const KEY_CODES = {
  'no key': 'SQLITE_NOTADB',
  'other key': 'SQLITE_NOTADB_OTHER_KEY',
  'needless key': 'SQLITE_NOTADB_NEEDLESS_KEY',
} as const satisfies Readonly<Record<KeyProblem, string>>;

const MEANINGS: Readonly<Record<string, Meaning>> = {
  SQLITE_BUSY: IN_USE,
  SQLITE_LOCKED: IN_USE,
  SQLITE_PROTOCOL: IN_USE,
  SQLITE_CORRUPT: DAMAGED,
  SQLITE_CORRUPT_VTAB: {
    code: 'STORE_CORRUPT',
    advice:
      'A text index is damaged: "memory-cli storage verify" says which, and "memory-cli storage repair" makes it anew',
  },
  SQLITE_NOTADB: {
    code: 'STORE_CORRUPT',
    advice: `It is encrypted, or no database: ${GIVE_KEY}, name another file, or ${RESTORE}`,
  },
  [KEY_CODES['other key']]: {
    code: 'STORE_CORRUPT',
    advice: `It is encrypted with another key, or damaged: ${GIVE_KEY}, or ${RESTORE}`,
  },
  [KEY_CODES['needless key']]: {
    code: 'STORE_FAILED',
    advice:
      'It is not encrypted, and a key is given: encrypt it with "memory-cli storage rekey", or take the key out of the settings',
  },
  SQLITE_FULL: {
    code: 'STORE_FAILED',
    advice: 'The disk is full, and nothing was written: free some space and try again',
  },
  SQLITE_IOERR: {
    code: 'STORE_FAILED',
    advice:
      'The disk or the file system failed, and nothing was written: see that it is sound and has room, and try again',
  },
  SQLITE_READONLY: {
    code: 'STORE_FAILED',
    advice: 'Nothing was written: give this user write permission for the file and its directory, and try again',
  },
  SQLITE_CANTOPEN: {
    code: 'STORE_FAILED',
    advice: 'Choose a file that exists or can be made, in a directory where this user may write',
  },
  SQLITE_TOOBIG: { code: 'STORE_FAILED', advice: 'A text is larger than the engine takes: make it shorter' },
  SQLITE_NOMEM: { code: 'STORE_FAILED', advice: 'The machine is out of memory: free some and try again' },
  SQLITE_INTERRUPT: { code: 'STORE_FAILED', advice: 'It was interrupted, and nothing was written: try again' },
  CLIENT_CLOSED: { code: 'CLOSED', advice: 'Open it again' },
};
const UNKNOWN: Meaning = { code: 'STORE_FAILED', advice: 'Look the code up at sqlite.org/rescode.html' };
/** Codes that are not the engine's come from the host. */
const HOSTS: Meaning = { code: 'STORE_FAILED', advice: 'See what the host of the database says of it' };

const HINDRANCES: Readonly<Record<Hindrance, string>> = {
  deleted:
    'the file was deleted or moved away while it was open. Put it back or restore a backup with "memory-cli backup restore FILE"; it is then used without a restart',
  replaced: 'another file is put in its place again and again. Try again when that is over',
  mixed:
    'another file was put in its place, and beside it lies a log (-wal) with writes that belong to one of the two. Stop every program that uses the store, move -wal and -shm away without deleting them, and start again',
  'log deleted':
    'its log (-wal) was deleted while it was open. What was in it is saved into the file; stop every program that uses the store, and start again',
  'log replaced':
    'its log (-wal) was replaced while it was open. Stop every program that uses the store, and start again with "memory-cli storage verify"',
  'read-only':
    'it may only be read here. Give this user write permission for the file, its -wal and -shm and their directory, or mount the file system for writing; it is then written without a restart',
  writable: 'permission to write comes and goes. Try again when that is over',
  rekeyed:
    'another file was put in its place, or this one was encrypted anew, and the key that this program has does not fit. Nothing was written; stop this program and start it with the right key (MEMORY_ENCRYPTION_KEY_FILE)',
  spent: 'the connection failed again and again. See that disk and file system are sound, and try again',
};

/** Translates what stopped a call. An unknown code is `STORE_FAILED`: never guess that a retry is safe. */
export function toMemoryError(cause: unknown, action: string): MemoryError {
  if (cause instanceof MemoryError) return cause;
  if (cause instanceof Hindered) {
    return new MemoryError('STORE_FAILED', `Cannot ${action}: ${HINDRANCES[cause.hindrance]}.`, { cause });
  }
  if (cause instanceof NetworkFailure) return failedOnTheWay(cause, action);
  if (cause instanceof InDoubt) return maybeDone(cause, action);
  if (isSystemError(cause)) {
    const advice = 'See that the file and its directory are there, and that this user may read and write them';
    return new MemoryError('STORE_FAILED', `Cannot ${action} (${cause.message}). ${advice}.`, { cause });
  }
  if (!(cause instanceof LibsqlError)) {
    return new MemoryError('STORE_FAILED', `Cannot ${action}: ${messageIn(cause)}. Please report this.`, { cause });
  }
  const { code, advice } = meaningOf(cause);
  return new MemoryError(code, `Cannot ${action} (${engineText(cause)}). ${advice}.`, {
    cause,
    retryable: code === 'STORE_UNAVAILABLE',
  });
}

function meaningOf({ code, extendedCode = code }: LibsqlError): Meaning {
  const unknown = code.startsWith('SQLITE_') ? UNKNOWN : HOSTS;
  return MEANINGS[extendedCode] ?? MEANINGS[code] ?? MEANINGS[primaryOf(code)] ?? unknown;
}

function failedOnTheWay(cause: NetworkFailure, action: string): MemoryError {
  if (cause.mishap === 'given up') {
    return new MemoryError('ABORTED', `It was cancelled before it could ${action}; nothing was written.`, { cause });
  }
  const { passes, advice } = cause.nature;
  const code = passes ? 'STORE_UNAVAILABLE' : 'STORE_FAILED';
  return new MemoryError(code, `Cannot ${action}: ${cause.message}. ${advice}.`, { cause, retryable: passes });
}

/** To repeat it may do it twice: that is for somebody to decide who can look. */
function maybeDone(cause: InDoubt, action: string): MemoryError {
  const { reason } = cause;
  const what = reason instanceof LibsqlError ? engineText(reason) : messageIn(reason);
  const advice = 'It may have been written: read what is there before you repeat it';
  return new MemoryError('STORE_UNAVAILABLE', `It is not known whether this could ${action}: ${what}. ${advice}.`, {
    cause,
  });
}

function messageIn(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the engine said of a file that it found damaged; `undefined` for an error of another kind. */
export function damageText(error: unknown): string | undefined {
  return error instanceof LibsqlError && error.code === 'SQLITE_CORRUPT' ? engineText(error) : undefined;
}

/** The error for a file that does not open with the key, or the lack of one. */
export function keyError(problem: KeyProblem): LibsqlError {
  return new LibsqlError(KEY_TEXTS[problem], KEY_CODES['no key'], KEY_CODES[problem]);
}

/** What kept a file from being opened, where it may be its key. */
export function keyProblemOf(error: unknown): KeyProblem | undefined {
  if (!(error instanceof LibsqlError) || error.code !== KEY_CODES['no key']) return undefined;
  if (error.extendedCode === KEY_CODES['other key']) return 'other key';
  return error.extendedCode === KEY_CODES['needless key'] ? 'needless key' : 'no key';
}

const KEY_TEXTS: Readonly<Record<KeyProblem, string>> = {
  'no key': 'file is not a database',
  'other key': 'the key does not fit',
  'needless key': 'there is nothing to decrypt',
};

/** What the engine said, with its code before it. */
function engineText(error: LibsqlError): string {
  return `${error.extendedCode ?? error.code}: ${messageOf(error)}`;
}

/** The engine's code for the kind of error, like `SQLITE_IOERR`; `undefined` for what the engine did not say. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof LibsqlError ? primaryOf(error.code) : undefined;
}

/** Some servers give the extended code in its place, like `SQLITE_CONSTRAINT_TRIGGER`. */
function primaryOf(code: string): string {
  return code.split('_').slice(0, 2).join('_');
}

/** Whether the engine said it, and not this code. */
export function isEngineError(error: unknown): boolean {
  return error instanceof LibsqlError;
}

/** Whether another process was in the way. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED';
}

/** Whether a server says that it did nothing of it, and may do it when it is asked again. */
export function isNotDone(error: unknown): boolean {
  return isBusy(error) || (error instanceof LibsqlError && error.code === 'TRANSACTION_CLOSED');
}

/** Whether a connection that failed so is better opened anew. */
export function isSpending(error: unknown): boolean {
  return ['SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_PROTOCOL'].includes(codeOf(error) ?? '');
}

/**
 * Whether what stopped a write would stop every other one too, or may have let it through. Else it may be this one: the
 * engine or its host may do a smaller one.
 */
export function isOfAllWrites(error: unknown): boolean {
  if (error instanceof NetworkFailure) return error.mishap !== 'turned down';
  if (error instanceof InDoubt || error instanceof Hindered || isBusy(error) || isSpending(error)) return true;
  return error instanceof LibsqlError && !error.code.startsWith('SQLITE_');
}

/** A constraint that turned a batch down: what the engine said, and which statement it was. */
export interface Violation {
  readonly statementIndex: number;
  readonly message: string;
}

/** The violation behind an error; `undefined` for an error of any other kind. */
export function violationOf(error: unknown): Violation | undefined {
  const said = error instanceof InDoubt ? error.reason : error;
  if (!(said instanceof LibsqlBatchError) || codeOf(said) !== 'SQLITE_CONSTRAINT') return undefined;
  return { statementIndex: said.statementIndex, message: messageOf(said) };
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
  | { readonly kind: 'hindered'; readonly hindrance: Hindrance }
  | { readonly kind: 'mistake'; readonly message: string; readonly stack: string | undefined };

export function toPlainError(error: unknown): PlainError {
  if (isMemoryError(error)) {
    return { kind: 'memory', code: error.code, message: error.message, retryable: error.retryable };
  }
  if (error instanceof LibsqlError) {
    const statementIndex = error instanceof LibsqlBatchError ? error.statementIndex : undefined;
    const message = messageOf(error);
    return { kind: 'engine', code: error.code, extendedCode: error.extendedCode, message, statementIndex };
  }
  if (error instanceof Hindered) return { kind: 'hindered', hindrance: error.hindrance };
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
    case 'hindered':
      return new Hindered(plain.hindrance);
    case 'mistake':
      return Object.assign(new Error(plain.message), { stack: plain.stack });
  }
}

/** The error without a text that the engine repeats in it: also its cause is left behind, which repeats it too. */
export function withoutSecret(error: unknown, secret: string): unknown {
  if (!(error instanceof LibsqlError)) return error;
  return new LibsqlError(messageOf(error).replaceAll(secret, '…'), error.code, error.extendedCode, error.rawCode);
}

/** The class puts its code before the message, for what was part of a batch twice; and a server says who speaks. */
function messageOf(error: LibsqlError): string {
  return error.message.replaceAll(`${error.code}: `, '').replace(/^SQLite error: /u, '');
}
