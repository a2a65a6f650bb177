// What makes two errors the same, wherever and whenever they came: type, code, message, names in it, frames. Pure.
import { stripVTControlCharacters } from 'node:util';
import { errorExcerpt, stackFrames, withoutFrames } from '../error-text.ts';
import { tokenize } from './tokenize.ts';

/** What tells an error from others. Nothing of it depends on paths, numbers, hashes, addresses, times or colours. */
export interface ErrorSignature {
  /** Exception types but the ones that say nothing (`Error`), in order: `typeerror`. */
  readonly types: readonly string[];
  /** Codes and names of rules, in order: `ts2345`, `enoent`, `http404`, `no-unused-vars`. */
  readonly codes: readonly string[];
  /** Terms of the message without what differs from case to case. */
  readonly words: readonly string[];
  /** Terms of what the message is about: what is quoted, or written as only identifiers are. */
  readonly names: readonly string[];
  /** Functions and files of own code, innermost first. */
  readonly frames: readonly string[];
}

/** The signature of an output, an error's text or an excerpt of it. It takes time in proportion to a bounded part. */
export function errorSignature(text: string): ErrorSignature {
  const excerpt = errorExcerpt(text);
  const frames = stackFrames([excerpt]).flatMap((frame) => [frame.function, frame.file].filter((name) => name !== ''));
  const message = plainQuotes(withoutFrames(excerpt));
  const names: string[] = [];
  const keep = (name: string): string => {
    names.push(name);
    return ' ';
  };
  const types = [...message.matchAll(TYPE)].map(([type]) => type.toLowerCase());
  const codes = CODES.flatMap(({ form, as }) => [...message.matchAll(form)].map((match) => as(match[1] ?? match[0])));
  const template = CODES.reduce((rest, { form }) => rest.replace(form, ' '), message.replace(TYPE, ' '))
    .replace(QUOTED, (_, ...groups: readonly unknown[]) => quotedPart(groups, keep))
    .replace(PATH, ' ')
    .replace(EXIT, ' ')
    .replace(SUBJECT, keep)
    .replace(IDENTIFIER, keep)
    .replace(NUMBER, ' ');
  return {
    types: distinct(types).slice(0, MAX_CODES),
    codes: distinct(codes).slice(0, MAX_CODES),
    words: distinct(tokenize(template)).slice(0, MAX_WORDS),
    names: distinct(names.flatMap((name) => nameTerms(name.replace(PATH, ' ').replace(NUMBER, ' ')))).slice(
      0,
      MAX_NAMES,
    ),
    frames: distinct(frames.map((frame) => frame.toLowerCase())).slice(0, MAX_FRAMES),
  };
}

/**
 * The signature as terms of an inverted index. A term that tells more is there more often: BM25 then weighs it so.
 */
export function signatureTerms(signature: ErrorSignature): readonly string[] {
  const terms = (kind: keyof ErrorSignature, prefix: string): readonly string[] =>
    signature[kind].flatMap((value) => new Array<string>(REPEATS[kind]).fill(`${prefix}:${value}`.slice(0, MAX_TERM)));
  return [
    ...terms('types', 'type'),
    ...terms('codes', 'code'),
    ...terms('words', 'word'),
    ...terms('names', 'name'),
    ...terms('frames', 'frame'),
  ];
}

/**
 * How much two errors are the same, 0–1: the mean of how far each kind of evidence agrees (Dice's coefficient),
 * weighed by what it tells, over the kinds that both of them have. Errors of other types are not the same whatever
 * their words; other codes weigh as much as all words, as tools give several codes to one mistake.
 */
export function signatureMatch(one: ErrorSignature, other: ErrorSignature): number {
  if (isApart(one.types, other.types)) return 0;
  let agreed = 0;
  let possible = 0;
  for (const kind of KINDS) {
    const [a, b] = [one[kind], other[kind]];
    if (a.length === 0 && b.length === 0) continue;
    // A type, a code or a stack that one of the two leaves out is silent, not a contradiction.
    if (kind !== 'words' && (a.length === 0 || b.length === 0)) continue;
    agreed += WEIGHT[kind] * dice(a, b);
    possible += WEIGHT[kind];
  }
  return possible === 0 ? 0 : agreed / possible;
}

