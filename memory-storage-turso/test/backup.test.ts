import { execFile, fork, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import {
  type BackupEntry,
  backupPathAt,
  deleteBackups,
  listBackups,
  openTursoStore,
  rekeyStore,
  staleBackups,
  type TursoStore,
  verifyBackup,
} from '@episodica/memory-storage-turso';
import { anEpisode, aStep, put } from '@episodica/test-utils';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NEWEST_SCHEMA } from '../src/schema.ts';
import { startWriter, type Writer } from './writers.ts';

const KEEPER = fileURLToPath(new URL('fixtures/keeper.mjs', import.meta.url));

let directory: string;
let path: string;
let url: string;
let store: TursoStore;
let writers: Writer[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-backup-'));
  path = join(directory, 'memory.db');
  url = pathToFileURL(path).href;
  store = await openTursoStore({ url });
  writers = [];
});

afterEach(async () => {
  for (const { process } of writers) process.kill('SIGKILL');
  await store.close();
  rmSync(directory, { recursive: true });
});

const copyAt = (name = 'copy.db'): string => join(directory, 'kept', name);

async function fill(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const episode = anEpisode({ description: `task ${index} ${'x'.repeat(500)}` });
    await store.write([put('episode', episode), put('step', aStep({ episodeId: episode.id }))]);
  }
}

/** Every file of a folder, byte by byte. */
function bytesOf(folder: string): Record<string, string> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'base64')]));
}

test('a backup is one verified file for the eyes of its user, and its receipt says what it holds [ST-12]', async () => {
  await fill(3);
  const receipt = await store.backup(copyAt());
  expect(receipt).toMatchObject({
    path: copyAt(),
    schema: NEWEST_SCHEMA,
    journalSeq: 6,
    counts: { episode: 3, step: 3 },
  });
  expect(receipt.sizeBytes).toBe(statSync(copyAt()).size);
  expect((statSync(copyAt()).mode & 0o777).toString(8)).toBe('600');
  expect(readdirSync(join(directory, 'kept'))).toEqual(['copy.db']);
  expect(await verifyBackup(copyAt())).toMatchObject({
    ok: true,
    findings: [],
    isSealed: true,
    stats: { journalSeq: 6, counts: { episode: 3, step: 3 }, newestEpisodeAt: '2026-11-21T10:00:00.000Z' },
  });
});

test('a backup holds every row of every table that the store holds [ST-12]', async () => {
  await fill(20);
  await store.backup(copyAt());
  const rowsIn = (file: string): unknown => {
    const database = new Database(`${pathToFileURL(file).href}?mode=ro`);
    const tables = ['episode', 'step', 'episode_tag', 'journal', 'identity', 'tombstone', 'migration', 'episode_title'];
    return tables.map((table) => database.prepare(`SELECT * FROM ${table} ORDER BY 1`).all());
  };
  expect(rowsIn(copyAt())).toEqual(rowsIn(path));
});

