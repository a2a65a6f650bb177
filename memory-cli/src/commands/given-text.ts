// A text that the user hands in whole: a file, or standard input.
import { createReadStream } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { MemoryError, throwIfAborted } from '@episodica/memory-core';
import { fileError } from './file-error.ts';

/** More than any program or input may have: what is larger is refused before it fills the memory. */
const MAX_TEXT_BYTES = 16_777_216;

/**
 * The text of a file, or of standard input where it is called `-`.
 * @throws `INVALID_INPUT` for what cannot be read and for what is no UTF-8, `LIMIT_EXCEEDED`, `ABORTED`
 */
export async function givenText(name: string, signal: AbortSignal): Promise<string> {
  throwIfAborted(signal);
  const stream: Readable = addAbortSignal(signal, name === '-' ? process.stdin : createReadStream(name));
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const part of stream) {
      parts.push(part);
      sizeBytes += part.length;
      if (sizeBytes > MAX_TEXT_BYTES) break;
    }
  } catch (cause) {
    throwIfAborted(signal);
    throw fileError(shownName(name), cause);
  }
  if (sizeBytes > MAX_TEXT_BYTES) {
    const limit = MAX_TEXT_BYTES.toLocaleString('en');
    throw new MemoryError('LIMIT_EXCEEDED', `${shownName(name)}: is larger than ${limit} bytes; hand in a part of it.`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(parts));
  } catch (cause) {
    throw new MemoryError('INVALID_INPUT', `${shownName(name)}: is no text in UTF-8.`, { cause });
  }
}

function shownName(name: string): string {
  return name === '-' ? 'standard input' : name;
}
