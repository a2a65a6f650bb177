// Large blocks, each a file of its own: LMDB would hold the event loop while it copies them, and these can be read
// before it is known whether LMDB's own files are sound.
import { createHash, randomUUID } from 'node:crypto';
import { open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { makePrivateFolder } from '@episodica/memory-core/backend';
import type { Block } from '@episodica/memory-core/ports';
import { blockIn, partsOf } from './packed-block.ts';
import type { Seal } from './sealing.ts';

export interface BlockFiles {
  /** Nothing where there is none, or not the whole of what was kept. */
  get(key: string, oldestMs: number): Promise<Block | undefined>;
  /** Answers how many others had to go, and how many of these for their age. */
  set(key: string, block: Block, oldestMs: number): Promise<{ readonly evicted: number; readonly expired: number }>;
  remove(key: string): Promise<void>;
  figures(): Promise<{ readonly entries: number; readonly sizeBytes: number }>;
}

/** Before what is sealed: a check over it. */
const CHECK_BYTES = 4;
/** Checked at once; then the event loop turns. */
const SLICE_BYTES = 4_194_304;

interface KeptFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly usedMs: number;
  readonly storedMs: number;
}

/** Blocks in `folder`, which is made with the first one. What was not read for longest goes first. */
export function blockFiles(
  folder: string,
  { seal, maxSizeBytes }: { readonly seal: Seal; readonly maxSizeBytes: number },
): BlockFiles {
  const pathOf = (name: string): string => join(folder, createHash('sha256').update(name).digest('hex'));

  async function all(): Promise<readonly KeptFile[]> {
    const names = await readdir(folder).catch(nothingWhereMissing([]));
    const files = names.map(async (name): Promise<KeptFile | undefined> => {
      const path = join(folder, name);
      const found = await stat(path).catch(nothingWhereMissing(undefined));
      return found && { path, sizeBytes: found.size, usedMs: found.atimeMs, storedMs: found.mtimeMs };
    });
    return (await Promise.all(files)).filter((file) => file !== undefined);
  }

  async function makeRoom(neededBytes: number, oldestMs: number): Promise<{ evicted: number; expired: number }> {
    const files = [...(await all())].sort((a, b) => a.usedMs - b.usedMs);
    let sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, neededBytes);
    const gone = { evicted: 0, expired: 0 };
    for (const file of files) {
      const isExpired = file.storedMs < oldestMs;
      if (!isExpired && sizeBytes <= maxSizeBytes) continue;
      await rm(file.path, { force: true });
      sizeBytes -= file.sizeBytes;
      gone[isExpired ? 'expired' : 'evicted'] += 1;
    }
    return gone;
  }

  return {
    async get(key, oldestMs) {
      const name = seal.hide(key);
      const path = pathOf(name);
      const found = await stat(path).catch(nothingWhereMissing(undefined));
      if (found === undefined || !found.isFile() || found.mtimeMs < oldestMs) return undefined;
      const bytes = await readAtOnce(path, found.size).catch(nothingWhereMissing(undefined));
      if (bytes === undefined || !(await isWhole(bytes, name))) return undefined;
      const content = await seal.openLarge(name, bytes.subarray(CHECK_BYTES));
      if (content === undefined) return undefined;
      // The time of last use, said by hand: file systems are often told not to keep it.
      await utimes(path, new Date(), found.mtime).catch(nothingWhereMissing(undefined));
      return blockIn(content);
    },

    async set(key, block, oldestMs) {
      const name = seal.hide(key);
      const path = pathOf(name);
      await rm(path, { force: true });
      const parts = await seal.sealLarge(name, partsOf(block));
      const sizeBytes = parts.reduce((sum, part) => sum + part.byteLength, CHECK_BYTES);
      if (sizeBytes > maxSizeBytes) return { evicted: 0, expired: 0 };
      makePrivateFolder(folder);
      const gone = await makeRoom(sizeBytes, oldestMs);
      await writeWhole(path, [await checkOf(name, parts), ...parts]);
      return gone;
    },

    remove: (key) => rm(pathOf(seal.hide(key)), { force: true }),

    async figures() {
      const files = await all();
      return { entries: files.length, sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0) };
    },
  };
}

/** The whole file under its name, or nothing. */
async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const partial = `${path}.${randomUUID()}`;
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      for (const part of parts) await file.writeFile(part);
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** In one piece, off the event loop: reading in parts would have them put together on it. */
async function readAtOnce(path: string, sizeBytes: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(sizeBytes), 0, sizeBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function isWhole(bytes: Buffer, name: string): Promise<boolean> {
  if (bytes.byteLength < CHECK_BYTES) return false;
  return bytes.readUInt32LE(0) === (await check(bytes.subarray(CHECK_BYTES), crc32(name)));
}

async function checkOf(name: string, parts: readonly Uint8Array[]): Promise<Buffer> {
  let sum = crc32(name);
  for (const part of parts) sum = await check(part, sum);
  const bytes = Buffer.alloc(CHECK_BYTES);
  bytes.writeUInt32LE(sum);
  return bytes;
}

async function check(bytes: Uint8Array, start: number): Promise<number> {
  let sum = start;
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) {
    if (at > 0) await setImmediate();
    sum = crc32(bytes.subarray(at, at + SLICE_BYTES), sum);
  }
  return sum;
}

/** For what another process took away meanwhile. */
function nothingWhereMissing<T>(nothing: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return nothing;
    throw error;
  };
}
