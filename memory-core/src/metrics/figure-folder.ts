// The folder of kept figures: names of its files, and the few ways in which they are read, written and given up. A file
// is there as a whole or not at all, whenever the process that writes it ends.
import { randomUUID } from 'node:crypto';
import * as nodeFs from 'node:fs';
import { join } from 'node:path';
import { isPeriod, type Period } from './period.ts';

/** What is used of the file system; tests end it at any of its steps. */
export type Disk = Pick<
  typeof nodeFs,
  'readdirSync' | 'openSync' | 'readFileSync' | 'writeFileSync' | 'renameSync' | 'linkSync' | 'unlinkSync'
>;

/** Figures of one program and period: what a process told at once (`part`), or several as one (`folded`). Never changed. */
export interface FigureFile {
  readonly kind: 'part' | 'folded';
  readonly name: string;
  readonly program: string;
  readonly period: Period;
  /** Of a folded file, the number of the list that it was made for; 0 of a part. */
  readonly generation: number;
}

/** The names in the folder, told apart. */
export interface FigureNames {
  readonly files: readonly FigureFile[];
  /** Numbers of the lists that are there, the newest first. */
  readonly generations: readonly number[];
  /** What processes are doing now. */
  readonly lives: readonly string[];
  /** What is being written, or was when its process ended. */
  readonly unfinished: readonly { readonly name: string; readonly begunMs: number }[];
  readonly foreign: readonly string[];
}

/** What a file holds. */
export interface FileText {
  readonly text: string;
}

/** The folder, opened by nobody: each call stands for itself. */
export interface FigureFolder {
  /** What is there; nothing where there is no folder. */
  names(): FigureNames;
  /** `gone` where there is no such file, `unreadable` where it is another user's, or none. */
  read(name: string): FileText | 'gone' | 'unreadable';
  /** Takes the place of what has the name. `isLasting`: it is on the disk then, as what it holds is given up elsewhere. */
  write(name: string, text: string, options?: { readonly isLasting?: boolean }): void;
  /** Answers whether it is there now by this call: of several, one is told so, and what is there stays. */
  claim(name: string, text: string): boolean;
  /** Nothing happens where it is gone already. */
  remove(name: string): void;
}

/** The figures in this folder. Throws what the file system says, as Node gives it. */
export function figureFolder(path: string, disk: Disk = nodeFs): FigureFolder {
  const placed = (name: string): string => join(path, name);
  const remove = (name: string): void => void ifThere(() => disk.unlinkSync(placed(name)));

  /** Writes the text under a name of its own, and lets `place` give it the one that counts. */
  function finished(text: string, isLasting: boolean, place: (unfinished: string) => void): void {
    const name = `unfinished_${Date.now()}_${randomUUID()}.json`;
    try {
      disk.writeFileSync(placed(name), text, { mode: 0o600, flag: 'wx', flush: isLasting });
      place(placed(name));
    } finally {
      remove(name);
    }
  }

  return {
    names: () => namesIn(ifThere(() => disk.readdirSync(path)) ?? []),
    read: (name) => textIn(placed(name), disk),
    remove,
    write(name, text, { isLasting = false } = {}) {
      makeFolder(path);
      finished(text, isLasting, (unfinished) => disk.renameSync(unfinished, placed(name)));
    },
    claim(name, text) {
      let isOurs = true;
      finished(text, true, (unfinished) => {
        try {
          disk.linkSync(unfinished, placed(name));
        } catch (error) {
          if (codeOf(error) !== 'EEXIST') throw error;
          isOurs = false;
        }
      });
      return isOurs;
    },
  };
}

/** One level: where the folder of the data is gone, its user has deleted all, and it does not come back for figures. */
function makeFolder(path: string): void {
  try {
    nodeFs.mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** What the file system says of a file that others have to do something about. */
const UNREADABLE = new Set(['EACCES', 'EPERM', 'EISDIR', 'EIO', 'ELOOP', 'ENXIO', 'ENODEV']);

function textIn(path: string, disk: Disk): FileText | 'gone' | 'unreadable' {
  let fd: number | undefined;
  try {
    // A pipe would be waited for.
    fd = disk.openSync(path, nodeFs.constants.O_RDONLY | (nodeFs.constants.O_NONBLOCK ?? 0));
    return nodeFs.fstatSync(fd).isFile() ? { text: disk.readFileSync(fd, 'utf8') } : 'unreadable';
  } catch (error) {
    const code = codeOf(error) ?? '';
    if (code === 'ENOENT') return 'gone';
    if (UNREADABLE.has(code)) return 'unreadable';
    throw error;
  } finally {
    if (fd !== undefined) nodeFs.closeSync(fd);
  }
}

/** A name for a part, which no other has. */
export function partName(program: string, period: Period): string {
  return `part_${program}_${period}_${randomUUID()}.json`;
}

/** A name for a folded file, which no other has. */
export function foldedName(generation: number, program: string, period: Period): string {
  return `folded-${generation}_${program}_${period}_${randomUUID()}.json`;
}

/** The name of the list that says what counts. */
export function listName(generation: number): string {
  return `list-${generation}.json`;
}

/** A name for what a process is doing. */
export function lifeName(program: string): string {
  return `now_${program}_${randomUUID()}.json`;
}

const FIGURES = /^(?:part|folded-(\d{1,15}))_([a-z][a-z0-9-]{0,63})_([0-9T-]+|before)_[0-9a-f-]{36}\.json$/u;
const LIST = /^list-(\d{1,15})\.json$/u;
const LIFE = /^now_[a-z][a-z0-9-]{0,63}_[0-9a-f-]{36}\.json$/u;
const UNFINISHED = /^unfinished_(\d{1,15})_[0-9a-f-]{36}\.json$/u;

function namesIn(names: readonly string[]): FigureNames {
  const files: FigureFile[] = [];
  const generations: number[] = [];
  const lives: string[] = [];
  const unfinished: { readonly name: string; readonly begunMs: number }[] = [];
  const foreign: string[] = [];
  for (const name of names) {
    const [, generation, program, period] = FIGURES.exec(name) ?? [];
    const list = LIST.exec(name)?.[1];
    const begun = UNFINISHED.exec(name)?.[1];
    if (program !== undefined && period !== undefined && isPeriod(period)) {
      const kind = generation === undefined ? 'part' : 'folded';
      files.push({ kind, name, program, period, generation: Number(generation ?? 0) });
    } else if (list !== undefined) generations.push(Number(list));
    else if (begun !== undefined) unfinished.push({ name, begunMs: Number(begun) });
    else if (LIFE.test(name)) lives.push(name);
    else foreign.push(name);
  }
  return { files, generations: generations.sort((a, b) => b - a), lives, unfinished, foreign };
}

function ifThere<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** What the file system calls it. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
