// One database follows another by its journal: what the entries behind its own newest one name is put into it as it
// stands in the other, together with these entries.
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryError, throwIfAborted } from '@episodica/memory-core/backend';
import type { Kind } from '@episodica/memory-core/ports';
import type { Connection, Row, Statement } from './connection.ts';
import { toMemoryError, violationOf } from './errors.ts';
import {
  COPIED_KINDS,
  type CopiedRow,
  deleteRowsStatements,
  JOURNAL_COLUMNS,
  type PageLimits,
  putJournalStatements,
  putRowsStatements,
  rowsByIdStatement,
} from './row-copy.ts';
import { bytesSql, numberIn, textIn } from './rows.ts';

export interface FollowOptions {
  /** Aborting ends it after the page that is being written. */
  readonly signal?: AbortSignal | undefined;
  /** The identity that the followed database must have. @default whichever it has */
  readonly identity?: string;
  /** What one question answers at most. @default 500 entries, 500,000 bytes */
  readonly limits?: PageLimits;
  /** Called after each page. */
  onProgress?(progress: FollowProgress): void;
}

/** How far it has come: the numbers of the entry that it stands at, and of the newest one that it knows of. */
export interface FollowProgress {
  readonly seq: number;
  readonly newest: number;
}

/** The entry that was the newest of both, and how many were brought over by this call. */
export interface Followed {
  readonly seq: number;
  readonly changes: number;
}

/**
 * Brings `to` up to where `from` is. Each page is one question and one transaction; of several that follow at the same
 * time, each page lands once. Entries keep their numbers. A thing is put as it stands when its page is read, so between
 * two pages some are newer than the entry that `to` is at; at the end all are as they were in `from` at one moment.
 * @throws `INVALID_STATE` where `to` does not continue in `from`: that is another database, or was put back to an older
 * state; `STORE_FAILED` where their schemas differ
 */
export async function followJournal(from: Connection, to: Connection, options: FollowOptions = {}): Promise<Followed> {
  const { signal, identity, limits = FOLLOW_PAGE, onProgress } = options;
  let changes = 0;
  for (;;) {
    throwIfAborted(signal);
    const position = await positionOf(to);
    const page = await readPage(from, position, { limits, signal });
    checkContinuation({ from: from.place, to: to.place, position, page, identity });
    const last = page.entries.at(-1);
    if (last === undefined) return { seq: position.seq, changes };
    if (!(await putPage(to, position, page))) {
      await letOthersFinish(to, { seq: position.seq, page, signal });
      continue;
    }
    changes += page.entries.length;
    const seq = numberIn(last, 'seq');
    onProgress?.({ seq, newest: page.newest });
    if (seq === page.newest) return { seq, changes };
  }
}

/** Small enough that writing a page holds up readers of its own process for a moment only. */
const FOLLOW_PAGE: PageLimits = { rows: 500, bytes: 500_000 };

/** Where a database is in its history. */
interface Position {
  /** Of the newest entry; 0 for none. */
  readonly seq: number;
  /** All else of that entry: two histories with the same number and the same stamp there are the same one. */
  readonly stamp: string | null;
  readonly schema: number;
}

/** What follows on a position, at one moment. */
interface Page {
  readonly identity: string;
  readonly schema: number;
  /** Number of the newest entry. */
  readonly newest: number;
  /** The stamp of the entry at the position that was asked for. */
  readonly stamp: string | null;
  readonly entries: readonly Row[];
  readonly tookMs: number;
  /** What the entries name, where it is there. */
  readonly rows: ReadonlyMap<Kind, readonly CopiedRow[]>;
}

const STAMP = `at || ' ' || kind || ' ' || op || ' ' || id || ' ' || actor`;
const SCHEMA = '(SELECT max(number) FROM migration) AS schema';

async function positionOf(to: Connection): Promise<Position> {
  try {
    const { rows } = await to.execute({
      sql: `SELECT newest.seq, ${SCHEMA}, (SELECT ${STAMP} FROM journal WHERE journal.seq = newest.seq) AS stamp
        FROM (SELECT ifnull(max(seq), 0) AS seq FROM journal) AS newest`,
      args: [],
    });
    return { seq: numberIn(rows[0], 'seq'), stamp: stampIn(rows[0]), schema: numberIn(rows[0], 'schema') };
  } catch (error) {
    throw toMemoryError(error, `read the store ${to.place}`);
  }
}

async function readPage(
  from: Connection,
  { seq }: Position,
  { limits, signal }: { readonly limits: PageLimits; readonly signal: AbortSignal | undefined },
): Promise<Page> {
  const head: Statement = {
    sql: `SELECT (SELECT id FROM identity) AS identity, ${SCHEMA},
      (SELECT ifnull(max(seq), 0) FROM journal) AS newest, (SELECT ${STAMP} FROM journal WHERE seq = ?) AS stamp`,
    args: [seq],
  };
  const bounds = [seq, limits.rows, limits.bytes];
  const entries: Statement = {
    sql: `${PAGE} SELECT ${JOURNAL_COLUMNS.join(', ')} FROM page ORDER BY seq`,
    args: bounds,
  };
  const named = COPIED_KINDS.map((kind) =>
    rowsByIdStatement(kind, { sql: `${PAGE} SELECT id FROM page WHERE kind = ?`, args: [...bounds, kind] }),
  );
  const startedMs = performance.now();
  try {
    const [first, second, ...others] = await unlessAborted(from.read([head, entries, ...named]), signal);
    const row = first?.rows[0];
    return {
      identity: textIn(row, 'identity'),
      schema: numberIn(row, 'schema'),
      newest: numberIn(row, 'newest'),
      stamp: stampIn(row),
      entries: second?.rows ?? [],
      tookMs: performance.now() - startedMs,
      rows: new Map(COPIED_KINDS.map((kind, index) => [kind, others[index]?.rows ?? []])),
    };
  } catch (error) {
    throw toMemoryError(error, `read the store ${from.place}`);
  }
}

