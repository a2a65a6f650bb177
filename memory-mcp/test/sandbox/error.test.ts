import {
  openSandbox,
  type RunRequest,
  type RunResult,
  type Sandbox,
  type SandboxError,
} from '@episodica/memory-mcp/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = openSandbox({ maxWorkers: 2 });
});
afterAll(() => sandbox.close());

async function errorOf(code: string, request: Partial<RunRequest> = {}): Promise<SandboxError> {
  const run: RunResult = await sandbox.run({ code, ...request });
  if (run.ok) throw new Error(`The run succeeded with ${JSON.stringify(run.result)}`);
  return run.error;
}

describe('places', () => {
  test('a thrown error has line, column and an excerpt with a caret under it [SB-07]', async () => {
    const error = await errorOf('const rows = [];\n\nconst first = rows[0].name;');
    expect(error).toMatchObject({ code: 'THROWN', name: 'TypeError', line: 3 });
    const [source, caret] = error.excerpt?.split('\n') ?? [];
    expect(source).toBe('3 | const first = rows[0].name;');
    expect(caret?.indexOf('^')).toBe('3 | '.length + (error.column ?? 0) - 1);
  });

  test.each([
    ['a function', 'function inner() {\n  throw new Error("x");\n}\ninner();', 2],
    ['a program with return', '\n\nif (true) { throw new Error("x"); }\nreturn 1;', 3],
    ['a program with await', 'await null;\nthrow new Error("x");', 2],
    ['a program with await and return', 'await null;\nthrow new Error("x");\nreturn 1;', 2],
    ['a module', 'const a = 1;\nnull.x;\nexport default a;', 2],
    ['the files', 'const a = 1;\nfs.readFile("missing");', 2],
  ])('the line is right in %s [SB-07]', async (_name, code, line) => {
    expect(await errorOf(code)).toMatchObject({ code: 'THROWN', line });
  });

  test.each([
    ['let a = 1;\nlet b = ;', 2],
    ['if (true) {\n  foo(', 2],
    ['return 1;\nlet b = ;', 2],
    ['await 1;\nlet b = ;\n', 2],
    ['export default 1;\nlet b = ;', 2],
    ['const a = 1;\nconst a = 2;', 2],
  ])('a syntax error in %j is at line %i [SB-02] [SB-07]', async (code, line) => {
    expect(await errorOf(code)).toMatchObject({ code: 'SYNTAX', name: 'SyntaxError', line });
  });

  test('the excerpt of a line that ends as on Windows ends with the line [SB-07]', async () => {
    expect((await errorOf('1;\r\nnull.x;\r\n2')).excerpt?.split('\n')[0]).toBe('2 | null.x;');
  });

  test('a long line is cut around the column [SB-07]', async () => {
    const error = await errorOf(`const text = "${'x'.repeat(5_000)}"; null.y;`);
    expect(error.excerpt?.length).toBeLessThan(300);
    expect(error.excerpt).toContain('null.y');
  });
});

