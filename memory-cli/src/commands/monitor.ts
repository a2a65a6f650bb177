// monitor status, metrics, export: what the programs counted, kept across all of them.
import { setTimeout as wait } from 'node:timers/promises';
import { MemoryError } from '@episodica/memory-core';
import { nearestName } from '@episodica/memory-core/config';
import {
  COUNTERS,
  GAUGES,
  type KeptFigures,
  type MetricsSnapshot,
  prometheusText,
  QUANTILE_ERROR,
  TIMERS,
} from '@episodica/memory-core/metrics';
import { type Invocation, isUnicodeTerminal } from '../open.ts';
import { onOneLine, print, rendered, writeOut } from '../output.ts';
import {
  callsByHour,
  callsIn,
  latencies,
  periodsSince,
  readFigures,
  rowsOf,
  summed,
  sumOfCounter,
} from './monitor-figures.ts';
import { storeGlance } from './monitor-store.ts';
import { metricsText, type StatusTold, statusText } from './monitor-text.ts';
import { toMoment } from './since.ts';
import { refuseExisting, refuseOtherThanFile, writeWhole } from './whole-file.ts';

/** Flags of `monitor status`. */
export interface StatusOptions {
  readonly since?: string;
  readonly ascii?: boolean;
  readonly watch?: boolean;
  /** Seconds between two looks of a watch. */
  readonly interval?: number;
}

const HOURS_SHOWN = 24;
const WATCH_SECONDS = 5;

/** Tells all that matters on one screen; with `watch`, until it is interrupted. */
export async function status(invocation: Invocation, options: StatusOptions): Promise<number> {
  const look = (): Promise<StatusTold> => statusNow(invocation, options.since ?? `${HOURS_SHOWN}h`);
  const bars = options.ascii === true || !isUnicodeTerminal() ? 'ascii' : 'unicode';
  const { interval = WATCH_SECONDS } = options;
  if (options.watch !== true) {
    if (options.interval !== undefined) {
      throw new MemoryError('INVALID_INPUT', '--watch: is missing; --interval goes with it.');
    }
    const told = await look();
    await print(invocation.format, told, () => statusText(told, bars));
    return 0;
  }
  if (invocation.format !== 'human' || !process.stdout.isTTY) {
    const advice = 'leave it out, or look at it in a terminal';
    throw new MemoryError('INVALID_INPUT', `--watch: draws on a terminal, and this is none; ${advice}.`);
  }
  while (!invocation.signal.aborted) {
    const text = statusText(await look(), bars);
    await writeOut(`${CLEARED}${text}\n\nEvery ${interval} s; Ctrl-C ends it.\n`);
    // It is interrupted, which is how it ends.
    await wait(interval * 1_000, undefined, { signal: invocation.signal }).catch(() => undefined);
  }
  return 0;
}

/** Steers a terminal to an empty screen. */
const CLEARED = '\u001B[H\u001B[2J';

async function statusNow(invocation: Invocation, since: string): Promise<StatusTold> {
  const nowMs = Date.now();
  const fromMs = toMoment('--since', since, nowMs);
  const store = await storeGlance(invocation);
  const kept = await readFigures(invocation, nowMs);
  const periods = periodsSince(kept.periods, fromMs);
  const sum = summed(periods, []);
  const hits = sumOfCounter(sum, 'cache_reads', ({ result }) => result === 'hit');
  const reads = sumOfCounter(sum, 'cache_reads');
  const runs = latencies(sum, 'sandbox_run');
  return {
    at: new Date(nowMs).toISOString(),
    from: fromOf(periods),
    is_empty: periods.length === 0,
    store,
    running: kept.running.map(({ program, pid, startedAtMs, atMs, gauges }) => {
      const value = (name: string): number | null => gauges.find((gauge) => gauge.name === name)?.value ?? null;
      const delay = gauges.find(({ name, labels }) => name === 'event_loop_delay' && labels.quantile === '0.99');
      return {
        program,
        pid,
        started_at: new Date(startedAtMs).toISOString(),
        at: new Date(atMs).toISOString(),
        calls_running: value('calls_running'),
        calls_waiting: value('calls_waiting'),
        resident_bytes: value('resident_bytes'),
        event_loop_delay_p99_ms: delay === undefined ? null : Math.round(delay.value * 1_000) / 1_000,
      };
    }),
    calls: callsIn(sum),
    calls_by_hour: callsByHour(kept.periods, HOURS_SHOWN, nowMs),
    tools: latencies(sum, 'tool_call'),
    commands: latencies(sum, 'command'),
    verbs: latencies(sum, 'verb'),
    storage: latencies(sum, 'store_operation'),
    cache: { hits, misses: reads - hits, hit_rate: reads === 0 ? null : hits / reads },
    sandbox: { runs: runs.reduce((all, { count }) => all + count, 0), outcomes: runs },
    searches: {
      found: sumOfCounter(sum, 'searches', ({ answer }) => answer === 'found'),
      nothing: sumOfCounter(sum, 'searches', ({ answer }) => answer === 'nothing'),
    },
    quantile_error: QUANTILE_ERROR,
    skipped_files: kept.skipped.length,
  };
}

