// Long text made short: what is kept, and how the cut is marked.

/** Head and tail of `text` in at most about `maxBytes` bytes of UTF-8, and its original size where it was cut. */
export function clip(text: string, maxBytes: number): { readonly text: string; readonly originalBytes?: number } {
  const originalBytes = Buffer.byteLength(text);
  if (originalBytes <= maxBytes) return { text };
  const bytes = Buffer.from(text);
  const half = Math.floor((maxBytes - MARK_BYTES) / 2);
  const head = bytes.subarray(0, characterStart(bytes, half)).toString();
  const tail = bytes.subarray(characterStart(bytes, originalBytes - half)).toString();
  const mark = `\n[… ${originalBytes - 2 * half} bytes left out …]\n`;
  return { text: `${head}${mark}${tail}`, originalBytes };
}

/**
 * The first `maxCharacters` of a text on one line, with an ellipsis where something is missing. What would steer a
 * terminal, turn the direction of the text around it, or hide words from whoever looks, becomes a space.
 */
export function oneLine(text: string, maxCharacters: number): string {
  const line = text.replace(UNSEEN, ' ').trim();
  if (line.length <= maxCharacters) return line;
  // A character is one unit of UTF-16, or two; one more tells that something is missing.
  const characters = [...line.slice(0, 2 * (maxCharacters + 1))];
  return characters.length <= maxCharacters ? line : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

/**
 * The same text for whoever reads it as it is: lines and tabs stay; what would steer a terminal, turn the direction of
 * the text, or hide words becomes an escape as in JSON, so that JSON stays the same JSON. Halves of characters too.
 */
export function legible(text: string): string {
  return text.replace(/\r\n?/gu, '\n').replace(STEERING, escaped);
}

function escaped(character: string): string {
  return Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');
}

const STEERING =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff\u{e0000}-\u{e007f}]/gu;

const UNSEEN = /[\s\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\u{e0000}-\u{e007f}]+/gu;
const MARK_BYTES = 64;

/** The start of the character that holds the byte at `index`: UTF-8 continuation bytes look like 10xxxxxx. */
function characterStart(bytes: Buffer, index: number): number {
  let start = index;
  while (start > 0 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  return start;
}
