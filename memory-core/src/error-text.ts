// What an output says of an error: its telling part, and the frames of own code. Pure.
import { stripVTControlCharacters } from 'node:util';
import { oneLine } from './clip.ts';

/** Where in a program it happened: a function, if it has a name, and the base name of a file. */
export interface StackFrame {
  readonly function: string;
  readonly file: string;
}

/** Characters of an excerpt, frames included. */
const EXCERPT_CHARACTERS = 400;
const EXCERPT_LINES = 3;
/** Frames told behind the message, and characters of each. */
const EXCERPT_FRAMES = 2;
const FRAME_CHARACTERS = 80;

/**
 * The part of an output that says what went wrong, on one line: from the line that names an error, else from the first
 * that marks a failure, else the last lines; a code that stands apart; and the innermost frames of own code. Source
 * lines, code of others, counts of a test runner and what a build tool adds to say that it stops are left out.
 */
export function errorExcerpt(output: string): string {
  const lines = readableLines(output);
  const telling = tellingLines(lines);
  const named = telling.findIndex((line) => NAMED_ERROR.test(line));
  const at = named >= 0 ? named : telling.findIndex((line) => FAILURE_MARK.test(line));
  const rest = telling.slice(at + 1).filter((line) => !ASIDE.test(line));
  const told = at >= 0 ? [telling[at] ?? '', ...rest].slice(0, EXCERPT_LINES) : telling.slice(-EXCERPT_LINES);
  const apart = telling.find((line) => CODE_APART.test(line) && !told.includes(line));
  const where = stackFrames(lines).map(frameText).filter(isShort).slice(0, EXCERPT_FRAMES).join('');
  const message = [...told, ...(apart === undefined ? [] : [apart])].join(' ');
  return `${oneLine(withoutFrames(message), EXCERPT_CHARACTERS - where.length)}${where}`;
}

/** An excerpt without the frames that it tells. */
export function withoutFrames(excerpt: string): string {
  return excerpt.replace(FRAME_TOLD, '');
}

/** The frames of own code in a stack, innermost first; those of a runtime and of packages are left out. */
export function stackFrames(lines: readonly string[]): readonly StackFrame[] {
  const frames = new Map<string, StackFrame>();
  // Python tells the innermost frame last, the others first.
  const isPython = lines.some((line) => PYTHON_FRAME.test(line));
  for (const line of isPython ? lines.toReversed() : lines) {
    for (const { groups } of line.matchAll(FRAME)) {
      const path = groups?.file ?? groups?.script ?? groups?.shown ?? groups?.told ?? '';
      if (path === '' || FOREIGN.test(path)) continue;
      const name = groups?.method ?? groups?.inside ?? groups?.subject ?? groups?.caller ?? '';
      const frame = { function: functionName(name), file: baseName(path) };
      frames.set(frameText(frame), frame);
    }
  }
  return [...frames.values()];
}

