// The folders in which a client looks for what belongs to a project.
import { dirname, resolve } from 'node:path';

/** The folder itself and those above it, up to `end` if it is among them. */
export function foldersAbove(folder: string, end?: string): readonly string[] {
  const folders = [resolve(folder)];
  for (;;) {
    const last = folders.at(-1) ?? folder;
    if (last === end || dirname(last) === last) return folders;
    folders.push(dirname(last));
  }
}
