// All that one database holds, into another that is empty: table by table in pages, then the journal is followed for what
// changed meanwhile, then both are compared. A copy that was broken off is gone on with. The source is only read.
import { randomUUID } from 'node:crypto';
import { MemoryError, throwIfAborted } from '@episodica/memory-core/backend';
import type { CallOptions } from '@episodica/memory-core/ports';
import { type Comparison, compareStores } from './compare-stores.ts';
import type { Connection, Row, Statement } from './connection.ts';
import {
  advanceCopying,
  beginCopying,
  COPIED_TABLES,
  type CopiedTable,
  type Copying,
  type CopySource,
  type CopyStage,
  endCopying,
  guardOf,
  NEWEST_ENTRY,
  readCopying,
  refuseUnfinishedCopy,
} from './copying.ts';
import { followJournal } from './follow.ts';
import {
  COPIED_KINDS,
  COPY_PAGE,
  journalRowsStatement,
  keyOf,
  type PageLimits,
  putJournalStatements,
  putRowsStatements,
  type RowKey,
  rowsBehindStatement,
} from './row-copy.ts';
import { numberIn, textIn } from './rows.ts';
import { identityOf, migrate, NEWEST_SCHEMA, schemaVersion } from './schema.ts';
import { TEXT_INDEXES } from './search.ts';

export interface CopyStoreOptions extends CallOptions {
  /** Throws away what an unfinished copy holds, and begins again. @default false */
  readonly anew?: boolean;
  /** How much is in transit at a time. @default 1,000 rows, 1,000,000 bytes */
  readonly limits?: PageLimits;
  /** Called after each page. */
  onProgress?(progress: CopyStoreProgress): void;
}

/** How far it has come. */
export interface CopyStoreProgress {
  readonly phase: 'copying' | 'following' | 'comparing';
  /** Rows so far; entries of the journal when `following`. */
  readonly rows: number;
  /** As many as there were in the source when the run began. */
  readonly of: number;
}

/** What was copied, and how it is known to be the same. */
export interface CopyStoreReceipt {
  /** The last entry of the journal that is in the copy: what was written into the source behind it is not. */
  readonly seq: number;
  readonly compared: Comparison;
  /** Whether an earlier run had begun it. */
  readonly resumed: boolean;
}

/**
 * Fills `to`, which is empty or holds an unfinished copy of the same store. Both may be used through other connections
 * meanwhile: what is written into `from` is brought over; `to` is not written by anybody else until this is done.
 * @throws `INVALID_STATE` where `to` holds something else, where the unfinished copy does not fit `from` any more, and
 * where another run went on with the copy; `STORE_FAILED` for a schema that is not this one's, `STORE_CORRUPT` where
 * the two differ in the end
 */
export async function copyStore(
  from: Connection,
  to: Connection,
  options: CopyStoreOptions = {},
): Promise<CopyStoreReceipt> {
  const { signal, onProgress } = options;
  const source = await describeSource(from);
  const begun = await begin(to, { from, source, anew: options.anew ?? false });
  const copying = await copyTables(from, to, { ...begun, options, total: source.total });
  const follow = (): Promise<{ readonly seq: number }> =>
    followJournal(from, to, {
      signal,
      identity: source.identity,
      onProgress: ({ seq, newest }) =>
        onProgress?.({ phase: 'following', rows: seq - copying.since, of: newest - copying.since }),
    });
  const { seq: at } = await follow();
  const { seq, compared } = await compareStores(from, to, {
    at,
    signal,
    limits: options.limits,
    follow,
    onProgress: (rows) => onProgress?.({ phase: 'comparing', rows, of: source.total }),
  });
  if (!(await endCopying(to, copying))) throw goneOnWith(to.place);
  return { seq, compared, resumed: begun.resumed };
}

/** What there is to copy. */
export interface CopyPlan {
  /** Rows by table. */
  readonly counts: Readonly<Record<CopiedTable, number>>;
  /** Whether it goes on with what an earlier run has copied. */
  readonly resumes: boolean;
}

/** Looks at both ends as `copyStore` does, and changes nothing. `to`: `undefined` where there is no database yet. */
export async function planCopy(
  from: Connection,
  to: Connection | undefined,
  { anew = false }: Pick<CopyStoreOptions, 'anew'> = {},
): Promise<CopyPlan> {
  const source = await describeSource(from);
  const known = to && (await knownCopy(to, { from, source, anew }));
  return { counts: source.counts, resumes: known !== undefined && !isBegunAnew(known, anew) };
}

interface Source extends CopySource {
  readonly counts: CopyPlan['counts'];
  /** Rows of all tables. */
  readonly total: number;
}

