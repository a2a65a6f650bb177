// logs tail, search and stats: what the programs wrote into their log, over all its files, while they go on writing.
import { styleText } from 'node:util';
import { MemoryError, throwIfAborted } from '@episodica/memory-core';
import { examineConfig, logPathOf, originText } from '@episodica/memory-core/config';
import {
  followLog,
  LOG_LEVELS,
  type LogLevel,
  type LogRecord,
  type LogSnapshot,
  type LogStatistics,
  logStatistics,
  openLog,
} from '@episodica/memory-core/log';
import { type Invocation, surroundingsOf } from '../open.ts';
import {
  exactLocalTime,
  jsonLine,
  note,
  onOneLine,
  print,
  rendered,
  table,
  terminalWidth,
  writeOut,
} from '../output.ts';
import { bytesText, countText } from './amounts.ts';
import { areKnown, noteProblems, problemError } from './config-problems.ts';
import { fileError } from './file-error.ts';
import { toMoment } from './since.ts';

/** Which lines. */
interface RecordFilter {
  /** That one and what is more serious. */
  readonly level?: LogLevel;
  readonly program?: string;
}

export interface TailOptions extends RecordFilter {
  readonly limit: number;
  readonly follow?: boolean;
}

export interface SearchOptions extends RecordFilter {
  readonly request?: string;
  readonly tool?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
}

export interface StatsOptions {
  readonly since?: string;
}

/** The newest lines, and with `--follow` those that come until the command is interrupted. */
export async function tail(invocation: Invocation, { limit, follow, ...filter }: TailOptions): Promise<number> {
  const path = await logPath(invocation);
  const isWanted = wanted(filter);
  const show = shower(invocation);
  const from = await withLog(path, invocation, async (log) => {
    for (const record of (await newest(log, { isWanted, count: limit, invocation })).reverse()) await show(record);
    if (follow !== true) tellEmpty(log, { path, invocation });
    return log.end;
  });
  if (follow !== true) return 0;
  for await (const record of followLog(path, { from, signal: invocation.signal })) {
    if (isWanted(record)) await show(record);
  }
  return 0;
}

/** The newest lines that fit, the oldest of them first. */
export async function search(
  invocation: Invocation,
  text: string | undefined,
  options: SearchOptions,
): Promise<number> {
  const { limit, ...filter } = options;
  const isWanted = wanted(filter, { text, nowMs: Date.now() });
  const path = await logPath(invocation);
  const show = shower(invocation);
  return withLog(path, invocation, async (log) => {
    const found = await newest(log, { isWanted, count: limit + 1, invocation });
    for (const record of found.slice(0, limit).reverse()) await show(record);
    if (found.length > limit) note('hint', `these are the newest ${limit}; --limit shows more`);
    else if (found.length === 0 && invocation.format === 'human') note('hint', `nothing in ${path} fits`);
    return 0;
  });
}

/** What there is, by level, program, message and tool. */
export async function stats(invocation: Invocation, { since }: StatsOptions): Promise<number> {
  const sinceMs = since === undefined ? -Infinity : toMoment('--since', since, Date.now());
  const path = await logPath(invocation);
  return withLog(path, invocation, async (log) => {
    const statistics = logStatistics();
    for await (const record of log.records('oldest')) {
      throwIfAborted(invocation.signal);
      if (record.time >= sinceMs) statistics.add(record);
    }
    const counted = statistics.result();
    const result = statsResult(counted, { path, log });
    await print(invocation.format, result, () => statsText(result));
    return 0;
  });
}

/** Looking at the log is not noted in it, and is possible with other settings that are wrong. @throws `NOT_SUPPORTED` where there is none */
async function logPath(invocation: Invocation): Promise<string> {
  const { config, refused: problems } = await examineConfig(surroundingsOf(invocation));
  if (!areKnown(['MEMORY_DATA_DIR', 'MEMORY_LOG_FILE'], problems)) throw problemError(problems);
  if (problems.length > 0 && invocation.format === 'human') noteProblems(problems);
  const { values, origins } = config;
  const path = logPathOf(values);
  if (path !== undefined) return path;
  const told = `There is no log file: MEMORY_LOG_FILE (${originText(origins.MEMORY_LOG_FILE)}) is stderr. Unset it, or name a file.`;
  throw new MemoryError('NOT_SUPPORTED', told);
}

