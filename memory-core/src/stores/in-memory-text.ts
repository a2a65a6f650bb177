// Full-text search of the in-memory store: BM25 by looking at every document.
import type { Entities, Filters, IndexedKind, TextMatches, TextQuery } from '../ports/store.ts';
import { idf, relevance, saturation, type TermStatistics, TITLE_WEIGHT } from '../retrieve/bm25.ts';
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
  const statistics = termStatistics(documents);
  const averageLength = documents.reduce((sum, document) => sum + lengthOf(document), 0) / documents.length;
  const hits = documents
    .filter(({ value }) => filter === undefined || matches(value, filter))
    .map((document) => ({ id: document.value.id, score: bm25(document, terms, statistics, averageLength) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || compareText(a.id, b.id))
    .slice(0, limit)
    .map(({ id, score }) => ({ id, relevance: relevance(score, terms, statistics) }));
  return { hits, termsLeftOut: 0 };
}

function termStatistics(documents: readonly Held<IndexedKind>[]): TermStatistics {
  return {
    documents: documents.length,
    frequencyOf: (term) => documents.filter((document) => weightedCount(document, term) > 0).length,
  };
}

function bm25(
  document: Held<IndexedKind>,
  terms: readonly string[],
  statistics: TermStatistics,
  averageLength: number,
): number {
  let score = 0;
  for (const term of terms) {
    const count = weightedCount(document, term);
    if (count === 0) continue;
    const weight = idf(statistics.documents, statistics.frequencyOf(term));
    score += weight * saturation(count, lengthOf(document), averageLength);
  }
  return score;
}

function weightedCount({ terms }: Held<IndexedKind>, term: string): number {
  const count = (words: readonly string[]): number => words.filter((word) => word === term).length;
  return TITLE_WEIGHT * count(terms.title) + count(terms.body);
}

function lengthOf({ terms }: Held<IndexedKind>): number {
  return terms.title.length + terms.body.length;
}
