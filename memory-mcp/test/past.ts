// A small past of coding work, invented: three kinds of task by two agents over three months, stored where a server finds it.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type OutcomeInput, openMemory, type StepInput } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { environment } from './client.ts';

const LOCATOR = 'TimeoutError: locator button.pay exceeded 5000 ms';
const LOCKED = 'error: canceling statement due to lock timeout (process 4711 waits for AccessExclusiveLock)';
const DISK = 'OSError: [Errno 28] No space left on device: /tmp/build-17';

const run = (action: string, error?: string, latencyMs = 1_000): StepInput => ({
  tool: 'bash',
  action,
  latencyMs,
  result: error === undefined ? { type: 'success' } : { type: 'error', message: error },
});
const edit = (action: string): StepInput => ({ tool: 'edit', action, latencyMs: 100 });

interface Attempt {
  readonly description: string;
  readonly domain: string;
  readonly agent: string;
  readonly at: string;
  readonly steps: readonly StepInput[];
  readonly outcome?: OutcomeInput;
}

const flaky = { description: 'Fix the flaky checkout test', domain: 'checkout' };
const partition = { description: 'Split the invoices table into partitions', domain: 'billing' };

const test = (error?: string): StepInput => run('npx playwright test checkout', error, 30_000);

const PAST: readonly Attempt[] = [
  {
    ...flaky,
    agent: 'heron',
    at: '2026-01-10T09:00:00Z',
    steps: [test(LOCATOR), edit('raise the timeout'), test(LOCATOR)],
    outcome: { kind: 'failure', reason: 'still flaky' },
  },
  ...['2026-01-20T09:00:00Z', '2026-02-03T09:00:00Z', '2026-02-04T09:00:00Z'].map((at) => ({
    ...flaky,
    agent: 'lynx',
    at,
    steps: [test(LOCATOR), edit('await the payment request before the click'), test()],
    outcome: { kind: 'success', verdict: 'stable over 50 runs' } as const,
  })),
  ...['2026-02-11T10:00:00Z', '2026-03-02T10:00:00Z'].map((at) => ({
    ...partition,
    agent: 'heron',
    at,
    steps: [run('psql -f partition.sql', LOCKED, 5_000)],
    outcome: { kind: 'failure', reason: 'locks' } as const,
  })),
  ...['2026-03-05T10:00:00Z', '2026-03-06T10:00:00Z'].map((at, index) => ({
    description: `Build the release image ${index + 1}`,
    domain: 'build',
    agent: 'lynx',
    at,
    steps: [run('docker build .', DISK, 90_000)],
    outcome: { kind: 'failure', reason: 'disk full' } as const,
  })),
  {
    ...partition,
    description: 'Move the invoices archive to cold storage',
    agent: 'lynx',
    at: '2026-03-09T10:00:00Z',
    steps: [run('aws s3 ls'), edit('write the copy script')],
  },
];

/** Stores it, all learnt from, in `dataDir`. */
export async function storePast(dataDir: string): Promise<void> {
  const store = await openTursoStore({ url: pathToFileURL(join(dataDir, 'memory.db')).href });
  let nowMs = 0;
  const clock = () => nowMs++;
  const memory = openMemory({ store, clock, embedder: 'none', project: environment(dataDir).MEMORY_PROJECT });
  for (const { description, domain, agent, at, steps, outcome } of PAST) {
    nowMs = Date.parse(at);
    const { episode } = await memory.createEpisode({ description, domain, taskType: 'debugging', source: { agent } });
    await memory.addSteps(episode.id, steps);
    nowMs += 600_000;
    if (outcome !== undefined) await memory.completeEpisode(episode.id, outcome);
  }
  await memory.learnPending();
  await memory.close();
}
