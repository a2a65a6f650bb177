import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type PoolRequest, WorkerPool } from '../../src/sandbox/pool.ts';

const MAX_WORKERS = 2;
const TIMEOUT_MS = 1_000;

const LIMITS = {
  timeoutMs: TIMEOUT_MS,
  cpuMs: TIMEOUT_MS,
  memoryMb: 64,
  maxResultBytes: 1_000,
  maxHostCalls: 1,
  maxHostBytes: 1_000,
  hostCallMs: 1_000,
};

// Real workers, and a clock that stands still until it is moved.
function openPool(): WorkerPool {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const pool = new WorkerPool({
    warmWorkers: MAX_WORKERS,
    maxWorkers: MAX_WORKERS,
    maxQueue: 10,
    maxTotalMemoryMb: 1_280,
    workerUrl: new URL('./fixtures/stuck-worker.mjs', import.meta.url),
  });
  onTestFinished(async () => {
    vi.useRealTimers();
    await pool.close();
  });
  return pool;
}

function request(id: number, code: string): PoolRequest {
  return { order: { id, code, limits: LIMITS }, host: undefined, signal: undefined };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

describe('when every worker is stuck', () => {
  test('others are started before those are killed, and no more run at once than may [SB-01] [SB-03]', async () => {
    const pool = openPool();
    const stuck = [pool.run(request(1, 'stuck')), pool.run(request(2, 'stuck'))];
    await until(() => pool.counts().running === MAX_WORKERS);
    const next = pool.run(request(3, 'honest'));
    vi.advanceTimersByTime(TIMEOUT_MS);
    await turn();
    expect(pool.counts()).toEqual({ running: 2, waiting: 1, workers: 2 });
    vi.advanceTimersByTime(50);
    await until(() => pool.counts().workers === 2 * MAX_WORKERS);
    expect(pool.counts()).toMatchObject({ running: 2, waiting: 1 });
    vi.advanceTimersByTime(100);
    for (const run of await Promise.all(stuck)) expect(run).toMatchObject({ killed: true, wallMs: TIMEOUT_MS + 100 });
    expect((await next).outcome).toEqual({ ok: true, result: '1' });
    expect(pool.counts().workers).toBe(MAX_WORKERS);
  });
});
