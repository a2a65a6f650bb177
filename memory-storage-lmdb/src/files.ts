// The files of a cache on disk: opening damaged ones can kill the process, so they are looked at before and thrown
// away when something is odd about them.
import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { join } from 'node:path';

/** LMDB's names inside the folder of an environment. */
export const DATA_FILE = 'data.mdb';
export const LOCK_FILE = 'lock.mdb';

/**
 * Whether LMDB may be let near the files in `folder`: there are none yet, or the head of the data file is sane and the
 * file is as long as it says. Damage behind the head is not seen.
 */
export async function looksSound(folder: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(join(folder, DATA_FILE), 'r');
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
  try {
    return await isHeadSane(file);
  } catch {
    // A folder in place of the file, a disk that gives errors: nothing that LMDB could read either.
    return false;
  } finally {
    await file.close();
  }
}

/** Moves `folder` out of the way, then deletes it: whoever has the files open keeps both of them, as they belong together. */
export async function discard(folder: string): Promise<void> {
  const aside = `${folder}.damaged-${randomUUID()}`;
  try {
    await rename(folder, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

const MARKER = /^in-use-(\d+)$/u;

/**
 * Whether a process that used the cache in `path` ended without closing it: what it left may be half written, and LMDB
 * ends whoever reads that. Takes the marks of such processes away.
 */
export async function wasLeftOpen(path: string): Promise<boolean> {
  const names = await readdir(path);
  const left = names.filter((name) => {
    const pid = Number(MARKER.exec(name)?.[1]);
    return pid > 0 && !isAlive(pid);
  });
  await Promise.all(left.map((name) => rm(join(path, name), { force: true })));
  return left.length > 0;
}

/** Marks the cache in `path` as used by this process. */
export async function markInUse(path: string): Promise<void> {
  await writeFile(markerOf(path), '', { mode: 0o600 });
}

/** Takes the mark away: this process has closed what it used. */
export async function unmark(path: string): Promise<void> {
  await rm(markerOf(path), { force: true });
}

function markerOf(path: string): string {
  return join(path, `in-use-${process.pid}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Alive, but another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

// The first two pages are meta pages, each with this at its start (LMDB data version 2, 64 bit, byte order of the
// machine; offsets from the structs MDB_page_header, MDB_meta and MDB_db of the `mdb.c` that lmdb 3.5 carries).
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
const OFFSETS = { magic: 24, version: 28, pageSize: 48, lastPage: 144, transaction: 152 };
const META_BYTES = 160;
const PAGE_SIZES = [4_096, 8_192, 16_384, 32_768, 65_536];

interface Meta {
  readonly magic: number;
  readonly version: number;
  readonly pageSize: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

async function isHeadSane(file: FileHandle): Promise<boolean> {
  // Somebody else has just made it and is about to write its first pages.
  if ((await file.stat()).size === 0) return true;
  const first = await readMeta(file, 0);
  if (first === undefined || !PAGE_SIZES.includes(first.pageSize)) return false;
  const second = await readMeta(file, first.pageSize);
  if (second === undefined || second.pageSize !== first.pageSize) return false;
  if ([first, second].some((meta) => meta.magic !== MAGIC || meta.version !== DATA_VERSION)) return false;

  // Read behind the metas: others may write meanwhile, and the file only grows.
  const sizeBytes = BigInt((await file.stat()).size);
  const pageSize = BigInt(first.pageSize);
  const { lastPage } = first.transaction > second.transaction ? first : second;
  return sizeBytes % pageSize === 0n && sizeBytes >= (lastPage + 1n) * pageSize;
}

async function readMeta(file: FileHandle, position: number): Promise<Meta | undefined> {
  const bytes = Buffer.alloc(META_BYTES);
  const { bytesRead } = await file.read(bytes, 0, META_BYTES, position);
  if (bytesRead < META_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, META_BYTES);
  const isLittle = endianness() === 'LE';
  return {
    magic: view.getUint32(OFFSETS.magic, isLittle),
    version: view.getUint32(OFFSETS.version, isLittle),
    pageSize: view.getUint32(OFFSETS.pageSize, isLittle),
    lastPage: view.getBigUint64(OFFSETS.lastPage, isLittle),
    transaction: view.getBigUint64(OFFSETS.transaction, isLittle),
  };
}
