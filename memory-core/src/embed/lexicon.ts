// What words of software work mean the same, for texts that say one thing in other words. Knows nothing of vectors.
import { isStopWord, stem, tokenize } from '../retrieve/tokenize.ts';
import { LEXICON_TABLE } from './lexicon-table.ts';

/** One class of words that stand for each other. */
export interface Meaning {
  /** Its topic and its first word: `network/proxy`. Each has its own; the slash is in no term of the tokenizer. */
  readonly name: string;
  /** What it is near to; empty where that is nothing. */
  readonly topic: string;
  /** In so many tasks that it tells little of any one. */
  readonly isCommon: boolean;
  /** Terms as `tokenize` gives them, every form of each word; phrases, their two terms apart by a space, are in it too. */
  readonly terms: readonly string[];
}

/** A meaning that a text has, by one of its words or phrases. */
export interface MeaningHit {
  readonly meaning: Meaning;
  /** How sure: 1 where the word has that meaning alone, 1/√n of each where it has n. */
  readonly weight: number;
}

export interface WeightedTerm {
  readonly term: string;
  readonly weight: number;
}

export interface Lexicon {
  /** Meanings of the terms of a text, in their order, repeats kept. Phrases are found where their words follow each other. */
  meaningsIn(terms: readonly string[]): readonly MeaningHit[];
  /** Whether a term is in most tasks: an `add`, a `file`. */
  isCommon(term: string): boolean;
  /**
   * Other terms that a text may have in the place of these, heaviest first, none of those given. No term weighs more
   * than `EXPANSION_WEIGHT`, where the words asked for weigh 1.
   */
  expand(terms: readonly string[]): readonly WeightedTerm[];
  /** All there are. */
  meanings(): readonly Meaning[];
}

/** A word in the place of another is a guess. */
export const EXPANSION_WEIGHT = 0.3;

/** The lexicon. Its table is read at the first question, which takes some milliseconds: one is made and shared. */
export function lexicon(): Lexicon {
  let read: ReadonlyMap<string, readonly Meaning[]> | undefined;
  const meaningsOf = (term: string): readonly Meaning[] => {
    read ??= byTerm(readMeanings(LEXICON_TABLE));
    return read.get(term) ?? NONE;
  };

  function meaningsIn(terms: readonly string[]): readonly MeaningHit[] {
    const hits: MeaningHit[] = [];
    const add = (found: readonly Meaning[]): void => {
      for (const meaning of found) hits.push({ meaning, weight: 1 / Math.sqrt(found.length) });
    };
    let before = '';
    for (const term of terms) {
      add(meaningsOf(term));
      if (before !== '') add(meaningsOf(`${before} ${term}`));
      if (!FILLERS.has(term)) before = term;
    }
    return hits;
  }

  return {
    meaningsIn,
    isCommon(term) {
      const found = meaningsOf(term);
      return found.length > 0 && found.every(({ isCommon }) => isCommon);
    },
    expand(terms) {
      const weights = new Map<string, number>();
      for (const { meaning, weight } of meaningsIn(terms)) {
        const share = meaning.isCommon ? EXPANSION_WEIGHT / 2 : EXPANSION_WEIGHT;
        for (const term of meaning.terms) weights.set(term, Math.max(share * weight, weights.get(term) ?? 0));
      }
      for (const term of terms) weights.delete(term);
      return [...weights]
        .filter(([term]) => !term.includes(' '))
        .map(([term, weight]) => ({ term, weight }))
        .sort((a, b) => b.weight - a.weight);
    },
    meanings: () => readMeanings(LEXICON_TABLE),
  };
}

const NONE: readonly Meaning[] = [];

/** Words that may stand between the two of a phrase: out *of* memory. */
const FILLERS: ReadonlySet<string> = new Set(
  tokenize('an and are be by for is it its my of our that the their this to your'),
);

function byTerm(meanings: readonly Meaning[]): ReadonlyMap<string, readonly Meaning[]> {
  const found = new Map<string, Meaning[]>();
  for (const meaning of meanings) {
    for (const term of meaning.terms) {
      const already = found.get(term);
      if (already === undefined) found.set(term, [meaning]);
      else already.push(meaning);
    }
  }
  return found;
}

function readMeanings(table: string): readonly Meaning[] {
  const lines = table.split('\n').map((line) => line.trim());
  const termOf = new Map(lines.flatMap(wordsOf).map((word) => [word, termsOf(word)]));
  const listed = new Set(termOf.values());
  const isFree = (form: string): boolean => form.length > 2 && !listed.has(form) && !isStopWord(form);
  const meanings: Meaning[] = [];
  let topic = '';
  for (const line of lines) {
    if (line.startsWith('#')) topic = line.slice(1).trim();
    const words = wordsOf(line);
    const [first] = words;
    if (first === undefined) continue;
    const forms = words.flatMap((word) => [termOf.get(word) ?? word, ...formsOf(word).filter(isFree)]);
    const isCommon = line.startsWith('~');
    meanings.push({ name: `${topic}/${first}`, topic, isCommon, terms: [...new Set(forms)] });
  }
  return meanings;
}

function wordsOf(line: string): readonly string[] {
  if (line === '' || line.startsWith('#')) return [];
  return (line.startsWith('~') ? line.slice(1) : line).split(' ');
}

/** The tokenizer's terms for a word or phrase of the table, which for plain letters are their stems. */
function termsOf(word: string): string {
  return word
    .split('_')
    .map((part) => (PLAIN.test(part) ? stem(part) : tokenize(part).join(' ')))
    .join(' ');
}

/**
 * What the tokenizer makes of a word's endings where that is not the word itself: `creating` gives `creat`, `stopped`
 * `stopp`, `copied` `copi`, `fixes` `fixe`. Those that are words of their own, or of no meaning at all, are left out.
 */
function formsOf(word: string): readonly string[] {
  if (!PLAIN.test(word)) return [];
  if (word.endsWith('e')) return [word.slice(0, -1)];
  if (word.endsWith('y')) return [`${word.slice(0, -1)}i`];
  if (HISSING.test(word)) return [`${word}e`];
  if (word.endsWith('i')) return [`${word}s`];
  return DOUBLING.test(word) ? [`${word}${word.slice(-1)}`] : [];
}
const PLAIN = /^[a-z]{2,}$/;
const HISSING = /(?:[xz]|ch|sh)$/;
/** Vowel and consonant at the end of a short word. */
const DOUBLING = /^[a-z]{0,3}[aeiou][bdglmnprt]$/;
