// Whole copies of a database: made by the engine from one moment of it, read again from end to end, and marked as such.
import { pathToFileURL } from 'node:url';
import { isMemoryError } from '@episodica/memory-core/backend';
import type { Connection } from './connection.ts';
import { codeOf, type KeyProblem, keyProblemOf, withoutSecret } from './errors.ts';
import { readStats, type StoreStats } from './inspect.ts';
import { numberIn, textIn } from './rows.ts';
import { identityOf, NEWEST_SCHEMA, schemaVersion } from './schema.ts';
import { type Verification, verifyPages, verifyStore } from './verify.ts';

/** Where the copy goes: a file that is empty or not there. */
export interface CopyOrder {
  readonly to: string;
  /** What the copy is encrypted with, or that it is plain; absent: as the original is. */
  readonly encryption?: { readonly key: string | undefined };
}

/** What the original held just before and just after: the copy is of a moment in between. */
export interface CopyReport {
  readonly before: StoreStats;
  readonly after: StoreStats;
}

/** What can be told of a database without reading all of it. */
export interface DatabaseSummary {
  readonly schema: number;
  readonly episodeCount: number;
  readonly tombstoneCount: number;
  readonly journalSeq: number;
  /** When the newest entry of the journal was made, by the clock of who made it; absent without any. */
  readonly journalAt?: string;
  readonly identity: string;
  /** Whether it is a copy that was verified when it was made. */
  readonly isSealed: boolean;
}

/** What a database holds, and whether it is whole. */
export interface DatabaseContents extends Verification {
  /** These two are absent when it is too damaged for them to be read. */
  readonly stats?: StoreStats;
  readonly identity?: string;
  readonly isSealed: boolean;
}

/** Holds up nobody: for the engine it is one long read. What was deleted is not in the copy. */
export async function copyInto(connection: Connection, { to, encryption }: CopyOrder): Promise<CopyReport> {
  const before = await readStats(connection);
  const key = encryption?.key ?? '';
  // In this place, and in no other, the engine takes a key from a URI; an empty one says that the copy is plain.
  const target = encryption === undefined ? to : `${pathToFileURL(to).href}?key=${key}`;
  try {
    await connection.execute({ sql: 'VACUUM INTO ?', args: [target], isLong: true });
  } catch (error) {
    throw key === '' ? error : withoutSecret(error, key);
  }
  return { before, after: await readStats(connection) };
}

/** Reads a few rows. */
export async function describe(connection: Connection): Promise<DatabaseSummary> {
  const { rows } = await connection.execute({
    sql: `SELECT (SELECT count(*) FROM episode) AS episodes, (SELECT count(*) FROM tombstone) AS tombstones,
      (SELECT ifnull(max(seq), 0) FROM journal) AS seq,
      (SELECT ifnull(max(at), '') FROM (SELECT at FROM journal ORDER BY seq DESC LIMIT 1)) AS at`,
    args: [],
  });
  const journalAt = textIn(rows[0], 'at');
  return {
    schema: await schemaVersion(connection),
    episodeCount: numberIn(rows[0], 'episodes'),
    tombstoneCount: numberIn(rows[0], 'tombstones'),
    journalSeq: numberIn(rows[0], 'seq'),
    ...(journalAt === '' ? {} : { journalAt }),
    identity: await identityOf(connection),
    isSealed: await isSealed(connection),
  };
}

/** Reads all of it. Damage is a finding, never an error. */
export async function examine(connection: Connection): Promise<DatabaseContents> {
  try {
    const schema = await schemaVersion(connection);
    // The tables of another schema are not known here; the engine knows its pages whatever is in them.
    const { findings } = await (schema === NEWEST_SCHEMA ? verifyStore(connection) : verifyPages(connection));
    const newer = `Its schema ${schema} is newer than this library (${NEWEST_SCHEMA}); upgrade to use it.`;
    const all = schema > NEWEST_SCHEMA ? [...findings, newer] : findings;
    const stats = await readStats(connection);
    const identity = await identityOf(connection);
    return { ok: all.length === 0, findings: all, stats, identity, isSealed: await isSealed(connection) };
  } catch (error) {
    const finding = damageOf(error);
    if (finding === undefined) throw error;
    return { ok: false, findings: [finding], isSealed: false };
  }
}

