// Which project a session of another tool belongs to, by the folder that it names.
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { projectOf } from '@episodica/memory-core';

/**
 * Answers for each folder what the programs would answer in it: the git remote, else the root of the repository, else
 * the folder. A folder that is not on this machine, or no longer, is its own project, but for a worktree below its
 * repository, which goes with that.
 */
export function projectFinder(): (folder: string) => string {
  const known = new Map<string, string>();
  return (folder) => {
    const found = known.get(folder) ?? find(folder);
    known.set(folder, found);
    return found;
  };
}

function find(folder: string): string {
  const repository = folder.replace(WORKTREE, '');
  const there = [folder, ...(isThere(join(repository, '.git')) ? [repository] : [])].find(isThere);
  try {
    return there === undefined ? folder : projectOf(there);
  } catch {
    // What may not be read tells nothing: the folder's own name is left.
    return folder;
  }
}

/** Where tools put the worktrees of a repository within it. */
const WORKTREE = /[\\/](?:\.claude[\\/])?\.?worktrees[\\/].*$/u;

function isThere(folder: string): boolean {
  return isAbsolute(folder) && statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}
