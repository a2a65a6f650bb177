import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { Pattern } from '@episodica/memory-core';
import type { Entities, Filters, Kind } from '@episodica/memory-core/ports';
import { openTursoStore, type TursoStore } from '@episodica/memory-storage-turso';
import { aPattern, put } from '@episodica/test-utils';
import { createClient } from '@libsql/client';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStoreAt } from '../dist/open.js';
import { clientConnection } from '../src/connection.ts';
import { conditionsOf, orderOf, whereOf } from '../src/filters.ts';
import { MIGRATIONS, migrate, schemaVersion } from '../src/schema.ts';

const FIXTURES = new URL('fixtures/', import.meta.url);
const MIGRATOR = fileURLToPath(new URL('migrator.mjs', FIXTURES));
const NEWEST = MIGRATIONS.length;

let directory: string;
let path: string;
let url: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-schema-'));
  path = join(directory, 'memory.db');
  url = pathToFileURL(path).href;
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

type Content = { readonly [K in Kind]: readonly Entities[K][] };

function released(schema: number): Content {
  writeFileSync(path, gunzipSync(readFileSync(new URL(`schema-${schema}.db.gz`, FIXTURES))));
  const text = gunzipSync(readFileSync(new URL(`schema-${schema}.json.gz`, FIXTURES))).toString();
  // What the first schemas had no place for, they hold nothing of.
  const { embedding = [], model = [], cluster = [], ...others } = JSON.parse(text);
  const withVectors = embedding.map((value: { readonly vectors: readonly number[][] }) => ({
    ...value,
    vectors: value.vectors.map((numbers) => Float32Array.from(numbers)),
  }));
  return { ...others, embedding: withVectors, model, cluster };
}

/** What the newest schema makes of what a store held: from the fifth on, that is all there is. */
function broughtForward(content: Content, schema: number): Content {
  if (schema >= 5) return content;
  return {
    ...content,
    episode: content.episode.map((episode) =>
      episode.status === 'open' ? episode : { ...episode, version: episode.version + 1, learningPending: true },
    ),
    pattern: content.pattern.map((pattern) => ({ ...withUntold(pattern), version: pattern.version + 1 })),
  };
}

function withUntold(pattern: Pattern): Pattern {
  return { ...pattern, tasks: 0, standing: 'candidate', pValue: 1, history: [] };
}

/** As a store says it that stays at an older schema. */
function asRead(content: Content): Content {
  return { ...content, pattern: content.pattern.map(withUntold) };
}

async function contentOf(store: TursoStore): Promise<Content> {
  const all = async <K extends Kind>(kind: K): Promise<readonly Entities[K][]> => {
    const entities: Entities[K][] = [];
    for await (const entity of store.scan(kind, {})) entities.push(entity);
    return entities;
  };
  return {
    episode: await all('episode'),
    step: await all('step'),
    pattern: await all('pattern'),
    evidence: await all('evidence'),
    baseline: await all('baseline'),
    cluster: await all('cluster'),
    recommendation: await all('recommendation'),
    tombstone: await all('tombstone'),
    embedding: await all('embedding'),
    model: await all('model'),
  };
}

function backups(): readonly string[] {
  const folder = join(directory, 'backups');
  return existsSync(folder) ? readdirSync(folder) : [];
}

async function startMigrator(): Promise<ChildProcess> {
  const child = fork(MIGRATOR);
  children.push(child);
  await once(child, 'message');
  return child;
}

/** Leads to the next schema. */
const NEXT_STEP = ['CREATE TABLE later (value TEXT)', "INSERT INTO later (value) VALUES ('was here')"];
/** Writes more than fits into memory before it is done: its part in the log shows that it is under way. */
const LARGE_STEP = [
  'CREATE TABLE later (value TEXT)',
  `INSERT INTO later (value) WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 2000000)
   SELECT 'a value that takes some room' || n FROM counted`,
];

for (let schema = 1; schema <= NEWEST; schema += 1) {
  test(`a store of schema ${schema} is brought to the newest and holds what it held [ST-09]`, async () => {
    const content = released(schema);
    const store = await openTursoStore({ url });
    expect((await store.stats()).schema).toBe(NEWEST);
    expect(await contentOf(store)).toEqual(broughtForward(content, schema));
    expect(await store.verify()).toEqual({ ok: true, findings: [] });
    const [episode] = content.episode;
    const found = await store.text.match({ kind: 'episode', terms: ['login'], limit: 10 });
    expect(found.hits.map(({ id }) => id)).toContain(episode?.id);
    await store.write([put('pattern', aPattern({ id: 'new' }))]);
    await store.close();
  });
}

