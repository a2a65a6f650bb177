// What takes as long as the store is large ends soon when nobody wants it any more, and leaves nothing half done.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openTursoStore, type TursoStore, verifyTursoFile } from '@episodica/memory-storage-turso';
import { anEpisode, put } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectLocalFile } from '../src/local-file.ts';

let directory: string;
let path: string;
let store: TursoStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-stopped-'));
  path = join(directory, 'memory.db');
  store = await openTursoStore({ url: pathToFileURL(path).href });
  await store.write([put('episode', anEpisode())]);
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

/** Of itself it never ends. */
const ENDLESS = {
  sql: 'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) AS count FROM c',
  args: [],
  isLong: true,
} as const;
const OPTIONS = { busyTimeoutMs: 5_000, durability: 'full' } as const;
const LEAVE = { sql: 'CREATE TABLE left_behind (id)', args: [], isLong: true } as const;
const LEFT = { sql: "SELECT count(*) AS count FROM sqlite_schema WHERE name = 'left_behind'", args: [] };

test('a long statement leaves its thread free, and an abort ends it with what its batch has done [ST-12]', async () => {
  const given = new AbortController();
  const connection = await connectLocalFile(path, { ...OPTIONS, signal: given.signal });
  let turns = 0;
  const watching = setInterval(() => {
    turns += 1;
    if (turns === 3) given.abort();
  }, 1);
  await expect(connection.batch([LEAVE, ENDLESS])).rejects.toMatchObject({ code: 'ABORTED' });
  clearInterval(watching);
  expect(turns).toBeGreaterThanOrEqual(3);
  await expect(connection.execute(LEFT)).rejects.toMatchObject({ code: 'ABORTED' });
  await connection.close();
  // Its locks are let go of, and what it had done is undone.
  const other = await connectLocalFile(path, OPTIONS);
  expect((await other.execute(LEFT)).rows).toEqual([{ count: 0 }]);
  await store.write([put('episode', anEpisode())]);
  await other.close();
});

test('a statement that ends by itself answers as any other does [ST-12]', async () => {
  const connection = await connectLocalFile(path, OPTIONS);
  const counting = { sql: 'SELECT count(*) AS count, ? AS given FROM episode', args: ['x'] };
  const { rows } = await connection.execute({ ...counting, isLong: true });
  expect(rows).toEqual((await connection.execute(counting)).rows);
  await expect(connection.execute({ sql: 'SELECT * FROM nowhere', args: [], isLong: true })).rejects.toMatchObject({
    name: 'LibsqlError',
    code: 'SQLITE_ERROR',
  });
  await connection.close();
});

test('care for a store that is given up ends with ABORTED, without a file left, and the store goes on [ST-12]', async () => {
  const copy = join(directory, 'copy.db');
  const before = readdirSync(directory);
  const verbs: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => store.verify({ signal }),
    (signal) => store.repair({ signal }),
    (signal) => store.vacuum({ signal }),
    (signal) => store.erase({ signal }),
    (signal) => store.backup(copy, { signal }),
    (signal) => verifyTursoFile({ url: pathToFileURL(path).href, signal }),
  ];
  for (const verb of verbs) {
    const given = new AbortController();
    const doing = verb(given.signal);
    given.abort();
    await expect(doing).rejects.toMatchObject({ code: 'ABORTED' });
  }
  expect(readdirSync(directory)).toEqual(before);
  await store.write([put('episode', anEpisode())]);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  expect(await store.vacuum()).toMatchObject({ sizeBytesAfter: expect.any(Number) });
});
