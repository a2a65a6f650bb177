import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { START } from '@episodica/memory-core';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { anEpisode, cacheSuite } from '@episodica/test-utils';
import { open } from 'lmdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keptBytes, readKept } from '../src/records.ts';
import { sealOf } from '../src/sealing.ts';

const KEY = '0123456789abcdef'.repeat(4);
const OTHER_KEY = 'f'.repeat(64);
const NEEDLE = 'needleworthy';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'episodica-sealed-'));
});
afterAll(async () => {
  await rm(base, { recursive: true, force: true });
});

let folderCount = 0;
function newPath(): string {
  folderCount += 1;
  return join(base, `cache.${folderCount}`);
}

let lastPath = '';
cacheSuite({
  name: 'lmdb with a key',
  async open() {
    if (lastPath !== '') await rm(lastPath, { recursive: true, force: true });
    lastPath = newPath();
    return openLmdbCache({ path: lastPath, encryptionKey: KEY });
  },
  reopen: () => openLmdbCache({ path: lastPath, encryptionKey: KEY }),
});

const EPISODE = anEpisode({ description: `find ${NEEDLE}`, tags: [NEEDLE], metadata: { [`${NEEDLE}Field`]: NEEDLE } });
const BLOCK_KEY = `match-${NEEDLE}`;
const SMALL = { mark: `1 ${NEEDLE}`, bytes: Buffer.from(NEEDLE.repeat(10)) };
const LARGE = { mark: `2 ${NEEDLE}`, bytes: Buffer.from(NEEDLE.repeat(800_000)) };

/** A cache at `path` with an entity, a small and a large block. */
async function fill(path: string, encryptionKey?: string): Promise<void> {
  const cache = await openLmdbCache({ path, encryptionKey });
  await cache.settled();
  await cache.move({ from: START, to: { seq: 7, stamp: NEEDLE } });
  await cache.set('episode', [EPISODE], { seq: 7, stamp: NEEDLE });
  await cache.setBlock(BLOCK_KEY, SMALL);
  await cache.setBlock(`large-${BLOCK_KEY}`, LARGE);
  await cache.close();
}

/** What a cache at `path` has at hand of it. */
async function held(path: string, encryptionKey?: string): Promise<object> {
  const cache = await openLmdbCache({ path, encryptionKey });
  await cache.settled();
  const large = await cache.getBlock(`large-${BLOCK_KEY}`);
  const found = {
    episode: (await cache.get('episode', [EPISODE.id]))?.values[0],
    small: (await cache.getBlock(BLOCK_KEY))?.mark,
    large: large && LARGE.bytes.equals(large.bytes),
  };
  await cache.close();
  return found;
}

const ALL = { episode: EPISODE, small: SMALL.mark, large: true };
const NOTHING = { episode: undefined, small: undefined, large: undefined };

