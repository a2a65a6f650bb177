// A real store in a folder of its own, on the disk that the operating system gives for such things.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';

export interface ScratchStore {
  readonly store: MemoryStore;
  readonly folder: string;
  /** Deletes the folder. The store is closed before. */
  remove(): void;
}

/** With the durability that users get: an answer means on disk. */
export async function openScratchStore(): Promise<ScratchStore> {
  const folder = makeScratchFolder();
  return {
    store: await openTursoStore({ url: pathToFileURL(join(folder, 'memory.db')).href }),
    folder,
    remove: () => removeFolder(folder),
  };
}

export function makeScratchFolder(): string {
  return mkdtempSync(join(tmpdir(), 'episodica-bench-'));
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
