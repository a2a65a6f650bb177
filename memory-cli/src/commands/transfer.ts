// episode import and episode export: files of episodes in, and out.
import { randomBytes } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ImportReceipt, type Memory, MemoryError } from '@episodica/memory-core';
import { SOME_FAILED } from '../exit-codes.ts';
import { type Invocation, useMemory } from '../open.ts';
import { onOneLine, print, writeOut } from '../output.ts';
import { fileError } from './file-error.ts';
import { type FilterOptions, toEpisodeFilter } from './filter.ts';
import { type ImportSource, openSource, type SourceOptions } from './import-source.ts';

/** Flags of `episode import`. */
export interface ImportOptions extends SourceOptions {
  readonly project?: string;
  readonly force?: boolean;
}

/** Flags of `episode export`. */
export type ExportOptions = FilterOptions;

interface ImportResult {
  readonly imported: number;
  readonly known: number;
  readonly forgotten: number;
  readonly failed: readonly { readonly file: string; readonly line: number; readonly message: string }[];
  readonly failed_count: number;
}

/** Milliseconds between two looks of the progress line. */
const PROGRESS_MS = 100;

/** Imports every file, or none when one of them cannot be what it should. */
export async function importFiles(
  invocation: Invocation,
  files: readonly string[],
  options: ImportOptions,
): Promise<number> {
  if (files.filter((file) => file === '-').length > 1) {
    throw new MemoryError('INVALID_INPUT', 'FILE: standard input (-) can be read once only.');
  }
  const sources: ImportSource[] = [];
  for (const file of files) sources.push(await openSource(file, options));
  const result = await useMemory(invocation, async ({ memory }) => {
    let sum: ImportResult = { imported: 0, known: 0, forgotten: 0, failed: [], failed_count: 0 };
    for (const source of sources) sum = added(sum, source.name, await importOne(memory, source, invocation, options));
    return sum;
  });
  for (const { file, line, message } of result.failed) {
    // Quoted from the file, so not to be trusted with a terminal.
    process.stderr.write(`${file}:${line}: ${onOneLine(message)}\n`);
  }
  const untold = result.failed_count - result.failed.length;
  if (untold > 0) process.stderr.write(`… and ${untold} more that could not be read\n`);
  await print(invocation.format, result, () => importText(result));
  return result.failed_count === 0 ? 0 : SOME_FAILED;
}

async function importOne(
  memory: Memory,
  source: ImportSource,
  { signal }: Invocation,
  { force, project }: ImportOptions,
): Promise<ImportReceipt> {
  if (!process.stderr.isTTY) return memory.importEpisodes(source.records(), { force, project, signal });
  let shownAtMs = 0;
  const onProgress = (soFar: ImportReceipt): void => {
    const nowMs = performance.now();
    if (nowMs - shownAtMs < PROGRESS_MS) return;
    shownAtMs = nowMs;
    const done = soFar.imported + soFar.known + soFar.forgotten + soFar.failedCount;
    process.stderr.write(`\r${basename(source.name)}: ${done} read, ${soFar.imported} imported`);
  };
  try {
    return await memory.importEpisodes(source.records(), { force, project, signal, onProgress });
  } finally {
    // Takes the progress line away.
    process.stderr.write('\r\u001b[K');
  }
}

function added(sum: ImportResult, file: string, receipt: ImportReceipt): ImportResult {
  return {
    imported: sum.imported + receipt.imported,
    known: sum.known + receipt.known,
    forgotten: sum.forgotten + receipt.forgotten,
    failed: [...sum.failed, ...receipt.failed.map(({ position, message }) => ({ file, line: position, message }))],
    failed_count: sum.failed_count + receipt.failedCount,
  };
}

function importText({ imported, known, forgotten, failed_count }: ImportResult): string {
  const parts = [
    `${imported} imported`,
    ...(known === 0 ? [] : [`${known} known already`]),
    ...(forgotten === 0 ? [] : [`${forgotten} forgotten earlier and left out (--force brings them back)`]),
    ...(failed_count === 0 ? [] : [`${failed_count} could not be read`]),
  ];
  return `${imported === 0 && known > 0 ? 'Nothing changed: ' : ''}${parts.join(', ')}.`;
}

/** Writes the episodes, one a line: to standard output, or whole to a file that then takes the place of the old one. */
export async function exportTo(
  invocation: Invocation,
  given: string | undefined,
  options: ExportOptions,
): Promise<number> {
  const file = given === '-' ? undefined : given;
  if (file !== undefined) await refuseOtherThanFile(file);
  const count = await useMemory(invocation, async ({ memory }) => {
    const lines = exportedLines(memory, invocation, options);
    if (file === undefined) {
      for await (const line of lines.texts) await writeOut(line);
    } else await writeWhole(file, lines.texts);
    return lines.count();
  });
  if (file === undefined) return 0;
  await print(invocation.format, { file, episodes: count }, () => `${count} episodes written to ${file}.`);
  return 0;
}

function exportedLines(
  memory: Memory,
  { signal }: Invocation,
  options: ExportOptions,
): { readonly texts: AsyncIterable<string>; count(): number } {
  const filter = {
    ...toEpisodeFilter(options, undefined),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  };
  let count = 0;
  async function* texts(): AsyncGenerator<string> {
    for await (const record of memory.exportEpisodes(filter, { signal })) {
      count += 1;
      yield `${JSON.stringify(record)}\n`;
    }
  }
  return { texts: texts(), count: () => count };
}

async function refuseOtherThanFile(path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined || there.isFile()) return;
  throw new MemoryError('INVALID_INPUT', `${path}: is no file; leave FILE out to write to standard output.`);
}

/** Either the whole text is in place afterwards, durably, or what was there before. */
async function writeWhole(path: string, texts: AsyncIterable<string>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx', 0o600).catch((cause: unknown) => {
    throw fileError(path, cause);
  });
  try {
    try {
      for await (const text of texts) await handle.write(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw cause instanceof MemoryError ? cause : fileError(path, cause);
  }
}
