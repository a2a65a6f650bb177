// What is learnt from the tau-bench runs, and how long that keeps others waiting.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { CompletedEpisode, Episode, Memory, Trace } from '@episodica/memory-core';
import { minePatterns, traceOf } from '@episodica/memory-core/learning';
import { seededRandom } from '../corpus.ts';
import type { Row } from '../suite.ts';
import { shuffled } from './arms.ts';
import { TAU_BENCH_DOMAIN } from './tau-bench.ts';

/** Regularities of this data that are known from counting by hand. */
const KNOWN_PATTERNS = [
  { tools: ['get_reservation_details', 'transfer_to_human_agents'], support: 28, successRate: 0.82 },
  { tools: ['search_direct_flight', 'search_onestop_flight'], support: 18, successRate: 0.06 },
  { tools: ['calculate', 'update_reservation_flights'], support: 21, successRate: 0.14 },
  { tools: ['get_reservation_details', 'cancel_reservation'], support: 27, successRate: 0.19 },
] as const;

/** Whether what is known of the tau-bench runs was found. */
export async function patternRows(memory: Memory): Promise<readonly Row[]> {
  const patterns = await memory.listPatterns({ domain: TAU_BENCH_DOMAIN });
  return KNOWN_PATTERNS.flatMap(({ tools, support, successRate }): readonly Row[] => {
    const what = tools.join(' → ');
    const found = patterns.find(({ pattern }) => {
      return pattern.kind === 'tool_sequence' && pattern.isContiguous !== false && pattern.tools.join(' → ') === what;
    });
    const supportRow: Row = {
      what: `${what}: support`,
      unit: '',
      value: found?.pattern.support ?? 0,
      baseline: { name: 'published', value: support },
    };
    if (found === undefined) return [supportRow];
    const rate = { name: 'published', value: successRate };
    return [supportRow, { what: `${what}: success rate`, unit: '', value: found.figures.successRate, baseline: rate }];
  });
}

/** How often outcomes are shuffled, each way. */
const SHUFFLES = 100;

/**
 * In how many of many shuffles of the outcomes anything is called sure: over episodes, and over tasks with all of their
 * attempts, as these end alike.
 */
export function shuffleRows(episodes: readonly Episode[]): readonly Row[] {
  const traces = episodes.filter(isCompleted).flatMap((episode) => traceOf(episode) ?? []);
  const random = seededRandom(6);
  const ways = { episodes: overEpisodes, tasks: overTasks } as const;
  return Object.entries(ways).map(([name, shuffle]): Row => {
    let wrong = 0;
    for (let round = 0; round < SHUFFLES; round += 1) {
      const { patterns } = minePatterns(shuffle(traces, random), new Map());
      if (patterns.some(({ standing }) => standing === 'confirmed')) wrong += 1;
    }
    return {
      what: `share of ${SHUFFLES} shuffles of outcomes over ${name} with a confirmed pattern`,
      unit: '',
      value: wrong / SHUFFLES,
      target: { bound: 'at most', of: 'value', limit: 0.05 },
    };
  });
}

function isCompleted(episode: Episode): episode is CompletedEpisode {
  return episode.status === 'completed';
}

function overEpisodes(traces: readonly Trace[], random: () => number): readonly Trace[] {
  const outcomes = shuffled(
    traces.map(({ outcome }) => outcome),
    random,
  );
  return traces.map((trace, index) => ({ ...trace, outcome: outcomes[index] ?? trace.outcome }));
}

/** Tasks with as many attempts change places. */
function overTasks(traces: readonly Trace[], random: () => number): readonly Trace[] {
  const tasks = grouped(traces, ({ task }) => task);
  return grouped(tasks, (attempts) => attempts.length).flatMap((alike) => {
    const others = shuffled(alike, random);
    return alike.flatMap((attempts, place) => {
      const outcomes = shuffled(
        (others[place] ?? attempts).map(({ outcome }) => outcome),
        random,
      );
      return attempts.map((trace, index) => ({ ...trace, outcome: outcomes[index] ?? trace.outcome }));
    });
  });
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => unknown): readonly (readonly T[])[] {
  const groups = new Map<unknown, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups.values()];
}

const MONITOR_MS = 5;

/** Waits until the patterns of all runs are extracted, and watches how long that keeps the event loop. */
export async function learningRows(memory: Memory): Promise<readonly Row[]> {
  const delay = monitorEventLoopDelay({ resolution: MONITOR_MS });
  delay.enable();
  const startedMs = performance.now();
  await memory.learnPending();
  const tookMs = performance.now() - startedMs;
  // The monitor learns of a delay when its timer comes late: it must come once more.
  await setTimeout(2 * MONITOR_MS);
  delay.disable();
  // The histogram counts in nanoseconds, and the monitor's own waiting is in it.
  const delayMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - MONITOR_MS);
  return [
    {
      what: 'patterns extracted after the import of 200 runs',
      unit: 'ms',
      value: tookMs,
      target: { bound: 'at most', of: 'value', limit: 1000 },
    },
    {
      what: '… event-loop delay meanwhile, p99',
      unit: 'ms',
      value: delayMs(delay.percentile(99)),
      target: { bound: 'at most', of: 'value', limit: 20 },
    },
  ];
}
