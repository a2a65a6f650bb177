// episode import and episode export: files of episodes in, and out.
import { basename } from 'node:path';
import { type ImportReceipt, isMemoryError, type Memory, MemoryError } from '@episodica/memory-core';
import { SOME_FAILED } from '../exit-codes.ts';
import { type Invocation, useMemory, useMemoryToRead } from '../open.ts';
import { onOneLine, print, writeOut } from '../output.ts';
import { progressLine, withElapsed } from '../progress.ts';
import { type FilterOptions, toEpisodeFilter } from './filter.ts';
import {
  filesOf,
  type ImportSource,
  isFolder,
  openSource,
  type SourceCircumstances,
  type SourceOptions,
} from './import-source.ts';
import { projectFinder } from './session-project.ts';
import { refuseOtherThanFile, writeWhole } from './whole-file.ts';

/** Flags of `episode import`. */
export interface ImportOptions extends SourceOptions {
  readonly project?: string;
  readonly force?: boolean;
}

interface ImportResult {
  readonly imported: number;
  readonly known: number;
  readonly forgotten: number;
  readonly recommendations: number;
  readonly tombstones: number;
  readonly failed: readonly { readonly file: string; readonly line: number; readonly message: string }[];
  readonly failed_count: number;
  /** Requests that may still be worked on; absent where there is none. */
  readonly unfinished?: number;
}

/** Failures told of all files together. */
const MAX_FAILURES_TOLD = 1_000;

const NOTHING: ImportResult = {
  imported: 0,
  known: 0,
  forgotten: 0,
  recommendations: 0,
  tombstones: 0,
  failed: [],
  failed_count: 0,
};

/**
 * Imports every file, or none when one of them cannot be what it should. Of a folder, each file below it is looked
 * into when its turn comes, and one that cannot be read harms no other.
 */