test('a file that is there is never written over [ST-12]', async () => {
  mkdirSync(join(directory, 'kept'));
  writeFileSync(copyAt(), 'precious');
  await expect(store.backup(copyAt())).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  await expect(store.backup(path)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  expect(bytesOf(join(directory, 'kept'))).toEqual({ 'copy.db': Buffer.from('precious').toString('base64') });
  expect(await store.verify()).toMatchObject({ ok: true });
});

test('of two that make the same backup at the same time one fails, and the file is whole [ST-12]', async () => {
  await fill(5);
  const results = await Promise.allSettled([store.backup(copyAt()), store.backup(copyAt())]);
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(readdirSync(join(directory, 'kept'))).toEqual(['copy.db']);
  expect(await verifyBackup(copyAt())).toMatchObject({ ok: true });
});

test('verifying leaves a file and its folder as they are, whatever it is a copy of [ST-12]', async () => {
  await fill(3);
  await store.backup(copyAt());
  await store.close();
  copyFileSync(path, copyAt('in-wal-mode.db'));
  writeFileSync(copyAt('notes.db'), 'no database '.repeat(1_000));
  writeFileSync(copyAt('empty.db'), '');
  const before = bytesOf(join(directory, 'kept'));
  expect(await verifyBackup(copyAt('in-wal-mode.db'))).toMatchObject({ ok: true, stats: { counts: { episode: 3 } } });
  expect(await verifyBackup(copyAt())).toMatchObject({ ok: true });
  expect(await verifyBackup(copyAt('notes.db'))).toMatchObject({ ok: false, findings: [/no database/] });
  expect(await verifyBackup(copyAt('empty.db'))).toMatchObject({ ok: false, findings: [/not one of these/] });
  await expect(verifyBackup(copyAt('nowhere.db'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(bytesOf(join(directory, 'kept'))).toEqual(before);
});

test('a backup that came to harm is found out, wherever the harm is [ST-12]', async () => {
  await fill(40);
  const { sizeBytes } = await store.backup(copyAt());
  for (let round = 1; round <= 12; round += 1) {
    const name = `harmed-${round}.db`;
    copyFileSync(copyAt(), copyAt(name));
    if (round % 3 === 0) truncateSync(copyAt(name), Math.floor((sizeBytes * round) / 13));
    else {
      const bytes = readFileSync(copyAt(name));
      // Whole pages: what lies in the unused part of one is no harm.
      const start = Math.floor((sizeBytes / 4_096) * (round / 13)) * 4_096;
      bytes.fill(0x5a, start, start + 4_096);
      writeFileSync(copyAt(name), bytes);
    }
    const { ok, findings } = await verifyBackup(copyAt(name));
    expect({ round, ok, isTold: findings.length > 0 }).toEqual({ round, ok: false, isTold: true });
  }
});

test('a store that is not whole is not backed up, and nothing is left behind [ST-12]', async () => {
  await fill(2);
  const other = new Database(path);
  other.exec('DELETE FROM journal WHERE seq = 2');
  other.close();
  await expect(store.backup(copyAt())).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining('1 entries of the journal are missing'),
  });
  expect(readdirSync(join(directory, 'kept'))).toEqual([]);
});

test('a copy of a newer schema is said to be so, and not taken for whole [ST-12]', async () => {
  await store.backup(copyAt());
  const other = new Database(copyAt());
  other.exec("INSERT INTO migration (number, at) VALUES (99, '')");
  other.close();
  const { ok, findings } = await verifyBackup(copyAt());
  expect({ ok, findings }).toEqual({ ok: false, findings: [expect.stringMatching(/schema 99 is newer.*upgrade/)] });
});

test('a place that cannot be written is a clear error [ST-12]', async () => {
  writeFileSync(join(directory, 'file'), '');
  await expect(store.backup(join(directory, 'file', 'copy.db'))).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining(join(directory, 'file')),
  });
});

test('while processes write, a backup waits for none and holds all that was acknowledged before it began [ST-12]', async () => {
  for (let count = 0; count < 3; count += 1) writers.push(await startWriter());
  await Promise.all(writers.map((writer) => writer.tell({ task: 'open', url })));
  for (const writer of writers) void writer.tell({ task: 'write', count: 1_000_000 }).catch(() => undefined);
  for (let round = 1; round <= 3; round += 1) {
    while (writers.some(({ acknowledged }) => acknowledged.length < 50 * round)) await sleepATurn();
    const before = writers.map(({ acknowledged }) => acknowledged.length);
    const known = writers.flatMap(({ acknowledged }) => acknowledged.flat());
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const { journalSeq, counts } = await store.backup(copyAt(`${round}.db`));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(10);
    expect(writers.every(({ acknowledged }, index) => acknowledged.length > (before[index] ?? 0))).toBe(true);
    // Three tombstones a batch: a part of one would show.
    expect({ rest: counts.tombstone % 3, counts: counts.tombstone }).toEqual({ rest: 0, counts: journalSeq });
    const copy = new Database(`${pathToFileURL(copyAt(`${round}.db`)).href}?mode=ro`);
    const ids = new Set(
      copy
        .prepare('SELECT id FROM tombstone')
        .all()
        .map((row) => (row as { id: string }).id),
    );
    expect(known.filter((id) => !ids.has(id))).toEqual([]);
    expect(await verifyBackup(copyAt(`${round}.db`))).toMatchObject({ ok: true });
  }
});

