// Figures in the text format of Prometheus, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
import { COUNTERS, GAUGES, TIMERS } from './catalogue.ts';
import { BOUNDED_BUCKETS, boundMs } from './histogram.ts';
import type { CounterSeries, GaugeSeries, Labels, MetricsSnapshot, TimerSeries } from './snapshot.ts';

/** The content type of the text. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Every figure of the snapshot, in base units: seconds and bytes. Ends with a line feed. */
export function prometheusText({ counters, timers, gauges }: MetricsSnapshot): string {
  return [...families(counters, counterLines), ...families(gauges, gaugeLines), ...families(timers, timerLines)]
    .map((line) => `${line}\n`)
    .join('');
}

const PREFIX = 'episodica_';
/** A bucket of the text is so many of a spread, each four times as long as the one before: 10 µs, 40 µs … 671 s. */
const BUCKETS_TOLD_AS_ONE = 8;

/** Lines of all series of a name stand together, as the format asks for; snapshots are sorted by name. */
function families<S extends { readonly name: string }>(
  series: readonly S[],
  lines: (family: readonly [S, ...S[]]) => readonly string[],
): readonly string[] {
  const byName = new Map<string, [S, ...S[]]>();
  for (const one of series) {
    const family = byName.get(one.name);
    if (family === undefined) byName.set(one.name, [one]);
    else family.push(one);
  }
  return [...byName.values()].flatMap(lines);
}

function counterLines(family: readonly [CounterSeries, ...CounterSeries[]]): readonly string[] {
  const [{ name }] = family;
  const full = `${PREFIX}${name}_total`;
  return [
    ...head(full, COUNTERS[name].help, 'counter'),
    ...family.map(({ labels, value }) => sample(full, labels, value)),
  ];
}

function gaugeLines(family: readonly [GaugeSeries, ...GaugeSeries[]]): readonly string[] {
  const [{ name }] = family;
  const { unit, help } = GAUGES[name];
  const full = `${PREFIX}${name}${unit === 'ms' ? '_seconds' : unit === 'ratio' ? '_ratio' : ''}`;
  return [
    ...head(full, help, 'gauge'),
    ...family.map(({ labels, value }) => sample(full, labels, unit === 'ms' ? value / 1_000 : value)),
  ];
}

function timerLines(family: readonly [TimerSeries, ...TimerSeries[]]): readonly string[] {
  const [{ name }] = family;
  const full = `${PREFIX}${name}_seconds`;
  return [...head(full, TIMERS[name].help, 'histogram'), ...family.flatMap((series) => histogramLines(full, series))];
}

function histogramLines(full: string, { labels, count, sumUs, buckets }: TimerSeries): readonly string[] {
  const lines: string[] = [];
  for (let last = 0; last < BOUNDED_BUCKETS; last += BUCKETS_TOLD_AS_ONE) {
    const upTo = buckets.reduce((sum, [bucket, inIt]) => (bucket <= last ? sum + inIt : sum), 0);
    // Twelve digits say it all, and hide what a power of two adds to them.
    const le = String(Number((boundMs(last) / 1_000).toPrecision(12)));
    lines.push(sample(`${full}_bucket`, { ...labels, le }, upTo));
  }
  return [
    ...lines,
    sample(`${full}_bucket`, { ...labels, le: '+Inf' }, count),
    sample(`${full}_sum`, labels, sumUs / 1_000_000),
    sample(`${full}_count`, labels, count),
  ];
}

function head(full: string, help: string, type: 'counter' | 'gauge' | 'histogram'): readonly string[] {
  return [`# HELP ${full} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${full} ${type}`];
}

function sample(full: string, labels: Labels, value: number): string {
  const told = Object.entries(labels).map(([name, text]) => `${name}="${escaped(text)}"`);
  return `${full}${told.length === 0 ? '' : `{${told.join(',')}}`} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
