// The whole of store and cache on real files, in real processes, whatever happens to the files of the cache.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cachedStore, type OpenEpisode } from '@episodica/memory-core';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { anEpisode, put } from '@episodica/test-utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const EPISODES = 150;
const TERMS = ['cache', 'tenant'];

let base: string;
/** A store with a cache that is closed, and one whose user was killed: both are made once, and copied. */
let master: string;
let left: string;
let episodes: readonly OpenEpisode[];
/** Processes that start at once, and then look at files, on a machine that does other things too. */
const PATIENCE_MS = 120_000;

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'episodica-cache-'));
  master = join(base, 'master');
  mkdirSync(master);
  const store = await openTursoStore({ url: urlIn(master) });
  episodes = Array.from({ length: EPISODES }, (_, index) =>
    anEpisode({ description: `The tenant of shop ${index} is missing from the cache key. `.repeat(10) }),
  );
  await store.write(
    episodes.map((value) => ({
      ...put('episode', value),
      terms: { title: TERMS, body: value.description.split(' ') },
    })),
  );
  await store.close();
  const user = await aUser(master);
  await user.ask({ do: 'check', terms: TERMS });
  await user.close();
  left = aPlace();
  const killed = await aUser(left);
  await killed.ask({ do: 'settle' });
  await expectTruth(killed);
  await killed.kill();
}, PATIENCE_MS);

/** All processes that were started, and those of them that have nothing open: starting one takes longer than most tests. */
const started: ChildProcess[] = [];
const idle: ChildProcess[] = [];
afterAll(async () => {
  // Whatever they met, they end by themselves.
  const ends = idle.map(async (child) => {
    const ended = once(child, 'exit');
    child.disconnect();
    return ended;
  });
  expect(await Promise.all(ends)).toEqual(ends.map(() => [0, null]));
  await Promise.all(started.map(end));
  rmSync(base, { recursive: true, force: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

const urlIn = (folder: string): string => pathToFileURL(join(folder, 'memory.db')).href;
const cacheIn = (folder: string): string => join(folder, 'cache');
const dataIn = (folder: string): string => join(folder, 'cache', 'lmdb', 'data.mdb');

let folderCount = 0;
/** A copy of the filled store with its cache. A cache that was copied is not the one that was closed. */
function aPlace(origin = master): string {
  folderCount += 1;
  const folder = join(base, String(folderCount));
  cpSync(origin, folder, { recursive: true, preserveTimestamps: true });
  return folder;
}

/** The store with a cache that is filled and closed here: those who come next have its files vouched for. */
async function aClosedPlace(): Promise<string> {
  const folder = aPlace();
  rmSync(cacheIn(folder), { recursive: true });
  const store = await openTursoStore({ url: urlIn(folder) });
  const cache = await openLmdbCache({ path: cacheIn(folder) });
  const cached = cachedStore(store, cache);
  const ids = episodes.map(({ id }) => id);
  // The first read brings the cache to where the store stands, the second fills it.
  for (let round = 0; round < 2; round += 1) {
    await cached.getMany('episode', ids);
    await cached.text?.match({ kind: 'episode', terms: TERMS, limit: 10 });
  }
  expect(await cache.stats()).toMatchObject({ state: 'open', entries: EPISODES + 1 });
  await cached.close();
  return folder;
}

interface User {
  ask(order: { readonly do: string; readonly [name: string]: unknown }): Promise<Record<string, unknown>>;
  close(): Promise<void>;
  kill(): Promise<void>;
}

/** A process with the store and the cache of a folder open. */
async function aUser(folder: string): Promise<User> {
  const child = idle.pop() ?? aProcess();
  const ask: User['ask'] = async (order) => {
    const done = new AbortController();
    const { signal } = done;
    child.send(order);
    const [answer] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code, killedBy]) => {
        throw new Error(`The process ended with ${code ?? killedBy} at: ${order.do}`);
      }),
    ]).finally(() => done.abort());
    return answer;
  };
  await ask({ do: 'open', url: urlIn(folder), path: cacheIn(folder) });
  return {
    ask,
    async close() {
      await ask({ do: 'close' });
      idle.push(child);
    },
    kill: () => end(child),
  };
}

