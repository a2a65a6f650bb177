// Whether a store is whole: that it can be read, that its parts agree, and that its counts are those of what it holds.
import { isMemoryError, LEARNT_EPISODES, MemoryError } from '@episodica/memory-core/backend';
import type { Entities, Kind } from '@episodica/memory-core/ports';
import type { Connection, Row, Value } from './connection.ts';
import { damageText, isEngineError, toMemoryError } from './errors.ts';
import { Hindered, sizeAt } from './file-state.ts';
import { KINDS } from './inspect.ts';
import { connectToInspect, type LocalFileOptions } from './local-file.ts';
import {
  cellsOf,
  columnNames,
  columnNamesAt,
  columnSql,
  columnText,
  hasTable,
  numberIn,
  rowToEntity,
  textIn,
} from './rows.ts';
import { NEWEST_SCHEMA, schemaVersion } from './schema.ts';
import { TEXT_INDEXES } from './search.ts';

/** The result of a verification. */
export interface Verification {
  readonly ok: boolean;
  /** One sentence each, which says what is wrong and what to do; none when all is well. */
  readonly findings: readonly string[];
}

/**
 * Reads the whole store, a part at a time. Over a network, the structure of the file is its host's to check. What cannot be read is a finding, and the other checks go on.
 */
export async function verifyStore(connection: Connection): Promise<Verification> {
  const ofEngine = connection.reach === 'file' ? ENGINE_CHECKS : ORPHAN_CHECKS;
  const schema = await schemaOf(connection);
  const kinds = KINDS.filter((kind) => hasTable(kind, schema));
  const ofVectors = connection.reach === 'network' && hasTable('embedding', schema) ? VECTOR_ORPHAN_CHECKS : [];
  const ofKinds = kinds.flatMap((kind) => [journalCheck(kind), bodyCheck(kind, schema)]);
  return verification(connection, [...ofEngine, ...ofVectors, ...CHECKS, ...ofKinds]);
}

/** Where a file is too damaged to tell, what is missing in it is a finding of each check. */
async function schemaOf(connection: Connection): Promise<number> {
  try {
    return await schemaVersion(connection);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    return NEWEST_SCHEMA;
  }
}

/** Reads all pages, and asks nothing that depends on the schema. */
export async function verifyPages(connection: Connection): Promise<Verification> {
  return verification(connection, ENGINE_CHECKS);
}

/** As `verifyPages`, without looking whether indexes and rows agree: in a fraction of the time. */
export async function quickCheck(connection: Connection): Promise<Verification> {
  return verification(connection, [
    rowsCheck('the pages of the file', `PRAGMA quick_check(${MAX_NAMED})`, (row) =>
      structureFinding(textIn(row, 'quick_check')),
    ),
  ]);
}

async function verification(connection: Connection, checks: readonly Check[]): Promise<Verification> {
  const findings: string[] = [];
  for (const check of checks) {
    try {
      for await (const finding of named(check.run(connection))) findings.push(finding);
    } catch (error) {
      if (!isEngineError(error)) throw error;
      findings.push(findingOf(error, `check ${check.what}`));
    }
  }
  return { ok: findings.length === 0, findings };
}

/** The same for a file that may be too damaged to be opened as a store. Writes nothing. */
export async function inspectFile(path: string, options: LocalFileOptions): Promise<Verification> {
  if (sizeAt(path) === 0 && sizeAt(`${path}-wal`) === 0) {
    throw new MemoryError('NOT_FOUND', `There is no store at ${path}; it is made when it is first used.`);
  }
  let connection: Connection | undefined;
  try {
    connection = await connectToInspect(path, options);
    const version = await schemaVersion(connection);
    if (version > NEWEST_SCHEMA) {
      const what = `The schema ${version} of ${path} is newer than what this program knows (${NEWEST_SCHEMA})`;
      return { ok: false, findings: [`${what}: upgrade it to verify the store.`] };
    }
    return await verifyStore(connection);
  } catch (error) {
    if (error instanceof Hindered || !(isEngineError(error) || isMemoryError(error))) throw error;
    if (isMemoryError(error) && error.code === 'ABORTED') throw error;
    return { ok: false, findings: [findingOf(error, `read the store ${path}`)] };
  } finally {
    await connection?.close();
  }
}

/** What could not be done, and why: whoever reads it is verifying, and needs no advice to do so. */
function findingOf(error: unknown, action: string): string {
  const damage = damageText(error);
  if (damage === undefined) return toMemoryError(error, action).message;
  return `Cannot ${action}, because the file is damaged there (${damage}): ${RESTORE}.`;
}

