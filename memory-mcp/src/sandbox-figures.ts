// The sandbox's part of the figures of the server. Its own `metrics()` stay what they are, exact percentiles of the newest
// runs for who has no more than a sandbox; here are durations that can be added to those of other processes.
import { isMemoryError } from '@episodica/memory-core';
import type { MetricsRegistry } from '@episodica/memory-core/metrics';
import type { Metrics } from '@episodica/memory-core/ports';
import type { Lazy } from './lazy.ts';
import type { Sandbox } from './sandbox/sandbox.ts';

/** `sandbox` as it is, told to `metrics`. What it refuses to begin is no run. */
export function measuredSandbox(sandbox: Sandbox, metrics: Metrics): Sandbox {
  return {
    async run(request, options) {
      const startedMs = performance.now();
      try {
        const ran = await sandbox.run(request, options);
        metrics.time('sandbox_run', { outcome: ran.ok ? 'ok' : ran.error.code }, ran.usage.wallMs);
        return ran;
      } catch (error) {
        const code = isMemoryError(error) ? error.code : 'INTERNAL';
        if (code !== 'INVALID_INPUT') metrics.time('sandbox_run', { outcome: code }, performance.now() - startedMs);
        throw error;
      }
    },
    close: () => sandbox.close(),
    metrics: () => sandbox.metrics(),
  };
}

/** Reads what the sandbox does now; one that is not open does nothing. */
export function sandboxGauges(sandbox: Lazy<Sandbox>, metrics: MetricsRegistry): void {
  const now = async (): Promise<ReturnType<Sandbox['metrics']> | undefined> =>
    sandbox.isOpen ? (await sandbox.get()).metrics() : undefined;
  metrics.gauge('sandbox_workers', async () => (await now())?.workers ?? 0);
  metrics.gauge('sandbox_running', async () => (await now())?.running ?? 0);
  metrics.gauge('sandbox_waiting', async () => (await now())?.waiting ?? 0);
}
