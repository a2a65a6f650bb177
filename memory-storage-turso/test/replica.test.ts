// A file that follows a remote database.
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { isMemoryError, type Memory, openMemory } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openTursoStore, type TursoStore, type TursoStoreOptions } from '@episodica/memory-storage-turso';
import {
  anEpisode,
  aStep,
  type LibsqlServer,
  put,
  remove,
  requireOpen,
  startLibsqlServer,
} from '@episodica/test-utils';
import { createClient } from '@libsql/client';
import * as fc from 'fast-check';
import Database from 'libsql';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { clientConnection } from '../src/connection.ts';
import { contentsOf } from './contents.ts';
import { startWriter } from './writers.ts';

let directory: string;
let server: LibsqlServer;
let opened: TursoStore[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-replica-'));
  server = await startLibsqlServer({ path: primaryPath() });
});

afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  opened = [];
  await server.close();
  rmSync(directory, { recursive: true });
});

const primaryPath = (): string => join(directory, 'primary.db');
const replicaPath = (name = 'replica'): string => join(directory, `${name}.db`);

/** Nothing is synchronised but on demand. */
const BY_HAND = { syncIntervalMs: 3_600_000, deadlineMs: 2_000, threads: false } as const;

async function openReplica(options: Partial<TursoStoreOptions> & { readonly name?: string } = {}): Promise<TursoStore> {
  const { name, ...others } = options;
  const url = pathToFileURL(replicaPath(name)).href;
  return keep(await openTursoStore({ url, syncUrl: server.url, ...BY_HAND, ...others }));
}

async function openPrimary(): Promise<TursoStore> {
  return keep(await openTursoStore({ url: server.url, deadlineMs: 2_000 }));
}

function keep(store: TursoStore): TursoStore {
  opened.push(store);
  return store;
}

/** Another database at the same address. */
async function replaceServer(path: string): Promise<void> {
  await server.close();
  server = await startLibsqlServer({ path, port: server.port });
}

const SCHEMA_4 = new URL('fixtures/schema-4.db.gz', import.meta.url);

async function contentsAt(path: string): Promise<unknown> {
  const client = createClient({ url: pathToFileURL(path).href });
  try {
    return await contentsOf(clientConnection(client, path));
  } finally {
    client.close();
  }
}

async function idsIn(store: MemoryStore): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { id } of store.scan('episode', {})) ids.push(id);
  return ids.sort();
}

