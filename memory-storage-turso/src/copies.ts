// Where other copies of a database lie: its backups, and what was put aside beside it.
import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Where the backups of a database lie, unless somebody says otherwise. */
export function backupFolderOf(databasePath: string): string {
  return join(dirname(databasePath), 'backups');
}

/** What the names of backups begin with: several databases may share a folder. */
export function backupStemOf(databasePath: string): string {
  return `${basename(databasePath).replace(/\.db$/u, '')}-`;
}

/** `2026-01-31T08-05-09.123Z`: a time that every file system takes. */
export function timeInName(now: Date): string {
  return now.toISOString().replaceAll(':', '-');
}

/** Whole databases that could be put back, by name: backups in their folder, and what restoring put aside. */
export function copiesBeside(databasePath: string): readonly string[] {
  const asides = namesIn(dirname(databasePath)).filter(
    (name) => name.startsWith(`${basename(databasePath)}.`) && ASIDE.test(name),
  );
  const backups = namesIn(backupFolderOf(databasePath)).filter(
    (name) => name.startsWith(backupStemOf(databasePath)) && name.endsWith('.db'),
  );
  return [
    ...asides.map((name) => join(dirname(databasePath), name)),
    ...backups.sort().map((name) => join(backupFolderOf(databasePath), name)),
  ];
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
 * also to one that was never finished.
 */
export function isNamedByUs(databasePath: string, copy: string): boolean {
  const name = basename(copy)
    .replace(/^\./u, '')
    .replace(/(?:\.[0-9a-f]{12})?\.partial(?:-journal|-wal|-shm)?$/u, '');
  if (dirname(copy) === dirname(databasePath)) {
    return name === basename(databasePath) || ASIDE_END.test(name.slice(basename(databasePath).length));
  }
  const stem = backupStemOf(databasePath);
  return name.startsWith(stem) && BACKUP_END.test(name.slice(stem.length));
}

const ASIDE_END = /^\.(?:replaced|damaged)-[\dT.-]+Z(?:-wal)?$/u;
const BACKUP_END = /^(?:before-schema-\d+|(?:before-schema-\d+-)?[\dT.-]+Z\.db)$/u;
const ASIDE = /\.(?:replaced|damaged)-[^/]*Z$/u;

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    // No folder, or none that may be read: then nothing is known of copies.
    return [];
  }
}
