import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { openTursoStore, type TursoStore, verifyTursoFile } from '@episodica/memory-storage-turso';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';

let directory: string;
let path: string;
let store: TursoStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-verify-'));
  path = join(directory, 'memory.db');
  const lived = readFileSync(new URL('fixtures/schema-5.db.gz', import.meta.url));
  writeFileSync(path, gunzipSync(lived));
  store = await openTursoStore({ url: pathToFileURL(path).href });
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

const SETTLED = `status = 'completed' AND learning_pending = 0`;

/** What another program could do to a store, and what is said of it. */
const DAMAGES: readonly {
  readonly what: string;
  readonly sql: readonly string[];
  readonly findings: readonly RegExp[];
}[] = [
  {
    what: 'a step without its episode',
    sql: [`UPDATE step SET episode_id = 'nowhere' WHERE episode_id = (SELECT min(episode_id) FROM step)`],
    findings: [
      /^5 rows of step belong to no episode/u,
      ...Array.from({ length: 5 }, () => /another episode_id in its body/u),
    ],
  },
  {
    what: 'vectors that were cut off',
    sql: ['UPDATE embedding SET vectors = substr(vectors, 1, 30) WHERE id = (SELECT min(id) FROM embedding)'],
    findings: [/^The body of the embedding .* cannot be read/u],
  },
  {
    what: 'vectors of an episode that is not there',
    sql: [
      `UPDATE embedding SET episode_id = 'nowhere' WHERE id = (SELECT min(id) FROM embedding WHERE pattern_id IS NULL)`,
    ],
    findings: [/^1 rows of embedding belong to no episode/u, /another episode_id in its body/u],
  },
  {
    what: 'an episode whose texts are not what its hash says',
    sql: [`UPDATE episode SET text_hash = 'x' WHERE id = (SELECT min(id) FROM episode)`],
    findings: [/^The episode .* has another text_hash in its body than beside it/u],
  },
  {
    what: 'an episode that a text index lacks',
    sql: ['DELETE FROM episode_title WHERE rowid = (SELECT min(rowid) FROM episode)'],
    findings: [/^1 rows of episode are missing from the text index episode_title, and no search finds them/u],
  },
  {
    what: 'text of a pattern that is not there',
    sql: [`INSERT INTO pattern_body (rowid, terms) VALUES (999, 'word')`],
    findings: [/^1 entries of the text index pattern_body belong to no pattern/u],
  },
  {
    what: 'a gap in the journal',
    sql: ['DELETE FROM journal WHERE seq = 2'],
    findings: [/^1 entries of the journal are missing/u, /no entry in the journal/u],
  },
  {
    what: 'a row that the journal does not know',
    sql: [`INSERT INTO tombstone (id, version, body) VALUES ('x', 1, '{"id":"x","version":1,"at":""}')`],
    findings: [/^1 rows of tombstone have no entry in the journal/u],
  },
  {
    what: 'a missing step',
    sql: ['DELETE FROM step WHERE number = 2 AND episode_id = (SELECT min(episode_id) FROM step)'],
    findings: [/^The episode \S+ has 4 steps, and its last one is number 5/u, /^3 steps have wrong totals/u],
  },
  {
    what: 'wrong totals',
    sql: ['UPDATE step SET total_bytes = 1 WHERE number = 1'],
    findings: [/^\d+ steps have wrong totals/u],
  },
  {
    what: 'a pattern whose evidence is not all that it keeps',
    sql: [
      `UPDATE pattern SET support = 40, body = json_set(body, '$.support', 40, '$.kept.episodes', 30) WHERE id = (SELECT min(id) FROM pattern)`,
    ],
    findings: [/^The pattern \S+ counts 3 successes of 40 \(3 of 30 kept\), and its evidence 3 of 4/u],
  },
  {
    what: 'a pattern that counts more than all of its evidence',
    sql: [
      `UPDATE pattern SET support = 40, body = json_set(json_remove(body, '$.kept'), '$.support', 40) WHERE id = (SELECT min(id) FROM pattern)`,
    ],
    findings: [/^The pattern \S+ counts 3 successes of 40 \(3 of 40 kept\), and its evidence 3 of 4/u],
  },
  {
    what: 'a pattern that counts less than its evidence',
    sql: [
      `UPDATE pattern SET support = 3, body = json_set(body, '$.support', 3, '$.kept', json('{"episodes":4,"successes":3}')) WHERE id = (SELECT min(id) FROM pattern)`,
    ],
    findings: [/^The pattern \S+ counts 3 successes of 3 \(3 of 4 kept\), and its evidence 3 of 4/u],
  },
  {
    what: 'a pattern that counts successes that were failures',
    sql: [`UPDATE evidence SET body = json_set(body, '$.isSuccess', json('false'))`],
    findings: Array.from(
      { length: 3 },
      () => /^The pattern \S+ counts 3 successes of 4 \(3 of 4 kept\), and its evidence 0 of 4/u,
    ),
  },
  {
    what: 'evidence of a pattern that is not there',
    sql: ['DELETE FROM pattern_title', 'DELETE FROM pattern_body', 'DELETE FROM pattern'],
    findings: [/^3 rows of embedding belong to no pattern/u, /^12 rows of evidence belong to no pattern/u],
  },
  {
    what: 'a wrong base rate',
    sql: [`UPDATE baseline SET body = json_set(body, '$.successes', 1)`],
    findings: [/^The base rate of the scope \["shop","auth"\] counts 1 successes of 4 episodes, and there are 3 of 4/u],
  },
  {
    what: 'a scope without a base rate',
    sql: ['DELETE FROM baseline'],
    findings: [/^The scope \["shop","auth"\] has 4 episodes and no base rate/u],
  },
  {
    what: 'a body that is no JSON',
    sql: [`UPDATE recommendation SET body = '{'`],
    findings: [/^The body of the recommendation \S+ cannot be read/u],
  },
  {
    what: 'an episode whose columns say something else than its body',
    sql: [
      `UPDATE episode SET version = 77, reward = 0.123 WHERE rowid = (SELECT min(rowid) FROM episode WHERE ${SETTLED})`,
    ],
    findings: [/^The episode \S+ has another version and another reward in its body than beside it/u],
  },
  {
    what: 'an inverted index that is damaged',
    sql: ['DELETE FROM episode_body_data WHERE id > 10'],
    findings: [/^The text index episode_body is damaged: make it anew with "memory-cli storage repair"/u],
  },
];

