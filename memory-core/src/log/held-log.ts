// Whether what has the name of a log is one: what is not must neither be written into nor renamed nor written over.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { BEGINNING } from './record.ts';

/** Enough for the beginning of a line, and for any that is no record of ours and JSON all the same. */
const LOOKED_AT_BYTES = 65_536;

/** What there is in place of a log, in words; nothing where there is a log, or nothing yet. @throws as Node does */
export function holdsOther(path: string): string | undefined {
  let fd: number;
  try {
    // A pipe would be waited for.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) return 'is a folder';
    if (!stat.isFile()) return 'is no regular file';
    const bytes = Buffer.alloc(Math.min(stat.size, LOOKED_AT_BYTES));
    const [line = ''] = bytes.toString('utf8', 0, readSync(fd, bytes)).split('\n');
    return isOfLog(line) ? undefined : 'holds something else than a log';
  } finally {
    closeSync(fd);
  }
}

/** A record, one that was torn, or a line of another program that logs in JSON. */
function isOfLog(line: string): boolean {
  if (line.trim() === '' || line.startsWith(BEGINNING)) return true;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
