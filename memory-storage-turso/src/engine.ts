// The engine on a file, and the key of the file. Whoever opens an encrypted file with another key, or a plain one with
// any, writes the log of a process that was killed into it as noise, and what was in it is lost. So a key is tried
// first where nothing can be written, and a file is opened for use with a key that fits, or not at all.
import { closeSync, openSync, readSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { LibsqlBatchError, LibsqlError } from '@libsql/core/api';
import Database from 'libsql';
import { keyError } from './errors.ts';
import { fileAt, Hindered, isFile, isFolder } from './file-state.ts';

/** How the engine opens a file. */
export interface EngineOptions {
  /** How long a statement waits for another process. */
  readonly busyTimeoutMs: number;
  /** 64 hexadecimal digits; without, the file is plain. */
  readonly encryptionKey?: string | undefined;
}

/**
 * Opens a file of which nothing is read yet. `parameters` are those of SQLite's URIs.
 * @throws `LibsqlError`: for a key that does not fit, `SQLITE_NOTADB`; `Hindered` when other files are put there
 */
export function openDatabase(path: string, parameters: string, options: EngineOptions): Database.Database {
  const database = openWithFittingKey(path, parameters, options);
  // What the engine writes into temporary files is not encrypted.
  if (options.encryptionKey !== undefined) pragma(database, 'temp_store = MEMORY');
  return database;
}

/** What the file opens with: nothing where it is plain, else the first of these keys that fits, or the first there is. */
export function fittingKey(path: string, keys: readonly string[]): string | undefined {
  return fits(path, undefined) ? undefined : (keys.find((key) => fits(path, key)) ?? keys[0]);
}

/** Whether the file opens with the key, or without one. Also what is empty or cannot be read does: that is told later. */
export function fits(path: string, encryptionKey: string | undefined): boolean {
  if (!isFile(path)) return true;
  let database: Database.Database | undefined;
  try {
    // Reads the first page of the file itself: no log, no locks, nothing that could be changed.
    database = connect(path, 'mode=ro&immutable=1', { busyTimeoutMs: 0, encryptionKey });
    pragma(database, 'schema_version');
    return true;
  } catch (error) {
    if (!(error instanceof LibsqlError)) throw error;
    return error.code !== 'SQLITE_NOTADB';
  } finally {
    database?.close();
  }
}

/** Whether the file is an encrypted database that the key does not open: not damage, as far as can be told. */
export function needsOtherKey(path: string, encryptionKey: string | undefined): boolean {
  return !fits(path, encryptionKey) && looksEncrypted(path);
}

/**
 * Whether the file is encrypted, as far as that can be told without its key: the cipher leaves bytes 16 to 23 of the
 * header as they are (the size of a page, two versions, room, and three numbers that are the same in every database).
 */
export function looksEncrypted(path: string): boolean {
  if (fits(path, undefined)) return false;
  const header = Buffer.alloc(24);
  // Nobody in this process has it open as its locks are let go of here: it does not open without a key.
  const file = openSync(path, 'r');
  try {
    readSync(file, header, { position: 0 });
  } finally {
    closeSync(file);
  }
  const isVersion = (byte: number | undefined): boolean => byte === 1 || byte === 2;
  return isVersion(header[18]) && isVersion(header[19]) && header.subarray(21).equals(FRACTIONS);
}

/** Of the header of every database: https://www.sqlite.org/fileformat.html, 1.3.4. */
const FRACTIONS = Buffer.from([64, 32, 32]);

/** PRAGMAs take no parameters; all values here come from a closed set. */
export function pragma(database: Database.Database, text: string): void {
  try {
    database.prepare(`PRAGMA ${text}`).all();
  } catch (cause) {
    throw toLibsqlError(cause);
  }
}

/** What the driver throws, as its other half does. */
export function toLibsqlError(cause: unknown): unknown {
  if (cause instanceof LibsqlError || !(cause instanceof Database.SqliteError)) return cause;
  return new LibsqlError(cause.message, primaryCode(cause.code), cause.code, cause.rawCode, cause);
}

/** The same for the statement of a batch. */
export function toBatchError(cause: unknown, index: number): unknown {
  if (!(cause instanceof Database.SqliteError)) return cause;
  return new LibsqlBatchError(cause.message, index, primaryCode(cause.code), cause.code, cause.rawCode, cause);
}

/** `SQLITE_CONSTRAINT` of `SQLITE_CONSTRAINT_UNIQUE`. */
function primaryCode(code: string): string {
  return code.split('_').slice(0, 2).join('_');
}

function openWithFittingKey(path: string, parameters: string, options: EngineOptions): Database.Database {
  for (let attempts = 1; ; attempts += 1) {
    const file = fileAt(path);
    const problem = keyProblem(path, options.encryptionKey);
    if (problem !== undefined) throw problem;
    const database = connect(path, parameters, options);
    if (fileAt(path) === file) return database;
    // The key was tried on the file that was there before, and the engine has not looked at this one yet.
    database.close();
    if (attempts === MAX_ATTEMPTS) throw new Hindered('replaced');
  }
}

/** More in a row would be a file that is replaced all the time. */
const MAX_ATTEMPTS = 3;

function keyProblem(path: string, encryptionKey: string | undefined): LibsqlError | undefined {
  if (fits(path, encryptionKey)) return undefined;
  if (encryptionKey === undefined) return keyError('no key');
  return keyError(fits(path, undefined) ? 'needless key' : 'other key');
}

/** The key is an option and never part of the URI: there the driver passes over it in silence. */
function connect(path: string, parameters: string, options: EngineOptions): Database.Database {
  const { busyTimeoutMs, encryptionKey } = options;
  try {
    return new Database(`${pathToFileURL(path).href}?${parameters}`, {
      timeout: Math.min(ENGINE_WAIT_MS, busyTimeoutMs),
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
    });
  } catch (cause) {
    if (isFolder(path)) throw new LibsqlError('it is a folder, not a file', 'SQLITE_CANTOPEN');
    // The driver says no more than a text here.
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new LibsqlError(message, 'SQLITE_CANTOPEN', undefined, undefined, cause instanceof Error ? cause : undefined);
  }
}

/** Longest time that the engine itself waits for another process: it stops the thread while it does. */
const ENGINE_WAIT_MS = 5;
