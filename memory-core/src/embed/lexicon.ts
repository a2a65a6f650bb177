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

export interface Lexicon {
  /** Meanings of the terms of a text, in their order, repeats kept. Phrases are found where their words follow each other. */
  meaningsIn(terms: readonly string[]): readonly MeaningHit[];
  /** Whether a term is in most tasks: an `add`, a `file`. */
  isCommon(term: string): boolean;
  /** All there are. */
  meanings(): readonly Meaning[];
}

/** The lexicon. Its table is read at the first question, which takes some milliseconds: one is made and shared. */
export function lexicon(): Lexicon {
  let read: Dictionary | undefined;
  const dictionary = (): Dictionary => {
    read ??= readDictionary(LEXICON_TABLE);
    return read;
  };

  function meaningsIn(terms: readonly string[]): readonly MeaningHit[] {
    const { byTerm, phraseHeads } = dictionary();
    const hits: MeaningHit[] = [];
    const add = (found: readonly Meaning[]): void => {
      for (const meaning of found) hits.push({ meaning, weight: 1 / Math.sqrt(found.length) });
    };
    let before = '';
    for (const term of terms) {
      add(byTerm.get(term) ?? NONE);
      if (phraseHeads.has(before)) add(byTerm.get(`${before} ${term}`) ?? NONE);
      if (!FILLERS.has(term)) before = term;
    }
    return hits;
  }

  return {
    meaningsIn,
    isCommon(term) {
      const found = dictionary().byTerm.get(term) ?? NONE;
      return found.length > 0 && found.every(({ isCommon }) => isCommon);
    },
    meanings: () => dictionary().meanings,
  };
}

const NONE: readonly Meaning[] = [];

/** Words that may stand between the two of a phrase: out *of* memory. */
const FILLERS: ReadonlySet<string> = new Set(
  tokenize('an and are be by for is it its my of our that the their this to your'),
);

interface Dictionary {
  readonly meanings: readonly Meaning[];
  readonly byTerm: ReadonlyMap<string, readonly Meaning[]>;
  /** First words of phrases. */
  readonly phraseHeads: ReadonlySet<string>;
}

function readDictionary(table: string): Dictionary {
  const meanings = readMeanings(table);
  const byTerm = new Map<string, Meaning[]>();
  const phraseHeads = new Set<string>();
  for (const meaning of meanings) {
    for (const term of meaning.terms) {
      const already = byTerm.get(term);
      if (already === undefined) byTerm.set(term, [meaning]);
      else already.push(meaning);
      const space = term.indexOf(' ');
      if (space > 0) phraseHeads.add(term.slice(0, space));
    }
  }
  return { meanings, byTerm, phraseHeads };
}

function readMeanings(table: string): readonly Meaning[] {
  const lines = table.split('\n').map((line) => line.trim());
  const termOf = new Map<string, string>();
  for (const line of lines) for (const word of wordsOf(line)) termOf.set(word, termsOf(word));
  const listed = new Set(termOf.values());
  const meanings: Meaning[] = [];
  let topic = '';
  for (const line of lines) {
    if (line.startsWith('#')) topic = line.slice(1).trim();
    const words = wordsOf(line);
    if (words[0] === undefined) continue;
    const terms = new Set<string>();
    for (const word of words) {
      terms.add(termOf.get(word) ?? word);
      const form = formOf(word);
      if (form !== undefined && form.length > 2 && !listed.has(form) && !isStopWord(form)) terms.add(form);
    }
    meanings.push({ name: `${topic}/${words[0]}`, topic, isCommon: line.startsWith('~'), terms: [...terms] });
  }
  return meanings;
}

function wordsOf(line: string): readonly string[] {
  if (line === '' || line.startsWith('#')) return NO_WORDS;
  return (line.startsWith('~') ? line.slice(1) : line).split(' ');
}
const NO_WORDS: readonly string[] = [];

/** The tokenizer's terms for a word or phrase of the table, which for plain letters are their stems. */
function termsOf(word: string): string {
  if (PLAIN.test(word)) return stem(word);
  const parts = word.split('_').map((part) => (PLAIN.test(part) ? stem(part) : tokenize(part).join(' ')));
  return parts.join(' ');
}

/**
 * What the tokenizer makes of a word's endings where that is not the word itself: `creating` gives `creat`, `stopped`
 * `stopp`, `copied` `copi`, `fixes` `fixe`. One that is a word of its own, or of no meaning at all, is left to that.
 */
function formOf(word: string): string | undefined {
  if (!PLAIN.test(word)) return undefined;
  if (word.endsWith('e')) return word.slice(0, -1);
  if (word.endsWith('y')) return `${word.slice(0, -1)}i`;
  if (word.endsWith('i')) return `${word}s`;
  if (HISSING.test(word)) return `${word}e`;
  return DOUBLING.test(word) ? `${word}${word.slice(-1)}` : undefined;
}
const PLAIN = /^[a-z]{2,}$/;
const HISSING = /(?:[xz]|ch|sh)$/;
/** Vowel and consonant at the end of a short word. */
const DOUBLING = /^[a-z]{0,3}[aeiou][bdglmnprt]$/;
