import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { backupPathAt, openTursoStore, type TursoStore, verifyTursoFile } from '@episodica/memory-storage-turso';
import { anEpisode, aStep, put } from '@episodica/test-utils';
import Database from 'libsql';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';

const PAGE_BYTES = 4_096;

let sound: string;
let directory: string;
let path: string;
let url: string;
let stores: TursoStore[];

/** One whole file, which each test damages a copy of. */
beforeAll(async () => {
  sound = join(mkdtempSync(join(tmpdir(), 'episodica-sound-')), 'memory.db');
  const store = await openTursoStore({ url: pathToFileURL(sound).href, durability: 'normal' });
  for (let index = 0; index < 40; index += 1) {
    const episode = anEpisode({ id: `episode ${index}`, description: `Fix it ${'x'.repeat(300)}` });
    const terms = { title: ['fix'], body: ['fix', `word${index}`] };
    const steps = Array.from({ length: 20 }, () => put('step', aStep({ episodeId: episode.id })));
    await store.write([put('episode', episode, { terms }), ...steps]);
  }
  await store.close();
});
afterAll(() => rmSync(join(sound, '..'), { recursive: true }));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-damaged-'));
  path = join(directory, 'memory.db');
  url = pathToFileURL(path).href;
  copyFileSync(sound, path);
  stores = [];
});

afterEach(async () => {
  for (const store of stores) await store.close();
  rmSync(directory, { recursive: true });
});

async function open(): Promise<TursoStore> {
  const store = await openTursoStore({ url });
  stores.push(store);
  return store;
}

async function countOf(store: TursoStore, kind: 'episode' | 'step'): Promise<number> {
  let count = 0;
  for await (const _ of store.scan(kind, {})) count += 1;
  return count;
}

/** The first page of the table or index of this name, counted from 1. */
function rootPage(name: string): number {
  const database = new Database(sound);
  const [row] = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').all([name]) as {
    rootpage: number;
  }[];
  database.close();
  return row!.rootpage;
}

function scramble(page: number, count = 1): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, (page - 1) * PAGE_BYTES, (page - 1 + count) * PAGE_BYTES);
  writeFileSync(path, bytes);
}

const CORRUPT = { code: 'STORE_CORRUPT', retryable: false };
/** The file, what the engine found, and what to do. */
const TOLD = /memory\.db.*SQLITE_(?:CORRUPT|NOTADB).*: .*backup restore FILE/su;

test('a scrambled header is told, with the file and what to do, and nothing is made anew [ST-13]', async () => {
  scramble(1);
  const before = readFileSync(path);
  await expect(open()).rejects.toMatchObject(CORRUPT);
  await expect(open()).rejects.toThrow(TOLD);
  expect(await verifyTursoFile({ url })).toEqual({ ok: false, findings: [expect.stringMatching(TOLD)] });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a truncated file is told, and keeps what it has [ST-13]', async () => {
  truncateSync(path, Math.floor(statSync(sound).size / PAGE_BYTES / 2) * PAGE_BYTES);
  const { size } = statSync(path);
  const opening = open().then((store) => countOf(store, 'step'));
  await expect(opening).rejects.toMatchObject(CORRUPT);
  await expect(opening).rejects.toThrow(TOLD);
  const { ok, findings } = await verifyTursoFile({ url });
  expect([ok, findings.join('\n')]).toEqual([false, expect.stringMatching(TOLD)]);
  expect(statSync(path).size).toBe(size);
});

test('with a table damaged the others are read and written, and verify says which cannot be read [ST-13]', async () => {
  scramble(rootPage('step'));
  const store = await open();
  expect(await countOf(store, 'episode')).toBe(40);
  await expect(countOf(store, 'step')).rejects.toMatchObject(CORRUPT);
  await expect(store.write([put('step', aStep({ episodeId: 'episode 1' }))])).rejects.toMatchObject(CORRUPT);
  await expect(store.write([put('step', aStep({ episodeId: 'episode 1' }))])).rejects.toThrow(TOLD);
  await store.write([put('episode', anEpisode({ id: 'another' }))]);
  expect(await countOf(store, 'episode')).toBe(41);
  for (const { ok, findings } of [await store.verify(), await verifyTursoFile({ url })]) {
    expect(ok).toBe(false);
    expect(findings).toContainEqual(expect.stringMatching(/read more than 0 rows of step.*SQLITE_CORRUPT/u));
    expect(findings).not.toContainEqual(expect.stringMatching(/rows of episode/u));
  }
});