describe('reads and writes', () => {
  test('a write is seen by the next read, also by others who read at the same time [ST-03]', async () => {
    const replica = await openReplica();
    const episodes = Array.from({ length: 30 }, () => anEpisode());
    const seen = await Promise.all(
      episodes.map(async (episode) => {
        await replica.write([put('episode', episode, { ifVersion: 0, terms: { title: ['tab'], body: ['tab'] } })]);
        const [found] = await replica.getMany('episode', [episode.id]);
        return found?.id;
      }),
    );
    expect(seen).toEqual(episodes.map(({ id }) => id));
    expect(await idsIn(replica)).toEqual(episodes.map(({ id }) => id).sort());
    const { hits } = await replica.text.match({ kind: 'episode', terms: ['tab'], limit: 100 });
    expect(hits).toHaveLength(30);
  });

  test('an import does not bring back what was forgotten on another machine since [EP-06 EP-11]', async () => {
    const replica = await openReplica();
    const there = openMemory({ store: await openPrimary() });
    const { episode } = await there.createEpisode({ description: 'Make the lexer accept tabs' });
    const records: unknown[] = [];
    for await (const record of there.exportEpisodes()) records.push(record);
    await there.forget({ ids: [episode.id] });
    const receipt = await openMemory({ store: replica }).importEpisodes(records);
    expect(receipt).toMatchObject({ imported: 0, forgotten: 1 });
    expect(await there.getEpisode(episode.id)).toBeUndefined();
  });

  test('a file that was brought up at a time that is to come is brought up all the same [ST-03]', async () => {
    await (await openReplica()).close();
    const database = new Database(replicaPath());
    database.exec("UPDATE following SET synced_at = '2999-01-01T00:00:00.000Z'");
    database.close();
    const episode = anEpisode();
    await (await openPrimary()).write([put('episode', episode)]);
    expect(await idsIn(await openReplica())).toEqual([episode.id]);
  });

  test('reads of what is there cost no round trip [ST-03]', async () => {
    const replica = await openReplica();
    const episode = anEpisode();
    await Promise.all(
      [1, 2, 3].map(() => replica.write([put('step', aStep({ episodeId: episode.id }))]).catch(() => 0)),
    );
    await replica.write([put('episode', episode), put('step', aStep({ episodeId: episode.id }))]);
    const before = server.roundTrips;
    await replica.getMany('episode', [episode.id]);
    await replica.getMany('pattern', ['not there']);
    for await (const _ of replica.scan('step', { episodeIds: [episode.id] }));
    await replica.text.match({ kind: 'episode', terms: ['tab'], limit: 10 });
    await replica.changes(0);
    await replica.stats();
    expect(server.roundTrips).toBe(before);
  });

  test('an id that somebody else has just written is found, and asked for once by all who ask [ST-03]', async () => {
    const replica = await openReplica();
    const primary = await openPrimary();
    const episodes = [anEpisode(), anEpisode()];
    await primary.write(episodes.map((episode) => put('episode', episode)));
    const before = server.roundTrips;
    const found = await Promise.all(episodes.map(({ id }) => replica.getMany('episode', [id])));
    expect(found.map(([episode]) => episode)).toEqual(episodes);
    expect(server.roundTrips - before).toBeLessThanOrEqual(2);
  });

  test('whoever is turned down sees by the next read what turned it down [ST-04]', async () => {
    const replica = await openReplica();
    const primary = await openPrimary();
    const episode = anEpisode();
    await replica.write([put('episode', episode)]);
    const changed = { ...episode, version: 2, description: 'changed elsewhere' };
    await primary.write([put('episode', changed, { ifVersion: 1 })]);
    const tooLate = replica.write([put('episode', { ...episode, version: 2 }, { ifVersion: 1 })]);
    await expect(tooLate).rejects.toMatchObject({ code: 'CONFLICT' });
    const before = server.roundTrips;
    expect(await replica.getMany('episode', [episode.id])).toEqual([changed]);
    expect(server.roundTrips).toBe(before);
  });

  test('what the database refuses is refused, and nothing is written [ST-04]', async () => {
    const replica = await openReplica();
    const step = put('step', aStep({ episodeId: anEpisode().id }));
    await expect(replica.write([requireOpen(step.value.episodeId), step])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await replica.changes(0)).toEqual({ entries: [], seq: 0 });
  });

  test('two replicas of one database see each other after a sync [ST-03]', async () => {
    const here = await openReplica({ name: 'here' });
    const there = await openReplica({ name: 'there' });
    const episode = anEpisode();
    await here.write([put('episode', episode)]);
    expect(await idsIn(there)).toEqual([]);
    expect(await there.replica?.sync()).toMatchObject({ changes: 1, seq: 1 });
    expect(await idsIn(there)).toEqual([episode.id]);
    await there.write([remove('episode', episode.id)]);
    await here.replica?.sync();
    expect(await idsIn(here)).toEqual([]);
    expect(here.identity).not.toBe(there.identity);
  });

  test('what others write is brought over in intervals [ST-03]', async () => {
    const replica = await openReplica({ syncIntervalMs: 20 });
    const primary = await openPrimary();
    const { seq } = await primary.write([put('episode', anEpisode())]);
    await expect.poll(async () => (await replica.changes(0)).seq).toBe(seq);
  });

  test('two stores on one file share what each brings over [ST-06]', async () => {
    const first = await openReplica();
    const second = await openReplica();
    const episodes = Array.from({ length: 20 }, () => anEpisode());
    await Promise.all(
      episodes.map((episode, index) => (index % 2 === 0 ? first : second).write([put('episode', episode)])),
    );
    expect(await idsIn(first)).toEqual(episodes.map(({ id }) => id).sort());
    expect(await idsIn(second)).toEqual(await idsIn(first));
    expect((await first.verify()).findings).toEqual([]);
  });
});

