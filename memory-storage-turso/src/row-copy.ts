// Rows of one database as they stand, and the statements that put them into another: for copying a store and for following
// one. What a row is tied to inside its own database (its rowid, its entries in text indexes and tags) is made anew.
import type { Kind } from '@episodica/memory-core/ports';
import type { Connection, Row, Statement } from './connection.ts';
import { KINDS } from './inspect.ts';
import { bytesSql, cellSql, columnNames, columnSql } from './rows.ts';
import { TEXT_FIELDS, type TextField } from './search.ts';

/** What is copied, each after what it belongs to. */
export const COPIED_KINDS: readonly Kind[] = KINDS;

/** A thing as it stands in its table, with its tags and the terms that are indexed of it. */
export type CopiedRow = Row;

/** How much is read at a time. One row may exceed the bytes. */
export interface PageLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** A page in transit takes little memory, and writing it holds the lock of its database for a moment. */
export const COPY_PAGE: PageLimits = { rows: 1_000, bytes: 1_000_000 };

/** The place of a row in its table, from which the next page goes on. */
export type RowKey = readonly (string | number)[];

/** The place of this row: by id, steps by episode and number. */
export function keyOf(kind: Kind, row: CopiedRow): RowKey {
  // The schema says that keys are texts and numbers.
  return keyColumns(kind).map((name) => row[name] as string | number);
}

/** The rows of a page: those behind `last`, and no further than `upTo`. `null`: from the first, to the end. */
export interface RowRange {
  readonly last: RowKey | null;
  readonly upTo?: RowKey | null;
  readonly limits: PageLimits;
}

/** The rows of a range, as many as a page takes; none, and it is at its end. One statement. */
export function rowsBehindStatement(kind: Kind, { last, upTo = null, limits }: RowRange): Statement {
  const key = keyColumns(kind).map((name) => `${kind}.${name}`);
  const bound = (sign: string): string => `(${key.join(', ')}) ${sign} (${key.map(() => '?').join(', ')})`;
  const bounds = [...(last === null ? [] : [bound('>')]), ...(upTo === null ? [] : [bound('<=')])];
  const within = bounds.length === 0 ? '' : `WHERE ${bounds.join(' AND ')}`;
  // Sizes are told without reading what they are sizes of: of a large row that waits for the next page nothing is read.
  return {
    sql: `WITH page AS (
        SELECT ${kind}.rowid AS place, ${key.join(', ')}, ${sizeOf(kind)} AS size
        FROM ${tableWithTerms(kind)} ${within} ORDER BY ${key.join(', ')} LIMIT ?
      ), counted AS (
        SELECT place, sum(size) OVER (ORDER BY ${keyColumns(kind).join(', ')} ROWS UNBOUNDED PRECEDING) - size AS before
        FROM page
      )
      SELECT ${cellsOf(kind)} FROM counted JOIN ${tableWithTerms(kind, `${kind}.rowid = counted.place`)}
      WHERE counted.before < ? ORDER BY ${key.join(', ')}`,
    args: [...(last ?? []), ...(upTo ?? []), limits.rows, limits.bytes],
  };
}

/** The rows that are there of those whose ids a query answers. One statement. */
export function rowsByIdStatement(kind: Kind, ids: Statement): Statement {
  return {
    sql: `SELECT ${cellsOf(kind)} FROM ${tableWithTerms(kind)} WHERE ${kind}.id IN (${ids.sql})`,
    args: ids.args,
  };
}

/** A page of a table, in one round trip. */
export async function readRowsBehind(
  connection: Connection,
  kind: Kind,
  range: RowRange,
): Promise<readonly CopiedRow[]> {
  return (await connection.execute(rowsBehindStatement(kind, range))).rows;
}

/** The rows that are there, in one round trip. */
export async function readRowsById(
  connection: Connection,
  kind: Kind,
  ids: readonly string[],
): Promise<readonly CopiedRow[]> {
  const given = { sql: 'SELECT value FROM json_each(?)', args: [JSON.stringify(ids)] };
  return (await connection.execute(rowsByIdStatement(kind, given))).rows;
}

/**
 * Puts rows in the place of what is there of the same ids; doing it again changes nothing. A row that another one of
 * the same number, key or pattern stands in the way of takes its place: in the database where the rows come from, that
 * one is gone or changed, and the journal says so later. For the same reason what belongs to an episode that is not
 * there is left out.
 */