/** Examines a new copy, compares it with the original, and marks it when all is well. */
export async function seal(connection: Connection, report: CopyReport): Promise<DatabaseContents> {
  const contents = await compare(connection, report);
  if (!contents.ok) return contents;
  await connection.execute({ sql: `PRAGMA application_id = ${SEAL}`, args: [] });
  return { ...contents, isSealed: true };
}

/**
 * Makes a copy a database in its own right: with a name of its own, so that what is kept beside the original is not
 * taken for its own. Then examines it, and compares it with the original where `report` tells of that.
 */
export async function renew(connection: Connection, report: CopyReport | undefined): Promise<DatabaseContents> {
  await connection.execute({ sql: 'UPDATE identity SET id = lower(hex(randomblob(16)))', args: [] });
  await connection.execute({ sql: 'PRAGMA application_id = 0', args: [] });
  return report === undefined ? examine(connection) : compare(connection, report);
}

/** "EpMb": the number in a file's header that says which program's file it is, and here that it was verified. */
const SEAL = 0x45704d62;

async function isSealed(connection: Connection): Promise<boolean> {
  const { rows } = await connection.execute({ sql: 'PRAGMA application_id', args: [] });
  return numberIn(rows[0], 'application_id') === SEAL;
}

async function compare(connection: Connection, { before, after }: CopyReport): Promise<DatabaseContents> {
  const contents = await examine(connection);
  const { stats } = contents;
  const findings = [...contents.findings, ...(stats === undefined ? [] : differences(stats, before, after))];
  return { ...contents, ok: findings.length === 0, findings };
}

/** Nobody wrote: the counts are the same. Somebody wrote: the copy's last entry lies between the two. */
function differences(copy: StoreStats, before: StoreStats, after: StoreStats): readonly string[] {
  if (copy.schema !== before.schema && copy.schema !== after.schema) return [`The copy has the schema ${copy.schema}.`];
  if (copy.journalSeq < before.journalSeq || copy.journalSeq > after.journalSeq) {
    return [`The copy ends with entry ${copy.journalSeq} of the journal.`];
  }
  if (before.journalSeq !== after.journalSeq) return [];
  const counts = Object.entries(before.counts).filter(
    ([kind, count]) => copy.counts[kind as keyof StoreStats['counts']] !== count,
  );
  return counts.map(([kind, count]) => `The copy does not hold the ${count} of ${kind} that the original holds.`);
}

/** What an error says about the file; `undefined` for an error that is about something else. */
export function damageOf(error: unknown): string | undefined {
  if (isMemoryError(error)) return error.code === 'STORE_CORRUPT' ? error.message : undefined;
  const code = codeOf(error);
  if (code === 'SQLITE_CORRUPT') return 'The file is damaged: the engine cannot read it to its end.';
  const problem = keyProblemOf(error);
  if (problem !== undefined) return KEY_FINDINGS[problem];
  if (isForeign(error)) return 'The file is a database, but not one of these.';
  return undefined;
}

const GIVE_KEY = 'give its key (MEMORY_ENCRYPTION_KEY_FILE or MEMORY_ENCRYPTION_KEY; for a backup, --key-file FILE)';
const KEY_FINDINGS: Readonly<Record<KeyProblem, string>> = {
  'no key': `The file is encrypted, and no key is given that fits; or it is no database. If it is encrypted, ${GIVE_KEY}.`,
  'other key': `The file is encrypted with another key than the one that is given, or it is damaged. If it is not, ${GIVE_KEY}.`,
  'needless key': 'The file is not encrypted, and a key is given.',
};

function isForeign(error: unknown): boolean {
  return error instanceof Error && /no such table/u.test(error.message);
}
