// Ranking for stores without a text index: BM25 over the descriptions at hand. Pure.
import type { Episode } from '../episode.ts';
import { idf, relevance, saturation } from './bm25.ts';
import { tokenize } from './tokenize.ts';

/** Episodes whose description holds any of `terms`, best first. */
export function rankByDescription(
  episodes: readonly Episode[],
  terms: readonly string[],
): readonly { readonly episode: Episode; readonly relevance: number }[] {
  const documents = episodes.map((episode) => ({ episode, words: tokenize(episode.description) }));
  const averageLength = documents.reduce((sum, { words }) => sum + words.length, 0) / Math.max(1, documents.length);
  const frequencies = new Map(
    terms.map((term) => [term, documents.filter(({ words }) => words.includes(term)).length]),
  );
  const frequencyOf = (term: string): number => frequencies.get(term) ?? 0;
  const statistics = { documents: documents.length, frequencyOf };
  return documents
    .map(({ episode, words }) => {
      const bm25 = terms.reduce((sum, term) => {
        const count = words.filter((word) => word === term).length;
        return sum + idf(documents.length, frequencyOf(term)) * saturation(count, words.length, averageLength);
      }, 0);
      return { episode, relevance: relevance(bm25, terms, statistics) };
    })
    .filter((candidate) => candidate.relevance > 0)
    .sort((a, b) => b.relevance - a.relevance);
}
