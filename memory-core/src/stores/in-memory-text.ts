// Full-text search of the in-memory store: BM25 by looking at every document.
import type { Entities, Filters, IndexedKind, IndexTerms, TextMatches, TextQuery } from '../ports/store.ts';
import { documentRelevance, idf, relevance, saturation } from '../retrieve/bm25.ts';
import { compareText } from './filters.ts';
import type { Held } from './in-memory.ts';

/** The best documents for the terms, of those that the filter lets through; equally good ones by id. */
export function matchText<K extends IndexedKind>(
  documents: readonly Held<K>[],
  query: TextQuery<K>,
  matches: (value: Entities[K], filter: Filters[K]) => boolean,
): TextMatches {
  const { filter, limit } = query;
  const terms = [...new Set(query.terms)];
  const inTitle = fieldRelevance(documents, 'title', terms);
  const inBody = fieldRelevance(documents, 'body', terms);
  const hits = documents
    .filter(({ value }) => filter === undefined || matches(value, filter))
    .map((document) => {
      const fields = { title: inTitle(document), body: inBody(document) };
      return { id: document.value.id, relevance: documentRelevance(fields) };
    })
    .filter((hit) => hit.relevance > 0)
    .sort((a, b) => b.relevance - a.relevance || compareText(a.id, b.id))
    .slice(0, limit);
  return { hits, termsLeftOut: 0 };
}

/** How well one field of a document answers, measured among that field of all documents. */
function fieldRelevance(
  documents: readonly Held<IndexedKind>[],
  field: keyof IndexTerms,
  terms: readonly string[],
): (document: Held<IndexedKind>) => number {
  const averageLength = documents.reduce((sum, document) => sum + document.terms[field].length, 0) / documents.length;
  const frequencies = new Map(
    terms.map((term) => [term, documents.filter((document) => document.terms[field].includes(term)).length]),
  );
  const frequencyOf = (term: string): number => frequencies.get(term) ?? 0;
  const statistics = { documents: documents.length, frequencyOf };
  return (document) => {
    const words = document.terms[field];
    const bm25 = terms.reduce((sum, term) => {
      const count = words.filter((word) => word === term).length;
      const share = count === 0 ? 0 : saturation(count, words.length, averageLength);
      return sum + idf(statistics.documents, frequencyOf(term)) * share;
    }, 0);
    return relevance(bm25, terms, statistics);
  };
}