interface Check {
  /** What is checked, for the message that it cannot be. */
  readonly what: string;
  run(connection: Connection): AsyncIterable<string>;
}

const RESTORE = 'restore a backup with "memory-cli backup restore FILE"';
const REPAIR = 'make it anew with "memory-cli storage repair"';
/** Findings of one check that are told one by one. */
const MAX_NAMED = 10;
/** Findings of one check that are counted. */
const MAX_FOUND = 10_000;
/** Rows in memory at a time. */
const PAGE_ROWS = 200;

const ENGINE_CHECKS: readonly Check[] = [
  rowsCheck('the structure of the file', 'PRAGMA integrity_check', (row) =>
    structureFinding(textIn(row, 'integrity_check')),
  ),
  rowsCheck(
    'what belongs to what',
    'SELECT "table" AS name, parent, count(*) AS count FROM pragma_foreign_key_check GROUP BY 1, 2',
    (row) =>
      `${numberIn(row, 'count')} rows of ${textIn(row, 'name')} belong to no ${textIn(row, 'parent')}: ${RESTORE}.`,
  ),
];

/** What belongs to what, for servers that are not asked for what the engine knows. */
const ORPHAN_CHECKS: readonly Check[] = ['episode_tag', 'step', 'evidence'].map((name) =>
  countCheck(
    'what belongs to what',
    `SELECT count(*) AS count FROM ${name} WHERE episode_id NOT IN (SELECT id FROM episode)`,
    (count) => `${count} rows of ${name} belong to no episode: ${RESTORE}.`,
  ),
);

const VECTOR_ORPHAN_CHECKS: readonly Check[] = (['episode', 'pattern'] as const).map((owner) =>
  countCheck(
    'whose vectors there are',
    `SELECT count(*) AS count FROM embedding
     WHERE ${owner}_id IS NOT NULL AND ${owner}_id NOT IN (SELECT id FROM ${owner})`,
    (count) => `${count} rows of embedding belong to no ${owner}: ${RESTORE}.`,
  ),
);

const CHECKS: readonly Check[] = [
  ...TEXT_INDEXES.flatMap(textChecks),
  countCheck(
    'the journal',
    'SELECT ifnull(max(seq), 0) - count(*) AS count FROM journal',
    (count) => `${count} entries of the journal are missing: ${RESTORE}.`,
  ),
  rowsCheck(
    'the numbers of steps',
    `SELECT episode_id, count(*) AS count, max(number) AS last FROM step GROUP BY episode_id
     HAVING max(number) <> count(*) OR min(number) <> 1 LIMIT ${MAX_FOUND}`,
    (row) =>
      `The episode ${textIn(row, 'episode_id')} has ${numberIn(row, 'count')} steps, and its last one is number ${numberIn(row, 'last')}: ${RESTORE}.`,
  ),
  countCheck(
    'the totals of steps',
    `SELECT count(*) AS count FROM (
       SELECT total_steps, total_bytes,
         row_number() OVER earlier AS steps,
         sum(octet_length(body) - 1 + length(number)) OVER earlier AS bytes
       FROM step WINDOW earlier AS (PARTITION BY episode_id ORDER BY number)
     ) WHERE total_steps <> steps OR total_bytes <> bytes`,
    (count) => `${count} steps have wrong totals: ${RESTORE}.`,
  ),
  rowsCheck(
    'the evidence of patterns',
    // What does not tell how much is kept has all of it.
    `SELECT id, support, successes, kept, kept_successes, found, succeeded FROM (
       SELECT id, support, body ->> 'successes' AS successes, ifnull(body ->> '$.kept.episodes', support) AS kept,
         ifnull(body ->> '$.kept.successes', body ->> 'successes') AS kept_successes,
         (SELECT count(*) FROM evidence WHERE pattern_id = pattern.id) AS found,
         (SELECT count(*) FROM evidence WHERE pattern_id = pattern.id AND json_valid(body) AND body ->> 'isSuccess') AS succeeded
       FROM (SELECT id, support, CASE WHEN json_valid(body) THEN body END AS body FROM pattern) AS pattern
     ) WHERE kept IS NOT found OR kept_successes IS NOT succeeded OR successes < succeeded
       OR support - successes < found - succeeded LIMIT ${MAX_FOUND}`,
    (row) =>
      `The pattern ${textIn(row, 'id')} counts ${row.successes} successes of ${row.support} (${row.kept_successes} of ${row.kept} kept), and its evidence ${numberIn(row, 'succeeded')} of ${numberIn(row, 'found')}: ${RESTORE}.`,
  ),
  countCheck(
    'the patterns of evidence',
    'SELECT count(*) AS count FROM evidence WHERE pattern_id NOT IN (SELECT id FROM pattern)',
    (count) => `${count} rows of evidence belong to no pattern: ${RESTORE}.`,
  ),
  { what: 'the base rates', run: baselineFindingsTwice },
];

