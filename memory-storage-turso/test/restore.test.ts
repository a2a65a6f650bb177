import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Memory, openMemory } from '@episodica/memory-core';
import {
  openTursoStore,
  planRestore,
  restoreBackup,
  type TursoStore,
  verifyBackup,
} from '@episodica/memory-storage-turso';
import { anEpisode, aTombstone, put } from '@episodica/test-utils';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NEWEST_SCHEMA } from '../src/schema.ts';
import { startWriter, type Writer } from './writers.ts';

const KEEPER = fileURLToPath(new URL('fixtures/keeper.mjs', import.meta.url));
/** The calls of one restore that give a file another name or take one away, and the first of the next; then whenever it happens. */
const KILLS_AT_CALLS = 10;
const KILLS_AT_RANDOM = 2;

let directory: string;
let path: string;
let url: string;
let from: string;
let writers: Writer[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-restore-'));
  path = join(directory, 'data', 'memory.db');
  url = pathToFileURL(path).href;
  from = join(directory, 'kept', 'copy.db');
  writers = [];
});

afterEach(() => {
  for (const { process } of writers) process.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

async function withStore<T>(work: (store: TursoStore) => Promise<T>, place = url): Promise<T> {
  const store = await openTursoStore({ url: place });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const withMemory = <T>(work: (memory: Memory) => Promise<T>, place = url): Promise<T> =>
  withStore(async (store) => {
    const memory = openMemory({ store });
    const result = await work(memory);
    await memory.close();
    return result;
  }, place);

async function exported(memory: Memory): Promise<readonly unknown[]> {
  const records: unknown[] = [];
  for await (const record of memory.exportEpisodes({})) records.push(record);
  return records;
}

/** Two episodes with what is learnt from them, and a backup of both; answers what an export gives. */
async function backedUp(): Promise<readonly unknown[]> {
  return withStore(async (store) => {
    const memory = openMemory({ store });
    for (const name of ['first', 'second']) {
      const { episode } = await memory.createEpisode({ description: `the ${name} task`, domain: 'test' });
      await memory.addStep(episode.id, { tool: 'bash', action: 'npm test', result: { type: 'error', message: name } });
      await memory.completeEpisode(episode.id, { kind: 'success' });
    }
    await store.backup(from);
    const records = await exported(memory);
    await memory.close();
    return records;
  });
}

const writeAnother = (): Promise<unknown> =>
  withStore((store) => store.write([put('episode', anEpisode({ description: 'written after the backup' }))]));

const asides = (): readonly string[] =>
  readdirSync(join(directory, 'data')).filter((name) => /\.(?:replaced|damaged)-/u.test(name));
const partials = (): readonly string[] =>
  readdirSync(join(directory, 'data')).filter((name) => name.endsWith('.partial'));

/** Every file but the log, which opening a store may make. */
const stateOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !/-(?:wal|shm)$/u.test(name))
      .map((name) => [name, readFileSync(join(folder, name), 'base64')]),
  );

test('what is restored in a new place exports as the store did [ST-12]', async () => {
  const records = await backedUp();
  const elsewhere = pathToFileURL(join(directory, 'elsewhere', 'memory.db')).href;
  const receipt = await restoreBackup({ from, url: elsewhere });
  expect(receipt).toMatchObject({ from, schema: NEWEST_SCHEMA, counts: { episode: 2, step: 2 }, forgottenAgain: 0 });
  expect(receipt.replaced).toBeUndefined();
  expect(readdirSync(join(directory, 'elsewhere'))).toEqual(['memory.db']);
  expect((statSync(receipt.path).mode & 0o777).toString(8)).toBe('600');
  expect(await withMemory(exported, elsewhere)).toEqual(records);
  expect(await withStore((store) => store.verify(), elsewhere)).toEqual({ ok: true, findings: [] });
});

test('a store that holds data is left as it is unless it may be replaced, and then it is kept [ST-12]', async () => {
  const records = await backedUp();
  await writeAnother();
  const before = stateOf(join(directory, 'data'));
  await expect(restoreBackup({ from, url })).rejects.toMatchObject({
    code: 'INVALID_STATE',
    message: expect.stringContaining('holds 3 episodes'),
  });
  expect(stateOf(join(directory, 'data'))).toEqual(before);
  const { replaced = '' } = await restoreBackup({ from, url, replace: true });
  expect(await withMemory(exported)).toEqual(records);
  expect(await verifyBackup(replaced)).toMatchObject({ ok: true, stats: { counts: { episode: 3 } } });
  expect(partials()).toEqual([]);
});

test('an empty store is replaced without asking, and leaves nothing behind [ST-12]', async () => {
  const records = await backedUp();
  for (const place of ['fresh', 'bare']) {
    const other = pathToFileURL(join(directory, place, 'memory.db')).href;
    await withStore(async () => undefined, other);
    if (place === 'bare') truncateSync(join(directory, place, 'memory.db'), 0);
    expect((await restoreBackup({ from, url: other })).replaced).toBeUndefined();
    expect(await withMemory(exported, other)).toEqual(records);
    expect(readdirSync(join(directory, place)).filter((name) => !/-(?:wal|shm)$/u.test(name))).toEqual(['memory.db']);
  }
});

test('a store that cannot be read is kept with its log, and the backup takes its place [ST-12]', async () => {
  const records = await backedUp();
  rmSync(`${path}-shm`, { force: true });
  writeFileSync(path, 'scrambled '.repeat(2_000));
  writeFileSync(`${path}-wal`, 'log');
  await expect(restoreBackup({ from, url })).rejects.toMatchObject({ code: 'INVALID_STATE' });
  expect((await planRestore({ from, url })).place).toMatchObject({ state: 'unreadable' });
  const { replaced = '', forgottenAgain } = await restoreBackup({ from, url, replace: true });
  expect(forgottenAgain).toBe('unknown');
  expect(replaced).toMatch(/memory\.db\.damaged-/u);
  expect(readFileSync(replaced, 'utf8')).toBe('scrambled '.repeat(2_000));
  expect(readFileSync(`${replaced}-wal`, 'utf8')).toBe('log');
  expect(await withMemory(exported)).toEqual(records);
});

test('a store with a damaged page is kept as well [ST-12]', async () => {
  const records = await backedUp();
  const bytes = readFileSync(path);
  bytes.fill(0x5a, 4_096, bytes.length);
  writeFileSync(path, bytes);
  const { replaced = '' } = await restoreBackup({ from, url, replace: true });
  expect(readFileSync(replaced).equals(bytes)).toBe(true);
  expect(await withMemory(exported)).toEqual(records);
});

test('a restored store goes by a new name, so no cache of another is taken for its own [ST-12 CA-02]', async () => {
  await backedUp();
  const before = await withStore(async ({ identity }) => identity);
  const { identity } = await restoreBackup({ from, url, replace: true });
  expect(identity).not.toBe(before);
  expect(await withStore(async (store) => store.identity)).toBe(identity);
});

test('a backup that is not whole, is newer, or is the store itself changes nothing [ST-12]', async () => {
  await backedUp();
  const before = stateOf(join(directory, 'data'));
  await expect(restoreBackup({ from: path, url, replace: true })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  await expect(restoreBackup({ from: 'nowhere.db', url, replace: true })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  const other = new Database(from);
  other.exec("INSERT INTO migration (number, at) VALUES (99, '')");
  other.close();
  await expect(restoreBackup({ from, url, replace: true })).rejects.toThrow(/schema 99 is newer/u);
  truncateSync(from, 8_192);
  await expect(restoreBackup({ from, url, replace: true })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  expect(stateOf(join(directory, 'data'))).toEqual(before);
});

test('a backup of an older schema is restored as it is, and brought up to date when it is opened [ST-12 ST-09]', async () => {
  mkdirSync(dirname(from), { recursive: true });
  writeFileSync(from, gunzipSync(readFileSync(new URL('fixtures/schema-1.db.gz', import.meta.url))));
  expect(await verifyBackup(from)).toMatchObject({ ok: true, stats: { schema: 1 } });
  expect(await restoreBackup({ from, url, replace: true })).toMatchObject({ schema: 1 });
  expect(await withStore((store) => store.stats())).toMatchObject({ schema: NEWEST_SCHEMA });
  expect(await withMemory(exported)).not.toEqual([]);
  expect(await withStore((store) => store.verify())).toEqual({ ok: true, findings: [] });
});

test('what was forgotten since the backup stays forgotten, and its words are not in the file [ST-12 EP-06]', async () => {
  await backedUp();
  const [kept, gone] = await withMemory(async (memory) => {
    const ids: string[] = [];
    for await (const { id } of memory.listEpisodes({})) ids.push(id);
    await memory.forget({ ids: ids.slice(1) });
    return ids;
  });
  const unseen = aTombstone();
  await withStore((store) => store.write([put('tombstone', unseen)]));
  const { forgottenAgain, counts } = await restoreBackup({ from, url, replace: true });
  expect({ forgottenAgain, counts }).toMatchObject({
    forgottenAgain: 1,
    counts: { episode: 1, step: 1, tombstone: 2 },
  });
  await withStore(async (store) => {
    const found = await store.getMany('episode', [kept ?? '', gone ?? '']);
    expect(found.map((episode) => episode?.description)).toEqual(['the first task', undefined]);
    expect(await store.getMany('tombstone', [gone ?? '', unseen.id])).toMatchObject([{ id: gone }, unseen]);
    expect(await store.verify()).toEqual({ ok: true, findings: [] });
  });
  expect(readFileSync(path).includes('second')).toBe(false);
  expect(readFileSync(from).includes('second')).toBe(true);
});

test('what was forgotten comes back only for those who ask for it [ST-12 EP-06]', async () => {
  const records = await backedUp();
  await withMemory((memory) => memory.forget({ domain: 'test' }));
  const { forgottenAgain, counts } = await restoreBackup({ from, url, replace: true, bringBackForgotten: true });
  expect({ forgottenAgain, episodes: counts.episode }).toEqual({ forgottenAgain: 0, episodes: 2 });
  expect(await withMemory(exported)).toEqual(records);
});

test('while another process writes or reads without end, nothing is replaced [ST-12]', async () => {
  await backedUp();
  await writeAnother();
  const before = stateOf(join(directory, 'data'));
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  await expect(restoreBackup({ from, url, replace: true, waitMs: 50 })).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
  });
  other.exec('COMMIT');
  expect(stateOf(join(directory, 'data'))).toEqual(before);
  expect([...asides(), ...partials()]).toEqual([]);
  await restoreBackup({ from, url, replace: true });
  other.close();
});

test('under processes that write, all that was acknowledged is in what was put aside [ST-12]', async () => {
  await withStore((store) => store.backup(from));
  writers.push(await startWriter(), await startWriter());
  await Promise.all(writers.map((writer) => writer.tell({ task: 'open', url })));
  for (const writer of writers) void writer.tell({ task: 'write', count: 1_000_000 }).catch(() => undefined);
  while (writers.some(({ acknowledged }) => acknowledged.length < 50))
    await once(writers[0]?.process ?? process, 'message');
  const known = writers.flatMap(({ acknowledged }) => acknowledged.flat());
  // The marks that these processes write are what a restore would carry over: it is told not to.
  const { replaced = '' } = await restoreBackup({ from, url, replace: true, bringBackForgotten: true });
  const copy = new Database(replaced);
  const ids = new Set(
    copy
      .prepare('SELECT id FROM tombstone')
      .all()
      .map((row) => (row as { id: string }).id),
  );
  copy.close();
  expect(known.filter((id) => !ids.has(id))).toEqual([]);
});

test('what is forgotten while a backup is prepared is not lost: the restore is refused, and may be repeated [ST-12 EP-06]', async () => {
  await backedUp();
  const before = stateOf(join(directory, 'data'));
  const agree = async (): Promise<void> => {
    await withMemory((memory) => memory.forget({ domain: 'test' }));
  };
  await expect(restoreBackup({ from, url, replace: true, agree })).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
  });
  expect(Object.keys(stateOf(join(directory, 'data')))).toEqual(Object.keys(before));
  expect(await restoreBackup({ from, url, replace: true })).toMatchObject({
    forgottenAgain: 2,
    counts: { episode: 0 },
  });
});

