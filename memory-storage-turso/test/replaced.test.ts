import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { copyFileSync, mkdtempSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cachedStore, inMemoryCache, type ToolSequence } from '@episodica/memory-core';
import { openTursoStore, type TursoStore } from '@episodica/memory-storage-turso';
import { anEpisode, aPattern, put } from '@episodica/test-utils';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';

const WRITER = fileURLToPath(new URL('fixtures/writer.mjs', import.meta.url));

let directory: string;
let path: string;
let stores: TursoStore[];
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-replaced-'));
  path = join(directory, 'memory.db');
  stores = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const store of stores) await store.close();
  rmSync(directory, { recursive: true });
});

/** One that counts no evidence, as there is none. */
const pattern = (overrides: Partial<ToolSequence> = {}): ToolSequence =>
  aPattern({ support: 0, successes: 0, ...overrides });

async function openAt(place: string): Promise<TursoStore> {
  const store = await openTursoStore({ url: pathToFileURL(place).href });
  stores.push(store);
  return store;
}

/** A closed store with one pattern of this id. */
async function storeWith(place: string, id: string): Promise<string> {
  const store = await openTursoStore({ url: pathToFileURL(place).href });
  await store.write([put('pattern', pattern({ id }))]);
  await store.close();
  return store.identity;
}

async function idsIn(store: TursoStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.scan('pattern', {})) ids.push(id);
  return ids;
}

function removeLog(): void {
  for (const suffix of ['-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

test('a store that was deleted says so and acknowledges nothing [ST-13]', async () => {
  const store = await openAt(path);
  await store.write([put('pattern', pattern())]);
  unlinkSync(path);
  const calls = [
    store.write([put('pattern', pattern())]),
    store.getMany('pattern', ['a']),
    store.changes(0),
    idsIn(store),
    store.text.match({ kind: 'episode', terms: ['a'], limit: 1 }),
    store.stats(),
    store.verify(),
  ];
  for (const call of await Promise.allSettled(calls)) {
    expect(call).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'STORE_FAILED',
        retryable: false,
        message: expect.stringMatching(/memory\.db: .*deleted.*back/u),
      },
    });
  }
});

test('a store that was moved away and put back goes on without a restart [ST-13]', async () => {
  const store = await openAt(path);
  await store.write([put('pattern', pattern({ id: 'before' }))]);
  renameSync(path, `${path}.away`);
  await expect(store.write([put('pattern', pattern({ id: 'meanwhile' }))])).rejects.toMatchObject({
    code: 'STORE_FAILED',
  });
  renameSync(`${path}.away`, path);
  await store.write([put('pattern', pattern({ id: 'behind' }))]);
  expect(await idsIn(store)).toEqual(['before', 'behind'].sort());
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
});

test('another database in its place is read and written without a restart, by every thread [ST-13]', async () => {
  const other = await storeWith(join(directory, 'other.db'), 'other');
  const store = await openAt(path);
  await store.write([put('pattern', pattern({ id: 'first' }), { terms: { title: ['a'], body: ['a'] } })]);
  // Each kind of call has been made once, so that each thread has a connection to the first file.
  expect(await idsIn(store)).toEqual(['first']);
  await store.text.match({ kind: 'pattern', terms: ['a'], limit: 1 });
  removeLog();
  renameSync(join(directory, 'other.db'), path);
  expect(await idsIn(store)).toEqual(['other']);
  expect(await store.text.match({ kind: 'pattern', terms: ['a'], limit: 1 })).toMatchObject({ hits: [] });
  expect(await store.getMany('pattern', ['first', 'other'])).toMatchObject([undefined, { id: 'other' }]);
  expect(store.identity).toBe(other);
  expect((await store.write([put('pattern', pattern({ id: 'second' }))])).seq).toBe(2);
  expect(await idsIn(store)).toEqual(['other', 'second']);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
});

test('a cache in front of a store never answers what an older database in its place does not hold [CA-02] [ST-13]', async () => {
  await storeWith(path, 'first');
  const older = join(directory, 'older.db');
  copyFileSync(path, older);
  const store = await openAt(path);
  const cached = cachedStore(store, inMemoryCache());
  await cached.write([put('pattern', pattern({ id: 'second' }))]);
  await cached.getMany('pattern', ['first', 'second']);
  removeLog();
  renameSync(older, path);
  // As many writes as the cache knows of, and one more: by its number it would still be true.
  await cached.write([put('pattern', pattern({ id: 'third' }))]);
  await cached.write([put('pattern', pattern({ id: 'fourth' }))]);
  expect(await cached.getMany('pattern', ['first', 'second'])).toMatchObject([{ id: 'first' }, undefined]);
  expect(await cached.getMany('pattern', ['second', 'third'])).toMatchObject([undefined, { id: 'third' }]);
});

