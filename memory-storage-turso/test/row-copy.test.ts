// Rows that go from one database into another while the first is being written.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryError } from '@episodica/memory-core';
import type { Kind, Write } from '@episodica/memory-core/ports';
import { aCompletedEpisode, anEpisode, aStep, put, remove, writeBatches } from '@episodica/test-utils';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { Connection, Row } from '../src/connection.ts';
import { connectLocalFile, createLocalFile } from '../src/local-file.ts';
import { openStoreOver } from '../src/open.ts';
import {
  COPIED_KINDS,
  deleteRowsStatements,
  journalRowsStatement,
  keyOf,
  putJournalStatements,
  putRowsStatements,
  type RowKey,
  readRowsBehind,
  readRowsById,
} from '../src/row-copy.ts';
import { migrate } from '../src/schema.ts';

const directory = mkdtempSync(join(tmpdir(), 'episodica-row-copy-'));
let made = 0;

afterAll(() => rmSync(directory, { recursive: true }));

async function newDatabase(): Promise<Connection> {
  made += 1;
  const path = join(directory, `${made}.db`);
  createLocalFile(path);
  const connection = await connectLocalFile(path, { busyTimeoutMs: 1_000, durability: 'normal' });
  await migrate(connection);
  await connection.execute({ sql: 'PRAGMA synchronous = OFF', args: [] });
  return connection;
}

/** Copies what stands behind the position of the target, a page of two rows at a time; `between` comes after each. */
async function copyTables(from: Connection, to: Connection, between: () => Promise<void>): Promise<void> {
  for (const kind of COPIED_KINDS) {
    for (let last: RowKey | null = null; ; ) {
      const rows = await readRowsBehind(from, kind, { last, limits: { rows: 2, bytes: 1_000_000 } });
      const end = rows.at(-1);
      if (end === undefined) break;
      await to.batch(putRowsStatements(kind, rows));
      last = keyOf(kind, end);
      await between();
    }
  }
}

/** What the journal of `from` names behind the one of `to`, as it stands. */
async function followOnce(from: Connection, to: Connection): Promise<void> {
  const since = (await rowsOf(to, 'journal', 'seq')).length;
  const page = { since, upTo: Number.MAX_SAFE_INTEGER, limit: 1_000 };
  const { rows: entries } = await from.execute(journalRowsStatement(page));
  const statements = [];
  for (const kind of [...COPIED_KINDS].reverse()) {
    const ids = idsIn(entries, kind);
    const found = new Set((await readRowsById(from, kind, ids)).map(({ id }) => id));
    statements.push(
      ...deleteRowsStatements(
        kind,
        ids.filter((id) => !found.has(id)),
      ),
    );
  }
  for (const kind of COPIED_KINDS) {
    statements.push(...putRowsStatements(kind, await readRowsById(from, kind, idsIn(entries, kind))));
  }
  await to.batch([...putJournalStatements(entries), ...statements]);
}

function idsIn(entries: readonly Row[], kind: Kind): string[] {
  return [...new Set(entries.filter((entry) => entry.kind === kind).map(({ id }) => String(id)))];
}

async function rowsOf(connection: Connection, table: string, order: string): Promise<readonly Row[]> {
  return (await connection.execute({ sql: `SELECT * FROM ${table} ORDER BY ${order}`, args: [] })).rows;
}

/** All that is in the tables, rowids left out, and what the text indexes answer. */
async function contentsOf(connection: Connection): Promise<unknown> {
  const contents: Record<string, unknown> = { journal: await rowsOf(connection, 'journal', 'seq') };
  for (const kind of COPIED_KINDS) {
    const rows = await readRowsBehind(connection, kind, { last: null, limits: { rows: 1_000, bytes: 1_000_000_000 } });
    contents[kind] = rows;
  }
  for (const name of ['episode_title', 'episode_body', 'pattern_title', 'pattern_body']) {
    contents[name] = await rowsOf(connection, `${name}_vocabulary`, 'term');
  }
  return contents;
}

async function tryWrite(store: { write(batch: Write[]): Promise<unknown> }, batch: Write[] | undefined): Promise<void> {
  await store.write(batch ?? []).catch((error: unknown) => {
    // What arbitrary batches ask for is turned down often.
    if (!(error instanceof MemoryError)) throw error;
  });
}

test('tables that are copied while they are written to hold the same once the journal was followed [ST-03] [ST-08]', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(writeBatches, { minLength: 1, maxLength: 10 }),
      fc.array(writeBatches, { maxLength: 10 }),
      async (before, meanwhile) => {
        const [from, to] = [await newDatabase(), await newDatabase()];
        const store = await openStoreOver(from);
        for (const batch of before) await tryWrite(store, batch);
        const { rows } = await from.execute(journalRowsStatement({ since: 0, upTo: 1_000_000, limit: 1_000_000 }));
        await to.batch(putJournalStatements(rows));
        const left = [...meanwhile];
        await copyTables(from, to, () => tryWrite(store, left.shift()));
        for (const batch of left) await tryWrite(store, batch);
        await followOnce(from, to);
        expect(await contentsOf(to)).toEqual(await contentsOf(from));
        await Promise.all([store.close(), to.close()]);
      },
    ),
    { numRuns: 60 },
  );
});