function aProcess(): ChildProcess {
  const program = new URL('./fixtures/cache-user.mjs', import.meta.url);
  const child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  started.push(child);
  return child;
}

/** Reads everything often enough that each layer has answered, and expects what the store says. */
async function expectTruth(user: User, count = EPISODES): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    expect(await user.ask({ do: 'check', terms: TERMS })).toEqual({ count, wrong: [] });
  }
}

/** Starts a process on a damaged cache: it must answer right before and after the cache was looked at, and go on to keep. */
async function expectUnharmed(folder: string): Promise<void> {
  const user = await aUser(folder);
  await expectTruth(user);
  await user.ask({ do: 'settle' });
  await expectTruth(user);
  const [first] = episodes;
  const changed = { ...anEpisode(first), description: 'Changed.', version: 2 };
  await user.ask({ do: 'write', episode: changed });
  expect(await user.ask({ do: 'read', id: changed.id })).toEqual(changed);
  await expectTruth(user);
  await user.close();
  // Nothing is in its memory yet: what it answers comes from the files.
  const next = await aUser(folder);
  await next.ask({ do: 'settle' });
  await expectTruth(next);
  await next.close();
}

/** 0 … 1, the same row for the same seed (Lehmer 1951). */
function seededRandom(seed: number): () => number {
  let state = seed * 7_919;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Fills `count` random pages behind the head with noise. */
function scramble(path: string, seed: number, count: number): void {
  const random = seededRandom(seed);
  const bytes = readFileSync(path);
  const pages = bytes.length / 4_096 - 2;
  for (let index = 0; index < count; index += 1) {
    const start = 4_096 * (2 + Math.floor(random() * pages));
    for (let at = start; at < start + 4_096; at += 1) bytes[at] = Math.floor(random() * 256);
  }
  writeFileSync(path, bytes);
}

/** Changes single letters of what is kept: no structure of the file shows it. */
function misspell(path: string): void {
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf('tenant'); at >= 0; at = bytes.indexOf('tenant', at + 1)) bytes[at] = 0x54;
  writeFileSync(path, bytes);
}

type Damage = readonly [string, (folder: string) => void];

/** Seen by a look at what stands where, whoever used it last; or by who vouches for the file, which then has changed. */
const CHANGED_FILES: readonly Damage[] = [
  ['half of the file', (folder) => truncateSync(dataIn(folder), statSync(dataIn(folder)).size / 2)],
  ['the file without its last page', (folder) => truncateSync(dataIn(folder), statSync(dataIn(folder)).size - 4_096)],
  ['an empty file', (folder) => truncateSync(dataIn(folder))],
  ['zeros in place of the head', (folder) => overwrite(folder, 0, Buffer.alloc(8_192))],
  ['noise in place of the head', (folder) => overwrite(folder, 0, Buffer.alloc(8_192, 0xa7))],
  ['zeros behind the head', (folder) => overwrite(folder, 8_192, Buffer.alloc(100_000))],
  ['letters changed within the values', (folder) => misspell(dataIn(folder))],
  ['a file of something else', (folder) => writeFileSync(dataIn(folder), 'not a database\n'.repeat(9_000))],
  ['a file of another machine', (folder) => writeFileSync(dataIn(folder), readFileSync(dataIn(folder)).swap32())],
  ['a folder in place of the file', (folder) => replaceBy(dataIn(folder), (path) => mkdirSync(path))],
  [
    'a file in place of the folder',
    (folder) => replaceBy(join(cacheIn(folder), 'lmdb'), (path) => writeFileSync(path, 'x')),
  ],
  ['no permission to read', (folder) => chmodSync(dataIn(folder), 0)],
  ['no permission to write', (folder) => chmodSync(dataIn(folder), 0o400)],
];

