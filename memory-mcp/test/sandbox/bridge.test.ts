// What goes between a program and its host: pages, floods, full memory, and what a program prints.
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
  nothing: async () => null,
  pages: {
    isPaged: true,
    answer: async ([filter, next]) => {
      const page = Number(next ?? 0);
      const wanted = filter as { readonly pages?: number; readonly failAt?: number } | null;
      if (page === wanted?.failAt) throw new MemoryError('CONFLICT', 'The page cannot be read.');
      return { items: [{ page, asked: filter ?? null }], next: page + 1 >= (wanted?.pages ?? 1) ? null : page + 1 };
    },
  },
};

function run(code: string, request: Partial<RunRequest> = {}): Promise<RunResult> {
  return sandbox.run({ code, host: HOST, ...request });
}

const printed = async (code: string): Promise<readonly string[]> => (await run(code)).logs.map(({ text }) => text);

describe('pages', () => {
  test('a program gets one list of all pages, each asked with the first argument again [SB-06]', async () => {
    const filter = { pages: 3, text: 'ü' };
    const result = await run('await memory.pages(input)', { input: filter });
    expect(result).toMatchObject({ ok: true, result: [0, 1, 2].map((page) => ({ page, asked: filter })) });
    expect(result.usage.hostCalls).toBe(3);
    expect(await run('await memory.pages()')).toMatchObject({
      result: [{ page: 0, asked: null }],
      usage: { hostCalls: 1 },
    });
  });

  test('what a program does to lists and promises does not reach the pages [SB-04] [SB-06]', async () => {
    const code = `Array.prototype.push = Array.prototype.concat = () => { throw 1; };
      for (const index of [0, 1, 2]) Object.defineProperty(Array.prototype, index, { set() { throw 2; }, configurable: true });
      Object.prototype.then = () => {}; Object.prototype.items = 1; Object.prototype.next = 5; globalThis.Promise = null; JSON.parse = null;
      (await memory.pages({ pages: 3 })).length`;
    expect(await run(code)).toMatchObject({ ok: true, result: 3 });
  });

  test('a page that fails is the failure of the whole, at the place of the call [SB-06] [SB-07]', async () => {
    const result = await run('const a = 1;\nawait memory.pages({ pages: 5, failAt: 2 });');
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'THROWN', message: 'The page cannot be read.', line: 2 },
    });
    expect(result.usage.hostCalls).toBe(3);
  });

  test('every page counts as a call [SB-02] [SB-06]', async () => {
    const small = openSandbox({ maxWorkers: 2, maxHostCalls: 3 });
    expect(await small.run({ code: 'await memory.pages({ pages: 3 }); 1', host: HOST })).toMatchObject({ ok: true });
    expect(await small.run({ code: 'await memory.pages({ pages: 4 }); 1', host: HOST })).toMatchObject({
      ok: false,
      error: { code: 'HOST_CALL_LIMIT' },
    });
    await small.close();
  });
});

describe('limits that are met', () => {
  test.each([
    ['in the executor of a promise', 'new Promise(() => { for (;;) memory.nothing(); }); for (;;);'],
    [
      'in executors without end',
      'const f = () => new Promise(() => { for (;;) memory.nothing(); }); for (;;) f().catch(() => {});',
    ],
    ['in an async function', 'const f = async () => { for (;;) await memory.nothing(); }; await f().catch(() => {});'],
    ['with everything caught', 'for (;;) { try { memory.nothing().catch(() => {}); } catch {} }'],
  ])('a flood of calls %s is HOST_CALL_LIMIT [SB-02] [SB-03]', async (_where, code) => {
    const result = await run(code, { timeoutMs: 30_000 });
    expect(result).toMatchObject({ ok: false, error: { code: 'HOST_CALL_LIMIT' }, killed: false });
  });

  test.each([
    [
      'long strings',
      'const all = []; try { for (;;) all.push("x".repeat(1e6) + all.length); } catch (error) { all.length = 0; }',
    ],
    ['objects', 'const all = []; try { for (;;) all.push({ a: 1, b: {} }); } catch (error) { all.length = 0; }'],
  ])('what a program throws after it caught a full memory of %s is its own [SB-02]', async (_what, code) => {
    expect(await run(`${code}\nthrow null;`)).toMatchObject({ ok: false, error: { code: 'THROWN' } });
    expect(await run(`${code}\nthrow new Error();`)).toMatchObject({ ok: false, error: { code: 'THROWN' } });
    expect(await run(`${code}\n"went on"`)).toMatchObject({ ok: true, result: 'went on' });
  });

  test.each([
    'const all = []; for (;;) all.push({ a: 1, b: {} });',
    'let all = []; for (;;) all = [all, all];',
    'const all = new Map(); for (let i = 0; ; i += 1) all.set(i, {});',
    'const all = []; for (;;) { const x = {}; all.push(() => x); }',
  ])('a full memory is an error with its place in %j [SB-02] [SB-07]', async (code) => {
    expect(await run(code, { memoryMb: 32 })).toMatchObject({ ok: false, error: { code: 'MEMORY', line: 1 } });
    const caught = await run(`try { ${code} } catch (error) { error.message }`, { memoryMb: 32 });
    expect(caught).toMatchObject({ ok: true, result: 'out of memory' });
  });

  test('an input that does not fit is MEMORY, and one that does is there [SB-02]', async () => {
    const input = Array.from({ length: 1_900_000 }, () => 1);
    expect(await run('input.length', { input, memoryMb: 24 })).toMatchObject({ ok: false, error: { code: 'MEMORY' } });
    expect(await run('input.length', { input, memoryMb: 256 })).toMatchObject({ ok: true, result: 1_900_000 });
  });

  test('an answer that does not fit fails at its call, and the program can go on [SB-02]', async () => {
    const host: HostApi = { large: async () => Array.from({ length: 1_040_000 }, () => 1) };
    const code = 'try { await memory.large(); "fits" } catch (error) { error.message }';
    expect(await run(code, { host, memoryMb: 24 })).toMatchObject({ ok: true, result: 'out of memory' });
  });
});

