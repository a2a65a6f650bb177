// Full-text search over FTS5: one index for titles, one for whole texts.
import { documentRelevance, relevance } from '@episodica/memory-core/backend';
import type { IndexedKind, IndexTerms, TextMatches, TextQuery } from '@episodica/memory-core/ports';
import type { Connection, Row, Statement } from './connection.ts';
import { conditionsOf, whereOf } from './filters.ts';
import { numberIn, textIn } from './rows.ts';

export type TextField = keyof IndexTerms;
/** Each has a table of its own, named after the kind and the field. */
export const TEXT_FIELDS: readonly TextField[] = ['title', 'body'];

/** The tables of the text indexes, and what each is an index of. */
export const TEXT_INDEXES: readonly { readonly kind: IndexedKind; readonly name: string }[] = (
  ['episode', 'pattern'] as const
).flatMap((kind) => TEXT_FIELDS.map((field) => ({ kind, name: `${kind}_${field}` })));

/** A term that more documents hold than this, and than a fifth of all, costs much and tells little. */
const COMMON_DOCUMENTS = 1_000;
const COMMON_SHARE = 0.2;
/** The rarest are asked; the cost of a search is the sum of what its terms match. */
const MAX_TERMS = 64;
/** Documents fetched of each index for one that is wanted: what is mediocre in both can beat what is good in one. */
const OVERSAMPLING = 2;

/**
 * The best matches. Terms are asked from the rarest on, at least one of those that any document holds. One statement:
 * which terms are asked depends on how many documents hold them, and the engine itself puts the question together.
 */
export async function matchText<K extends IndexedKind>(
  connection: Connection,
  query: TextQuery<K>,
): Promise<TextMatches> {
  const { rows } = await connection.execute(matchStatement(query));
  return matchesIn(rows, query);
}

/** Asks for what `matchesIn` reads: of each field the terms that it knows, the rarest first, and its best documents. */
export function matchStatement<K extends IndexedKind>({ kind, terms, filter, limit }: TextQuery<K>): Statement {
  const fields = TEXT_FIELDS.map((field) => {
    const index = `${kind}_${field}`;
    const where = whereOf([
      { sql: `${index} MATCH (SELECT text FROM ${field}_question)`, args: [] },
      ...(filter === undefined ? [] : conditionsOf(kind, filter)),
    ]);
    return { field, index, where };
  });
  const answers = fields.flatMap(({ field, index, where }) => [
    `SELECT '${field}' AS field, term, frequency, is_asked, documents, NULL AS id, NULL AS score
      FROM ${field}_known, collection`,
    `SELECT '${field}', NULL, NULL, NULL, NULL, id, score FROM (
      SELECT ${kind}.id, -bm25(${index}) AS score FROM ${index} JOIN ${kind} ON ${kind}.rowid = ${index}.rowid
      ${where.sql} ORDER BY score DESC, ${kind}.id LIMIT ?)`,
  ]);
  return {
    sql: `WITH given AS MATERIALIZED (SELECT key AS place, value AS term FROM json_each(?)),
      collection AS MATERIALIZED (SELECT count(*) AS documents FROM ${kind}),
      ${fields.map(({ field, index }) => questionSql(field, index)).join(',\n')}
      ${answers.join('\nUNION ALL ')}`,
    args: [JSON.stringify(distinct(terms)), ...fields.flatMap(({ where }) => [...where.args, limit * OVERSAMPLING])],
  };
}

/** What the index holds of these. */
export interface TermsRequest {
  readonly kind: IndexedKind;
  readonly ids: readonly string[];
}

/** Terms in one answer, in bytes, but for those of the last document: hosts bound its size, and a thread copies it. */
const MAX_TERM_BYTES = 2_000_000;

/**
 * From the first id on, as far as one answer goes, as `termsIn` reads it. Sizes are told without reading what they are
 * sizes of: of what waits for the next answer nothing is read.
 */