/** Found by a probe, or beside the file: here it matters who vouches, and which readers the lock file still names. */
const OTHER_DAMAGES: readonly Damage[] = [
  ['noise behind the head', (folder) => scramble(dataIn(folder), 99, 1_000)],
  ['a file in place of the blocks', (folder) => writeFileSync(join(cacheIn(folder), 'blocks'), 'x')],
  [
    'a lock file of noise',
    (folder) => writeFileSync(join(cacheIn(folder), 'lmdb', 'lock.mdb'), Buffer.alloc(9_000, 0x5a)),
  ],
  [
    'a folder in place of the lock file',
    (folder) => replaceBy(join(cacheIn(folder), 'lmdb', 'lock.mdb'), (path) => mkdirSync(path)),
  ],
  ['a claim that nobody holds any more', (folder) => writeFileSync(join(cacheIn(folder), 'lmdb.claim'), '2147483646')],
  ['noise in what vouches for it', (folder) => writeFileSync(join(cacheIn(folder), 'lmdb.sound'), '{"kind":"clo')],
  ['a damaged file that looks as old as it was', damagedInSecret],
];

function overwrite(folder: string, position: number, bytes: Buffer): void {
  const content = readFileSync(dataIn(folder));
  bytes.copy(content, position);
  writeFileSync(dataIn(folder), content);
}

function replaceBy(path: string, make: (path: string) => void): void {
  rmSync(path, { recursive: true, force: true });
  make(path);
}

function damagedInSecret(folder: string): void {
  const { atime, mtime } = statSync(dataIn(folder));
  scramble(dataIn(folder), 7, 1_000);
  utimesSync(dataIn(folder), atime, mtime);
}

describe.each([
  ['closed', aClosedPlace, [...CHANGED_FILES, ...OTHER_DAMAGES]],
  ['killed', async () => aPlace(left), OTHER_DAMAGES],
] as const)('a cache whose last user was %s', (_, place, damages) => {
  test.concurrent.each(damages)(
    '%s stops no process and yields no wrong answer [CA-03]',
    async (__, damage) => {
      const folder = await place();
      damage(folder);
      await expectUnharmed(folder);
    },
    PATIENCE_MS,
  );
});

test(
  'of many processes that start at once on a cache that was left open, each answers right and all share one file [CA-03]',
  async () => {
    const folder = aPlace();
    const left = await aUser(folder);
    await expectTruth(left);
    await left.kill();
    const users = await Promise.all([1, 2, 3, 4].map(() => aUser(folder)));
    await Promise.all(users.map((user) => expectTruth(user)));
    await Promise.all(users.map((user) => user.ask({ do: 'settle' })));
    for (const user of users) expect(await user.ask({ do: 'stats' })).toMatchObject({ state: 'open' });
    const [first, ...others] = users as [User, ...User[]];
    const episode = { ...anEpisode(episodes[5]), description: 'Written by one, read by all.', version: 2 };
    await first.ask({ do: 'write', episode });
    for (const user of others) expect(await user.ask({ do: 'read', id: episode.id })).toEqual(episode);
    const readers = readdirSync(cacheIn(folder));
    expect(readers.filter((name) => /damaged|copy/u.test(name))).toEqual([]);
    for (const user of users) await user.close();
  },
  PATIENCE_MS,
);

test(
  'a cache whose user was killed is used again after a look at it, with all that it held [CA-03]',
  async () => {
    const folder = aPlace();
    const left = await aUser(folder);
    await left.ask({ do: 'settle' });
    await expectTruth(left);
    await left.kill();
    const user = await aUser(folder);
    expect(await user.ask({ do: 'stats' })).toMatchObject({ state: 'examining' });
    await user.ask({ do: 'settle' });
    await user.ask({ do: 'check', terms: TERMS });
    expect(await user.ask({ do: 'stats' })).toMatchObject({
      state: 'open',
      process: { hits: EPISODES + 1, misses: 0 },
    });
    await user.close();
    const next = await aUser(folder);
    expect(await next.ask({ do: 'stats' })).toMatchObject({ state: 'open' });
    await next.close();
  },
  PATIENCE_MS,
);