export function putRowsStatements(kind: Kind, rows: readonly CopiedRow[]): readonly Statement[] {
  if (rows.length === 0) return [];
  switch (kind) {
    case 'episode':
      return [...indexedStatements('episode', rows), ...tagStatements(rows)];
    case 'pattern':
      return indexedStatements('pattern', rows);
    case 'step': {
      const taken: readonly Uniqueness[] = [['id'], ['episode_id', 'number'], ['episode_id', 'key']];
      return [...memberStatements('step', taken, rows), totalsStatement(rows.map((row) => row.episode_id))];
    }
    case 'evidence':
      return memberStatements('evidence', [['id'], ['pattern_id', 'episode_id']], rows);
    case 'embedding':
      return memberStatements('embedding', [['id']], rows);
    default:
      return [upsertStatement(kind, rows)];
  }
}

/** Deletes what is there of these ids, with what belongs to it. Doing it again changes nothing. */
export function deleteRowsStatements(kind: Kind, ids: readonly string[]): readonly Statement[] {
  if (ids.length === 0) return [];
  const given = JSON.stringify(ids);
  const remove: Statement = {
    sql: `DELETE FROM ${kind} WHERE id IN (SELECT value FROM json_each(?1))`,
    args: [given],
  };
  if (isIndexed(kind)) return [...TEXT_FIELDS.map((field) => deleteTextStatement(kind, field, given)), remove];
  if (kind !== 'step') return [remove];
  // The totals of the steps behind have to be counted anew, and where they are is known only as long as these are there.
  const episodes = 'SELECT episode_id FROM step WHERE id IN (SELECT value FROM json_each(?1))';
  return [
    { sql: `UPDATE step SET total_steps = -1 WHERE episode_id IN (${episodes})`, args: [given] },
    remove,
    { sql: countSql('SELECT episode_id FROM step WHERE total_steps = -1'), args: [] },
  ];
}

