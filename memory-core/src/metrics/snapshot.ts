// All figures at one moment, as plain data: it can be kept as JSON, and added to that of another process or of an
// earlier life of this one.
import { MemoryError } from '../errors.ts';
import { type CounterName, GAUGES, type GaugeName, type TimerName } from './catalogue.ts';
import { type Spread, sumOfSpreads } from './histogram.ts';

/** Rises when the form of a snapshot or the meaning of its buckets changes. */
export const SNAPSHOT_VERSION = 1;

/** Sorted by name, then labels. */
export interface MetricsSnapshot {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly counters: readonly CounterSeries[];
  readonly timers: readonly TimerSeries[];
  readonly gauges: readonly GaugeSeries[];
}

/** What tells series of one figure apart. */
export type Labels = Readonly<Record<string, string>>;

interface Series<N extends string> {
  readonly name: N;
  readonly labels: Labels;
}

/** A sum, with the labels that tell it from others of its name. */
export interface CounterSeries extends Series<CounterName> {
  readonly value: number;
}

/** How long something took, and how often, with its labels. */
export interface TimerSeries extends Series<TimerName>, Spread {}

/** What something stood at, with its labels. */
export interface GaugeSeries extends Series<GaugeName> {
  readonly value: number;
}

/**
 * Both as one: counters and spreads are added; of gauges, sizes are added and of the rest the largest is kept, as the
 * catalogue says.
 * @throws `NOT_SUPPORTED` where one of them has another form, as from another version of this package
 */
export function mergedSnapshots(a: MetricsSnapshot, b: MetricsSnapshot): MetricsSnapshot {
  for (const { version } of [a, b]) {
    if (version === SNAPSHOT_VERSION) continue;
    const message = `Figures of form ${version} cannot be added to those of form ${SNAPSHOT_VERSION}; drop the older.`;
    throw new MemoryError('NOT_SUPPORTED', message);
  }
  return {
    version: SNAPSHOT_VERSION,
    counters: merged(a.counters, b.counters, (one, other) => ({ ...one, value: one.value + other.value })),
    timers: merged(a.timers, b.timers, (one, other) => ({ ...one, ...sumOfSpreads(one, other) })),
    gauges: merged(a.gauges, b.gauges, (one, other) => ({ ...one, value: together(one, other) })),
  };
}

/** Series of one figure; what would be one more goes into a series whose labels are all `other`. */
export const MAX_SERIES = 250;
export const OTHER = 'other';

/** As much in at most `MAX_SERIES` series of a figure, and one for the rest: what many processes counted may be in more. */
export function withFewerSeries({ version, counters, timers, gauges }: MetricsSnapshot): MetricsSnapshot {
  const nothing = { version, counters: [], timers: [], gauges: [] };
  // Several series become one as they are added.
  return mergedSnapshots(nothing, {
    version,
    counters: counters.map(renamedBeyondLimit()),
    timers: timers.map(renamedBeyondLimit()),
    gauges: gauges.map(renamedBeyondLimit()),
  });
}

function renamedBeyondLimit(): <S extends Series<string>>(one: S) => S {
  const counts = new Map<string, number>();
  return (one) => {
    const count = (counts.get(one.name) ?? 0) + 1;
    counts.set(one.name, count);
    if (count <= MAX_SERIES) return one;
    return { ...one, labels: Object.fromEntries(Object.keys(one.labels).map((name) => [name, OTHER])) };
  };
}

/** In the order of snapshots. */
export function sorted<S extends Series<string>>(series: readonly S[]): readonly S[] {
  return series
    .map((one) => ({ one, key: keyOf(one) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ one }) => one);
}

function together({ name, value }: GaugeSeries, other: GaugeSeries): number {
  return GAUGES[name].together === 'sum' ? value + other.value : Math.max(value, other.value);
}

function merged<S extends Series<string>>(
  some: readonly S[],
  others: readonly S[],
  both: (one: S, other: S) => S,
): readonly S[] {
  const byKey = new Map(some.map((one) => [keyOf(one), one]));
  for (const other of others) {
    const one = byKey.get(keyOf(other));
    byKey.set(keyOf(other), one === undefined ? other : both(one, other));
  }
  return sorted([...byKey.values()]);
}

function keyOf({ name, labels }: Series<string>): string {
  return JSON.stringify([name, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
