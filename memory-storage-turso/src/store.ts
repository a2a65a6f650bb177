// `MemoryStore` over libSQL: each verb is one statement or one batch.
import { groupCommit, MemoryError, mapInTurns, throwIfAborted, turns } from '@episodica/memory-core';
import type {
  CallOptions,
  Changes,
  Entities,
  Filters,
  JournalEntry,
  Kind,
  MemoryStore,
  Write,
  WriteOptions,
  WriteReceipt,
} from '@episodica/memory-core/ports';
import { careOf, type StoreCare } from './care.ts';
import type { Connection, Result, Row, Statement } from './connection.ts';
import { toMemoryError, violationOf } from './errors.ts';
import { type JobThreads, jobThreads } from './job-threads.ts';
import { jobsOn, type PageRequest, readPage } from './jobs.ts';
import { openLocalFile, pathOf, patiently } from './local-file.ts';
import { numberIn, rowToEntity, selectedColumns, textIn } from './rows.ts';
import { identityOf, migrate } from './schema.ts';
import { type Group, groupsOf, journalStatement, refusalOf, statementsOf } from './write.ts';

/** Where the store is, and how it writes. */
export interface TursoStoreOptions {
  /** `file:` and a path. A percent sign, a space and the like are escaped, as `pathToFileURL` does it. */
  readonly url: string;
  /** How long a call waits for other processes before it fails with `STORE_UNAVAILABLE`. @default 5000 */
  readonly busyTimeoutMs?: number;
  /** `full`: a write that resolved survives a power cut. `normal`: it survives the end of the process. @default 'full' */
  readonly durability?: 'full' | 'normal';
  /**
   * Whether work that grows with the store has threads of its own, so that it never holds up the caller's. Without, a
   * program that does one thing and ends is spared their start, some 50 ms. @default true
   */
  readonly threads?: boolean;
}

/** What this store offers beside the port. */
export interface TursoStore extends MemoryStore, StoreCare {
  /** Tells this database from every other one, wherever its file lies: a cache of it is kept under this name. */
  readonly identity: string;
  readonly text: NonNullable<MemoryStore['text']>;
}

/**
 * Opens the store, creates it where there is none, and brings its schema up to date.
 * @throws `STORE_FAILED` for a place that cannot be opened or a schema that is newer than this code, `STORE_CORRUPT`
 * for a file that is no database, `STORE_UNAVAILABLE` while other processes keep it busy
 */
export async function openTursoStore(options: TursoStoreOptions): Promise<TursoStore> {
  const { url, busyTimeoutMs = 5_000, durability = 'full', threads = true } = options;
  if (!url.startsWith('file:')) {
    throw new MemoryError(
      'NOT_SUPPORTED',
      'The store can only be a local file so far; use a URL that begins with "file:".',
    );
  }
  const path = pathOf(url);
  const file = { busyTimeoutMs, durability };
  try {
    const connection = await openLocalFile(path, file);
    return await openStoreOver(connection, threads ? jobThreads({ path, options: file }) : undefined);
  } catch (error) {
    throw toMemoryError(error, `open the store ${path}`);
  }
}

/** A store over any connection, which it closes when it cannot be opened. Without threads, it does the jobs as well. */
export async function openStoreOver(connection: Connection, threads?: JobThreads): Promise<TursoStore> {
  const jobs = threads ?? { run: jobsOn(connection), close: async () => undefined };
  try {
    await patiently(() => migrate(connection));
    return tursoStore(connection, jobs, await identityOf(connection));
  } catch (error) {
    await jobs.close();
    await connection.close();
    throw error;
  }
}

/** Rows read at a time: few enough to keep a page's time and memory small. */
const PAGE_ROWS = 200;
/** Journal entries in one answer, unless the caller says otherwise. */
const CHANGES_LIMIT = 1_000;

function tursoStore(connection: Connection, jobs: JobThreads, identity: string): TursoStore {
  const { place } = connection;
  const begun = new Set<Promise<unknown>>();
  let isClosed = false;

  async function call<T>(action: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    if (isClosed) throw new MemoryError('CLOSED', `The store ${place} is closed; open it again.`);
    throwIfAborted(signal);
    const working = work();
    begun.add(working);
    try {
      return await working;
    } catch (error) {
      throw toMemoryError(error, `${action} the store ${place}`);
    } finally {
      begun.delete(working);
    }
  }

  /** The steps of an episode lie side by side; any other page may cost a look at every row there is. */
  const readRows = (request: PageRequest): Promise<readonly Row[]> =>
    request.kind === 'step' ? readPage(connection, request) : jobs.run('page', request);

  const commit = groupCommit((batch, options) => write({ connection, jobs, batch, options }));

  return {
    name: 'turso',
    identity,

    getMany<K extends Kind>(kind: K, ids: readonly string[], options?: CallOptions) {
      return call('read', options?.signal, () => getMany(connection, kind, ids));
    },

    async *scan<K extends Kind>(kind: K, filter: Filters[K], options?: CallOptions) {
      const limit = 'limit' in filter && filter.limit !== undefined ? filter.limit : Number.POSITIVE_INFINITY;
      const turn = turns();
      let last = firstPlace(filter);
      for (let left = limit; left > 0; ) {
        const page = Math.min(left, PAGE_ROWS);
        const rows = await call('read', options?.signal, () => readRows({ kind, filter, last, page }));
        for (const row of rows) {
          throwIfAborted(options?.signal);
          await turn();
          yield rowToEntity(kind, row);
        }
        left -= rows.length;
        last = rows.at(-1);
        if (rows.length < page) return;
      }
    },

    write: (batch, options) => call('write to', options?.signal, () => commit(batch, options)),

    changes: (since, options) => call('read', options?.signal, () => readChanges(connection, since, options?.limit)),

    text: {
      match: (query, options) => call('search', options?.signal, () => jobs.run('match', query)),
    },

    ...careOf({ place, run: jobs.run, call }),

    async close() {
      isClosed = true;
      await Promise.allSettled(begun);
      await jobs.close();
      await connection.close();
    },
  };
}

