import { MemoryError } from '@episodica/memory-core';
import {
  type HostApi,
  openSandbox,
  type RunRequest,
  type RunResult,
  type Sandbox,
} from '@episodica/memory-mcp/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = openSandbox({ maxWorkers: 2 });
});
afterAll(() => sandbox.close());

const HOST: HostApi = {
  echo: async (args) => [...args],
  sum: async (args) => args.reduce<number>((total, value) => total + Number(value), 0),
  nothing: async () => null,
  breaks: async () => {
    throw new Error('ENOENT: /home/someone/secret.db at Store.open (/home/someone/app.js:1:1)');
  },
  refuses: async () => {
    throw new MemoryError('NOT_FOUND', 'No episode 7 in /var/lib/episodica/main.db; look at the id.');
  },
  never: () => new Promise(() => {}),
  huge: async () => 'x'.repeat(5_000_000),
};

function run(code: string, request: Partial<RunRequest> = {}): Promise<RunResult> {
  return sandbox.run({ code, host: HOST, ...request });
}

describe('host calls', () => {
  test('arguments and answers are JSON, in both directions [SB-01]', async () => {
    const code = 'await memory.echo({ a: [1, "ü"], when: new Date(0), left: undefined }, null)';
    const result = await run(code);
    expect(result).toMatchObject({ ok: true, result: [{ a: [1, 'ü'], when: '1970-01-01T00:00:00.000Z' }, null] });
    expect(result.usage.hostCalls).toBe(1);
    expect(result.calls).toEqual([{ method: 'echo', effect: 'read', status: 'done', tookMs: expect.any(Number) }]);
  });

  test('many calls may be under way at once [SB-01]', async () => {
    const code =
      'const all = await Promise.all(Array.from({ length: 100 }, (_, i) => memory.sum(i, 1))); all.reduce((a, b) => a + b)';
    expect(await run(code)).toMatchObject({ ok: true, result: 5_050, usage: { hostCalls: 100 } });
  });

  test('calls work in return, then-chains and TypeScript [SB-01]', async () => {
    expect(await run('return memory.sum(1, 2).then((n) => n + 1)')).toMatchObject({ result: 4 });
    expect(await run('const n: number = await memory.sum(1, 2);\nn', { language: 'typescript' })).toMatchObject({
      result: 3,
    });
  });

  test('a call that nobody awaits is made and answered before the run ends [SB-01]', async () => {
    const result = await run('memory.echo(1).then(() => console.log("late")); "early"');
    expect(result).toMatchObject({ ok: true, result: 'early', calls: [{ status: 'done' }] });
    expect(result.logs.map(({ text }) => text)).toEqual(['late']);
  });

  test('a failure tells code and message and nothing of the host [SB-04] [SB-07]', async () => {
    const broken = await run(
      'try { await memory.breaks(); } catch (e) { [e instanceof Error, e.code, e.message, e.stack] }',
    );
    expect(broken).toMatchObject({
      ok: true,
      result: [true, 'HOST_FAILED', 'memory.breaks could not be done.', expect.any(String)],
    });
    expect(JSON.stringify(broken)).not.toMatch(/someone|app\.js|secret/);
    const refused = await run('try { await memory.refuses(); } catch (e) { [e.code, e.message] }');
    expect(refused).toMatchObject({ result: ['NOT_FOUND', 'No episode 7 in (path); look at the id.'] });
    expect(refused.calls).toMatchObject([{ method: 'refuses', status: 'failed', code: 'NOT_FOUND' }]);
  });

  test('a failure that is not caught names the line of the call [SB-07]', async () => {
    expect(await run('const a = 1;\nawait memory.breaks();')).toMatchObject({
      ok: false,
      error: { code: 'THROWN', line: 2 },
    });
  });

  test.each([
    'new Map()',
    '1n',
    'NaN',
    '() => 1',
    'Symbol("x")',
    'new Uint8Array(1)',
    '(() => { const a = {}; a.a = a; return a; })()',
  ])('an argument %s that JSON lacks is refused before the call [SB-01]', async (value) => {
    expect(await run(`await memory.echo({ value: ${value} })`)).toMatchObject({
      ok: false,
      error: { code: 'THROWN', name: 'TypeError', message: expect.stringContaining('cannot be handed over') },
      usage: { hostCalls: 0 },
    });
  });

  test('arguments and answers that are too large are refused [SB-02]', async () => {
    expect(await run('await memory.echo("x".repeat(2e6))')).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('too large') },
    });
    expect(await run('await memory.huge()')).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('larger than') },
    });
  });

  test('arguments cannot pollute what the host makes of them [SB-04]', async () => {
    const seen: unknown[] = [];
    const host: HostApi = {
      keep: async (args) => {
        seen.push(Object.assign({}, args[0]));
        return null;
      },
    };
    await run('await memory.keep(JSON.parse(\'{"__proto__": {"polluted": 1}, "a": 2}\'))', { host });
    expect(seen).toEqual([{ a: 2 }]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect((seen[0] as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('a key that would pollute what the arguments are merged into is left out at every depth [SB-04]', async () => {
    const seen: unknown[] = [];
    const host: HostApi = {
      keep: async (args) => {
        seen.push(args[0]);
        return null;
      },
    };
    const text = '{"list": [{"__proto__": {"polluted": 1}, "a": 2}], "constructor": {"prototype": {"polluted": 1}}}';
    await run(`await memory.keep(JSON.parse(${JSON.stringify(text)}))`, { host });
    await run('await memory.keep({ constructor: "the builder" })', { host });
    await run('const o = { get now() { return Date.now() > 0; } }; await memory.keep(o)', { host });
    expect(JSON.stringify(seen)).toBe('[{"list":[{"a":2}]},{"constructor":"the builder"},{"now":true}]');
    expect(Object.keys((seen[0] as { list: object[] }).list[0] ?? {})).toEqual(['a']);
    expect(Object.hasOwn(seen[0] as object, 'constructor')).toBe(false);
  });

  test.each([
    [
      new MemoryError('STORE_FAILED', 'SELECT * FROM episodes WHERE key=secret in /home/some one/main.db: locked'),
      'STORE_FAILED',
    ],
    [
      new MemoryError(
        'INVALID_INPUT',
        'See /secret.db, C:\\Users\\someone\\x, \\\\host\\secret and file:///etc/someone.',
      ),
      'INVALID_INPUT',
    ],
    [Object.assign(new Error('EACCES SECRET=1 at /home/someone'), { code: 'EACCES' }), 'HOST_FAILED'],
    ['a string with /home/someone/secret', 'HOST_FAILED'],
    [undefined, 'HOST_FAILED'],
  ])('nothing of the host is in an error, whatever it throws: %s [SB-04] [SB-07]', async (thrown, code) => {
    const host: HostApi = { breaks: () => Promise.reject(thrown) };
    const told = await run(
      'try { await memory.breaks(); } catch (e) { [e.code, e.message, e.stack, Object.keys(e)] }',
      { host },
    );
    expect(told).toMatchObject({ ok: true, result: [code, expect.any(String), expect.any(String), ['code']] });
    expect(JSON.stringify([told, await run('await memory.breaks()', { host })])).not.toMatch(
      /secret|some|SELECT|host-calls/i,
    );
  });

  test('a function that throws before it gives a promise is told like any other [SB-07]', async () => {
    const host: HostApi = {
      breaks: () => {
        throw new Error('at once');
      },
    };
    expect(await run('try { await memory.breaks(); } catch (e) { e.code }', { host })).toMatchObject({
      result: 'HOST_FAILED',
    });
  });

  test.each([
    [Object.fromEntries([['then', async () => null]]), 'then'],
    [{ 'not a name': async () => null }, 'not a name'],
    [{ find: 'no function' }, 'find'],
    [{ find: { answer: 1 } }, 'find'],
    [{ find: { answer: async () => null, effect: 'delete' } }, 'find'],
    [{ find: null }, 'find'],
  ])('a host with a member that is no host function is refused by name: %j [SB-02]', async (host, name) => {
    await expect(run('1', { host: host as unknown as HostApi })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining(name),
    });
  });

  test.each([5, null, 'find', [], () => null])('a host %j that is no object is refused [SB-02]', async (host) => {
    await expect(run('1', { host: host as unknown as HostApi })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: 'host must be an object of functions.',
    });
  });

  test('an unknown method names the nearest one, and inherited ones are unknown [SB-07]', async () => {
    expect(await run('await memory.ecko(1)')).toMatchObject({
      ok: false,
      error: { name: 'TypeError', message: expect.stringContaining('memory.echo') },
    });
    expect(await run('memory.hasOwnProperty("echo")')).toMatchObject({ ok: false, error: { code: 'THROWN' } });
    expect(await run('memory.echo = 1; "use"; typeof memory.echo')).toMatchObject({ result: 'function' });
  });

  test('without a host there is no memory [SB-04]', async () => {
    expect(await sandbox.run({ code: 'typeof memory' })).toMatchObject({ result: 'undefined' });
  });
});

describe('limits of host calls', () => {
  test('the call after the last allowed one ends the run [SB-02]', async () => {
    expect(await run('for (let i = 0; i < 256; i += 1) await memory.nothing(); "all"')).toMatchObject({
      ok: true,
      result: 'all',
    });
    const code = 'for (let i = 0; i < 257; i += 1) await memory.nothing(); "all"';
    expect(await run(code)).toMatchObject({ ok: false, error: { code: 'HOST_CALL_LIMIT' }, usage: { hostCalls: 256 } });
  });

  test('a flood that catches everything and awaits nothing is ended [SB-02] [SB-03]', async () => {
    const result = await run('for (;;) { try { memory.nothing().catch(() => {}); } catch {} }', { timeoutMs: 30_000 });
    expect(result).toMatchObject({ ok: false, error: { code: 'HOST_CALL_LIMIT' }, killed: false });
  });

  test('a call that is never answered is TIMEOUT_WALL, and the host is told to stop [SB-02] [SB-03]', async () => {
    let signal: AbortSignal | undefined;
    const host: HostApi = {
      never: (_args, options) => {
        signal = options.signal;
        return new Promise(() => {});
      },
    };
    const result = await run('console.log("asked"); await memory.never();', { host, timeoutMs: 1_000 });
    expect(result).toMatchObject({
      ok: false,
      killed: false,
      error: { code: 'TIMEOUT_WALL' },
      logs: [{ text: 'asked' }],
    });
    expect(result.calls).toMatchObject([{ method: 'never', status: 'aborted' }]);
    expect(result.usage.wallMs).toBeGreaterThanOrEqual(999);
    expect(result.usage.wallMs).toBeLessThan(10_000);
    expect(result.usage.cpuMs).toBeLessThan(result.usage.wallMs / 2);
    expect(signal?.aborted).toBe(true);
  });

  test('a call that nobody awaits and nobody answers is TIMEOUT_WALL too [SB-02]', async () => {
    expect(await run('memory.never(); 1', { timeoutMs: 200 })).toMatchObject({
      ok: false,
      error: { code: 'TIMEOUT_WALL' },
    });
  });

  test('a kill keeps the record of the calls [SB-03] [SB-07]', async () => {
    const result = await run('await memory.sum(1); memory.never(); Array(4294967295).indexOf(1);', {
      timeoutMs: 2_000,
    });
    expect(result).toMatchObject({ ok: false, killed: true, error: { code: 'TIMEOUT_CPU' }, usage: { hostCalls: 2 } });
    expect(result.calls).toMatchObject([
      { method: 'sum', status: 'done' },
      { method: 'never', status: 'aborted' },
    ]);
  });
});