test('killing a backup at any moment leaves whole backups and an unharmed store [ST-12]', async () => {
  await fill(60);
  for (let round = 1; round <= 8; round += 1) {
    // First before each call that changes a name, then whenever it happens.
    const child = fork(KEEPER, ['backup', url, copyAt(`round-${round}`), String(round <= 6 ? round : 0)]);
    const ended = once(child, 'exit');
    await Promise.race([once(child, 'message'), ended]);
    if (round > 6) {
      await sleep(Math.random() * 300);
      child.kill('SIGKILL');
    }
    await ended;
    const made = existsSync(join(directory, 'kept')) ? readdirSync(join(directory, 'kept')) : [];
    for (const name of made.filter((each) => each.startsWith(`round-${round}-`))) {
      expect(await verifyBackup(copyAt(name))).toMatchObject({ ok: true, stats: { counts: { episode: 60 } } });
    }
  }
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
});

test('what a killed backup left is cleared away by a later one, unless somebody may still write to it [ST-12]', async () => {
  mkdirSync(join(directory, 'kept'));
  const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  const [gone] = [spawnSync(process.execPath, ['-e', '0']).pid];
  const left = (owner: string): string => copyAt(`.copy.db.${owner}-0123456789ab.partial`);
  const old = left(`${process.ppid}-${host}`);
  const dead = left(`${gone}-${host}`);
  const [running, elsewhere] = [left(`${process.pid}-${host}`), left(`${gone}-00000000`)];
  for (const leftover of [old, dead, running, elsewhere]) writeFileSync(leftover, 'part');
  const longAgo = Date.now() / 1_000 - 7_200;
  utimesSync(old, longAgo, longAgo);
  await store.backup(copyAt());
  const names = readdirSync(join(directory, 'kept')).map((name) => copyAt(name));
  expect(names.sort()).toEqual([running, elsewhere, copyAt()].sort());
});

test('a disk that is full in the middle is a clear error, and nothing is left behind [ST-12 ST-13]', async () => {
  await fill(300);
  const program = `import { openTursoStore } from '@episodica/memory-storage-turso';
    const store = await openTursoStore({ url: ${JSON.stringify(url)} });
    const error = await store.backup(${JSON.stringify(copyAt())}).catch((caught) => caught);
    process.stdout.write(JSON.stringify({ code: error.code, message: error.message }));
    await store.close();`;
  const script = join(directory, 'full.mjs');
  writeFileSync(
    script,
    program.replace(
      "'@episodica/memory-storage-turso'",
      JSON.stringify(import.meta.resolve('@episodica/memory-storage-turso')),
    ),
  );
  // The largest file that the process may write is smaller than the copy.
  const limited = `ulimit -f 100; exec "$0" "$1"`;
  const { stdout } = await promisify(execFile)('bash', ['-c', limited, process.execPath, script]);
  expect(JSON.parse(stdout)).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining(copyAt()) });
  expect(readdirSync(join(directory, 'kept'))).toEqual([]);
  expect(await store.verify()).toMatchObject({ ok: true });
});

test('progress is told while a copy is made, and an interrupted one leaves nothing [ST-12]', async () => {
  await fill(100);
  const seen: number[] = [];
  const interrupted = new AbortController();
  const backup = store.backup(copyAt(), {
    signal: interrupted.signal,
    onProgress: ({ writtenBytes, totalBytes }) => seen.push(writtenBytes / totalBytes),
  });
  interrupted.abort();
  await expect(backup).rejects.toMatchObject({ code: 'ABORTED' });
  expect(readdirSync(join(directory, 'kept'))).toEqual([]);
  expect(seen.every((share) => share >= 0)).toBe(true);
});

