// What is written to a log from a moment on, also across rotations.
import { stat } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { linesForward } from './file-lines.ts';
import { LOG_LIMITS } from './log-file.ts';
import { type OpenedFile, openFiles } from './read.ts';
import { contentOf, type LogRecord } from './record.ts';

/** A place in a log. */
export interface LogPosition {
  /** Which file, under any name; nothing where there was no log. */
  readonly file: string | undefined;
  readonly offset: number;
  /** Files that are behind it: where the file itself is deleted, these are not what was written later. */
  readonly older: readonly string[];
}

export interface FollowOptions {
  readonly from: LogPosition;
  readonly signal: AbortSignal;
  /** Called for each line that is torn or of somebody else. */
  readonly onDamaged?: () => void;
  /** How often it is looked for more: no file system tells of it on every platform. @default 250 */
  readonly pollMs?: number;
  readonly keep?: number;
}

/** Each record once, as it is written, until `signal` aborts; then it ends without an error. */
export async function* followLog(path: string, options: FollowOptions): AsyncGenerator<LogRecord> {
  const { from, signal, onDamaged, pollMs = 250, keep = LOG_LIMITS.keep } = options;
  let position = from;
  while (!signal.aborted) {
    if (await hasMore(path, position)) {
      const { files } = await openFiles(path, { keep, until: position.file });
      const isThere = files.some(({ id }) => id === position.file);
      const since = files.filter(({ id }) => isThere || !position.older.includes(id)).reverse();
      try {
        for await (const { line, reached } of newLines(since, position)) {
          position = reached;
          if (line === undefined) continue;
          const { record, isDamaged } = contentOf(line);
          if (isDamaged) onDamaged?.();
          if (record !== undefined) yield record;
          if (signal.aborted) return;
        }
      } finally {
        await Promise.all(files.map(({ handle }) => handle.close()));
      }
    }
    await after(pollMs, undefined, { signal }).catch(() => undefined);
  }
}

async function hasMore(path: string, { file, offset }: LogPosition): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && (`${found.dev}:${found.ino}` !== file || found.size !== offset);
}

interface NewLine {
  /** Nothing where only the place is another. */
  readonly line: string | undefined;
  readonly reached: LogPosition;
}

/**
 * Whole lines behind the position, the oldest file first. The file that was followed is left when it has been looked
 * through once without finding more: somebody may have opened it just before it was put aside.
 */
async function* newLines(files: readonly OpenedFile[], position: LogPosition): AsyncGenerator<NewLine> {
  const { file, offset } = position;
  let before: LogPosition = position;
  for (const [index, { id, handle, sizeBytes }] of files.entries()) {
    const at = placeBehind(before, id);
    before = at(0);
    const isKnown = id === file;
    // Somebody emptied it.
    const from = isKnown && offset <= sizeBytes ? offset : 0;
    let reached = from;
    for await (const { text, end, isWhole } of linesForward(handle, { from, to: sizeBytes })) {
      if (!isWhole) break;
      reached = end;
      const line = text === '' ? undefined : (text ?? UNREADABLE);
      yield { line, reached: at(end) };
    }
    const isNewest = index === files.length - 1;
    if (isKnown && !isNewest && reached > from) return;
    yield { line: undefined, reached: at(reached) };
  }
}

/** Places in the file that comes after, or is, the one of `before`. */
function placeBehind({ file, older }: LogPosition, id: string): (offset: number) => LogPosition {
  const behind = file === undefined || file === id ? older : [file, ...older].slice(0, LOG_LIMITS.keep + 1);
  return (offset) => ({ file: id, offset, older: behind });
}

/** In place of a line that is longer than there are any. */
const UNREADABLE = 'too long';