describe('what a program throws', () => {
  test.each([
    ['a look-alike object', 'throw { code: "TIMEOUT_CPU", name: "MEMORY", message: "STACK", killed: true };'],
    ['an error with a code', 'throw Object.assign(new Error("x"), { code: "MEMORY" });'],
    ['the text of a full memory', 'throw new RangeError("out of memory");'],
    ['the name of an engine error', 'throw Object.assign(new Error("stack overflow"), { name: "InternalError" });'],
    ['an interruption', 'throw Object.assign(new Error("interrupted"), { name: "InternalError" });'],
    ['null', 'throw null;'],
    ['undefined', 'throw undefined;'],
    ['an empty error', 'throw new Error();'],
    ['a rejected promise', 'await Promise.reject({ code: "ENGINE_CRASH" });'],
    [
      'an error whose fields throw',
      'throw Object.defineProperties(new Error("x"), { name: { get() { throw 1; } }, message: { get() { throw 1; } } });',
    ],
    ['a reviver that plays an overflow', 'JSON.parse("[1]", () => { throw new SyntaxError("stack overflow"); });'],
    ['a made-up overflow', 'throw new SyntaxError("stack overflow");'],
    ['a runtime SyntaxError', 'JSON.parse("{");'],
    ['a value whose getter throws null', 'throw { get a() { throw null; } };'],
    ['a value whose trap throws null', 'throw new Proxy({}, { ownKeys() { throw null; } });'],
    ['a value whose getter overflows the stack', 'const f = () => f() + 1; throw { get a() { return f(); } };'],
  ])('%s is THROWN [SB-02] [SB-07]', async (_name, code) => {
    expect(await errorOf(code)).toMatchObject({ code: 'THROWN' });
  });

  test('an engine error cannot be made by hand [SB-02]', async () => {
    expect(await errorOf('throw new InternalError("stack overflow");')).toMatchObject({
      code: 'THROWN',
      name: 'ReferenceError',
    });
    const borrowed =
      'let kind; const f = () => f() + 1; try { f(); } catch (e) { kind = e.constructor; } throw new kind("stack overflow");';
    expect(await errorOf(borrowed)).toMatchObject({ code: 'THROWN', name: 'Error' });
  });

  test.each([
    'Object.setPrototypeOf(new Error(text), Object.getPrototypeOf(error))',
    'Object.setPrototypeOf(new Error(text), Reflect.getPrototypeOf(error))',
    'Object.setPrototypeOf(new Error(text), error.__proto__)',
    'Object.setPrototypeOf(new Error(text), Object.getPrototypeOf(new Proxy(error, {})))',
    'Reflect.construct(Error, [text], Object.assign(function () {}, { prototype: Object.getPrototypeOf(error) }))',
  ])('an error of the engine does not lend its kind to %s [SB-02]', async (forged) => {
    for (const text of ['out of memory', 'stack overflow']) {
      const code = `const text = '${text}'; const f = () => f() + 1; try { f(); } catch (error) { throw ${forged}; }`;
      expect(await errorOf(code)).toMatchObject({ code: 'THROWN', message: text });
    }
  });

  test('a getter does not speak for an error of the engine, and prototypes are otherwise what they are [SB-02]', async () => {
    const code = `const f = () => f() + 1; try { f(); } catch (error) {
      throw Object.defineProperty(error, 'message', { get: () => 'out of memory' }); }`;
    expect(await errorOf(code)).toMatchObject({ code: 'THROWN', name: 'InternalError' });
    const asked = await sandbox.run({
      code: `class A {} class B extends A {}
        [Object.getPrototypeOf(B) === A, Reflect.getPrototypeOf(new B()) === B.prototype, new B().__proto__ === B.prototype,
          Object.getPrototypeOf(1) === Number.prototype, ({ __proto__: null }) instanceof Object]`,
    });
    expect(asked).toMatchObject({ ok: true, result: [true, true, true, true, false] });
  });

  test('what a proxy of a list says of its length does not cross when it is no number [SB-02] [SB-07]', async () => {
    const proxy = "new Proxy([], { get: (list, key) => (key === 'length' ? '9'.repeat(1e6) : list[key]) })";
    expect(await errorOf(`throw ${proxy};`)).toMatchObject({ code: 'THROWN', message: '[]' });
    expect(await sandbox.run({ code: proxy })).toMatchObject({ ok: true, result: [] });
  });

  test('null from a getter in a result is a mark, a memory that fills up in one is not [SB-02] [SB-04]', async () => {
    expect(await sandbox.run({ code: '({ get a() { throw null; }, b: 2 })' })).toMatchObject({
      ok: true,
      result: { a: { $error: { name: 'object', message: '' } }, b: 2 },
    });
    const fill = 'for (;;) all.push({ a: 1, b: {} });';
    // The second goes on until the engine has no room for an error either, and throws null in its place.
    const toTheLast = `for (;;) { try { ${fill} } catch (error) { if (error === null) throw error; } }`;
    for (const work of [fill, toTheLast]) {
      expect(await errorOf(`const all = []; ({ get a() { ${work} } })`)).toMatchObject({ code: 'MEMORY' });
    }
  });

  test('a message is cut at 2 kB [SB-07]', async () => {
    const error = await errorOf('throw new Error("m".repeat(1e6));');
    expect(error.message.length).toBeLessThan(2_100);
  });

  test('a thrown value that is no error is shown [SB-07]', async () => {
    expect(await errorOf('throw { reason: [1, 2] };')).toMatchObject({ name: 'object', message: '{"reason":[1,2]}' });
    expect(await errorOf('throw "plain";')).toMatchObject({ name: 'string', message: 'plain' });
  });
});

