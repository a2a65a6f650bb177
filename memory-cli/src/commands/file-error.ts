// What the operating system says about a user's file, in our words.
import { MemoryError } from '@episodica/memory-core';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of the path is no folder',
  EISDIR: 'is a folder, not a file',
  EACCES: 'this user may not open it',
  EPERM: 'this user may not open it',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EIO: 'the disk gave an error',
};

/** What naming another file does not mend as such. */
const OF_THE_DISK = new Set(['EROFS', 'ENOSPC', 'EDQUOT', 'EIO']);

/** @returns `INVALID_INPUT`, or `STORE_FAILED` for the disk's fault, that names the file and the reason */
export function fileError(path: string, cause: unknown): MemoryError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
  const kind = OF_THE_DISK.has(code) ? 'STORE_FAILED' : 'INVALID_INPUT';
  return new MemoryError(kind, `${path}: ${REASONS[code] ?? `cannot be used (${code})`}.`, { cause });
}
