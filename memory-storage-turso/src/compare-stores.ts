// Whether two databases hold the same, row by row, while the first of them goes on being written to.
import { createHash } from 'node:crypto';
import { MemoryError, throwIfAborted } from '@episodica/memory-core/backend';
import type { CallOptions, Kind } from '@episodica/memory-core/ports';
import type { Connection, Row, Statement } from './connection.ts';
import { COPIED_TABLES, type CopiedTable } from './copying.ts';
import {
  COPY_PAGE,
  journalRowsStatement,
  keyOf,
  type PageLimits,
  type RowKey,
  readRowsById,
  rowsBehindStatement,
} from './row-copy.ts';
import { numberIn } from './rows.ts';

/** What was the same in both. */
export interface Comparison {
  /** The entry of the journal at which the tables stood when they were read; what came later was compared row by row. */
  readonly seq: number;
  readonly tables: readonly ComparedTable[];
}

/** One table of the copy. */
export interface ComparedTable {
  readonly name: CopiedTable;
  readonly rows: number;
  /** SHA-256 of all rows in the order of their keys, as hexadecimal digits. */
  readonly checksum: string;
}

export interface CompareOptions extends CallOptions {
  /** The entry at which the copy stands. */
  readonly at: number;
  readonly limits?: PageLimits | undefined;
  /** Brings the copy up to the other; answers the entry at which it then stands. */
  follow(): Promise<{ readonly seq: number }>;
  /** Called with the rows that were compared so far. */
  onProgress?(rows: number): void;
}

/**
 * Reads all of both. What differs may have been changed since the copy was made: it is looked at again once that was
 * followed. Answers at which entry the copy stands in the end.
 * @throws `STORE_CORRUPT` where they differ, `STORE_UNAVAILABLE` where the first changes too fast to tell
 */
export async function compareStores(
  from: Connection,
  to: Connection,
  options: CompareOptions,
): Promise<{ readonly seq: number; readonly compared: Comparison }> {
  const tables: ComparedTable[] = [];
  let seq = options.at;
  let rowsBefore = 0;
  for (const name of COPIED_TABLES) {
    const suspects = new Set<string>();
    const hash = createHash('sha256');
    let rows = 0;
    for await (const page of pagesOf(from, to, { name, ...options })) {
      for (const text of page.texts) hash.update(text);
      rows += page.texts.length;
      for (const id of page.differing) suspects.add(id);
      if (suspects.size > MAX_SUSPECTS) seq = await settle(from, to, { name, suspects, follow: options.follow });
      options.onProgress?.(rowsBefore + rows);
    }
    if (suspects.size > 0) seq = await settle(from, to, { name, suspects, follow: options.follow });
    rowsBefore += rows;
    tables.push({ name, rows, checksum: hash.digest('hex') });
  }
  return { seq, compared: { seq: options.at, tables } };
}

/** Rows that differ and are looked at again together. */
const MAX_SUSPECTS = 10_000;
/** Of these, so many at once: each may be as large as an episode can be. */
const ROWS_AT_ONCE = 20;
/** How often what is being changed is looked at again. */
const MAX_LOOKS = 10;

interface ComparedPage {
  /** The rows of the copy, each as a text. */
  readonly texts: readonly string[];
  /** Ids of rows that are not the same in both. */
  readonly differing: readonly string[];
}

/** Page by page of the copy, and what lies between the same keys in the other. */
async function* pagesOf(
  from: Connection,
  to: Connection,
  { name, at, limits = COPY_PAGE, signal }: CompareOptions & { readonly name: CopiedTable },
): AsyncIterable<ComparedPage> {
  for (let last: RowKey | null = null; ; ) {
    throwIfAborted(signal);
    const { rows } = await to.execute(pageStatement(name, { last, upTo: null, at, limits }));
    const end = rows.at(-1);
    const upTo = end === undefined ? null : keyIn(name, end);
    yield comparedPage(name, { copies: rows, originals: await rowsBetween(from, { name, last, upTo, at, limits }) });
    if (upTo === null) return;
    last = upTo;
  }
}

interface Range {
  readonly last: RowKey | null;
  /** `null`: to the end of the table. */
  readonly upTo: RowKey | null;
  readonly at: number;
  readonly limits: PageLimits;
}

async function rowsBetween(from: Connection, range: Range & { readonly name: CopiedTable }): Promise<readonly Row[]> {
  const found: Row[] = [];
  for (let { last } = range; ; ) {
    const { rows } = await from.execute(pageStatement(range.name, { ...range, last }));
    const end = rows.at(-1);
    if (end === undefined) return found;
    found.push(...rows);
    last = keyIn(range.name, end);
    if (String(last) === String(range.upTo) || found.length > MAX_SUSPECTS) return found;
  }
}