describe('what is not there', () => {
  test.each(['import fs from "fs";\nfs', "import { a } from './a.js';\nexport default a;", 'import "x";'])(
    'the module of %j is refused before anything runs [SB-04] [SB-05]',
    async (code) => {
      const run = await sandbox.run({ code: `console.log("ran");\n${code}` });
      expect(run).toMatchObject({ ok: false, logs: [], error: { code: 'STATIC_REJECTED', line: 2 } });
      expect(run.ok ? '' : run.error.hint).toMatch(/no modules|is a global already/);
    },
  );

  test('a dynamic import is rejected and can be caught [SB-04]', async () => {
    const code = 'const load = (name) => import(name);\ntry { await load("fs"); } catch (error) { throw error; }';
    expect(await errorOf(code)).toMatchObject({
      code: 'THROWN',
      message: expect.stringContaining('no modules'),
    });
  });

  test('reaching for a missing global at run time says what is there instead, apart from the message [SB-07]', async () => {
    const code = 'const load = () => require("fs");\ntry { load(); } catch (error) { throw error; }';
    expect(await errorOf(code)).toMatchObject({
      code: 'THROWN',
      name: 'ReferenceError',
      message: "'require' is not defined",
      hint: expect.stringContaining('no modules'),
    });
  });
});

describe('limits that were met', () => {
  test.each([
    ['for (;;);', { timeoutMs: 200 }, 'TIMEOUT_CPU', { name: 'timeout_ms', value: 200 }],
    ['for (;;);', { timeoutMs: 20_000, cpuMs: 200 }, 'TIMEOUT_CPU', { name: 'cpu_ms', value: 200 }],
    ['await memory.never()', { timeoutMs: 200 }, 'TIMEOUT_WALL', { name: 'timeout_ms', value: 200 }],
    ['const a = []; for (;;) a.push("x".repeat(1e6));', { memoryMb: 24 }, 'MEMORY', { name: 'memory_mb', value: 24 }],
    ['const f = () => f() + 1; f()', {}, 'STACK', { name: 'stack_kb', value: 256 }],
    ['"x".repeat(2_000_000)', {}, 'RESULT_TOO_LARGE', { name: 'max_result_bytes', value: 1_048_576 }],
    ['Array(300_000).fill(0)', {}, 'RESULT_TOO_LARGE', { name: 'max_result_bytes', value: 1_048_576 }],
    [
      'let d = []; for (let i = 0; i < 300; i += 1) d = [d]; d',
      {},
      'RESULT_TOO_LARGE',
      { name: 'max_result_depth', value: 200 },
    ],
    [
      'for (let i = 0; i < 300; i += 1) await memory.ping();',
      {},
      'HOST_CALL_LIMIT',
      { name: 'max_host_calls', value: 256 },
    ],
  ] as const)(
    '%j with %j names its limit and what to do [SB-02] [SB-07]',
    async (code, request, expected, limit) => {
      const host = { ping: async () => 1, never: () => new Promise<number>(() => {}) };
      const error = await errorOf(code, { ...request, host });
      expect(error).toMatchObject({ code: expected, limit });
      expect(error.hint).toMatch(/^[A-Z].*\.$/);
      if (expected === 'TIMEOUT_CPU') {
        const ofComputing = limit.name === 'cpu_ms' ? ' of computing time' : '';
        expect(error.message).toBe(`The program was still computing after 200 ms${ofComputing}.`);
        expect(error.hint).toContain(`raise ${limit.name}.`);
      }
    },
    60_000,
  );

  test('a program that waits longer than it may compute is not stopped for it [SB-02]', async () => {
    const host = { wait: () => new Promise<number>((resolve) => setTimeout(resolve, 400, 7)) };
    const run = await sandbox.run({ code: 'await memory.wait()', host, cpuMs: 200, timeoutMs: 20_000 });
    expect(run).toMatchObject({ ok: true, result: 7, limits: { cpuMs: 200 } });
    expect(run.usage.wallMs).toBeGreaterThan(300);
  });

  test.each([
    'for (;;) { try { for (;;); } catch {} finally { continue; } }',
    'new Promise(() => { for (;;); }); 1',
    'const f = () => Promise.resolve().then(f); f(); 1',
    '(async () => { for (;;) { try { await 0; } catch {} } })(); 1',
    'function* g() { try { for (;;) yield 1; } finally { for (;;); } } for (const n of g()) break;',
    '/^(\\w+\\s?)*$/.test("a".repeat(60) + "!")',
    'try { const f = () => f() + 1; f(); } catch { for (;;); }',
  ])('the limit of computing ends %j too [SB-02] [SB-03]', async (code) => {
    const run = await sandbox.run({ code, cpuMs: 200, timeoutMs: 30_000 });
    expect(run).toMatchObject({ ok: false, error: { code: 'TIMEOUT_CPU', limit: { name: 'cpu_ms', value: 200 } } });
    expect(run.usage.cpuMs).toBeGreaterThanOrEqual(200);
    expect(run.usage.wallMs).toBeLessThan(10_000);
    expect(await sandbox.run({ code: '1 + 1' })).toMatchObject({ ok: true, result: 2 });
  });

  test('a stack that overflows can be caught, in ten ways, and the worker stays [SB-02]', async () => {
    const ways = [
      'const f = () => f() + 1; f()',
      'const o = { get a() { return this.a; } }; o.a',
      'const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x',
      'JSON.parse("[".repeat(1e5))',
      'let d = []; for (let i = 0; i < 1e5; i += 1) d = [d]; JSON.stringify(d)',
      'let d = []; for (let i = 0; i < 1e5; i += 1) d = [d]; String(d)',
      'new RegExp("(".repeat(1e5))',
      'class A { toString() { return String(this); } } String(new A())',
      '[1].sort.call([2, 1], function f(a, b) { return [2, 1].sort(f); })',
      'const { [(() => { const g = () => g(); return g(); })()]: x } = {};',
    ];
    for (const way of ways) {
      const run = await sandbox.run({
        code: `let name = "none";\ntry { ${way}; } catch (e) { name = e.name; }\nname`,
        timeoutMs: 60_000,
      });
      expect(run, way).toMatchObject({ ok: true, killed: false });
      expect(['InternalError', 'RangeError', 'SyntaxError'], way).toContain(run.ok ? run.result : '');
    }
  });
});

