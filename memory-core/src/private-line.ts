// A secret in a file: one line that nobody but its owner may read.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MemoryError } from './errors.ts';

const MAX_FILE_BYTES = 4_096;
/** Bits of a file's mode that let others than its owner at it. */
const OTHERS = 0o077;

/** What messages call a secret, such as `key`, and how one is made. They never repeat it. */
export interface SecretKind {
  readonly what: string;
  readonly advice?: string;
}

/**
 * The line, without white space around it.
 * @throws `INVALID_INPUT` for any other file
 */
export async function readPrivateLine(path: string, { what, advice }: SecretKind): Promise<string> {
  const refused = (reason: string): MemoryError =>
    new MemoryError('INVALID_INPUT', `The ${what} file ${path} ${reason}.`);
  // A pipe would be waited for.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause: unknown) => {
    throw refused(`cannot be read${cause instanceof Error && 'code' in cause ? ` (${cause.code})` : ''}`);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refused('is no regular file');
    // Windows has other means than these bits.
    if (process.platform !== 'win32' && (stat.mode & OTHERS) !== 0) {
      throw refused(`may be read by others: chmod 600 ${path}`);
    }
    if (stat.size > MAX_FILE_BYTES) throw refused(`has ${stat.size} bytes, and a ${what} is one line`);
    const line = textOf(await file.readFile())?.trim();
    if (line === undefined) {
      throw refused(`holds no text in UTF-8, and a ${what} is text${advice === undefined ? '' : `. ${advice}`}`);
    }
    if (/[\r\n]/u.test(line)) throw refused(`holds more than one line, and a ${what} is one`);
    return line;
  } finally {
    await file.close();
  }
}

/** Nothing for other bytes: read with signs in their place, many files would hold the same text. */
function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
