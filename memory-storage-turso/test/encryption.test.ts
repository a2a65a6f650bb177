import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { openMemory } from '@episodica/memory-core';
import {
  backupPathAt,
  describeDatabase,
  listBackups,
  moveStore,
  openTursoStore,
  planRestore,
  rekeyStore,
  restoreBackup,
  type TursoStore,
  verifyBackup,
  verifyTursoFile,
} from '@episodica/memory-storage-turso';
import { anEpisode, aStep, put, startLibsqlServer, wordsIn, wordsInBytes } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyInto } from '../src/copy.ts';
import { vacuum } from '../src/erase.ts';
import { connectLocalFile } from '../src/local-file.ts';
import { startWriter } from './writers.ts';

const FIXTURES = new URL('fixtures/', import.meta.url);
const CRASHER = fileURLToPath(new URL('crasher.mjs', FIXTURES));
const KEY = randomBytes(32).toString('hex');
const OTHER_KEY = randomBytes(32).toString('hex');
/** In a description, a tag, metadata, an action, an output and an error; the last three letters also make index terms. */
const WORDS = ['quagmire', 'zeppelin', 'xylophone', 'marzipan', 'bungalow', 'kerfuffle'] as const;

let directory: string;
let path: string;
let url: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-locked-'));
  path = join(directory, 'memory.db');
  url = pathToFileURL(path).href;
});
afterEach(() => rmSync(directory, { recursive: true }));

async function withStore<T>(encryptionKey: string | undefined, work: (store: TursoStore) => Promise<T>): Promise<T> {
  const store = await openTursoStore({ url, encryptionKey, durability: 'normal' });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Every word is stored, and what is learnt of it; answers the ids of the episodes. */
async function remember(store: TursoStore): Promise<readonly string[]> {
  const memory = openMemory({ store });
  const [description, tag, metadata, action, output, message] = WORDS;
  const ids: string[] = [];
  for (let index = 0; index < 5; index += 1) {
    const { episode } = await memory.createEpisode({
      description: `the ${description} task ${index}`,
      domain: 'test',
      tags: [tag],
      metadata: { note: metadata },
    });
    const step = { tool: 'bash', action: `${action} it` };
    await memory.addStep(episode.id, { ...step, result: { type: 'success', output } });
    await memory.addStep(episode.id, { ...step, result: { type: 'error', message } });
    await memory.completeEpisode(episode.id, { kind: 'success' });
    ids.push(episode.id);
  }
  await memory.learnPending();
  return ids;
}

const found = (): readonly string[] => wordsIn(directory, WORDS);
/** Every file but the index of the log, in which locks are kept. */
const bytes = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('-shm'))
      .map(({ name }) => [name, readFileSync(join(directory, name), 'base64')]),
  );

for (const { key, words, leaks } of [
  { key: KEY, words: 'no word of an encrypted store is', leaks: false },
  { key: undefined, words: 'the words of a plain store are', leaks: true },
]) {
  test(`${words} in file and log while it is open, or when it is closed [ST-11]`, async () => {
    await withStore(key, async (store) => {
      await remember(store);
      expect(statSync(`${path}-wal`).size).toBeGreaterThan(100_000);
      expect(new Set(found().map((text) => text.split(': ')[1])).size).toBe(leaks ? WORDS.length : 0);
    });
    expect(found().length > 0).toBe(leaks);
  });

  test(`${words} in its backup, what is restored from that, or what is put aside [ST-11 ST-12]`, async () => {
    const backup = backupPathAt(path, new Date());
    await withStore(key, async (store) => {
      const [id = ''] = await remember(store);
      await store.backup(backup);
      await openMemory({ store }).forget({ ids: [id] });
      await store.vacuum();
      await store.erase();
    });
    const seen: string[] = [];
    await restoreBackup({
      from: backup,
      url,
      encryptionKey: key,
      replace: true,
      onProgress: () => seen.push(...found()),
    });
    expect([...found(), ...seen].length > 0).toBe(leaks);
    expect(readdirSync(directory).some((name) => name.includes('.replaced-'))).toBe(true);
    expect(await withStore(key, (store) => store.stats())).toMatchObject({ counts: { episode: 4, tombstone: 1 } });
    expect(await verifyTursoFile({ url, encryptionKey: key })).toEqual({ ok: true, findings: [] });
  });
}

