// Vectors in a store that several processes share, on disk and at a host.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { embeddingId, embeddingQueue, openMemory, uuidV7Source } from '@episodica/memory-core';
import { type MemoryStore, silentLogger } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import {
  anEmbedding,
  anEpisode,
  aPattern,
  type FakeEmbedder,
  fakeEmbedder,
  put,
  startLibsqlServer,
} from '@episodica/test-utils';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';

const EMBEDDER = fileURLToPath(new URL('fixtures/embedder.mjs', import.meta.url));
const TASKS = Array.from({ length: 12 }, (_, index) => `task ${index}`);

let directory: string;
let url: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-embedding-'));
  url = pathToFileURL(join(directory, 'memory.db')).href;
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

async function startEmbedder(): Promise<ChildProcess> {
  const child = fork(EMBEDDER);
  children.push(child);
  await once(child, 'message');
  return child;
}

/** What it tells until it ends. */
async function toldBy(child: ChildProcess): Promise<readonly { texts?: string[]; count?: number }[]> {
  const told: { texts?: string[]; count?: number }[] = [];
  child.on('message', (message) => told.push(message as object));
  await once(child, 'exit');
  return told;
}

function queueOver(store: MemoryStore, embedder: FakeEmbedder, clock: () => number = Date.now) {
  const context = { store, clock, newId: uuidV7Source(), logger: silentLogger, actor: 'test', project: undefined };
  return embeddingQueue(context, embedder);
}

async function ownersIn(store: MemoryStore): Promise<readonly string[]> {
  const owners = [];
  for await (const { ownerId, vectors } of store.scan('embedding', {})) if (vectors.length > 0) owners.push(ownerId);
  return owners.toSorted();
}

test('processes that embed a store at the same time pay for each text once, and nothing is left [EM-03]', async () => {
  const store = await openTursoStore({ url });
  const episodes = TASKS.map((description) => anEpisode({ description }));
  await store.write(episodes.map((episode) => put('episode', episode)));
  const several = await Promise.all([startEmbedder(), startEmbedder(), startEmbedder()]);
  const telling = several.map(toldBy);
  for (const child of several) child.send({ url });
  const told = (await Promise.all(telling)).flat();
  expect(told.flatMap(({ texts }) => texts ?? []).toSorted()).toEqual(TASKS.toSorted());
  expect(told.reduce((sum, { count = 0 }) => sum + count, 0)).toBe(TASKS.length);
  expect(await ownersIn(store)).toEqual(episodes.map(({ id }) => id).toSorted());
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  await store.close();
});

test('a process killed between its vectors and their write loses none of what is stored, and another one goes on [EM-03]', async () => {
  const store = await openTursoStore({ url });
  const episodes = TASKS.map((description) => anEpisode({ description }));
  await store.write(episodes.map((episode) => put('episode', episode)));
  const child = await startEmbedder();
  const isEmbedded = new Promise((resolve) => {
    child.on('message', (message) => typeof message === 'object' && 'embedded' in message && resolve(message));
  });
  child.send({ url, waits: true });
  await isEmbedded;
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await ownersIn(store)).toEqual([]);
  const waiting = queueOver(store, fakeEmbedder({ isRemote: true }));
  expect(await waiting.now({})).toBe(0);
  await waiting.close();
  const later = queueOver(store, fakeEmbedder({ isRemote: true }), () => Date.now() + 61_000);
  expect(await later.now({})).toBe(TASKS.length);
  await later.close();
  expect(await ownersIn(store)).toEqual(episodes.map(({ id }) => id).toSorted());
  await store.close();
});

test('vectors reach a host and come back, those of a forgotten episode are gone there too [EM-04] [EP-06]', async () => {
  const server = await startLibsqlServer({ path: join(directory, 'server.db') });
  const [near, far] = [await openTursoStore({ url: server.url }), await openTursoStore({ url: server.url })];
  const [gone, kept, pattern] = [anEpisode({ description: 'go' }), anEpisode({ description: 'keep' }), aPattern()];
  await near.write([put('episode', gone), put('episode', kept), put('pattern', pattern)]);
  const queue = queueOver(near, fakeEmbedder({ dimensions: 700 }));
  expect(await queue.now({})).toBe(3);
  await queue.close();
  const ids = [kept, gone].map(({ id }) => embeddingId(id, 'fake/1'));
  const [ofKept, ofGone] = await far.getMany('embedding', ids);
  expect(ofKept?.vectors).toEqual(await fakeEmbedder({ dimensions: 700 }).embed(['keep'], { purpose: 'document' }));
  expect(ofGone?.vectors).toHaveLength(1);
  const memory = openMemory({ store: far });
  expect(await memory.forget({ ids: [gone.id] })).toMatchObject({ episodes: 1, vectors: 1 });
  expect(await near.getMany('embedding', ids)).toEqual([ofKept, undefined]);
  expect(await ownersIn(near)).toEqual([kept.id, pattern.id].toSorted());
  await memory.close();
  await near.close();
  await server.close();
});

test('verify finds vectors at a host that belong to nothing, and nothing else where there are no patterns [ST-12] [EM-04]', async () => {
  const path = join(directory, 'server.db');
  const server = await startLibsqlServer({ path });
  const store = await openTursoStore({ url: server.url });
  const [kept, gone] = [anEpisode(), anEpisode()];
  await store.write([kept, gone].map((episode) => put('episode', episode)));
  await store.write([kept, gone].map(({ id }) => put('embedding', anEmbedding({ ownerId: id }))));
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  const database = new Database(path);
  database.exec('PRAGMA foreign_keys = OFF');
  database.prepare('DELETE FROM episode WHERE id = ?').run(gone.id);
  database.close();
  const { findings } = await store.verify();
  expect(findings).toContainEqual(expect.stringMatching(/^1 rows of embedding belong to no episode/u));
  await store.close();
  await server.close();
});
