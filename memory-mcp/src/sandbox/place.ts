// Places in a program's text: where they are, and how they are shown.

const EXCERPT_CHARS = 120;
// What would move a caret or a terminal.
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A place in the user's source, 1-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The 1-based place of an offset. */
export function placeAt(code: string, offset: number): Place {
  const before = linesOf(code.slice(0, offset));
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The line of `place` with a caret under its column. Long lines are cut around the column. */
export function excerpt(code: string, place: Place): string | undefined {
  const line = linesOf(code)[place.line - 1]?.replace(/\r$/, '');
  if (line === undefined) return undefined;
  const from = Math.max(0, place.column - 1 - EXCERPT_CHARS / 2);
  const shown = line
    .slice(from, from + EXCERPT_CHARS)
    .replaceAll('\t', ' ')
    .replace(CONTROL, '·');
  const margin = `${place.line} | `;
  const caretAt = Math.min(Math.max(0, place.column - 1 - from), shown.length);
  return `${margin}${shown}\n${' '.repeat(margin.length - 2)}| ${' '.repeat(caretAt)}^`;
}

/** Moves a place that lies behind the end of `code` to its end. */
export function withinSource(code: string, place: Place): Place {
  const lines = linesOf(code);
  if (place.line <= lines.length) return place;
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** The lines of a program, as the engine counts them: it knows no line end but `\n`. */
export function linesOf(code: string): readonly string[] {
  return code.split('\n');
}
