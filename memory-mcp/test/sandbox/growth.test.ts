import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, constants, getPriority } from 'node:os';
import { setImmediate as turn } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';
import { openSandbox, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WorkerPool } from '../../src/sandbox/pool.ts';

const WORKERS = 10;
const STARTS_AT_ONCE = 4;
const NICE_FIELD = 16;
const LESS_PRIORITY = 5;
const PROCESSORS = availableParallelism();

const LIMITS = {
  timeoutMs: 60_000,
  cpuMs: 60_000,
  memoryMb: 64,
  maxResultBytes: 1_000,
  maxHostCalls: 1,
  maxHostBytes: 1_000,
  hostCallMs: 1_000,
};

function open(options: Parameters<typeof openSandbox>[0]): Sandbox {
  const sandbox = openSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

// Threads of this process that let others go first.
function lowThreads(): number {
  const low = Math.min(getPriority() + LESS_PRIORITY, constants.priority.PRIORITY_LOW);
  return readdirSync('/proc/self/task').filter((thread) => priorityOf(thread) === low).length;
}

function priorityOf(thread: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8');
    // What stands before the last bracket is a name, with any characters in it.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[NICE_FIELD]);
  } catch {
    return undefined;
  }
}

describe('workers that start', () => {
  test('only a few do at the same time, and the others as soon as those are ready [SB-01]', async () => {
    const pool = new WorkerPool({
      warmWorkers: WORKERS,
      maxWorkers: WORKERS,
      maxQueue: 0,
      maxTotalMemoryMb: 1_280,
      workerUrl: new URL('./fixtures/waiting-worker.mjs', import.meta.url),
    });
    const channel = new BroadcastChannel('start');
    onTestFinished(() => {
      channel.close();
      return pool.close();
    });
    const run = pool.run({ order: { id: 1, code: '1', limits: LIMITS }, host: undefined, signal: undefined });
    await until(() => pool.counts().workers > 0);
    expect(pool.counts()).toEqual({ running: 0, waiting: 1, workers: STARTS_AT_ONCE });
    await until(() => {
      channel.postMessage('start');
      return pool.counts().workers === WORKERS;
    });
    expect((await run).outcome).toEqual({ ok: true, result: '1' });
  });
});

describe.skipIf(process.platform !== 'linux')('as many programs that compute for long as there are processors', () => {
  test('let the other threads of the process go first [SB-01] [SB-03]', async () => {
    const sandbox = open({ maxWorkers: PROCESSORS + 1, warmWorkers: 1, maxTotalMemoryMb: 65_536 });
    const controller = new AbortController();
    const stuck = Array.from({ length: PROCESSORS }, () =>
      sandbox.run({ code: 'for (;;);', timeoutMs: 60_000 }, { signal: controller.signal }),
    );
    const ends = Promise.allSettled(stuck);
    await until(() => lowThreads() === PROCESSORS);
    controller.abort();
    for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED' } });
  });

  test('leave their workers to no other run [SB-01]', async () => {
    const sandbox = open({ maxWorkers: PROCESSORS, warmWorkers: PROCESSORS, maxTotalMemoryMb: 65_536 });
    const code = 'const end = Date.now() + 3_000; while (Date.now() < end); 1';
    const long = Array.from({ length: PROCESSORS }, () => sandbox.run({ code, timeoutMs: 60_000 }));
    await until(() => lowThreads() > 0);
    for (const run of await Promise.all(long)) expect(run).toMatchObject({ ok: true, result: 1 });
    expect(await sandbox.run({ code: '2' })).toMatchObject({ ok: true, result: 2 });
    await until(() => lowThreads() === 0);
  });
});