describe('hints', () => {
  const host = { search: async () => [{ id: 1 }] };

  test.each([
    ['const hits = memory.search("x");\nhits.map((hit) => hit.id)'],
    ['const hits = memory.search("x");\nhits[0].id'],
    ['const hits = memory.search("x");\nfor (const hit of hits);'],
    ['const [first] = memory.search("x");\nfirst'],
    ['const n = memory.search("x").filter(Boolean);'],
    ['[...memory.search("x")]'],
  ])('%j is told to await [SB-07]', async (code) => {
    const error = await errorOf(code, { host });
    expect(error).toMatchObject({ code: 'THROWN', name: 'TypeError' });
    expect(error.message).not.toContain('await');
    expect(error.hint).toContain('line 1 gives a promise: write await memory.search(…)');
  });

  test.each([
    'const hits = await memory.search("x");\nhits.nothing.id',
    'const pending = memory.search("x");\nconst hits = await pending;\nhits.nothing.id',
    'const a = memory.search("x");\nconst [hits] = await Promise.all([a]);\nhits.nothing.id',
    'memory.search("x").then((hits) => hits.nothing.id)',
  ])('%j awaits, and is told nothing of it [SB-07]', async (code) => {
    const error = await errorOf(code, { host });
    expect(error).toMatchObject({ code: 'THROWN', name: 'TypeError' });
    expect(error.hint).toBeUndefined();
  });

  test.each([
    ['memmory.search("x")', 'Did you mean memory?'],
    ['const episodes = [];\nepisods.length', 'Did you mean episodes?'],
    ['ls -la', 'looks like a shell command'],
    ['print("x")', ''],
    ['function f() {\n  await memory.search("x");\n}', 'write async before the function'],
    ['const a = 1;\n{ count: a, other: 2 }', 'Put parentheses around the object at the end, in line 2'],
    ['const a = “text”;', 'typographic quotes'],
    ['```js\n1 + 1\n```', 'Leave out the markdown fence'],
    ['def f(x):\n    return x', 'looks like Python'],
    ['import numpy as np\nnp.zeros(1)', 'looks like Python'],
    ['npm install lodash', 'looks like a shell command'],
    ['{"a": 1, "b": }', 'looks like JSON'],
    ['SELECT * FROM episodes', 'looks like SQL'],
    ['path.join("a")', 'no modules'],
    ['{ a: 1, b: 2 }.a', 'Put parentheses around the object'],
    ['console.group("x")', 'console has log'],
  ])('%j gets the hint %j [SB-05] [SB-07]', async (code, hint) => {
    expect((await errorOf(code, { host })).hint ?? '').toContain(hint);
  });

  test.each([
    ['const a = {\n  b: [1, 2\n};', '"}" of 3:1 meets the "[" of 2:6'],
    ['function f() {\n  if (true) {\n    return 1;\n}\nf()', '"{" of 1:14 is never closed'],
    ['foo((1, 2]', '"]" of 1:10 meets the "(" of 1:5'],
    ['const class = 1;', "keyword 'class'"],
    ['const a = 1;\nlet a = 2;', 'a'],
  ])('the syntax error of %j says %j [SB-05] [SB-07]', async (code, message) => {
    const error = await errorOf(code);
    expect(error).toMatchObject({ code: 'SYNTAX', name: 'SyntaxError' });
    expect(error.message).toContain(message);
  });
});

