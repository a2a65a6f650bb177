// A file of settings: TOML, with the line of each entry, for messages.
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { MemoryError } from '../errors.ts';
import type { SettingsFile } from './resolve.ts';

/** Some ten times what all settings take, each with a comment: a project's file comes from anybody. */
const MAX_FILE_BYTES = 65_536;

/** @throws `INVALID_INPUT` in one line that says what is wrong with which file, and where in it */
export async function readSettingsFile(path: string): Promise<SettingsFile> {
  const text = await textOf(path);
  const { parse, TomlError } = await import('smol-toml');
  try {
    return { path, entries: parse(text), lines: linesOf(text) };
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // What follows shows the line itself, in which there may be a secret.
    const [first = ''] = cause.message.split('\n');
    const reason = first.replace(/^Invalid TOML document: /u, '');
    const place = `${path}:${cause.line}:${cause.column}`;
    throw new MemoryError('INVALID_INPUT', `${place}: is no TOML: ${reason}.${quotesHint(text, cause.line)}`);
  }
}

/** What most people forget. The text is not repeated: it may be a secret. */
function quotesHint(text: string, line: number): string {
  const written = text.split('\n')[line - 1] ?? '';
  const name = /^\s*([A-Za-z0-9_-]+)\s*=\s*(?!true\b|false\b)[^\s"'[{0-9#+-]/u.exec(written)?.[1];
  return name === undefined ? '' : ` A text stands in quotes: ${name} = "…"`;
}

async function textOf(path: string): Promise<string> {
  const refused = (reason: string): MemoryError =>
    new MemoryError('INVALID_INPUT', `The settings file ${path} ${reason}.`);
  // A pipe would be waited for.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
    throw refused(REASONS[code] ?? `cannot be read (${code})`);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refused(stat.isDirectory() ? 'is a folder' : 'is no regular file');
    if (stat.size > MAX_FILE_BYTES) throw refused(`has ${stat.size} bytes, and may have ${MAX_FILE_BYTES}`);
    const bytes = await file.readFile();
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      throw refused('holds no text in UTF-8');
    }
  } finally {
    await file.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there: a part of its path is no folder',
  EISDIR: 'is a folder',
  ELOOP: 'is a link that leads round in a circle',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
};

/** Where each entry of the top of the file begins: what stands in a table is no setting. */
function linesOf(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    const name = /^\s*(?:([A-Za-z0-9_-]+)|"([^"]*)"|'([^']*)')\s*=/u
      .exec(line)
      ?.slice(1)
      .find((each) => each);
    const table = /^\s*\[+\s*"?([A-Za-z0-9_-]+)/u.exec(line)?.[1];
    const entry = name ?? table;
    if (entry !== undefined && !lines.has(entry)) lines.set(entry, index + 1);
  }
  return lines;
}
