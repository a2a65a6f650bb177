// Where other copies of a database lie: its backups, and what was put aside beside it.
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { removeLeftovers, targetOfPassing } from './new-file.ts';

/** Where the backups of a database lie, unless somebody says otherwise. */
export function backupFolderOf(databasePath: string): string {
  return join(dirname(databasePath), 'backups');
}

/**
 * What the names of backups begin with: several databases may share a folder, so no other one has the same stem. A time
 * follows, or what `backUpBeside` puts before it.
 */
export function backupStemOf(databasePath: string): string {
  const name = basename(databasePath);
  return name.endsWith('.db') ? `${name.slice(0, -'.db'.length)}-` : `${name}.`;
}

/** `2026-01-31T08-05-09.123Z`: a time that every file system takes. */
export function timeInName(now: Date): string {
  return now.toISOString().replaceAll(':', '-');
}

/** The time in the name of a backup, of whichever database. */
export function timeOfBackup(name: string): string | undefined {
  const [, day, hours, minutes, seconds] = ANY_BACKUP.exec(name) ?? [];
  return day === undefined ? undefined : `${day}${hours}:${minutes}:${seconds}`;
}

/** Whether backups of this database, and of no other one, get such a name. */
export function isBackupName(databasePath: string, name: string): boolean {
  const stem = backupStemOf(databasePath);
  return name.startsWith(stem) && BACKUP_END.test(name.slice(stem.length));
}

/** Whether what is put aside beside this database, and beside no other one, gets such a name. */
export function isAsideName(databasePath: string, name: string): boolean {
  return name.startsWith(basename(databasePath)) && ASIDE_END.test(name.slice(basename(databasePath).length));
}

/** Whole databases that could be put back, by name: backups in their folder, and what restoring put aside. */
export function copiesBeside(databasePath: string): readonly string[] {
  const [folder, backups] = [dirname(databasePath), backupFolderOf(databasePath)];
  const asides = namesIn(folder).filter((name) => isAsideName(databasePath, name));
  const kept = namesIn(backups).filter((name) => isBackupName(databasePath, name));
  return [...asides.map((name) => join(folder, name)), ...kept.sort().map((name) => join(backups, name))];
}

/**
 * Every other file that may hold what a database holds or held, also parts of one that were left behind. Copies that lie
 * elsewhere are not known.
 */
export function otherCopiesOf(databasePath: string): readonly string[] {
  const own = [databasePath, `${databasePath}-wal`, `${databasePath}-shm`];
  const beside = namesIn(dirname(databasePath))
    .filter((name) => name.replace(/^\./u, '').startsWith(basename(databasePath)))
    .map((name) => join(dirname(databasePath), name))
    .filter((path) => !own.includes(path));
  const backups = backupFolderOf(databasePath);
  return [...beside, ...namesIn(backups).map((name) => join(backups, name))].sort();
}

/**
 * Whether a file that lies beside a database or among its backups has a name that is given to copies of this one alone,
 * also to one that was never finished. A log has no such name: it is part of the file that it lies beside.
 */
export function isNamedByUs(databasePath: string, copy: string): boolean {
  const name = basename(copy);
  const target = targetOfPassing(name) ?? name;
  if (dirname(copy) === dirname(databasePath)) {
    return isAsideName(databasePath, target) || (target !== name && target === basename(databasePath));
  }
  const stem = `.${backupStemOf(databasePath)}`;
  const isUnfinished = name.startsWith(stem) && UNFINISHED_END.test(name.slice(stem.length));
  return isUnfinished || isBackupName(databasePath, target);
}

/** Takes away what processes that are gone left half made beside a database and among its backups. */
export async function clearLeftovers(databasePath: string): Promise<void> {
  for (const folder of [dirname(databasePath), backupFolderOf(databasePath)]) await removeLeftovers(folder);
}

/** As `timeInName` writes it, in its parts. */
const TIME = String.raw`(\d{4}-\d\d-\d\dT)(\d\d)-(\d\d)-(\d\d\.\d{3}Z)`;
const ANY_BACKUP = new RegExp(String.raw`[-.]${TIME}\.db$`, 'u');
const BACKUP_END = new RegExp(String.raw`^(?:before-schema-\d+-)?${TIME}\.db$`, 'u');
const ASIDE_END = new RegExp(String.raw`^\.(?:replaced|damaged)-${TIME}$`, 'u');
const UNFINISHED_END = /^before-schema-\d+\.partial(?:-journal)?$/u;

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No folder, or none that may be read: then nothing is known of copies.
    return [];
  }
}