/** In pages, so that many ids don't hold up the thread. */
async function getMany<K extends Kind>(
  connection: Connection,
  kind: K,
  ids: readonly string[],
): Promise<readonly (Entities[K] | undefined)[]> {
  const entities: (Entities[K] | undefined)[] = [];
  for (let start = 0; start < ids.length; start += PAGE_ROWS) {
    const page = ids.slice(start, start + PAGE_ROWS);
    const { rows } = await connection.execute({
      sql: `SELECT ${selectedColumns(kind)} FROM ${kind} WHERE id IN (SELECT value FROM json_each(?1))`,
      args: [JSON.stringify(page)],
    });
    const found = new Map(rows.map((row) => [textIn(row, 'id'), row]));
    for (const id of page) {
      const row = found.get(id);
      entities.push(row && rowToEntity(kind, row));
    }
  }
  return entities;
}

/** The row behind which a scan begins, as if it had just been read. */
function firstPlace(filter: Filters[Kind]): Row | undefined {
  if (!('after' in filter) || filter.after === undefined) return undefined;
  return { started_at: filter.after.startedAt, id: filter.after.id };
}

/** Statements with more text than this, in characters, go to a thread: here they would hold up everything else. */
const MAX_TEXT_HERE = 64_000;

/**
 * One batch. When the engine turns down a group of writes, the batch is run again with each write alone: nothing was
 * changed, and now the statement that fails names the write.
 */
async function write(order: {
  readonly connection: Connection;
  readonly jobs: JobThreads;
  readonly batch: readonly Write[];
  readonly options: WriteOptions | undefined;
}): Promise<WriteReceipt> {
  const { connection, jobs, batch, options } = order;
  const entry = { at: new Date().toISOString(), actor: options?.actor ?? 'library' };
  for (let groups = groupsOf(batch); ; groups = batch.map((single): Group => [single])) {
    const parts = await mapInTurns(groups, (group) => ({ group, statements: statementsOf(group) }));
    const statements = [...parts.flatMap((part) => part.statements), journalStatement(batch, entry)];
    try {
      const isLarge = textLength(statements) > MAX_TEXT_HERE;
      return receiptOf(batch, await (isLarge ? jobs.run('batch', statements) : connection.batch(statements)));
    } catch (error) {
      const violation = violationOf(error);
      if (violation === undefined) throw error;
      const owners = parts.flatMap((part) => part.statements.map(() => part.group));
      const [first, ...others] = owners[violation.statementIndex] ?? [];
      if (first === undefined) throw error;
      if (others.length === 0) throw refusalOf(first, violation.message);
    }
  }
}

function textLength(statements: readonly Statement[]): number {
  return statements.reduce(
    (sum, { args }) => args.reduce<number>((length, arg) => length + (typeof arg === 'string' ? arg.length : 0), sum),
    0,
  );
}

function receiptOf(batch: readonly Write[], results: readonly Result[]): WriteReceipt {
  const journal = results.at(-1);
  const numbers = new Map<string, number>();
  for (const { rows } of results.slice(0, -1)) {
    for (const row of rows) numbers.set(textIn(row, 'id'), numberIn(row, 'number'));
  }
  const stepIds = batch.flatMap((write) => (write.op === 'put' && write.kind === 'step' ? [write.value.id] : []));
  const [newest] = journal?.rows ?? [];
  return {
    seq: newest === undefined ? (journal?.lastInsertRowid ?? 0) : numberIn(newest, 'seq'),
    stepNumbers: stepIds.map((id) => numbers.get(id) ?? 0),
  };
}

async function readChanges(connection: Connection, since: number, limit = CHANGES_LIMIT): Promise<Changes> {
  const { rows } = await connection.execute({
    sql: `SELECT newest.seq AS newest, page.*
      FROM (SELECT ifnull(max(seq), 0) AS seq FROM journal) AS newest
      LEFT JOIN (SELECT seq, at, kind, id, op, actor FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2) AS page`,
    args: [since, limit],
  });
  return { entries: rows.filter(({ seq }) => seq !== null).map(rowToEntry), seq: numberIn(rows[0], 'newest') };
}

function rowToEntry(row: Row): JournalEntry {
  return {
    seq: numberIn(row, 'seq'),
    at: textIn(row, 'at'),
    // Only `journalStatement` writes these two.
    kind: textIn(row, 'kind') as JournalEntry['kind'],
    id: textIn(row, 'id'),
    op: textIn(row, 'op') as JournalEntry['op'],
    actor: textIn(row, 'actor'),
  };
}