export async function readTerms(connection: Connection, { kind, ids }: TermsRequest): Promise<readonly Row[]> {
  const texts = (row: string): string =>
    TEXT_FIELDS.map((field) => `LEFT JOIN ${kind}_${field}_content AS ${field} ON ${field}.id = ${row}`).join(' ');
  const size = TEXT_FIELDS.map((field) => `ifnull(octet_length(${field}.c0), 0)`).join(' + ');
  const { rows } = await connection.execute({
    sql: `WITH sized AS (
        SELECT given.key AS place, entity.rowid AS row, ${size} AS bytes
        FROM json_each(?1) AS given LEFT JOIN ${kind} AS entity ON entity.id = given.value ${texts('entity.rowid')}
      ), counted AS (
        SELECT place, row, sum(bytes) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) - bytes AS before FROM sized
      )
      SELECT row IS NOT NULL AS is_there, ${TEXT_FIELDS.map((field) => `${field}.c0 AS ${field}`).join(', ')}
      FROM counted ${texts('counted.row')} WHERE before < ?2 ORDER BY place`,
    args: [JSON.stringify(ids), MAX_TERM_BYTES],
  });
  return rows;
}

/** What a row of `readTerms` says. Texts cost less on their way between threads than the many words in them. */
export function termsIn(row: Row): IndexTerms | undefined {
  return numberIn(row, 'is_there') === 0 ? undefined : { title: wordsIn(row.title), body: wordsIn(row.body) };
}

/** The index keeps them apart by spaces. */
function wordsIn(text: unknown): readonly string[] {
  return typeof text === 'string' && text !== '' ? text.split(' ') : [];
}

/** The terms of the question that any document holds, and as text what FTS5 is asked: each word for word, or nothing. */
function questionSql(field: TextField, index: string): string {
  return `${field}_ranked AS MATERIALIZED (
      SELECT given.term, vocabulary.doc AS frequency, row_number() OVER (ORDER BY vocabulary.doc, given.place) AS rank
      FROM given CROSS JOIN ${index}_vocabulary AS vocabulary ON vocabulary.term = given.term WHERE vocabulary.doc > 0
    ),
    ${field}_known AS MATERIALIZED (
      SELECT term, frequency, rank, rank = 1 OR (
        rank <= ${MAX_TERMS} AND frequency <= max(${COMMON_DOCUMENTS}, ${COMMON_SHARE} * documents)
      ) AS is_asked FROM ${field}_ranked, collection
    ),
    ${field}_question AS MATERIALIZED (
      SELECT ifnull(group_concat('"' || replace(term, '"', '""') || '"', ' OR ' ORDER BY rank), '""') AS text
      FROM ${field}_known WHERE is_asked
    )`;
}

/** What the rows of `matchStatement` say. */
export function matchesIn(rows: readonly Row[], { terms, limit }: TextQuery<IndexedKind>): TextMatches {
  const fields = { title: fieldMatches(rows, 'title', terms), body: fieldMatches(rows, 'body', terms) };
  const ids = new Set([...fields.title.relevances.keys(), ...fields.body.relevances.keys()]);
  const hits = [...ids].map((id) => {
    const relevanceOf = { title: fields.title.relevances.get(id) ?? 0, body: fields.body.relevances.get(id) ?? 0 };
    return { id, relevance: documentRelevance(relevanceOf) };
  });
  return {
    hits: hits.sort((a, b) => b.relevance - a.relevance || (a.id < b.id ? -1 : 1)).slice(0, limit),
    termsLeftOut: Math.max(fields.title.termsLeftOut, fields.body.termsLeftOut),
  };
}

interface FieldMatches {
  /** Relevance of the best documents, by id. */
  readonly relevances: ReadonlyMap<string, number>;
  readonly termsLeftOut: number;
}

function fieldMatches(rows: readonly Row[], field: TextField, terms: readonly string[]): FieldMatches {
  const own = rows.filter((row) => row.field === field);
  const known = own.filter(({ term }) => term !== null);
  if (known.length === 0) return { relevances: new Map(), termsLeftOut: 0 };

  const frequencies = new Map(known.map((row) => [textIn(row, 'term'), numberIn(row, 'frequency')]));
  const statistics = {
    documents: numberIn(known[0], 'documents'),
    frequencyOf: (term: string) => frequencies.get(term) ?? 0,
  };
  const asked = known.filter((row) => numberIn(row, 'is_asked') === 1).map((row) => textIn(row, 'term'));
  const weighed = [...asked, ...distinct(terms).filter((term) => !frequencies.has(term))];
  const documents = own.filter(({ id }) => id !== null);
  const relevances = documents.map((row): [string, number] => {
    return [textIn(row, 'id'), relevance(numberIn(row, 'score'), weighed, statistics)];
  });
  return { relevances: new Map(relevances), termsLeftOut: known.length - asked.length };
}

function distinct(terms: readonly string[]): readonly string[] {
  return [...new Set(terms)];
}
