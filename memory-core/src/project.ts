// Which project a folder belongs to, so that clones and worktrees of one repository share their experience.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * The git remote `origin` without scheme, credentials and `.git`; without one the git root's real path; outside git
 * the folder's own real path. Reads files only: no git program is started.
 */
export function projectOf(folder: string): string {
  const root = gitRoot(folder);
  if (root === undefined) return realpathSync(folder);
  const config = readIfThere(join(commonGitDir(root), 'config'));
  const remote = config === undefined ? undefined : originUrl(config);
  return remote === undefined ? realpathSync(root) : normaliseRemote(remote);
}

/** `git@host:team/repo.git`, `https://token@host/team/repo.git` and `ssh://git@host:22/team/repo` are all `host/team/repo`. */
export function normaliseRemote(url: string): string {
  const scpForm = /^(?:[^@/]+@)?([^:/]+):(?!\/\/)(.+)$/u.exec(url);
  const plain =
    scpForm && !/^[a-z]:[\\/]/iu.test(url)
      ? `${scpForm[1]}/${scpForm[2]}`
      : url.replace(/^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?/iu, '').replace(/^([^/:]+):\d+\//u, '$1/');
  return plain.replace(/\/+$/u, '').replace(/\.git$/u, '');
}

/** Where the project begins: the git root, outside git the folder itself. */
export function projectRoot(folder: string): string {
  return gitRoot(folder) ?? resolve(folder);
}

/** The nearest `memory-cli.toml` from the folder up to the git root; outside git only the folder's own. */
export function projectConfigPath(folder: string): string | undefined {
  const root = projectRoot(folder);
  for (let current = resolve(folder); ; current = dirname(current)) {
    const path = join(current, 'memory-cli.toml');
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
    if (current === root) return undefined;
  }
}

/** Of the repository that a folder lies in: the root of this worktree, and that of the one it was cloned into. */
export function repositoryRoots(folder: string): { readonly worktree: string; readonly main: string } | undefined {
  const worktree = gitRoot(folder);
  if (worktree === undefined) return undefined;
  const common = commonGitDir(worktree);
  return { worktree, main: basename(common) === '.git' ? dirname(common) : worktree };
}

function gitRoot(folder: string): string | undefined {
  let current = resolve(folder);
  for (;;) {
    if (statSync(join(current, '.git'), { throwIfNoEntry: false }) !== undefined) return current;
    const parent = dirname(current);
    if (parent === current) return undefined;
    current = parent;
  }
}

/** Where the configuration lies: a worktree's `.git` is a file that points to its own folder, and that to the common one. */
function commonGitDir(root: string): string {
  const dotGit = join(root, '.git');
  const pointer = /^gitdir: (.+)$/mu.exec(readIfThere(dotGit) ?? '')?.[1];
  if (pointer === undefined) return dotGit;
  const gitDir = resolve(root, pointer.trim());
  const common = readIfThere(join(gitDir, 'commondir'))?.trim();
  return common === undefined ? gitDir : resolve(gitDir, common);
}

function originUrl(config: string): string | undefined {
  const section = /^\[remote "origin"\]\s*$([\s\S]*?)(?=^\[|(?![\s\S]))/mu.exec(config)?.[1];
  return section === undefined ? undefined : /^\s*url\s*=\s*(.+?)\s*$/mu.exec(section)?.[1];
}

/** The text of a file; `undefined` where there is none, or where it is a folder. */
function readIfThere(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? readFileSync(path, 'utf8') : undefined;
}
