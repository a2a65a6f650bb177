import { execFileSync, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
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
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import {
  backupPathAt,
  describeDatabase,
  openTursoStore,
  planRekey,
  type RekeyPlan,
  rekeyStore,
  type TursoStore,
} from '@episodica/memory-storage-turso';
import { anEpisode, put, wordsIn } from '@episodica/test-utils';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWriter } from './writers.ts';

const KEEPER = fileURLToPath(new URL('fixtures/keeper.mjs', import.meta.url));
const [KEY, OTHER_KEY] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
const WORD = 'quagmire';

let directory: string;
let path: string;
let url: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-rekey-'));
  path = join(directory, 'memory.db');
  url = pathToFileURL(path).href;
});
afterEach(() => rmSync(directory, { recursive: true }));

async function withStore<T>(encryptionKey: string | undefined, work: (store: TursoStore) => Promise<T>): Promise<T> {
  const store = await openTursoStore({ url, encryptionKey });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

const remember = (store: TursoStore): Promise<unknown> =>
  store.write([put('episode', anEpisode({ description: `the ${WORD} task` }), { terms: { title: [WORD], body: [] } })]);

async function exported(encryptionKey: string | undefined): Promise<readonly unknown[]> {
  return withStore(encryptionKey, async (store) => {
    const memory = openMemory({ store });
    const records: unknown[] = [];
    for await (const record of memory.exportEpisodes({})) records.push(record);
    await memory.close();
    return records;
  });
}

const bytes = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !/-(?:wal|shm)$/u.test(entry.name))
      .map(({ name }) => [name, readFileSync(join(directory, name), 'base64')]),
  );

for (const [what, from, to] of [
  ['a plain store gets a key', undefined, KEY],
  ['an encrypted store gets another key', KEY, OTHER_KEY],
  ['a key is taken away', KEY, undefined],
  ['the key stays the same', KEY, KEY],
] as const) {
  test(`when ${what}, all is there under the new one, and nothing of the old file [ST-11]`, async () => {
    await withStore(from, remember);
    const identity = await withStore(from, async (store) => store.identity);
    const records = await exported(from);
    const receipt = await rekeyStore({ url, encryptionKey: from, newKey: to });
    expect(receipt).toMatchObject({
      wasEncrypted: from !== undefined,
      isEncrypted: to !== undefined,
      counts: { episode: 1 },
      oldCopies: [],
    });
    expect(readdirSync(directory)).toEqual(['memory.db']);
    expect(wordsIn(directory, [WORD]).length > 0).toBe(to === undefined);
    expect(await exported(to)).toEqual(records);
    expect(await withStore(to, async (store) => store.identity)).toBe(receipt.identity);
    expect(receipt.identity).not.toBe(identity);
    if (from !== to) await expect(openTursoStore({ url, encryptionKey: from })).rejects.toThrow(/encrypted/u);
  });
}

