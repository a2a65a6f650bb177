import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { aPattern, aStep, put } from '@episodica/test-utils';
import { createClient } from '@libsql/client';
import { afterEach, beforeEach, expect, test } from 'vitest';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-open-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

const urlOf = (path: string): string => pathToFileURL(path).href;
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test('a store is created with its directories, for the eyes of its user only [ST-02]', async () => {
  const path = join(directory, 'deep', 'er', 'with space & %', 'store.db');
  const store = await openTursoStore({ url: urlOf(path) });
  await store.write([put('pattern', aPattern())]);
  expect([modeOf(path), modeOf(`${path}-wal`), modeOf(dirname(path))]).toEqual(['600', '600', '700']);
  expect(await store.stats()).toMatchObject({
    path,
    access: 'read-write',
    journalSeq: 1,
    counts: { pattern: 1, episode: 0 },
  });
  await store.close();
});

test('a closed store is one whole file [ST-02]', async () => {
  const path = join(directory, 'store.db');
  const store = await openTursoStore({ url: urlOf(path) });
  await store.write([put('pattern', aPattern())]);
  await store.close();
  expect(statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
});

test('a store is in WAL mode, and foreign keys are on [ST-02]', async () => {
  const path = join(directory, 'store.db');
  const store = await openTursoStore({ url: urlOf(path) });
  const client = createClient({ url: urlOf(path) });
  expect((await client.execute('PRAGMA journal_mode')).rows[0]).toMatchObject({ journal_mode: 'wal' });
  client.close();
  await expect(store.write([put('step', aStep())])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await store.close();
});

test('a place that cannot be written is named, with what to do [ST-02]', async () => {
  writeFileSync(join(directory, 'file'), '');
  for (const path of [directory, join(directory, 'file', 'store.db')]) {
    const opening = openTursoStore({ url: urlOf(path) });
    await expect(opening).rejects.toMatchObject({ code: 'STORE_FAILED', retryable: false });
    await expect(opening).rejects.toThrow(path);
    await expect(opening).rejects.toThrow(/Choose a file/);
  }
});

test('a directory that cannot be written is named, with what to do [ST-02]', async () => {
  const locked = join(directory, 'locked');
  // Permissions don't bind root: for root there is a file where the directory should be.
  if (process.getuid?.() === 0) writeFileSync(locked, '');
  else mkdirSync(locked, { mode: 0o555 });
  const url = urlOf(join(locked, 'deep', 'store.db'));
  await expect(openTursoStore({ url })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/locked.*store\.db.*may write/u),
  });
});

test('a file that is no database is named and left as it was [ST-02]', async () => {
  const path = join(directory, 'notes.txt');
  writeFileSync(path, 'These are notes, not a database. '.repeat(100));
  const before = statSync(path);
  const opening = openTursoStore({ url: urlOf(path) });
  await expect(opening).rejects.toMatchObject({ code: 'STORE_CORRUPT', retryable: false });
  await expect(opening).rejects.toThrow(path);
  expect(statSync(path)).toMatchObject({ size: before.size, mtimeMs: before.mtimeMs });
});

test('a store that another process keeps busy is unavailable for now, and the write can be repeated [ST-13]', async () => {
  const url = urlOf(join(directory, 'store.db'));
  const store = await openTursoStore({ url, busyTimeoutMs: 1 });
  const other = createClient({ url });
  const transaction = await other.transaction('write');
  const batch = [put('pattern', aPattern())];
  await expect(store.write(batch)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  await expect(store.write(batch)).rejects.toThrow(/store\.db \(SQLITE_BUSY: .*Another program.*migration.*try again/u);
  expect(await store.getMany('pattern', ['a'])).toEqual([undefined]);
  await transaction.rollback();
  expect((await store.write(batch)).seq).toBe(1);
  other.close();
  await store.close();
});

test('an address that is no file is refused, never taken for one [ST-02]', async () => {
  await expect(openTursoStore({ url: 'ftp://example.org/store.db' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
});
