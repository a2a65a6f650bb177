// How the process is doing: memory, age, and whether its event loop keeps up.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { MetricsRegistry } from '@episodica/memory-core/metrics';

/** How often the loop is looked at. What holds it up for longer than that is seen in full; an idle process hardly wakes. */
const RESOLUTION_MS = 100;
const NS_PER_MS = 1_000_000;
const QUANTILES: readonly { readonly quantile: string; readonly percentile: number }[] = [
  { quantile: '0.5', percentile: 50 },
  { quantile: '0.99', percentile: 99 },
  { quantile: '1', percentile: 100 },
];

/** Reads them until the answer is called. Keeps no process alive. */
export function processGauges(metrics: MetricsRegistry): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  metrics.gauge('resident_bytes', () => process.memoryUsage.rss());
  metrics.gauge('heap_bytes', () => process.memoryUsage().heapUsed);
  metrics.gauge('uptime', () => process.uptime() * 1_000);
  metrics.gauge('event_loop_use', () => performance.eventLoopUtilization().utilization);
  metrics.gauge('event_loop_delay', () => {
    if (delay.count === 0) return undefined;
    // What it notes is the time between two looks.
    return QUANTILES.map(({ quantile, percentile }) => ({
      labels: { quantile },
      value: Math.max(0, delay.percentile(percentile) / NS_PER_MS - RESOLUTION_MS),
    }));
  });
  return () => void delay.disable();
}
