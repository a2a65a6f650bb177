// What a program prints: values as text, one line at a time, handed to the host.
import { type Budget, describeSize, encodeMarked, isTooMuch, textProperty } from './encode.ts';
import {
  type Bare,
  define,
  freeze,
  hasOwn,
  isError,
  MapClass,
  mapGet,
  mapSet,
  now,
  objectKeys,
  push,
  quote,
  repeat,
} from './primordials.ts';
import { clip } from './text.ts';

/** Takes a line `[level, atMs, text]` of JSON, or several with newlines between them. */
export type HostLog = (lines: string) => void;

/** The console and how it is served. */
export interface GuestConsole extends Bare {
  /** What a program sees as `console`. */
  readonly object: object;
  /** Lines tell their time from here on. */
  start(): void;
  /** Hands over lines that wait. */
  flush(): void;
}

const LINE_CHARS = 4096;
const LINE_BUDGET: Budget = freeze({ __proto__: null, chars: LINE_CHARS, nodes: 2000, depth: 20 });
const BATCH_LINES = 64;
const BATCH_CHARS = 16384;
/** What crosses line by line. */
const HEAD_LINES = 500;
const HEAD_CHARS = 32768;
const TABLE_ROWS = 50;
const TABLE_COLUMNS = 12;
const CELL_CHARS = 40;
const INDEX = '(index)';
const VALUES = '(value)';

const LOG = 0;
const WARN = 2;
const ERROR = 3;

/** A value as a line shows it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value;
  if (isError(value)) return textProperty(value, 'name', 'Error') + ': ' + textProperty(value, 'message', '');
  try {
    return encodeMarked(value, LINE_BUDGET);
  } catch (error) {
    if (isTooMuch(error)) return '[' + describeSize(value) + ', too large to print]';
    throw error;
  }
}

/** A console over the host's log. */
export function openConsole(hostLog: HostLog): GuestConsole {
  let startedAt = now();
  let headLines = HEAD_LINES;
  let headChars = HEAD_CHARS;
  let batch = '';
  let batchLines = 0;

  const flush = (): void => {
    if (batchLines === 0) return;
    hostLog(batch);
    batch = '';
    batchLines = 0;
  };
  // The first lines cross one by one, so that they survive a kill; of a flood, batches cross and the host keeps the last.
  const write = (level: number, text: string): void => {
    const line = '[' + level + ',' + (now() - startedAt) + ',' + quote(clip(text, LINE_CHARS)) + ']';
    if (headLines > 0 && headChars >= line.length) {
      headLines -= 1;
      headChars -= line.length;
      hostLog(line);
      return;
    }
    headLines = 0;
    batch += batchLines === 0 ? line : '\n' + line;
    batchLines += 1;
    if (batchLines >= BATCH_LINES || batch.length > BATCH_CHARS) flush();
  };

  const start = (): void => {
    startedAt = now();
  };
  return { __proto__: null, object: consoleObject(write), start, flush };
}

type Write = (level: number, text: string) => void;

// An ordinary object: a program may put its own functions in place of these.
function consoleObject(write: Write): object {
  const counts = new MapClass<string, number>();
  const starts = new MapClass<string, number>();
  const object = {};
  const levels = ['log', 'info', 'warn', 'error', 'debug'];
  for (let level = 0; level < levels.length; level += 1) {
    define(object, levels[level] ?? '', (...values: unknown[]): void => write(level, shown(values, 0)));
  }
  define(object, 'trace', (...values: unknown[]): void => write(LOG, shown(values, 0)));
  define(object, 'dir', (value: unknown): void => write(LOG, show(value)));
  define(object, 'assert', (...values: unknown[]): void => {
    if (values[0]) return;
    write(ERROR, values.length < 2 ? 'Assertion failed' : 'Assertion failed: ' + shown(values, 1));
  });
  define(object, 'table', (rows: unknown): void => printTable(write, rows));
  define(object, 'count', (name: unknown): void => {
    const label = labelOf(name);
    const count = (mapGet(counts, label) ?? 0) + 1;
    mapSet(counts, label, count);
    write(LOG, label + ': ' + count);
  });
  define(object, 'time', (name: unknown): void => {
    mapSet(starts, labelOf(name), now());
  });
  const elapsed = (name: unknown): void => {
    const label = labelOf(name);
    const startedAt = mapGet(starts, label);
    if (startedAt === undefined) write(WARN, 'There is no timer ' + quote(label) + '; start it with console.time.');
    else write(LOG, label + ': ' + (now() - startedAt) + ' ms');
  };
  define(object, 'timeLog', elapsed);
  define(object, 'timeEnd', elapsed);
  return object;
}

function shown(values: readonly unknown[], from: number): string {
  let text = '';
  for (let index = from; index < values.length; index += 1) {
    text += (index === from ? '' : ' ') + show(values[index]);
    if (text.length > LINE_CHARS * 2) break;
  }
  return text;
}

function labelOf(name: unknown): string {
  return name === undefined ? 'default' : clip(show(name), 100);
}

// A line for the heads and one for each row, the columns as wide as their widest cell.
function printTable(write: Write, rows: unknown): void {
  if (typeof rows !== 'object' || rows === null) {
    write(LOG, show(rows));
    return;
  }
  const keys = objectKeys(rows);
  const heads = headsOf(rows, keys);
  const lines: string[][] = [heads];
  for (let index = 0; index < keys.length && index < TABLE_ROWS; index += 1) {
    const row = fieldOf(rows, keys[index] ?? '');
    const cells = [keys[index] ?? ''];
    for (let column = 1; column < heads.length; column += 1) push(cells, cellOf(row, heads[column] ?? ''));
    push(lines, cells);
  }
  for (let index = 0; index < lines.length; index += 1) write(LOG, tableLine(lines, index));
  if (keys.length > TABLE_ROWS) write(LOG, '… (' + (keys.length - TABLE_ROWS) + ' more rows)');
}

// The index, every key of the first rows in order, and a column for rows that are no objects.
function headsOf(rows: object, keys: readonly string[]): string[] {
  const heads = [INDEX];
  const known = new MapClass<string, boolean>();
  for (let index = 0; index < keys.length && index < TABLE_ROWS; index += 1) {
    const row = fieldOf(rows, keys[index] ?? '');
    const names = typeof row === 'object' && row !== null ? objectKeys(row) : [VALUES];
    for (let column = 0; column < names.length && heads.length < TABLE_COLUMNS; column += 1) {
      const name = names[column] ?? '';
      if (mapGet(known, name) === true) continue;
      mapSet(known, name, true);
      push(heads, name);
    }
  }
  return heads;
}

function cellOf(row: unknown, head: string): string {
  if (typeof row !== 'object' || row === null) return head === VALUES ? clip(show(row), CELL_CHARS) : '';
  return hasOwn(row, head) ? clip(show(fieldOf(row, head)), CELL_CHARS) : '';
}

function fieldOf(value: object, key: string): unknown {
  return (value as { readonly [key: string]: unknown })[key];
}

function tableLine(lines: readonly (readonly string[])[], index: number): string {
  const cells = lines[index] ?? [];
  let text = '';
  for (let column = 0; column < cells.length; column += 1) {
    const cell = cells[column] ?? '';
    let width = 0;
    for (let row = 0; row < lines.length; row += 1) {
      const length = (lines[row]?.[column] ?? '').length;
      if (length > width) width = length;
    }
    const isLast = column === cells.length - 1;
    text += (column === 0 ? '' : ' | ') + cell + (isLast ? '' : repeat(' ', width - cell.length));
  }
  return text;
}
