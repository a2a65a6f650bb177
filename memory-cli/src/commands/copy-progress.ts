// How far the copy of a store has come, on a terminal.
import type { CopyProgress } from '@episodica/memory-storage-turso';
import { progressLine } from '../progress.ts';
import { bytesText } from './amounts.ts';

/** Copies, and shows how far it has come where somebody watches: to look costs as well. */
export async function withCopyProgress<T>(
  title: string,
  copy: (onProgress?: (progress: CopyProgress) => void) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return copy();
  const line = progressLine(title);
  try {
    return await copy(({ writtenBytes, totalBytes }) =>
      line.show(() => ({
        text: `${bytesText(writtenBytes)} of about ${bytesText(totalBytes)}`,
        share: writtenBytes / Math.max(1, totalBytes),
      })),
    );
  } finally {
    line.clear();
  }
}
