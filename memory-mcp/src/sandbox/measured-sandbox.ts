// A sandbox whose runs are told to figures that are kept. Its own `metrics()` stay what they are, exact percentiles of the
// newest runs for who has no more than a sandbox; here are durations that can be added to those of other processes.
import { isMemoryError } from '@episodica/memory-core/errors';
import type { Metrics } from '@episodica/memory-core/ports';
import type { Sandbox } from './sandbox.ts';

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