test('the folder of backups is listed newest first, with what each holds and what cannot be read [ST-12]', async () => {
  expect(await listBackups(path)).toEqual([]);
  await fill(1);
  const first = await store.backup(backupPathAt(path, new Date('2026-01-01T00:00:00.000Z')));
  await fill(1);
  const second = await store.backup(backupPathAt(path, new Date('2026-02-01T00:00:00.000Z')));
  const harmed = join(directory, 'backups', 'memory-2025-01-01T00-00-00.000Z.db');
  writeFileSync(harmed, 'no database '.repeat(1_000));
  expect(await listBackups(path)).toEqual([
    {
      path: second.path,
      isOwn: true,
      isOpen: true,
      sizeBytes: second.sizeBytes,
      at: '2026-02-01T00:00:00.000Z',
      wasVerified: true,
      held: { schema: NEWEST_SCHEMA, episodeCount: 2, journalSeq: 4, isEncrypted: false },
    },
    {
      path: first.path,
      isOwn: true,
      isOpen: true,
      sizeBytes: first.sizeBytes,
      at: '2026-01-01T00:00:00.000Z',
      wasVerified: true,
      held: { schema: NEWEST_SCHEMA, episodeCount: 1, journalSeq: 2, isEncrypted: false },
    },
    {
      path: harmed,
      isOwn: true,
      isOpen: false,
      sizeBytes: 12_000,
      at: '2025-01-01T00:00:00.000Z',
      wasVerified: false,
      problem: expect.stringContaining('no database'),
    },
  ]);
});

test('old backups are told from those that stay, and the newest good one always stays [ST-12]', async () => {
  const now = new Date('2026-03-01T00:00:00.000Z');
  const entry = (month: string, isGood = true): BackupEntry => ({
    path: join(directory, 'backups', `memory-2026-${month}-01T00-00-00.000Z.db`),
    isOwn: true,
    isOpen: true,
    sizeBytes: 1,
    at: `2026-${month}-01T00:00:00.000Z`,
    wasVerified: isGood,
    ...(isGood ? { held: { schema: NEWEST_SCHEMA, episodeCount: 1, journalSeq: 1, isEncrypted: false } } : {}),
  });
  const [march, february, january] = [entry('03', false), entry('02'), entry('01')];
  const foreign = { ...entry('01'), isOwn: false };
  const locked = { ...entry('01', false), isOpen: false };
  const all = [march, february, january, foreign, locked];
  expect(staleBackups(all, { keep: 1 }, now)).toEqual([january]);
  expect(staleBackups(all, { keep: 0 }, now)).toEqual([march, january]);
  expect(staleBackups(all, { olderThanDays: 40 }, now)).toEqual([january]);
  expect(staleBackups(all, { keep: 3, olderThanDays: 1 }, now)).toEqual([]);
  expect(staleBackups([january], { olderThanDays: 1 }, now)).toEqual([]);
  // The newest may be of a store that had just been begun anew.
  const empty = { ...entry('04'), held: { schema: NEWEST_SCHEMA, episodeCount: 0, journalSeq: 0, isEncrypted: false } };
  expect(staleBackups([empty, ...all], { keep: 0 }, now)).toEqual([march, january]);
  await store.backup(copyAt());
  await deleteBackups([{ ...january, path: copyAt() }]);
  expect(readdirSync(join(directory, 'kept'))).toEqual([]);
});

test('of the backups in a folder, those of other stores and those that another key opens never go [ST-11 ST-12]', async () => {
  const now = new Date();
  const before = (days: number): Date => new Date(now.getTime() - days * 86_400_000);
  const others = ['other.db', 'memory-2.db', 'memory'].map((name) => backupPathAt(join(directory, name), before(9)));
  const own = [1, 2].map((days) => backupPathAt(path, before(days)));
  const encrypted = backupPathAt(path, before(3));
  const copy = join(directory, 'copy', 'memory.db');
  for (const place of [...others, ...own, copy]) await store.backup(place);
  const encryptionKey = randomBytes(32).toString('hex');
  await rekeyStore({ url: pathToFileURL(copy).href, newKey: encryptionKey });
  copyFileSync(copy, encrypted);
  const stale = async (key: object): Promise<readonly string[]> =>
    staleBackups(await listBackups(path, key), { keep: 0 }, now).map((entry) => entry.path);
  expect(await listBackups(path)).toHaveLength(6);
  expect(await stale({})).toEqual([own[1]]);
  expect(await stale({ encryptionKey })).toEqual([own[1], encrypted]);
});

const sleepATurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
