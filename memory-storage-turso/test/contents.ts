// Everything that two databases which follow each other must have in common.
import type { Connection, Row } from '../src/connection.ts';

/** The rows of every table that is copied, in an order of their own; what only ties rows together inside a file is left out. */
export async function contentsOf(connection: Connection): Promise<Readonly<Record<string, readonly Row[]>>> {
  const contents: Record<string, readonly Row[]> = {};
  for (const [name, sql] of Object.entries(TABLES)) {
    const { rows } = await connection.execute({ sql, args: [] });
    contents[name] = rows.map(({ rowid, ...row }) => row);
  }
  return contents;
}

const TABLES: Readonly<Record<string, string>> = {
  journal: 'SELECT * FROM journal ORDER BY seq',
  episode: 'SELECT * FROM episode ORDER BY id',
  tag: 'SELECT * FROM episode_tag ORDER BY tag, episode_id',
  step: 'SELECT * FROM step ORDER BY id',
  pattern: 'SELECT * FROM pattern ORDER BY id',
  evidence: 'SELECT * FROM evidence ORDER BY id',
  baseline: 'SELECT * FROM baseline ORDER BY id',
  cluster: 'SELECT * FROM cluster ORDER BY id',
  recommendation: 'SELECT * FROM recommendation ORDER BY id',
  tombstone: 'SELECT * FROM tombstone ORDER BY id',
  embedding: 'SELECT *, hex(vectors) AS vectors FROM embedding ORDER BY id',
  model: 'SELECT * FROM model ORDER BY id',
  ...Object.fromEntries(
    ['episode_title', 'episode_body', 'pattern_title', 'pattern_body'].map((index) => {
      const [kind] = index.split('_');
      return [index, `SELECT id, terms FROM ${index} JOIN ${kind} ON ${kind}.rowid = ${index}.rowid ORDER BY id`];
    }),
  ),
};
