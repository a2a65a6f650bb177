import { type HostApi, openSandbox, type RunResult, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { describe, expect, onTestFinished, test } from 'vitest';

const DYING_WORKER = new URL('./fixtures/dying-worker.mjs', import.meta.url);

function open(options: Parameters<typeof openSandbox>[0] = {}): Sandbox {
  const sandbox = openSandbox(options);
  onTestFinished(() => sandbox.close());
  return sandbox;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

// What `Promise.withResolvers` gives on newer versions of Node.
function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
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

describe('many runs', () => {
  test('twenty run at the same time and all meet [SB-01]', async () => {
    const sandbox = open();
    let waiting = 0;
    const all = deferred<null>();
    const host: HostApi = {
      meet: () => {
        waiting += 1;
        if (waiting === 20) all.resolve(null);
        return all.promise;
      },
    };
    const code = 'await memory.meet(); input * 2';
    const runs = Array.from({ length: 20 }, (_, input) => sandbox.run({ code, input, host, timeoutMs: 60_000 }));
    const results = await Promise.all(runs);
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
    const stuck = sandbox.run({ code: 'for (;;);', timeoutMs: 600 });
    const waited = await sandbox.run({ code: '1', timeoutMs: 300 });
    expect(waited).toMatchObject({ ok: true, result: 1 });
    expect(waited.usage.queuedMs).toBeGreaterThan(500);
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

  test.each(['die', 'throw'])(
    'a worker that stops on "%s" is ENGINE_CRASH for its run alone [SB-02] [SB-03]',
    async (code) => {
      const sandbox = open({ warmWorkers: 1, maxWorkers: 2, workerUrl: DYING_WORKER });
      const runs = await Promise.all(['a', code, 'b', 'c'].map((text) => sandbox.run({ code: text })));
      expect(runs.map((run: RunResult) => (run.ok ? run.result : run.error.code))).toEqual([1, 'ENGINE_CRASH', 1, 1]);
      expect(JSON.stringify(runs)).not.toContain('secret');
    },
  );

  test('a worker that cannot start is told to each run, and not tried for ever [SB-02]', async () => {
    const sandbox = open({ workerUrl: new URL('./fixtures/missing.mjs', import.meta.url) });
    const runs = await Promise.all([sandbox.run({ code: '1' }), sandbox.run({ code: '2' })]);
    expect(runs).toEqual(
      runs.map(() => expect.objectContaining({ ok: false, error: expect.objectContaining({ code: 'ENGINE_CRASH' }) })),
    );
  });
});