describe('the way to an error', () => {
  test('the calls of the program are told, innermost first [SB-07]', async () => {
    const code = 'function inner() {\n  throw new Error("x");\n}\nconst outer = () => inner();\nouter();';
    expect((await errorOf(code)).stack).toEqual(['at inner 2:18', 'at outer 4:26', 'at 5:6']);
  });

  test.each([
    ['in a callback', '[2, 1].sort(() => {\n  throw new Error("x");\n});', 2],
    ['in a getter', 'const o = {\n  get a() { throw new Error("x"); },\n};\no.a', 2],
    ['in a rejected promise', 'await null;\nawait Promise.reject(new Error("x"));', 2],
    ['in an async function', 'async function f() {\n  await null;\n  throw new Error("x");\n}\nawait f();', 3],
    [
      'in a function with a return after it',
      'const f = () => {\n  throw new Error("x");\n};\nif (false) return 1;\nf()',
      2,
    ],
    ['in the last expression behind a return', 'if (false) return 1;\nnull.field', 2],
    ['in an object that is the program', '{\n  a: 1,\n  b: null.c,\n}', 3],
    ['with a cause', 'throw new Error("x", {\n  cause: new Error("y") });', 1],
    ['behind a sign of two units', '"😀";\n"😀"; null.field', 2],
  ])('an error %s has its line [SB-07]', async (_name, code, line) => {
    expect(await errorOf(code)).toMatchObject({ code: 'THROWN', line });
  });

  test.each([
    ['if (false) return 1;\nconst a = 1; null.field', 'null.field', 4],
    ['if (false) return 1;\nnull.field', 'null.field', 4],
    ['await null; null.field', 'null.field', 4],
    ['"😀😀"; null.field', 'null.field', 4],
  ])('the column in %j is that of the source [SB-07]', async (code, text, offset) => {
    const last = code.split('\n').at(-1) ?? '';
    expect((await errorOf(code)).column).toBe(last.indexOf(text) + 1 + offset);
  });

  test('a made-up stack shows no signs of its own, no other file and no more than ten calls [SB-07]', async () => {
    const lines = [
      'at <b> (user.js:1:1)',
      'at \u001b[31m (user.js:1:2)',
      'at x (/etc/passwd:1:3)',
      'at ok (user.js:1:4)',
    ];
    const stack = [...lines, ...Array.from({ length: 30 }, () => 'at y (user.js:1:5)')].join('\n');
    const error = await errorOf('throw Object.assign(new Error("x"), { stack: input });', { input: stack });
    expect(error.stack?.slice(0, 4)).toEqual(['at 1:1', 'at 1:2', 'at ok 1:4', 'at y 1:5']);
    expect(error.stack).toHaveLength(10);
    expect(await errorOf('throw Object.assign(new Error("x"), { stack: "at f (user.js:900:1)" });')).not.toHaveProperty(
      'line',
    );
  });
});

