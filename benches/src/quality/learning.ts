// What is learnt from the tau-bench runs, and how long that keeps others waiting.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { type Memory, patternTools } from '@episodica/memory-core';
import type { Row } from '../suite.ts';
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
    const found = patterns.find(({ pattern }) => patternTools(pattern).join(' → ') === what);
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
