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
      expect(run.ok ? '' : run.error.message).toContain('no modules');
    },
  );

  test('a dynamic import is rejected and can be caught [SB-04]', async () => {
    expect(await errorOf('await import("fs");')).toMatchObject({
      code: 'THROWN',
      message: expect.stringContaining('no modules'),
    });
  });

  test('reaching for a missing global says what is there instead [SB-07]', async () => {
    expect(await errorOf('require("fs");')).toMatchObject({
      name: 'ReferenceError',
      message: expect.stringContaining('in memory'),
    });
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
  }, 90_000);

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