test('steps of an episode that came too late for its page are left to the journal [ST-03] [ST-08]', async () => {
  const [from, to] = [await newDatabase(), await newDatabase()];
  const store = await openStoreOver(from);
  const [early, late] = [anEpisode({ id: 'a' }), anEpisode({ id: '0' })];
  await store.write([put('episode', early), put('step', aStep({ episodeId: 'a' }), { ifVersion: 0 })]);
  const { rows } = await from.execute(journalRowsStatement({ since: 0, upTo: 100, limit: 100 }));
  await to.batch(putJournalStatements(rows));
  let pages = 0;
  await copyTables(from, to, async () => {
    pages += 1;
    // Its place is behind the pages that are done, and that of its step is not.
    if (pages === 1)
      await store.write([put('episode', late), put('step', aStep({ episodeId: '0' }), { ifVersion: 0 })]);
  });
  expect((await rowsOf(to, 'step', 'episode_id')).map((row) => row.episode_id)).toEqual(['a']);
  await followOnce(from, to);
  expect(await contentsOf(to)).toEqual(await contentsOf(from));
  await Promise.all([store.close(), to.close()]);
});

test('a step that is replaced or deleted shifts the totals of those behind it, also in the copy [ST-03] [ST-08]', async () => {
  const [from, to] = [await newDatabase(), await newDatabase()];
  const store = await openStoreOver(from);
  const episode = anEpisode();
  const [first, second, third] = ['1', '2', '3'].map((id) => aStep({ id, episodeId: episode.id }));
  if (first === undefined || second === undefined || third === undefined) throw new Error('there are three');
  await store.write([
    put('episode', episode),
    ...[first, second, third].map((step) => put('step', step, { ifVersion: 0 })),
  ]);
  await followOnce(from, to);
  await store.write([put('step', { ...first, action: 'something much longer than before' })]);
  await followOnce(from, to);
  expect(await contentsOf(to)).toEqual(await contentsOf(from));
  await store.write([remove('step', second.id)]);
  await followOnce(from, to);
  expect(await contentsOf(to)).toEqual(await contentsOf(from));
  await Promise.all([store.close(), to.close()]);
});

test('a step takes the number and the key of another one that is gone where it comes from [ST-03] [ST-08]', async () => {
  const [from, to] = [await newDatabase(), await newDatabase()];
  const store = await openStoreOver(from);
  const episode = anEpisode();
  const [gone, next] = ['1', '2'].map((id) => aStep({ id, key: 'k', episodeId: episode.id }));
  if (gone === undefined || next === undefined) throw new Error('there are two');
  await store.write([put('episode', episode), put('step', gone, { ifVersion: 0 })]);
  await followOnce(from, to);
  await store.write([remove('step', gone.id), put('step', next, { ifVersion: 0 })]);
  // As when the page is read before the journal says that the other one is gone.
  await to.batch(putRowsStatements('step', await readRowsById(from, 'step', [next.id])));
  expect((await rowsOf(to, 'step', 'number')).map(({ id, number }) => [id, number])).toEqual([['2', 1]]);
  await Promise.all([store.close(), to.close()]);
});

test('putting and deleting rows again changes nothing [ST-03]', async () => {
  const [from, to] = [await newDatabase(), await newDatabase()];
  const store = await openStoreOver(from);
  const episode = aCompletedEpisode({ tags: ['a', 'b'] });
  const steps = [1, 2, 3].map(() => aStep({ episodeId: episode.id }));
  const terms = { title: ['login'], body: ['login', 'fails'] };
  await store.write([put('episode', episode, { terms }), ...steps.map((step) => put('step', step, { ifVersion: 0 }))]);
  for (let round = 0; round < 2; round += 1) {
    await copyTables(from, to, async () => undefined);
    const { journal: _, ...copied } = { ...((await contentsOf(to)) as object), journal: undefined };
    expect(await contentsOf(from)).toMatchObject(copied);
  }
  for (let round = 0; round < 2; round += 1) {
    await to.batch(deleteRowsStatements('step', [steps[0]?.id ?? '']));
    const totals = await to.execute({ sql: 'SELECT number, total_steps FROM step ORDER BY number', args: [] });
    expect(totals.rows).toEqual([
      { number: 2, total_steps: 1 },
      { number: 3, total_steps: 2 },
    ]);
  }
  await Promise.all([store.close(), to.close()]);
});

test('a page ends where its bytes are used up, and holds one row at least [ST-03]', async () => {
  const from = await newDatabase();
  const store = await openStoreOver(from);
  const episodes = Array.from({ length: 6 }, () => anEpisode({ description: 'x'.repeat(3_000) }));
  await store.write(episodes.map((episode) => put('episode', episode)));
  const counts = [];
  for (const bytes of [1, 5_000, 1_000_000]) {
    counts.push((await readRowsBehind(from, 'episode', { last: null, limits: { rows: 5, bytes } })).length);
  }
  expect(counts).toEqual([1, 2, 5]);
  await store.close();
});
