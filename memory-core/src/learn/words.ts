// Words of a text in any script, also in those that write no spaces, and texts of so many words. Pure.

/** One for all: it keeps nothing of what it is asked. */
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'word' });

/** Words in their order, as they are written: what is between them is left out. */
export function words(text: string): readonly string[] {
  const found: string[] = [];
  for (const { segment, isWordLike } of SEGMENTER.segment(text)) if (isWordLike === true) found.push(segment);
  return found;
}

/** The beginning of a text, of at most so many words, with an ellipsis where something is missing. */
export function shortened(text: string, maxWords: number): string {
  let count = 0;
  for (const { index, isWordLike } of SEGMENTER.segment(text)) {
    if (isWordLike !== true) continue;
    if (count === maxWords) return `${text.slice(0, index).replace(/[\s\p{P}]+$/u, '')} …`;
    count += 1;
  }
  return text;
}