/** What is to be copied, as it stands now. */
async function describeSource(from: Connection): Promise<Source> {
  const schema = await schemaVersion(from);
  if (schema === 0) throw new MemoryError('NOT_FOUND', `There is no memory at ${from.place}: nothing can be moved.`);
  if (schema !== NEWEST_SCHEMA) throw otherSchema(from.place, schema);
  await refuseUnfinishedCopy(from);
  const { rows } = await from.execute({
    sql: `SELECT (SELECT id FROM identity) AS identity, newest.seq, ${COUNTS},
        ifnull((${NEWEST_ENTRY} WHERE journal.seq = newest.seq), '') AS entry
      FROM (SELECT ifnull(max(seq), 0) AS seq FROM journal) AS newest`,
    args: [],
  });
  // There is a column for each.
  const counts = Object.fromEntries(COPIED_TABLES.map((name) => [name, numberIn(rows[0], name)])) as Source['counts'];
  return {
    identity: textIn(rows[0], 'identity'),
    since: numberIn(rows[0], 'seq'),
    entry: textIn(rows[0], 'entry'),
    counts,
    total: sumOf(counts),
  };
}

/** The rows of each table. */
const COUNTS = COPIED_TABLES.map((name) => `(SELECT count(*) FROM ${name}) AS ${name}`).join(', ');

function sumOf(counts: Readonly<Record<string, unknown>>): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + Number(count), 0);
}

function otherSchema(place: string, schema: number): MemoryError {
  const what = `Cannot move the store ${place}: its schema is ${schema}, and this program moves schema ${NEWEST_SCHEMA}`;
  const advice =
    schema > NEWEST_SCHEMA ? 'Upgrade this program' : 'Bring it up to date first with "memory-cli storage migrate"';
  return new MemoryError('STORE_FAILED', `${what}. ${advice}.`);
}

interface Order {
  readonly from: Connection;
  readonly source: Source;
  readonly anew: boolean;
}

/** The copy that `to` holds, if it can be gone on with or begun anew; `undefined` where it holds nothing. */
async function knownCopy(to: Connection, { from, source, anew }: Order): Promise<Copying | undefined> {
  const schema = await schemaVersion(to);
  if (schema === 0) return undefined;
  if (schema > NEWEST_SCHEMA) throw otherSchema(to.place, schema);
  // One of an older schema is not brought forward only to be told that it is in the way.
  const known = schema < NEWEST_SCHEMA ? undefined : await readCopying(to);
  if (known === undefined) {
    const { rows } = await to.execute({ sql: 'SELECT EXISTS (SELECT 1 FROM journal) AS isUsed', args: [] });
    if ((await identityOf(to)) === source.identity) throw sameStore(from.place, to.place);
    if (numberIn(rows[0], 'isUsed') === 1) throw await notEmpty(to);
  } else if (!anew && !(await fits(known, from, source))) throw otherSource(from.place, to.place);
  return known;
}

function isBegunAnew(known: Copying, anew: boolean): boolean {
  return anew || known.progress.stage === 'clear';
}

const FIRST_STAGE = { stage: 'copy', table: 'journal', last: null } as const satisfies CopyStage;

interface Begun {
  readonly copying: Copying;
  readonly resumed: boolean;
}

/** Marks the database as a copy that this run is at, or takes over the mark of an earlier run. */
async function begin(to: Connection, order: Order): Promise<Begun> {
  const { source, anew } = order;
  const known = await knownCopy(to, order);
  const { identity, since, entry } = source;
  const fresh: Copying = { identity, since, entry, copier: randomUUID(), progress: FIRST_STAGE };
  if (known === undefined) {
    await migrate(to);
    if (await beginCopying(to, fresh)) return { copying: fresh, resumed: false };
    // Another run was a moment faster, or somebody has begun to use it.
    throw (await readCopying(to)) === undefined ? await notEmpty(to) : goneOnWith(to.place);
  }
  const isCleared = isBegunAnew(known, anew);
  const taken: Copying = isCleared ? { ...fresh, progress: { stage: 'clear' } } : { ...known, copier: fresh.copier };
  if (!(await advanceCopying(to, [known, taken], []))) throw goneOnWith(to.place);
  if (!isCleared) return { copying: taken, resumed: true };
  await clear(to, taken);
  if (!(await advanceCopying(to, [taken, fresh], [NEW_IDENTITY]))) throw goneOnWith(to.place);
  return { copying: fresh, resumed: false };
}

/** What is kept beside the database that was here knows it by its old name. */
const NEW_IDENTITY: Statement = { sql: 'UPDATE identity SET id = lower(hex(randomblob(16)))', args: [] };

function sameStore(from: string, to: string): MemoryError {
  const what = `${from} and ${to} are the same store, or one is a copy of the other's file`;
  return new MemoryError('INVALID_INPUT', `${what}. Name another place to move it to.`);
}

