// Figures in words: the glance of `monitor status`, and the tables of `monitor metrics`.
import { type Column, heading, localTime, onOneLine, table, terminalWidth, textWidth } from '../output.ts';
import { ageText, bytesText, countText } from './amounts.ts';
import { type Calls, type FigureRow, type Latency, labelText } from './monitor-figures.ts';
import type { StoreGlance } from './monitor-store.ts';
import { percent } from './pattern-text.ts';
import { type Bars, sparkline } from './sparkline.ts';

type Row = Latency & { readonly of: string };

/** What `monitor status` tells. `null`: nobody knows. */
export interface StatusTold {
  readonly at: string;
  readonly from: string | null;
  readonly is_empty: boolean;
  readonly store: StoreGlance | { readonly problem: string };
  readonly running: readonly {
    readonly program: string;
    readonly pid: number;
    readonly started_at: string;
    readonly at: string;
    readonly calls_running: number | null;
    readonly calls_waiting: number | null;
    readonly resident_bytes: number | null;
    readonly event_loop_delay_p99_ms: number | null;
  }[];
  readonly calls: Calls;
  readonly calls_by_hour: readonly Calls[];
  readonly tools: readonly Row[];
  readonly commands: readonly Row[];
  readonly verbs: readonly Row[];
  readonly storage: readonly Row[];
  readonly cache: { readonly hits: number; readonly misses: number; readonly hit_rate: number | null };
  readonly sandbox: { readonly runs: number; readonly outcomes: readonly Row[] };
  readonly searches: { readonly found: number; readonly nothing: number };
  readonly quantile_error: number;
  readonly skipped_files: number;
}

/** Rows of one table; a screen holds no more of several. */
const MAX_ROWS = 5;
const UNAVAILABLE = 'unavailable';

/** All of it on one screen. */
export function statusText(told: StatusTold, bars: Bars): string {
  return [
    ...storeLines(told.store),
    '',
    ...serverLines(told),
    '',
    ...(told.is_empty ? ['Nothing has been counted yet.'] : countedLines(told, bars)),
    ...(told.skipped_files === 0
      ? []
      : [`${countText(told.skipped_files, 'file')} of figures left out; "monitor metrics" names them.`]),
  ].join('\n');
}

function storeLines(store: StatusTold['store']): readonly string[] {
  if ('problem' in store) return [`${heading('Store')}     ${UNAVAILABLE}: ${onOneLine(store.problem)}`];
  const { newest, patterns } = store;
  const those = newest.looked_at < store.episodes ? `of the newest ${whole(newest.looked_at)}: ` : '';
  const rate = newest.success_rate === null ? 'success rate unavailable' : `${percent(newest.success_rate)} succeeded`;
  const standings = Object.entries(patterns).map(([standing, count]) => `${whole(count)} ${standing}`);
  return [
    `${heading('Store')}     ${bytesText(store.size_bytes)}, ${onOneLine(store.path)}`,
    `Episodes  ${whole(store.episodes)} (${those}${whole(newest.open)} open, ${whole(newest.completed)} completed, ${rate})`,
    `Patterns  ${standings.join(', ')}`,
  ];
}

function serverLines({ running, at }: StatusTold): readonly string[] {
  if (running.length === 0) return [`${heading('Servers')}   none is running`];
  const known = (value: number | null, text: (value: number) => string): string =>
    value === null ? UNAVAILABLE : text(value);
  return [
    heading('Servers'),
    ...running.map((one) => {
      const age = ageText(Date.parse(at) - Date.parse(one.started_at));
      const asOf = ageText(Date.parse(at) - Date.parse(one.at));
      const calls = `${known(one.calls_running, (count) => countText(count, 'call'))} running, ${known(one.calls_waiting, whole)} waiting`;
      const delay = known(one.event_loop_delay_p99_ms, (ms) => `${ms.toFixed(1)} ms`);
      return `  ${one.program} ${one.pid}, for ${age}: ${calls}, ${known(one.resident_bytes, bytesText)}, event loop delay p99 ${delay}, as of ${asOf} ago`;
    }),
  ];
}

