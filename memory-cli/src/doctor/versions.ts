// Which programs are at work: node here, and the one that a client would start.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Here } from '../open.ts';
import { VERSION } from '../version.ts';
import { type Found, notChecked, ok, problem, reasonOf } from './finding.ts';
import { isNode, type Launch, programAt } from './launch.ts';

/** The oldest on which everything works, as package.json says. */
const OLDEST = [20, 19] as const;

export function ownVersions(): Found {
  const { node } = process.versions;
  const text = `memory-cli ${VERSION} on node ${node}, ${process.execPath}`;
  return isOldEnough(node) ? ok(text) : tooOld(text);
}

/** The node that would run the server, asked for its version. */
export async function nodeOf(launch: Launch, { environment }: Here, signal: AbortSignal): Promise<Found> {
  const path = launch.env.PATH ?? environment.PATH;
  const program = programAt(isNode(launch.command) ? launch.command : ['node'], { folder: launch.folder, path });
  if (program === undefined) return notChecked('there is no node in its PATH: the program may need none');
  try {
    const env = { ...environment, ...launch.env };
    const { stdout } = await promisify(execFile)(program, ['--version'], { env, signal, cwd: launch.folder });
    const version = stdout.trim().replace(/^v/u, '');
    const text = `node ${version}, ${program}`;
    return isOldEnough(version) ? ok(text) : tooOld(text);
  } catch (error) {
    return problem(`${program} cannot tell its version: ${reasonOf(error)}`, 'Name a node that works in the entry.');
  }
}

function isOldEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function tooOld(text: string): Found {
  return problem(`${text} is too old`, `Install node ${OLDEST.join('.')} or newer, and name it in the entry.`);
}
