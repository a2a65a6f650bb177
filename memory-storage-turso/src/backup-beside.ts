// A copy of a database before its schema changes: whole, checked, and in place under its name only then.
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryError, makePrivateFolder } from '@episodica/memory-core/backend';
import { backupFolderOf, backupStemOf, timeInName } from './copies.ts';
import { openDatabase } from './engine.ts';

/** A database, and its key if it has one. */
export interface DatabaseFile {
  readonly path: string;
  readonly encryptionKey?: string | undefined;
}

/**
 * Copies what is committed in the database at `path`, which is at this schema, into `backups` beside it. The caller
 * holds its write lock, so there is one such copy at a time; what a crash left of an earlier one is removed.
 * @throws `STORE_FAILED` where the copy cannot be made, `STORE_CORRUPT` where it is damaged; it is removed then
 */
export function backUpBeside({ path, encryptionKey }: DatabaseFile, schema: number): void {
  const folder = backupFolderOf(path);
  const target = join(folder, `${backupStemOf(path)}before-schema-${schema + 1}-${timeInName(new Date())}.db`);
  const partial = join(folder, `.${backupStemOf(path)}before-schema-${schema + 1}.partial`);
  try {
    makePrivateFolder(folder);
    removePartial(partial);
    // The engine copies into a file that is there and empty, and keeps its mode.
    closeSync(openSync(partial, 'wx', 0o600));
    copyWhole({ path, encryptionKey }, partial);
    flush(partial);
    renameSync(partial, target);
    if (process.platform !== 'win32') flush(folder);
  } catch (cause) {
    removePartial(partial);
    if (cause instanceof MemoryError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const what = `Cannot open the store ${path}: before its schema ${schema} changes it is copied to ${target}`;
    const advice = 'Nothing was changed; make room or give permission for the copy, and open it again';
    throw new MemoryError('STORE_FAILED', `${what}, and that failed (${reason}). ${advice}.`, { cause });
  }
}

const COPY_WAIT_MS = 5_000;

/** What is attached, and what is copied into a file, gets the key of the original. */
function copyWhole({ path, encryptionKey }: DatabaseFile, copy: string): void {
  const database = openDatabase(path, 'mode=rw', { busyTimeoutMs: COPY_WAIT_MS, encryptionKey });
  try {
    database.prepare('VACUUM INTO ?').run([copy]);
    database.prepare('ATTACH ? AS copy').run([copy]);
    const findings = database.prepare('PRAGMA copy.integrity_check').all() as readonly { integrity_check: string }[];
    database.exec('DETACH copy');
    const [first] = findings;
    if (first?.integrity_check === 'ok') return;
    const what = `The store ${path} is damaged (${first?.integrity_check}), and its schema stays as it is`;
    throw new MemoryError('STORE_CORRUPT', `${what}. Restore a backup with "memory-cli backup restore FILE".`);
  } finally {
    database.close();
  }
}

/** The journal beside it would be taken for that of the next file of this name. */
function removePartial(partial: string): void {
  for (const path of [partial, `${partial}-journal`]) if (existsSync(path)) rmSync(path);
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