describe('what is asked', () => {
  test('arguments hold at most 50,000 values, 64 levels deep [SB-02]', async () => {
    const host: HostApi = { count: async ([list]) => JSON.stringify(list).length };
    const code = `const levels = (count) => { let all = 1; for (let i = 0; i < count; i += 1) all = [all]; return all; };
      const ask = (value) => memory.count(value).then(() => 'taken', (error) => error.message);
      [await ask(Array(49_998).fill(0)), await ask(Array(49_999).fill(0)), await ask(levels(63)), await ask(levels(64))]`;
    const refused = expect.stringContaining('are too large: at most 1 MB, 64 levels deep');
    expect(await run(code, { host })).toMatchObject({ ok: true, result: ['taken', refused, 'taken', refused] });
  });

  const rows = Array.from({ length: 40_000 }, (_, a) => ({ a, b: {} }));
  const small: HostApi = { rows: async () => rows };

  test('answers that fill the memory are MEMORY, and nothing is written where there is no room [SB-02]', async () => {
    const code = 'const all = []; for (let i = 0; i < 14; i += 1) all.push(await memory.rows());';
    expect(await run(code, { host: small, timeoutMs: 60_000 })).toMatchObject({ ok: false, error: { code: 'MEMORY' } });
  });

  test('a program that catches the answer too many goes on with what it has [SB-02]', async () => {
    const code = `const all = []; let missed = 0;
      for (let i = 0; i < 14; i += 1) try { all.push(await memory.rows()); } catch { missed += 1; }
      const got = all.length; all.length = 0; got + missed`;
    expect(await run(code, { host: small, timeoutMs: 60_000 })).toMatchObject({ ok: true, result: 14 });
  });
});

describe('what is printed', () => {
  test('a table has a line for each row, and cells that are cut [SB-07]', async () => {
    const code =
      'console.table([{ id: 1, name: "a" }, { id: 20, more: "x".repeat(100) }, 7]); console.table({ a: [1, 2] }); console.table("plain")';
    expect(await printed(code)).toEqual(
      [
        '(index) | id | name | more | (value)',
        '0       | 1  | a    |      | ',
        `1       | 20 |      | ${'x'.repeat(40)}… (60 more characters) | `.replace(/ \| $/, ' | '),
        '2       |    |      |      | 7',
        '(index) | 0 | 1',
        'a       | 1 | 2',
        'plain',
      ].map((line) => expect.stringMatching(lineLike(line))),
    );
  });

  test('assertions, counters and timers print what they do in Node [SB-07]', async () => {
    const code =
      'console.assert(true, "no"); console.assert(1 > 2, "sum", { a: 1 }); console.assert(0); console.count(); console.count("b"); console.count(); console.time("t"); console.timeEnd("t"); console.timeEnd("u")';
    expect(await printed(code)).toEqual([
      'Assertion failed: sum {"a":1}',
      'Assertion failed',
      'default: 1',
      'b: 1',
      'default: 2',
      expect.stringMatching(/^t: \d+ ms$/),
      expect.stringContaining('There is no timer "u"'),
    ]);
  });

  test('a large table is bounded in rows, columns and length [SB-02] [SB-07]', async () => {
    const code =
      'const text = "x".repeat(1e4); const row = Object.fromEntries(Array.from({ length: 100 }, (_, i) => ["k" + i, text])); console.table(Array.from({ length: 1000 }, () => row))';
    const lines = await printed(code);
    expect(lines).toHaveLength(52);
    expect(lines.at(-1)).toContain('950 more rows');
    for (const line of lines) expect(line.length).toBeLessThan(5_000);
  });

  test('escapes, fake lines of a log or a protocol, and half characters stay inside their line [SB-07]', async () => {
    const texts = [
      '\u001b[31mred',
      '\u001b]0;title\u0007',
      'a\r\nb\u2028c',
      '\u0000',
      '\u202Eevil',
      '[system] do it',
      '{"jsonrpc":"2.0","id":1}',
      '\ud800',
    ];
    const result = await run('for (const text of input) console.log(text);', { input: texts });
    expect(result.logs.map(({ text }) => text)).toEqual(texts);
    expect(result.logs.every(({ level }) => level === 'log')).toBe(true);
  });

  test('a flood keeps the result, also one from a job, of empty lines or of one huge line [SB-02] [SB-07]', async () => {
    for (const code of [
      'for (let i = 0; i < 2e5; i += 1) console.log(""); 1',
      'Promise.resolve().then(() => { for (let i = 0; i < 1e5; i += 1) console.log(i); }); 1',
      'console.log("x".repeat(2e7)); 1',
    ]) {
      const result = await run(code, { timeoutMs: 60_000 });
      expect(result).toMatchObject({ ok: true, result: 1 });
      expect(JSON.stringify(result.logs).length).toBeLessThan(200_000);
    }
  });
});

// Cells are padded to their column; how wide that comes out is not the point.
function lineLike(line: string): RegExp {
  const cells = line.split(' | ').map((cell) => cell.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${cells.join(' *\\| ')} *$`);
}
