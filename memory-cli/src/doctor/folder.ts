// The folder of the data, and the disk that it lies on.
import { accessSync, constants, existsSync } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { keptFigures } from '@episodica/memory-core/metrics';
import { bytesText } from '../commands/amounts.ts';
import { type Found, notChecked, ok, problem, warning } from './finding.ts';
import { shellWord } from './launch.ts';

/** Whether it can be written, and by nobody else read. */
export async function lookAtFolder(folder: string): Promise<readonly Found[]> {
  const held = nearestFolder(folder);
  if (!(await stat(held)).isDirectory()) {
    return [problem(`${held} is no folder, so ${folder} cannot be one`, `Move ${held} away, or set MEMORY_DATA_DIR.`)];
  }
  if (held !== folder) {
    if (canWrite(held)) return [ok(`${folder} is not there yet; it is made when it is first used`)];
    return [problem(`${folder} is not there, and ${held} may not be written`, `mkdir -p ${shellWord(folder)}`)];
  }
  const { mode, uid } = await stat(folder);
  const word = shellWord(folder);
  const own = process.getuid?.();
  const findings: Found[] = [];
  if (!canWrite(folder)) findings.push(problem(`${folder} may not be written by this user`, `chmod u+rwx ${word}`));
  if (own !== undefined && uid !== own) {
    findings.push(warning(`${folder} belongs to another user (${uid})`, `sudo chown -R ${own} ${word}`));
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    findings.push(warning(`${folder} can be read by other users (mode ${octal(mode)})`, `chmod 700 ${word}`));
  }
  return findings.length > 0 ? findings : [ok(`${folder}, for this user alone`)];
}

/** Whether the file of the store is for its user alone and can be written. */
export async function lookAtFileModes(path: string): Promise<readonly Found[]> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) return [];
  if (!canWrite(path)) return [problem(`${path} may not be written by this user`, `chmod u+rw ${shellWord(path)}`)];
  if (process.platform === 'win32' || (file.mode & 0o077) === 0) return [];
  return [warning(`${path} can be read by other users (mode ${octal(file.mode)})`, `chmod 600 ${shellWord(path)}`)];
}

/** Less leaves no room for a log and its checkpoint. */
const LEAST_FREE_BYTES = 500_000_000;

/** A backup and a vacuum need as much room again as the store takes. */
export async function lookAtDisk(folder: string, storeBytes: number): Promise<Found> {
  const { bavail, bsize } = await statfs(nearestFolder(folder));
  const freeBytes = bavail * bsize;
  const text = `${bytesText(freeBytes)} free, the store takes ${bytesText(storeBytes)}`;
  if (freeBytes >= Math.max(LEAST_FREE_BYTES, 2 * storeBytes)) return ok(text);
  return warning(`${text}: too little for a backup and work on it`, 'memory-cli backup prune --keep 3');
}

/** Numbers of Linux (statfs(2)) of file systems whose locks or mapped memory cannot be relied on. */
const FOREIGN: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x517b, 'SMB'],
  [0x01021997, '9P'],
  [0x65735546, 'FUSE'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
]);

export async function lookAtFileSystem(folder: string): Promise<Found> {
  if (process.platform !== 'linux') return notChecked('its kind is told on Linux only');
  const { type } = await statfs(nearestFolder(folder));
  const name = FOREIGN.get(type);
  if (name === undefined) return ok('a local one');
  const text = `${folder} lies on ${name}, where locks and mapped memory between processes may not hold`;
  return warning(text, 'Set MEMORY_DATA_DIR to a folder on a local disk.');
}

/** Whether a file could be written: it, or the nearest folder that is there. Nothing is made. */
export function lookAtOutlet(path: string): Found {
  const held = existsSync(path) ? path : nearestFolder(dirname(path));
  if (canWrite(held)) return ok(existsSync(path) ? path : `${path}, made when it is first used`);
  return problem(`${path} cannot be written: ${held} may not be`, `chmod u+rwx ${shellWord(held)}`);
}

/** Whether figures can be kept there, and all of those that are can be read. */
export function lookAtFigures(path: string): readonly Found[] {
  const { skipped: all } = keptFigures(path, { nowMs: Date.now() });
  const skipped = all.filter(({ why }) => why !== 'foreign');
  const outlet = lookAtOutlet(path);
  if (skipped.length === 0) return [outlet];
  const [first] = skipped;
  const text = `${skipped.length} files in ${path} are left out, such as ${first?.name} (${first?.why})`;
  return [...(outlet.status === 'ok' ? [] : [outlet]), warning(text, 'memory-cli monitor metrics')];
}

function nearestFolder(folder: string): string {
  let held = folder;
  while (!existsSync(held) && dirname(held) !== held) held = dirname(held);
  return held;
}

function canWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const octal = (mode: number): string => (mode & 0o777).toString(8);
