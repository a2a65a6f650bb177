// A log file that several processes write at the same time. Our own, as what there is for pino rotates on the word of
// one process: others would go on writing into a file that was put aside, or put aside one that has just begun.
import { closeSync, constants, fstatSync, mkdirSync, openSync, type Stats, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { isMemoryError, MemoryError } from '../errors.ts';
import { makePrivateFolder } from '../folder.ts';
import { AMOUNT, checkOptions, needed, type OptionRules, TEXT } from '../options.ts';
import { holdsOther } from './held-log.ts';
import { jsonLogger, type LogBase } from './json-logger.ts';
import { rotate } from './rotate.ts';

/** How much is kept: five files beside the one that is written, of 5 MB each. */
export const LOG_LIMITS: {
  readonly maxBytes: number;
  readonly keep: number;
  /** A longer line is dropped. */
  readonly lineBytes: number;
} = Object.freeze({ maxBytes: 5_000_000, keep: 5, lineBytes: 65_536 });

/** Where lines go. */
export interface LogFileOptions {
  readonly path: string;
  /** What the line says that tells of lost ones. */
  readonly base: LogBase;
  /** A line that would make the file longer begins a new one. */
  readonly maxBytes?: number;
  /** Older files, `path.1` the newest. */
  readonly keep?: number;
}

/** What could not be written. */
export interface LogLosses {
  /** Lines, so far. */
  readonly dropped: number;
  /** Why the newest was; absent once the file is written again. */
  readonly reason?: string;
}

/** An open log file. */
export interface LogFile {
  /**
   * Appends a line, which ends with its line end, whole or not at all. Never throws and never waits: what cannot be
   * written is dropped and counted, and the count is the first line once it can.
   */
  write(line: string): void;
  losses(): LogLosses;
  close(): void;
}

const OPTIONS: OptionRules<LogFileOptions> = {
  path: needed(TEXT),
  base: needed({ kind: 'an object', holds: (value) => typeof value === 'object' && value !== null }),
  maxBytes: AMOUNT,
  keep: AMOUNT,
};

/**
 * Opens the file, and makes it with its folder where they are missing, for its user's eyes only.
 * @throws what the file system says, as Node gives it; `INVALID_INPUT` for options that cannot be meant, and for what is there and no log
 */
export function openLogFile(options: LogFileOptions): LogFile {
  checkOptions('openLogFile', options, OPTIONS);
  makePrivateFolder(dirname(options.path));
  const other = holdsOther(options.path);
  if (other !== undefined) throw new MemoryError('INVALID_INPUT', other);
  return new RotatingFile(options);
}

/** What is told of a file that MEMORY_LOG_FILE names and `openLogFile` threw at. */
export function logFileRefusal(path: string, cause: unknown): MemoryError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
  const reason = isMemoryError(cause) ? cause.message : `cannot be written (${code})`;
  return new MemoryError('INVALID_INPUT', `MEMORY_LOG_FILE: ${path} ${reason}; choose another, or stderr.`, { cause });
}

interface Held {
  readonly fd: number;
  readonly stat: Stats;
}

class RotatingFile implements LogFile {
  readonly #options: Required<LogFileOptions>;
  #held: Held | undefined;
  /** Half a line stands at the end of the file. */
  #isTorn = false;
  #dropped = 0;
  /** Of those, how many the file does not tell of yet, and why the newest was. */
  #untold = 0;
  #reason = '';

  constructor(options: LogFileOptions) {
    this.#options = { maxBytes: LOG_LIMITS.maxBytes, keep: LOG_LIMITS.keep, ...options };
    this.#held = opened(options.path);
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (bytes.length > LOG_LIMITS.lineBytes) {
      this.#drop('TOO_LONG');
      return;
    }
    try {
      if (this.#untold > 0) {
        this.#append(Buffer.from(this.#lossLine()));
        this.#untold = 0;
      }
      this.#append(bytes);
    } catch (error) {
      this.#drop(error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN');
    }
  }

  losses(): LogLosses {
    return { dropped: this.#dropped, ...(this.#untold === 0 ? {} : { reason: this.#reason }) };
  }

  close(): void {
    if (this.#held !== undefined) closeSync(this.#held.fd);
    this.#held = undefined;
  }

  #append(line: Buffer): void {
    const fd = this.#fileFor(line.length);
    const bytes = this.#isTorn ? Buffer.concat([LINE_END, line]) : line;
    // Opened for appending: what others write at the same time stands before it or behind it.
    const written = writeSync(fd, bytes);
    if (written === bytes.length) {
      this.#isTorn = false;
      return;
    }
    this.#isTorn ||= written > 0;
    throw Object.assign(new Error('Only a part of the line was written.'), { code: 'ENOSPC' });
  }

  /** Looked at before each line: whoever rotates is another process mostly, and an idle one must not write into an old file. */
  #fileFor(lineBytes: number): number {
    const { path, maxBytes, keep } = this.#options;
    let stat = statSync(path, { throwIfNoEntry: false });
    // What is no file of its own, such as a device, is not ours to rename.
    if (stat?.isFile() && stat.size > 0 && stat.size + lineBytes > maxBytes) {
      const failure = rotate({ path, keep, isDue: (sizeBytes) => sizeBytes > 0 && sizeBytes + lineBytes > maxBytes });
      stat = statSync(path, { throwIfNoEntry: false });
      if (failure !== undefined && (stat?.size ?? 0) > MOST_FULL * maxBytes) {
        throw Object.assign(new Error('The log is full and cannot be put aside.'), { code: failure });
      }
    }
    if (this.#held !== undefined && stat !== undefined && isSame(this.#held.stat, stat)) return this.#held.fd;
    this.close();
    this.#held = openedAgain(path);
    return this.#held.fd;
  }

  #drop(reason: string): void {
    this.#dropped += 1;
    this.#untold += 1;
    this.#reason = reason;
  }

  #lossLine(): string {
    let line = '';
    const write = (text: string): void => {
      line = text;
    };
    const { warn } = jsonLogger({ threshold: 'warn', base: this.#options.base, write });
    warn({ dropped: this.#untold, reason: this.#reason }, 'lines of the log could not be written and are lost');
    return line;
  }
}

/** A file that cannot be put aside grows up to so many times what is due. */
const MOST_FULL = 2;

const LINE_END = Buffer.from('\n');

/** A pipe that nobody reads would be waited for. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

function opened(path: string): Held {
  const fd = openSync(path, FLAGS, 0o600);
  return { fd, stat: fstatSync(fd) };
}

/** The folder may be gone; where also the one above it is, its user has deleted all, and it does not come back. */
function openedAgain(path: string): Held {
  try {
    return opened(path);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { mode: 0o700 });
    return opened(path);
  }
}

function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}
