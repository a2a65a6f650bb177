// What the kept figures say, in rows: sums, latencies, shares and hours. Reads the folder; opens no store.

import { figuresIn } from '@episodica/memory-core/config';
import {
  COUNTERS,
  type CounterName,
  GAUGES,
  type KeptFigures,
  type KeptPeriod,
  keptFigures,
  type Labels,
  type MetricsSnapshot,
  quantileMs,
  type Spread,
  sumOf,
  type TimerName,
} from '@episodica/memory-core/metrics';
import { type Invocation, readSettings } from '../open.ts';

const HOUR_MS = 3_600_000;

/** All that is kept, whichever store it was counted on. @throws `STORE_FAILED` */
export async function readFigures(invocation: Invocation, nowMs: number): Promise<KeptFigures> {
  const { values } = await readSettings(invocation);
  return keptFigures(figuresIn(values.MEMORY_DATA_DIR), { nowMs });
}

/** The periods that reach into this time. */
export function periodsSince(periods: readonly KeptPeriod[], fromMs: number): readonly KeptPeriod[] {
  return periods.filter(({ untilMs }) => untilMs > fromMs);
}

/** Counted together, with what the processes that are there say of themselves. */
export function summed(periods: readonly KeptPeriod[], running: KeptFigures['running']): MetricsSnapshot {
  const counted = sumOf(periods.map(({ snapshot }) => ({ ...snapshot, gauges: [] })));
  return sumOf([counted, ...running.map(({ gauges }) => ({ ...counted, counters: [], timers: [], gauges }))]);
}

/** How durations are spread. */
export interface Latency {
  readonly count: number;
  readonly sum_ms: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

/** Of one series. */
export function latencyOf(spread: Spread): Latency {
  return {
    count: spread.count,
    sum_ms: rounded(spread.sumUs / 1_000),
    p50_ms: rounded(quantileMs(spread, 0.5)),
    p95_ms: rounded(quantileMs(spread, 0.95)),
    p99_ms: rounded(quantileMs(spread, 0.99)),
    max_ms: rounded(spread.maxUs / 1_000),
  };
}

/** The series of a timer by the value of their label, the busiest first. */
export function latencies(snapshot: MetricsSnapshot, timer: TimerName): readonly (Latency & { readonly of: string })[] {
  return snapshot.timers
    .filter(({ name }) => name === timer)
    .map((series) => ({ of: labelText(series.labels), ...latencyOf(series) }))
    .sort((a, b) => b.count - a.count);
}

/** The sum of a counter's series, or of those whose labels are so. */
export function sumOfCounter(
  { counters }: MetricsSnapshot,
  counter: CounterName,
  has: (labels: Labels) => boolean = () => true,
): number {
  return counters.reduce((sum, { name, labels, value }) => (name === counter && has(labels) ? sum + value : sum), 0);
}

/** Calls of tools and commands that ended, and how many of them well. */
export interface Calls {
  readonly calls: number;
  readonly errors: number;
}

/** Of clients and of the terminal together. */
export function callsIn(snapshot: MetricsSnapshot): Calls {
  const isError = ({ outcome }: Labels): boolean => outcome !== 'ok';
  const counters = ['tool_calls', 'commands'] as const;
  return {
    calls: counters.reduce((sum, name) => sum + sumOfCounter(snapshot, name), 0),
    errors: counters.reduce((sum, name) => sum + sumOfCounter(snapshot, name, isError), 0),
  };
}

/** Of each of the last hours, the present one last; 0 where nothing was counted. */
export function callsByHour(periods: readonly KeptPeriod[], hours: number, nowMs: number): readonly Calls[] {
  const current = Math.floor(nowMs / HOUR_MS);
  return Array.from({ length: hours }, (_, index) => {
    const fromMs = (current - hours + 1 + index) * HOUR_MS;
    const own = periods.filter((period) => period.fromMs === fromMs && period.untilMs === fromMs + HOUR_MS);
    return callsIn(sumOf(own.map(({ snapshot }) => snapshot)));
  });
}

/** A row of any figure. */
export interface FigureRow {
  readonly name: string;
  readonly labels: Labels;
  readonly unit: string;
}

/** Every figure as rows; of a timer, with its latencies. */
export function rowsOf({ counters, timers, gauges }: MetricsSnapshot): {
  readonly counters: readonly (FigureRow & { readonly value: number })[];
  readonly timers: readonly (FigureRow & Latency)[];
  readonly gauges: readonly (FigureRow & { readonly value: number })[];
} {
  return {
    counters: counters.map((series) => ({ ...series, unit: COUNTERS[series.name].unit })),
    timers: timers.map((series) => ({ name: series.name, labels: series.labels, unit: 'ms', ...latencyOf(series) })),
    gauges: gauges.map((series) => ({ ...series, value: rounded(series.value), unit: GAUGES[series.name].unit })),
  };
}

/** The values of the labels. */
export function labelText(labels: Labels): string {
  return Object.values(labels).join(' ');
}

/** To the microsecond: below that it is noise. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
