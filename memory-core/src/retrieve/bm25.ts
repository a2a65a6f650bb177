// Keyword relevance: the sole definition of BM25 here, and of how it becomes a number between 0 and 1.

const K1 = 1.2;
const B = 0.75;
/** How many documents there are, and how many hold each term. */
export interface TermStatistics {
  readonly documents: number;
  /** 0 for a term that no document holds. */
  frequencyOf(term: string): number;
}

/** BM25 inverse document frequency (Robertson & Zaragoza 2009), as FTS5 reckons with it: never below 1e-6. */
export function idf(documents: number, frequency: number): number {
  return Math.max(1e-6, Math.log((documents - frequency + 0.5) / (frequency + 0.5)));
}

/** The share that one term with this weighted frequency adds to a document's BM25, before its idf. */
export function saturation(frequency: number, length: number, averageLength: number): number {
  return (frequency * (K1 + 1)) / (frequency + K1 * (1 - B + B * (length / averageLength)));
}

/**
 * How much a term tells of a document that says it so often: its rarity times the saturation of BM25. By frequency alone,
 * the chatter of a long record would tell more of it than the one name that its task is about.
 */
export function tellingWeight(frequency: number, rarity: number): number {
  return saturation(frequency, 1, 1) * rarity;
}

/**
 * How well a document answers a question, 0–1: the mean of what its title and its whole text say, each measured among
 * its own kind. In one measure over both, a long record would drown the few words that name its task.
 */
export function documentRelevance(fields: { readonly title: number; readonly body: number }): number {
  return (fields.title + fields.body) / 2;
}

/** What a question says, in nats: the sum of what each term tells by being rare. */
export function informationOf(terms: readonly string[], statistics: TermStatistics): number {
  return terms.reduce((sum, term) => sum + rarity(statistics.documents, statistics.frequencyOf(term)), 0);
}

/**
 * What a term tells by being rare: ln(1 + (N − n + ½) / (n + ½)), the idf that never falls to zero, where N counts a
 * hundred documents more than there are, without the term. A word that each of four documents holds may still be a
 * rare one; in a large collection they change nothing.
 */
export function rarity(documents: number, frequency: number): number {
  return Math.log(1 + (documents + UNSEEN_DOCUMENTS - frequency + 0.5) / (frequency + 0.5));
}
const UNSEEN_DOCUMENTS = 100;

/**
 * BM25 of one field as a number between 0 and 1 that can be compared across questions: how well the document covers
 * those terms that the collection knows, times how much of the question the collection knows at all, each term by
 * its `rarity`. `idfOf` is what the BM25 was made with.
 */
export function relevanceFor(
  terms: readonly string[],
  statistics: TermStatistics,
  idfOf: (documents: number, frequency: number) => number,
): (bm25: number) => number {
  const { documents } = statistics;
  let best = 0;
  let known = 0;
  let asked = 0;
  for (const term of terms) {
    const frequency = statistics.frequencyOf(term);
    const weight = rarity(documents, frequency);
    asked += weight;
    if (frequency === 0) continue;
    known += weight;
    best += idfOf(documents, frequency) * (K1 + 1);
  }
  const share = known / asked;
  return best === 0 ? () => 0 : (bm25) => Math.min(1, bm25 / best) * share;
}

/** `relevanceFor` of a BM25 that was made with `idf`. */
export function relevance(bm25: number, terms: readonly string[], statistics: TermStatistics): number {
  return relevanceFor(terms, statistics, idf)(bm25);
}
