// Making a folder for one user's data.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes the folder and those above it that are missing, for the user's eyes only. One level at a time: where a file
 * system refuses folders in its own way, as /proc does, Node's recursive form never returns.
 * @throws what the file system says, as Node gives it
 */
export function makePrivateFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (error) {
      // Another process made it in the meantime.
      if (!existsSync(folder)) throw error;
    }
  }
}
