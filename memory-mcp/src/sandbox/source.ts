// The text of a program: how it is read, TypeScript taken off, places in it. Pure but for loading the stripper.
import type { SourceKind } from './engine.ts';
import { MAX_SOURCE_BYTES } from './limits.ts';

const MAX_NESTING = 200;
const EXCERPT_CHARS = 120;

/** One way to read a program. The lines of `before` and `after` are ours, not the user's. */
export interface Reading {
  readonly kind: SourceKind;
  readonly before: string;
  readonly after: string;
}

/** A place in the user's source, 1-based. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

const SCRIPT: Reading = { kind: 'script', before: '', after: '' };
const ASYNC_SCRIPT: Reading = { kind: 'asyncScript', before: '', after: '' };
const FUNCTION: Reading = { kind: 'script', before: '(() => {\n', after: '\n})()' };
const ASYNC_FUNCTION: Reading = { kind: 'script', before: '(async () => {\n', after: '\n})()' };
const MODULE: Reading = { kind: 'module', before: '', after: '' };

/**
 * The ways a program may be meant, in the order to try: a script whose last expression is the result, the same with
 * `await`, the body of a function with `return`, a module with `export default`. Words decide what is worth a try;
 * the engine decides which reading holds.
 */
export function readings(code: string): readonly Reading[] {
  const awaits = /\bawait\b/.test(code);
  // Asynchronous first: to a plain script `await (…)` is a call of a function named `await`.
  const list = awaits ? [ASYNC_SCRIPT, SCRIPT] : [SCRIPT];
  if (/\breturn\b/.test(code)) list.push(...(awaits ? [ASYNC_FUNCTION, FUNCTION] : [FUNCTION]));
  if (/\b(?:import|export)\b/.test(code)) list.push(MODULE);
  return list;
}

/** The place in the user's source of the first frame in `file` of a stack trace. */
export function placeInStack(stack: string, file: string, reading: Reading): Place | undefined {
  const escaped = file.replace('.', '\\.');
  const match = new RegExp(`\\b${escaped}:(\\d+):(\\d+)`).exec(stack);
  if (match === null) return undefined;
  const line = Number(match[1]) - (reading.before === '' ? 0 : 1);
  const column = Number(match[2]);
  // A program can write any stack into its error; a place outside of all sources is none.
  if (line < 1 || !(line <= MAX_SOURCE_BYTES && column <= MAX_SOURCE_BYTES)) return undefined;
  return { line, column };
}

/** The line of `place` with a caret under its column. Long lines are cut around the column. */
export function excerpt(code: string, place: Place): string | undefined {
  const line = code.split(/\r\n|[\n\r\u2028\u2029]/)[place.line - 1];
  if (line === undefined) return undefined;
  const from = Math.max(0, place.column - 1 - EXCERPT_CHARS / 2);
  const shown = line.slice(from, from + EXCERPT_CHARS).replaceAll('\t', ' ');
  const margin = `${place.line} | `;
  const caretAt = Math.min(Math.max(0, place.column - 1 - from), shown.length);
  return `${margin}${shown}\n${' '.repeat(margin.length - 2)}| ${' '.repeat(caretAt)}^`;
}

/** Moves a place that lies behind the end of `code` to its end. */
export function withinSource(code: string, place: Place): Place {
  const lines = code.split('\n');
  if (place.line <= lines.length) return place;
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** The place where a static import names `module`. */
export function placeOfImport(code: string, module: string): Place | undefined {
  const index = Math.max(code.indexOf(`'${module}'`), code.indexOf(`"${module}"`));
  if (index < 0) return undefined;
  const before = code.slice(0, index).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** Whether brackets nest deeper than a recursive parser should be trusted with. Skips plain strings and comments. */
export function nestsTooDeep(code: string): boolean {
  let depth = 0;
  for (const [token] of code.matchAll(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[([{}\])]/g,
  )) {
    if (token === '(' || token === '[' || token === '{') depth += 1;
    else if (token === ')' || token === ']' || token === '}') depth -= 1;
    if (depth > MAX_NESTING) return true;
  }
  return false;
}

/**
 * Whether a program may parse as JavaScript and yet mean something else: `f<T>(x)` is a call with a type argument in
 * TypeScript and two comparisons in JavaScript.
 */
export function hasTypeArguments(code: string): boolean {
  return /[\w$]<[\w\s,.|&[\]{}:;?'"]+>\s*\(/.test(code);
}

/** Whether a program that does not parse as JavaScript looks like TypeScript. */
export function looksLikeTypeScript(code: string): boolean {
  return /\b(?:interface|enum|type)\s+[A-Z]|:\s*(?:string|number|boolean|any|unknown|void)\b|\bas\s+(?:const|[A-Z])/.test(
    code,
  );
}

/** A program without its types, or why that could not be had. */
export type Stripped = { readonly code: string } | { readonly message: string; readonly place: Place | undefined };

/** Takes the types off; lines stay where they are, columns may not. */
export async function stripTypes(code: string): Promise<Stripped> {
  // Loaded on first use: most programs are JavaScript, and the stripper is 20 MB of a worker's memory.
  const { transform } = await import('sucrase');
  try {
    return { code: transform(code, { transforms: ['typescript'], disableESTransforms: true, production: true }).code };
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const match = /^(?:Error transforming[^:]*: )?([\s\S]*?)\s*\((\d+):(\d+)\)$/.exec(text);
    if (match === null) return { message: text, place: undefined };
    return { message: match[1] ?? text, place: { line: Number(match[2]), column: Number(match[3]) } };
  }
}

/**
 * The place in `original` of a place in what the stripper made of it: same line, and the same occurrence of the word
 * or sign that stands there.
 */
export function unstrippedPlace(original: string, stripped: string, place: Place): Place {
  const from = original.split('\n')[place.line - 1] ?? '';
  const to = stripped.split('\n')[place.line - 1] ?? '';
  if (from === to) return place;
  const rest = to.slice(place.column - 1);
  const word = /^(?:[\w$]+|\S)/.exec(rest)?.[0];
  if (word === undefined) return place;
  let nth = 0;
  for (let at = to.indexOf(word); at >= 0 && at < place.column - 1; at = to.indexOf(word, at + 1)) nth += 1;
  let column = from.indexOf(word);
  for (; nth > 0 && column >= 0; nth -= 1) column = from.indexOf(word, column + 1);
  return column < 0 ? place : { line: place.line, column: column + 1 };
}