/** The last part of a dotted name; code outside of any function has none. */
function functionName(name: string): string {
  const last =
    name
      .replace(/ \[as .*/u, '')
      .split('.')
      .at(-1) ?? '';
  return last.startsWith('<') ? '' : last;
}

/** Read of one output: what went wrong stands where it began or where it ended. */
const READ_CHARACTERS = 16_000;
const READ_LINES = 300;
/** Read of one line: what names an error stands at its beginning. */
const LINE_CHARACTERS = 1_000;

/** The lines of an output's head and tail, as a person would see them. */
function readableLines(output: string): readonly string[] {
  const half = READ_CHARACTERS / 2;
  const read = output.length <= READ_CHARACTERS ? output : `${output.slice(0, half)}\n${output.slice(-half)}`;
  const lines = stripVTControlCharacters(read)
    .split(/\r\n|\r|\n/u)
    .filter((line) => line.trim() !== '');
  const ends =
    lines.length <= READ_LINES ? lines : [...lines.slice(0, READ_LINES / 2), ...lines.slice(-READ_LINES / 2)];
  return ends
    .map((line) => line.slice(0, LINE_CHARACTERS).replace(DECORATION, ''))
    .filter((line) => line.trim() !== '');
}

function tellingLines(lines: readonly string[]): readonly string[] {
  const telling = lines
    .filter((line, index) => !NOISE.test(line) && !isSource(lines, index))
    .map((line) => line.replace(PREFIX, '').trim())
    .filter((line) => line !== '');
  return telling.length > 0 ? [...new Set(telling)] : lines;
}

/** A line of a program that is quoted: one that carets point at from below, or that follows a Python frame. */
function isSource(lines: readonly string[], index: number): boolean {
  const [before = '', line = '', after = ''] = [lines[index - 1], lines[index], lines[index + 1]];
  return (
    (CARETS.test(after) && !NAMED_ERROR_FIRST.test(line)) ||
    (/^\s*File ".*", line \d/u.test(before) && /^\s{4}/u.test(line))
  );
}

function frameText(frame: StackFrame): string {
  return ` (at ${frame.function === '' ? '' : `${frame.function} in `}${frame.file})`;
}

/** A frame that would have to be cut could not be read again. */
function isShort(frame: string): boolean {
  return frame.length <= FRAME_CHARACTERS;
}

function baseName(path: string): string {
  return path.split(/[/\\]/u).at(-1) ?? path;
}

// No form below leaves two ways to read the same characters: a line of thousands of one character is read once.

/** Rules and marks that lint and test runners draw around words. */
const DECORATION = /[\u2500-\u257f\u23af]{2,}|={3,}|_{5,}|⎯+/gu;
/** What stands before the message on each line of some tools. */
const PREFIX = /^(?:npm (?:ERR!|error)|E {2,}|\s*\|[\s|^~_-]*|\s*= (?:note|help):|[✗✖×]\s)/u;
const CARETS = /^\s*(?:\|\s*)?[\^~][\s^~]*$/u;
const NAMED_ERROR_FIRST = /^(?:\S+: )?(?:[\w.]+(?:Error|Exception)|error|fatal)\b/u;

const NAMED_ERROR = new RegExp(
  [
    String.raw`\b[A-Z][A-Za-z]*(?:Error|Exception|Panic)\b`,
    String.raw`\b(?:error|ERROR|Error|panic|PANIC)(?:\[|:| TS|\s{2,})|\bpanicked\b|\bfatal:|\bFATAL:`,
    String.raw`\b(?:[Cc]ommand|[Mm]odule|[Ff]ile) not found\b|: not found$|\bNo such file or directory\b|\bPermission denied\b`,
    String.raw`\b[Ss]yntax error\b|\bunbound variable\b|\bundefined reference\b|\bSegmentation fault\b`,
    String.raw`^CONFLICT |\[(?:remote )?rejected\]|\*\*\* |\blint/[a-z]+/\w+|^assert\b`,
    String.raw`\bE(?:[A-Z]{4,})\b(?<!ERROR|EXPECTED)|\bSQLITE_[A-Z]+\b`,
  ].join('|'),
  'u',
);
// Either case without `u`: with it V8 looks every character up, which takes fifty times as long.
const FAILURE_MARK = /[✗✖×]|\b(?:fail(?:ed)?|error|cannot|denied)\b/i;
/** What a compiler adds to an error. */
const ASIDE = /\b(?:note|help|hint|warning):/i;
const CODE_APART = /^(?:code|name|type): ?'?[A-Z]/u;
const NOISE = new RegExp(
  [
    String.raw`^\s*at\s|^\s*File ".*", line \d+|node:internal|^\s*\.{3}(?:\s|$)|^\s*[\^~|][\s\^~|-]*$|^\s*ℹ`,
    String.raw`^\s*[{}[\]]+,?\s*$|^Traceback|^#\s|^\s*\d+\s*[|│]|^\s*[>→]\s|^\s*❯|^\s*-->|^Node\.js v\d`,
    String.raw`could not compile|aborting due to|collect2: error|ld returned|For more information about|\*\*\* \[(?:(?!\*\*\* \[).)*\] Error \d`,
    String.raw`A complete log of this run|^npm (?:ERR!|error)\s*$|^npm (?:ERR!|error) (?:path|errno|Lifecycle|command|workspace|location)\b`,
    String.raw`^Some errors (?:have|were)|^Found \d+ |^\d+ errors?$|^FAILED \(|^\s*(?:duration_ms|location|failureType|errno|syscall|path|dest):`,
    String.raw`^(?:Exit code|exit status) [012]$|^\s*(?:Test Files|Tests|Start at|Duration)\s|^\s*\[\d+/\d+\]`,
  ].join('|'),
  'u',
);

const PYTHON_FRAME = /^\s*File "(?:[^"]+)", line \d+/u;
/** A frame as JavaScript, Java, Python and vitest write it, and as an excerpt does. */
const FRAME =
  /^\s*at (?:async )?(?:new )?(?:(?<method>[^\s()]+(?: \[as [^\]]+\])?)\s?\()?(?<file>[^\s():][^\s():/\\.]*[/\\.][^():]*):\d+(?::\d+)?\)?$|^\s*File "(?<script>[^"]+)", line \d+(?:, in (?<inside>\S+))?|^\s*❯ (?:(?<subject>[^\s:]+) )?(?<shown>[^\s:]+):\d+:\d+|\(at (?:(?<caller>\S+) in )?(?<told>[^\s()]+)\)/gu;
const FRAME_TOLD = / ?\(at (?:\S+ in )?[^\s()]+\)/gu;
const FOREIGN = /node_modules|^node:|^internal[/\\]|site-packages|lib[/\\]python|^<|\bjava\.base\b/u;
