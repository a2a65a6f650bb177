// Text to terms: the only place that decides what a word is, for what is indexed and for what is asked.

/**
 * Lower-case terms of letters and digits, in order, repeats kept. Identifiers and paths are split
 * (`parseHttpUrl`, `parse_http_url`, `src/parse.ts`), English suffixes are cut, scripts without spaces become
 * overlapping pairs of characters. Single letters are dropped, single digits kept.
 */
export function tokenize(text: string): readonly string[] {
  const terms: string[] = [];
  // Most text is ASCII, where forms without Unicode's tables find the same in a fraction of the time.
  const isAscii = Buffer.byteLength(text) === text.length;
  for (const run of text.normalize('NFKC').match(isAscii ? ASCII_RUN : WORD_RUN) ?? []) {
    for (const word of run.split(isAscii ? ASCII_CASE_CHANGE : CASE_CHANGE)) {
      if (!isAscii && UNSPACED.test(word)) terms.push(...characterPairs(word));
      else if (word.length > 1 || DIGIT.test(word)) terms.push(stem(word.toLowerCase().slice(0, MAX_TERM_LENGTH)));
    }
  }
  return terms;
}

/** The distinct terms of a question, without words that say nothing. All stop words: they are all there is, so kept. */
export function queryTerms(text: string): readonly string[] {
  const terms = [...new Set(tokenize(text))];
  const telling = terms.filter((term) => !isStopWord(term));
  return telling.length > 0 ? telling : terms;
}

/** Whether a term is in most texts and says nothing of what they are about. */
export function isStopWord(term: string): boolean {
  return STOP_WORDS.has(term);
}

const MAX_TERM_LENGTH = 64;
const WORD_RUN = /[\p{L}\p{M}\p{N}]+/gu;
const ASCII_RUN = /[A-Za-z0-9]+/g;
const DIGIT = /^\p{N}$/u;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
const CASE_CHANGE = /(?<=\p{Ll}|\p{N})(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})/u;
const ASCII_CASE_CHANGE = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/;

function characterPairs(word: string): readonly string[] {
  const characters = [...word.toLowerCase()];
  if (characters.length === 1) return characters;
  return characters.slice(1).map((character, index) => `${characters[index]}${character}`);
}

/**
 * Cuts plural and verb endings of a lower-case word: the S stemmer (Harman 1991), with -ing and -ed. Light on purpose:
 * it rarely merges two words.
 */
export function stem(word: string): string {
  if (word.length < 4 || !ASCII_WORD.test(word)) return word;
  if (word.endsWith('ies') && word.length > 4) return `${word.slice(0, -3)}y`;
  if (word.endsWith('sses')) return word.slice(0, -2);
  if (word.endsWith('ing') && word.length > 5) return word.slice(0, -3);
  if (word.endsWith('ed') && word.length > 4 && !word.endsWith('eed')) return word.slice(0, -2);
  if (word.endsWith('s') && !word.endsWith('ss') && !word.endsWith('us') && !word.endsWith('is'))
    return word.slice(0, -1);
  return word;
}
const ASCII_WORD = /^[a-z]+$/;

const STOP_WORDS: ReadonlySet<string> = new Set(
  tokenize(
    `a about after all also am an and any are as at be because been before but by can could did do does for from get
     had has have he her here him his how i if in into is it its just let like may me might more most must my no not
     now of on one only or other our out over please she should so some such than that the their them then there
     these they this those to too under up us use very want was we were what when where which while who why will
     with would you your yes hi hello need trying`,
  ),
);
