// The mark of a database that is being filled from another: whose copy it is, who is at it, and how far it has come.
import { MemoryError } from '@episodica/memory-core/backend';
import type { Kind } from '@episodica/memory-core/ports';
import type { Connection, Row, Statement } from './connection.ts';
import { violationOf } from './errors.ts';
import { COPIED_KINDS, JOURNAL_COLUMNS, type RowKey } from './row-copy.ts';
import { numberIn, textIn } from './rows.ts';
import { schemaVersion } from './schema.ts';

/** What there is to copy: the journal, and everything that it names. */
export const COPIED_TABLES: readonly CopiedTable[] = ['journal', ...COPIED_KINDS];
/** One of them. */
export type CopiedTable = 'journal' | Kind;

/** How far a copy has come: what an earlier copy left is cleared away, then the tables are copied one after the other. */
export type CopyStage =
  | { readonly stage: 'clear' }
  /** Everything up to the row `last` of this table is there. */
  | { readonly stage: 'copy'; readonly table: CopiedTable; readonly last: RowKey | null };

/** What a copy is made of: a database, and a place in its history. */
export interface CopySource {
  readonly identity: string;
  /** The last number of its journal when the copy began: what came later is followed. */
  readonly since: number;
  /** The entry of that number, as text: when it is another one later, this is another history. */
  readonly entry: string;
}

/** The mark in a database that is being filled. */
export interface Copying extends CopySource {
  /** The run that is at it: of two at the same time, the one that came last. */
  readonly copier: string;
  readonly progress: CopyStage;
}

/** The mark, if there is one. */
export async function readCopying(connection: Connection): Promise<Copying | undefined> {
  const { rows } = await connection.execute(COPYING);
  return rows[0] && rowToCopying(rows[0]);
}

/** Marks a database that has never held anything. @returns false where it does, or is marked already */
export async function beginCopying(connection: Connection, copying: Copying): Promise<boolean> {
  const { identity, since, entry, copier, progress } = copying;
  return isTaken(connection, copying, [
    { sql: `INSERT INTO guard (code) SELECT 'INVALID_STATE' WHERE ${HOLDS_SOMETHING}`, args: [identity] },
    {
      sql: 'INSERT INTO copying (source, since, entry, copier, progress) VALUES (?, ?, ?, ?, ?)',
      args: [identity, since, entry, copier, JSON.stringify(progress)],
    },
  ]);
}

/**
 * Goes on from one mark to the next, and does what lies between in the same transaction.
 * @returns false where the mark is no longer the one that was known
 */
export async function advanceCopying(
  connection: Connection,
  [known, next]: readonly [Copying, Copying],
  statements: readonly Statement[],
): Promise<boolean> {
  const { identity, since, entry, copier, progress } = next;
  return isTaken(connection, next, [
    guardOf(known),
    {
      sql: 'UPDATE copying SET source = ?, since = ?, entry = ?, copier = ?, progress = ?',
      args: [identity, since, entry, copier, JSON.stringify(progress)],
    },
    ...statements,
  ]);
}

/** Takes the mark away: the copy is whole. @returns false where the mark is no longer the one that was known */
export async function endCopying(connection: Connection, known: Copying): Promise<boolean> {
  return isTaken(connection, undefined, [guardOf(known), { sql: 'DELETE FROM copying', args: [] }]);
}

/** Fails a batch, as its first statement, where the mark is not this one. */
export function guardOf({ copier, progress }: Copying): Statement {
  return {
    sql: `INSERT INTO guard (code)
      SELECT 'VERSION' WHERE NOT EXISTS (SELECT 1 FROM copying WHERE copier = ? AND progress = ?)`,
    args: [copier, JSON.stringify(progress)],
  };
}

/** @throws `INVALID_STATE` for a copy that is not finished: what it lacks would look as if it had never been */
export async function refuseUnfinishedCopy(connection: Connection): Promise<void> {
  // A store that may not be written is opened with the schema that it has.
  if (connection.access === 'read-only' && (await schemaVersion(connection)) < FIRST_SCHEMA) return;
  if ((await readCopying(connection)) !== undefined) throw copyUnfinished(connection.place);
}

/** The refusal to use a copy that is not finished. */
export function copyUnfinished(place: string): MemoryError {
  const what = `Cannot use the store ${place}: a move into it is not finished, and what it holds is not complete`;
  const advice = 'Run the same "memory-cli storage migrate --to" again, which goes on where it stood, or delete it';
  return new MemoryError('INVALID_STATE', `${what}. ${advice}.`);
}

/** Of the newest entry of a journal, all that tells it from another one of its number. */
export const NEWEST_ENTRY: string = `SELECT json_array(${JOURNAL_COLUMNS.join(', ')}) AS entry FROM journal`;

/** The schema that has the mark. */
export const FIRST_SCHEMA = 3;

const COPYING: Statement = { sql: 'SELECT source, since, entry, copier, progress FROM copying', args: [] };

/** A database that is to follow the source may be filled from it. */
const HOLDS_SOMETHING = `EXISTS (SELECT 1 FROM copying) OR EXISTS (SELECT 1 FROM journal)
  OR EXISTS (SELECT 1 FROM episode) OR EXISTS (SELECT 1 FROM following WHERE primary_identity <> ?)`;

function rowToCopying(row: Row): Copying {
  return {
    identity: textIn(row, 'source'),
    since: numberIn(row, 'since'),
    entry: textIn(row, 'entry'),
    copier: textIn(row, 'copier'),
    // Only this module writes it.
    progress: JSON.parse(textIn(row, 'progress')) as CopyStage,
  };
}

/** Whether the batch was done: also when it was sent twice, and the second one was turned down by what the first did. */
async function isTaken(
  connection: Connection,
  next: Copying | undefined,
  statements: readonly Statement[],
): Promise<boolean> {
  try {
    await connection.batch(statements);
    return true;
  } catch (error) {
    if (violationOf(error)?.statementIndex !== 0) throw error;
    return isSame(await readCopying(connection), next);
  }
}

function isSame(found: Copying | undefined, next: Copying | undefined): boolean {
  if (found === undefined || next === undefined) return found === next;
  return found.copier === next.copier && JSON.stringify(found.progress) === JSON.stringify(next.progress);
}
