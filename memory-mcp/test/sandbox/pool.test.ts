import { type HostApi, openSandbox, type RunResult, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { describe, expect, onTestFinished, test } from 'vitest';
import { deferred } from './deferred.ts';

const STUCK = 'Array(4294967295).indexOf(1)';
const DYING_WORKER = new URL('./fixtures/dying-worker.mjs', import.meta.url);

function open(options: Parameters<typeof openSandbox>[0] = {}): Sandbox {
  const sandbox = openSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

// A host whose one function answers when the test says so.
function gate(): { readonly host: HostApi; readonly entered: Promise<void>; release(): void } {
  const entered = deferred<void>();
  const released = deferred<null>();
  return {
    host: {
      wait: () => {
        entered.resolve();
        return released.promise;
      },
    },
    entered: entered.promise,
    release: () => released.resolve(null),
  };
}

// Runs that end only when all of them have begun.
function meeting(sandbox: Sandbox, count: number): Promise<readonly RunResult[]> {
  let waiting = 0;
  const all = deferred<null>();
  const host: HostApi = {
    meet: () => {
      waiting += 1;
      if (waiting === count) all.resolve(null);
      return all.promise;
    },
  };
  const code = 'await memory.meet(); input * 2';
  return Promise.all(
    Array.from({ length: count }, (_, input) => sandbox.run({ code, input, host, timeoutMs: 60_000 })),
  );
}

describe('many runs', () => {
  test('twenty run at the same time and all meet [SB-01]', async () => {
    const sandbox = open();
    const results = await meeting(sandbox, 20);
    expect(results.map((run) => (run.ok ? run.result : run.error))).toEqual(
      Array.from({ length: 20 }, (_, index) => index * 2),
    );
  });

  test('short runs are served in order by few workers [SB-01]', async () => {
    const sandbox = open({ maxWorkers: 2 });
    const results = await Promise.all(Array.from({ length: 60 }, (_, input) => sandbox.run({ code: 'input', input })));
    expect(results.map((run) => (run.ok ? run.result : undefined))).toEqual(
      Array.from({ length: 60 }, (_, index) => index),
    );
  });

  test('waiting for a worker does not count against the time limit [SB-01] [SB-02]', async () => {
    const sandbox = open({ warmWorkers: 1, maxWorkers: 1 });
    const stuck = sandbox.run({ code: 'for (;;);', timeoutMs: 3_000 });
    const waited = await sandbox.run({ code: '1', timeoutMs: 2_000 });
    expect(waited).toMatchObject({ ok: true, result: 1 });
    expect(waited.usage.queuedMs).toBeGreaterThan(2_500);
    expect(await stuck).toMatchObject({ ok: false, error: { code: 'TIMEOUT_CPU' } });
  });

  test('honest runs are served while others are stuck [SB-01] [SB-03]', async () => {
    const sandbox = open({ maxWorkers: 6 });
    const stuck = Array.from({ length: 4 }, () =>
      sandbox.run({ code: 'Array(4294967295).indexOf(1)', timeoutMs: 3_000 }),
    );
    const honest = await Promise.all(Array.from({ length: 10 }, (_, input) => sandbox.run({ code: 'input', input })));
    expect(honest.every((run) => run.ok)).toBe(true);
    expect(await Promise.all(stuck)).toEqual(stuck.map(() => expect.objectContaining({ ok: false, killed: true })));
  });

  test('one more than the workers and the queue hold is QUEUE_FULL, and only that one [SB-01] [SB-02]', async () => {
    const sandbox = open({ warmWorkers: 1, maxWorkers: 1, maxQueue: 2 });
    const { host, release } = gate();
    const code = 'await memory.wait(); 1';
    const accepted = Array.from({ length: 3 }, () => sandbox.run({ code, host }));
    expect(await sandbox.run({ code, host })).toMatchObject({ ok: false, error: { code: 'QUEUE_FULL' } });
    release();
    expect((await Promise.all(accepted)).every((run) => run.ok)).toBe(true);
    expect(await sandbox.run({ code: '1' })).toMatchObject({ ok: true });
  });

  test.each([1, 2])(
    'without a queue, %i at a time are never refused by as many workers [SB-01] [SB-02]',
    async (count) => {
      const sandbox = open({ warmWorkers: count, maxWorkers: count, maxQueue: 0 });
      for (let round = 0; round < 20; round += 1) {
        const runs = await Promise.all(
          Array.from({ length: count }, (_, input) => sandbox.run({ code: 'input', input })),
        );
        expect(runs.map((run) => (run.ok ? run.result : run.error.code))).toEqual(runs.map((_, index) => index));
      }
    },
  );
});

describe('stuck runs', () => {
  test('a worker that had to be killed is replaced while others are still stuck [SB-01] [SB-03]', async () => {
    const sandbox = open({ warmWorkers: 1, maxWorkers: 3 });
    const ended: string[] = [];
    const stop = new AbortController();
    const named = async (name: string, timeoutMs: number): Promise<void> => {
      await sandbox.run({ code: STUCK, timeoutMs }, { signal: stop.signal }).catch(() => {});
      ended.push(name);
    };
    const long = [named('long', 60_000), named('long', 60_000)];
    const short = named('short', 500);
    expect(await sandbox.run({ code: '1' })).toMatchObject({ ok: true, result: 1 });
    await short;
    expect(ended).toEqual(['short']);
    stop.abort();
    await Promise.all(long);
  });

  test('after a kill the next run has a worker at once [SB-01] [SB-03]', async () => {
    const sandbox = open();
    const stuck = [1, 2].map(() => sandbox.run({ code: STUCK, timeoutMs: 2_000 }));
    for (const run of await Promise.all(stuck)) expect(run.killed).toBe(true);
    const next = sandbox.run({ code: '1' });
    expect(sandbox.metrics()).toMatchObject({ waiting: 0, running: 1 });
    expect(await next).toMatchObject({ ok: true });
  });

  test('twenty stuck runs and twenty honest ones: all are served, and the one after them is refused [SB-01] [SB-03]', async () => {
    const sandbox = open({ maxQueue: 20 });
    const stuck = Array.from({ length: 20 }, () => sandbox.run({ code: STUCK, timeoutMs: 1_000 }));
    const honest = Array.from({ length: 20 }, (_, input) => sandbox.run({ code: 'input', input }));
    const refused = await sandbox.run({ code: '1' });
    expect(refused).toMatchObject({
      ok: false,
      error: { code: 'QUEUE_FULL', limit: { name: 'max_queue', value: 20 }, hint: expect.any(String) },
      usage: { queuedMs: 0 },
    });
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 20);
    const served = await Promise.all(honest);
    for (const run of await Promise.all(stuck)) expect(run).toMatchObject({ ok: false, killed: true });
    clearInterval(ticking);
    expect(served.map((run) => (run.ok ? run.result : run.error))).toEqual(served.map((_, index) => index));
    expect(ticks).toBeGreaterThan(10);
  });
});

describe('memory of runs at the same time', () => {
  test('a run that does not fit waits, and none passes it [SB-01] [SB-02]', async () => {
    const sandbox = open({ maxTotalMemoryMb: 256 });
    // Two at once, so that there are two workers and only memory is short.
    await meeting(sandbox, 2);
    const { host, entered, release } = gate();
    const first = sandbox.run({ code: 'await memory.wait(); 1', host, memoryMb: 200 });
    await entered;
    const order: string[] = [];
    const large = sandbox
      .run({ code: '2', memoryMb: 200 })
      .then((run) => order.push(run.ok ? 'large' : run.error.code));
    const small = sandbox.run({ code: '3', memoryMb: 24 }).then((run) => order.push(run.ok ? 'small' : run.error.code));
    expect(sandbox.metrics()).toMatchObject({ running: 1, waiting: 2 });
    release();
    expect(await first).toMatchObject({ ok: true });
    await Promise.all([large, small]);
    expect([...order].sort()).toEqual(['large', 'small']);
  });

  test('no run may have more than there is for all [SB-02]', async () => {
    const sandbox = open({ maxTotalMemoryMb: 100 });
    expect(await sandbox.run({ code: '1', memoryMb: 256 })).toMatchObject({ ok: true, limits: { memoryMb: 100 } });
  });
});

describe('ends of all kinds', () => {
  test('closing ends waiting and running programs with CLOSED [SB-01]', async () => {
    const sandbox = open({ warmWorkers: 1, maxWorkers: 1 });
    const { host, entered } = gate();
    const running = sandbox.run({ code: 'await memory.wait();', host });
    const waiting = sandbox.run({ code: '1' });
    const ends = Promise.allSettled([running, waiting]);
    await entered;
    await sandbox.close();
    for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'CLOSED' } });
    await expect(sandbox.run({ code: '1' })).rejects.toMatchObject({ code: 'CLOSED' });
    await sandbox.close();
  });

  test('a sandbox that never ran anything closes [SB-01]', async () => {
    await open().close();
  });

  test('a cancelled run ends with ABORTED, waiting or running, and the next one works [SB-01]', async () => {
    const sandbox = open({ warmWorkers: 1, maxWorkers: 1 });
    const { host, entered } = gate();
    const first = new AbortController();
    const second = new AbortController();
    const running = sandbox.run({ code: 'await memory.wait();', host }, { signal: first.signal });
    const waiting = sandbox.run({ code: '1' }, { signal: second.signal });
    const ends = Promise.allSettled([running, waiting]);
    await entered;
    second.abort();
    first.abort();
    for (const end of await ends) expect(end).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED' } });
    await expect(sandbox.run({ code: '1' }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    expect(await sandbox.run({ code: '2' })).toMatchObject({ ok: true, result: 2 });
  });

  test.each(['die', 'throw', 'trap'])(
    'a worker that stops on "%s" is ENGINE_CRASH for its run alone [SB-02] [SB-03]',
    async (code) => {
      const sandbox = open({ warmWorkers: 1, maxWorkers: 2, workerUrl: DYING_WORKER });
      const runs = await Promise.all(['a', code, 'b', 'c'].map((text) => sandbox.run({ code: text })));
      expect(runs.map((run: RunResult) => (run.ok ? run.result : run.error.code))).toEqual([1, 'ENGINE_CRASH', 1, 1]);
      expect(JSON.stringify(runs)).not.toContain('secret');
    },
  );

  test('cancelling a run that has ended changes nothing [SB-01]', async () => {
    const sandbox = open();
    const controller = new AbortController();
    expect(await sandbox.run({ code: '1' }, { signal: controller.signal })).toMatchObject({ ok: true });
    controller.abort();
    expect(await sandbox.run({ code: '2' })).toMatchObject({ ok: true, result: 2 });
    expect(sandbox.metrics()).toMatchObject({ succeeded: 2, cancelled: 0 });
  });

  test('a stuck run can be cancelled, and its worker is gone [SB-01] [SB-03]', async () => {
    const sandbox = open({ warmWorkers: 1, maxWorkers: 1 });
    const controller = new AbortController();
    const { host, entered } = gate();
    const running = sandbox.run(
      { code: `memory.wait(); ${STUCK}`, host, timeoutMs: 60_000 },
      { signal: controller.signal },
    );
    const end = expect(running).rejects.toMatchObject({ code: 'ABORTED' });
    await entered;
    controller.abort();
    await end;
    expect(await sandbox.run({ code: '2' })).toMatchObject({ ok: true, result: 2 });
  });

  test.each(['missing', 'unborn-worker'])(
    'a worker that cannot start is told to each run, and not tried for ever (%s) [SB-02]',
    async (name) => {
      const sandbox = open({ workerUrl: new URL(`./fixtures/${name}.mjs`, import.meta.url) });
      const runs = await Promise.all([sandbox.run({ code: '1' }), sandbox.run({ code: '2' })]);
      expect(runs).toEqual(
        runs.map(() =>
          expect.objectContaining({ ok: false, error: expect.objectContaining({ code: 'ENGINE_CRASH' }) }),
        ),
      );
    },
  );
});