test.skipIf(process.platform !== 'linux')(
  'writing an encrypted store anew leaves no temporary file to be read, as it does for a plain one [ST-11]',
  async () => {
    const big = { ...anEpisode(), description: WORDS[0].repeat(400) };
    const temporary = async (encryptionKey: string | undefined): Promise<readonly string[]> =>
      withStore(encryptionKey, async (store) => {
        await store.write(Array.from({ length: 4_000 }, (_, index) => put('episode', { ...big, id: `e${index}` })));
        const words = new Set<string>();
        const vacuuming = store.vacuum();
        let isDone = false;
        void vacuuming.finally(() => {
          isDone = true;
        });
        while (!isDone) {
          for (const handle of readdirSync('/proc/self/fd'))
            for (const word of wordsOfTemporary(handle)) words.add(word);
          await nextTurn();
        }
        await vacuuming;
        return [...words];
      });
    expect(await temporary(KEY)).toEqual([]);
    rmSync(path);
    expect(await temporary(undefined)).toEqual(['a temporary file', WORDS[0]]);
  },
);

/** Also of a file that has no name any more. */
function wordsOfTemporary(handle: string): readonly string[] {
  try {
    if (!/etilqs_/u.test(readlinkSync(`/proc/self/fd/${handle}`))) return [];
    return ['a temporary file', ...wordsInBytes(readFileSync(`/proc/self/fd/${handle}`), WORDS)];
  } catch {
    // Closed in between.
    return [];
  }
}

test('without its key, or with another, an encrypted store is not opened, and nothing is changed or made [ST-11]', async () => {
  await withStore(KEY, remember);
  const before = bytes();
  await expect(openTursoStore({ url })).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringMatching(/memory\.db.* encrypted, or no database: give the key/u),
  });
  await expect(openTursoStore({ url, encryptionKey: OTHER_KEY })).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringMatching(/memory\.db.* encrypted with another key, or damaged: give the key/u),
  });
  expect(bytes()).toEqual(before);
  expect(await withStore(KEY, (store) => store.verify())).toEqual({ ok: true, findings: [] });
});

test('with a key, a plain store is not opened, and nothing is changed [ST-11]', async () => {
  await withStore(undefined, remember);
  const before = bytes();
  await expect(openTursoStore({ url, encryptionKey: KEY })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringMatching(/memory\.db.* not encrypted, and a key is given: .*"memory-cli storage rekey"/u),
  });
  expect(bytes()).toEqual(before);
});

test('a key of another form is refused without being repeated, and nothing is made [ST-11]', async () => {
  for (const encryptionKey of ['', 'secret', 'g'.repeat(64), 'a'.repeat(63)]) {
    const opening = openTursoStore({ url, encryptionKey });
    await expect(opening).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(opening).rejects.not.toThrow(/secret|ggg|aaa/u);
  }
  expect(readdirSync(directory)).toEqual([]);
});

test('a key means the same in capital letters [ST-11]', async () => {
  await withStore(KEY.toUpperCase(), remember);
  expect(await withStore(KEY, (store) => store.stats())).toMatchObject({ counts: { episode: 5 } });
});

for (const { what, owner, intruders } of [
  { what: 'an encrypted store', owner: KEY, intruders: [OTHER_KEY, undefined] },
  { what: 'a plain store', owner: undefined, intruders: [KEY] },
]) {
  test(`the log that a killed process left of ${what} is not touched without a key that fits [ST-11]`, async () => {
    const { signal } = spawnSync(process.execPath, [CRASHER, url, ...(owner === undefined ? [] : [owner])]);
    expect(signal).toBe('SIGKILL');
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(100_000);
    const before = bytes();
    const backup = join(directory, 'kept', 'copy.db');
    for (const encryptionKey of intruders) {
      await expect(openTursoStore({ url, encryptionKey })).rejects.toThrow(/encrypted/u);
      if (owner !== undefined) {
        await expect(restoreBackup({ from: path, url: `${url}2`, encryptionKey })).rejects.toThrow(/encrypted/u);
        expect(await verifyTursoFile({ url, encryptionKey })).toMatchObject({ ok: false, findings: [/encrypted/u] });
        await expect(describeDatabase(path, { encryptionKey, use: 'looking' })).rejects.toThrow(/encrypted/u);
        await expect(rekeyStore({ url, encryptionKey, newKey: OTHER_KEY })).rejects.toThrow(/encrypted/u);
      }
    }
    expect(bytes()).toEqual(before);
    await withStore(owner, async (store) => {
      expect(await store.stats()).toMatchObject({ counts: { tombstone: 500 } });
      await store.backup(backup);
    });
  });
}

