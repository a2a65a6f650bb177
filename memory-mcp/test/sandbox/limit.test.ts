import { openSandbox, type RunRequest, type RunResult, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// A run ends by its deadline + 150 ms; the machine is shared, so the bound here is wide. It still tells an ended run
// from one that goes on.
const OVERSHOOT_MS = 1_000;

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = openSandbox({ maxWorkers: 3 });
});
afterAll(() => sandbox.close());

async function run(code: string, request: Partial<RunRequest> = {}): Promise<RunResult> {
  return sandbox.run({ code, ...request });
}

async function expectHealthy(): Promise<void> {
  expect(await run('[1, 2].map((n) => n * 2)')).toMatchObject({ ok: true, result: [2, 4], killed: false });
}

describe('time', () => {
  test.each([
    ['an endless loop', 'while (true) {}'],
    ['a loop in finally', 'for (;;) { try { throw 1; } catch {} finally { for (;;); } }'],
    ['a loop that catches', 'for (;;) { try { for (;;); } catch {} }'],
    ['a loop in an executor', 'new Promise(() => { while (true) {} }); 1'],
    ['a loop in an async function', '(async () => { while (true) {} })(); 1'],
    ['an endless await', 'for (;;) await 0;'],
    ['an endless await that nobody awaits', '(async () => { for (;;) await 0; })(); 1'],
    ['an endless chain of promises', 'const f = () => Promise.resolve().then(f); f(); 1'],
    ['a generator', 'function* g() { for (;;) yield 1; } for (const _ of g());'],
    ['a backtracking expression', '/(a+)+$/.test("a".repeat(40) + "b")'],
    ['a getter in the result', '({ get a() { for (;;); } })'],
    ['a proxy in the result', 'new Proxy({}, { ownKeys() { for (;;); } })'],
    ['a getter in the error', 'throw Object.defineProperty(new Error(""), "message", { get() { for (;;); } });'],
  ])('%s is TIMEOUT_CPU at its deadline [SB-02] [SB-03]', async (_name, code) => {
    const result = await run(code, { timeoutMs: 300 });
    expect(result).toMatchObject({ ok: false, error: { code: 'TIMEOUT_CPU' }, limits: { timeoutMs: 300 } });
    expect(result.usage.wallMs).toBeGreaterThanOrEqual(299);
    expect(result.usage.wallMs).toBeLessThan(300 + OVERSHOOT_MS);
    expect(result.usage.cpuMs).toBeGreaterThan(150);
    await expectHealthy();
  });

  test.each([
    'Array(4294967295).indexOf(1)',
    'Array.prototype.join.call({ length: 2 ** 53 - 1 })',
    '[].concat({ length: 2 ** 32 - 1, [Symbol.isConcatSpreadable]: true })',
    'const s = "a".repeat(1e6); for (;;) s.localeCompare(s + "b")',
    'Array.prototype.reverse.call({ length: 2 ** 53 - 1 })',
  ])('the native loop %s is killed from outside [SB-01] [SB-02] [SB-03]', async (code) => {
    const result = await run(code, { timeoutMs: 200 });
    expect(result).toMatchObject({ ok: false, killed: true, error: { code: 'TIMEOUT_CPU' } });
    expect(result.usage.wallMs).toBeGreaterThanOrEqual(200);
    expect(result.usage.wallMs).toBeLessThan(200 + OVERSHOOT_MS);
    await expectHealthy();
  });

  test('a native loop is killed when its computing time is spent, long before its deadline [SB-02] [SB-03]', async () => {
    const result = await run('Array(4294967295).indexOf(1)', { cpuMs: 200, timeoutMs: 60_000 });
    expect(result).toMatchObject({
      ok: false,
      killed: true,
      error: { code: 'TIMEOUT_CPU', limit: { name: 'cpu_ms', value: 200 }, hint: expect.any(String) },
      limits: { cpuMs: 200, timeoutMs: 60_000 },
    });
    expect(result.usage.wallMs).toBeGreaterThanOrEqual(200);
    expect(result.usage.wallMs).toBeLessThan(200 + OVERSHOOT_MS);
    await expectHealthy();
  });

  test('waiting for the host uses none of the computing time [SB-02]', async () => {
    const host = {
      wait: () => new Promise<null>((resolve) => setTimeout(() => resolve(null), 400)),
    };
    const result = await run('await memory.wait(); "done"', { host, cpuMs: 250, timeoutMs: 60_000 });
    expect(result).toMatchObject({ ok: true, result: 'done' });
    expect(result.usage.hostMs).toBeGreaterThanOrEqual(399);
    expect(result.usage.cpuMs).toBeLessThan(result.usage.wallMs - 300);
  });

  test('a promise that nothing can settle ends at once [SB-02]', async () => {
    const result = await run('await new Promise(() => {});', { timeoutMs: 60_000 });
    expect(result).toMatchObject({ ok: false, error: { code: 'TIMEOUT_WALL' } });
    expect(result.usage.wallMs).toBeLessThan(10_000);
  });

  test('the event loop of the caller stays free while programs are stuck [SB-03]', async () => {
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 5);
    await Promise.all([run('for (;;);', { timeoutMs: 400 }), run('Array(4294967295).indexOf(1)', { timeoutMs: 400 })]);
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(10);
  });
});

