// The text of an error without what differs from case to case. Pure.

/** Texts of one error that are compared. */
const MAX_COMPARED = 50;
/** What stands for words that were left out. */
const LEFT_OUT = '…';
/** A number that is not a part of a name, nor a code: `404 Not Found`, `exit code 2`, `errno 13` tell the error. */
const NUMBER =
  /(?<!\b(?:code|errno|exit|HTTP|status)\b[^\p{L}\d]{0,3})(?<![\p{L}\p{N}_./-])(?![45]\d\d [A-Z])[$€£]?\d(?:[\d.,:]*\d)?(?![\p{L}\p{N}_])/gu;

/**
 * The first of some texts of one error, in which numbers and the words that fewer than half of the others have stand as
 * `…`: names, amounts and paths are those of one case.
 */
export function commonText(texts: readonly string[]): string {
  const compared = texts.slice(0, MAX_COMPARED).map(wordsOf);
  const [first = []] = compared;
  const counts = new Map<string, number>();
  for (const words of compared) for (const word of new Set(words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const told = first.map((word) => (2 * (counts.get(word) ?? 0) >= compared.length ? word : LEFT_OUT));
  return told.filter((word, index) => word !== LEFT_OUT || told[index - 1] !== LEFT_OUT).join(' ');
}

function wordsOf(text: string): readonly string[] {
  return text.replace(NUMBER, LEFT_OUT).split(/\s+/u);
}