/** Whether a text holds the text of an error: a type or code in the place where errors have it, or a tool's phrase. */
export function looksLikeError(text: string): boolean {
  return ERROR_FORM.test(stripVTControlCharacters(text.slice(0, LOOKED_AT)));
}

const KINDS = ['types', 'codes', 'words', 'names', 'frames'] as const;
const REPEATS: Readonly<Record<keyof ErrorSignature, number>> = { types: 3, codes: 4, words: 2, names: 1, frames: 1 };
const WEIGHT: Readonly<Record<keyof ErrorSignature, number>> = { types: 2, codes: 4, words: 4, names: 1, frames: 0.2 };
const MAX_CODES = 6;
const MAX_WORDS = 48;
const MAX_NAMES = 24;
const MAX_FRAMES = 4;
const MAX_TERM = 64;
/** Read of a text to see whether it is an error. */
const LOOKED_AT = 16_000;

/** A type where a type stands: before a colon, at the end. Elsewhere it is what an error speaks of. */
const TYPE =
  /\b(?!(?:Internal)?(?:Error|Exception)\b)[A-Z]\w*(?:Error|Exception|Warning|Panic|Fault|Interrupt|Iteration)(?=\s*[:'"[(]|\s*$|\s+(?:at|-)\s)/gu;

interface CodeForm {
  readonly form: RegExp;
  readonly as: (code: string) => string;
}
const asItIs = (code: string): string => code.toLowerCase();
const CODES: readonly CodeForm[] = [
  { form: /\b(?:ERR|SQLITE|CERT|UNABLE|DEPTH|MODULE)(?:_[A-Z0-9]+)+\b/gu, as: asItIs },
  { form: /\bcode:? '?([A-Z][A-Z0-9_]{3,})\b'?/gu, as: asItIs },
  { form: /\bE(?!RROR|XPECT|XIT\b|LSE|VAL\b|NV\b|OF\b|MPTY)[A-Z]{3,}[A-Z0-9]*\b/gu, as: asItIs },
  { form: /\bSIG(?:[A-Z]{3,5})\b/gu, as: asItIs },
  { form: /\b(?!SHA|ISO|UTF|RFC|MD5)[A-Z]{1,5}-?\d{3,5}\b/gu, as: asItIs },
  { form: /\b(?:lint|assist|suppressions)\/(?:[a-z]+\/)?(\w+)/gu, as: asItIs },
  { form: /(?<![\w-])((?:@[\w-]+\/)?(?:no|prefer|require|consistent)-[a-z]+(?:-[a-z]+)*)(?![\w-])/gu, as: asItIs },
  { form: /\bclippy::\w+|\[-?W?([a-z]+(?:-[a-z+]+)+=?)\]/gu, as: asItIs },
  { form: /\b[Ee]xit(?:ed)?(?: with)?(?: code| status)?:? (?![012]\b)(\d{1,3})\b/gu, as: (code) => `exit${code}` },
  { form: /\b(?:HTTP(?:\/[\d.]+)?|[Ss]tatus(?: code)?|[Rr]esponse)[ :]+([45]\d\d)\b/gu, as: (code) => `http${code}` },
  { form: /\b([45]\d\d) (?=[A-Z][a-z]+)/gu, as: (code) => `http${code}` },
  { form: /\[Errno (\d+)\]/gu, as: (code) => `errno${code}` },
];

// A run of characters is read from its beginning only, where a form could begin anywhere in it: else a long one would be
// read again from each of its characters, which takes time in proportion to the square of its length.

/** What is quoted, in any of the marks that tools use; an apostrophe inside a word opens nothing. */
const QUOTED = /(?<![\p{L}\p{N}])'([^'\n]{1,200})'(?![\p{L}\p{N}])|"([^"\n]{1,200})"|`([^`\n]{1,200})`/gu;
const PATH =
  /(?:\b[a-z][a-z+]{0,15}:\/\/\S+)|(?:(?:[A-Za-z]:|(?<![\w.@~+-]))[\w.@~+-]*)?(?:[/\\][\w.@~+-]+)+\S*|(?<![\w-])[\w-]+\.(?:[cm]?[jt]sx?|json|py|rs|go|c|h|cpp|java|sh|toml|ya?ml|lock|md|html|css|sql|db)\b(?:[:(]\d+(?:[:,]\d+)?\)?)?/gu;