function journalCheck(kind: Kind): Check {
  return countCheck(
    `the journal for every ${kind}`,
    `SELECT count(*) AS count FROM ${kind} WHERE id NOT IN (SELECT id FROM journal WHERE kind = '${kind}' AND op = 'put')`,
    (count) => `${count} rows of ${kind} have no entry in the journal: another program wrote them; ${RESTORE}.`,
  );
}

function structureFinding(text: string): string | undefined {
  if (text === 'ok') return undefined;
  const [, index] = /FTS5 table main\.(\w+)/u.exec(text) ?? [];
  if (index !== undefined) return `The text index ${index} is damaged: ${REPAIR}.`;
  if (/missing from index|entries in index/u.test(text)) return `An index is damaged (${text}): ${REPAIR}.`;
  return `The file is damaged (${text}): ${RESTORE}.`;
}

function textChecks({ kind, name }: (typeof TEXT_INDEXES)[number]): readonly Check[] {
  return [
    countCheck(
      `the text index ${name}`,
      `SELECT count(*) AS count FROM ${kind} WHERE rowid NOT IN (SELECT id FROM ${name}_docsize)`,
      (count) =>
        `${count} rows of ${kind} are missing from the text index ${name}, and no search finds them: ${RESTORE}.`,
    ),
    countCheck(
      `the text index ${name}`,
      `SELECT count(*) AS count FROM ${name}_docsize WHERE id NOT IN (SELECT rowid FROM ${kind})`,
      (count) => `${count} entries of the text index ${name} belong to no ${kind}: ${RESTORE}.`,
    ),
  ];
}

/** What is learnt between the two queries looks like a difference: what is found again in the same words is one. */
async function* baselineFindingsTwice(connection: Connection): AsyncIterable<string> {
  const first = new Set<string>();
  for await (const finding of baselineFindings(connection)) first.add(finding);
  if (first.size === 0) return;
  for await (const finding of baselineFindings(connection)) if (first.has(finding)) yield finding;
}

/**
 * The episodes of each scope, beside what its baseline says: as many in memory as scopes. Where some of them have yet to
 * be learnt from, or something was taken out since, the baseline may say what it said before.
 */
async function* baselineFindings(connection: Connection): AsyncIterable<string> {
  const { rows } = await connection.execute({
    sql: `SELECT project, domain, count(*) AS completed, max(learning_pending) AS owes,
        count(*) FILTER (WHERE outcome <> 'abstained') AS episodes, count(*) FILTER (WHERE outcome = 'success') AS successes
      FROM episode WHERE status = 'completed' GROUP BY project, domain`,
    args: [],
  });
  const scopeKey = (project: unknown, domain: unknown): string => JSON.stringify([project ?? null, domain ?? null]);
  const uncounted = new Map(rows.map((row) => [scopeKey(row.project, row.domain), row]));
  for await (const row of rowsOf(connection, 'baseline', NEWEST_SCHEMA)) {
    const baseline = parsed('baseline', row);
    if (baseline === undefined) continue;
    const key = scopeKey(columnText(baseline.scope.project), columnText(baseline.scope.domain));
    const found = uncounted.get(key);
    uncounted.delete(key);
    if (baseline.learnt?.isStale || baseline.lease !== undefined || (found && isUnsettled(found))) continue;
    const [episodes, successes] =
      found === undefined ? [0, 0] : [numberIn(found, 'episodes'), numberIn(found, 'successes')];
    if (baseline.episodes === episodes && baseline.successes === successes) continue;
    const told = `${baseline.successes} successes of ${baseline.episodes} episodes`;
    yield `The base rate of the scope ${key} counts ${told}, and there are ${successes} of ${episodes}: ${RESTORE}.`;
  }
  for (const [key, row] of uncounted) {
    if (isUnsettled(row) || row.episodes === 0) continue;
    yield `The scope ${key} has ${numberIn(row, 'episodes')} episodes and no base rate: ${RESTORE}.`;
  }
}

