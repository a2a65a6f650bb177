// What the sandbox of the server does now.
import type { MetricsRegistry } from '@episodica/memory-core/metrics';
import type { Lazy } from './lazy.ts';
import type { Sandbox } from './sandbox/sandbox.ts';

/** Reads what the sandbox does now; one that is not open does nothing. */
export function sandboxGauges(sandbox: Lazy<Sandbox>, metrics: MetricsRegistry): void {
  const now = async (): Promise<ReturnType<Sandbox['metrics']> | undefined> =>
    sandbox.isOpen ? (await sandbox.get()).metrics() : undefined;
  metrics.gauge('sandbox_workers', async () => (await now())?.workers ?? 0);
  metrics.gauge('sandbox_running', async () => (await now())?.running ?? 0);
  metrics.gauge('sandbox_waiting', async () => (await now())?.waiting ?? 0);
}