/** The word that a tool puts, without marks, where the thing stands that it speaks of. */
const SUBJECT =
  /(?<![\w$.])[\w$.]+(?= is not (?:defined|a function|iterable|a constructor|recognized)|: (?:command )?not found)|(?<=\b(?:symbol: {1,3}(?:class|variable|method)|column|table|reference to|undefined:|script:) )[\w$.:]+/gu;
const IDENTIFIER = /(?<![\w$])[\w$]*(?:[a-z0-9][A-Z]|_|\$|::|\.(?=[A-Za-z])|\(\))[\w$.:()]*/gu;
/** Every failure ends with a code; what it is has been taken already. */
const EXIT = /\bexit(?:ed)?(?: with)?(?: code| status):?/gi;
const NUMBER = /0[xX][\da-fA-F]+|\b(?=[a-fA-F]*\d)[\da-fA-F]{7,}\b|(?<![\p{L}\p{N}])[+-]?\d[\d.,:]*\w{0,2}\b/gu;

/** What it looks like when a tool says that something went wrong. */
const ERROR_FORM =
  /\b[A-Z]\w*(?:Error|Exception)(?:[:[(\]]| \[|[ \t]*$)|\b(?:error|fatal|panic)(?:\[\w+\])?: |^(?:[^\s:]+: )?Error: |: No such file(?: or directory)?$|\berror TS\d+|\berror\[E\d+\]|^Traceback \(|^[ \t]+at .+:\d+:\d+\)?$|\bE(?:NOENT|ACCES|ADDRINUSE|CONNREFUSED|RESOLVE|PERM|EXIST|ISDIR|MFILE|PIPE|TIMEDOUT|NOTFOUND)\b|\bERR_[A-Z_]+\b|\bSQLITE_[A-Z]+\b|\bTS\d{3,5}: |^[ \t]*\d+:\d+[ \t]+error\b|: not found$|command not found|No such file or directory|Permission denied|Segmentation fault|\bnpm (?:ERR!|error) |^CONFLICT \(|\bpanicked at\b|\*\*\* (?:(?!\*\*\* ).)*(?:Stop|Error \d)|^E {3}|\bexit(?:ed with)? code [1-9]/mu;

function quotedPart(groups: readonly unknown[], keep: (name: string) => string): string {
  const quoted = groups.slice(0, 3).find((group) => typeof group === 'string');
  const text = typeof quoted === 'string' ? quoted : '';
  // A sentence in quotes is what the error says; anything else is what it says it about.
  return /^[^{}();=<>|/\\]+$/u.test(text) && text.split(/\s+/u).length >= 4 ? ` ${text} ` : keep(text);
}

/** The parts of a name, and the whole of it: `PutObject` is more than half another thing than `GetObject`. */
function nameTerms(name: string): readonly string[] {
  const parts = tokenize(name);
  return parts.length > 1 ? [parts.join(''), ...parts] : parts;
}

function plainQuotes(text: string): string {
  return text.replace(/[‘’‛]/gu, "'").replace(/[“”]/gu, '"');
}

/** Both have some, and no one in common. */
function isApart(one: readonly string[], other: readonly string[]): boolean {
  return one.length > 0 && other.length > 0 && !one.some((value) => other.includes(value));
}

/** Dice's coefficient: twice what is in both, over what is in either (Dice 1945). */
function dice(one: readonly string[], other: readonly string[]): number {
  const known = new Set(other);
  return (2 * one.filter((value) => known.has(value)).length) / (one.length + other.length);
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