describe('memory', () => {
  test.each([
    ['long strings', 'const a = []; for (;;) a.push("x".repeat(1e6) + a.length);'],
    ['objects', 'const a = []; for (;;) a.push({ a: 1, b: 2, c: {} });'],
    ['typed arrays', 'const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1));'],
    ['nested arrays', 'let a = []; for (;;) a = [a, a];'],
    ['map entries', 'const m = new Map(); for (let i = 0; ; i += 1) m.set(i, {});'],
    ['closures', 'const a = []; for (;;) { const x = {}; a.push(() => x); }'],
    ['promises', 'for (;;) Promise.resolve().then(() => {});'],
    ['one huge string', '"x".repeat(1e9)'],
    ['one huge array', 'new Uint8Array(2 ** 31 - 1)'],
    ['one huge buffer', 'new ArrayBuffer(1e9)'],
    ['a parsed giant', 'JSON.parse("[" + "1,".repeat(2e7) + "1]")'],
  ])('%s over the limit are MEMORY [SB-02] [SB-03]', async (_name, code) => {
    const result = await run(code, { memoryMb: 32, timeoutMs: 30_000 });
    expect(result).toMatchObject({ ok: false, error: { code: 'MEMORY' }, limits: { memoryMb: 32 } });
    expect(result.usage.memoryBytes).toBeLessThanOrEqual(32 * 1024 * 1024);
    await expectHealthy();
  });

  test('a program that catches and goes on stays under the limit [SB-02] [SB-03]', async () => {
    const code = 'for (;;) { try { const a = []; for (;;) a.push("x".repeat(1e6) + a.length); } catch {} }';
    const result = await run(code, { memoryMb: 32, timeoutMs: 1_000 });
    expect(result.ok).toBe(false);
    expect(result.usage.memoryBytes).toBeLessThanOrEqual(32 * 1024 * 1024);
  });

  test('the same program succeeds under a higher limit [SB-02]', async () => {
    const code = 'const a = []; for (let i = 0; i < 60; i += 1) a.push("x".repeat(1e6) + i); a.length';
    expect(await run(code, { memoryMb: 32 })).toMatchObject({ ok: false, error: { code: 'MEMORY' } });
    expect(await run(code, { memoryMb: 128 })).toMatchObject({ ok: true, result: 60 });
  });

  test('the process does not keep what memory bombs took [SB-02] [SB-03]', async () => {
    const bomb = 'const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1));';
    await run('1');
    const before = process.memoryUsage.rss();
    const bombs = await Promise.all([1, 2, 3].map(() => run(bomb, { memoryMb: 256 })));
    for (const result of bombs) expect(result).toMatchObject({ ok: false, error: { code: 'MEMORY' } });
    // Fresh workers have answered, so those that held 256 MB each are gone.
    for (let index = 0; index < 5; index += 1) await run('1');
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 * 1024);
  });
});

