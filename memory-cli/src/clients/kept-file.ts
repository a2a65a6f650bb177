// A file of the user's that is changed as a whole: what is in place afterwards is all of the new text, or what was there
// before. Its mode and owner stay, and a link goes on leading to it.
import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MemoryError } from '@episodica/memory-core';
import { fileError } from '../commands/file-error.ts';
import { endlessness, textOf } from './json-file.ts';

/** The text as it was read; nothing where there is no file. */
export interface KeptFile {
  /** As it was asked for. */
  readonly path: string;
  readonly text: string | undefined;
}

/** The mark that some editors begin a file with. */
const MARK = '\uFEFF';

/** @throws `INVALID_INPUT` for what cannot be read, is no text, or is a link that leads nowhere */
export async function readKept(path: string): Promise<KeptFile> {
  const bytes = await readBytes(path);
  if (bytes === undefined) {
    const there = await lstat(path).catch(() => undefined);
    if (there === undefined) return { path, text: undefined };
    // Somebody made it in this moment.
    if (!there.isSymbolicLink()) return readKept(path);
    throw new MemoryError('INVALID_INPUT', `${path}: is a link that leads nowhere; make its target, or delete it.`);
  }
  const text = textOf(bytes);
  if (text === undefined) throw new MemoryError('INVALID_INPUT', `${path}: is no text in UTF-8; nothing was changed.`);
  return { path, text: bytes.subarray(0, 3).equals(Buffer.from(MARK)) ? MARK + text : text };
}

/** Without the mark, and what puts it back. */
export function unmarked(text: string): { readonly text: string; readonly mark: string } {
  return text.startsWith(MARK) ? { text: text.slice(1), mark: MARK } : { text, mark: '' };
}

/**
 * Puts `text` in place of what was read; nothing takes the file away.
 * @throws `CONFLICT`, which may be repeated from the reading on, where the file is no longer as it was read
 */
export async function replaceKept(file: KeptFile, text: string | undefined): Promise<void> {
  const path = file.text === undefined ? file.path : await realpath(file.path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw fileError(dirname(path), cause);
  });
  const giveBack = await takeTurn(path);
  try {
    const now = (await readKept(file.path)).text;
    if (now !== file.text) {
      const what = `${file.path}: another program changed it meanwhile`;
      throw new MemoryError('CONFLICT', `${what}; nothing was changed.`, { retryable: true });
    }
    if (text === undefined) await rm(path, { force: true });
    else await putInPlace(path, text);
  } catch (cause) {
    throw cause instanceof MemoryError ? cause : fileError(path, cause);
  } finally {
    await giveBack();
  }
}

/** Of a file that is new; others are kept as they are. */
const NEW_MODE = 0o600;

async function putInPlace(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const before = await stat(path).catch(() => undefined);
    const handle = await open(temporary, 'wx', NEW_MODE);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (before !== undefined) {
      await chmod(temporary, before.mode & 0o7777);
      if (process.getuid?.() === 0) await chown(temporary, before.uid, before.gid);
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause;
  }
}

/** A turn takes milliseconds, on a slow disk a second. */
const LONGEST_WAIT_MS = 5_000;
const BETWEEN_LOOKS_MS = 20;

/**
 * Only one program at a time compares and replaces. Answers what gives the turn back. A turn that was not given back, by
 * a program that was killed, is not taken away from it: two that did so at once would hold it both.
 * @throws `CONFLICT` with what to do
 */
async function takeTurn(path: string): Promise<() => Promise<void>> {
  const turn = join(dirname(path), `.${basename(path)}.episodica.lock`);
  const own = `${process.pid} ${randomBytes(6).toString('hex')}`;
  const startedMs = performance.now();
  for (;;) {
    try {
      await writeFile(turn, own, { flag: 'wx', mode: NEW_MODE });
      return async () => {
        if ((await readTurn(turn)) === own) await rm(turn, { force: true });
      };
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw fileError(path, cause);
    }
    const holder = await heldBy(turn);
    if (holder?.isGone) throw turnHeld(path, turn, `${holder.name} left`);
    const isLate = performance.now() - startedMs > LONGEST_WAIT_MS;
    if (holder !== undefined && isLate) throw turnHeld(path, turn, `${holder.name} still has`);
    await pause(BETWEEN_LOOKS_MS);
  }
}

interface Holder {
  readonly name: string;
  /** It will not give its turn back. */
  readonly isGone: boolean;
}

/** Nothing where the turn was given back meanwhile. */
async function heldBy(turn: string): Promise<Holder | undefined> {
  const there = await lstat(turn).catch(() => undefined);
  if (there === undefined) return undefined;
  const name = 'another program';
  if (!there.isFile()) return { name, isGone: true };
  const text = await readTurn(turn);
  const pid = Number(/^(\d{1,10}) /u.exec(text ?? '')?.[1]);
  if (Number.isNaN(pid)) return { name, isGone: false };
  // Who ended well has given it back before.
  const isGone = !isRunning(pid) && (await readTurn(turn)) === text;
  return { name: `process ${pid}`, isGone };
}

function readTurn(turn: string): Promise<string | undefined> {
  return readFile(turn, 'utf8').catch(() => undefined);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

function turnHeld(path: string, turn: string, held: string): MemoryError {
  const advice = 'If no init is running, delete that and call init again; nothing was changed';
  return new MemoryError('CONFLICT', `${path}: ${held} its lock, ${turn}. ${advice}.`);
}

async function readBytes(path: string): Promise<Buffer | undefined> {
  try {
    const problem = await endlessness(path);
    if (problem !== undefined) throw new MemoryError('INVALID_INPUT', `${path}: ${problem}; nothing was changed.`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof MemoryError) throw cause;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw fileError(path, cause);
  }
}
