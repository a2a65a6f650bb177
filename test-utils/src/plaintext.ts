// Looking for words in the bytes of files, however they might be written down.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Every file below the folder that holds one of the words, as `name: word`. */
export function wordsIn(folder: string, words: readonly string[]): readonly string[] {
  return filesBelow(folder).flatMap((path) =>
    wordsInBytes(readFileSync(path), words).map((word) => `${path}: ${word}`),
  );
}

/** The words that are there in one of the encodings in which an engine may write a text. */
export function wordsInBytes(bytes: Buffer, words: readonly string[]): readonly string[] {
  const big = (word: string): Buffer => Buffer.from(word, 'utf16le').swap16();
  return words.filter(
    (word) => bytes.includes(word, 0, 'utf8') || bytes.includes(word, 0, 'utf16le') || bytes.includes(big(word)),
  );
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}