describe('stack', () => {
  test.each([
    ['plain recursion', 'const f = () => f() + 1; f();'],
    ['a getter', 'const o = { get a() { return this.a; } }; o.a;'],
    ['a proxy', 'const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); p.x;'],
    ['text of nested arrays', 'let a = []; for (let i = 0; i < 2e5; i += 1) a = [a]; String(a);'],
    ['JSON of nested arrays', 'let a = []; for (let i = 0; i < 2e5; i += 1) a = [a]; JSON.stringify(a);'],
    ['parsing nested JSON', 'JSON.parse("[".repeat(2e5));'],
    ['nested brackets in the source', '('.repeat(30_000)],
    ['async recursion', 'const f = async () => await f(); await f();'],
  ])('%s is STACK [SB-02] [SB-03]', async (_name, code) => {
    expect(await run(code, { timeoutMs: 20_000 })).toMatchObject({
      ok: false,
      killed: false,
      error: { code: 'STACK' },
    });
    await expectHealthy();
  });

  test('a program can catch it and go on [SB-02]', async () => {
    expect(await run('const f = () => f() + 1; try { f(); } catch { "caught" }')).toMatchObject({
      ok: true,
      result: 'caught',
    });
  });
});

describe('results and sources', () => {
  test.each([
    ['a long string', '"x".repeat(3e6)', 'a string of 3000000 characters'],
    ['many bytes of few characters', '"€".repeat(1e6)', '3000002 bytes'],
    ['many values', 'Array.from({ length: 250000 }, () => 1)', 'an array of 250000 items'],
    ['a sparse array', 'const a = []; a.length = 4294967295; a', 'an array of 4294967295 items'],
    ['many keys', 'Object.fromEntries(Array.from({ length: 2e5 + 1 }, (_, i) => ["k" + i, 1]))', 'properties'],
    ['a deep value', 'let o = {}; for (let i = 0; i < 5000; i += 1) o = { o }; o', 'nests more than 200 levels'],
    ['a long string in a map', 'new Map([[1, "x".repeat(3e6)]])', 'a map of 1 entries'],
  ])('%s is RESULT_TOO_LARGE and says what it was [SB-02] [SB-03]', async (_name, code, size) => {
    const result = await run(code, { timeoutMs: 20_000 });
    expect(result).toMatchObject({ ok: false, error: { code: 'RESULT_TOO_LARGE' } });
    expect(result.ok ? '' : result.error.message).toContain(size);
    expect(result.ok ? '' : result.error.hint).toMatch(/^Return /);
  });

  test('the limit of a result counts bytes and holds to one byte [SB-02]', async () => {
    const small = openSandbox({ maxWorkers: 2, maxResultBytes: 12 });
    expect(await small.run({ code: '"x".repeat(10)' })).toMatchObject({ ok: true, result: 'x'.repeat(10) });
    expect(await small.run({ code: '"x".repeat(11)' })).toMatchObject({
      ok: false,
      error: { code: 'RESULT_TOO_LARGE' },
    });
    expect(await small.run({ code: '"€".repeat(4)' })).toMatchObject({
      ok: false,
      error: { code: 'RESULT_TOO_LARGE' },
    });
    await small.close();
  });

  test('a program of more than 64 KB is refused unread and one of 64 KB runs [SB-02] [SB-05]', async () => {
    expect(await run(`1//${'x'.repeat(65_533)}`)).toMatchObject({ ok: true, result: 1 });
    expect(await run(`1//${'x'.repeat(65_534)}`)).toMatchObject({ ok: false, error: { code: 'STATIC_REJECTED' } });
  });

  test('types are not taken off a program that nests too deep [SB-02] [SB-05]', async () => {
    const deep = (levels: number): string => `const a: unknown = ${'['.repeat(levels)}${']'.repeat(levels)}; 1`;
    expect(await run(deep(200), { language: 'typescript' })).toMatchObject({ ok: true });
    expect(await run(deep(201), { language: 'typescript' })).toMatchObject({
      ok: false,
      error: { code: 'STATIC_REJECTED' },
    });
  });
});

