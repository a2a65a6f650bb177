// The text of a program: how it is read, TypeScript taken off, places in it. Pure but for loading the stripper.
import { type SourceKind, USER_FILE } from './engine.ts';
import { MAX_NESTING, MAX_SOURCE_BYTES } from './limits.ts';
import { linesOf, type Place, placeAt, withinSource } from './place.ts';
import { isObjectLiteral, type Parsed, type Program } from './syntax-tree.ts';

const MAX_FRAMES = 10;
/** Brackets in brackets that may be parameters: 2 to the power of this is what the stripper may take. */
const MAX_READ_TWICE = 10;
const FRAME = new RegExp(`^\\s*at (?:(.*) )?\\(?${USER_FILE.replace('.', '\\.')}:(\\d+):(\\d+)\\)?$`);
// Names of the engine, `<anonymous>`, and names that a program made up of other signs are left out.
const FUNCTION_NAME = /^[\w$.# ]{1,100}$/;

/** One way to read a program. The lines of `before` and `after` are ours, not the user's. */
export interface Reading {
  readonly kind: SourceKind;
  readonly before: string;
  readonly after: string;
  /** Text of ours within the program. */
  readonly insertion?: { readonly offset: number; readonly place: Place; readonly text: string };
}

const SCRIPT: Reading = { kind: 'script', before: '', after: '' };
const ASYNC_SCRIPT: Reading = { kind: 'asyncScript', before: '', after: '' };
const FUNCTION: Reading = { kind: 'script', before: '(() => {\n', after: '\n})()' };
const ASYNC_FUNCTION: Reading = { kind: 'script', before: '(async () => {\n', after: '\n})()' };
const MODULE: Reading = { kind: 'module', before: '', after: '' };
// After an operator a brace opens an object, where at the start of a program it would open a block.
const OBJECT = '0,\n';

/**
 * The ways a program may be meant, in the order to try: a script whose last expression is the result, the same with
 * `await`, the body of a function with `return` (its last expression is the result where no `return` was reached), a
 * module with `export default`. A program that is one object literal is that object. Words decide what is worth a
 * try; the engine decides which reading holds.
 */
export function* readings(code: string, parsed: () => Parsed): Generator<Reading> {
  const awaits = /\bawait\b/.test(code);
  // Asynchronous first: to a plain script `await (…)` is a call of a function named `await`.
  const scripts = awaits ? [ASYNC_SCRIPT, SCRIPT] : [SCRIPT];
  if (isObjectLiteral(code)) yield* scripts.map((script) => ({ ...script, before: OBJECT }));
  yield* scripts;
  if (/\breturn\b/.test(code)) {
    const insertion = endsInReturn(code) ? undefined : lastReturn(code, parsed().tree);
    const functions = awaits ? [ASYNC_FUNCTION, FUNCTION] : [FUNCTION];
    yield* insertion === undefined ? functions : functions.map((body) => ({ ...body, insertion }));
  }
  if (/\b(?:import|export)\b/.test(code)) yield MODULE;
}

/**
 * The same around the program, where it is a function, in another shape: behind a brace that closes the one comes `)` or
 * `,`, which cannot follow a brace that closes the other. What compiles in both is a body.
 */
export function withoutWayOut(reading: Reading): Reading | undefined {
  switch (reading.before) {
    case FUNCTION.before:
      return { ...reading, before: 'function body() {\n', after: '\n}' };
    case ASYNC_FUNCTION.before:
      return { ...reading, before: 'async function body() {\n', after: '\n}' };
    default:
      return undefined;
  }
}

/** What the engine evaluates. */
export function evaluated(code: string, { before, after, insertion }: Reading): string {
  if (insertion === undefined) return before + code + after;
  return before + code.slice(0, insertion.offset) + insertion.text + code.slice(insertion.offset) + after;
}

// The usual end of a program with a return in it: then there is no last expression to look for.
function endsInReturn(code: string): boolean {
  const end = code.trimEnd();
  return end
    .slice(end.lastIndexOf('\n') + 1)
    .trimStart()
    .startsWith('return');
}

function lastReturn(code: string, tree: Program | undefined): Reading['insertion'] {
  const last = tree?.body.at(-1);
  if (last?.type !== 'ExpressionStatement' || last.directive !== undefined) return undefined;
  return { offset: last.start, place: placeAt(code, last.start), text: 'return ' };
}

/** One call on the way to an error. */
export interface Frame extends Place {
  /** Absent outside of all functions. */
  readonly name?: string;
}

/** The user's own frames of a stack trace, innermost first, as places in the user's source. */
export function framesInStack(stack: string, code: string, reading: Reading): readonly Frame[] {
  const lineCount = linesOf(code).length;
  return framesOf(stack, code, reading)
    .filter(({ line }) => line <= lineCount)
    .slice(0, MAX_FRAMES);
}

/** Where the engine gave up on compiling. What lies behind the source, in a line of ours, is its end. */
export function placeOfSyntax(stack: string, code: string, reading: Reading): Place | undefined {
  const [first] = framesOf(stack, code, reading);
  return first === undefined ? undefined : withinSource(code, { line: first.line, column: first.column });
}

function framesOf(stack: string, code: string, reading: Reading): readonly Frame[] {
  const lines = linesOf(evaluated(code, reading));
  const frames: Frame[] = [];
  for (const text of stack.split('\n')) {
    const match = FRAME.exec(text);
    if (match === null) continue;
    const line = Number(match[2]);
    const column = codeUnits(lines[line - 1] ?? '', Number(match[3]));
    const place = placeInSource({ line, column }, reading);
    if (place === undefined) continue;
    const name = match[1];
    frames.push(name === undefined || !FUNCTION_NAME.test(name) ? place : { name, ...place });
  }
  return frames;
}

// The engine counts characters; everybody else counts code units.
function codeUnits(line: string, column: number): number {
  if (!/[\ud800-\udbff]/.test(line) || column > line.length) return column;
  return [...line].slice(0, column - 1).join('').length + 1;
}

// A program can write any stack into its error; a place outside of all sources is none.
function placeInSource({ line, column }: Place, { before, insertion }: Reading): Place | undefined {
  // An object has no place of its own where it stands alone: then the engine gives that of what is before it.
  const inSource = before === OBJECT ? Math.max(1, line - 1) : line - (before === '' ? 0 : 1);
  if (inSource < 1 || !(inSource <= MAX_SOURCE_BYTES && column <= MAX_SOURCE_BYTES)) return undefined;
  const isBehind = insertion !== undefined && insertion.place.line === inSource && column > insertion.place.column;
  if (!isBehind) return { line: inSource, column };
  return { line: inSource, column: Math.max(insertion.place.column, column - insertion.text.length) };
}

/**
 * Whether brackets nest deeper than the stripper should be trusted with: it calls itself for each, and reads what may
 * be the parameters of an arrow function twice, so that the time doubles with each of those. Skips plain strings and
 * comments.
 */
export function nestsTooDeep(code: string): boolean {
  const readTwice: boolean[] = [];
  let twice = 0;
  for (const { 0: token, index } of code.matchAll(BRACKETS)) {
    if (token === '(' || token === '[' || token === '{') {
      const isReadTwice = token === '(' && isPerhapsParameters(code, index);
      readTwice.push(isReadTwice);
      if (isReadTwice) twice += 1;
    } else if ((token === ')' || token === ']' || token === '}') && readTwice.pop() === true) {
      twice -= 1;
    }
    if (readTwice.length > MAX_NESTING || twice > MAX_READ_TWICE) return true;
  }
  return false;
}

const BRACKETS =
  // What is never closed reaches to the end, so that no character is looked at twice.
  /\/\/[^\n]*|\/\*(?:[\s\S]*?\*\/|[\s\S]*)|'(?:[^'\\\n]|\\.)*'?|"(?:[^"\\\n]|\\.)*"?|[([{}\])]/g;

function isPerhapsParameters(code: string, index: number): boolean {
  const before = code.slice(Math.max(0, index - 8), index).trimEnd();
  if (before.endsWith('>') && !before.endsWith('=>')) return true;
  return /^\(\s{0,8}[\w$]{1,40}\s{0,8}=(?![=>])/.test(code.slice(index, index + 64));
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

/** Where a namespace with code in it begins: the stripper would drop it without a word. */
export function namespaceOffset(code: string): number | undefined {
  const found = /^[ \t]*(?:export[ \t]+)?(?=(?:namespace|module)[ \t]+[\w$.]+[ \t]*\{)/m.exec(code);
  return found === null ? undefined : found.index + found[0].length;
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
  const from = linesOf(original)[place.line - 1] ?? '';
  const to = linesOf(stripped)[place.line - 1] ?? '';
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
