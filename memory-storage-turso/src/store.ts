// `MemoryStore` over libSQL: each verb is one statement or one batch.
import { groupCommit, MemoryError, mapInTurns, throwIfAborted, turns } from '@episodica/memory-core/backend';
import type { CallOptions, DatedReads, Filters, IndexTerms, Kind, MemoryStore } from '@episodica/memory-core/ports';
import { careOf, type StoreCare } from './care.ts';
import type { Access, Connection, Row } from './connection.ts';
import { isOfAllWrites, toMemoryError } from './errors.ts';
import type { JobThreads } from './job-threads.ts';
import { type PageRequest, readPage } from './jobs.ts';
import type { StoreConnection } from './lasting-connection.ts';
import { type Call, datedReads, getMany, PAGES, readChanges, rowsInPages } from './reads.ts';
import type { Replica } from './replica.ts';
import { hasTable, rowToEntity } from './rows.ts';
import { schemaVersion } from './schema.ts';
import { type TermsRequest, termsIn } from './search.ts';
import { writeBatch } from './write-batch.ts';

/** What this store offers beside the port. */
export interface TursoStore extends MemoryStore, StoreCare {
  /**
   * Tells this database from every other one, wherever its file lies: a cache of it is kept under this name. Another
   * one when another database took the place of this one.
   */
  readonly identity: string;
  /** The file or the address, for messages. Without credentials. */
  readonly place: string;
  /** Whether it lies in a file here, or is reached over a network. */
  readonly reach: Connection['reach'];
  /** `read-only`: the file may not be written; reads work. The next write looks again. */
  readonly access: Access;
  readonly text: NonNullable<MemoryStore['text']>;
  readonly dated: Required<DatedReads>;
  /** Of a file that follows a database, and of no other store. */
  readonly replica?: Replica;
}

export interface StoreSetup {
  readonly jobs: JobThreads;
  readonly schema: number;
  readonly encryptionKey?: string | undefined;
  /** How long a call waits for other processes. @default 5000 */
  readonly busyTimeoutMs?: number | undefined;
}

export function tursoStore(connection: StoreConnection, { jobs, schema, ...file }: StoreSetup): TursoStore {
  const { place } = connection;
  const { call, end } = callsOf(place);

  /** The steps of an episode lie side by side; any other page may cost a look at every row there is. */
  const readRows = (request: PageRequest): Promise<readonly Row[]> =>
    request.kind === 'step' ? readPage(connection, request) : jobs.run('page', request);

  /** A store of an older schema, as one that may not be changed, lacks some tables, and holds nothing of these kinds. */
  const isWithout = async (kind: Kind): Promise<boolean> =>
    !hasTable(kind, 0) && !hasTable(kind, connection.access === 'read-only' ? await schemaVersion(connection) : schema);

  const commit = groupCommit(async (batch, options) => {
    try {
      return await writeBatch({ connection: hurried(connection, options.askedMs), jobs, schema, batch, options });
    } catch (error) {
      throw isOfAllWrites(error) ? toMemoryError(error, `write to the store ${place}`) : error;
    }
  });

  return {
    name: 'turso',
    place,
    reach: connection.reach,
    get identity() {
      return connection.identity;
    },
    get access() {
      return connection.access;
    },

    getMany<K extends Kind>(kind: K, ids: readonly string[], options?: CallOptions) {
      return call('read', options?.signal, async () =>
        (await isWithout(kind)) ? ids.map(() => undefined) : getMany(hurried(connection), kind, ids),
      );
    },

    async *scan<K extends Kind>(kind: K, filter: Filters[K], options?: CallOptions) {
      const turn = turns();
      const size = PAGES[connection.reach];
      if (await isWithout(kind)) return;
      const readBehind = (last: Row | undefined, page: number): Promise<readonly Row[]> =>
        call('read', options?.signal, () => readRows({ kind, filter, last, ...size, page }));
      for await (const row of rowsInPages({ filter, size }, readBehind)) {
        throwIfAborted(options?.signal);
        await turn();
        yield rowToEntity(kind, row);
      }
    },

    write: (batch, options) => call('write to', options?.signal, () => commit(batch, options)),

    changes: (since, options) => call('read', options?.signal, () => readChanges(connection, since, options?.limit)),

    text: {
      match: (query, options) => call('search', options?.signal, () => jobs.run('match', query)),
      terms: (kind, ids, options) => call('read', options?.signal, () => allTerms(jobs, { kind, ids })),
    },

    dated: datedReads({ connection, jobs, call }),

    ...careOf({ ...file, place, reach: connection.reach, run: jobs.run, call }),

    async close() {
      await end();
      await jobs.close();
      await connection.close();
    },
  };
}

/** Of all of them, in as many answers as it takes. */
async function allTerms(jobs: JobThreads, { kind, ids }: TermsRequest): Promise<readonly (IndexTerms | undefined)[]> {
  const found: (IndexTerms | undefined)[] = [];
  while (found.length < ids.length) {
    const rows = await jobs.run('terms', { kind, ids: ids.slice(found.length) });
    found.push(...(await mapInTurns(rows, termsIn)));
  }
  return found;
}

/** `end` refuses calls from now on, and waits for those that have begun. */
function callsOf(place: string): { readonly call: Call; end(): Promise<void> } {
  const begun = new Set<Promise<unknown>>();
  let isEnded = false;
  return {
    async call(action, signal, work) {
      if (isEnded) throw new MemoryError('CLOSED', `The store ${place} is closed; open it again.`);
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
    },
    async end() {
      isEnded = true;
      await Promise.allSettled(begun);
    },
  };
}

/** For the calls of one verb, which has one deadline. */
export function hurried(connection: Connection, sinceMs?: number): Connection {
  return connection.withOneDeadline?.(sinceMs) ?? connection;
}
