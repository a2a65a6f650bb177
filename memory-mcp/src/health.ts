// How each part of the server is: those of its memory, and its own.
import { type Answer, type Health, type HealthOptions, healthOf } from '@episodica/memory-core/health';
import type { SandboxMetrics } from './sandbox/sandbox.ts';
import type { Services } from './services.ts';

/** Asks all parts at the same time. @throws `ABORTED` */
export function serverHealth(
  services: Services,
  options: Pick<HealthOptions, 'signal' | 'timeoutMs'> = {},
): Promise<Health> {
  const { backend, sandbox, parts, logger } = services;
  return healthOf({
    ...options,
    open: () => backend.get(),
    others: [
      ['queue', async () => queueAnswer(services)],
      ...(sandbox === undefined ? [] : [['sandbox', () => sandboxAnswer(sandbox)] as const]),
      ...[...parts].map(([name, answer]) => [name, async () => answer()] as const),
    ],
    onFault: (fault) => logger.error(fault, 'a part could not say how it is'),
  });
}

/** How a part of its own is, known at once. */
export interface PartHealth {
  readonly status: 'ok' | 'degraded';
  readonly detail: string;
}

function queueAnswer({ calls }: Services): Answer {
  const { running, waiting, refused, fullLanes } = calls.counts();
  // The call that asks is one of them.
  const detail = `${running} calls running, ${waiting} waiting, ${refused} refused since the start`;
  if (fullLanes.length === 0) return { detail };
  const advice = 'Ask again in a moment: calls that run long end by themselves.';
  return { status: 'degraded', detail: `full: calls of ${fullLanes.join(' and ')} are refused now; ${detail}`, advice };
}

const TRY_SANDBOX = 'memory-cli doctor';

async function sandboxAnswer(sandbox: NonNullable<Services['sandbox']>): Promise<Answer> {
  if (sandbox.isOpen) {
    const metrics = (await sandbox.get()).metrics();
    const detail = sandboxText(metrics);
    if (!metrics.isCrashing) return { detail };
    const crashed = `the worker of the newest run crashed; ${detail}`;
    return { status: 'degraded', basis: 'estimated', detail: crashed, advice: TRY_SANDBOX };
  }
  const problem = sandbox.problem;
  if (problem !== undefined) {
    const reason = problem instanceof Error ? problem.message : String(problem);
    const unloaded = `could not be loaded when it was last needed: ${reason}`;
    return { status: 'degraded', basis: 'estimated', detail: unloaded, advice: TRY_SANDBOX };
  }
  return { status: 'unknown', basis: 'unavailable', detail: 'not loaded yet; loads on first use' };
}

/** Programs that fail are their own doing: they are told, and nothing here is degraded by them. */
function sandboxText({ succeeded, failed, killed, cancelled, ...now }: SandboxMetrics): string {
  const codes = Object.entries(failed);
  const failedCount = codes.reduce((sum, [, count]) => sum + count, 0);
  const runs = succeeded + failedCount;
  const byCode = codes.length === 0 ? '' : ` (${codes.map(([code, count]) => `${code} ${count}`).join(', ')})`;
  return [
    `loaded; ${runs} runs, ${failedCount} failed${byCode}`,
    `${killed} killed`,
    `${cancelled} cancelled`,
    ...(runs === 0 ? [] : [`p50 ${now.wallMs.p50.toFixed(1)} ms`, `p95 ${now.wallMs.p95.toFixed(1)} ms`]),
    `${now.workers} workers`,
    `${now.running} running`,
    `${now.waiting} waiting`,
  ].join(', ');
}