async function withLog<T>(path: string, { warn }: Invocation, work: (log: LogSnapshot) => Promise<T>): Promise<T> {
  const log = await openLog(path).catch((error: unknown) => {
    throw fileError(path, error);
  });
  for (const { path: place, code } of log.unreadable) warn(`${place} cannot be read (${code}) and is left out`);
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}

function tellEmpty(
  { files, unreadable }: LogSnapshot,
  { path, invocation }: { readonly path: string; readonly invocation: Invocation },
) {
  if (files.length + unreadable.length === 0 && invocation.format === 'human')
    note('hint', `nothing is logged in ${path} yet`);
}

type IsWanted = (record: LogRecord) => boolean;

function wanted(
  { level, program, request, tool, since, until }: RecordFilter & Partial<SearchOptions>,
  { text, nowMs }: { readonly text?: string | undefined; readonly nowMs: number } = { nowMs: 0 },
): IsWanted {
  const least = level === undefined ? -Infinity : LOG_LEVELS[level];
  const sinceMs = since === undefined ? -Infinity : toMoment('--since', since, nowMs);
  const untilMs = until === undefined ? Infinity : toMoment('--until', until, nowMs);
  const sought = text?.toLowerCase();
  return (record) =>
    record.level >= least &&
    record.time >= sinceMs &&
    record.time < untilMs &&
    (program === undefined || record.program === program) &&
    (request === undefined || record.request === request) &&
    (tool === undefined || record.tool === tool) &&
    (sought === undefined || [record.msg, JSON.stringify(record)].some((each) => each.toLowerCase().includes(sought)));
}

interface Newest {
  readonly isWanted: IsWanted;
  readonly count: number;
  readonly invocation: Invocation;
}

/** The newest first. */
async function newest(log: LogSnapshot, { isWanted, count, invocation }: Newest): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  if (count === 0) return found;
  for await (const record of log.records('newest')) {
    throwIfAborted(invocation.signal);
    if (isWanted(record)) found.push(record);
    if (found.length === count) break;
  }
  return found;
}

/** One at a time: a line of words, a line of JSON, or a document of YAML. */
function shower({ format }: Invocation): (record: LogRecord) => Promise<void> {
  return async (record) => {
    if (format === 'human') await writeOut(`${recordText(record)}\n`);
    else if (format === 'json') await writeOut(jsonLine(record));
    else await writeOut(`---\n${await rendered(format, record, () => '')}\n`);
  };
}

/** Shown in places of their own. */
const PLACED = new Set(['level', 'time', 'program', 'pid', 'request', 'msg']);

function recordText(record: LogRecord): string {
  const { level, time, program, pid, request, msg } = record;
  const fields = Object.entries(record).filter(([name]) => !PLACED.has(name));
  const text = [
    exactLocalTime(new Date(time).toISOString()).slice(0, TIME_CHARACTERS),
    levelName(level).toUpperCase().padEnd(5),
    `${program}[${pid}]`,
    ...(request === undefined ? [] : [request]),
    msg,
    ...fields.map(([name, value]) => `${name}=${fieldText(value)}`),
  ];
  const line = onOneLine(text.join(' '));
  const colour = level >= LOG_LEVELS.error ? 'red' : level >= LOG_LEVELS.warn ? 'yellow' : undefined;
  if (level < LOG_LEVELS.info) return styleText('dim', line, { stream: process.stdout });
  return colour === undefined ? line : styleText(colour, line, { stream: process.stdout });
}

/** Without the distance from UTC. */
const TIME_CHARACTERS = '2026-01-31 08:05:09.123'.length;

