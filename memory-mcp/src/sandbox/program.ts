// How a program is read before any of it runs: text that cannot be one, what in it certainly fails, its language, and
// which reading of it holds.
import { missingHint, missingMessage, missingThings } from './analysis.ts';
import type { SourceKind } from './engine.ts';
import { bracketError } from './limit-errors.ts';
import { insteadOfModule, mentionsMissing } from './missing-globals.ts';
import { excerpt, type Place, placeAt } from './place.ts';
import type { ProgramLanguage, SandboxError, SandboxErrorCode } from './protocol.ts';
import {
  evaluated,
  hasTypeArguments,
  looksLikeTypeScript,
  namespaceOffset,
  nestsTooDeep,
  placeOfSyntax,
  type Reading,
  readings,
  stripTypes,
  unstrippedPlace,
  withoutWayOut,
} from './source.ts';
import { isFence, otherLanguage, syntaxHelp } from './syntax-help.ts';
import { isStrayBrace, type Parsed, parsedProgram, type Program as Tree } from './syntax-tree.ts';

/** A program that can run. */
export interface Program {
  /** What the user wrote, but for what no reader of it sees: places and excerpts are in it. */
  readonly source: string;
  /** The same without types. */
  readonly code: string;
  readonly reading: Reading;
  /** The tree of `code`, or why only the engine could read it. */
  readonly parsed: () => Parsed;
}

/** Why the engine could not compile a text. */
export interface CompileProblem {
  readonly message: string;
  readonly stack: string;
  /** The module that a static import names. */
  readonly imported: string | undefined;
}

/** Compiles without running. Throws what ends the run: a spent limit, a crash. */
export type Compile = (text: string, kind: SourceKind) => CompileProblem | undefined;

/** A program as it was handed in. */
export interface Source {
  readonly code: string;
  /** Left out: JavaScript, and where that does not parse, TypeScript. */
  readonly language: ProgramLanguage | undefined;
}

/** Reads a program, or says why it cannot run. */
export async function readProgram({ code, language }: Source, compile: Compile): Promise<Program | SandboxError> {
  const bad = badText(code);
  if (bad !== undefined) return bad;
  const source = withoutMarks(code);
  if (isFence(source)) return located(source, fenceError(source), { line: 1, column: 1 });
  const mayBeTyped = language !== 'javascript';
  const plain = mayBeTyped && hasTypeArguments(source) ? undefined : readPlain({ source, code: source }, compile);
  if (plain !== undefined && !('failed' in plain)) return plain;
  if (plain !== undefined && !mayBeTyped) return syntaxError(source, plain);
  const guess = language === undefined ? plain : undefined;
  if (guess !== undefined && isBeyondTypes(source, guess)) return syntaxError(source, guess);
  const typed = await readTyped(source, compile);
  if (guess === undefined) return 'failed' in typed ? syntaxError(source, typed) : typed;
  if ('failed' in typed) return syntaxError(source, isFurther(typed, guess, source) ? typed : guess);
  // What is refused for a thing it lacks did parse. Brackets too deep for the stripper say nothing of the language.
  return 'reading' in typed || typed.limit === undefined || looksLikeTypeScript(source)
    ? typed
    : syntaxError(source, guess);
}

/** An error with the place of it in the user's source. */
export function located(source: string, error: SandboxError, place: Place | undefined): SandboxError {
  if (place === undefined) return error;
  const { code, name, message, ...rest } = error;
  const shown = excerpt(source, place);
  const { line, column } = place;
  return { code, name, message, line, column, ...(shown === undefined ? {} : { excerpt: shown }), ...rest };
}

/** A place in `code` as one in `source`, which still has its types. */
export function placeInSource({ source, code }: Pick<Program, 'source' | 'code'>, place: Place): Place {
  return unstrippedPlace(source, code, place);
}

// A program that cannot be read. `place` is one in the source.
interface Failed {
  readonly failed: SandboxErrorCode;
  readonly message: string;
  readonly place: Place | undefined;
  readonly parsed: () => Parsed;
}