async function notEmpty(to: Connection): Promise<MemoryError> {
  const { rows } = await to.execute({
    sql: `SELECT (SELECT count(*) FROM episode) AS episodes, (SELECT count(*) FROM pattern) AS patterns,
      (SELECT ifnull(max(seq), 0) FROM journal) AS entries`,
    args: [],
  });
  const count = (column: string): string => `${numberIn(rows[0], column).toLocaleString('en')} ${column}`;
  const what = `${to.place} is in use: it holds ${count('episodes')}, ${count('patterns')} and a journal of`;
  const advice = 'Name another one, or move that one away';
  return new MemoryError('INVALID_STATE', `${what} ${count('entries')}, and was left as it is. ${advice}.`);
}

function goneOnWith(place: string): MemoryError {
  const what = `Another run has gone on with the move into ${place}, and this one has stopped`;
  return new MemoryError('INVALID_STATE', `${what}. Let that one finish, or run this one again when it has stopped.`);
}

function otherSource(from: string, to: string): MemoryError {
  const what = `What an earlier move has left in ${to} does not continue in ${from}`;
  const why = 'it came from another store, or this one was put back to an older state';
  const advice = 'Use --anew to throw that away and begin again, or name another place';
  return new MemoryError('INVALID_STATE', `${what}: ${why}. Nothing was changed. ${advice}.`);
}

/** Whether the history that the copy was begun in is still the source's. */
async function fits(known: Copying, from: Connection, source: Source): Promise<boolean> {
  if (known.identity !== source.identity || known.since > source.since) return false;
  if (known.since === 0) return true;
  const { rows } = await from.execute({ sql: `${NEWEST_ENTRY} WHERE seq = ?`, args: [known.since] });
  return rows[0]?.entry === known.entry;
}

/** Rows that are deleted at a time. */
const CLEARED_ROWS = 2_000;

async function clear(to: Connection, copying: Copying): Promise<void> {
  // Steps and evidence before the episodes that they would go with: all of an episode's steps at once could be too much.
  const tables = [...TEXT_INDEXES.map(({ name }) => name), ...[...COPIED_KINDS].reverse(), 'journal', 'receipt'];
  for (const table of tables) {
    const place = table === 'receipt' ? 'key' : 'rowid';
    const remove = `DELETE FROM ${table} WHERE ${place} IN (SELECT ${place} FROM ${table} LIMIT ${CLEARED_ROWS})`;
    for (let isLeft = true; isLeft; ) {
      const results = await to.batch([
        guardOf(copying),
        { sql: remove, args: [] },
        { sql: `SELECT EXISTS (SELECT 1 FROM ${table}) AS isLeft`, args: [] },
      ]);
      isLeft = numberIn(results.at(-1)?.rows[0], 'isLeft') === 1;
    }
  }
}

/** Answers the mark as it stands when all tables are copied. */
async function copyTables(
  from: Connection,
  to: Connection,
  { copying, options, total }: Begun & { readonly options: CopyStoreOptions; readonly total: number },
): Promise<Copying> {
  const { limits = COPY_PAGE, signal, onProgress } = options;
  let known = copying;
  const there = await to.execute({ sql: `SELECT ${COUNTS}`, args: [] });
  let copied = sumOf(there.rows[0] ?? {});
  for (const { table, last: begunBehind } of stagesFrom(copying.progress)) {
    for (let last = begunBehind; ; ) {
      throwIfAborted(signal);
      const { rows } = await from.execute(pageStatement(table, { last, limits, since: copying.since }));
      const end = rows.at(-1);
      if (end === undefined) break;
      last = keyIn(table, end);
      const next: Copying = { ...known, progress: { stage: 'copy', table, last } };
      const statements = table === 'journal' ? putJournalStatements(rows) : putRowsStatements(table, rows);
      if (!(await advanceCopying(to, [known, next], statements))) throw goneOnWith(to.place);
      known = next;
      copied += rows.length;
      onProgress?.({ phase: 'copying', rows: copied, of: total });
    }
  }
  return known;
}

/** The tables that are left, the first of them behind what is there. */
function stagesFrom(progress: CopyStage): readonly { readonly table: CopiedTable; readonly last: RowKey | null }[] {
  const { table: first, last } = progress.stage === 'copy' ? progress : FIRST_STAGE;
  const left = COPIED_TABLES.slice(COPIED_TABLES.indexOf(first));
  return left.map((table) => ({ table, last: table === first ? last : null }));
}

function pageStatement(
  table: CopiedTable,
  { last, limits, since }: { readonly last: RowKey | null; readonly limits: PageLimits; readonly since: number },
): Statement {
  if (table === 'journal')
    return journalRowsStatement({ since: Number(last?.[0] ?? 0), upTo: since, limit: limits.rows });
  return rowsBehindStatement(table, { last, limits });
}

function keyIn(table: CopiedTable, row: Row): RowKey {
  return table === 'journal' ? [numberIn(row, 'seq')] : keyOf(table, row);
}
