// storage erase-deleted, and what `episode forget --secure` does when the episodes are gone: nothing of what was deleted is left
// in the database's file, in its log, or in a cache.
import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_CODES } from '@episodica/memory-core';
import { type Invocation, useDatabaseFile, useStore } from '../open.ts';
import { print } from '../output.ts';
import { withElapsed } from '../progress.ts';
import { bytesText } from './amounts.ts';

/** What is left where, in the form in which it is printed. */
export interface EraseResult {
  /** Whether nothing is left in the file, its log and the caches. */
  readonly erased: boolean;
  readonly reason?: string;
  readonly size_bytes_before: number;
  readonly size_bytes_after: number;
  /** Backups and other copies, which are left as they are; also the host whose database the file follows. */
  readonly other_copies: readonly string[];
}

/** Erases what was deleted, and deletes the caches: servers that use one begin another. */
export async function eraseTraces(invocation: Invocation): Promise<EraseResult> {
  return useDatabaseFile(invocation, async ({ cachePath, primary }) => {
    const report = await withElapsed('erase', () =>
      useStore(invocation, (store) => store.erase({ signal: invocation.signal })),
    );
    const left = await deleteCaches(cachePath);
    const reason = report.erased ? left : report.reason;
    return {
      erased: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      size_bytes_before: report.sizeBytesBefore,
      size_bytes_after: report.sizeBytesAfter,
      other_copies: [...report.otherCopies, ...(primary === undefined ? [] : [primary])],
    };
  });
}

/** In words: what is left, and what to do about it. */
export function eraseText(result: EraseResult): string {
  const { erased, reason, size_bytes_before: before, size_bytes_after: after, other_copies: copies } = result;
  const done = erased
    ? `Nothing of what was deleted is left in the store and its caches (${bytesText(before)} before, ${bytesText(after)} now).`
    : `Something may be left in the store: ${reason} Run "memory-cli storage erase-deleted" when the others have ended.`;
  const elsewhere =
    copies.length === 0 ? [] : ['These copies were left as they are:', ...copies.map((path) => `- ${path}`)];
  return [done, ...elsewhere].join('\n');
}

/** 0, or the code of a store that others keep busy. */
export function eraseExitCode({ erased }: EraseResult): number {
  return erased ? 0 : EXIT_CODES.STORE_UNAVAILABLE;
}

/** Leaves nothing of what was deleted. */
export async function erase(invocation: Invocation): Promise<number> {
  const result = await eraseTraces(invocation);
  await print(invocation.format, result, () => eraseText(result));
  return eraseExitCode(result);
}

/** Folders of caches are named after the identity of a database. Others may be as well: what lies in one has to fit. */
const CACHE_FOLDER = /^[0-9a-f]{32}(?:\.gone-\d+)?$/u;
const CACHE_ENTRY = /^(?:lmdb|blocks)\b/u;

/** Deletes every cache, and answers why one could not be. Servers that use one notice, and begin another. */
export async function deleteCaches(path: string): Promise<string | undefined> {
  const names = await readdir(path).catch(() => []);
  try {
    for (const name of names.filter((each) => CACHE_FOLDER.test(each))) {
      if (!(await isCache(join(path, name)))) continue;
      // Out of the way first: whoever still writes into it would keep it from being emptied.
      const aside = join(path, `${name}.gone-${process.pid}`);
      await rename(join(path, name), aside);
      await rm(aside, { recursive: true, force: true, maxRetries: 10 });
    }
    return undefined;
  } catch (error) {
    return `A cache in ${path} could not be deleted (${error instanceof Error ? error.message : String(error)}).`;
  }
}

/** A folder that a cache lies in, or nothing at all; whatever else bears such a name is not ours. */
async function isCache(path: string): Promise<boolean> {
  if (!(await lstat(path)).isDirectory()) return false;
  const entries = await readdir(path);
  return entries.length === 0 || entries.some((entry) => CACHE_ENTRY.test(entry));
}
