// What a store holds, in figures.
import type { Kind } from '@episodica/memory-core/ports';
import type { Access, Connection } from './connection.ts';
import { hasTable, numberIn, textIn } from './rows.ts';
import { schemaVersion } from './schema.ts';

/** Figures of a store. */
export interface StoreStats {
  /** The file, or the address of the database. */
  readonly path: string;
  readonly sizeBytes: number;
  /** `read-only`: the file may not be written here; reads work. */
  readonly access: Access;
  /** Of that, pages that hold nothing: `vacuum` gives them back. */
  readonly freeBytes: number;
  readonly schema: number;
  readonly counts: Readonly<Record<Kind, number>>;
  /** The newest sequence number. */
  readonly journalSeq: number;
  /** When the oldest and the newest episode began; absent without any. */
  readonly oldestEpisodeAt?: string;
  readonly newestEpisodeAt?: string;
}

/** Counts rows: its cost grows with the store. */
export async function readStats(connection: Connection): Promise<StoreStats> {
  const schema = await schemaVersion(connection);
  const counts = KINDS.map(
    (kind) => `${hasTable(kind, schema) ? `(SELECT count(*) FROM ${kind})` : 0} AS ${kind}`,
  ).join(', ');
  const { rows } = await connection.execute({
    sql: `SELECT ${counts}, (SELECT ifnull(max(seq), 0) FROM journal) AS seq,
      (SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()) AS size,
      (SELECT freelist_count * page_size FROM pragma_freelist_count(), pragma_page_size()) AS free,
      (SELECT min(started_at) FROM episode) AS oldest, (SELECT max(started_at) FROM episode) AS newest`,
    args: [],
  });
  const countOf = (kind: Kind): number => numberIn(rows[0], kind);
  return {
    path: connection.place,
    access: connection.access,
    sizeBytes: numberIn(rows[0], 'size'),
    freeBytes: numberIn(rows[0], 'free'),
    schema,
    counts: {
      episode: countOf('episode'),
      step: countOf('step'),
      pattern: countOf('pattern'),
      evidence: countOf('evidence'),
      baseline: countOf('baseline'),
      cluster: countOf('cluster'),
      recommendation: countOf('recommendation'),
      tombstone: countOf('tombstone'),
      embedding: countOf('embedding'),
      model: countOf('model'),
    },
    journalSeq: numberIn(rows[0], 'seq'),
    ...(countOf('episode') === 0
      ? {}
      : { oldestEpisodeAt: textIn(rows[0], 'oldest'), newestEpisodeAt: textIn(rows[0], 'newest') }),
  };
}

/** Every kind of thing in the store, each after what it belongs to. */
export const KINDS = [
  'episode',
  'step',
  'pattern',
  'evidence',
  'baseline',
  'cluster',
  'recommendation',
  'tombstone',
  'embedding',
  'model',
] as const;