test('whoever kept what was before learns from the journal that the fifth schema changed it [ST-09] [LE-07]', async () => {
  const content = released(4);
  const older = await openStoreAt({ url }, MIGRATIONS.slice(0, 4));
  const { seq } = await older.changes(0);
  await older.close();
  const store = await openTursoStore({ url });
  const { entries } = await store.changes(seq);
  const changed = [
    ...content.pattern.map(({ id }) => ({ kind: 'pattern', id })),
    ...content.episode.flatMap(({ id, status }) => (status === 'completed' ? [{ kind: 'episode', id }] : [])),
  ];
  expect(changed).toHaveLength(10);
  expect(entries).toHaveLength(changed.length);
  expect(entries).toEqual(
    expect.arrayContaining(
      changed.map((entry) => expect.objectContaining({ ...entry, op: 'put', actor: 'migration' })),
    ),
  );
  await store.close();
});

test('what a project owes, and the evidence of a pattern, is found by an index and in its order [LE-08]', () => {
  released(NEWEST);
  const database = new Database(path);
  const planOf = <K extends Kind>(kind: K, filter: Filters[K]): readonly unknown[] => {
    const { sql, args } = whereOf(conditionsOf(kind, filter));
    const query = `SELECT * FROM ${kind} ${sql} ORDER BY ${orderOf(kind, filter).sql}`;
    return database.prepare(`EXPLAIN QUERY PLAN ${query}`).all(...args);
  };
  const using = (plan: RegExp) => [expect.objectContaining({ detail: expect.stringMatching(plan) })];
  const owed = { status: 'completed', learningPending: true } as const;
  expect(planOf('episode', owed)).toEqual(using(/^SCAN episode USING INDEX episode_learning_pending$/u));
  const ofProject = /^SEARCH episode USING INDEX episode_pending_by_project \(project=\?\)$/u;
  expect(planOf('episode', { ...owed, project: 'shop', domain: 'auth' })).toEqual(using(ofProject));
  expect(planOf('episode', { ...owed, visibleTo: {} })).toEqual(using(ofProject));
  expect(planOf('evidence', { patternId: 'a' })).toEqual(using(/^SEARCH evidence USING INDEX \S+ \(pattern_id=\?\)$/u));
  database.close();
});

test('a body that cannot be read does not keep a store from being brought forward, and is found [ST-09] [ST-12]', async () => {
  released(4);
  const database = new Database(path);
  database.exec(`UPDATE episode SET body = '{' WHERE rowid = 1; UPDATE pattern SET body = 'x' WHERE rowid = 1`);
  database.close();
  const store = await openTursoStore({ url });
  expect((await store.stats()).schema).toBe(NEWEST);
  const { findings } = await store.verify();
  expect(findings.join()).toMatch(/body of the episode \S+ cannot be read/u);
  expect(findings.join()).toMatch(/body of the pattern \S+ cannot be read/u);
  await store.close();
});

test('a new store has the newest schema, and nothing is backed up [ST-09]', async () => {
  const store = await openTursoStore({ url });
  expect((await store.stats()).schema).toBe(NEWEST);
  await store.close();
  expect(backups()).toEqual([]);
});

test('a store is backed up before its schema changes, whole and for the eyes of its user only [ST-09] [ST-12]', async () => {
  const content = released(1);
  await (await openTursoStore({ url })).close();
  await (await openTursoStore({ url })).close();
  const [name = '', ...others] = backups();
  expect(others).toEqual([]);
  expect(name).toMatch(/^memory-before-schema-2-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.db$/u);
  const backup = join(directory, 'backups', name);
  expect((statSync(backup).mode & 0o777).toString(8)).toBe('600');
  const place = pathToFileURL(backup).href;
  const store = await openStoreAt({ url: place }, MIGRATIONS.slice(0, 1));
  expect((await store.stats()).schema).toBe(1);
  expect(await contentOf(store)).toEqual(asRead(content));
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  await store.close();
});

test('a store that cannot be backed up keeps its schema, and older code still opens it [ST-09]', async () => {
  const content = released(1);
  writeFileSync(join(directory, 'backups'), 'a file where the folder should be');
  await expect(openTursoStore({ url })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/memory\.db: before its schema 1 changes it is copied.*Nothing was changed/u),
  });
  const store = await openStoreAt({ url }, MIGRATIONS.slice(0, 1));
  expect((await store.stats()).schema).toBe(1);
  expect(await contentOf(store)).toEqual(asRead(content));
  await store.close();
});

test('several processes that open an older store at once make one backup and take each step once [ST-09]', async () => {
  const content = released(NEWEST);
  const migrators = await Promise.all([1, 2, 3, 4].map(startMigrator));
  const answers = migrators.map(async (child) => (await once(child, 'message'))[0]);
  for (const child of migrators) child.send({ url, steps: [NEXT_STEP] });
  expect(await Promise.all(answers)).toEqual(migrators.map(() => ({ schema: NEWEST + 1 })));
  expect(backups()).toHaveLength(1);
  const store = await openStoreAt({ url }, [...MIGRATIONS, { statements: NEXT_STEP, isNeededToRead: false }]);
  expect(await contentOf(store)).toEqual(content);
  await store.close();
  const database = new Database(path);
  expect(database.prepare('SELECT value FROM later').all()).toEqual([{ value: 'was here' }]);
  database.close();
});

