// The files of a cache on disk. Opening damaged ones can kill the process, so here is decided what may be opened, by
// looks that can do no harm; `probe.ts` looks closer.
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { endianness, uptime } from 'node:os';
import { join } from 'node:path';

/** LMDB's names inside the folder of an environment. */
export const DATA_FILE = 'data.mdb';
export const LOCK_FILE = 'lock.mdb';

/** Which files these are, and when they last changed: the change time, which no program can set. */
export interface Fingerprint {
  readonly data: string;
  readonly lock: string;
  readonly changedNs: string;
}

/** Nothing where one of the two files is missing. */
export function fingerprint(folder: string): Fingerprint | undefined {
  const [data, lock] = [DATA_FILE, LOCK_FILE].map((name) =>
    statSync(join(folder, name), { bigint: true, throwIfNoEntry: false }),
  );
  if (data === undefined || lock === undefined) return undefined;
  const changedNs = `${data.ctimeNs} ${data.size}`;
  return { data: `${data.dev}:${data.ino}`, lock: `${lock.dev}:${lock.ino}`, changedNs };
}

/**
 * What may be done with the files in `folder`: there are `none`; they are `trusted`, as the one that closed them, or a
 * probe since `startedMs`, vouches for them; they are of no use, for a reason; or it takes a probe to tell.
 */
export type Finding =
  | { readonly kind: 'none' | 'trusted' }
  | { readonly kind: 'useless'; readonly reason: string; readonly data: string | undefined }
  | { readonly kind: 'unsure'; readonly data: string };

export async function examine(
  folder: string,
  { startedMs, maxFileBytes }: { readonly startedMs: number; readonly maxFileBytes: number },
): Promise<Finding> {
  const path = join(folder, DATA_FILE);
  const found = await stat(path, { bigint: true }).catch(ignoreMissing);
  const lock = await stat(join(folder, LOCK_FILE)).catch(ignoreMissing);
  if (lock?.isFile() === false) return useless('there is something else in place of its lock', await dataOf(folder));
  if (found === undefined) {
    const isFolder = (await stat(folder).catch(ignoreMissing))?.isDirectory() ?? true;
    return isFolder ? { kind: 'none' } : useless('it is no folder', undefined);
  }
  const data = `${found.dev}:${found.ino}`;
  if (!found.isFile()) return useless('there is something else in place of its file', data);
  if (found.size > BigInt(maxFileBytes)) return useless('its file has grown too large', data);
  // Nothing is flushed: what the machine took with it when it went down may be missing anywhere.
  if (Number(found.mtimeMs) < Date.now() - uptime() * 1_000)
    return useless('it is from before the machine started', data);
  if (!(await looksSound(path))) return useless('it is damaged', data);
  const voucher = await readVoucher(folder);
  const isAsLeft = voucher?.kind === 'closed' && voucher.changedNs === `${found.ctimeNs} ${found.size}`;
  const isProbed = voucher?.kind === 'probed' && voucher.atMs >= startedMs;
  return voucher?.data === data && (isAsLeft || isProbed) ? { kind: 'trusted' } : { kind: 'unsure', data };
}

function useless(reason: string, data: string | undefined): Finding {
  return { kind: 'useless', reason, data };
}

/** Says that the files of `data` are sound: because nobody but this process changed them, or because a probe said so. */
export type Voucher =
  | { readonly kind: 'closed'; readonly data: string; readonly changedNs: string }
  | { readonly kind: 'probed'; readonly data: string; readonly atMs: number };

export async function vouch(folder: string, voucher: Voucher): Promise<void> {
  const part = `${voucherPath(folder)}.${randomUUID()}`;
  await writeFile(part, JSON.stringify(voucher), { mode: 0o600 });
  await rename(part, voucherPath(folder));
}

/** Takes back what was said of a closed file: whoever opens it next to a running process looks for himself. */
export async function takeVoucher(folder: string): Promise<void> {
  await rm(voucherPath(folder), { force: true });
}

function voucherPath(folder: string): string {
  return `${folder}.sound`;
}

async function readVoucher(folder: string): Promise<Voucher | undefined> {
  try {
    // `vouch` alone writes it; of what anything else wrote, no field will be equal to what it is compared with.
    return JSON.parse(await readFile(voucherPath(folder), 'utf8')) as Voucher;
  } catch {
    // Missing, or garbled: then nobody vouches.
    return undefined;
  }
}

/**
 * Moves `folder` out of the way if its file is still `data`, then deletes it: whoever has the files open keeps both of
 * them, as they belong together. `successor`, a folder, takes its place.
 */
export async function replace(folder: string, data: string | undefined, successor?: string): Promise<void> {
  if ((await dataOf(folder)) !== data) return;
  const aside = `${folder}.damaged-${randomUUID()}`;
  await rename(folder, aside).catch(ignoreMissing);
  if (successor !== undefined) await rename(successor, folder);
  await rm(aside, { recursive: true, force: true });
}

/** Which data file is in `folder`; nothing where there is none. */
export async function dataOf(folder: string): Promise<string | undefined> {
  const found = await stat(join(folder, DATA_FILE), { bigint: true }).catch(ignoreMissing);
  return found && `${found.dev}:${found.ino}`;
}

/** How long a claim counts although its owner seems alive: another process may have got its number. */
const MAX_CLAIM_MS = 60_000;

/** The right to probe and to replace the files in `folder`, for one process at a time; nothing while another has it. */
export async function claim(folder: string): Promise<{ release(): Promise<void> } | undefined> {
  const path = `${folder}.claim`;
  const owner = await stat(path).catch(ignoreMissing);
  if (owner && (Date.now() - owner.mtimeMs > MAX_CLAIM_MS || !isAlive(Number(await readFile(path, 'utf8'))))) {
    await rm(path, { force: true });
  }
  try {
    await writeFile(path, String(process.pid), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return undefined;
    throw error;
  }
  return { release: () => rm(path, { force: true }) };
}

function isAlive(pid: number): boolean {
  // Just made, its number not yet written.
  if (pid === 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Alive, but another user's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

/** Whether the head of a data file is sane and the file is as long as it says. Damage behind the head is not seen. */
async function looksSound(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'r');
    try {
      return await isHeadSane(file);
    } finally {
      await file.close();
    }
  } catch {
    // No permission, a disk that gives errors: nothing that LMDB could read either.
    return false;
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
