// The folder of backups beside a database: names, what lies there, and which may go.
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isMemoryError } from '@episodica/memory-core/backend';
import { describeDatabase, type ReadingOptions } from './backup.ts';
import { backupFolderOf, backupStemOf, isBackupName, timeInName, timeOfBackup } from './copies.ts';
import { checkedKey } from './encryption-key.ts';
import { fits } from './engine.ts';
import { syncFolder } from './new-file.ts';

/** A file in the folder of backups. */
export interface BackupEntry {
  readonly path: string;
  /** Whether its name is one for backups of this database alone. */
  readonly isOwn: boolean;
  readonly sizeBytes: number;
  /** When it was made, as its name says; else when it was last written. */
  readonly at: string;
  /** Whether it was read from end to end when it was made. It may have come to harm since. */
  readonly wasVerified: boolean;
  /** Absent when it cannot be read. */
  readonly held?: {
    readonly schema: number;
    readonly episodeCount: number;
    readonly journalSeq: number;
    readonly isEncrypted: boolean;
  };
  /** Whether it opens with the key at hand, or is plain. One that is damaged from its first page on does not either. */
  readonly isOpen: boolean;
  /** Why it cannot be read. */
  readonly problem?: string;
}

/** A name for a backup that is made now. Names sort by time. */
export function backupPathAt(databasePath: string, now: Date): string {
  return join(backupFolderOf(databasePath), `${backupStemOf(databasePath)}${timeInName(now)}.db`);
}

/** The backups of a database, newest first. Reads a few rows of each. */
export async function listBackups(databasePath: string, options: ReadingOptions = {}): Promise<readonly BackupEntry[]> {
  const folder = backupFolderOf(databasePath);
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^[^.].*\.db$/u.test(name));
  const entries: BackupEntry[] = [];
  for (const name of names) {
    const entry = await entryOf(join(folder, name), options);
    if (entry !== undefined) entries.push({ ...entry, isOwn: isBackupName(databasePath, name) });
  }
  return entries.sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** What may go. With both limits, only what is past both. */
export interface Retention {
  /** The newest that stay. */
  readonly keep?: number;
  readonly olderThanDays?: number;
}

/**
 * The backups that may be deleted: those of this database that open, and never the newest that was verified and can be
 * read, nor the newest of these that holds an episode. What another key opens may be the only good one.
 */
export function staleBackups(entries: readonly BackupEntry[], limits: Retention, now: Date): readonly BackupEntry[] {
  const { keep = 0, olderThanDays } = limits;
  const own = entries.filter(({ isOwn, isOpen }) => isOwn && isOpen);
  const good = own.filter(({ wasVerified, held }) => wasVerified && held !== undefined);
  const spared = [good[0] ?? own[0], good.find(({ held }) => (held?.episodeCount ?? 0) > 0)];
  const before =
    olderThanDays === undefined ? undefined : new Date(now.getTime() - olderThanDays * DAY_MS).toISOString();
  return own.slice(keep).filter((entry) => !spared.includes(entry) && (before === undefined || entry.at < before));
}

/** Deletes backups for good. */
export async function deleteBackups(entries: readonly BackupEntry[]): Promise<void> {
  for (const { path } of entries) await rm(path, { force: true });
  for (const folder of new Set(entries.map(({ path }) => dirname(path)))) await syncFolder(folder);
}

const DAY_MS = 86_400_000;

async function entryOf(path: string, options: ReadingOptions): Promise<Omit<BackupEntry, 'isOwn'> | undefined> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined || !file.isFile()) return undefined;
  const at = timeOfBackup(basename(path)) ?? file.mtime.toISOString();
  const isOpen = fits(path, undefined) || fits(path, checkedKey(options.encryptionKey));
  const known = { path, sizeBytes: file.size, at, isOpen };
  try {
    const { isSealed, schema, episodeCount, journalSeq, isEncrypted } = await describeDatabase(path, options);
    return { ...known, wasVerified: isSealed, held: { schema, episodeCount, journalSeq, isEncrypted } };
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    return { ...known, wasVerified: false, problem: error.message };
  }
}