test('while one process writes with the key, others are turned away, and it is not disturbed [ST-11 ST-06]', async () => {
  const [writer, intruder] = [await startWriter(), await startWriter()];
  try {
    await writer.tell({ task: 'open', url, encryptionKey: KEY });
    await writer.tell({ task: 'write', count: 50 });
    for (const key of [{ encryptionKey: OTHER_KEY }, {}]) {
      await expect(intruder.tell({ task: 'open', url, ...key })).rejects.toThrow(/encrypted/u);
    }
    await writer.tell({ task: 'write', count: 50 });
  } finally {
    for (const { process } of [writer, intruder]) process.kill('SIGKILL');
  }
  const { counts, ok } = await withStore(KEY, async (store) => ({
    ...(await store.stats()),
    ...(await store.verify()),
  }));
  expect({ tombstones: counts.tombstone, ok }).toEqual({ tombstones: 300, ok: true });
});

test('verifying and listing say of an encrypted copy that it is one, and read it with its key [ST-11 ST-12]', async () => {
  const backup = backupPathAt(path, new Date('2026-01-01T00:00:00.000Z'));
  const plain = backupPathAt(path, new Date('2025-01-01T00:00:00.000Z'));
  await withStore(KEY, async (store) => {
    await remember(store);
    await store.backup(backup);
  });
  await rekeyStore({ url, encryptionKey: KEY, newKey: undefined });
  await withStore(undefined, (store) => store.backup(plain));
  expect(await verifyBackup(backup)).toMatchObject({ ok: false, findings: [/encrypted, and no key is given/u] });
  expect(await verifyBackup(backup, { encryptionKey: OTHER_KEY })).toMatchObject({
    ok: false,
    findings: [/encrypted with another key than the one that is given/u],
  });
  expect(await verifyBackup(backup, { encryptionKey: KEY })).toMatchObject({ ok: true, isEncrypted: true });
  expect(await verifyBackup(plain, { encryptionKey: KEY })).toMatchObject({ ok: true, isEncrypted: false });
  const listed = await listBackups(path, { encryptionKey: KEY });
  expect(listed.map(({ held }) => held?.isEncrypted)).toEqual([true, false]);
  const [first] = await listBackups(path);
  expect(first?.problem).toMatch(/encrypted, and no key is given/u);
});

test('a plain backup is restored into an encrypted store, and no word of it lies there [ST-11 ST-12]', async () => {
  const from = join(directory, 'kept', 'copy.db');
  await withStore(undefined, async (store) => {
    await remember(store);
    await store.backup(from);
  });
  rmSync(path);
  await restoreBackup({ from, url, encryptionKey: KEY });
  expect(wordsInBytes(readFileSync(path), WORDS)).toEqual([]);
  expect(await withStore(KEY, (store) => store.stats())).toMatchObject({ counts: { episode: 5 } });
});

test('a backup with an older key is restored by that key, and has the key of the store then [ST-11 ST-12]', async () => {
  const from = join(directory, 'kept', 'copy.db');
  await withStore(KEY, async (store) => {
    const [id = ''] = await remember(store);
    await store.backup(from);
    await openMemory({ store }).forget({ ids: [id] });
  });
  await rekeyStore({ url, encryptionKey: KEY, newKey: OTHER_KEY });
  const before = bytes();
  const options = { from, url, encryptionKey: OTHER_KEY, replace: true };
  await expect(restoreBackup(options)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining('encrypted with another key'),
  });
  expect(bytes()).toEqual(before);
  expect(await restoreBackup({ ...options, backupKey: KEY })).toMatchObject({ forgottenAgain: 1 });
  expect(await withStore(OTHER_KEY, (store) => store.stats())).toMatchObject({ counts: { episode: 4 } });
});

test('an encrypted backup never becomes a plain store [ST-11 ST-12]', async () => {
  const from = join(directory, 'kept', 'copy.db');
  await withStore(KEY, (store) => store.backup(from));
  const elsewhere = pathToFileURL(join(directory, 'new.db')).href;
  for (const key of [{ backupKey: KEY }, {}]) {
    await expect(restoreBackup({ from, url: elsewhere, ...key })).rejects.toThrow(/encrypted/u);
  }
  expect(readdirSync(directory)).not.toContain('new.db');
});

test('without its key, an encrypted store is no empty place: nothing is restored over it unasked [ST-11 ST-12]', async () => {
  const from = join(directory, 'kept', 'copy.db');
  await withStore(undefined, (store) => store.backup(from));
  await rekeyStore({ url, newKey: KEY });
  const before = bytes();
  const refusal = { code: 'INVALID_STATE', message: expect.stringContaining('Set its key') };
  await expect(planRestore({ from, url })).rejects.toMatchObject(refusal);
  await expect(restoreBackup({ from, url, replace: true })).rejects.toMatchObject(refusal);
  // Also with the one that it opens with, where that is only meant for the backup.
  await expect(restoreBackup({ from, url, replace: true, backupKey: KEY })).rejects.toMatchObject(refusal);
  expect(await planRestore({ from, url, encryptionKey: OTHER_KEY })).toMatchObject({
    place: { state: 'unreadable', problem: expect.stringContaining('encrypted') },
  });
  await expect(restoreBackup({ from, url, encryptionKey: OTHER_KEY })).rejects.toMatchObject({ code: 'INVALID_STATE' });
  expect(bytes()).toEqual(before);
});