function levelName(level: number): string {
  return Object.entries(LOG_LEVELS).find(([, each]) => each === level)?.[0] ?? String(level);
}

/** An error as what it is and where it was thrown; all of it is in JSON and YAML. */
function fieldText(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/u.test(value) ? value : JSON.stringify(value);
  if (typeof value !== 'object' || value === null || !('type' in value)) return JSON.stringify(value);
  const { type, code, message, stack } = value as Readonly<Record<string, unknown>>;
  const [place] = typeof stack === 'string' ? stack.split('\n') : [];
  const parts = [[type, code].filter((each) => each !== undefined).join(' '), message, place?.trim()];
  return JSON.stringify(parts.filter((each) => each !== undefined).join(': '));
}

/** Messages in a summary. */
const MAX_MESSAGES = 10;

type StatsResult = ReturnType<typeof statsResult>;

function statsResult(counted: LogStatistics, { path, log }: { readonly path: string; readonly log: LogSnapshot }) {
  return {
    path,
    files: log.files.length,
    bytes: log.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    lines: counted.lines,
    first_at: timeOf(counted.firstMs),
    last_at: timeOf(counted.lastMs),
    levels: Object.fromEntries(counted.levels.map(({ level, count }) => [levelName(level), count])),
    programs: Object.fromEntries(counted.programs.map(({ program, count }) => [program, count])),
    messages: counted.messages
      .slice(0, MAX_MESSAGES)
      .map(({ message, level, count }) => ({ message, level: levelName(level), count })),
    tools: counted.tools.map(({ tool, calls, outcomes, p50Ms, p95Ms, p99Ms }) => ({
      tool,
      calls,
      outcomes,
      p50_ms: rounded(p50Ms),
      p95_ms: rounded(p95Ms),
      p99_ms: rounded(p99Ms),
    })),
    dropped_lines: counted.dropped,
    damaged_lines: log.damaged(),
  };
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

function rounded(ms: number): number {
  return Number(ms.toPrecision(3));
}

function statsText(result: StatsResult): string {
  const { path, files, bytes, lines, first_at, last_at, levels, programs, messages, tools } = result;
  const { dropped_lines: dropped, damaged_lines: damaged } = result;
  const span =
    first_at === null || last_at === null ? '' : `, ${exactLocalTime(first_at)} to ${exactLocalTime(last_at)}`;
  const width = terminalWidth();
  const counts = (counted: Readonly<Record<string, number>>): string =>
    Object.entries(counted)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const callRows = tools.map(({ tool, calls, outcomes, p50_ms, p95_ms, p99_ms }) => [
    tool,
    ...[calls, p50_ms, p95_ms, p99_ms].map(String),
    counts(outcomes),
  ]);
  return [
    `${path}: ${countText(lines, 'line')} in ${countText(files, 'file')}, ${bytesText(bytes)}${onOneLine(span)}`,
    ...(lines === 0 ? [] : [`By level: ${counts(levels)}`, `By program: ${counts(programs)}`].map(onOneLine)),
    ...(dropped === 0 ? [] : [`Lost, as they could not be written: ${dropped} lines`]),
    ...(damaged === 0 ? [] : [`Passed over, as torn or of somebody else: ${damaged} lines`]),
    ...(messages.length === 0 ? [] : ['', table(MESSAGES, messages.map(messageRow), width)]),
    ...(tools.length === 0 ? [] : ['', table(CALLS, callRows, width)]),
  ].join('\n');
}

function messageRow({ message, level, count }: StatsResult['messages'][number]): readonly string[] {
  return [String(count), level, message];
}

const RIGHT = 'right' as const;
const MESSAGES = [{ heading: 'LINES', align: RIGHT }, { heading: 'LEVEL' }, { heading: 'MESSAGE' }];
const CALLS = [
  { heading: 'TOOL' },
  ...['CALLS', 'P50 MS', 'P95 MS', 'P99 MS'].map((heading) => ({ heading, align: RIGHT })),
  { heading: 'OUTCOMES' },
];
