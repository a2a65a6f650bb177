// Keeps the figures of one process. Not prom-client: the core has few dependencies, and what several processes of one
// user counted, each of which lives for an hour, must be added to one; its summaries cannot be.
import { AMOUNT, checkOptions } from '../options.ts';
import type { Metrics } from '../ports/metrics.ts';
import { COUNTERS, type GaugeName, type LabelsOf, TIMERS } from './catalogue.ts';
import { histogram } from './histogram.ts';
import {
  type GaugeSeries,
  type Labels,
  MAX_SERIES,
  type MetricsSnapshot,
  OTHER,
  SNAPSHOT_VERSION,
  sorted,
} from './snapshot.ts';

/** What a gauge stands at: a number, several with their labels, or nothing where nobody can say. */
export type GaugeReading<N extends GaugeName> =
  | number
  | undefined
  | readonly { readonly labels: LabelsOf<N>; readonly value: number }[];

/**
 * Takes figures, and gives them.
 *
 * @example
 * const metrics = metricsRegistry();
 * const memory = openMemory({ store: measuredStore(store, metrics), cache: measuredCache(cache, metrics) });
 * metrics.gauge('resident_bytes', () => process.memoryUsage.rss());
 * // Later, as often as somebody asks:
 * const text = prometheusText(await metrics.snapshot());
 */
export interface MetricsRegistry extends Metrics {
  /** `read` is called when a snapshot is taken; it takes the place of who read this gauge before. */
  gauge<N extends GaugeName>(name: N, read: () => GaugeReading<N> | Promise<GaugeReading<N>>): void;
  /**
   * All that was counted, and what the gauges stand at now. A gauge that cannot be read, or not in time, is left out.
   * Never rejects.
   */
  snapshot(): Promise<MetricsSnapshot>;
  /** All that was counted, at once: a snapshot without gauges. */
  counted(): MetricsSnapshot;
}

/** How long a snapshot may take. */
export interface RegistryOptions {
  /** How long a snapshot waits for its gauges. @default 1000 */
  readonly gaugeTimeoutMs?: number;
}

const MAX_LABEL_CHARACTERS = 64;

/**
 * Counts from nothing.
 * @throws `INVALID_INPUT` for options that cannot be meant
 */
export function metricsRegistry(options: RegistryOptions = {}): MetricsRegistry {
  checkOptions('metricsRegistry', options, { gaugeTimeoutMs: AMOUNT });
  const { gaugeTimeoutMs = 1_000 } = options;
  const counters = figures(COUNTERS, () => ({ value: 0 }));
  const timers = figures(TIMERS, histogram);
  const gauges = new Map<GaugeName, () => GaugeReading<GaugeName> | Promise<GaugeReading<GaugeName>>>();

  function folded(figure: string): void {
    const held = counters.at('records_folded', { figure }, () => {});
    if (held !== undefined) held.value += 1;
  }

  const counted = (): MetricsSnapshot => ({
    version: SNAPSHOT_VERSION,
    counters: sorted(counters.all().map(({ held, ...series }) => ({ ...series, value: held.value }))),
    timers: sorted(timers.all().map(({ held, ...series }) => ({ ...series, ...held.spread() }))),
    gauges: [],
  });

  return {
    counted,
    count(counter, labels, by = 1) {
      const held = counters.at(counter, labels, folded);
      if (held !== undefined) held.value += by;
    },
    time: (timer, labels, ms) => timers.at(timer, labels, folded)?.add(ms),
    gauge: (name, read) => void gauges.set(name, read),
    async snapshot() {
      const readings = [...gauges].map(([name, read]) => seriesOf({ name, read, timeoutMs: gaugeTimeoutMs }));
      const read = (await Promise.all(readings)).flat();
      return { ...counted(), gauges: sorted(read) };
    },
  };
}

interface Figure<H> {
  readonly labelNames: readonly string[];
  /** By the values of their labels, in the order of the names. */
  readonly series: Map<string, { readonly labels: Labels; readonly held: H }>;
}

interface Figures<N extends string, H> {
  /** Where a record with these labels goes; nothing where the catalogue has no such figure. */
  at(name: N, labels: Labels | undefined, onFolded: (figure: string) => void): H | undefined;
  all(): readonly { readonly name: N; readonly labels: Labels; readonly held: H }[];
}

function figures<N extends string, H>(
  catalogue: Readonly<Record<N, { readonly labels: readonly string[] }>>,
  empty: () => H,
): Figures<N, H> {
  // The catalogue has these names and no others.
  const names = Object.keys(catalogue) as N[];
  const byName = new Map<N, Figure<H>>(
    names.map((name) => [name, { labelNames: catalogue[name].labels, series: new Map() }]),
  );
  return {
    at(name, labels, onFolded) {
      const figure = byName.get(name);
      if (figure === undefined) return undefined;
      const { labelNames, series } = figure;
      const key = keyOf(labelNames, labels);
      const known = series.get(key);
      if (known !== undefined) return known.held;
      const isFull = series.size >= MAX_SERIES;
      if (isFull) onFolded(name);
      const values = isFull ? labelNames.map(() => OTHER) : key.split(SEPARATOR);
      const target = isFull ? values.join(SEPARATOR) : key;
      const held = series.get(target)?.held ?? empty();
      series.set(target, {
        labels: Object.fromEntries(labelNames.map((label, at) => [label, values[at] ?? ''])),
        held,
      });
      return held;
    },
    all: () =>
      [...byName].flatMap(([name, { series }]) =>
        [...series.values()].map(({ labels, held }) => ({ name, labels, held })),
      ),
  };
}

const SEPARATOR = '\u0000';

/** Most figures have one label, whose value is then the key as it is. */
function keyOf(labelNames: readonly string[], labels: Labels | undefined): string {
  let key = '';
  for (let index = 0; index < labelNames.length; index += 1) {
    const value = labels?.[labelNames[index] ?? ''] ?? '';
    const part = value.length > MAX_LABEL_CHARACTERS || value.includes(SEPARATOR) ? plain(value) : value;
    key = index === 0 ? part : key + SEPARATOR + part;
  }
  return key;
}

function plain(value: string): string {
  return value.slice(0, MAX_LABEL_CHARACTERS).replaceAll(SEPARATOR, ' ');
}

interface GaugeOf {
  readonly name: GaugeName;
  readonly read: () => GaugeReading<GaugeName> | Promise<GaugeReading<GaugeName>>;
  readonly timeoutMs: number;
}

async function seriesOf({ name, read, timeoutMs }: GaugeOf): Promise<readonly GaugeSeries[]> {
  const reading = await inTime(async () => read(), timeoutMs);
  const readings = typeof reading === 'number' ? [{ labels: {}, value: reading }] : (reading ?? []);
  return readings
    .filter(({ value }) => Number.isFinite(value))
    .slice(0, MAX_SERIES)
    .map(({ labels, value }) => ({ name, labels, value }));
}

/** Nothing where it fails or is not done by then: a gauge that nobody can read is not a number. */
async function inTime<T>(work: () => Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined);
  });
  try {
    return await Promise.race([work().catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