async function filesIn(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Which of its files hold the text, or a name of what they hold, in any of the usual encodings. */
async function filesTelling(path: string, texts: readonly string[]): Promise<readonly string[]> {
  const needles = texts.flatMap((text) => [Buffer.from(text), Buffer.from(text, 'utf16le')]);
  const telling: string[] = [];
  for (const file of await filesIn(path)) {
    const bytes = await readFile(file);
    if (needles.some((needle) => bytes.includes(needle) || file.includes(String(needle)))) telling.push(basename(file));
  }
  return telling;
}

/** Puts other payloads, each with a right check before it, in place of those of a closed cache. */
async function rewriteEntities(
  path: string,
  rewritten: (payloads: readonly Uint8Array[]) => readonly Uint8Array[],
): Promise<void> {
  const [lmdb = ''] = (await readdir(path)).filter((name) => /^lmdb-[0-9a-f]+$/u.test(name));
  const raw = open({ path: join(path, lmdb), noSubdir: false, noSync: true, maxDbs: 8 });
  const values = raw.openDB<Buffer, string>('entities', { encoding: 'binary' });
  const found = [...values.getRange({})].map(({ key, value }) => {
    const kept = readKept(key, value);
    if (kept === undefined) throw new Error('not as it was kept');
    return { key, kept: { ...kept, payload: Buffer.from(kept.payload) } };
  });
  const payloads = rewritten(found.map(({ kept }) => kept.payload));
  for (const [index, { key, kept }] of found.entries()) {
    values.putSync(key, keptBytes(key, { ...kept, payload: payloads[index] ?? kept.payload }));
  }
  await raw.close();
}

test('with a key no file tells what is kept, where it stands or what it is called [ST-11]', async () => {
  const texts = [NEEDLE, EPISODE.id, 'description', 'startedAt', KEY];
  const plain = newPath();
  await fill(plain);
  // The look finds it where it is.
  expect(await filesTelling(plain, texts)).toHaveLength(2);
  const path = newPath();
  await fill(path, KEY);
  expect(await held(path, KEY.toUpperCase())).toEqual(ALL);
  expect(await filesIn(path)).toHaveLength(4);
  expect(await filesTelling(path, texts)).toEqual([]);
});

test('a file of a large block that is being written tells nothing either [ST-11]', async () => {
  const path = newPath();
  const cache = await openLmdbCache({ path, encryptionKey: KEY });
  let isWritten = false;
  const writing = cache.setBlock(BLOCK_KEY, LARGE).finally(() => {
    isWritten = true;
  });
  const seen = new Set<string>();
  while (!isWritten) {
    for (const name of await filesTelling(path, [NEEDLE]).catch(() => [])) seen.add(name);
  }
  await writing;
  expect([...seen]).toEqual([]);
  await cache.close();
});

test('what was kept in plain text, or with another key, is deleted when the cache is opened with a key [ST-11]', async () => {
  const path = newPath();
  await fill(path);
  await writeFile(join(path, 'lmdb.damaged-1'), NEEDLE);
  expect(await held(path, KEY)).toEqual(NOTHING);
  expect(await filesTelling(path, [NEEDLE])).toEqual([]);
  await fill(path, KEY);
  expect(await held(path, OTHER_KEY)).toEqual(NOTHING);
  expect(await held(path, KEY)).toEqual(NOTHING);
});

test('without the key a cache begins anew in plain text, and what is sealed stays for who has the key [ST-11]', async () => {
  const path = newPath();
  await fill(path, KEY);
  expect(await held(path)).toEqual(NOTHING);
  expect(await held(path, KEY)).toEqual(ALL);
});

test('files that are carried to the cache of another store are of no use there [ST-11]', async () => {
  const [path, other] = [newPath(), newPath()];
  await fill(path, KEY);
  await fill(other, KEY);
  const [ownFolder = ''] = (await readdir(path)).filter((name) => name.startsWith('blocks'));
  const [otherFolder = ''] = (await readdir(other)).filter((name) => name.startsWith('blocks'));
  expect(otherFolder).not.toBe(ownFolder);
  await rm(join(other, otherFolder), { recursive: true });
  await cp(join(path, ownFolder), join(other, otherFolder), { recursive: true });
  expect(await held(other, KEY)).toEqual({ ...ALL, large: undefined });
});

test('a sealed value that was changed, with a right check before it, counts as absent and can be replaced [ST-11]', async () => {
  const path = newPath();
  await fill(path, KEY);
  // Only the seal can tell.
  await rewriteEntities(path, ([payload = Buffer.alloc(0)]) => {
    const changed = Buffer.from(payload);
    changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.byteLength - 1);
    return [changed];
  });
  expect(await held(path, KEY)).toEqual({ ...ALL, episode: undefined });
  const cache = await openLmdbCache({ path, encryptionKey: KEY });
  await cache.settled();
  await cache.set('episode', [EPISODE], { seq: 7, stamp: NEEDLE });
  await cache.close();
  expect(await held(path, KEY)).toEqual(ALL);
});