test('a process killed in the middle of a step leaves the old schema to older code, and the next one finishes [ST-09]', async () => {
  const content = released(NEWEST);
  const child = await startMigrator();
  child.send({ url, steps: [LARGE_STEP] });
  const exit = once(child, 'exit');
  while ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) < 4_000_000) await turn();
  child.kill('SIGKILL');
  await exit;
  expect(backups()).toEqual([]);

  const older = await openTursoStore({ url });
  expect((await older.stats()).schema).toBe(NEWEST);
  expect(await contentOf(older)).toEqual(content);
  expect(await older.verify()).toEqual({ ok: true, findings: [] });
  await older.close();

  const next = await startMigrator();
  const answer = once(next, 'message');
  next.send({ url, steps: [NEXT_STEP] });
  expect((await answer)[0]).toEqual({ schema: NEWEST + 1 });
  expect(backups()).toHaveLength(1);
});

test('a process killed while it backs up leaves no backup under its name, and the next one makes a whole one [ST-09]', async () => {
  const content = released(NEWEST);
  const filler = await openTursoStore({ url, durability: 'normal' });
  const large = Array.from({ length: 4_000 }, (_, index) => ({
    id: `filler ${index}`,
    version: 1,
    at: 'x'.repeat(5_000),
  }));
  await filler.write(large.map((value) => put('tombstone', value, { ifVersion: 0 })));
  await filler.close();
  const child = await startMigrator();
  const exit = once(child, 'exit');
  child.send({ url, steps: [NEXT_STEP] });
  while (!backups().some((name) => name.endsWith('.partial'))) await turn();
  child.kill('SIGKILL');
  await exit;
  expect(backups().filter((name) => name.endsWith('Z'))).toEqual([]);

  const older = await openTursoStore({ url });
  expect((await older.stats()).schema).toBe(NEWEST);
  expect((await contentOf(older)).episode).toEqual(content.episode);
  await older.close();

  const next = await startMigrator();
  const answer = once(next, 'message');
  next.send({ url, steps: [NEXT_STEP] });
  expect((await answer)[0]).toEqual({ schema: NEWEST + 1 });
  expect(backups()).toEqual([expect.stringMatching(/-before-schema-.*Z\.db$/u)]);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a program that has the store open writes nothing into the schema of a newer one, and says to upgrade [ST-09]', async () => {
  released(NEWEST);
  const older = await openTursoStore({ url });
  const before = (await older.changes(0)).seq;
  await older.write([put('pattern', aPattern())]);
  await (await openStoreAt({ url }, [...MIGRATIONS, { statements: NEXT_STEP, isNeededToRead: false }])).close();
  const writing = older.write([put('pattern', aPattern())]);
  await expect(writing).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: false });
  await expect(writing).rejects.toThrow(/newer program.*Upgrade/su);
  expect((await older.changes(before)).seq).toBe(before + 1);
  await older.close();
});

test('while an older store is copied and brought forward, the event loop turns [ST-09]', async () => {
  released(1);
  let turns = 0;
  let isDone = false;
  const turning = (async () => {
    for (; !isDone; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  })();
  const store = await openTursoStore({ url });
  isDone = true;
  await turning;
  await store.close();
  expect(turns).toBeGreaterThan(100);
});

test('a newer schema is refused, says to upgrade, and is left as it was [ST-09]', async () => {
  await (await openTursoStore({ url })).close();
  const database = new Database(path);
  database.exec("INSERT INTO migration (number, at) VALUES (99, '')");
  database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  database.close();
  copyFileSync(path, join(directory, 'before'));
  const opening = openTursoStore({ url });
  await expect(opening).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: false });
  await expect(opening).rejects.toThrow(/schema 99 is newer.*Upgrade/s);
  expect(readFileSync(path).equals(readFileSync(join(directory, 'before')))).toBe(true);
});

test('a database of another program is refused and left as it was [ST-02]', async () => {
  const database = new Database(path);
  database.exec('CREATE TABLE bookmark (address TEXT)');
  database.close();
  await expect(openTursoStore({ url })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/memory\.db: it is a database of another program.*Name another file/u),
  });
  const again = new Database(path);
  expect(again.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'bookmark' }]);
  again.close();
});

test('an older store that may not be written stays as it is, and is refused if a step is needed to read it [ST-09] [ST-13]', async () => {
  released(1);
  const client = createClient({ url });
  const connection = { ...clientConnection(client, path), access: 'read-only' } as const;
  await migrate(connection);
  const needed = [...MIGRATIONS, { statements: NEXT_STEP, isNeededToRead: true }];
  await expect(migrate(connection, { migrations: needed })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/for reading alone: its schema 1 is too old.*give this user write permission/u),
  });
  expect(await schemaVersion(connection)).toBe(1);
  client.close();
});
