import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type PoolResult, WorkerPool } from '../../src/sandbox/pool.ts';

// Long enough for a worker to start on any machine.
const START_MS = 5_000;
const LIMITS = {
  timeoutMs: 60_000,
  cpuMs: 60_000,
  memoryMb: 64,
  maxResultBytes: 1_000,
  maxHostCalls: 1,
  maxHostBytes: 1_000,
  hostCallMs: 1_000,
};

// Runs so many programs at once on one worker.
function runs(workerName: string, startMs: number, times: number): Promise<readonly PoolResult[]> {
  const pool = new WorkerPool({
    warmWorkers: 1,
    maxWorkers: 1,
    maxQueue: 10,
    maxTotalMemoryMb: 1_280,
    workerUrl: new URL(`./fixtures/${workerName}.mjs`, import.meta.url),
    startMs,
  });
  onTestFinished(() => pool.close());
  return Promise.all(
    Array.from({ length: times }, (_, id) =>
      pool.run({ order: { id, code: '1', limits: LIMITS }, host: undefined, signal: undefined }),
    ),
  );
}

describe('a worker that is not ready in time', () => {
  test('at its start is told to the run that waited longest, and another one is tried [SB-02]', async () => {
    const ended = await runs('unready-worker', 50, 2);
    const error = { code: 'ENGINE_CRASH', message: expect.stringContaining('could not start (ETIMEDOUT)') };
    expect(ended).toMatchObject([{ outcome: { error } }, { outcome: { error } }]);
  });

  test('for its next run is replaced, and no run is the worse for it [SB-01] [SB-02]', async () => {
    const ended = await runs('unrenewed-worker', START_MS, 2);
    expect(ended.map(({ outcome }) => outcome)).toEqual(Array(2).fill({ ok: true, result: '1' }));
  });
});

describe('a worker', () => {
  test('has nothing of the process: no settings, no output, and little memory beside the engine [SB-03] [SB-04]', async () => {
    const script = fileURLToPath(new URL('./fixtures/telling-run.mjs', import.meta.url));
    const env = { ...process.env, SECRET: 'secret', NODE_OPTIONS: '' };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [script, 'argument'], { env });
    expect(JSON.parse(stdout)).toEqual({
      env: {},
      argv: [],
      execArgv: [],
      resourceLimits: expect.objectContaining({
        maxYoungGenerationSizeMb: 8,
        maxOldGenerationSizeMb: 64,
        stackSizeMb: 16,
      }),
    });
    expect(stderr).toBe('');
  });
});
