// Full-text search over FTS5: one index for titles, one for whole texts.
import { documentRelevance, relevance } from '@episodica/memory-core';
import type { IndexedKind, IndexTerms, TextMatches, TextQuery } from '@episodica/memory-core/ports';
import type { Connection } from './connection.ts';
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

/** The best matches. Terms are asked from the rarest on, at least one of those that any document holds. */
export async function matchText<K extends IndexedKind>(
  connection: Connection,
  query: TextQuery<K>,
): Promise<TextMatches> {
  const title = await matchField(connection, query, 'title');
  const body = await matchField(connection, query, 'body');
  const ids = new Set([...title.relevances.keys(), ...body.relevances.keys()]);
  const hits = [...ids].map((id) => {
    const fields = { title: title.relevances.get(id) ?? 0, body: body.relevances.get(id) ?? 0 };
    return { id, relevance: documentRelevance(fields) };
  });
  return {
    hits: hits.sort((a, b) => b.relevance - a.relevance || (a.id < b.id ? -1 : 1)).slice(0, query.limit),
    termsLeftOut: Math.max(title.termsLeftOut, body.termsLeftOut),
  };
}

interface FieldMatches {
  /** Relevance of the best documents, by id. */
  readonly relevances: ReadonlyMap<string, number>;
  readonly termsLeftOut: number;
}

async function matchField<K extends IndexedKind>(
  connection: Connection,
  query: TextQuery<K>,
  field: TextField,
): Promise<FieldMatches> {
  const frequencies = await termFrequencies(connection, query, field);
  const known = frequencies.terms.filter(({ frequency }) => frequency > 0).sort((a, b) => a.frequency - b.frequency);
  const commonFrom = Math.max(COMMON_DOCUMENTS, COMMON_SHARE * frequencies.documents);
  const asked = known.slice(0, MAX_TERMS).filter(({ frequency }, index) => index === 0 || frequency <= commonFrom);
  if (asked.length === 0) return { relevances: new Map(), termsLeftOut: 0 };

  const statistics = statisticsOf(frequencies);
  const unknown = frequencies.terms.filter(({ frequency }) => frequency === 0);
  const weighed = [...asked, ...unknown].map(({ term }) => term);
  const documents = await bestDocuments(connection, { query, field, asked });
  return {
    relevances: new Map(documents.map(({ id, score }) => [id, relevance(score, weighed, statistics)])),
    termsLeftOut: known.length - asked.length,
  };
}

interface Term {
  readonly term: string;
  /** Documents that hold it. */
  readonly frequency: number;
}

interface Frequencies {
  readonly documents: number;
  readonly terms: readonly Term[];
}

async function termFrequencies(
  connection: Connection,
  { kind, terms }: Pick<TextQuery<IndexedKind>, 'kind' | 'terms'>,
  field: TextField,
): Promise<Frequencies> {
  const { rows } = await connection.execute({
    sql: `SELECT given.value AS term, ifnull(vocabulary.doc, 0) AS frequency, (SELECT count(*) FROM ${kind}) AS documents
      FROM json_each(?1) AS given
      LEFT JOIN ${kind}_${field}_vocabulary AS vocabulary ON vocabulary.term = given.value`,
    args: [JSON.stringify([...new Set(terms)])],
  });
  return {
    documents: rows.length === 0 ? 0 : numberIn(rows[0], 'documents'),
    terms: rows.map((row) => ({ term: textIn(row, 'term'), frequency: numberIn(row, 'frequency') })),
  };
}

function statisticsOf({ documents, terms }: Frequencies): { documents: number; frequencyOf(term: string): number } {
  const frequencies = new Map(terms.map(({ term, frequency }) => [term, frequency]));
  return { documents, frequencyOf: (term) => frequencies.get(term) ?? 0 };
}

async function bestDocuments<K extends IndexedKind>(
  connection: Connection,
  search: { readonly query: TextQuery<K>; readonly field: TextField; readonly asked: readonly Term[] },
): Promise<readonly { readonly id: string; readonly score: number }[]> {
  const { query, field, asked } = search;
  const { kind, filter, limit } = query;
  const index = `${kind}_${field}`;
  const where = whereOf([
    { sql: `${index} MATCH ?`, args: [asked.map(({ term }) => quoted(term)).join(' OR ')] },
    ...(filter === undefined ? [] : conditionsOf(kind, filter)),
  ]);
  const { rows } = await connection.execute({
    sql: `SELECT ${kind}.id, -bm25(${index}) AS score
      FROM ${index} JOIN ${kind} ON ${kind}.rowid = ${index}.rowid
      ${where.sql} ORDER BY score DESC, ${kind}.id LIMIT ?`,
    args: [...where.args, limit * OVERSAMPLING],
  });
  return rows.map((row) => ({ id: textIn(row, 'id'), score: numberIn(row, 'score') }));
}

/** A term as FTS5 takes it word for word. */
function quoted(term: string): string {
  return `"${term.replaceAll('"', '""')}"`;
}