test('an encrypted store that is damaged is replaced by who has its key [ST-11 ST-12]', async () => {
  const from = join(directory, 'kept', 'copy.db');
  await withStore(KEY, (store) => store.backup(from));
  for (const begin of [0, 24, 4_096]) {
    writeFileSync(path, readFileSync(path).fill(0x5a, begin));
    await restoreBackup({ from, url, encryptionKey: KEY, replace: true });
    expect(await withStore(KEY, (store) => store.verify())).toEqual({ ok: true, findings: [] });
  }
});

for (const schema of [1, 2, 3, 4]) {
  test(`an encrypted store of schema ${schema} is brought forward, and so is what is kept of it before encrypted [ST-11 ST-09]`, async () => {
    writeFileSync(path, gunzipSync(readFileSync(new URL(`schema-${schema}.db.gz`, FIXTURES))));
    const words = ['flaky', 'token', 'login'];
    expect(wordsIn(directory, words)).not.toEqual([]);
    await rekeyStore({ url, newKey: KEY });
    await withStore(KEY, async (store) => {
      expect((await store.stats()).counts).toMatchObject({ episode: 5, tombstone: 1 });
      expect(await store.verify()).toEqual({ ok: true, findings: [] });
      expect(wordsIn(directory, words)).toEqual([]);
    });
    const [kept] = await listBackups(path, { encryptionKey: KEY });
    expect(kept).toMatchObject({ held: { schema, isEncrypted: true } });
  });
}

test('the replica of a database on a host holds no word that could be read [ST-11]', async () => {
  const host = mkdtempSync(join(tmpdir(), 'episodica-host-'));
  const server = await startLibsqlServer({ path: join(host, 'host.db') });
  const store = await openTursoStore({ url, syncUrl: server.url, encryptionKey: KEY });
  try {
    await remember(store);
    expect(await store.stats()).toMatchObject({ counts: { episode: 5 } });
    expect(statSync(path).size + statSync(`${path}-wal`).size).toBeGreaterThan(100_000);
    expect(found()).toEqual([]);
    expect(wordsIn(host, WORDS)).not.toEqual([]);
  } finally {
    await store.close();
    await server.close();
    rmSync(host, { recursive: true });
  }
  expect(found()).toEqual([]);
});

test('a plain store that is moved to a file with a key holds no word there that could be read [ST-11]', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'episodica-elsewhere-'));
  try {
    const from = { url: pathToFileURL(join(elsewhere, 'memory.db')).href };
    const source = await openTursoStore(from);
    await remember(source);
    await source.close();
    await moveStore({ from, to: { url, encryptionKey: KEY } });
    expect(found()).toEqual([]);
    expect(wordsIn(elsewhere, WORDS)).not.toEqual([]);
    expect(await withStore(KEY, (store) => store.stats())).toMatchObject({ counts: { episode: 5 } });
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test('an encrypted store that is too large to be written anew in memory is left as it is [ST-11]', async () => {
  await withStore(KEY, remember);
  const options = { busyTimeoutMs: 100, durability: 'full', encryptionKey: KEY } as const;
  const connection = await connectLocalFile(path, options);
  const sizeBytes = statSync(path).size;
  await expect(vacuum(connection, { waitMs: 100, memoryBytes: sizeBytes })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('"memory-cli storage rekey"'),
  });
  await vacuum(connection, { waitMs: 100, memoryBytes: 4 * sizeBytes });
  await connection.close();
  expect(await withStore(KEY, (store) => store.verify())).toEqual({ ok: true, findings: [] });
});

test('what the engine says of a copy that cannot be written does not repeat the key [ST-11]', async () => {
  await withStore(KEY, async (store) => store.write([put('step', aStep())]).catch(() => undefined));
  const options = { busyTimeoutMs: 100, durability: 'full', encryptionKey: KEY } as const;
  const connection = await connectLocalFile(path, options);
  const to = join(directory, 'nowhere', 'copy.db');
  const error = await copyInto(connection, { to, encryption: { key: OTHER_KEY } }).catch((cause: unknown) => cause);
  await connection.close();
  expect(inspect(error, { depth: 9 })).toMatch(/SQLITE_CANTOPEN/u);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(OTHER_KEY);
});
