// How entities and the journal are read: by id, in pages, and at one moment with what changed until then.
import type { Changes, DatedReads, Entities, Filters, JournalEntry, Kind } from '@episodica/memory-core/ports';
import type { Connection, Row, Statement } from './connection.ts';
import type { JobThreads } from './job-threads.ts';
import type { PageRequest } from './jobs.ts';
import { numberIn, rowToEntity, selectedColumns, textIn } from './rows.ts';
import { matchesIn, matchStatement } from './search.ts';

/** Does work of the store unless it is closed or given up, and translates what the work fails with. */
export type Call = <T>(action: string, signal: AbortSignal | undefined, work: () => Promise<T>) => Promise<T>;

/** Rows read at a time: few enough to keep a page's time and memory small. */
const PAGE_ROWS = 200;

/**
 * Pages of a scan. Over a network the next one is far away, so they are larger; they end early where bodies are long,
 * as hosts bound the size of an answer.
 */
export const PAGES: Readonly<Record<Connection['reach'], PageSize>> = {
  file: { page: PAGE_ROWS },
  network: { page: 1_000, maxCharacters: 2_000_000 },
};

type PageSize = Pick<PageRequest, 'page' | 'maxCharacters'>;

/** Things asked of a host at once: one round trip for nearly everybody, and an answer of a few megabytes at most. */
const HOST_IDS = 2_000;

/** Journal entries in one answer, unless the caller says otherwise. */
const CHANGES_LIMIT = 1_000;

/** In pages, so that many ids don't hold up the thread. */
export async function getMany<K extends Kind>(
  connection: Connection,
  kind: K,
  ids: readonly string[],
): Promise<readonly (Entities[K] | undefined)[]> {
  const entities: (Entities[K] | undefined)[] = [];
  const pageIds = connection.reach === 'network' ? HOST_IDS : PAGE_ROWS;
  for (let start = 0; start < ids.length; start += pageIds) {
    const page = ids.slice(start, start + pageIds);
    const { rows } = await connection.execute(entitiesStatement(kind, page));
    entities.push(...entitiesIn(rows, kind, page));
  }
  return entities;
}

export async function* rowsInPages(
  { filter, size }: { readonly filter: Filters[Kind]; readonly size: PageSize },
  readBehind: (last: Row | undefined, page: number) => Promise<readonly Row[]>,
): AsyncIterable<Row> {
  const limit = 'limit' in filter && filter.limit !== undefined ? filter.limit : Number.POSITIVE_INFINITY;
  let last = firstPlace(filter);
  for (let left = limit; left > 0; ) {
    const page = Math.min(left, size.page);
    const rows = await readBehind(last, page);
    yield* rows;
    left -= rows.length;
    last = rows.at(-1);
    if (last === undefined || (rows.length < page && !isCut(rows, size))) return;
  }
}

/** Whether there may be more, because these have as many characters as a page may have. */
function isCut(rows: readonly Row[], { maxCharacters = Number.POSITIVE_INFINITY }: PageSize): boolean {
  return rows.reduce((sum, row) => sum + textIn(row, 'body').length, 0) >= maxCharacters;
}

/** The row behind which a scan begins, as if it had just been read. */
function firstPlace(filter: Filters[Kind]): Row | undefined {
  if (!('after' in filter) || filter.after === undefined) return undefined;
  return { started_at: filter.after.startedAt, id: filter.after.id };
}

/** Each is several statements that read one moment. What may take long is done in a thread. */
export function datedReads({
  connection,
  jobs,
  call,
}: {
  readonly connection: Connection;
  readonly jobs: JobThreads;
  readonly call: Call;
}): Required<DatedReads> {
  return {
    getMany: ({ kind, ids, since, limit }, options) =>
      call('read', options?.signal, async () => {
        const statements = [NEWEST_ENTRY, changesStatement(since, limit), entitiesStatement(kind, ids)];
        const isLarge = ids.length > PAGE_ROWS;
        const results = await (isLarge ? jobs.run('read', statements) : connection.read(statements));
        const [newest = [], changes = [], entities = []] = results.map(({ rows }) => rows);
        return {
          answer: entitiesIn(entities, kind, ids),
          changes: changesIn(changes),
          newest: newest.map(rowToEntry)[0],
        };
      }),
    match: (query, options) =>
      call('search', options?.signal, async () => {
        const results = await jobs.run('read', [NEWEST_ENTRY, matchStatement(query)]);
        const [newest = [], matches = []] = results.map(({ rows }) => rows);
        return { answer: matchesIn(matches, query), newest: newest.map(rowToEntry)[0] };
      }),
  };
}

function entitiesStatement(kind: Kind, ids: readonly string[]): Statement {
  return {
    sql: `SELECT ${selectedColumns(kind)} FROM ${kind} WHERE id IN (SELECT value FROM json_each(?1))`,
    args: [JSON.stringify(ids)],
  };
}

function entitiesIn<K extends Kind>(
  rows: readonly Row[],
  kind: K,
  ids: readonly string[],
): readonly (Entities[K] | undefined)[] {
  const found = new Map(rows.map((row) => [textIn(row, 'id'), row]));
  return ids.map((id) => {
    const row = found.get(id);
    return row && rowToEntity(kind, row);
  });
}

const NEWEST_ENTRY: Statement = {
  sql: 'SELECT seq, at, kind, id, op, actor FROM journal ORDER BY seq DESC LIMIT 1',
  args: [],
};

export async function readChanges(connection: Connection, since: number, limit: number | undefined): Promise<Changes> {
  const { rows } = await connection.execute(changesStatement(since, limit));
  return changesIn(rows);
}

function changesStatement(since: number, limit = CHANGES_LIMIT): Statement {
  return {
    sql: `SELECT newest.seq AS newest, page.*
      FROM (SELECT ifnull(max(seq), 0) AS seq FROM journal) AS newest
      LEFT JOIN (SELECT seq, at, kind, id, op, actor FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2) AS page`,
    args: [since, limit],
  };
}

function changesIn(rows: readonly Row[]): Changes {
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
