// A syntax error in words that help: what the engine says, what our own parser knows better, and what the program looks
// like it was meant to be.
import { linesOf, type Place, placeAt } from './place.ts';
import { looksLikeTypeScript } from './source.ts';
import { bracketProblem, isObjectExpression, type Parsed } from './syntax-tree.ts';

/** An object at the end of a program is looked for in so many lines. */
const END_LINES = 50;
/** Longer lines are not looked at. */
const LINE_CHARS = 200;

/** A program that cannot be read, and where. */
export interface Unreadable {
  readonly code: string;
  readonly message: string;
  readonly place: Place | undefined;
  readonly parsed: Parsed;
  readonly isTypeScript: boolean;
}

/** The message and, where one is known, what to do instead. */
export function syntaxHelp(problem: Unreadable): { readonly message: string; readonly hint?: string } {
  const { code } = problem;
  const meant = otherLanguage(code);
  if (meant !== undefined) return { message: problem.message, hint: meant };
  const atPlace = unsupported(problem) ?? awaitOutside(problem);
  if (atPlace !== undefined) return { message: problem.message, hint: atPlace };
  const bracket = bracketHelp(problem);
  if (bracket !== undefined) return bracket;
  const message = betterMessage(problem);
  const object = objectAtEnd(code);
  if (object !== undefined) return { message, hint: object };
  if (!problem.isTypeScript && looksLikeTypeScript(code)) {
    return { message, hint: 'If this is TypeScript, run it with language "typescript" or without a language.' };
  }
  if (/[\u2018\u2019\u201c\u201d]/.test(lineAt(code, problem.place))) {
    return { message, hint: 'The line has typographic quotes: write \' or ".' };
  }
  return { message };
}

/** What a text looks like that is no program of ours: a hint, or undefined. */
export function otherLanguage(code: string): string | undefined {
  const lines = linesOf(code).filter((line) => line.length <= LINE_CHARS);
  const first = lines.find((line) => line.trim() !== '') ?? '';
  if (isFence(code)) return 'Leave out the markdown fence (the lines with ```): send the program alone.';
  if (lines.some((line) => PYTHON.test(line)))
    return 'This looks like Python; the sandbox runs JavaScript and TypeScript.';
  if (SHELL.test(first))
    return 'This looks like a shell command; the sandbox runs JavaScript and TypeScript, no commands.';
  if (SQL.test(first))
    return 'This looks like SQL; the sandbox runs JavaScript and TypeScript: filter, or use memory.aggregate to count and group.';
  if (/^\s*[[{]\s*"[^"]*"\s*[:,]/.test(code)) return 'This looks like JSON that is not whole; hand data in as input.';
  return undefined;
}

/** Whether a program is still in the fence of a markdown text. */
export function isFence(code: string): boolean {
  return /^\s*```[\w-]*[ \t]*(?:\r?\n|$)/.test(code);
}

const PYTHON =
  /^[ \t]*(?:(?:async )?def \w+\(.*\).*:|class \w+(?:\(.*\))?:|elif .*:|except\b.*:|from [\w.]+ import .*|for \w+ in .*:|if [^({].*:|import [\w.]+(?: as \w+)?)[ \t]*(?:#.*)?\r?$/;
const SQL = /^\s*(?:select\s[^;]{1,150}\sfrom\s+[\w"`]|insert\s+into\s|delete\s+from\s|update\s+\w+\s+set\s)/i;
const SHELL =
  /^\s*(?:\$ |#!.*\b(?:ba|z)?sh\b|(?:ls|cd|cat|grep|find|npm|npx|yarn|pnpm|git|node|curl|mkdir|rm|sudo|echo|pip|python3?)(?: +(?:-|[\w./~"'@]).*)?$)/;

// What the language has, and the engine or the stripper has not.
function unsupported({ code, place, isTypeScript }: Unreadable): string | undefined {
  const rest = lineAt(code, place).slice((place?.column ?? 1) - 1);
  const line = lineAt(code, place);
  if (/^\s*@\w/.test(rest) || /^\s*@\w/.test(line)) return 'Decorators are not supported: call the function instead.';
  if (/^\s*(?:export\s+)?(?:namespace|module)\s+[\w$.]+\s*\{/.test(line)) {
    return 'Namespaces are not supported: use an object, or top-level functions.';
  }
  if (JSX.test(line)) return 'JSX is not supported: build strings or objects instead.';
  if (isTypeScript && /\bimport\s+\w+\s*=|\bexport\s*=/.test(line)) {
    return 'There are no modules: leave the line out.';
  }
  return undefined;
}

const JSX = /<\/[A-Za-z][\w.]*>|<[A-Za-z][\w.]*(?:\s[^<>\n]*)?\/>|<>/;

// An object literal as the last statement, which is read as a block.
function objectAtEnd(code: string): string | undefined {
  const lines = linesOf(code);
  for (let index = lines.length - 1; index >= 0 && index >= lines.length - END_LINES; index -= 1) {
    if (!/^\s*\{/.test(lines[index] ?? '')) continue;
    if (isObjectExpression(lines.slice(index).join('\n'))) return objectHint(index + 1);
  }
  return undefined;
}

/** What to do with an object that is read as a block. */
export function objectHint(line: number): string {
  return `Put parentheses around the object at the end, in line ${line}: at the start of a statement { opens a block.`;
}

function awaitOutside({ code, place }: Unreadable): string | undefined {
  if (place === undefined) return undefined;
  const before = lineAt(code, place).slice(0, place.column - 1);
  const around = lineAt(code, place).slice(Math.max(0, place.column - 7), place.column + 5);
  if (!/\bawait\s*$/.test(before) && !/\bawait\b/.test(around)) return undefined;
  return 'await stands at the top level or in an async function: write async before the function around it.';
}

function bracketHelp({
  code,
  message,
  place,
}: Unreadable): { readonly message: string; readonly hint?: string } | undefined {
  const problem = bracketProblem(code);
  if (problem === undefined) return undefined;
  const { open, close } = problem;
  const { line, column } = placeAt(code, open.offset);
  const opened = `"${open.sign}" of ${line}:${column}`;
  if (close === undefined) return { message: `${message}; ${opened} is never closed`, hint: `Close the ${opened}.` };
  const closing = placeAt(code, close.offset);
  // The engine may have stumbled long before, over something else.
  if (place !== undefined && place.line < closing.line) return undefined;
  const met = `"${close.sign}" of ${closing.line}:${closing.column}`;
  return { message: `${message}; ${met} meets the ${opened}, which is still open`, hint: `Close the ${opened} first.` };
}

// Ours says what it met where the engine only says what it had expected.
function betterMessage({ message, parsed }: Unreadable): string {
  if (parsed.tree !== undefined || !BETTER.test(parsed.message)) return message;
  const better = `${parsed.message[0]?.toLowerCase()}${parsed.message.slice(1)}`;
  return message.toLowerCase().includes(better.toLowerCase()) ? message : `${message} (${better})`;
}

const BETTER = /keyword|reserved|already been declared|Unterminated|rvalue|Unsyntactic|private|strict mode|Invalid/i;

function lineAt(code: string, place: Place | undefined): string {
  return place === undefined ? '' : (linesOf(code)[place.line - 1] ?? '');
}