test('of processes on one file, each writes and has what the others wrote, also when one is killed [ST-06]', async () => {
  const url = pathToFileURL(replicaPath()).href;
  const writers = await Promise.all([startWriter(), startWriter(), startWriter()]);
  const [first, second, killed] = writers;
  await Promise.all(writers.map((writer) => writer.tell({ task: 'open', url, syncUrl: server.url })));
  const dies = killed!.tell({ task: 'write', count: 1_000 });
  const died = once(killed!.process, 'exit');
  killed!.process.on('message', () => killed!.acknowledged.length > 3 && killed!.process.kill('SIGKILL'));
  await Promise.all([first!, second!].map((writer) => writer.tell({ task: 'write', count: 10 })));
  await died;
  void dies;
  const replica = await openReplica();
  const acknowledged = writers.flatMap((writer) => writer.acknowledged.flat());
  expect(await replica.getMany('tombstone', acknowledged)).not.toContain(undefined);
  await replica.replica?.sync();
  expect((await replica.changes(0, { limit: 10_000 })).entries).toEqual(
    (await (await openPrimary()).changes(0, { limit: 10_000 })).entries,
  );
  for (const { process } of [first!, second!]) process.kill('SIGKILL');
});

describe('while the database is away', () => {
  test('a host that does not answer keeps nobody waiting who reads what is there, nor who closes [ST-03]', async () => {
    const replica = await openReplica({ deadlineMs: 600_000 });
    const episode = anEpisode();
    await replica.write([put('episode', episode)]);
    server.faults = () => 'hang';
    expect(await replica.getMany('episode', [episode.id])).toEqual([episode]);
    expect(await replica.getMany('episode', [episode.id, 'unheard'])).toEqual([episode, undefined]);
    const before = server.roundTrips;
    expect(await replica.getMany('episode', ['unheard'])).toEqual([undefined]);
    expect(server.roundTrips).toBe(before);
    await replica.close();
    opened = [];
  });

  test('a replica that has data opens and answers, and a write is refused as one that can be repeated [ST-03]', async () => {
    const episode = anEpisode();
    await (await openReplica()).write([put('episode', episode)]);
    await opened.pop()?.close();
    await server.stop();
    const replica = await openReplica();
    expect(await idsIn(replica)).toEqual([episode.id]);
    expect(await replica.getMany('episode', [episode.id, 'unheard'])).toEqual([episode, undefined]);
    const refused = replica.write([put('episode', anEpisode())]);
    await expect(refused).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    await server.start();
  });

  test('it goes away and comes back in the middle of work, and no restart is needed [ST-03]', async () => {
    const replica = await openReplica({ syncIntervalMs: 20 });
    const [before, after] = [anEpisode(), anEpisode()];
    await replica.write([put('episode', before)]);
    await server.stop();
    await expect(replica.write([put('episode', after)])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(replica.replica?.sync()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(await idsIn(replica)).toEqual([before.id]);
    expect((await replica.replica?.state())?.problem).toContain(server.url);

    await server.start();
    await expect.poll(() => replica.write([put('episode', after)]).catch(() => undefined)).toBeDefined();
    expect(await replica.getMany('episode', [after.id])).toEqual([after]);
    expect((await replica.replica?.state())?.problem).toBeUndefined();
  });

  test('a replica without data says that it is empty and why, and fills itself when the database is back [ST-03]', async () => {
    const episode = anEpisode();
    await (await openPrimary()).write([put('episode', episode)]);
    await server.stop();
    const replica = await openReplica({ syncIntervalMs: 20 });
    const emptiness = {
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringMatching(/is empty.*cannot/u),
    };
    await expect(idsIn(replica)).rejects.toMatchObject(emptiness);
    await expect(replica.getMany('episode', [episode.id])).rejects.toMatchObject(emptiness);
    await expect(replica.changes(0)).rejects.toMatchObject(emptiness);
    await expect(replica.text.match({ kind: 'episode', terms: ['x'], limit: 1 })).rejects.toMatchObject(emptiness);
    expect(await replica.replica?.state()).toMatchObject({ primary: server.url, problem: expect.any(String) });
    await server.start();
    await expect.poll(() => idsIn(replica).catch(() => [])).toEqual([episode.id]);
  });

  test('the server is killed in the middle of the first filling, which goes on where it stood [ST-03]', async () => {
    const primary = await openPrimary();
    for (let index = 0; index < 12; index += 1) {
      await primary.write(Array.from({ length: 100 }, () => put('episode', anEpisode())));
    }
    await primary.close();
    // Each page is on its way for longer than the look at how far it is.
    server.latencyMs = 50;
    const replica = openReplica();
    const seqOf = (): number => {
      const file = new Database(replicaPath(), { timeout: 1_000 });
      try {
        // The statement has one column of this name.
        return (file.prepare('SELECT ifnull(max(seq), 0) AS seq FROM journal').get() as { seq: number }).seq;
      } catch {
        return 0;
      } finally {
        file.close();
      }
    };
    await expect.poll(seqOf, { interval: 1 }).toBeGreaterThan(0);
    await server.stop();
    const store = await replica;
    const stoodAt = seqOf();
    expect(stoodAt).toBeLessThan(1_200);
    await expect(idsIn(store)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining(`is not complete (${stoodAt} of 1200 changes)`),
    });
    server.latencyMs = 0;
    await server.start();
    const sync = () => store.replica?.sync().catch(() => undefined);
    await expect.poll(sync).toMatchObject({ changes: 1_200 - stoodAt });
    expect(await idsIn(store)).toHaveLength(1_200);
    expect((await store.verify()).findings).toEqual([]);
  });
});

describe('what is no replica of this database', () => {
  test('a file with a memory of its own is refused, and left as it is [ST-03]', async () => {
    const url = pathToFileURL(replicaPath()).href;
    const own = await openTursoStore({ url, threads: false });
    const episode = anEpisode();
    await own.write([put('episode', episode)]);
    await own.close();
    await expect(openReplica()).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('storage migrate'),
    });
    expect(await idsIn(keep(await openTursoStore({ url, threads: false })))).toEqual([episode.id]);
  });

  test('a replica that is opened without its database reads, and refuses to write [ST-03]', async () => {
    const episode = anEpisode();
    await (await openReplica()).write([put('episode', episode)]);
    await opened.pop()?.close();
    const alone = keep(await openTursoStore({ url: pathToFileURL(replicaPath()).href, threads: false }));
    expect(alone.replica).toBeUndefined();
    expect(await idsIn(alone)).toEqual([episode.id]);
    await expect(alone.write([put('episode', anEpisode())])).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('TURSO_SYNC_URL'),
    });
    expect((await alone.changes(0)).seq).toBe(1);
  });

  test('a replica of another database is refused [ST-03]', async () => {
    await (await openReplica()).write([put('episode', anEpisode())]);
    await opened.pop()?.close();
    const other = await startLibsqlServer({ path: join(directory, 'other.db') });
    try {
      await expect(openReplica({ syncUrl: other.url, syncIntervalMs: 1 })).rejects.toMatchObject({
        code: 'INVALID_STATE',
        message: expect.stringContaining('Name another file'),
      });
    } finally {
      await other.close();
    }
  });

  test('another database that takes the place of the first gets no write, and what is there is not answered [ST-08]', async () => {
    await (await openReplica()).write([put('episode', anEpisode())]);
    await opened.pop()?.close();
    await server.stop();
    const replica = await openReplica();
    await replaceServer(join(directory, 'other.db'));
    const forked = { code: 'INVALID_STATE', retryable: false };
    await expect(replica.write([put('episode', anEpisode())])).rejects.toMatchObject(forked);
    expect((await (await openPrimary()).changes(0)).seq).toBe(0);
    await expect(replica.replica?.sync()).rejects.toMatchObject(forked);
    await expect(idsIn(replica)).rejects.toMatchObject(forked);
  });

  test('a database that was put back to an older state is not taken for the one that was followed [ST-08]', async () => {
    const replica = await openReplica();
    await replica.write([put('episode', anEpisode())]);
    await replica.write([put('episode', anEpisode())]);
    const older = new Database(primaryPath(), { timeout: 1_000 });
    older.exec('DELETE FROM journal WHERE seq = 2');
    older.close();
    await expect(replica.replica?.sync()).rejects.toThrow(/put back to an older state/u);
    await expect(idsIn(replica)).rejects.toThrow(/put back to an older state/u);
    await expect(replica.write([put('episode', anEpisode())])).rejects.toThrow(/put back to an older state/u);
  });

  test('a newer schema of the database stops the replica, which says so and serves what it has [ST-09]', async () => {
    const replica = await openReplica();
    await replica.write([put('episode', anEpisode())]);
    const newer = new Database(primaryPath(), { timeout: 1_000 });
    newer.exec(`INSERT INTO migration (number, at) VALUES (99, '')`);
    newer.close();
    await expect(replica.replica?.sync()).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringContaining('(99)'),
    });
    expect(await idsIn(replica)).toHaveLength(1);
  });

  test('a replica and its database are brought to a newer schema in either order, and stay one history [ST-09]', async () => {
    for (const order of ['replica first', 'database first'] as const) {
      const name = order.replace(' ', '-');
      const path = join(directory, `${name}.primary.db`);
      for (const file of [path, replicaPath(name)]) writeFileSync(file, gunzipSync(readFileSync(SCHEMA_4)));
      const file = new Database(replicaPath(name));
      file.exec(`INSERT INTO following SELECT id, '${server.url}', '2026-11-21T10:00:00.000Z' FROM identity`);
      file.close();
      await replaceServer(path);
      if (order === 'database first') await (await openTursoStore({ url: server.url })).close();
      else {
        // The database is away while the file is brought forward.
        await server.close();
        await (await openReplica({ name })).close();
        server = await startLibsqlServer({ path, port: server.port });
      }
      const replica = await openReplica({ name });
      await replica.replica?.sync();
      await replica.close();
      expect(await contentsAt(replicaPath(name))).toEqual(await contentsAt(path));
    }
  });

  test('two addresses that make no replica are refused [ST-03]', async () => {
    const remote = openTursoStore({ url: server.url, syncUrl: server.url });
    await expect(remote).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    const file = pathToFileURL(replicaPath()).href;
    await expect(openTursoStore({ url: file, syncUrl: file })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

test('a token that is refused is told, and a replica with data goes on reading [ST-03]', async () => {
  const guarded = await startLibsqlServer({ path: primaryPath(), token: 'right' });
  try {
    const good = await openReplica({ syncUrl: guarded.url, authToken: 'right' });
    await good.write([put('episode', anEpisode())]);
    await good.close();
    const replica = await openReplica({ syncUrl: guarded.url, authToken: 'wrong', syncIntervalMs: 1 });
    expect(await idsIn(replica)).toHaveLength(1);
    const refused = await replica.write([put('episode', anEpisode())]).catch((error: unknown) => String(error));
    expect(refused).not.toMatch(/right|wrong/u);
    expect((await replica.replica?.state())?.problem).toBeDefined();
  } finally {
    await guarded.close();
  }
});

test('after any verbs on the database and on two replicas, and a sync, all three export the same, and their journals are the same [ST-08]', async () => {
  const end = fc.constantFrom('primary', 'here', 'there');
  const verb = fc.constantFrom('create', 'step', 'complete', 'forget', 'tag', 'sync');
  const course = fc.array(fc.record({ end, verb, which: fc.nat(5) }), { minLength: 5, maxLength: 25 });
  let round = 0;
  await fc.assert(
    fc.asyncProperty(course, async (verbs) => {
      round += 1;
      const database = await startLibsqlServer({ path: join(directory, `primary ${round}.db`) });
      const syncUrl = database.url;
      const stores = {
        primary: await openTursoStore({ url: syncUrl }),
        here: await openReplica({ name: `here ${round}`, syncUrl }),
        there: await openReplica({ name: `there ${round}`, syncUrl }),
      };
      const memories = Object.entries(stores).map(([name, store]) => ({ name, store, memory: openMemory({ store }) }));
      const ids: string[] = [];
      for (const step of verbs) {
        const { store, memory } = memories.find(({ name }) => name === step.end)!;
        await doVerb(step.verb, { memory, ids, id: ids[step.which % ids.length], sync: () => store.replica?.sync() });
      }
      // Nothing is left to be written in the background.
      for (const { memory } of memories) await memory.catchUp();
      for (const { store } of memories) await store.replica?.sync();
      const told = await Promise.all(memories.map(async ({ memory, store }) => exportOf(memory, store)));
      expect(told[1]).toEqual(told[0]);
      expect(told[2]).toEqual(told[0]);
      for (const { memory } of memories) await memory.close();
      await database.close();
    }),
    { numRuns: 12 },
  );
});

interface VerbSetup {
  readonly memory: Memory;
  readonly ids: string[];
  readonly id: string | undefined;
  sync(): Promise<unknown> | undefined;
}

async function doVerb(verb: string, { memory, ids, id, sync }: VerbSetup): Promise<void> {
  if (verb === 'sync') return void (await sync());
  if (verb === 'create' || id === undefined) {
    const { episode } = await memory.createEpisode({
      description: `Task ${ids.length}`,
      domain: 'parsers',
      tags: ['first'],
    });
    return void ids.push(episode.id);
  }
  const done = {
    step: () =>
      memory.addStep(id, { tool: 'bash', action: 'test', result: { type: 'error', message: 'no such file' } }),
    complete: () => memory.completeEpisode(id, { kind: 'success', verdict: 'works', artifacts: [] }),
    forget: () => memory.forget({ ids: [id] }),
    tag: () => memory.updateEpisode(id, { tags: { set: [`tag-${ids.length}`] } }),
  }[verb];
  // Of an episode that is completed or forgotten.
  await done?.().catch((error: unknown) => {
    if (!isMemoryError(error) || !['NOT_FOUND', 'INVALID_STATE'].includes(error.code)) throw error;
  });
}

async function exportOf(memory: Memory, store: MemoryStore): Promise<object> {
  const lines: string[] = [];
  for await (const record of memory.exportEpisodes()) lines.push(JSON.stringify(record));
  return { lines, journal: (await store.changes(0, { limit: 100_000 })).entries };
}

test('the life of an episode goes through a replica, and search finds it on another machine [ST-03]', async () => {
  const here = openMemory({ store: await openReplica({ name: 'here' }) });
  const { episode } = await here.createEpisode({
    description: 'Make the lexer accept tabs',
    domain: 'parsers',
    taskType: 'debugging',
  });
  await here.addStep(episode.id, {
    tool: 'bash',
    action: 'run the tests',
    result: { type: 'error', message: 'unexpected tab' },
  });
  await here.addStep(episode.id, {
    tool: 'edit',
    action: 'treat tabs as blanks',
    result: { type: 'success', output: 'done' },
  });
  await here.completeEpisode(episode.id, { kind: 'success', verdict: 'tests pass', artifacts: [] });
  await here.close();
  const there = openMemory({ store: await openReplica({ name: 'there' }) });
  const { episodes } = await there.search({ text: 'lexer tabs' });
  expect(episodes.map((hit) => hit.episode.id)).toEqual([episode.id]);
  await there.close();
  opened = [];
});