/** The entries behind a number, as many as there is room for what they name. Sizes are known without reading it. */
const PAGE = `WITH entry AS (SELECT * FROM journal WHERE seq > ? ORDER BY seq LIMIT ?), sized AS (
    SELECT entry.*, CASE kind
      ${COPIED_KINDS.map((kind) => `WHEN '${kind}' THEN (SELECT ${bytesSql(kind)} FROM ${kind} WHERE id = entry.id)`).join(' ')}
    END AS size FROM entry
  ), counted AS (
    SELECT sized.*, sum(size) OVER (ORDER BY seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM sized
  ), page AS (SELECT * FROM counted WHERE ifnull(before, 0) < ?)`;

function stampIn(row: Row | undefined): string | null {
  return row?.stamp === null ? null : textIn(row, 'stamp');
}

function checkContinuation(order: {
  readonly from: string;
  readonly to: string;
  readonly position: Position;
  readonly page: Page;
  readonly identity: string | undefined;
}): void {
  const { from, to, position, page, identity } = order;
  const advice = 'Begin with another file, or an empty one';
  if (identity !== undefined && page.identity !== identity) {
    const what = `The database at ${from} is another one than ${to} was filled from`;
    throw new MemoryError('INVALID_STATE', `${what}, and cannot be gone on with. ${advice}.`);
  }
  if (page.schema !== position.schema) {
    const what = `The schema of ${from} (${page.schema}) is another than that of ${to} (${position.schema})`;
    throw new MemoryError('STORE_FAILED', `${what}. Use the same release of @episodica/memory-storage-turso for both.`);
  }
  if (page.stamp === position.stamp) return;
  const what = `The database at ${from} was put back to an older state: entry ${position.seq} of the journal of ${to}`;
  const where = page.newest < position.seq ? 'is not there any more' : 'is another one there';
  throw new MemoryError('INVALID_STATE', `${what} ${where}, and what follows would not fit. ${advice}.`);
}

/** Somebody else was faster: for as long as that one goes on, it is let, and what it brings need not be asked for twice. */
async function letOthersFinish(
  to: Connection,
  { seq, page, signal }: { readonly seq: number; readonly page: Page; readonly signal: AbortSignal | undefined },
): Promise<void> {
  for (let known = seq; ; ) {
    await unlessAborted(sleep(Math.min(MAX_LOOK_MS, page.tookMs * (1 + Math.random()))), signal);
    const now = await positionOf(to);
    if (now.seq === known || now.seq >= page.newest) return;
    known = now.seq;
  }
}

/** Longest pause between two looks at what another one brings. */
const MAX_LOOK_MS = 2_000;

/** Answers whether it was put: not, where `to` is no longer at that position. */
async function putPage(to: Connection, { seq, schema }: Position, page: Page): Promise<boolean> {
  const guard: Statement = {
    sql: `INSERT INTO guard (code) SELECT 'VERSION'
      WHERE (SELECT ifnull(max(seq), 0) FROM journal) <> ? OR (SELECT max(number) FROM migration) <> ?`,
    args: [seq, schema],
  };
  try {
    await to.batch([guard, ...pageStatements(page), ...putJournalStatements(page.entries)]);
    return true;
  } catch (error) {
    if (violationOf(error)?.statementIndex === 0) return false;
    throw toMemoryError(error, `write to the store ${to.place}`);
  }
}

/**
 * All deletions first. What was deleted and made again is deleted as well: what belonged to it before went with it,
 * without entries of its own. What an episode got since has entries behind that one.
 */
function pageStatements({ entries, rows }: Page): readonly Statement[] {
  const deletions = COPIED_KINDS.flatMap((kind) => {
    const there = new Set(rows.get(kind)?.map((row) => textIn(row, 'id')));
    const gone = entries.filter(
      (entry) => entry.kind === kind && (entry.op === 'delete' || !there.has(textIn(entry, 'id'))),
    );
    return deleteRowsStatements(kind, [...new Set(gone.map((entry) => textIn(entry, 'id')))]);
  });
  return [...deletions, ...COPIED_KINDS.flatMap((kind) => putRowsStatements(kind, rows.get(kind) ?? []))];
}

/**
 * What `work` gives, or `ABORTED` as soon as nobody waits any more. What was begun then goes on by itself: give it only
 * what changes nothing.
 */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop: () => void = () => undefined;
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
  });
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    await Promise.race([work, aborted]);
    work.catch(() => undefined);
    throwIfAborted(signal);
    return await work;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