function pageStatement(name: CopiedTable, { last, upTo, at, limits }: Range): Statement {
  if (name !== 'journal') return rowsBehindStatement(name, { last, upTo, limits });
  return journalRowsStatement({ since: Number(last?.[0] ?? 0), upTo: Number(upTo?.[0] ?? at), limit: limits.rows });
}

function keyIn(name: CopiedTable, row: Row): RowKey {
  return name === 'journal' ? [numberIn(row, 'seq')] : keyOf(name, row);
}

function comparedPage(
  name: CopiedTable,
  { copies, originals }: { readonly copies: readonly Row[]; readonly originals: readonly Row[] },
): ComparedPage {
  const left = new Map(originals.map((row) => [String(keyIn(name, row)), row]));
  const texts = copies.map(textOf);
  const differing: string[] = [];
  for (const [index, copy] of copies.entries()) {
    const key = String(keyIn(name, copy));
    const original = left.get(key);
    left.delete(key);
    if (original !== undefined && textOf(original) === texts[index]) continue;
    differing.push(idOf(name, copy), ...(original === undefined ? [] : [idOf(name, original)]));
  }
  return { texts, differing: [...differing, ...[...left.values()].map((row) => idOf(name, row))] };
}

function idOf(name: CopiedTable, row: Row): string {
  return String(name === 'journal' ? row.seq : row.id);
}

/** Engines differ in the last digit of a number that they read from text, as rows are handed over. */
function textOf(row: Row): string {
  const values = Object.values(row).map((value) =>
    typeof value === 'number' ? Number(value.toPrecision(SAME_DIGITS)) : value,
  );
  return `${JSON.stringify(values)}\n`;
}

const SAME_DIGITS = 12;

/** Comes back when what differed is the same: empties `suspects`. Answers the entry at which the copy then stands. */
async function settle(
  from: Connection,
  to: Connection,
  order: { readonly name: CopiedTable; readonly suspects: Set<string>; follow(): Promise<{ readonly seq: number }> },
): Promise<number> {
  const { name, suspects, follow } = order;
  // An entry never changes.
  if (name === 'journal') throw differs(to.place, { name, from: from.place, ids: [...suspects] });
  for (let looks = 1; ; looks += 1) {
    const { seq } = await follow();
    for (const id of await sameIn(from, to, { kind: name, ids: [...suspects] })) suspects.delete(id);
    if (suspects.size === 0) return seq;
    const { rows } = await from.execute({ sql: 'SELECT ifnull(max(seq), 0) AS seq FROM journal', args: [] });
    if (numberIn(rows[0], 'seq') === seq) throw differs(to.place, { name, from: from.place, ids: [...suspects] });
    if (looks >= MAX_LOOKS) throw tooBusy(from.place);
  }
}

async function sameIn(
  from: Connection,
  to: Connection,
  { kind, ids }: { readonly kind: Kind; readonly ids: readonly string[] },
): Promise<readonly string[]> {
  const same: string[] = [];
  for (let start = 0; start < ids.length; start += ROWS_AT_ONCE) {
    const page = ids.slice(start, start + ROWS_AT_ONCE);
    const [originals, copies] = await Promise.all([from, to].map((end) => textsById(end, kind, page)));
    same.push(...page.filter((id) => originals?.get(id) === copies?.get(id)));
  }
  return same;
}

async function textsById(
  connection: Connection,
  kind: Kind,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await readRowsById(connection, kind, ids);
  return new Map(rows.map((row) => [idOf(kind, row), textOf(row)]));
}

function differs(
  to: string,
  { name, from, ids }: { readonly name: CopiedTable; readonly from: string; readonly ids: readonly string[] },
): MemoryError {
  const what = `${ids.length} rows of the table ${name} in ${to} are not what they are in ${from}, such as ${ids[0]}`;
  const advice = 'See that both are sound with "memory-cli storage verify", and move again with --anew';
  return new MemoryError('STORE_CORRUPT', `${what}. The copy stays unfinished, and cannot be opened. ${advice}.`);
}

function tooBusy(place: string): MemoryError {
  const what = `${place} is changed faster than it can be compared with its copy, which stays unfinished`;
  return new MemoryError('STORE_UNAVAILABLE', `${what}. Run it again when less is written.`, { retryable: true });
}
