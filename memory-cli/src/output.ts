// What the user sees: one value, as JSON, as YAML or in words; tables, times and errors. Knows no command.
import { once } from 'node:events';
import { styleText } from 'node:util';
import { legible } from '@episodica/memory-core';

/** How an answer can be printed. */
export const FORMATS = ['human', 'json', 'yaml'] as const;
/** One of `FORMATS`. */
export type Format = (typeof FORMATS)[number];

/** How kinds of task can be drawn besides. */
export const PICTURES = ['svg', 'html'] as const;
/** One of `PICTURES`. */
export type Picture = (typeof PICTURES)[number];

/** Columns of the terminal; a fixed number where there is none, so that a pipe gets the same text everywhere. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? Math.max(40, process.stdout.columns || 80) : 120;
}

/** Writes `value` in the format asked for; `human` says it in words. */
export async function print(format: Format, value: unknown, human: () => string): Promise<void> {
  await writeOut(`${await rendered(format, value, human)}\n`);
}

/** Writes to standard output, no faster than it is read. */
export async function writeOut(text: string): Promise<void> {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** The text of `value` in the format asked for, without a last line end. */
export async function rendered(format: Format, value: unknown, human: () => string): Promise<string> {
  switch (format) {
    case 'json':
      return JSON.stringify(value, null, 2).replace(STEERING, escaped);
    case 'yaml': {
      // Written as CommonJS: only the default is there when it is bundled as when it is not.
      const { default: yaml } = await import('yaml');
      const document = new yaml.Document(value);
      // Of the ways to write a text in YAML, this one alone has escapes.
      yaml.visit(document, {
        Scalar(_, scalar) {
          if (typeof scalar.value === 'string' && scalar.value.search(STEERING) >= 0) scalar.type = 'QUOTE_DOUBLE';
        },
      });
      return document.toString().trimEnd().replace(STEERING, escaped);
    }
    case 'human':
      return human();
  }
}

/** `value` as one line of JSON, with its end: for what is printed as it comes. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(value).replace(STEERING, escaped)}\n`;
}

/** What JSON and YAML may hold as it is, and a terminal would follow. */
const STEERING = /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** One line on standard error, such as `warning: …` or `NOT_FOUND: …`. */
export function note(label: string, message: string): void {
  const colour = label === 'warning' ? 'yellow' : label === 'hint' || label === 'info' ? 'dim' : 'red';
  process.stderr.write(`${styleText(colour, `${label}:`, { stream: process.stderr })} ${onOneLine(message)}\n`);
}

/** A heading on standard output. */
export function heading(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}

/** One column of a table. */
export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
}

/** Below this, the last column goes on a line of its own under each row. */
const LEAST_LAST_COLUMN = 24;
const INDENT = '    ';

/** Rows under headings within `width`: the last column takes what is left and is cut where it does not fit. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string {
  return tableRows(columns, rows, width).join('\n');
}

/** As `table`, row by row, the headings first: columns that do not fit beside the others stand below them. */
export function tableRows(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number,
): readonly string[] {
  const cells = rows.map((row) => row.map(onOneLine));
  const widths = columns.map(({ heading: title }, index) =>
    Math.max(textWidth(title), ...cells.map((row) => textWidth(row[index] ?? ''))),
  );
  const lines = linesOfColumns(widths, width);
  const text = (row: readonly string[]): string =>
    lines
      .map((indexes, line) => {
        const parts = indexes.map((index) => {
          const cell = row[index] ?? '';
          const column = columns[index];
          const isPlain = column === undefined || (index === columns.length - 1 && column.align !== 'right');
          return isPlain ? cell : padded(cell, widths[index] ?? 0, column);
        });
        const indent = line === 0 ? '' : INDENT;
        return `${indent}${cut(parts.join('  ').trimEnd(), width - indent.length)}`;
      })
      .join('\n');
  return [heading(text(columns.map(({ heading: title }) => title))), ...cells.map(text)];
}

/** Which columns stand on which line of a row: on each as many as fit. */
function linesOfColumns(widths: readonly number[], width: number): readonly (readonly number[])[] {
  const lines: number[][] = [[]];
  let used = 0;
  for (const [index, whole] of widths.entries()) {
    const isLast = index === widths.length - 1;
    const needed = isLast ? Math.min(LEAST_LAST_COLUMN, whole) : whole;
    const line = lines.at(-1) ?? [];
    if (line.length > 0 && used + needed > width) {
      lines.push([index]);
      used = INDENT.length + whole + 2;
    } else {
      line.push(index);
      used += whole + 2;
    }
  }
  return lines;
}

function padded(text: string, width: number, { align }: Column): string {
  const space = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'right' ? space + text : text + space;
}

/** The first characters of a text that fit into `width` columns, with an ellipsis where something is missing. */
export function cut(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let kept = '';
  let used = 1;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += graphemeWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return `${kept}…`;
}

/** Where lines of prose end: on a terminal alone. */
export function proseWidth(): number {
  return process.stdout.isTTY ? terminalWidth() : Number.POSITIVE_INFINITY;
}

/**
 * A line behind `start`, of which a terminal shows further lines below the beginning of its text. A word that is longer
 * than a line stays whole, as a path that is cut cannot be copied; what is no terminal gets one line.
 */
export function hangingLine(start: string, text: string, width: number = proseWidth()): string {
  const indent = Math.min(textWidth(start), Math.floor(width / 2));
  const lines: string[] = [];
  let line = start;
  let isBegun = false;
  for (const word of onOneLine(text).split(' ')) {
    const longer = isBegun ? `${line} ${word}` : `${line}${word}`;
    if (!isBegun || textWidth(longer) <= width) line = longer;
    else {
      lines.push(line);
      line = `${' '.repeat(indent)}${word}`;
    }
    isBegun = true;
  }
  return [...lines, line].join('\n');
}

/** Columns that a text takes on a terminal. */
export function textWidth(text: string): number {
  // What is so on nearly every line needs no tables of Unicode, which take long to load.
  if (/^[ -~]*$/u.test(text)) return text.length;
  let width = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) width += graphemeWidth(segment);
  return width;
}

const WIDE =
  /^(?:\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|[！-｠])/u;

function graphemeWidth(grapheme: string): number {
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Text of somebody else on one line, without anything that could steer the terminal. */
export function onOneLine(text: string): string {
  return legible(text).replace(/\s+/gu, ' ').trim();
}

/** An ISO time in the user's own time zone, to the second: `2026-01-31 08:05:09`. */
export function localTime(iso: string): string {
  const time = new Date(iso);
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${[two(time.getHours()), two(time.getMinutes()), two(time.getSeconds())].join(':')}`;
}

/** As `localTime`, with milliseconds and the distance from UTC: `2026-01-31 08:05:09.123 +01:00`. */
export function exactLocalTime(iso: string): string {
  const time = new Date(iso);
  const offsetMinutes = -time.getTimezoneOffset();
  const distance = Math.abs(offsetMinutes);
  const offset = `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(distance / 60))}:${two(distance % 60)}`;
  return `${localTime(iso)}.${String(time.getMilliseconds()).padStart(3, '0')} ${offset}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