test('sealed values that are put under the names of others, with right checks, count as absent [ST-11]', async () => {
  const path = newPath();
  const both = [EPISODE, anEpisode({ description: 'another' })];
  await fill(path, KEY);
  const cache = await openLmdbCache({ path, encryptionKey: KEY });
  await cache.set('episode', both, { seq: 7, stamp: NEEDLE });
  await cache.close();
  await rewriteEntities(path, (payloads) => payloads.toReversed());
  const swapped = await openLmdbCache({ path, encryptionKey: KEY });
  await swapped.settled();
  const ids = both.map(({ id }) => id);
  expect((await swapped.get('episode', ids))?.values).toEqual([undefined, undefined]);
  await swapped.close();
});

test('a sealed value that is put under the same name in the cache of another store counts as absent [ST-11]', async () => {
  const [path, other] = [newPath(), newPath()];
  await fill(path, KEY);
  await fill(other, KEY);
  let carried: readonly Uint8Array[] = [];
  await rewriteEntities(path, (payloads) => {
    carried = payloads;
    return payloads;
  });
  await rewriteEntities(other, () => carried);
  expect(await held(other, KEY)).toEqual({ ...ALL, episode: undefined });
  expect(await held(path, KEY)).toEqual(ALL);
});

test('a large value opens under its own name and for its own store only [ST-11]', async () => {
  const own = sealOf({ encryptionKey: KEY, store: 'own' });
  const sealed = Buffer.concat(await own.sealLarge('name', [LARGE.bytes]));
  const opened = await own.openLarge('name', sealed);
  expect(opened !== undefined && LARGE.bytes.equals(opened)).toBe(true);
  const elsewhere = sealOf({ encryptionKey: KEY, store: 'other' });
  const strangers = [await own.openLarge('another', sealed), await elsewhere.openLarge('name', sealed)];
  expect(strangers.map((bytes) => bytes?.byteLength)).toEqual([undefined, undefined]);
});

test('files that nobody closed are looked at by a process that has no key, and are of use again [ST-11]', async () => {
  const path = newPath();
  await fill(path, KEY);
  const [voucher = ''] = (await readdir(path)).filter((name) => name.endsWith('.sound'));
  await rm(join(path, voucher));
  const cache = await openLmdbCache({ path, encryptionKey: KEY });
  expect(await cache.stats()).toMatchObject({ state: 'examining' });
  await cache.settled();
  expect((await cache.get('episode', [EPISODE.id]))?.values).toEqual([EPISODE]);
  await cache.close();
});

test('two processes with the key share one cache and neither ever reads a value that is behind its number [ST-11]', async () => {
  const path = newPath();
  const children = [1, 2].map((seed) =>
    fork(new URL('./fixtures/share-cache.mjs', import.meta.url), [path, String(seed), '500', KEY], {
      stdio: 'inherit',
    }),
  );
  const reports = await Promise.all(
    children.map(async (child) => {
      const report = { hits: 0, violations: ['it ended without a report'] };
      child.once('message', (message) => Object.assign(report, message));
      const [exitCode] = await once(child, 'exit');
      return { ...report, exitCode };
    }),
  );
  for (const report of reports) expect(report).toMatchObject({ exitCode: 0, violations: [] });
  expect(Math.min(...reports.map(({ hits }) => hits))).toBeGreaterThan(0);
});

test.each(['', 'abc', 'G'.repeat(64), `${KEY}0`])(
  'a key of another form is refused, and not repeated, case %# [ST-11]',
  async (encryptionKey) => {
    const path = newPath();
    const opening = openLmdbCache({ path, encryptionKey });
    await expect(opening).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'encryptionKey: must be 64 hexadecimal digits, which are 32 random bytes.',
    });
    expect(await readdir(dirname(path))).not.toContain(basename(path));
  },
);