test(
  'a write of one process is seen by the next read of another, through all layers [CA-06]',
  async () => {
    const folder = aPlace();
    const [writer, reader] = [await aUser(folder), await aUser(folder)];
    for (const user of [writer, reader]) await user.ask({ do: 'settle' });
    for (let version = 2; version < 40; version += 1) {
      const episode = { ...anEpisode(episodes[version % 3]), description: `Version ${version}`, version };
      await writer.ask({ do: 'write', episode });
      expect(await reader.ask({ do: 'read', id: episode.id })).toEqual(episode);
      expect(await writer.ask({ do: 'read', id: episode.id })).toEqual(episode);
    }
    await writer.close();
    await reader.close();
  },
  PATIENCE_MS,
);

const INTERFERENCES: readonly [string, (folder: string) => void][] = [
  ['its folder is deleted', (folder) => rmSync(cacheIn(folder), { recursive: true })],
  ['its data file is deleted', (folder) => unlinkSync(dataIn(folder))],
  ['its lock file is deleted', (folder) => unlinkSync(join(cacheIn(folder), 'lmdb', 'lock.mdb'))],
  [
    'its folder is replaced by that of an older copy',
    (folder) => replaceBy(cacheIn(folder), (path) => cpSync(cacheIn(master), path, { recursive: true })),
  ],
  [
    'its data file is replaced by noise',
    (folder) => replaceBy(dataIn(folder), (path) => writeFileSync(path, Buffer.alloc(90_112, 0x5a))),
  ],
  ['its folder is moved away', (folder) => renameSync(cacheIn(folder), `${cacheIn(folder)}.aside`)],
];

test.each(INTERFERENCES)(
  'while two processes run, %s: both go on and answer right [CA-03]',
  async (_, interfere) => {
    const folder = aPlace();
    const two = [await aUser(folder), await aUser(folder)];
    for (const user of two) await user.ask({ do: 'settle' });
    for (const user of two) await expectTruth(user);
    interfere(folder);
    for (let version = 2; version < 6; version += 1) {
      for (const user of two) {
        const episode = { ...anEpisode(episodes[version]), description: `Version ${version}`, version };
        await user.ask({ do: 'write', episode });
        for (const other of two) expect(await other.ask({ do: 'read', id: episode.id })).toEqual(episode);
        await expectTruth(user);
      }
    }
    const late = await aUser(folder);
    for (const user of [...two, late]) {
      await user.ask({ do: 'settle' });
      await expectTruth(user);
      await expect.poll(() => user.ask({ do: 'stats' }), { timeout: PATIENCE_MS }).toMatchObject({ state: 'open' });
    }
    for (const user of [...two, late]) await user.close();
  },
  PATIENCE_MS,
);

test(
  'a database that is put back to an older copy, and written past it, is never answered from the cache of the newer [CA-02]',
  async () => {
    const folder = aPlace();
    const older = join(folder, 'older.db');
    copyFileSync(join(folder, 'memory.db'), older);
    const write = async (description: string): Promise<void> => {
      const user = await aUser(folder);
      await user.ask({ do: 'settle' });
      for (const index of [1, 2]) {
        await user.ask({ do: 'write', episode: { ...anEpisode(episodes[index]), description, version: 2 } });
      }
      await expectTruth(user);
      await user.close();
    };
    await write('Of the history that is given up.');
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(folder, `memory.db${suffix}`), { force: true });
    copyFileSync(older, join(folder, 'memory.db'));
    // Without the cache, as many changes of the same things as before: the same numbers, another history.
    const store = await openTursoStore({ url: urlIn(folder) });
    for (const index of [1, 2]) {
      const episode = { ...anEpisode(episodes[index]), description: 'Of the history that holds.', version: 2 };
      await store.write([put('episode', episode)]);
    }
    await store.close();
    const user = await aUser(folder);
    await user.ask({ do: 'settle' });
    await expectTruth(user);
    await user.close();
    await write('Going on.');
  },
  PATIENCE_MS,
);
