// JSON that people and other programs keep by hand: with comments where its owner allows them, and what is wrong with it
// told by line and column.
import { readFile, stat } from 'node:fs/promises';
import { createScanner, type ParseError, parse, printParseErrorCode } from 'jsonc-parser';

/** Larger is no configuration. */
const MAX_FILE_BYTES = 64 * 1_048_576;

/** How a file is written: OpenCode's may hold comments and commas at the end, Claude Code's may not. */
export type JsonKind = 'json' | 'jsonc';

export type JsonText =
  | { readonly status: 'read'; readonly value: unknown }
  | { readonly status: 'unreadable'; readonly problem: string };

/** What is nested deeper is no configuration, and more than a program can follow. */
const MAX_DEPTH = 500;

/** Reads a file, if it is there. */
export async function readJson(path: string, kind: JsonKind): Promise<JsonText | { readonly status: 'absent' }> {
  let bytes: Buffer;
  try {
    const problem = await endlessness(path);
    if (problem !== undefined) return { status: 'unreadable', problem };
    bytes = await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'UNKNOWN';
    if (code === 'ENOENT' || code === 'ENOTDIR') return { status: 'absent' };
    return { status: 'unreadable', problem: `cannot be read (${code})` };
  }
  const text = textOf(bytes);
  return text === undefined ? { status: 'unreadable', problem: 'is no text in UTF-8' } : jsonOf(text, kind);
}

/** Why what lies there is not to be read: reading a pipe or a device may never end. @throws what the system says */
export async function endlessness(path: string): Promise<string | undefined> {
  const there = await stat(path);
  if (!there.isFile() && !there.isDirectory()) return 'is no file';
  return there.size > MAX_FILE_BYTES ? `is larger than ${MAX_FILE_BYTES / 1_048_576} MB` : undefined;
}

/** The text of a file without the mark that some editors begin it with; nothing where it is none. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** What a text says; an empty one says nothing. */
export function jsonOf(text: string, kind: JsonKind): JsonText {
  if (text.trim() === '') return { status: 'read', value: undefined };
  if (isTooDeep(text)) return { status: 'unreadable', problem: `is nested deeper than ${MAX_DEPTH}` };
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, {
    disallowComments: kind === 'json',
    allowTrailingComma: kind === 'jsonc',
  });
  const [first] = errors;
  if (first === undefined) return { status: 'read', value };
  const before = text.slice(0, first.offset).split(/\r\n|\r|\n/u);
  const where = `line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
  return { status: 'unreadable', problem: `is not JSON at ${where} (${printParseErrorCode(first.error)})` };
}

/** By its brackets alone, as a parser would have to follow them. */
function isTooDeep(text: string): boolean {
  const scanner = createScanner(text, true);
  let depth = 0;
  for (;;) {
    scanner.scan();
    const first = text[scanner.getTokenOffset()];
    if (first === undefined) return false;
    if (first === '{' || first === '[') depth += 1;
    if (first === '}' || first === ']') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
}