function countedLines(told: StatusTold, bars: Bars): readonly string[] {
  const { from, calls, calls_by_hour: hours, cache, searches, sandbox } = told;
  const last = hours.at(-1) ?? { calls: 0, errors: 0 };
  const width = Math.max(whole(calls.calls).length, whole(last.calls).length);
  const line = (of: keyof Calls): string =>
    `${sparkline(
      hours.map((hour) => hour[of]),
      bars,
    )}  ${whole(calls[of]).padStart(width)}, this hour ${whole(last[of])}`;
  const outcomes = sandbox.outcomes.map(({ of, count }) => `${whole(count)} ${of}`).join(', ');
  const asked = searches.found + searches.nothing;
  return [
    heading(`Since ${from === null ? 'the beginning' : localTime(from)} (bars: the last ${hours.length} hours)`),
    `Calls     ${line('calls')}`,
    `Errors    ${line('errors')}`,
    `Cache     ${cache.hit_rate === null ? `hit rate ${UNAVAILABLE}` : `${percent(cache.hit_rate)} of ${countText(cache.hits + cache.misses, 'read')} hit`}`,
    `Searches  ${asked === 0 ? 'none' : `${whole(asked)}, ${percent(searches.found / asked)} with an answer`}`,
    `Sandbox   ${sandbox.runs === 0 ? 'no run' : `${countText(sandbox.runs, 'run')}: ${outcomes}`}`,
    '',
    ...latencyTable(told),
  ];
}

function latencyTable({ tools, commands, verbs, storage, quantile_error: error }: StatusTold): readonly string[] {
  const kinds = { tool: tools, command: commands, verb: verbs, store: storage };
  const rows = Object.entries(kinds).flatMap(([kind, all]) =>
    all.slice(0, MAX_ROWS).map((row) => [kind, row.of, ...latencyCells(row)]),
  );
  const left = Object.values(kinds).reduce((sum, all) => sum + Math.max(0, all.length - MAX_ROWS), 0);
  return [
    fittingTable([{ heading: 'WHAT' }, { heading: '' }, ...LATENCY_COLUMNS], rows),
    `Times in ms, wrong by ${percent(error)} at most.${left === 0 ? '' : ` ${countText(left, 'row')} more: memory-cli monitor metrics`}`,
  ];
}

const LATENCY_COLUMNS = ['COUNT', 'P50', 'P95', 'P99', 'MAX'].map((title) => ({
  heading: title,
  align: 'right' as const,
}));

/** What a narrow terminal has no place for, the first of them first. */
const SPARED = ['MAX', 'P99', 'P50', 'UNIT'];

/** As wide as the terminal: columns that it has no place for are left out. */
function fittingTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const width = terminalWidth();
  const widths = columns.map(({ heading: title }, index) =>
    Math.max(...[title, ...rows.map((row) => row[index] ?? '')].map(textWidth)),
  );
  let shown = columns.map((_, index) => index);
  for (const title of SPARED) {
    if (shown.reduce((sum, index) => sum + (widths[index] ?? 0) + 2, -2) <= width) break;
    shown = shown.filter((index) => columns[index]?.heading !== title);
  }
  const kept = (_: unknown, index: number): boolean => shown.includes(index);
  return table(
    columns.filter(kept),
    rows.map((row) => row.filter(kept)),
    width,
  );
}

function latencyCells({ count, p50_ms, p95_ms, p99_ms, max_ms }: Latency): readonly string[] {
  return [whole(count), ...[p50_ms, p95_ms, p99_ms, max_ms].map(milliseconds)];
}

/** What `monitor metrics` tells. */
export interface MetricsTold {
  readonly from: string | null;
  readonly quantile_error: number;
  readonly counters: readonly (FigureRow & { readonly value: number })[];
  readonly timers: readonly (FigureRow & Latency)[];
  readonly gauges: readonly (FigureRow & { readonly value: number })[];
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
}

/** A table for each kind of figure. */
export function metricsText(told: MetricsTold): string {
  const { counters, timers, gauges, skipped, quantile_error: error } = told;
  const amounts = (rows: MetricsTold['counters'], title: string): readonly string[] =>
    rows.length === 0
      ? []
      : [
          fittingTable(
            [{ heading: title }, { heading: 'OF' }, { heading: 'VALUE', align: 'right' }, { heading: 'UNIT' }],
            rows.map(({ name, labels, value, unit }) => [name, labelText(labels), value.toLocaleString('en'), unit]),
          ),
        ];
  const times =
    timers.length === 0
      ? []
      : [
          `${fittingTable(
            [{ heading: 'TIMER' }, { heading: 'OF' }, ...LATENCY_COLUMNS],
            timers.map((row) => [row.name, labelText(row.labels), ...latencyCells(row)]),
          )}\nTimes in ms, wrong by ${percent(error)} at most; the longest is exact.`,
        ];
  const parts = [...amounts(counters, 'COUNTER'), ...times, ...amounts(gauges, 'NOW')];
  const leftOut = skipped.map(({ name, why }) => `Left out: ${onOneLine(name)} (${why})`);
  return [...(parts.length === 0 ? ['Nothing has been counted yet.'] : parts), ...leftOut].join('\n\n');
}

function milliseconds(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms >= 1 ? ms.toFixed(1) : ms.toFixed(2);
}

function whole(value: number): string {
  return value.toLocaleString('en');
}
