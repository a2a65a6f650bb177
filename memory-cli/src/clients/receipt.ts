// What was done to a file, kept beside the memory, so that it can be undone to the byte. Without it, or where the file
// went on, what is ours is taken out by what it is.
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateFolder } from '@episodica/memory-core';
import { writeWhole } from '../commands/whole-file.ts';

/** Of one change of one file. */
export interface Receipt {
  /** Of the text that the change left. */
  readonly sha256: string;
  /** Whether there was such a file before. */
  readonly wasThere: boolean;
  /** How many of the keys that lead to an entry were there before. */
  readonly keysBefore: number;
  /** The entry that was the user's own before; absent where there was none. */
  readonly own?: unknown;
  /** What makes the text of before out of that of after. */
  readonly undo: { readonly start: number; readonly length: number; readonly text: string };
}

/** The receipt of a change that made `after` of `before`. */
export function receiptOf(
  after: string,
  {
    before,
    keysBefore = 0,
    own,
  }: { readonly before: string | undefined; readonly keysBefore?: number; readonly own?: unknown },
): Receipt {
  const old = before ?? '';
  const shorter = Math.min(old.length, after.length);
  let start = 0;
  while (start < shorter && old[start] === after[start]) start += 1;
  let same = 0;
  while (same < shorter - start && old[old.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  const undo = { start, length: after.length - same - start, text: old.slice(start, old.length - same) };
  return { sha256: hashOf(after), wasThere: before !== undefined, keysBefore, own, undo };
}

/** The text of before, where `text` is what the change left; an object, as there may have been no file. */
export function undone(
  text: string,
  receipt: Receipt | undefined,
): { readonly before: string | undefined } | undefined {
  if (receipt?.sha256 !== hashOf(text)) return undefined;
  const { start, length, text: old } = receipt.undo;
  return { before: receipt.wasThere ? text.slice(0, start) + old + text.slice(start + length) : undefined };
}

/** Receipts in a folder of data, by the file and what was changed in it. */
export interface Receipts {
  read(subject: readonly string[]): Promise<Receipt | undefined>;
  write(subject: readonly string[], receipt: Receipt): Promise<void>;
  remove(subject: readonly string[]): Promise<void>;
}

export function receiptsIn(dataDir: string): Receipts {
  const folder = join(dataDir, 'clients');
  const pathOf = (subject: readonly string[]) => join(folder, `${hashOf(JSON.stringify(subject)).slice(0, 32)}.json`);
  return {
    async read(subject) {
      const text = await readFile(pathOf(subject), 'utf8').catch(() => undefined);
      return text === undefined ? undefined : parsed(text);
    },
    async write(subject, receipt) {
      makePrivateFolder(folder);
      await writeWhole(pathOf(subject), [`${JSON.stringify({ subject, ...receipt })}\n`]);
    },
    remove: (subject) => rm(pathOf(subject), { force: true }),
  };
}

/** One that cannot be read is none: what it would have made exact is done by what there is. */
function parsed(text: string): Receipt | undefined {
  try {
    const { sha256, wasThere, keysBefore, own, undo } = JSON.parse(text);
    const isWhole = [sha256, undo.text].every((each) => typeof each === 'string') && typeof wasThere === 'boolean';
    const areNumbers = [keysBefore, undo.start, undo.length].every((each) => Number.isSafeInteger(each));
    return isWhole && areNumbers ? { sha256, wasThere, keysBefore, own, undo } : undefined;
  } catch {
    return undefined;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