// Control characters that no editor lets one write, and halves of characters, which nothing can carry on.
const BAD_CHARACTER =
  /[\u0000-\u0008\u000e-\u001f\u007f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function badText(code: string): SandboxError | undefined {
  const offset = code.search(BAD_CHARACTER);
  if (offset < 0) return undefined;
  const unit = code.charCodeAt(offset);
  const hex = unit.toString(16).padStart(4, '0');
  const isHalf = unit >= 0xd800;
  const error: SandboxError = {
    code: 'STATIC_REJECTED',
    name: 'SyntaxError',
    message: isHalf
      ? `The program has half a character in it (U+${hex.toUpperCase()}), which cannot be encoded.`
      : `The program has the control character U+${hex.toUpperCase()} in it; it may be no text.`,
    hint: `Write it as an escape within a string: "\\u${hex}".`,
  };
  return located(code, error, placeAt(code, offset));
}

// A mark of byte order is no part of the text, and a line for a shell is a comment wherever the program is put.
function withoutMarks(code: string): string {
  return code.replace(/^\ufeff/, '').replace(/^#!/, '//');
}

function fenceError(source: string): SandboxError {
  const hint = otherLanguage(source);
  const message = 'The program stands in a markdown fence.';
  return { code: 'SYNTAX', name: 'SyntaxError', message, ...(hint === undefined ? {} : { hint }) };
}

// Taking the types off closes no bracket and no string, and makes no other language of a text.
function isBeyondTypes(source: string, failed: Failed): boolean {
  const parsed = failed.parsed();
  if (parsed.tree === undefined) {
    const isCutOff = parsed.offset > 0 && parsed.offset >= source.trimEnd().length;
    if (isCutOff || /^Unterminated (?:comment|string|template)/.test(parsed.message)) return true;
  }
  return otherLanguage(source) !== undefined && !looksLikeTypeScript(source);
}

// The first reading that compiles, or the problem that lies furthest into the source: the reading that fits best.
function readPlain(text: Pick<Program, 'source' | 'code'>, compile: Compile): Program | SandboxError | Failed {
  const { source, code } = text;
  const parsed = parsedProgram(code);
  if (mentionsMissing(code)) {
    const refused = refusal(text, parsed().tree);
    if (refused !== undefined) return refused;
  }
  let furthest: Failed | undefined;
  for (const reading of readings(code, parsed)) {
    const unclosable = withoutWayOut(reading);
    const problem =
      compile(evaluated(code, reading), reading.kind) ??
      (unclosable === undefined ? undefined : compile(evaluated(code, unclosable), unclosable.kind));
    if (problem === undefined) return { source, code, reading, parsed };
    if (problem.imported !== undefined) return importError(text, problem.imported);
    const stray = unclosable === undefined ? undefined : strayBrace(code, parsed());
    const inCode = stray ?? placeOfSyntax(problem.stack, code, reading);
    const place = inCode === undefined ? undefined : placeInSource(text, inCode);
    const failed: Failed = {
      failed: 'SYNTAX',
      message:
        stray === undefined
          ? problem.message.replace(/: ''$/, ': the program ends here')
          : "unexpected '}', which closes nothing",
      place,
      parsed,
    };
    if (furthest === undefined || isAfter(place, furthest.place)) furthest = failed;
  }
  return furthest ?? { failed: 'SYNTAX', message: 'The program cannot be read.', place: undefined, parsed };
}

// A brace that closes what is around the program, and none of its own.
function strayBrace(code: string, parsed: Parsed): Place | undefined {
  if (parsed.tree !== undefined || code[parsed.offset] !== '}' || !isStrayBrace(code, parsed.offset)) return undefined;
  return placeAt(code, parsed.offset);
}

async function readTyped(source: string, compile: Compile): Promise<Program | SandboxError | Failed> {
  if (nestsTooDeep(source)) return bracketError();
  const namespace = namespaceOffset(source);
  if (namespace !== undefined) {
    const message = 'Namespaces cannot be run';
    return {
      failed: 'TYPESCRIPT',
      message,
      place: placeAt(source, namespace),
      parsed: () => ({ message, offset: namespace }),
    };
  }
  const stripped = await stripTypes(source);
  if ('code' in stripped) return readPlain({ source, code: stripped.code }, compile);
  const { message, place } = stripped;
  return { failed: 'TYPESCRIPT', message, place, parsed: () => ({ message, offset: 0 }) };
}

function refusal(text: Pick<Program, 'source' | 'code'>, tree: Tree | undefined): SandboxError | undefined {
  const missing = tree === undefined ? [] : missingThings(tree);
  const [first] = missing;
  if (first === undefined) return undefined;
  const placeOf = (offset: number): Place => placeInSource(text, placeAt(text.code, offset));
  const error: SandboxError = {
    code: 'STATIC_REJECTED',
    name: 'SyntaxError',
    message: missingMessage(missing, placeOf),
    hint: missingHint(missing),
  };
  return located(text.source, error, placeOf(first.offset));
}

// The engine read an import that our parser did not come to.
function importError({ source, code }: Pick<Program, 'source' | 'code'>, specifier: string): SandboxError {
  const offset = Math.max(code.indexOf(`'${specifier}'`), code.indexOf(`"${specifier}"`));
  const error: SandboxError = {
    code: 'STATIC_REJECTED',
    name: 'SyntaxError',
    message: `There are no modules in the sandbox, so ${JSON.stringify(specifier.slice(0, 100))} cannot be imported.`,
    hint: insteadOfModule(specifier),
  };
  return located(source, error, offset < 0 ? undefined : placeInSource({ source, code }, placeAt(code, offset)));
}

function syntaxError(source: string, { failed, message, place, parsed }: Failed): SandboxError {
  const help = syntaxHelp({ code: source, message, place, parsed: parsed(), isTypeScript: failed === 'TYPESCRIPT' });
  return located(source, { code: failed, name: 'SyntaxError', ...help }, place);
}

// Which of two readings came further. On a draw, what the program looks like.
function isFurther(typed: Failed, plain: Failed, source: string): boolean {
  if (isAfter(typed.place, plain.place)) return true;
  return !isAfter(plain.place, typed.place) && looksLikeTypeScript(source);
}

function isAfter(place: Place | undefined, other: Place | undefined): boolean {
  if (place === undefined) return false;
  if (other === undefined) return true;
  return place.line > other.line || (place.line === other.line && place.column > other.column);
}
