// A file to import, or standard input: what is in it, and its records one after the other.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { isTauBench, LIMITS, MemoryError, readJsonLines, readTauBench } from '@episodica/memory-core';
import { fileError } from './file-error.ts';
import { linesOf } from './lines.ts';

type ImportFormat = 'generic' | 'tau-bench';

/** One place to import from, looked into but not yet read. */
export interface ImportSource {
  /** As the user wrote it. */
  readonly name: string;
  /** Reads from the start, once. */
  records(): AsyncIterable<unknown> | Iterable<unknown>;
  /** How much of it has been read, 0–1; `undefined` for a pipe, whose end nobody knows. */
  readShare(): number | undefined;
}

/** What the user says about the sources. */
export interface SourceOptions {
  /** Guessed from the content where it is left out. */
  readonly from?: ImportFormat;
  readonly domain?: string;
}

/** A result file of tau-bench is one JSON text, and read whole. */
const MAX_ARRAY_BYTES = 400_000_000;
/** How far a source is looked into before it is said to hold no JSON lines. */
const HEAD_BYTES = 65_536;

/** Looks into a source without importing anything. @throws `INVALID_INPUT` that names the file */
export async function openSource(name: string, options: SourceOptions, signal: AbortSignal): Promise<ImportSource> {
  const sizeBytes = name === '-' ? undefined : await regularSize(name);
  const head = await headOf(
    name === '-' ? interruptible(process.stdin, signal) : translated(name, createReadStream(name)),
  );
  const format = options.from ?? (/^\s*\[/u.test(head.text) ? 'tau-bench' : 'generic');
  if (format === 'tau-bench') {
    const runs = runsOf(name, await textOf(name, head.all()));
    const domain = options.domain ?? /airline|retail/iu.exec(basename(name))?.[0].toLowerCase();
    let readRuns = 0;
    function* records(): Generator<unknown> {
      for (const record of readTauBench(runs, domain)) {
        readRuns += 1;
        yield record;
      }
    }
    return { name, records, readShare: () => readRuns / runs.length };
  }
  // A pipe gives its bytes once; a file is read again when its turn comes.
  if (sizeBytes !== undefined) await head.close();
  if (options.domain !== undefined) {
    throw new MemoryError('INVALID_INPUT', `${name}: --domain goes with tau-bench files; JSON lines name their own.`);
  }
  if (!looksLikeJsonLines(head.text)) {
    throw new MemoryError('INVALID_INPUT', `${name}: is not JSON; write one object a line, as episode export does.`);
  }
  let readBytes = 0;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const source = sizeBytes === undefined ? head.all() : translated(name, createReadStream(name));
    for await (const chunk of source) {
      readBytes += chunk.length;
      yield chunk;
    }
  }
  return {
    name,
    records: () => readJsonLines(linesOf(chunks(), LIMITS.importLineBytes)),
    readShare: () => (sizeBytes === undefined ? undefined : readBytes / Math.max(1, sizeBytes)),
  };
}

interface Head {
  /** The beginning, without a byte order mark. */
  readonly text: string;
  /** The whole source, the part that was looked at first. */
  all(): AsyncIterable<Uint8Array>;
  /** Ends reading. */
  close(): Promise<unknown>;
}

async function headOf(chunks: AsyncIterable<Uint8Array>): Promise<Head> {
  const iterator = chunks[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  for (let sizeBytes = 0; sizeBytes < HEAD_BYTES; ) {
    const { value, done } = await iterator.next();
    if (done) break;
    seen.push(value);
    sizeBytes += value.length;
  }
  return {
    text: new TextDecoder().decode(Buffer.concat(seen)),
    async *all() {
      yield* seen;
      yield* { [Symbol.asyncIterator]: () => iterator };
    },
    close: async () => iterator.return?.(),
  };
}

/** Whether a text may hold JSON lines, some of them perhaps broken. An empty one holds nothing that could be wrong. */
function looksLikeJsonLines(text: string): boolean {
  const start = text.trimStart();
  return start === '' || start.startsWith('{') || start.split('\n').some(isObject);
}

function isObject(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null;
  } catch {
    // Not JSON: that is the answer.
    return false;
  }
}

/** The size of a file; nothing for a pipe or device. @throws `INVALID_INPUT` for a folder and for what is not there */
async function regularSize(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw new MemoryError('INVALID_INPUT', `${path}: is a folder, not a file.`);
    return found.isFile() ? found.size : undefined;
  } catch (cause) {
    throw cause instanceof MemoryError ? cause : fileError(path, cause);
  }
}

/** A pipe may be quiet for long: an interruption ends the waiting for it. */
async function* interruptible(stream: Readable, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* addAbortSignal(signal, stream);
  } catch (cause) {
    if (!signal.aborted) throw cause;
    throw new MemoryError('ABORTED', 'Interrupted while reading standard input.', { cause });
  }
}

/** Errors of reading, such as a missing permission, in our words. */
async function* translated(path: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks;
  } catch (cause) {
    throw fileError(path, cause);
  }
}

async function textOf(name: string, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of chunks) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_ARRAY_BYTES) {
      const limit = MAX_ARRAY_BYTES.toLocaleString('en');
      throw new MemoryError('LIMIT_EXCEEDED', `${name}: is larger than ${limit} bytes; split the array.`);
    }
    parts.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

function runsOf(name: string, text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MemoryError('INVALID_INPUT', `${name}: is not JSON: ${reason.split('\n', 1)}.`, { cause });
  }
  if (isTauBench(value)) return value;
  throw new MemoryError(
    'INVALID_INPUT',
    `${name}: is no array of tau-bench runs; write episodes as one JSON object a line, as episode export does.`,
  );
}
