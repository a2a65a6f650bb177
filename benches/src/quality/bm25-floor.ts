// The floor of retrieval quality: textbook BM25 over plain texts. Written apart from the library's own on purpose, so
// that a mistake there cannot hide here.

const K1 = 1.2;
const B = 0.75;

/** Ranks documents by BM25 (Robertson & Zaragoza 2009): lower-cased words, stop words removed, light suffix stemmer. */
export function bm25Floor(texts: readonly string[]): (query: string) => readonly number[] {
  const scoresOf = bm25Scores(texts.map(wordsOf));
  return (query) => {
    const scores = scoresOf(wordsOf(query));
    return [...scores.keys()].sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  };
}

/** The BM25 of each document for a question, of terms that are given. */
export function bm25Scores(documents: readonly (readonly string[])[]): (asked: readonly string[]) => readonly number[] {
  const counts = documents.map(countWords);
  const documentFrequency = countWords(counts.flatMap((words) => [...words.keys()]));
  const averageLength = documents.reduce((sum, words) => sum + words.length, 0) / documents.length;

  const scoreOf = (terms: readonly string[], index: number): number => {
    const words = counts[index];
    const length = documents[index]?.length ?? 0;
    return terms.reduce((sum, term) => {
      const frequency = words?.get(term) ?? 0;
      if (frequency === 0) return sum;
      const holders = documentFrequency.get(term) ?? 0;
      const idf = Math.log(1 + (documents.length - holders + 0.5) / (holders + 0.5));
      return sum + (idf * frequency * (K1 + 1)) / (frequency + K1 * (1 - B + B * (length / averageLength)));
    }, 0);
  };

  return (asked) => {
    const terms = [...new Set(asked)];
    return documents.map((_, index) => scoreOf(terms, index));
  };
}

function countWords(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function wordsOf(text: string): readonly string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/gu) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word)).map((word) => stem(word));
}

function stem(word: string): string {
  return word.length > 4 ? word.replace(/(?:ing|ed|es|s|ly)$/u, '') : word;
}

const STOP_WORDS: ReadonlySet<string> = new Set(
  `i me my we our ours you your yours he him his she her hers it its they them their theirs what which who whom this
   that these those am is are was were be been being have has had having do does did doing a an the and but if or
   because as until while of at by for with about against between into through during before after above below to from
   up down in out on off over under again further then once here there when where why how all any both each few more
   most other some such no nor not only own same so than too very s t can will just don should now`.split(/\s+/u),
);
