// Putting a full log aside, one process at a time. A lock is a file that is made where there is none; it is held for a
// few renames, and nobody waits for it: who does not get it writes on into the file that is there.
import { closeSync, fstatSync, linkSync, lstatSync, openSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { holdsOther } from './held-log.ts';

/** A lock that is older was left behind by a process that was killed. */
const MAX_LOCK_AGE_MS = 10_000;

export interface Rotation {
  readonly path: string;
  /** Older files, `path.1` the newest. */
  readonly keep: number;
  /** Whether a file of that size is to be put aside: asked again once nobody else can do it. */
  readonly isDue: (sizeBytes: number) => boolean;
}

/** Puts the file aside where that is still due and nobody else is at it. Never throws: answers why it cannot be done. */
export function rotate({ path, keep, isDue }: Rotation): string | undefined {
  try {
    const lock = takenLock(`${path}.lock`);
    if (lock === undefined) return undefined;
    try {
      const stat = lstatSync(path, { throwIfNoEntry: false });
      // A link would be renamed, and not what it leads to.
      if (stat?.isFile() && isDue(stat.size)) shift(path, { keep, mayGoOn: lock.isHeld });
    } finally {
      lock.release();
    }
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
  }
}

/** Up to the first free place, so that what a killed process left half done costs no file. */
function shift(path: string, { keep, mayGoOn }: { readonly keep: number; readonly mayGoOn: () => boolean }): void {
  const place = (index: number): string => (index === 0 ? path : `${path}.${index}`);
  let free = 1;
  while (free < keep && lstatSync(place(free), { throwIfNoEntry: false }) !== undefined) free += 1;
  const other = holdsOther(place(free));
  if (other !== undefined) throw Object.assign(new Error(`${place(free)} ${other}`), { code: 'NO_LOG_IN_PLACE' });
  for (let index = free; index > 0; index -= 1) {
    if (!mayGoOn()) return;
    renameSync(place(index - 1), place(index));
  }
}

interface Lock {
  /** A process that was stopped in between may have lost it. */
  isHeld(): boolean;
  release(): void;
}

function takenLock(path: string): Lock | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') removeAbandoned(path);
    return undefined;
  }
  // Kept open: its number is given to no other file meanwhile.
  const { ino } = fstatSync(fd);
  const isHeld = (): boolean => statSync(path, { throwIfNoEntry: false })?.ino === ino;
  return {
    isHeld,
    release() {
      if (isHeld()) unlinkSync(path);
      closeSync(fd);
    },
  };
}

/** Under another name first: of several who find it, one takes it away. Whose turn it is, the next line finds out. */
function removeAbandoned(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || Math.abs(Date.now() - found.mtimeMs) < MAX_LOCK_AGE_MS) return;
  const aside = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`;
  renameSync(path, aside);
  // Another was faster, and this is the lock of somebody at work.
  if (statSync(aside).ino !== found.ino) linkSync(aside, path);
  unlinkSync(aside);
}