test('a file that was replaced beside the log of the old one is refused until the log is removed [ST-13]', async () => {
  await storeWith(join(directory, 'other.db'), 'other');
  const store = await openAt(path);
  await store.write([put('pattern', pattern({ id: 'first' }))]);
  renameSync(join(directory, 'other.db'), path);
  await expect(store.write([put('pattern', pattern())])).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/move -wal and -shm away/u),
  });
  removeLog();
  await store.write([put('pattern', pattern({ id: 'second' }))]);
  expect(await idsIn(store)).toEqual(['other', 'second']);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
});

test('what was in a log that was deleted is saved into the file, and nothing more is acknowledged [ST-13]', async () => {
  const store = await openAt(path);
  await store.write([put('pattern', pattern({ id: 'in the log' }))]);
  removeLog();
  await expect(store.write([put('pattern', pattern())])).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/log.*deleted.*start again/u),
  });
  await store.close();
  const again = await openAt(path);
  expect(await idsIn(again)).toEqual(['in the log']);
  expect(await again.verify()).toEqual({ ok: true, findings: [] });
});

test('a restore under the lock loses no write that other processes were told is durable [ST-12] [ST-13]', async () => {
  const snapshot = join(directory, 'snapshot.db');
  await storeWith(join(directory, 'restored.db'), 'restored');
  const acknowledged: string[] = [];
  for (let index = 0; index < 2; index += 1) {
    const child = fork(WRITER);
    children.push(child);
    child.on('message', (message: { acknowledged?: string[] }) => acknowledged.push(...(message.acknowledged ?? [])));
    await told(child, 'start');
    child.send({ task: 'open', url: pathToFileURL(path).href });
    await told(child, 'open');
  }
  const finished = Promise.all(children.map((child) => told(child, 'write')));
  for (const child of children) child.send({ task: 'write', count: 1_000 });
  while (acknowledged.length < 90) await new Promise((resolve) => setImmediate(resolve));

  const restorer = new Database(path, { timeout: 5_000 });
  restorer.exec('BEGIN IMMEDIATE');
  // Another process copies: closing the file in this one would let go of the lock.
  execFileSync('cp', [path, snapshot]);
  execFileSync('cp', [`${path}-wal`, `${snapshot}-wal`]);
  removeLog();
  renameSync(join(directory, 'restored.db'), path);
  restorer.exec('COMMIT');
  restorer.close();
  await finished;

  const kept = new Set<string>();
  for (const place of [snapshot, path]) {
    const store = await openAt(place);
    for await (const { id } of store.scan('tombstone', {})) kept.add(id);
    expect(await store.verify()).toEqual({ ok: true, findings: [] });
  }
  expect(acknowledged).toHaveLength(6_000);
  expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
  const [, restored] = stores;
  expect(await restored!.getMany('pattern', ['restored'])).toMatchObject([{ id: 'restored' }]);
  expect((await restored!.stats()).counts.tombstone).toBeGreaterThan(0);
});

function told(child: ChildProcess, task: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: { done?: string; failed?: object }) => {
      if (message.failed !== undefined) reject(new Error(JSON.stringify(message.failed)));
      if (message.done === task) resolve();
    });
    child.on('exit', () => reject(new Error('The writer ended.')));
  });
}

test('a store that is opened where only its log is left is not begun anew [ST-13]', async () => {
  const store = await openAt(path);
  await store.write([put('episode', anEpisode())]);
  execFileSync('cp', [`${path}-wal`, join(directory, 'lost.db-wal')]);
  const url = pathToFileURL(join(directory, 'lost.db')).href;
  await expect(openTursoStore({ url })).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringMatching(/lost\.db: it is missing, but its log .*lost\.db-wal.*backup restore/u),
  });
  execFileSync('touch', [join(directory, 'lost.db')]);
  await expect(openTursoStore({ url })).rejects.toThrow(/it is empty, but its log/u);
});
