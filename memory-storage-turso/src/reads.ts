// How entities and the journal are read: by id, in pages, and at one moment with what changed until then.
import type { Changes, DatedReads, Entities, Filters, JournalEntry, Kind } from '@episodica/memory-core/ports';
import type { Connection, Row, Statement } from './connection.ts';
import type { JobThreads } from './job-threads.ts';
import type { PageRequest } from './jobs.ts';
import { bytesOf, bytesSql, numberIn, rowToEntity, selectedColumns, textIn } from './rows.ts';
import { matchesIn, matchStatement } from './search.ts';

/** Does work of the store unless it is closed or given up, and translates what the work fails with. */
export type Call = <T>(action: string, signal: AbortSignal | undefined, work: () => Promise<T>) => Promise<T>;

/** Rows read at a time: few enough to keep a page's time and memory small. */
const PAGE_ROWS = 200;

/** Bodies in one answer of a host, but for the last one: hosts bound the size of an answer. */
const HOST_BYTES = 2_000_000;

/** Pages of a scan. Over a network the next one is far away, so they are larger; they end early where bodies are long. */
export const PAGES: Readonly<Record<Connection['reach'], PageSize>> = {
  file: { page: PAGE_ROWS },
  network: { page: 1_000, maxBytes: HOST_BYTES },
};

type PageSize = Pick<PageRequest, 'page' | 'maxBytes'>;

/** Things asked for by their ids at a time: over a network one round trip for nearly everybody. */
const ID_PAGES: Readonly<Record<Connection['reach'], PageSize>> = {
  file: { page: PAGE_ROWS },
  network: { page: 2_000, maxBytes: HOST_BYTES },
};

/** Journal entries in one answer, unless the caller says otherwise. */
const CHANGES_LIMIT = 1_000;

/** In pages, so that many ids don't hold up the thread, and large things are no answer that is too large. */
export async function getMany<K extends Kind>(
  connection: Connection,
  kind: K,
  ids: readonly string[],
): Promise<readonly (Entities[K] | undefined)[]> {
  const entities: (Entities[K] | undefined)[] = [];
  const size = ID_PAGES[connection.reach];
  while (entities.length < ids.length) {
    const page = ids.slice(entities.length, entities.length + size.page);
    const { rows } = await connection.execute(entitiesStatement(kind, page, size));
    entities.push(...entitiesIn(rows, kind, answeredBy(rows, page, size)));
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

/** Whether there may be more, because these have as many bytes as a page may have. */
function isCut(rows: readonly Row[], { maxBytes }: PageSize): boolean {
  if (maxBytes === undefined) return false;
  return rows.reduce((sum, row) => sum + bytesOf(row), 0) >= maxBytes;
}

/** The row behind which a scan begins, as if it had just been read. */
function firstPlace(filter: Filters[Kind]): Row | undefined {
  if (!('after' in filter) || filter.after === undefined) return undefined;
  return { started_at: filter.after.startedAt, id: filter.after.id };
}

/**
 * Each is several statements that read one moment. What may take long is done in a thread. What is too large for one
 * answer is left to the caller: a second one would be of another moment.
 */
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
        const size = ID_PAGES[connection.reach];
        const statements = [NEWEST_ENTRY, changesStatement(since, limit), entitiesStatement(kind, ids, size)];
        const isLarge = ids.length > PAGE_ROWS;
        const results = await (isLarge ? jobs.run('read', statements) : connection.read(statements));
        const [newest = [], changes = [], entities = []] = results.map(({ rows }) => rows);
        return {
          answer: entitiesIn(entities, kind, answeredBy(entities, ids, size)),
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

/** Sizes are told without reading what they are sizes of: of what waits for the next answer nothing is read. */
function entitiesStatement(kind: Kind, ids: readonly string[], { maxBytes }: PageSize): Statement {
  const asked = JSON.stringify(ids);
  if (maxBytes === undefined) {
    const sql = `SELECT ${selectedColumns(kind)} FROM ${kind} WHERE id IN (SELECT value FROM json_each(?1))`;
    return { sql, args: [asked] };
  }
  return {
    sql: `WITH sized AS (
        SELECT given.key AS place, ${kind}.rowid AS row, ${bytesSql(kind)} AS bytes
        FROM json_each(?1) AS given CROSS JOIN ${kind} ON ${kind}.id = given.value
      ), counted AS (
        SELECT place, row, sum(bytes) OVER (ORDER BY place ROWS UNBOUNDED PRECEDING) - bytes AS bytes_before FROM sized
      )
      SELECT ${selectedColumns(kind)}, counted.place FROM counted CROSS JOIN ${kind} ON ${kind}.rowid = counted.row
      WHERE counted.bytes_before < ?2 ORDER BY counted.place`,
    args: [asked, maxBytes],
  };
}

/** The ids, from the first on, about which these rows say all there is. */
function answeredBy(rows: readonly Row[], ids: readonly string[], size: PageSize): readonly string[] {
  return isCut(rows, size) ? ids.slice(0, numberIn(rows.at(-1), 'place') + 1) : ids;
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