describe('options', () => {
  test('limits are reported, and those out of range are clamped [SB-02]', async () => {
    expect((await run('1')).limits).toMatchObject({ timeoutMs: 5_000, memoryMb: 64, maxHostCalls: 256 });
    expect((await run('1', { timeoutMs: 1e12, memoryMb: 1e9 })).limits).toMatchObject({
      timeoutMs: 60_000,
      memoryMb: 256,
    });
    expect((await run('1', { timeoutMs: 0, memoryMb: 0 })).limits).toMatchObject({ timeoutMs: 1, memoryMb: 24 });
    expect((await run('1', { timeoutMs: 999.9 })).limits).toMatchObject({ timeoutMs: 999 });
  });

  test.each(['timeoutMs', 'memoryMb', 'cpuMs'])(
    '%s that is no number from 0 is refused by name [SB-02]',
    async (field) => {
      for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, '100', null, {}]) {
        await expect(run('1', { [field]: value })).rejects.toMatchObject({
          code: 'INVALID_INPUT',
          message: expect.stringContaining(field),
        });
      }
    },
  );

  test('computing time is clamped to the time there is, and follows it when it is left out [SB-02]', async () => {
    expect((await run('1', { timeoutMs: 300 })).limits).toMatchObject({ timeoutMs: 300, cpuMs: 300 });
    expect((await run('1', { timeoutMs: 300, cpuMs: 1e9 })).limits).toMatchObject({ timeoutMs: 300, cpuMs: 300 });
    expect((await run('1', { timeoutMs: 300, cpuMs: 100 })).limits).toMatchObject({ timeoutMs: 300, cpuMs: 100 });
  });

  test('an unknown option or field is refused, and the nearest one named [SB-02]', async () => {
    await expect(run('1', { timeout_ms: 5 } as object)).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('did you mean "timeoutMs"?'),
    });
    expect(() => openSandbox({ maxWorker: 3 } as object)).toThrow(/"maxWorker" .* did you mean "maxWorkers"\?/);
    await expect(run('1', JSON.parse('{"__proto__": 1}'))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  test('code, language and input are checked too [SB-02]', async () => {
    const refused = (request: object, field: string): Promise<void> =>
      expect(run('1', request)).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        message: expect.stringContaining(field),
      });
    await refused({ code: 1 }, 'code');
    await refused({ language: 'python' }, 'language');
    await refused({ input: () => 1 }, 'input');
    await refused({ input: 1n }, 'input');
    await refused({ input: 'x'.repeat(5e6) }, 'input');
  });

  test('a sandbox with impossible options is not opened [SB-01]', () => {
    const impossible: readonly object[] = [
      { warmWorkers: 0 },
      { maxWorkers: 1 },
      { maxWorkers: 1e9 },
      { maxQueue: -1 },
      { maxQueue: 1e9 },
      { timeoutMs: Number.NaN },
      { cpuMs: '5' },
      { hostCallMs: -1 },
      { maxHostBytes: Number.NaN },
      { maxHostCalls: 1e9 },
      { maxResultBytes: 0 },
      { maxTotalMemoryMb: null },
      { workerUrl: './worker.js' },
    ];
    for (const options of impossible) {
      const [name = ''] = Object.keys(options);
      expect(() => openSandbox(options)).toThrow(new RegExp(`^${name} must be`));
    }
  });
});
