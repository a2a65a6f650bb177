// What a log says as a whole: how much of what, and how long the calls in it took.
import { type Histogram, histogram, quantileMs } from '../metrics/histogram.ts';
import type { LogRecord } from './record.ts';

/** Different messages, programs and tools that are told apart; all further ones are counted together. */
const MAX_NAMES = 1_000;
/** Stands for those. */
const OTHERS = 'others';

/** How calls of one tool went. */
export interface CallSpread {
  readonly tool: string;
  readonly calls: number;
  /** How many ended how: `ok`, or a code. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** Most first, everywhere. */
export interface LogStatistics {
  readonly lines: number;
  /** Time of the oldest and of the newest line; absent where there is none. */
  readonly firstMs?: number;
  readonly lastMs?: number;
  readonly levels: readonly { readonly level: number; readonly count: number }[];
  readonly programs: readonly { readonly program: string; readonly count: number }[];
  readonly messages: readonly { readonly message: string; readonly level: number; readonly count: number }[];
  readonly tools: readonly CallSpread[];
  /** Lines that their writers could not write, as they told later. */
  readonly dropped: number;
}

/** Counts the records it is given, in bounded memory. */
export function logStatistics(): { add(record: LogRecord): void; result(): LogStatistics } {
  const [levels, programs] = [new Map<number, number>(), new Map<string, number>()];
  const messages = new Map<string, { level: number; count: number }>();
  const tools = new Map<string, { outcomes: Map<string, number>; times: Histogram }>();
  let [lines, dropped, firstMs, lastMs] = [0, 0, Infinity, -Infinity];
  return {
    add(record) {
      const { level, time, program, msg } = record;
      lines += 1;
      firstMs = Math.min(firstMs, time);
      lastMs = Math.max(lastMs, time);
      count(levels, levels.size < MAX_NAMES ? level : (levels.get(level) ?? 0));
      count(programs, nameIn(programs, program));
      const message = held(messages, msg, () => ({ level, count: 0 }));
      message.count += 1;
      message.level = Math.max(message.level, level);
      dropped += typeof record.dropped === 'number' && record.dropped > 0 ? record.dropped : 0;
      const { tool, outcome, ms } = record;
      if (typeof tool !== 'string' || typeof outcome !== 'string' || typeof ms !== 'number') return;
      const called = held(tools, tool, () => ({ outcomes: new Map<string, number>(), times: histogram() }));
      count(called.outcomes, nameIn(called.outcomes, outcome));
      called.times.add(ms);
    },
    result: () => ({
      lines,
      ...(lines === 0 ? {} : { firstMs, lastMs }),
      levels: [...levels].sort(([a], [b]) => b - a).map(([level, times]) => ({ level, count: times })),
      programs: mostFirst([...programs].map(([program, times]) => ({ program, count: times }))),
      messages: mostFirst([...messages].map(([message, each]) => ({ message, ...each }))),
      tools: [...tools]
        .map(([tool, { outcomes, times }]) => spreadOf(tool, { outcomes, times }))
        .sort((a, b) => b.calls - a.calls || (a.tool < b.tool ? -1 : 1)),
      dropped,
    }),
  };
}

function spreadOf(
  tool: string,
  { outcomes, times }: { readonly outcomes: ReadonlyMap<string, number>; readonly times: Histogram },
): CallSpread {
  const spread = times.spread();
  return {
    tool,
    calls: spread.count,
    outcomes: Object.fromEntries(outcomes),
    p50Ms: quantileMs(spread, 0.5),
    p95Ms: quantileMs(spread, 0.95),
    p99Ms: quantileMs(spread, 0.99),
  };
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function nameIn(names: ReadonlyMap<string, unknown>, name: string): string {
  return names.has(name) || names.size < MAX_NAMES ? name : OTHERS;
}

function held<V>(values: Map<string, V>, name: string, make: () => V): V {
  const key = nameIn(values, name);
  const known = values.get(key) ?? make();
  values.set(key, known);
  return known;
}

function mostFirst<T extends { readonly count: number }>(counted: readonly T[]): readonly T[] {
  return [...counted].sort((a, b) => b.count - a.count);
}