describe('remarks on a result', () => {
  test.each([
    ['const rows = [1];\nconst count = rows.length;', 'End the program with `count;` or a return'],
    ['function main() { return 1; }', 'declares main'],
    ['const a = 1;\n{ count: a }', 'Put parentheses around the object at the end, in line 2'],
    ['const rows = memory.search("x");\n({ rows })', 'write await memory.search(…)'],
    ['[Promise.resolve(1)]', 'put await before it'],
  ])('%j is noticed [SB-07]', async (code, note) => {
    const run = await sandbox.run({ code, host: { search: async () => [] } });
    expect(run).toMatchObject({ ok: true, notes: [expect.stringContaining(note)] });
  });

  test.each([
    'memory.search("x").length',
    'const hits = memory.search("x"); hits.length',
    '(memory.search({})).groups',
    'const { groups } = memory.search({}); groups',
    'JSON.stringify(memory.search("x"))',
    'const hits = memory.search("x"); JSON.stringify(hits)',
    '`hits: $' + '{memory.search("x").length}`',
    'const hits = memory.search("x"); const n = hits.length;',
  ])('%j used the promise, and is told to await before anything else [SB-07]', async (code) => {
    const run = await sandbox.run({ code, host: { search: async () => [] } });
    const note = 'memory.search(…) in line 1 gives a promise: write await memory.search(…).';
    expect(run).toMatchObject({ ok: true, notes: [note] });
  });

  test.each([
    'const p = memory.search("x"); p',
    'memory.search("x").then((hits) => hits.length)',
    'const p = memory.search("x"); const hits = await p; hits.length',
    'const all = [1, 2].map((n) => memory.search(n)); await Promise.all(all)',
    'const e = memory.search("x"); ["a"].map((e) => e.length); await Promise.all([e])',
    'const e = memory.search("x"); ["a"].map((e) => e.length)',
    'const { length } = await\nmemory.search("x"); length',
  ])('%j awaits in time, and is told nothing [SB-07]', async (code) => {
    const run = await sandbox.run({ code, host: { search: async () => [] } });
    expect(run).toMatchObject({ ok: true });
    expect(run).not.toHaveProperty('notes');
  });

  test.each([
    '1',
    'return undefined',
    'console.log(1)',
    'const a = 1; a',
    '({ "$object": "Promise" })',
    '"{\\"$object\\":\\"Promise\\"}"',
  ])('%j has none [SB-07]', async (code) => {
    expect(await sandbox.run({ code })).not.toHaveProperty('notes');
  });
});

describe('console', () => {
  test('lines keep level, order and time, and values are shown [SB-07]', async () => {
    const code =
      'console.log("a", 1, { b: new Map([[1, 2]]) });\nconsole.warn(new Error("w"));\nconsole.error();\nconsole.info("i");\nconsole.debug(undefined);';
    const { logs, logsDropped } = await sandbox.run({ code });
    expect(logs.map(({ level, text }) => [level, text])).toEqual([
      ['log', 'a 1 {"b":{"$map":[[1,2]]}}'],
      ['warn', 'Error: w'],
      ['error', ''],
      ['info', 'i'],
      ['debug', '{"$undefined":true}'],
    ]);
    expect(logs.every(({ atMs }) => atMs >= 0 && atMs < 5_000)).toBe(true);
    expect(logsDropped).toBeUndefined();
  });

  test('a million lines keep the first and the last and do not cost the result [SB-02] [SB-07]', async () => {
    const code = 'for (let i = 1; i <= 1e6; i += 1) console.log("line " + i);\n"done"';
    const run = await sandbox.run({ code, timeoutMs: 60_000 });
    expect(run).toMatchObject({ ok: true, result: 'done' });
    expect(run.logs[0]?.text).toBe('line 1');
    expect(run.logs.at(-1)?.text).toBe('line 1000000');
    expect(run.logs.length + (run.logsDropped ?? 0)).toBe(1_000_000);
    expect(JSON.stringify(run.logs).length).toBeLessThan(200_000);
  });

  test('one huge line is cut and says so [SB-02] [SB-07]', async () => {
    const { logs } = await sandbox.run({ code: 'console.log("x".repeat(1e7)); console.log(Array(1e6).fill(1));' });
    expect(logs[0]?.text.length).toBeLessThan(5_000);
    expect(logs[0]?.text).toContain('more characters');
    expect(logs[1]?.text).toContain('an array of 1000000 items');
  });

  test('control characters and look-alike protocol lines stay inside their text [SB-07]', async () => {
    const text = '\u001b[31m\r\n\u0000{"jsonrpc":"2.0"}\n[1,2,"x"]';
    const { logs } = await sandbox.run({ code: 'console.log(input);', input: text });
    expect(logs.map((line) => line.text)).toEqual([text]);
  });

  test('lines printed before a kill are kept, and those of a run that is interrupted [SB-03] [SB-07]', async () => {
    const killed = await sandbox.run({ code: 'console.log("before"); Array(4294967295).indexOf(1);', timeoutMs: 200 });
    expect(killed).toMatchObject({ ok: false, killed: true, logs: [{ level: 'log', text: 'before' }] });
    const flood = await sandbox.run({ code: 'for (let i = 0; ; i += 1) console.log("n" + i);', timeoutMs: 300 });
    expect(flood).toMatchObject({ ok: false, killed: false, error: { code: 'TIMEOUT_CPU' } });
    expect(flood.logs[0]?.text).toBe('n0');
    expect(flood.logs.length).toBeGreaterThan(100);
  });
});
