import { openSandbox, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { expect, onTestFinished, test } from 'vitest';
import { deferred } from './deferred.ts';

function open(options: Parameters<typeof openSandbox>[0] = {}): Sandbox {
  const sandbox = openSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

test('a sandbox that ran nothing has counted nothing, and started nothing [SB-02]', () => {
  const none = { p50: 0, p95: 0, p99: 0 };
  expect(open().metrics()).toEqual({
    succeeded: 0,
    failed: {},
    killed: 0,
    cancelled: 0,
    isCrashing: false,
    running: 0,
    waiting: 0,
    workers: 0,
    wallMs: none,
    cpuMs: none,
    queuedMs: none,
    memoryBytes: none,
  });
});

test('runs are counted by how they ended [SB-02] [SB-07]', async () => {
  const sandbox = open({ maxWorkers: 2 });
  await sandbox.run({ code: '1' });
  await sandbox.run({ code: 'throw 1' });
  await sandbox.run({ code: '(((' });
  await sandbox.run({ code: 'x'.repeat(70_000) });
  await sandbox.run({ code: 'Array(4294967295).indexOf(1)', timeoutMs: 100 });
  const controller = new AbortController();
  const cancelled = sandbox.run({ code: 'for (;;);' }, { signal: controller.signal });
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
  expect(sandbox.metrics()).toMatchObject({
    succeeded: 1,
    failed: { THROWN: 1, SYNTAX: 1, STATIC_REJECTED: 1, TIMEOUT_CPU: 1 },
    killed: 1,
    cancelled: 1,
  });
});

test('what runs cost is told in percentiles [SB-07]', async () => {
  const sandbox = open({ maxWorkers: 2 });
  for (let index = 0; index < 9; index += 1) await sandbox.run({ code: '1' });
  // Refused before it came to a worker: it has no part in them.
  for (let index = 0; index < 20; index += 1) await sandbox.run({ code: 'x'.repeat(70_000) });
  await sandbox.run({ code: 'for (;;);', timeoutMs: 1_000 });
  const { wallMs, cpuMs, memoryBytes } = sandbox.metrics();
  expect(wallMs.p50).toBeGreaterThan(0);
  expect(wallMs.p50).toBeLessThan(wallMs.p99);
  expect(wallMs.p99).toBeGreaterThanOrEqual(999);
  expect(wallMs.p95).toBe(wallMs.p99);
  expect(cpuMs.p99).toBeGreaterThan(500);
  expect(memoryBytes.p50).toBeGreaterThanOrEqual(16 * 1024 * 1024);
});

test('runs that wait and run are told as they are now [SB-02]', async () => {
  const sandbox = open({ warmWorkers: 1, maxWorkers: 1 });
  const entered = deferred<void>();
  const released = deferred<null>();
  const host = {
    wait: () => {
      entered.resolve();
      return released.promise;
    },
  };
  const first = sandbox.run({ code: 'await memory.wait()', host });
  const second = sandbox.run({ code: '1' });
  await entered.promise;
  expect(sandbox.metrics()).toMatchObject({ running: 1, waiting: 1, workers: 1 });
  released.resolve(null);
  await Promise.all([first, second]);
  expect(sandbox.metrics()).toMatchObject({ waiting: 0, succeeded: 2 });
});
