// Words of a text in any script, also in those that write no spaces, and texts of so many words. Pure.

/** One for all: it keeps nothing of what it is asked. */
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'word' });

/** Words in their order, as they are written: what is between them is left out. */
export function words(text: string): readonly string[] {
  return Array.from(wordsIn(text), ({ word }) => word);
}

/** The beginning of a text, of at most so many words, with an ellipsis where something is missing. */
export function shortened(text: string, maxWords: number): string {
  let count = 0;
  for (const { index } of wordsIn(text)) {
    if (count === maxWords) return `${text.slice(0, index).replace(/[\s\p{P}]+$/u, '')} …`;
    count += 1;
  }
  return text;
}

function* wordsIn(text: string): Generator<{ readonly word: string; readonly index: number }> {
  if (PLAIN.test(text)) {
    for (const { 0: word, index } of text.matchAll(PLAIN_WORD)) yield { word, index };
    return;
  }
  for (const { segment, index, isWordLike } of SEGMENTER.segment(text))
    if (isWordLike === true) yield { word: segment, index };
}

/** ASCII, dashes, quotes, arrows and drawn marks: there the rules are few, and to follow them takes a tenth of the time. */
const PLAIN = /^[\p{ASCII}\u2010-\u201f…\u2190-\u23ff\u2500-\u27bf]*$/u;
/** A mark between two letters or two digits parts no words: `don't`, `3.14` (Unicode Standard Annex 29, WB5–WB13). */
const PLAIN_WORD = /\w*[a-z\d]\w*(?:(?<=[a-z])['.‘’](?=[a-z])\w+|(?<=\d)['.,;‘’](?=\d)\w+)*/giu;