test('a store that lived is whole [ST-12]', async () => {
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  expect(await verifyTursoFile({ url: pathToFileURL(path).href })).toEqual({ ok: true, findings: [] });
});

for (const { what, sql, findings } of DAMAGES) {
  test(`verify finds ${what}, and says what to do [ST-12]`, async () => {
    const database = new Database(path);
    database.exec('PRAGMA foreign_keys = OFF');
    for (const statement of sql) database.exec(statement);
    database.close();
    const found = await store.verify();
    expect(found).toEqual({ ok: false, findings: findings.map((finding) => expect.stringMatching(finding)) });
    for (const finding of found.findings)
      expect(finding).toMatch(/"memory-cli (?:backup restore FILE|storage repair)"\.$/u);
  });
}

test('many findings of a kind are told by the first and their number [ST-12]', async () => {
  const database = new Database(path);
  database.exec('UPDATE step SET version = 9');
  database.close();
  const { findings } = await store.verify();
  expect(findings).toHaveLength(11);
  expect(findings.at(-1)).toBe('There are 15 more findings of this kind.');
});

test('a damaged text index is made anew from the terms that it keeps [ST-12]', async () => {
  const question = { kind: 'episode', terms: ['login'], limit: 9 } as const;
  const before = await store.text.match(question);
  const database = new Database(path);
  database.exec('DELETE FROM episode_title_data WHERE id > 10');
  database.close();
  await expect(store.text.match(question)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringMatching(/SQLITE_CORRUPT_VTAB.*storage repair/u),
  });
  expect(await store.repair()).toEqual({ ok: true, findings: [] });
  expect(await store.text.match(question)).toEqual(before);
});
