// What a store holds, and whether it is whole.
import type { IndexedKind, Kind } from '@episodica/memory-core/ports';
import type { Connection, Row } from './connection.ts';
import { numberIn, textIn } from './rows.ts';
import { schemaVersion } from './schema.ts';
import { TEXT_FIELDS, type TextField } from './search.ts';

/** Figures of a store. */
export interface StoreStats {
  /** The file, or the address of the database. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Of that, pages that hold nothing: `vacuum` gives them back. */
  readonly freeBytes: number;
  readonly schema: number;
  readonly counts: Readonly<Record<Kind, number>>;
  /** The newest sequence number. */
  readonly journalSeq: number;
  /** When the oldest and the newest episode began; absent without any. */
  readonly oldestEpisodeAt?: string;
  readonly newestEpisodeAt?: string;
}

/** Counts rows: its cost grows with the store. */
export async function readStats(connection: Connection): Promise<StoreStats> {
  const counts = KINDS.map((kind) => `(SELECT count(*) FROM ${kind}) AS ${kind}`).join(', ');
  const { rows } = await connection.execute({
    sql: `SELECT ${counts}, (SELECT ifnull(max(seq), 0) FROM journal) AS seq,
      (SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()) AS size,
      (SELECT freelist_count * page_size FROM pragma_freelist_count(), pragma_page_size()) AS free,
      (SELECT min(started_at) FROM episode) AS oldest, (SELECT max(started_at) FROM episode) AS newest`,
    args: [],
  });
  const countOf = (kind: Kind): number => numberIn(rows[0], kind);
  return {
    path: connection.place,
    sizeBytes: numberIn(rows[0], 'size'),
    freeBytes: numberIn(rows[0], 'free'),
    schema: await schemaVersion(connection),
    counts: {
      episode: countOf('episode'),
      step: countOf('step'),
      pattern: countOf('pattern'),
      evidence: countOf('evidence'),
      baseline: countOf('baseline'),
      recommendation: countOf('recommendation'),
      tombstone: countOf('tombstone'),
    },
    journalSeq: numberIn(rows[0], 'seq'),
    ...(countOf('episode') === 0
      ? {}
      : { oldestEpisodeAt: textIn(rows[0], 'oldest'), newestEpisodeAt: textIn(rows[0], 'newest') }),
  };
}

/** The result of a verification. */
export interface Verification {
  readonly ok: boolean;
  /** One sentence each; none when all is well. */
  readonly findings: readonly string[];
}

/** Reads the whole store. */
export async function verifyStore(connection: Connection): Promise<Verification> {
  return verification(connection, [...ENGINE_CHECKS, ...OWN_CHECKS]);
}

/** Reads all pages, and asks nothing that depends on the schema. */
export async function verifyPages(connection: Connection): Promise<Verification> {
  return verification(connection, ENGINE_CHECKS);
}

async function verification(connection: Connection, checks: readonly Check[]): Promise<Verification> {
  const findings: string[] = [];
  for (const check of checks) findings.push(...(await check(connection)));
  return { ok: findings.length === 0, findings };
}

const KINDS = ['episode', 'step', 'pattern', 'evidence', 'baseline', 'recommendation', 'tombstone'] as const;

type Check = (connection: Connection) => Promise<readonly string[]>;

const ENGINE_CHECKS: readonly Check[] = [
  // Looks into the text indexes as well.
  rowsCheck('PRAGMA integrity_check', (row) => {
    const finding = textIn(row, 'integrity_check');
    return finding === 'ok' ? undefined : `Integrity: ${finding}.`;
  }),
  rowsCheck(
    'PRAGMA foreign_key_check',
    (row) => `A row of ${textIn(row, 'table')} belongs to no ${textIn(row, 'parent')}.`,
  ),
];

const OWN_CHECKS: readonly Check[] = [
  ...(['episode', 'pattern'] as const).flatMap((kind) => TEXT_FIELDS.flatMap((field) => textChecks(kind, field))),
  countCheck(
    'SELECT ifnull(max(seq), 0) - count(*) AS count FROM journal',
    (count) => `${count} entries of the journal are missing.`,
  ),
  countCheck(
    `SELECT count(*) AS count FROM (
       SELECT total_steps, total_bytes,
         row_number() OVER earlier AS steps,
         sum(octet_length(body) - 1 + length(number)) OVER earlier AS bytes
       FROM step WINDOW earlier AS (PARTITION BY episode_id ORDER BY number)
     ) WHERE total_steps <> steps OR total_bytes <> bytes`,
    (count) => `${count} steps have wrong totals.`,
  ),
];

function textChecks(kind: IndexedKind, field: TextField): readonly Check[] {
  const index = `${kind}_${field}`;
  return [
    countCheck(
      `SELECT count(*) AS count FROM ${kind} WHERE rowid NOT IN (SELECT id FROM ${index}_docsize)`,
      (count) => `${count} ${kind}s are missing from the text index ${index}.`,
    ),
    countCheck(
      `SELECT count(*) AS count FROM ${index}_docsize WHERE id NOT IN (SELECT rowid FROM ${kind})`,
      (count) => `${count} entries of the text index ${index} belong to no ${kind}.`,
    ),
  ];
}

function rowsCheck(sql: string, findingIn: (row: Row) => string | undefined): Check {
  return async (connection) => {
    const { rows } = await connection.execute({ sql, args: [] });
    return rows.map(findingIn).filter((finding) => finding !== undefined);
  };
}

function countCheck(sql: string, finding: (count: number) => string): Check {
  return rowsCheck(sql, (row) => {
    const count = numberIn(row, 'count');
    return count === 0 ? undefined : finding(count);
  });
}