test('a damaged index does not keep what it is an index of from being read [ST-13]', async () => {
  scramble(rootPage('episode_by_project'));
  const store = await open();
  expect(await countOf(store, 'episode')).toBe(40);
  const inProject = async (): Promise<void> => {
    for await (const _ of store.scan('episode', { project: 'shop' }));
  };
  await expect(inProject()).rejects.toMatchObject(CORRUPT);
  expect((await store.verify()).ok).toBe(false);
});

test('an index that lacks rows is found and made anew [ST-12]', async () => {
  const database = new Database(path);
  database.exec('PRAGMA writable_schema = ON');
  database.exec("UPDATE sqlite_schema SET sql = sql || ' WHERE false' WHERE name = 'episode_by_start'");
  database.close();
  const changed = new Database(path);
  changed.exec('REINDEX episode_by_start');
  changed.exec('PRAGMA writable_schema = ON');
  changed.exec("UPDATE sqlite_schema SET sql = replace(sql, ' WHERE false', '') WHERE name = 'episode_by_start'");
  changed.close();
  const store = await open();
  const { findings } = await store.verify();
  expect(findings).toContainEqual(expect.stringMatching(/^An index is damaged \(.*episode_by_start.*storage repair/u));
  expect(await store.repair()).toEqual({ ok: true, findings: [] });
  expect(await countOf(store, 'episode')).toBe(40);
});

test('a log that is no log is left out, as its engine does with what was never finished [ST-13]', async () => {
  writeFileSync(`${path}-wal`, Buffer.alloc(3 * PAGE_BYTES, 0x5a));
  const store = await open();
  expect(await countOf(store, 'episode')).toBe(40);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
});

test('an empty file without a log is a new store, and a missing one is none [ST-02]', async () => {
  truncateSync(path, 0);
  await expect(verifyTursoFile({ url })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await countOf(await open(), 'episode')).toBe(0);
  const missing = pathToFileURL(join(directory, 'missing.db')).href;
  await expect(verifyTursoFile({ url: missing })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(statSync(join(directory, 'missing.db'), { throwIfNoEntry: false })).toBeUndefined();
});

test('a store that is gone is not begun anew where a copy of it could be restored [ST-13] [ST-12]', async () => {
  const store = await open();
  await store.backup(backupPathAt(path, new Date()));
  await store.close();
  for (const lose of [() => rmSync(path), () => writeFileSync(path, '')]) {
    lose();
    const opening = openTursoStore({ url });
    await expect(opening).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(opening).rejects.toThrow(/copies of it, such as .*backups.*backup restore/su);
  }
  const other = await openTursoStore({ url: pathToFileURL(join(directory, 'another.db')).href });
  await other.close();
  renameSync(join(directory, 'backups'), join(directory, 'away'));
  expect((await open()).identity).toBeDefined();
});

test('the empty log of a store that is gone is not shared with the one that is begun in its place [ST-13]', async () => {
  const running = await open();
  await running.write([put('episode', anEpisode())]);
  const emptying = new Database(path);
  emptying.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  emptying.close();
  rmSync(path);
  const [fresh, episode] = [await open(), anEpisode()];
  await fresh.write([put('episode', episode)]);
  // The one that had the lost file open goes on with the new one, whole.
  await running.write([put('episode', anEpisode())]);
  for (const store of [running, fresh]) {
    expect((await store.stats()).counts.episode).toBe(2);
    expect(await store.verify()).toEqual({ ok: true, findings: [] });
  }
});

test('verify tells of a log whose file is lost [ST-12]', async () => {
  const store = await open();
  await store.write([put('episode', anEpisode())]);
  const lost = join(directory, 'lost.db');
  execFileSync('cp', [`${path}-wal`, `${lost}-wal`]);
  const { ok, findings } = await verifyTursoFile({ url: pathToFileURL(lost).href });
  expect([ok, findings]).toEqual([false, [expect.stringMatching(/lost\.db: it is missing, but its log/u)]]);
});

test('a closed store is verified where it lies, and while it is in use [ST-12]', async () => {
  expect(await verifyTursoFile({ url })).toEqual({ ok: true, findings: [] });
  const store = await open();
  await store.write([put('episode', anEpisode(), { terms: { title: ['fix'], body: ['fix'] } })]);
  expect(await verifyTursoFile({ url })).toEqual({ ok: true, findings: [] });
  await store.write([put('episode', anEpisode(), { terms: { title: ['fix'], body: ['fix'] } })]);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
});
