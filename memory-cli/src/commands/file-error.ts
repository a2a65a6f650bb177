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
};

/** @returns `INVALID_INPUT` that names the file and the reason, with the cause kept */
export function fileError(path: string, cause: unknown): MemoryError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
  return new MemoryError('INVALID_INPUT', `${path}: ${REASONS[code] ?? `cannot be used (${code})`}.`, { cause });
}