export async function importFiles(
  invocation: Invocation,
  files: readonly string[],
  options: ImportOptions,
): Promise<number> {
  if (files.filter((file) => file === '-').length > 1) {
    throw new MemoryError('INVALID_INPUT', 'FILE: standard input (-) can be read once only.');
  }
  const { project } = options;
  const { signal } = invocation;
  const at = new Date().toISOString();
  const circumstances = { signal, at, projectOf: project === undefined ? projectFinder() : () => project };
  const sources: (ImportSource | LaterSource)[] = [];
  for (const file of files) {
    if (!(await isFolder(file))) sources.push(await openSource(file, options, circumstances));
    else sources.push(...(await filesOf(file, options)).map((name) => ({ name })));
  }
  const result = await useMemory(invocation, async ({ memory }) => {
    let sum = NOTHING;
    for (const source of sources) {
      const opened = 'records' in source ? source : await openedNow(source, options, circumstances);
      sum = 'failed' in opened ? added(sum, opened) : added(sum, await importOne(memory, opened, invocation, options));
    }
    if (sum.imported > 0) await catchUp(memory, invocation);
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

/** Vectors are made before the program ends, as there may be no other to make them. */
async function catchUp(memory: Memory, { signal, warn }: Invocation): Promise<void> {
  try {
    await withElapsed('vectors', () => memory.catchUp({ signal }));
  } catch (error) {
    if (!isMemoryError(error) || error.code !== 'EMBEDDER_FAILED') throw error;
    warn(`What was imported is stored, and found by its words; its vectors follow later: ${error.message}`);
  }
}

/** A file below a folder, to be looked into when its turn comes. */
interface LaterSource {
  readonly name: string;
}

async function openedNow(
  { name }: LaterSource,
  options: SourceOptions,
  circumstances: SourceCircumstances,
): Promise<ImportSource | ImportResult> {
  try {
    return await openSource(name, options, circumstances);
  } catch (error) {
    if (!isMemoryError(error) || (error.code !== 'INVALID_INPUT' && error.code !== 'LIMIT_EXCEEDED')) throw error;
    const message = error.message.replace(`${name}: `, '');
    return { ...NOTHING, failed: [{ file: name, line: 1, message }], failed_count: 1 };
  }
}

async function importOne(
  memory: Memory,
  source: ImportSource,
  { signal }: Invocation,
  { force, project }: ImportOptions,
): Promise<ImportResult> {
  const line = progressLine(basename(source.name));
  const onProgress = (soFar: ImportReceipt): void => {
    const done = soFar.imported + soFar.known + soFar.forgotten + soFar.failedCount;
    line.show(() => ({ text: `${done} read, ${soFar.imported} imported`, done, share: source.readShare() }));
  };
  try {
    const options = { force, project, signal, onProgress };
    return toResult(source, await memory.importEpisodes(source.records(), options));
  } finally {
    line.clear();
  }
}

function toResult(source: ImportSource, { failed, failedCount, ...counts }: ImportReceipt): ImportResult {
  const unfinished = source.unfinished().length;
  return {
    ...counts,
    failed: failed.map(({ position, message }) => ({ file: source.name, line: position, message })),
    failed_count: failedCount,
    ...(unfinished === 0 ? {} : { unfinished }),
  };
}

function added(sum: ImportResult, one: ImportResult): ImportResult {
  const unfinished = (sum.unfinished ?? 0) + (one.unfinished ?? 0);
  return {
    imported: sum.imported + one.imported,
    known: sum.known + one.known,
    forgotten: sum.forgotten + one.forgotten,
    recommendations: sum.recommendations + one.recommendations,
    tombstones: sum.tombstones + one.tombstones,
    failed: [...sum.failed, ...one.failed].slice(0, MAX_FAILURES_TOLD),
    failed_count: sum.failed_count + one.failed_count,
    ...(unfinished === 0 ? {} : { unfinished }),
  };
}

function importText(result: ImportResult): string {
  const { imported, known, forgotten, recommendations, tombstones, failed_count, unfinished } = result;
  const isNew = imported + recommendations + tombstones > 0;
  const parts = [
    `${imported} imported`,
    ...(known === 0 ? [] : [`${known} known already`]),
    ...(forgotten === 0 ? [] : [`${forgotten} forgotten earlier and left out (--force brings them back)`]),
    ...(recommendations === 0 ? [] : [`${recommendations} recommendations`]),
    ...(tombstones === 0 ? [] : [`${tombstones} tombstones`]),
    ...(failed_count === 0 ? [] : [`${failed_count} could not be read`]),
    ...(unfinished === undefined ? [] : [`${unfinished} may still be worked on (import again later)`]),
  ];
  return `${!isNew && known > 0 ? 'Nothing changed: ' : ''}${parts.join(', ')}.`;
}

/** Writes the episodes, one a line: to standard output, or whole to a file that then takes the place of the old one. */
export async function exportTo(
  invocation: Invocation,
  given: string | undefined,
  options: FilterOptions,
): Promise<number> {
  const file = given === '-' ? undefined : given;
  if (file !== undefined) await refuseOtherThanFile(file, 'leave FILE out to write to standard output');
  const episodes = await useMemoryToRead(invocation, async ({ memory, store }) => {
    // Counting costs a look at every row: only where somebody sees the share.
    const total = process.stderr.isTTY && isEverything(options) ? (await store?.stats())?.counts.episode : undefined;
    const exported = exportedLines(memory, { invocation, options, total });
    try {
      if (file === undefined) {
        for await (const line of exported.texts) await writeOut(line);
      } else await writeWhole(file, exported.texts);
      return exported.count();
    } finally {
      exported.clear();
    }
  });
  if (file === undefined) return 0;
  await print(invocation.format, { file, episodes }, () => `${episodes} episodes written to ${file}.`);
  return 0;
}

function isEverything({ allProjects: _allProjects, ...narrowing }: FilterOptions): boolean {
  return Object.values(narrowing).every((value) => value === undefined);
}

interface Exported {
  readonly texts: AsyncIterable<string>;
  /** Episodes written so far. */
  count(): number;
  /** Takes the progress line away. */
  clear(): void;
}

function exportedLines(
  memory: Memory,
  {
    invocation: { signal },
    options,
    total,
  }: { readonly invocation: Invocation; readonly options: FilterOptions; readonly total: number | undefined },
): Exported {
  const filter = {
    ...toEpisodeFilter(options, undefined),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  };
  const line = progressLine('export');
  let episodes = 0;
  async function* texts(): AsyncGenerator<string> {
    for await (const record of memory.exportEpisodes(filter, { signal })) {
      if (!('type' in record)) episodes += 1;
      yield `${JSON.stringify(record)}\n`;
      const share = total === undefined ? undefined : episodes / Math.max(1, total);
      line.show(() => ({ text: `${episodes} episodes written`, done: episodes, share }));
    }
  }
  return { texts: texts(), count: () => episodes, clear: () => line.clear() };
}
