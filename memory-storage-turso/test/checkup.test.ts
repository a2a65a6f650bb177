import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkupOf, openTursoStore, tryWriteLock } from '@episodica/memory-storage-turso';
import { anEpisode } from '@episodica/test-utils';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'checkup-'));
  path = join(folder, 'memory.db');
  const store = await openTursoStore({ url: pathToFileURL(path).href, threads: false });
  await store.write([{ op: 'put', kind: 'episode', value: anEpisode() }]);
  await store.close();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Names and contents of all there is, but of the memory that processes share, where their locks are. */
const state = (): object =>
  readdirSync(folder)
    .filter((name) => !name.endsWith('-shm'))
    .map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(join(folder, name)))
        .digest('hex'),
    ]);

test('a first look tells what is in a store and whether its pages make sense, and leaves no trace [ST-12 CL-04]', async () => {
  const before = state();
  const { schema, newestSchema, episodeCount, isEncrypted, journalAt, pages } = await checkupOf(path);
  expect({ episodeCount, isEncrypted, pages }).toEqual({
    episodeCount: 1,
    isEncrypted: false,
    pages: { ok: true, findings: [] },
  });
  expect(schema).toBe(newestSchema);
  expect(journalAt).toMatch(/^\d{4}-\d\d-\d\dT/u);
  expect(state()).toEqual(before);
  await expect(checkupOf(join(folder, 'absent.db'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a first look beside a process that uses the store sees what is in its log [ST-12 CL-04]', async () => {
  const other = new Database(path);
  other.exec("UPDATE journal SET at = '2999-01-01T00:00:00.000Z'");
  expect((await checkupOf(path)).journalAt).toBe('2999-01-01T00:00:00.000Z');
  other.close();
});

test('the lock of writers is taken and given back without a write, or told to be held [ST-12 CL-04]', async () => {
  const other = new Database(path);
  const before = state();
  await tryWriteLock(path, { encryptionKey: undefined, waitMs: 60_000 });
  expect(state()).toEqual(before);
  other.exec('BEGIN IMMEDIATE');
  const held = tryWriteLock(path, { encryptionKey: undefined, waitMs: 20 });
  await expect(held).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  other.exec('ROLLBACK');
  await tryWriteLock(path, { encryptionKey: undefined, waitMs: 60_000 });
  other.close();
});