test('a key that does not fit, a place without a store, a key of another form: nothing is changed or made [ST-11]', async () => {
  await expect(rekeyStore({ url, newKey: KEY })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(readdirSync(directory)).toEqual([]);
  await withStore(KEY, remember);
  const before = bytes();
  for (const encryptionKey of [OTHER_KEY, undefined]) {
    await expect(rekeyStore({ url, encryptionKey, newKey: OTHER_KEY })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    });
  }
  await expect(rekeyStore({ url, encryptionKey: KEY, newKey: '' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  expect(bytes()).toEqual(before);
});

test('a store that is not whole keeps its key [ST-11]', async () => {
  await withStore(undefined, remember);
  const harmed = new Database(path);
  harmed.exec('PRAGMA foreign_keys = OFF');
  harmed.exec("INSERT INTO evidence (id, version, pattern_id, episode_id, body) VALUES ('e', 1, 'p', 'x', '{}')");
  harmed.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  harmed.close();
  const before = bytes();
  await expect(rekeyStore({ url, newKey: KEY })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  expect(bytes()).toEqual(before);
});

test('who does not agree leaves all as it is, and is told which copies have the old key [ST-11]', async () => {
  const backup = backupPathAt(path, new Date());
  await withStore(undefined, async (store) => {
    await remember(store);
    await store.backup(backup);
  });
  const before = bytes();
  const plans: RekeyPlan[] = [];
  const agree = async (plan: RekeyPlan): Promise<void> => {
    plans.push(plan);
    throw new Error('no');
  };
  await expect(rekeyStore({ url, newKey: KEY, agree })).rejects.toThrow('no');
  expect(plans).toMatchObject([{ wasEncrypted: false, isEncrypted: true, oldCopies: { ours: [backup], others: [] } }]);
  expect(bytes()).toEqual(before);
});

test('copies that have the old key are named, and deleted where that is asked for and their names are ours [ST-11 ST-12]', async () => {
  const backup = backupPathAt(path, new Date());
  const own = join(directory, 'backups', 'my-copy.db');
  const neighbour = join(directory, 'backups', 'memory-two-2026-01-01T00-00-00.000Z.db');
  const aside = `${path}.replaced-2026-01-01T00-00-00.000Z`;
  await withStore(undefined, async (store) => {
    await remember(store);
    for (const place of [backup, own, neighbour, aside]) await store.backup(place);
  });
  const named = await rekeyStore({ url, newKey: KEY });
  expect([...named.oldCopies].sort()).toEqual([own, neighbour, backup, aside].sort());
  expect(named.deletedCopies).toEqual([]);
  const newer = backupPathAt(path, new Date());
  await withStore(KEY, (store) => store.backup(newer));
  const deleted = await rekeyStore({ url, encryptionKey: KEY, newKey: KEY, deleteOldCopies: true });
  expect([...deleted.deletedCopies].sort()).toEqual([backup, aside].sort());
  expect([...deleted.oldCopies].sort()).toEqual([own, neighbour].sort());
  expect([backup, aside, own, neighbour, newer].map(existsSync)).toEqual([false, false, true, true, true]);
  expect(await planRekey({ url, encryptionKey: KEY, newKey: KEY })).toMatchObject({ oldCopies: { ours: [] } });
});

test('a second name of the old file, which a killed process left, goes with it [ST-11]', async () => {
  await withStore(undefined, remember);
  linkSync(path, `${path}.replaced-2026-01-01T00-00-00.000Z`);
  await rekeyStore({ url, newKey: KEY });
  expect(readdirSync(directory)).toEqual(['memory.db']);
});

test('a process that had the store open is told that its key does not fit any more, and writes nothing [ST-11]', async () => {
  for (const [from, to] of [
    [undefined, KEY],
    [KEY, OTHER_KEY],
    [OTHER_KEY, undefined],
  ]) {
    const old = await openTursoStore({ url, encryptionKey: from });
    await remember(old);
    await rekeyStore({ url, encryptionKey: from, newKey: to });
    const before = bytes();
    const refusal = {
      code: 'STORE_FAILED',
      retryable: false,
      message: expect.stringContaining('start it with the right'),
    };
    await expect(remember(old)).rejects.toMatchObject(refusal);
    await expect(old.getMany('episode', ['x'])).rejects.toMatchObject(refusal);
    await old.close();
    expect(bytes()).toEqual(before);
  }
  expect(await withStore(undefined, (store) => store.stats())).toMatchObject({ counts: { episode: 3 } });
});

test('whatever another process was told is written is there under the new key, and the rest it may try again [ST-11 ST-06]', async () => {
  const writer = await startWriter();
  try {
    await writer.tell({ task: 'open', url });
    const refused = writer.tell({ task: 'write', count: 1_000_000 }).catch((error: Error) => error.message);
    while (writer.acknowledged.length < 50) await once(writer.process, 'message');
    await rekeyStore({ url, newKey: KEY });
    expect(await refused).toMatch(/STORE_FAILED|STORE_UNAVAILABLE/u);
  } finally {
    writer.process.kill('SIGKILL');
  }
  const known = writer.acknowledged.flat();
  await withStore(KEY, async (store) => {
    const found = await store.getMany('tombstone', known);
    expect(found.filter((tombstone) => tombstone === undefined)).toEqual([]);
    expect(await store.verify()).toEqual({ ok: true, findings: [] });
  });
});

test('while another process writes without end, the key stays [ST-11]', async () => {
  await withStore(undefined, remember);
  const before = bytes();
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  await expect(rekeyStore({ url, newKey: KEY, waitMs: 50 })).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    retryable: true,
  });
  other.exec('COMMIT');
  other.close();
  expect(bytes()).toEqual(before);
});

test('killed before any of its steps, it leaves the old store or the new one, whole [ST-11]', async () => {
  await withStore(KEY, remember);
  const keys = [KEY, OTHER_KEY];
  const seen = new Set<string>();
  let current = KEY;
  // Each call that gives a file another name or takes one away while the key is changed; 9 is in the second change.
  for (const step of [1, 2, 3, 4, 5, 9]) {
    const other = keys.find((key) => key !== current) ?? '';
    const child = fork(KEEPER, ['rekey', url, '', String(step), current, other]);
    await once(child, 'exit');
    const { isEncrypted } = await describeDatabase(path, { encryptionKey: current }).catch(() => ({
      isEncrypted: false,
    }));
    seen.add(isEncrypted ? 'old' : 'new');
    current = isEncrypted ? current : other;
    await withStore(current, async (store) => {
      expect(await store.stats()).toMatchObject({ counts: { episode: 1 } });
      expect(await store.verify()).toEqual({ ok: true, findings: [] });
    });
    expect(wordsIn(directory, [WORD])).toEqual([]);
  }
  expect([...seen].sort()).toEqual(['new', 'old']);
});

test('what a killed change of the key left is gone after the next one, at once [ST-11]', async () => {
  await withStore(KEY, remember);
  const child = fork(KEEPER, ['rekey', url, '', '1', KEY, OTHER_KEY]);
  await once(child, 'exit');
  expect(readdirSync(directory).some((name) => name.endsWith('.partial'))).toBe(true);
  mkdirSync(join(directory, 'backups'));
  const [left = ''] = readdirSync(directory).filter((name) => name.endsWith('.partial'));
  writeFileSync(join(directory, 'backups', left), 'left by the same process');
  await rekeyStore({ url, encryptionKey: KEY, newKey: KEY });
  expect(readdirSync(directory).sort()).toEqual(['backups', 'memory.db']);
  expect(readdirSync(join(directory, 'backups'))).toEqual([]);
});

test('of copies, none is deleted that may be of another store, nor a log without its file, nor a hidden file of the user [ST-11 ST-12]', async () => {
  await withStore(undefined, remember);
  const time = '2026-01-01T00-00-00.000Z';
  const kept = [
    // Backups of memory-2.db, of memory and of another one; a log whose file was lost; what nobody here makes.
    ...[`memory-2-${time}.db`, `memory.${time}.db`, `other-${time}.db`, `memory-${time}-${time}.db`],
  ].map((name) => join(directory, 'backups', name));
  const beside = [`memory.db.damaged-${time}-wal`, '.memory.db', `memory.db.replaced-2-${time}`];
  const all = [...kept, ...beside.map((name) => join(directory, name))].sort();
  const ours = [join(directory, `memory.db.damaged-2025-01-01T00-00-00.000Z`)];
  ours.push(`${ours[0]}-wal`, join(directory, 'backups', `memory-before-schema-2-${time}.db`));
  mkdirSync(join(directory, 'backups'));
  for (const file of [...all, ...ours]) writeFileSync(file, readFileSync(path));
  const { deletedCopies, oldCopies } = await rekeyStore({ url, newKey: KEY, deleteOldCopies: true });
  expect([...deletedCopies].sort()).toEqual([...ours].sort());
  expect([...oldCopies].sort()).toEqual(all);
  expect(all.every(existsSync)).toBe(true);
});

test('a store whose name ends in no .db has backups of its own, which another one does not take for its [ST-12]', async () => {
  const other = join(directory, 'memory');
  const backup = backupPathAt(other, new Date());
  expect(backup).not.toBe(backupPathAt(path, new Date()));
  await withStore(undefined, async (store) => {
    await remember(store);
    await store.backup(backup);
    await store.backup(other);
  });
  const receipt = await rekeyStore({ url: pathToFileURL(other).href, newKey: KEY, deleteOldCopies: true });
  expect(receipt.deletedCopies).toEqual([backup]);
});

test.skipIf(process.platform === 'win32')(
  'a store behind a link changes its key where it lies, and the link stays [ST-11]',
  async () => {
    const real = join(realpathSync(directory), 'elsewhere', 'real.db');
    mkdirSync(join(directory, 'elsewhere'));
    await withStore(undefined, async (store) => {
      await remember(store);
      await store.backup(real);
      await store.backup(backupPathAt(path, new Date('2026-01-01T00:00:00.000Z')));
      await store.backup(backupPathAt(real, new Date('2026-01-01T00:00:00.000Z')));
    });
    rmSync(path);
    symlinkSync(real, path);
    const receipt = await rekeyStore({ url, newKey: KEY, deleteOldCopies: true });
    expect(receipt).toMatchObject({ path: real, oldCopies: [] });
    expect(receipt.deletedCopies).toHaveLength(2);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(await describeDatabase(real, { encryptionKey: KEY })).toMatchObject({ isEncrypted: true });
    expect(await withStore(KEY, (store) => store.stats())).toMatchObject({ counts: { episode: 1 } });
    expect(wordsIn(directory, [WORD])).toEqual([]);
  },
);

test.skipIf(process.platform === 'win32')('what is no file among the copies is not opened [ST-11]', async () => {
  await withStore(undefined, remember);
  mkdirSync(join(directory, 'backups'));
  execFileSync('mkfifo', [join(directory, 'backups', 'memory-2026-01-01T00-00-00.000Z.db')]);
  expect(await planRekey({ url, newKey: KEY })).toMatchObject({ oldCopies: { ours: [], others: [] } });
});
