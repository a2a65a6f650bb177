import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openTursoStore, type TursoStore } from '@episodica/memory-storage-turso';
import { anEpisode, put } from '@episodica/test-utils';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWriter as newWriter, type Writer } from './writers.ts';

let directory: string;
let url: string;
let writers: Writer[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-processes-'));
  url = pathToFileURL(join(directory, 'new', 'store.db')).href;
  writers = [];
});

afterEach(() => {
  for (const { process } of writers) process.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

/** A writer that ends with the test. */
async function startWriter(): Promise<Writer> {
  const writer = await newWriter();
  writers.push(writer);
  return writer;
}

async function storedIds(store: TursoStore): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { id } of store.scan('tombstone', {})) ids.add(id);
  return ids;
}

test('processes that open a new store at the same time all succeed [ST-06]', async () => {
  const several = await Promise.all([startWriter(), startWriter(), startWriter(), startWriter()]);
  for (let round = 1; round <= 20; round += 1) {
    const place = pathToFileURL(join(directory, `${round}`, 'store.db')).href;
    await Promise.all(several.map((writer) => writer.tell({ task: 'open', url: place })));
    const store = await openTursoStore({ url: place });
    expect(await store.verify()).toEqual({ ok: true, findings: [] });
    await store.close();
  }
});

test('two processes that write 200 batches each lose nothing and see each other [ST-06] [ST-08]', async () => {
  const store = await openTursoStore({ url });
  const [first, second] = await Promise.all([startWriter(), startWriter()]);
  await Promise.all([first, second].map((writer) => writer.tell({ task: 'open', url })));
  await Promise.all([first, second].map((writer) => writer.tell({ task: 'write', count: 200 })));
  const ids = await storedIds(store);
  expect([first.acknowledged.length, second.acknowledged.length]).toEqual([200, 200]);
  expect([...first.acknowledged, ...second.acknowledged].flat().filter((id) => !ids.has(id))).toEqual([]);
  expect(await store.stats()).toMatchObject({ journalSeq: 1_200, counts: { tombstone: 1_200 } });
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  await store.close();
});

test('killing a writer loses no acknowledged write and leaves no part of a batch [ST-05]', async () => {
  for (let round = 1; round <= 5; round += 1) {
    const writer = await startWriter();
    await writer.tell({ task: 'open', url });
    void writer.tell({ task: 'write', count: 10_000 });
    while (writer.acknowledged.length < 7 * round) await once(writer.process, 'message');
    writer.process.kill('SIGKILL');
    await once(writer.process, 'exit');
    const store = await openTursoStore({ url });
    const ids = await storedIds(store);
    expect(writer.acknowledged.flat().filter((id) => !ids.has(id))).toEqual([]);
    expect(ids.size % 3).toBe(0);
    expect(await store.verify()).toEqual({ ok: true, findings: [] });
    await store.close();
  }
});

test('while another process holds the lock, a write waits for it and the rest of the program goes on [ST-06]', async () => {
  const store = await openTursoStore({ url });
  const holder = new Database(fileURLToPath(url));
  holder.exec('BEGIN IMMEDIATE');
  let turns = 0;
  const writing = store.write([put('episode', anEpisode())]);
  const released = (async () => {
    // As many turns as it takes for the write to have met the lock: it cannot end before the lock goes.
    while (turns < 50) {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
    }
    holder.exec('COMMIT');
  })();
  expect(await Promise.race([writing.then(() => 'written'), released.then(() => 'released')])).toBe('released');
  expect((await writing).seq).toBe(1);
  holder.close();
  await store.close();
});

test('a lock that is held for too long is a clear error that may be repeated [ST-06]', async () => {
  const store = await openTursoStore({ url, busyTimeoutMs: 30 });
  const holder = new Database(fileURLToPath(url));
  holder.exec('BEGIN IMMEDIATE');
  await expect(store.write([put('episode', anEpisode())])).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
  });
  holder.exec('COMMIT');
  holder.close();
  expect((await store.write([put('episode', anEpisode())])).seq).toBe(1);
  await store.close();
});

test('a write that found the lock taken does not keep later reads to what was there then [ST-06] [CA-06]', async () => {
  const store = await openTursoStore({ url, busyTimeoutMs: 30 });
  const other = await openTursoStore({ url });
  const holder = new Database(fileURLToPath(url));
  holder.exec('BEGIN IMMEDIATE');
  await expect(store.write([put('episode', anEpisode())])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect((await store.changes(0)).seq).toBe(0);
  holder.exec('COMMIT');
  holder.close();
  await other.write([put('episode', anEpisode())]);
  expect((await store.changes(0)).seq).toBe(1);
  await store.close();
  await other.close();
});

test('a timer ends a long loop over the store: calls in a row let the event loop turn [ST-06]', async () => {
  const store = await openTursoStore({ url, durability: 'normal' });
  const many = Array.from({ length: 1_000 }, () => put('episode', anEpisode(), { ifVersion: 0 }));
  await store.write(many);
  const signal = AbortSignal.timeout(50);
  const loop = async (): Promise<void> => {
    for (;;) for await (const { id } of store.scan('episode', {}, { signal })) expect(id).toBeDefined();
  };
  await expect(loop()).rejects.toMatchObject({ code: 'ABORTED' });
  await store.close();
});

test('a timer ends a long loop also where each call takes long [ST-06]', async () => {
  const store = await openTursoStore({ url, durability: 'normal' });
  const signal = AbortSignal.timeout(50);
  const loop = async (): Promise<void> => {
    for (let call = 0; call < 100; call += 1) {
      const many = Array.from({ length: 1_000 }, () => put('episode', anEpisode(), { ifVersion: 0 }));
      await store.write(many, { signal });
    }
  };
  await expect(loop()).rejects.toMatchObject({ code: 'ABORTED' });
  await store.close();
});
