// Other versions of node, for what depends on them: from the package registry, where it can be reached.
import { spawnSync } from 'node:child_process';

/** A version of node: the one that runs this, or one that was fetched. */
export interface NodeVersion {
  readonly major: number;
  readonly path: string;
}

const WANTED: readonly number[] = [20, 22, 24];
const MAX_FETCH_MS = 60_000;

/** The versions that we support, as far as they can be had; `missing` says of the others why not. */
export function nodeVersions(): { readonly present: readonly NodeVersion[]; readonly missing: readonly string[] } {
  const own = { major: Number(process.versions.node.split('.')[0]), path: process.execPath };
  const others = WANTED.filter((major) => major !== own.major).map(fetched);
  const present = others.flatMap((other) => (typeof other === 'string' ? [] : [other]));
  return { present: [own, ...present], missing: others.filter((other) => typeof other === 'string') };
}

function fetched(major: number): NodeVersion | string {
  const words = ['--yes', '-p', `node@${major}`, 'node', '-p', 'process.execPath'];
  const { status, stdout, stderr } = spawnSync('npx', words, {
    encoding: 'utf8',
    timeout: MAX_FETCH_MS,
    shell: process.platform === 'win32',
  });
  if (status === 0) return { major, path: stdout.trim() };
  const reason = stderr?.trim().split('\n').at(-1) || 'npx did not answer in time';
  return `Node ${major} could not be fetched and is left out: ${reason}`;
}