test('who does not agree leaves all as it is [ST-12]', async () => {
  await backedUp();
  const before = stateOf(join(directory, 'data'));
  const agree = async (): Promise<void> => Promise.reject(new Error('no'));
  await expect(restoreBackup({ from, url, replace: true, agree })).rejects.toThrow('no');
  expect(stateOf(join(directory, 'data'))).toEqual(before);
});

test('a process that had the old store open and ends does no harm to the new one [ST-12]', async () => {
  await backedUp();
  const old = await openTursoStore({ url });
  await old.write([put('episode', anEpisode())]);
  await restoreBackup({ from, url, replace: true });
  const fresh = await openTursoStore({ url });
  const later = anEpisode({ description: 'written to the restored store' });
  await fresh.write([put('episode', later)]);
  expect(existsSync(`${path}-wal`)).toBe(true);
  await old.close();
  const again = await openTursoStore({ url });
  expect(await again.getMany('episode', [later.id])).toEqual([later]);
  expect(await again.verify()).toEqual({ ok: true, findings: [] });
  await again.close();
  await fresh.close();
  expect(await withStore((store) => store.stats())).toMatchObject({ counts: { episode: 3 } });
});

test('killing a restore at any moment leaves the old store or the new one, whole [ST-12]', async () => {
  const another = () => put('episode', anEpisode({ description: 'written after the backup' }));
  let before = await withStore(async (store) => {
    await store.write(Array.from({ length: 40 }, () => put('episode', anEpisode())));
    await store.backup(from);
    await store.write([another()]);
    return store.identity;
  });
  const seen = { old: 0, new: 0 };
  for (let round = 1; round <= KILLS_AT_CALLS + KILLS_AT_RANDOM; round += 1) {
    const isAtCall = round <= KILLS_AT_CALLS;
    const child = fork(KEEPER, ['restore', url, from, String(isAtCall ? round : 0)]);
    const ended = once(child, 'exit');
    await Promise.race([once(child, 'message'), ended]);
    if (!isAtCall) {
      await sleep(Math.random() * 300);
      child.kill('SIGKILL');
    }
    await ended;
    before = await withStore(async (store) => {
      const { counts } = await store.stats();
      const isOld = store.identity === before;
      seen[isOld ? 'old' : 'new'] += 1;
      expect(counts.episode).toBeGreaterThanOrEqual(isOld ? 41 : 40);
      expect(await store.verify()).toEqual({ ok: true, findings: [] });
      await store.write([another()]);
      return store.identity;
    });
  }
  expect([seen.old, seen.new].every((count) => count > 0)).toBe(true);
});

test('a second name that a killed restore gave the store is taken away by the next one [ST-12]', async () => {
  await backedUp();
  linkSync(path, `${path}.replaced-2026-01-01T00-00-00.000Z`);
  const { replaced = '' } = await restoreBackup({ from, url, replace: true });
  expect(asides()).toEqual([replaced.split('/').at(-1)]);
  expect(await withStore((store) => store.verify())).toMatchObject({ ok: true });
});

test.skipIf(process.platform === 'win32')(
  'a store behind a link is replaced where it lies, and the link stays [ST-12]',
  async () => {
    const records = await backedUp();
    await writeAnother();
    const real = join(realpathSync(directory), 'real.db');
    renameSync(path, real);
    symlinkSync(real, path);
    const { replaced } = await restoreBackup({ from, url, replace: true });
    expect(replaced).toContain('real.db.replaced-');
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(await withMemory(exported)).toEqual(records);
  },
);
