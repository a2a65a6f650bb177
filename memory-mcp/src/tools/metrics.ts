// get_metrics: what this server counted and timed since it was started.
import {
  type CounterSeries,
  GAUGES,
  type GaugeSeries,
  type Labels,
  type MetricsSnapshot,
  quantileMs,
  type Spread,
  type TimerSeries,
} from '@episodica/memory-core/metrics';
import * as z from 'zod';
import { defineTool, type Tool } from '../tool.ts';

/** Rows of one table that are told, the busiest first. */
const MAX_ROWS = 60;

const labels = z.record(z.string(), z.string());
const spread = { count: z.number(), p50_ms: z.number(), p95_ms: z.number(), p99_ms: z.number(), max_ms: z.number() };

/** Tells the figures of the process. */
export const getMetrics: Tool = defineTool({
  name: 'get_metrics',
  title: 'Get metrics',
  description: 'Calls, errors, latencies and answer sizes of each tool, and what store, cache and sandbox took.',
  input: z.strictObject({}),
  output: z.object({
    uptime_ms: z.number(),
    tools: z.array(
      z.object({
        tool: z.string(),
        errors: z.record(z.string(), z.number()),
        answer_characters: z.number(),
        ...spread,
      }),
    ),
    timers: z.array(z.object({ name: z.string(), labels, ...spread })),
    counters: z.array(z.object({ name: z.string(), labels, value: z.number() })),
    gauges: z.array(z.object({ name: z.string(), labels, value: z.number(), unit: z.string() })),
    left_out: z.number(),
  }),
  effects: { isReadOnly: true, isIdempotent: true },
  lane: 'watch',
  // Of a memory that was never used there are no figures worth the tokens of its description.
  needs: 'episodes',
  async run(_given, { services }) {
    const snapshot = await services.metrics.snapshot();
    const tools = first(toolsIn(snapshot), ({ count }) => count);
    const timers = first(snapshot.timers.filter(isNoTool), ({ count }) => count);
    const counters = first(snapshot.counters.filter(isNoTool), ({ value }) => value);
    const { gauges } = snapshot;
    const structured = {
      uptime_ms: Math.round(performance.now() - services.startedAtMs),
      tools: tools.rows,
      timers: timers.rows.map((timer) => ({ name: timer.name, labels: timer.labels, ...latencies(timer) })),
      counters: counters.rows,
      gauges: gauges.map((gauge) => ({ ...gauge, value: rounded(gauge.value), unit: GAUGES[gauge.name].unit })),
      left_out: tools.leftOut + timers.leftOut + counters.leftOut,
    };
    return { structured, text: metricsText(structured).join('\n') };
  },
});

interface Latencies {
  readonly count: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

interface ToolRow extends Latencies {
  readonly tool: string;
  /** By code. */
  readonly errors: Readonly<Record<string, number>>;
  readonly answer_characters: number;
}

function latencies(timer: Spread): Latencies {
  return {
    count: timer.count,
    p50_ms: rounded(quantileMs(timer, 0.5)),
    p95_ms: rounded(quantileMs(timer, 0.95)),
    p99_ms: rounded(quantileMs(timer, 0.99)),
    max_ms: rounded(timer.maxUs / 1_000),
  };
}

/** The rest is told in the table of the tools; what each verb of the memory took, its tool took a little more of. */
function isNoTool({ name }: TimerSeries | CounterSeries): boolean {
  return name !== 'tool_call' && name !== 'tool_calls' && name !== 'tool_answer_characters' && name !== 'verb';
}

function toolsIn({ timers, counters }: MetricsSnapshot): readonly ToolRow[] {
  return timers
    .filter(({ name }) => name === 'tool_call')
    .map((timer) => {
      const tool = timer.labels.tool ?? '';
      const own = counters.filter((counter) => counter.labels.tool === tool);
      const failures = own.filter(({ name, labels: { outcome } }) => name === 'tool_calls' && outcome !== 'ok');
      return {
        tool,
        errors: Object.fromEntries(failures.map((failure) => [failure.labels.outcome ?? '', failure.value])),
        answer_characters: own.find(({ name }) => name === 'tool_answer_characters')?.value ?? 0,
        ...latencies(timer),
      };
    });
}

function first<T>(
  rows: readonly T[],
  weight: (row: T) => number,
): { readonly rows: readonly T[]; readonly leftOut: number } {
  const busiest = [...rows].sort((a, b) => weight(b) - weight(a)).slice(0, MAX_ROWS);
  return { rows: busiest, leftOut: rows.length - busiest.length };
}

interface Told {
  readonly uptime_ms: number;
  readonly tools: readonly ToolRow[];
  readonly timers: readonly (Latencies & { readonly name: string; readonly labels: Labels })[];
  readonly counters: readonly CounterSeries[];
  readonly gauges: readonly (GaugeSeries & { readonly unit: string })[];
  readonly left_out: number;
}

function metricsText(told: Told): readonly string[] {
  const { tools, timers, counters, gauges } = told;
  return [
    `Since the start ${Math.round(told.uptime_ms / 1_000)} s ago; times in ms.`,
    'tool | calls | errors | p50 | p95 | p99 | max | characters a call',
    ...tools.map((row) =>
      [row.tool, row.count, errorsText(row.errors), timesText(row), Math.round(row.answer_characters / row.count)].join(
        ' | ',
      ),
    ),
    ...(timers.length === 0 ? [] : ['what | times | p50 | p95 | p99 | max']),
    ...timers.map((row) => [named(row), row.count, timesText(row)].join(' | ')),
    ...(counters.length === 0 ? [] : [`Counted: ${counters.map((row) => `${named(row)} ${row.value}`).join(', ')}.`]),
    `Now: ${gauges.map((row) => `${named(row)} ${row.value}${row.unit === 'ms' ? ' ms' : ''}`).join(', ')}.`,
    ...(told.left_out === 0 ? [] : [`${told.left_out} more rows are left out.`]),
  ];
}

function timesText({ p50_ms, p95_ms, p99_ms, max_ms }: Latencies): string {
  return [p50_ms, p95_ms, p99_ms, max_ms].join(' | ');
}

function errorsText(errors: ToolRow['errors']): string {
  const codes = Object.entries(errors);
  return codes.length === 0 ? '0' : codes.map(([code, count]) => `${code} ${count}`).join(', ');
}

function named({ name, labels: values }: { readonly name: string; readonly labels: Labels }): string {
  const told = Object.values(values);
  return told.length === 0 ? name : `${name} ${told.join(' ')}`;
}

/** Three digits: more would be dressed-up noise. Whole numbers stay. */
function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(3));
}
