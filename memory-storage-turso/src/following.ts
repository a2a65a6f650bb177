// The mark of a file that follows a remote database: which one, and when it was last brought up to it.
import { MemoryError } from '@episodica/memory-core/backend';
import type { Connection, Row } from './connection.ts';
import { violationOf } from './errors.ts';
import { textIn } from './rows.ts';

/** Whom a file follows. */
export interface Following {
  /** The identity of the database that it follows. */
  readonly primary: string;
  /** Where that was reached last, for messages. */
  readonly place: string;
  /** When the file was last known to hold all that the primary did; absent until it was filled for the first time. */
  readonly syncedAt?: string;
}

/** The mark, if there is one. */
export async function readFollowing(file: Connection): Promise<Following | undefined> {
  const { rows } = await file.execute({ sql: 'SELECT * FROM following', args: [] });
  return rows[0] && rowToFollowing(rows[0]);
}

/**
 * Makes a file that has never held anything one that follows this database; one that does so already stays it.
 * @throws `INVALID_STATE` where the file has a memory of its own, or follows another database
 */
export async function beginFollowing(file: Connection, { primary, place }: Following): Promise<void> {
  const known = await readFollowing(file);
  if (known?.primary === primary && (known.place === place || file.access === 'read-only')) return;
  try {
    await file.batch([
      { sql: `INSERT INTO guard (code) SELECT 'INVALID_STATE' WHERE ${IS_ANOTHER}`, args: [primary] },
      { sql: 'DELETE FROM following WHERE synced_at IS NULL', args: [] },
      { sql: 'UPDATE following SET place = ?', args: [place] },
      {
        sql: 'INSERT INTO following (primary_identity, place) SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM following)',
        args: [primary, place],
      },
    ]);
  } catch (error) {
    if (violationOf(error)?.statementIndex !== 0) throw error;
    const other = await readFollowing(file);
    throw other === undefined ? ownMemory(file.place) : otherPrimary(file.place, other, place);
  }
}

/** @throws `INVALID_STATE` where the file has a memory of its own, and cannot follow any other */
export async function refuseOwnMemory(file: Connection): Promise<void> {
  const { rows } = await file.execute({ sql: `SELECT ${HAS_OWN_MEMORY} AS own`, args: [] });
  if (rows[0]?.own === 1) throw ownMemory(file.place);
}

/** Notes that the file holds all that the primary did at this time. */
export async function noteSynced(file: Connection, at: string): Promise<void> {
  await file.execute({ sql: 'UPDATE following SET synced_at = ?', args: [at] });
}

const HAS_OWN_MEMORY = `(NOT EXISTS (SELECT 1 FROM following)
  AND (EXISTS (SELECT 1 FROM journal) OR EXISTS (SELECT 1 FROM copying)))`;
/** What was never filled from the other one, may be filled from this one. */
const IS_ANOTHER = `${HAS_OWN_MEMORY} OR EXISTS (
  SELECT 1 FROM following WHERE primary_identity <> ?
    AND (synced_at IS NOT NULL OR EXISTS (SELECT 1 FROM journal)))`;

function rowToFollowing(row: Row): Following {
  const known = { primary: textIn(row, 'primary_identity'), place: textIn(row, 'place') };
  return row.synced_at === null ? known : { ...known, syncedAt: textIn(row, 'synced_at') };
}

function ownMemory(path: string): MemoryError {
  const what = `The file ${path} holds a memory of its own and cannot become a replica`;
  const advice = 'Move it to the database with "memory-cli storage migrate" first, or name another file';
  return new MemoryError('INVALID_STATE', `${what}. ${advice}.`);
}

function otherPrimary(path: string, { place: followed }: Following, place: string): MemoryError {
  const what = `The file ${path} is a replica of another database (reached at ${followed}) than the one at ${place}`;
  return new MemoryError('INVALID_STATE', `${what}. Name another file for this one.`);
}