/** Flags of `monitor metrics`. */
export interface MetricsOptions {
  readonly since?: string;
  readonly program?: string;
}

/** Tells every figure, or those that are named. */
export async function metrics(
  invocation: Invocation,
  names: readonly string[],
  { since, program }: MetricsOptions,
): Promise<number> {
  for (const name of names) refuseUnknown(name);
  const nowMs = Date.now();
  const kept = await readFigures(invocation, nowMs);
  const fromMs = since === undefined ? Number.NEGATIVE_INFINITY : toMoment('--since', since, nowMs);
  const isAsked = (one: { readonly program: string }): boolean => program === undefined || one.program === program;
  const periods = periodsSince(kept.periods, fromMs).filter(isAsked);
  const all = summed(periods, kept.running.filter(isAsked));
  const told = {
    at: new Date(nowMs).toISOString(),
    from: fromOf(periods),
    quantile_error: QUANTILE_ERROR,
    ...rowsOf(names.length === 0 ? all : only(all, names)),
    skipped: kept.skipped,
  };
  await print(invocation.format, told, () => metricsText(told));
  return 0;
}

/** Of what is older than every day that is kept, nobody knows since when it is. */
function fromOf(periods: KeptFigures['periods']): string | null {
  const [first] = periods;
  return first === undefined || first.fromMs === 0 ? null : new Date(first.fromMs).toISOString();
}

function only({ version, counters, timers, gauges }: MetricsSnapshot, names: readonly string[]): MetricsSnapshot {
  const isNamed = ({ name }: { readonly name: string }): boolean => names.includes(name);
  return {
    version,
    counters: counters.filter(isNamed),
    timers: timers.filter(isNamed),
    gauges: gauges.filter(isNamed),
  };
}

function refuseUnknown(name: string): void {
  if ([COUNTERS, TIMERS, GAUGES].some((table) => Object.hasOwn(table, name))) return;
  const known = [COUNTERS, TIMERS, GAUGES].flatMap((table) => Object.keys(table));
  const what = `There is no figure "${onOneLine(name)}"; the nearest name is ${nearestName(name, known)}`;
  throw new MemoryError('INVALID_INPUT', `${what}. "memory-cli monitor metrics" tells those that were counted.`);
}

/** Flags of `monitor export`. */
export interface ExportOptions {
  /** @default as the answer of a command where that is what is written and `--format` is given, else `prometheus` */
  readonly as?: 'prometheus' | 'json';
  readonly output?: string;
  readonly force?: boolean;
}

/** Writes all figures for another program. */
export async function exportFigures(invocation: Invocation, options: ExportOptions): Promise<number> {
  const { output, force } = options;
  if (output === undefined && force === true) {
    throw new MemoryError('INVALID_INPUT', '--output: is missing; --force goes with a file that is written.');
  }
  const { periods, running } = await readFigures(invocation, Date.now());
  const all = summed(periods, running);
  const { format } = invocation;
  const as = options.as ?? (output === undefined && format !== 'human' ? format : 'prometheus');
  const text = as === 'prometheus' ? prometheusText(all) : `${await rendered(as, rowsOf(all), () => '')}\n`;
  if (output === undefined) {
    await writeOut(text);
    return 0;
  }
  await refuseOtherThanFile(output, 'leave --output out to write to standard output');
  if (force !== true) await refuseExisting(output);
  // For the programs of other users: names and numbers are all it holds.
  await writeWhole(output, [text], 0o644);
  const bytes = Buffer.byteLength(text);
  await print(format, { file: output, as, bytes }, () => `${bytes} bytes written to ${onOneLine(output)}.`);
  return 0;
}
