// Looking for words in the bytes of files, however they might be written down.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every file below the folder that holds one of the words, as `name: word`. A file may go while one looks. */
export function wordsIn(folder: string, words: readonly string[]): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .flatMap((path) => wordsInBytes(bytesOf(path), words).map((word) => `${path}: ${word}`));
}

/** The words that are there in one of the encodings in which an engine may write a text. */
export function wordsInBytes(bytes: Buffer, words: readonly string[]): readonly string[] {
  const big = (word: string): Buffer => Buffer.from(word, 'utf16le').swap16();
  return words.filter(
    (word) => bytes.includes(word, 0, 'utf8') || bytes.includes(word, 0, 'utf16le') || bytes.includes(big(word)),
  );
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (GONE_OR_FOLDER.has((error as NodeJS.ErrnoException).code ?? '')) return Buffer.alloc(0);
    throw error;
  }
}

const GONE_OR_FOLDER: ReadonlySet<string> = new Set(['ENOENT', 'EISDIR']);
