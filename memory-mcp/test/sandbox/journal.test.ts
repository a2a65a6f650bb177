import { setImmediate as turn } from 'node:timers/promises';
import { MemoryError } from '@episodica/memory-core';
import {
  type HostApi,
  type HostCallback,
  type HostFunction,
  openSandbox,
  type RunRequest,
  type RunResult,
  runResult,
  type Sandbox,
} from '@episodica/memory-mcp/sandbox';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { deferred } from './deferred.ts';

const STUCK = 'Array(4294967295).indexOf(1)';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = openSandbox({ maxWorkers: 3 });
});
afterAll(() => sandbox.close());

function run(code: string, host: HostApi, request: Partial<RunRequest> = {}): Promise<RunResult> {
  return sandbox.run({ code, host, ...request });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function write(answer: HostCallback): HostFunction {
  return { effect: 'write', answer };
}

/** Writes that end in every way there is once they are told to abort. */
const WRITES: HostApi = {
  commits: write(async (_args, { signal }) => {
    await aborted(signal);
    return { episode_id: 'e1' };
  }),
  refuses: write(async (_args, { signal }) => {
    await aborted(signal);
    throw new MemoryError('ABORTED', 'The call was cancelled before it was done; nothing was written.');
  }),
  loses: write(async (_args, { signal }) => {
    await aborted(signal);
    throw new MemoryError('STORE_UNAVAILABLE', 'The connection broke. Read what was written before you repeat it.');
  }),
  hangs: write(() => new Promise(() => {})),
  reads: () => new Promise(() => {}),
};
const ALL_WRITES = Object.keys(WRITES)
  .map((name) => `memory.${name}().catch(() => {});`)
  .join(' ');

describe('the journal of host calls', () => {
  test('tells of each call what it does, how it went and what it answered [SB-07]', async () => {
    const host: HostApi = {
      find: async () => [1],
      save: write(async ([text]) => ({ saved: text ?? null })),
      refuse: {
        effect: 'write',
        answer: async () => {
          throw new MemoryError('CONFLICT', 'There is such an episode; take another id.');
        },
      },
    };
    const code = 'await memory.find(); await memory.save("x".repeat(500)); await memory.refuse().catch(() => {}); 1';
    const ran = await run(code, host);
    expect(ran.calls).toEqual([
      { method: 'find', effect: 'read', status: 'done', tookMs: expect.any(Number) },
      {
        method: 'save',
        effect: 'write',
        status: 'done',
        tookMs: expect.any(Number),
        answer: `{"saved":"${'x'.repeat(190)}`,
      },
      { method: 'refuse', effect: 'write', status: 'failed', tookMs: expect.any(Number), code: 'CONFLICT' },
    ]);
  });

  test('a write whose answer cannot be handed over is still told as done [SB-07]', async () => {
    const host: HostApi = {
      huge: { effect: 'write', answer: async () => 'x'.repeat(5_000_000) },
      // JSON lacks it, whatever the types say.
      strange: { effect: 'write', answer: async () => 1n as never },
    };
    const code =
      'const codes = []; for (const call of [memory.huge, memory.strange]) try { await call(); } catch (e) { codes.push(e.code); } codes';
    const ran = await run(code, host);
    expect(ran).toMatchObject({ ok: true, result: ['LIMIT_EXCEEDED', 'HOST_FAILED'] });
    expect(ran.calls).toMatchObject([
      { status: 'done', code: 'LIMIT_EXCEEDED' },
      { status: 'done', code: 'HOST_FAILED' },
    ]);
  });

  test.each([
    ['killed', `${ALL_WRITES} await memory.ping(); ${STUCK}`, { ok: false, killed: true }],
    ['out of time', `${ALL_WRITES} await memory.hangs();`, { ok: false, killed: false }],
    ['failed', `${ALL_WRITES} await memory.ping(); throw new Error("mine")`, { ok: false, error: { code: 'THROWN' } }],
  ])('a run that is %s tells of every write under way whether it was committed [SB-07]', async (_name, code, end) => {
    const ran = await run(code, { ...WRITES, ping: async () => null }, { timeoutMs: 1_500 });
    expect(ran).toMatchObject(end);
    const fates = new Map(ran.calls.map(({ method, status }) => [method, status]));
    expect(Object.fromEntries(fates)).toMatchObject({
      commits: 'done',
      refuses: 'aborted',
      loses: 'in_doubt',
      hangs: 'in_doubt',
      reads: 'aborted',
    });
    expect(ran.calls.find(({ method }) => method === 'commits')?.answer).toBe('{"episode_id":"e1"}');
  });

  test('calls that wait behind others when the run ends are never begun [SB-07] [SB-02]', async () => {
    let begun = 0;
    const host: HostApi = {
      save: write(() => {
        begun += 1;
        return new Promise(() => {});
      }),
    };
    // The calls come before the end, in order.
    const ran = await run('for (let i = 0; i < 20; i += 1) memory.save(i); throw new Error("mine")', host);
    expect(begun).toBe(8);
    expect(ran.calls.map(({ status }) => status)).toEqual([...Array(8).fill('in_doubt'), ...Array(12).fill('aborted')]);
  });

  test('a call that nobody had read when its run was killed is told, and is not begun [SB-07]', async () => {
    const here = deferred<void>();
    let isSaved = false;
    const host: HostApi = {
      ready: async () => {
        here.resolve();
        return null;
      },
      save: {
        effect: 'write',
        answer: async () => {
          isSaved = true;
          return null;
        },
      },
    };
    // It saves a while after the answer. That goes out in a turn of the loop, and then this thread is busy until long
    // after the time for a kill.
    const later = 'const from = Date.now(); while (Date.now() < from + 1_000);';
    const running = run(`await memory.ready(); ${later} memory.save(); ${STUCK}`, host, { timeoutMs: 3_000 });
    await here.promise;
    await turn();
    await turn();
    const until = performance.now() + 4_000;
    setImmediate(() => {
      while (performance.now() < until);
    });
    const ran = await running;
    expect(ran).toMatchObject({ ok: false, killed: true, usage: { hostCalls: 2 } });
    expect(ran.calls[1]).toMatchObject({ method: 'save', effect: 'write', status: 'aborted', tookMs: 0 });
    expect(isSaved).toBe(false);
  });

  test('a cancelled run says whether it had written [SB-07]', async () => {
    const entered = deferred<void>();
    const host: HostApi = {
      ...WRITES,
      save: { effect: 'write', answer: async () => null },
      here: async () => {
        entered.resolve();
        return null;
      },
    };
    const controller = new AbortController();
    const running = sandbox.run(
      {
        code: 'await memory.save(); memory.commits(); memory.hangs(); await memory.here(); await memory.reads();',
        host,
      },
      { signal: controller.signal },
    );
    const end = expect(running).rejects.toMatchObject({
      code: 'ABORTED',
      message: expect.stringContaining('2 of its writes had been done and 1 perhaps'),
    });
    await entered.promise;
    controller.abort();
    await end;
  });

  test('a run that is cancelled while it is killed says whether it had written [SB-07]', async () => {
    const controller = new AbortController();
    const host: HostApi = {
      save: write(async () => null),
      // Told to stop first; then, in the same moment, the worker.
      reads: async (_args, { signal }) => {
        await aborted(signal);
        controller.abort();
        return null;
      },
    };
    const code = `await memory.save(); memory.reads(); ${STUCK}`;
    await expect(sandbox.run({ code, host, timeoutMs: 500 }, { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
      message: 'The run was cancelled; 1 of its writes had been done.',
    });
  });

  test('outwardly the first and the last twenty calls are told, and how many are left out [SB-07]', async () => {
    const host: HostApi = { at: async ([index]) => index ?? null };
    const code = 'for (let i = 0; i < 45; i += 1) await memory.at(i); 1';
    const told = runResult(await run(code, host));
    expect(told).toMatchObject({ host_calls_left_out: 5, usage: { host_calls: 45 } });
    expect(told).toMatchObject({
      host_calls: Array.from({ length: 40 }, () => ({
        method: 'at',
        effect: 'read',
        status: 'done',
        took_ms: expect.any(Number),
      })),
    });
    expect(runResult(await run('1', host))).not.toHaveProperty('host_calls_left_out');
  });
});

describe('budgets of host calls', () => {
  test('no more than eight are under way, and the others follow in order [SB-02]', async () => {
    let underWay = 0;
    let most = 0;
    const seen: unknown[] = [];
    const host: HostApi = {
      work: async ([index]) => {
        seen.push(index);
        underWay += 1;
        most = Math.max(most, underWay);
        // Until eight have met, and a while longer: whoever comes beyond them comes by then.
        for (let turn = 0; most < 8 || turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return index ?? null;
      },
    };
    const code = 'await Promise.all(Array.from({ length: 100 }, (_, i) => memory.work(i)))';
    const order = Array.from({ length: 100 }, (_, index) => index);
    expect(await run(code, host)).toMatchObject({ ok: true, result: order });
    expect(most).toBe(8);
    expect(seen).toEqual(order);
  });

  test.each([
    ['arguments', 'memory.take("x".repeat(40000))', []],
    ['answers', 'memory.give(40000)', ['LIMIT_EXCEEDED']],
  ])('%s count together against one budget, and the run ends when it is spent [SB-02]', async (_name, call, last) => {
    const small = openSandbox({ maxWorkers: 2, maxHostBytes: 100_000 });
    onTestFinished(() => small.close());
    const host: HostApi = { take: async () => null, give: async ([size]) => 'x'.repeat(Number(size)) };
    const request = (times: number): RunRequest => ({
      host,
      code: `for (let i = 0; i < ${times}; i += 1) { try { await ${call}; } catch {} } "all"`,
    });
    const within = await small.run(request(2));
    expect(within).toMatchObject({ ok: true, result: 'all', limits: { maxHostBytes: 100_000 } });
    expect(within.usage.hostBytes).toBeGreaterThan(80_000);
    expect(within.usage.hostBytes).toBeLessThan(81_000);
    const beyond = await small.run(request(3));
    expect(beyond).toMatchObject({
      ok: false,
      killed: false,
      error: { code: 'HOST_CALL_LIMIT', limit: { name: 'max_host_bytes', value: 100_000 } },
    });
    // An answer that is beyond it is not handed over; arguments that are do not become a call.
    const ends = beyond.calls.map(({ status, code }) => code ?? status);
    expect(ends).toEqual(['done', 'done', ...last]);
  });

  test('a call that takes too long fails in the program, which goes on [SB-02]', async () => {
    const hasty = openSandbox({ maxWorkers: 2, hostCallMs: 50 });
    onTestFinished(() => hasty.close());
    const signals: AbortSignal[] = [];
    const host: HostApi = {
      never: (_args, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
      soon: async () => 'here',
    };
    const code = 'let code; try { await memory.never(); } catch (e) { code = e.code; } [code, await memory.soon()]';
    const ran = await hasty.run({ code, host, timeoutMs: 60_000 });
    expect(ran).toMatchObject({ ok: true, result: ['TIMEOUT', 'here'], limits: { hostCallMs: 50 } });
    expect(ran.calls).toMatchObject([{ status: 'failed', code: 'TIMEOUT' }, { status: 'done' }]);
    expect(ran.usage.hostMs).toBeGreaterThanOrEqual(49);
    expect(signals.map(({ aborted: isAborted }) => isAborted)).toEqual([true]);
  });

  test('a write that takes too long is asked once more how it ended [SB-02] [SB-07]', async () => {
    const hasty = openSandbox({ maxWorkers: 2, hostCallMs: 50 });
    onTestFinished(() => hasty.close());
    const tell = (method: string): string =>
      `await memory.${method}().then((answer) => answer.episode_id, (error) => error.code)`;
    const code = `[${['commits', 'refuses', 'hangs'].map(tell).join(', ')}]`;
    const ran = await hasty.run({ code, host: WRITES, timeoutMs: 60_000 });
    expect(ran).toMatchObject({ ok: true, result: ['e1', 'ABORTED', 'TIMEOUT'] });
    expect(ran.calls.map(({ status }) => status)).toEqual(['done', 'failed', 'in_doubt']);
  });
});
