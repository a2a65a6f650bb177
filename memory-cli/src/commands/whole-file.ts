// Files that are written as a whole: afterwards either all of the text is in place, durably, or what was there before.
import { randomBytes } from 'node:crypto';
import { lstat, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MemoryError } from '@episodica/memory-core';
import { fileError } from './file-error.ts';

/** @throws `INVALID_INPUT` for a folder, a device and the like, with what to do instead */
export async function refuseOtherThanFile(path: string, advice: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined || there.isFile()) return;
  throw new MemoryError('INVALID_INPUT', `${path}: is no file; ${advice}.`);
}

/** @throws `INVALID_INPUT` where anything of that name is there already */
export async function refuseExisting(path: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) === undefined) return;
  throw new MemoryError('INVALID_INPUT', `${path}: is there already; name another file, or replace it with --force.`);
}

/**
 * Readable by this user alone, as it tells what was worked on, unless `mode` says otherwise.
 * @throws `INVALID_INPUT`, `STORE_FAILED` that name the file
 */
export async function writeWhole(
  path: string,
  texts: AsyncIterable<string> | Iterable<string>,
  mode = 0o600,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx', mode).catch((cause: unknown) => {
    throw fileError(path, cause);
  });
  try {
    try {
      for await (const text of texts) await handle.write(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause instanceof MemoryError ? cause : fileError(path, cause);
  }
}