/** Some of it has yet to be learnt from, or is too old to be counted. */
function isUnsettled(row: Row): boolean {
  return row.owes === 1 || numberIn(row, 'completed') > LEARNT_EPISODES;
}

/** Each body can be read, and says what the columns beside it say. */
function bodyCheck(kind: Kind, schema: number): Check {
  return {
    what: `every ${kind}`,
    async *run(connection) {
      let readCount = 0;
      try {
        for await (const row of rowsOf(connection, kind, schema)) {
          readCount += 1;
          const finding = bodyFinding(kind, row, schema);
          if (finding !== undefined) yield finding;
        }
      } catch (error) {
        if (!isEngineError(error)) throw error;
        yield toMemoryError(error, `read more than ${readCount} rows of ${kind}`).message;
      }
    },
  };
}

function bodyFinding(kind: Kind, row: Row, schema: number): string | undefined {
  const entity = parsed(kind, row);
  if (entity === undefined) return `The body of the ${kind} ${row.id} cannot be read: ${RESTORE}.`;
  const different = differentColumns(row, { kind, entity, schema });
  if (different.length === 0) return undefined;
  return `The ${kind} ${row.id} has another ${different.join(' and another ')} in its body than beside it: ${RESTORE}.`;
}

async function* rowsOf(connection: Connection, kind: Kind, schema: number): AsyncIterable<Row> {
  const own = columnNamesAt(kind, schema).map((name) => columnSql(kind, name));
  const columns = [...own, ...(kind === 'step' ? ['episode_id, number'] : [])].join(', ');
  for (let last: Value = ''; ; ) {
    const sql = `SELECT ${columns} FROM ${kind} WHERE id > ? ORDER BY id LIMIT ${PAGE_ROWS}`;
    const { rows } = await connection.execute({ sql, args: [last] });
    yield* rows;
    const end = rows.at(-1);
    if (end === undefined) return;
    last = textIn(end, 'id');
  }
}

function parsed<K extends Kind>(kind: K, row: Row): Entities[K] | undefined {
  try {
    const entity = rowToEntity(kind, row);
    // To name the columns fails for what is no entity of the kind.
    cellsOf(kind, entity);
    return entity;
  } catch (error) {
    if (error instanceof TypeError || (isMemoryError(error) && error.code === 'STORE_CORRUPT')) return undefined;
    throw error;
  }
}

function differentColumns<K extends Kind>(
  row: Row,
  { kind, entity, schema }: { readonly kind: K; readonly entity: Entities[K]; readonly schema: number },
): readonly string[] {
  const values = cellsOf(kind, entity);
  const cells = new Map(columnNames(kind).map((name, index) => [name, values[index] ?? null]));
  // The column of a step that the store fills, and not from the step.
  const isMoved = kind === 'step' && 'episodeId' in entity && entity.episodeId !== row.episode_id;
  const different = columnNamesAt(kind, schema).filter((name) => {
    const [cell, column] = [cells.get(name) ?? null, row[name] ?? null];
    // What was written before there were hashes has none.
    if (name === 'body' || (name === 'text_hash' && column === null)) return false;
    if (typeof cell === 'boolean') return Number(cell) !== column;
    // The engine may round the last digit of a number that comes as JSON.
    if (typeof cell === 'number' && typeof column === 'number') return Math.abs(cell - column) > 1e-9;
    return cell !== column;
  });
  return isMoved ? [...different, 'episode_id'] : different;
}

/** The first findings as they are, and how many more there are. */
async function* named(findings: AsyncIterable<string>): AsyncIterable<string> {
  let count = 0;
  for await (const finding of findings) {
    count += 1;
    if (count <= MAX_NAMED) yield finding;
  }
  if (count > MAX_NAMED) yield `There are ${count - MAX_NAMED} more findings of this kind.`;
}

function rowsCheck(what: string, sql: string, findingIn: (row: Row) => string | undefined): Check {
  return {
    what,
    async *run(connection) {
      const { rows } = await connection.execute({ sql, args: [], isLong: true });
      yield* rows.map(findingIn).filter((finding) => finding !== undefined);
    },
  };
}

function countCheck(what: string, sql: string, finding: (count: number) => string): Check {
  return rowsCheck(what, sql, (row) => {
    const count = numberIn(row, 'count');
    return count === 0 ? undefined : finding(count);
  });
}