/** The journal behind a number, at most so many entries, up to another number. One statement. */
export function journalRowsStatement(page: {
  readonly since: number;
  readonly upTo: number;
  readonly limit: number;
}): Statement {
  return {
    sql: `SELECT ${JOURNAL_COLUMNS.join(', ')} FROM journal WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
    args: [page.since, page.upTo, page.limit],
  };
}

/** Entries with their own numbers. A number that is there already fails the batch. */
export function putJournalStatements(rows: readonly CopiedRow[]): readonly Statement[] {
  return rows.length === 0 ? [] : [insertStatement('journal', JOURNAL_COLUMNS, rows)];
}

/** All of an entry. */
export const JOURNAL_COLUMNS: readonly string[] = ['seq', 'at', 'kind', 'id', 'op', 'actor'];

type Indexed = 'episode' | 'pattern';
type Member = 'step' | 'evidence' | 'embedding';
/** Columns whose values together no two rows share. */
type Uniqueness = readonly string[];

function isIndexed(kind: Kind): kind is Indexed {
  return kind === 'episode' || kind === 'pattern';
}

function keyColumns(kind: Kind): readonly string[] {
  return kind === 'step' ? ['episode_id', 'number'] : ['id'];
}

/** The columns of the table but for its rowid. */
function columnsOf(kind: Kind): readonly string[] {
  return kind === 'step'
    ? ['episode_id', 'number', 'total_steps', 'total_bytes', ...columnNames(kind)]
    : columnNames(kind);
}

function cellsOf(kind: Kind): string {
  return [
    ...columnsOf(kind).map((name) => columnSql(kind, name)),
    ...(isIndexed(kind) ? TEXT_FIELDS.map((field) => `${field}.c0 AS ${field}_terms`) : []),
    ...(kind === 'episode' ? [`(${TAGS}) AS tags`] : []),
  ].join(', ');
}

const TAGS =
  'SELECT json_group_array(tag) FROM (SELECT tag FROM episode_tag WHERE episode_id = episode.id ORDER BY tag)';

/** The text index keeps its terms in a table of its own, where their size can be told without reading them. */
function tableWithTerms(kind: Kind, condition?: string): string {
  const table = condition === undefined ? kind : `${kind} ON ${condition}`;
  if (!isIndexed(kind)) return table;
  const terms = TEXT_FIELDS.map(
    (field) => `LEFT JOIN ${kind}_${field}_content AS ${field} ON ${field}.id = ${kind}.rowid`,
  );
  return [table, ...terms].join(' ');
}

/** About what a row takes in transit: its long columns, and something for the others. */
function sizeOf(kind: Kind): string {
  const body = `${OTHER_COLUMNS_BYTES} + ${bytesSql(kind)}`;
  return isIndexed(kind)
    ? [body, ...TEXT_FIELDS.map((field) => `ifnull(octet_length(${field}.c0), 0)`)].join(' + ')
    : body;
}

const OTHER_COLUMNS_BYTES = 200;

function indexedStatements(kind: Indexed, rows: readonly CopiedRow[]): readonly Statement[] {
  const ids = JSON.stringify(rows.map(({ id }) => id));
  return [
    ...TEXT_FIELDS.map((field) => deleteTextStatement(kind, field, ids)),
    upsertStatement(kind, rows),
    ...TEXT_FIELDS.map((field) => insertTextStatement(kind, field, rows)),
  ];
}

function deleteTextStatement(kind: Indexed, field: TextField, ids: string): Statement {
  return {
    sql: `DELETE FROM ${kind}_${field}
      WHERE rowid IN (SELECT entity.rowid FROM json_each(?1) AS given JOIN ${kind} AS entity ON entity.id = given.value)`,
    args: [ids],
  };
}

function insertTextStatement(kind: Indexed, field: TextField, rows: readonly CopiedRow[]): Statement {
  const documents = rows.map((row) => [row.id, row[`${field}_terms`]]).filter(([, terms]) => terms !== null);
  return {
    sql: `INSERT INTO ${kind}_${field} (rowid, terms)
      SELECT entity.rowid, given.value ->> 1
      FROM json_each(?1) AS given JOIN ${kind} AS entity ON entity.id = given.value ->> 0`,
    args: [JSON.stringify(documents)],
  };
}

function tagStatements(rows: readonly CopiedRow[]): readonly Statement[] {
  const tagged = rows.filter(({ tags }) => tags !== '[]').map(({ id, tags }) => [id, tags]);
  const remove: Statement = {
    sql: 'DELETE FROM episode_tag WHERE episode_id IN (SELECT value FROM json_each(?1))',
    args: [JSON.stringify(rows.map(({ id }) => id))],
  };
  const insert: Statement = {
    sql: `INSERT INTO episode_tag (tag, episode_id)
      SELECT tag.value, given.value ->> 0 FROM json_each(?1) AS given, json_each(given.value ->> 1) AS tag`,
    args: [JSON.stringify(tagged)],
  };
  return tagged.length === 0 ? [remove] : [remove, insert];
}

/** Never deletes: what belongs to the row would go with it. */
function upsertStatement(kind: Kind, rows: readonly CopiedRow[]): Statement {
  const names = columnsOf(kind);
  const { sql, args } = insertStatement(kind, names, rows);
  const replaced = names.map((name) => `${name} = excluded.${name}`).join(', ');
  return { sql: `${sql} WHERE true ON CONFLICT (id) DO UPDATE SET ${replaced}`, args };
}

/** Rows that belong to an episode or a pattern, and to which nothing belongs. */
function memberStatements(
  kind: Member,
  uniquenesses: readonly Uniqueness[],
  rows: readonly CopiedRow[],
): readonly Statement[] {
  const names = columnsOf(kind);
  const insert = insertStatement(kind, names, rows);
  const owners = kind === 'embedding' ? (['episode', 'pattern'] as const) : (['episode'] as const);
  const isThere = owners
    .map((owner) => `EXISTS (SELECT 1 FROM ${owner} WHERE id = value ->> ${names.indexOf(`${owner}_id`)})`)
    .join(' OR ');
  return [
    ...uniquenesses.map((columns) => clearStatement(kind, columns, rows)),
    { ...insert, sql: `${insert.sql} WHERE ${isThere}` },
  ];
}

/** Takes away what shares these columns with one of the rows. */
function clearStatement(kind: Member, columns: Uniqueness, rows: readonly CopiedRow[]): Statement {
  const isSame = columns.map((name, index) => `there.${name} = given.value ->> ${index}`).join(' AND ');
  return {
    sql: `DELETE FROM ${kind} WHERE rowid IN (
        SELECT there.rowid FROM json_each(?1) AS given JOIN ${kind} AS there ON ${isSame})`,
    args: [JSON.stringify(rows.map((row) => columns.map((name) => row[name])))],
  };
}

/** A step that was replaced or deleted shifts the totals of those behind it, which the journal does not name. */
function totalsStatement(episodeIds: readonly unknown[]): Statement {
  return { sql: countSql('SELECT value FROM json_each(?1)'), args: [JSON.stringify([...new Set(episodeIds)])] };
}

function countSql(episodes: string): string {
  return `UPDATE step SET total_steps = counted.steps, total_bytes = counted.bytes
    FROM (
      SELECT id, row_number() OVER earlier AS steps, sum(octet_length(body) - 1 + length(number)) OVER earlier AS bytes
      FROM step WHERE episode_id IN (${episodes})
      WINDOW earlier AS (PARTITION BY episode_id ORDER BY number)
    ) AS counted
    WHERE step.id = counted.id AND (step.total_steps <> counted.steps OR step.total_bytes <> counted.bytes)`;
}

function insertStatement(table: string, names: readonly string[], rows: readonly CopiedRow[]): Statement {
  const cells = names.map(cellSql).join(', ');
  return {
    sql: `INSERT INTO ${table} (${names.join(', ')}) SELECT ${cells} FROM json_each(?1)`,
    args: [JSON.stringify(rows.map((row) => names.map((name) => row[name])))],
  };
}
