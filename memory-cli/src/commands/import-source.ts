// A file to import, or standard input: what is in it, and its records one after the other.
import { createReadStream } from 'node:fs';
import { opendir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import {
  isClaudeCode,
  isSweAgent,
  isTauBench,
  LIMITS,
  MemoryError,
  readClaudeCode,
  readJsonLines,
  readSweAgent,
  readTauBench,
} from '@episodica/memory-core';
import type { ImportFormat } from '../import-format.ts';
import { fileError } from './file-error.ts';
import { linesOf } from './lines.ts';

/** One place to import from, looked into but not yet read. */
export interface ImportSource {
  /** As the user wrote it. */
  readonly name: string;
  /** Reads from the start, once. */
  records(): AsyncIterable<unknown> | Iterable<unknown>;
  /** How much of it has been read, 0–1; `undefined` for a pipe, whose end nobody knows. */
  readShare(): number | undefined;
  /** Lines of requests that may still be worked on, as far as the records have been read. */
  unfinished(): readonly number[];
}

/** What the user says about the sources. */
export interface SourceOptions {
  /** Guessed from the content where it is left out. */
  readonly from?: ImportFormat;
  readonly domain?: string;
}

/** What sources are read with, beside what the user says. */
export interface SourceCircumstances {
  readonly signal: AbortSignal;
  /** The time of the import. */
  readonly at: string;
  /** The project of a folder that a session names. */
  readonly projectOf: (folder: string) => string | undefined;
}

/** Results of tau-bench and trajectories are one JSON text, and read whole. */
const MAX_DOCUMENT_BYTES = 400_000_000;
/** How far a source is looked into before it is said to hold no JSON lines. */
const HEAD_BYTES = 65_536;

/** Looks into a source without importing anything. @throws `INVALID_INPUT` that names the file */
export async function openSource(
  name: string,
  options: SourceOptions,
  circumstances: SourceCircumstances,
): Promise<ImportSource> {
  const sizeBytes = name === '-' ? undefined : await regularSize(name);
  const head = await headOf(
    name === '-' ? interruptible(process.stdin, circumstances.signal) : translated(name, createReadStream(name)),
  );
  const format = options.from ?? formatOf(name, head.text);
  if (options.domain !== undefined && format !== 'tau-bench') {
    throw new MemoryError('INVALID_INPUT', `${name}: --domain goes with tau-bench files; JSON lines name their own.`);
  }
  if (format === 'tau-bench' || format === 'swe-agent') {
    const value = parsed(name, await textOf(name, head.all()));
    return documentSource(name, format === 'tau-bench' ? tauBench(name, value, options) : sweAgent(name, value));
  }
  // A pipe gives its bytes once; a file is read again when its turn comes, and nothing of it is held until then.
  if (sizeBytes !== undefined) await head.close();
  if (!looksLikeJsonLines(head.text)) {
    throw new MemoryError('INVALID_INPUT', `${name}: is not JSON; write one object a line, as episode export does.`);
  }
  const bytes = sizeBytes === undefined ? head.all : () => translated(name, createReadStream(name));
  return lineSource({ name, sizeBytes, bytes, format }, circumstances);
}

/** A folder stands for the sessions and trajectories below it; other names stand for themselves. */
export async function filesOf(name: string, { from }: SourceOptions): Promise<readonly string[]> {
  if (name === '-' || !(await isFolder(name))) return [name];
  const extensions = from === 'swe-agent' ? ['.traj'] : from === undefined ? ['.jsonl', '.traj'] : ['.jsonl'];
  const found: string[] = [];
  try {
    for await (const entry of await opendir(name, { recursive: true })) {
      if (entry.isFile() && extensions.includes(extname(entry.name))) found.push(join(entry.parentPath, entry.name));
    }
  } catch (cause) {
    throw fileError(name, cause);
  }
  if (found.length > 0) return found.sort();
  throw new MemoryError(
    'INVALID_INPUT',
    `${name}: is a folder, not a file, and without ${extensions.join(' or ')} files below it.`,
  );
}

/** Whether a name stands for the files below it. A missing one is told when it is opened. */
export async function isFolder(name: string): Promise<boolean> {
  return name !== '-' && (await stat(name).catch(() => undefined))?.isDirectory() === true;
}

function formatOf(name: string, head: string): ImportFormat {
  if (/^\s*\[/u.test(head)) return 'tau-bench';
  if (extname(name) === '.traj' || TRAJECTORY.test(head)) return 'swe-agent';
  // Where not even the first line ends within the head, how it begins must do.
  return head.split('\n').some((line) => isClaudeCode(objectIn(line))) || SESSION_START.test(head)
    ? 'claude-code'
    : 'generic';
}

const TRAJECTORY = /^\s*\{\s*"(?:environment|trajectory|history|info|replay_config)"\s*:/u;
const SESSION_START =
  /^\s*\{\s*"(?:(?:parentUuid|logicalParentUuid|isSidechain|sessionId)"|type"\s*:\s*"(?:user|assistant|system|summary)")/u;

interface Documents {
  readonly count: number;
  readonly records: Iterable<unknown>;
}

function documentSource(name: string, { count, records }: Documents): ImportSource {
  let read = 0;
  function* counted(): Generator<unknown> {
    for (const record of records) {
      read += 1;
      yield record;
    }
  }
  return { name, records: counted, readShare: () => Math.min(1, read / Math.max(1, count)), unfinished: () => [] };
}

function tauBench(name: string, value: unknown, options: SourceOptions): Documents {
  if (!isTauBench(value)) {
    throw new MemoryError(
      'INVALID_INPUT',
      `${name}: is no array of tau-bench runs; write episodes as one JSON object a line, as episode export does.`,
    );
  }
  const domain = options.domain ?? /airline|retail/iu.exec(basename(name))?.[0].toLowerCase();
  return { count: value.length, records: readTauBench(value, domain) };
}

function sweAgent(name: string, value: unknown): Documents {
  if (!isSweAgent(value)) {
    throw new MemoryError(
      'INVALID_INPUT',
      `${name}: is no SWE-agent trajectory: it has neither trajectory nor history.`,
    );
  }
  return { count: 1, records: readSweAgent(value) };
}

interface Lines {
  readonly name: string;
  readonly sizeBytes: number | undefined;
  readonly bytes: () => AsyncIterable<Uint8Array>;
  readonly format: 'generic' | 'claude-code';
}

function lineSource({ name, sizeBytes, bytes, format }: Lines, { at, projectOf }: SourceCircumstances): ImportSource {
  let readBytes = 0;
  const unfinished: number[] = [];
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes()) {
      readBytes += chunk.length;
      yield chunk;
    }
  }
  const onUnfinished = (position: number) => void unfinished.push(position);
  return {
    name,
    records() {
      const lines = readJsonLines(linesOf(chunks(), LIMITS.importLineBytes));
      return format === 'generic' ? lines : readClaudeCode(lines, { at, projectOf, onUnfinished });
    },
    readShare: () => (sizeBytes === undefined ? undefined : readBytes / Math.max(1, sizeBytes)),
    unfinished: () => unfinished,
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
  return start === '' || start.startsWith('{') || start.split('\n').some((line) => objectIn(line) !== undefined);
}

/** The object that a line holds; nothing where it holds none. */
function objectIn(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Not JSON: that is the answer.
    return undefined;
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
    if (sizeBytes > MAX_DOCUMENT_BYTES) {
      const limit = MAX_DOCUMENT_BYTES.toLocaleString('en');
      throw new MemoryError('LIMIT_EXCEEDED', `${name}: is larger than ${limit} bytes; split it.`);
    }
    parts.push(chunk);
  }
  return new TextDecoder().decode(Buffer.concat(parts));
}

function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MemoryError('INVALID_INPUT', `${name}: is not JSON: ${reason.split('\n', 1)}.`, { cause });
  }
}
