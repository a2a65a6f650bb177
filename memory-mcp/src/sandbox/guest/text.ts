// Text: cut short, and as bytes of UTF-8.
import {
  characterOf,
  codeAt,
  isAscii,
  percentEncoded,
  slice,
  typedLength,
  Uint8ArrayClass,
  unescaped,
} from './primordials.ts';

const REPLACEMENT = 0xfffd;
/** Of a text that is counted; what that takes is up to nine times as long. */
const PIECE_CHARS = 65536;

/** At most so many characters, and how many are missing. */
export function clip(text: string, chars: number): string {
  if (text.length <= chars) return text;
  return slice(text, 0, chars) + '… (' + (text.length - chars) + ' more characters)';
}

/** How many bytes the text is as UTF-8. Half of a surrogate pair alone counts three, as the sign that replaces it. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let from = 0; from < text.length; ) {
    let to = from + PIECE_CHARS;
    if (to < text.length && isCutPair(text, to)) to += 1;
    bytes += bytesOfPiece(slice(text, from, to));
    from = to;
  }
  return bytes;
}

// Natively: `%C3%A9` for each sign beyond ASCII, and one character for each of its bytes then.
function bytesOfPiece(text: string): number {
  if (isAscii(text)) return text.length;
  try {
    return unescaped(percentEncoded(text)).length;
  } catch {
    // There is half of a pair in it.
    return countedBytes(text);
  }
}

function countedBytes(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = codePointAt(text, index);
    if (code > 0xffff) index += 1;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Whether a surrogate pair is cut in two by what ends before `at` and begins there. */
export function isCutPair(text: string, at: number): boolean {
  if (at < 1 || at >= text.length) return false;
  const high = codeAt(text, at - 1);
  const low = codeAt(text, at);
  return high >= 0xd800 && high <= 0xdbff && low >= 0xdc00 && low <= 0xdfff;
}

/** The text as UTF-8. */
export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8ArrayClass(byteLength(text));
  let at = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = codePointAt(text, index);
    if (code > 0xffff) index += 1;
    at = writePoint(bytes, at, code);
  }
  return bytes;
}

/** The text that UTF-8 stands for; what is none becomes U+FFFD. */
export function fromBytes(bytes: Uint8Array): string {
  let text = '';
  const length = typedLength(bytes);
  for (let at = 0; at < length; ) {
    const first = bytes[at] ?? 0;
    const more = first < 0x80 ? 0 : first < 0xc2 ? -1 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : -1;
    let code = more < 0 ? REPLACEMENT : more === 0 ? first : first & (0x3f >> more);
    let used = 1;
    while (used <= more && ((bytes[at + used] ?? 0) & 0xc0) === 0x80) {
      code = (code << 6) | ((bytes[at + used] ?? 0) & 0x3f);
      used += 1;
    }
    if (more > 0 && (used <= more || !isPoint(code, more))) code = REPLACEMENT;
    at += used;
    text +=
      code > 0xffff
        ? characterOf(0xd800 + ((code - 0x10000) >> 10)) + characterOf(0xdc00 + (code & 0x3ff))
        : characterOf(code);
  }
  return text;
}

// The code point at an index, U+FFFD for half a pair alone.
function codePointAt(text: string, index: number): number {
  const code = codeAt(text, index);
  if (code < 0xd800 || code > 0xdfff) return code;
  const next = index + 1 < text.length ? codeAt(text, index + 1) : 0;
  if (code > 0xdbff || next < 0xdc00 || next > 0xdfff) return REPLACEMENT;
  return 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00);
}

// Writes one code point; a typed array has its own indexes, which nothing can be put before.
function writePoint(bytes: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    bytes[at] = code;
    return at + 1;
  }
  const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  bytes[at] = (more === 1 ? 0xc0 : more === 2 ? 0xe0 : 0xf0) | (code >> (6 * more));
  for (let index = 1; index <= more; index += 1) bytes[at + index] = 0x80 | ((code >> (6 * (more - index))) & 0x3f);
  return at + more + 1;
}

// Neither written in more bytes than it needs, nor half a pair, nor beyond what there is.
function isPoint(code: number, more: number): boolean {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
  return code >= (more === 1 ? 0x80 : more === 2 ? 0x800 : 0x10000);
}
