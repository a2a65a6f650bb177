import { openSandbox, type RunRequest, type RunResult, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MISSING_GLOBALS } from '../../src/sandbox/missing-globals.ts';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = openSandbox({ maxWorkers: 2 });
});
afterAll(() => sandbox.close());

async function run(code: string, request: Partial<RunRequest> = {}): Promise<RunResult> {
  return sandbox.run({ code, ...request });
}

async function expectHealthy(): Promise<void> {
  expect(await run('[1, 2].map((n) => n * 2)')).toMatchObject({ ok: true, result: [2, 4], killed: false });
}

describe('what certainly fails', () => {
  test.each([
    ['import fs from "fs";', 'import "fs"', 'fs is a global'],
    ['import { readFile } from "node:fs/promises";', 'import "node:fs/promises"', 'fs is a global'],
    ['import _ from "lodash";', 'import "lodash"', 'no modules'],
    ['import axios from "axios";', 'import "axios"', 'no network'],
    ['export * from "./other.js";', 'export from "./other.js"', 'no modules'],
    ['export { a } from "./other.js";', 'export from "./other.js"', 'no modules'],
    ['const { join } = require("path");', 'require("path")', 'no modules'],
    ['const os = await import("os");', 'import("os")', 'no process'],
    ['process.env.HOME;', 'process', 'no process'],
    ['const r = await fetch("https://example.com");', 'fetch', 'no network'],
    ['new WebSocket("ws://x");', 'new WebSocket', 'no network'],
    ['setTimeout(() => {}, 10);', 'setTimeout', 'no timers'],
    ['await new Promise((resolve) => setTimeout(resolve, 10));', 'setTimeout', 'no timers'],
    ['Buffer.from("a");', 'Buffer', 'Uint8Array'],
    ['eval("1");', 'eval', 'from text'],
    ['new Function("return 1")();', 'new Function', 'from text'],
    ['document.title;', 'document', 'no browser'],
    ['module.exports = { a: 1 };', 'module', 'no modules'],
    ['exports.a = 1;', 'exports', 'no modules'],
    ['const here = __dirname + "/x";', '__dirname', 'fs holds files in memory'],
    ['Deno.readFile("x");', 'Deno', 'no process'],
    ['const copy = structuredClone({});', 'structuredClone', 'JSON.parse'],
    ['const shorthand = { process };', 'process', 'no process'],
    ['module.exports = 1;', 'module', 'export default'],
    ['try { process.exit(); } finally { console.log(1); }', 'process', 'no process'],
    ['const load = () => fetch("x"); load();', 'fetch', 'no network'],
    ['class A { constructor() { fetch("x"); } } new A();', 'fetch', 'no network'],
  ])(
    '%s is refused before anything runs, with its place and what to use instead [SB-05]',
    async (code, what, instead) => {
      const result = await run(`console.log("ran");\n\n${code}`);
      expect(result).toMatchObject({
        ok: false,
        logs: [],
        error: {
          code: 'STATIC_REJECTED',
          line: 3,
          message: expect.stringContaining(`${what} (3:`),
          hint: expect.stringContaining(instead),
          excerpt: expect.stringContaining(`3 | ${code.slice(0, 20)}`),
        },
      });
    },
  );

  test('all problems are told, five of them by name [SB-05]', async () => {
    const code = 'process.a;\nrequire("a");\nfetch("b");\nsetTimeout(1);\nBuffer.b;\nwindow.c;\nalert(1);';
    const result = await run(code);
    expect(result).toMatchObject({ ok: false, error: { code: 'STATIC_REJECTED', line: 1, column: 1 } });
    const message = result.ok ? '' : result.error.message;
    expect(message).toContain(
      'process (1:1), require("a") (2:1), fetch (3:1), setTimeout (4:1), Buffer (5:1) and 2 more',
    );
  });

  test('places in TypeScript are those of the program as written [SB-05]', async () => {
    const code =
      'const wait = (ms: number): Promise<void> => new Promise((r) => setTimeout(r, ms));\nawait wait(1 as number);';
    const result = await run(code);
    expect(result).toMatchObject({ ok: false, error: { code: 'STATIC_REJECTED', line: 1 } });
    const column = code.indexOf('setTimeout') + 1;
    expect(result.ok ? 0 : result.error.column).toBe(column);
  });

  test('every name that is refused is truly not there [SB-05]', async () => {
    const names = MISSING_GLOBALS.filter((name) => name !== 'eval' && name !== 'Function');
    const code = `[${names.map((name) => `typeof globalThis["${name}"]`).join()}]`;
    expect(await run(code)).toMatchObject({ ok: true, result: names.map(() => 'undefined') });
  });
});

describe('what may succeed', () => {
  test.each([
    ['a name that the program declares', 'const process = { env: 1 }; process.env', 1],
    ['a name that a parameter has', '((fetch) => fetch(2))((n) => n)', 2],
    ['a name that is taken from an object', 'const { Buffer = 3 } = {}; Buffer', 3],
    ['a name that is assigned', 'setTimeout = (f) => f(); setTimeout(() => {}); 4', 4],
    ['a function with the name', 'function require(name) { return name; }\nrequire("x")', 'x'],
    ['a class with the name', 'class URL { href = 5 }\nnew URL().href', 5],
    ['a property with the name', '({ process: 6 }).process', 6],
    ['a method with the name', '({ fetch() { return 7; } }).fetch()', 7],
    ['a label with the name', 'process: for (;;) { break process; }\n8', 8],
    ['a name that is asked for', 'typeof process === "undefined" ? 9 : process.pid', 9],
    ['a name that is looked up', '"fetch" in globalThis ? fetch("x") : 10', 10],
    ['a name that is looked up as a property', 'globalThis.process ? process.pid : 11', 11],
    ['a use within a try', 'try { process.exit(); } catch { 12 }', 12],
    [
      'a use in a function that is tried',
      'const load = () => require("x");\nlet n = 13; try { load(); } catch { n }',
      13,
    ],
    ['a caught import', 'await import("fs").catch(() => 14)', 14],
    ['an import within a try', 'let n; try { await import("fs"); } catch { n = 15; }\nn', 15],
    ['an import whose rejection is handled', 'await import("fs").then(() => 1, () => 16)', 16],
    ['a name that is asked of an object', 'Object.hasOwn(globalThis, "fetch") ? fetch : 18', 18],
    ['a name that is asked by reflection', 'Reflect.has(globalThis, `fetch`) ? fetch : 19', 19],
    ['a name that is asked by another name', 'const has = (n) => n in globalThis; has("fetch") ? fetch : 20', 20],
    ['a name that is asked of this', 'if (this.process) process; else 21', 21],
    ['a name that is looked for in the keys', 'Object.keys(globalThis).includes("process") ? process : 22', 22],
    ['a name that is given as a key', 'Object.assign(globalThis, { process: { env: 23 } }); process.env', 23],
    ['a name that is given as a text', 'Object.defineProperty(globalThis, "process", { value: 24 }); process', 24],
    ['a name that is given to this', 'this.process = 25; process', 25],
    ['a name that is given by another name', 'const w = globalThis; w.fetch = 26; fetch', 26],
    ['a use in a function that is never called', 'function f() { fetch(); }\nconst g = () => () => process;\n27', 27],
    [
      'a use within a try whose finally returns',
      'function f() { try { return fetch(); } finally { return 28; } }\nf()',
      28,
    ],
    [
      'a use in a method that is never called',
      'class A { load() { return fetch(); } run() { return 31; } }\nnew A().run()',
      31,
    ],
    ['an import in a race', 'await Promise.race([29, import("x")])', 29],
    ['an import of which one may do', 'await Promise.any([import("x"), 30])', 30],
    [
      'a rejection that is looked at',
      'const load = async () => fetch("x");\n(await Promise.allSettled([load()]))[0].status',
      'rejected',
    ],
    ['Function as a value', '(() => {}) instanceof Function', true],
    ['a name within with', 'with ({ process: 17 }) process', 17],
    ['a name in a string and in a comment', '"require(1)" // fetch()', 'require(1)'],
  ])('%s is left to run [SB-05]', async (_name, code, result) => {
    expect(await run(code)).toMatchObject({ ok: true, result });
  });
});

describe('what hides from it', () => {
  test.each([
    'globalThis["pro" + "cess"].env',
    'globalThis["ev" + "al"]("1")',
    '(0, eval)("1")',
    '\\u0065val`1`',
    'const f = () => \\u0070rocess.env;\ntry { } catch { }\nf()',
    '/* */ [].constructor.constructor("return process")()',
    'new Proxy(globalThis, {}).process.env',
    'Reflect.get(globalThis, "require")("fs")',
    'const { ["pro" + "cess"]: p } = globalThis; p.env',
    'const hidden = () => require("fs");\ntry { } catch { }\nhidden()',
  ])('%s finds nothing there when it runs [SB-05] [SB-04]', async (code) => {
    const result = await run(code);
    expect(result).toMatchObject({ ok: false, killed: false });
    expect(['THROWN', 'STATIC_REJECTED']).toContain(result.ok ? '' : result.error.code);
    await expectHealthy();
  });
});

describe('bad texts', () => {
  test.each([
    ['NUL', 'const a = "x\u0000y";\na', { code: 'STATIC_REJECTED', line: 1, column: 13 }],
    ['binary', '\u0089PNG\r\n\u001a\n\u0000\u0000', { code: 'STATIC_REJECTED', line: 2 }],
    ['a terminal sequence', '1;\n"\u001b[31m"', { code: 'STATIC_REJECTED', line: 2, column: 2 }],
    ['half a character', '1;\n"ab\ud800cd"', { code: 'STATIC_REJECTED', line: 2, column: 4 }],
    ['the other half of a character', '"\udc00"', { code: 'STATIC_REJECTED', line: 1, column: 2 }],
  ])('%s is refused with its place and the escape to write [SB-05]', async (_name, code, error) => {
    const result = await run(code);
    expect(result).toMatchObject({ ok: false, error: { ...error, hint: expect.stringContaining('\\u') } });
    const { message, excerpt } = result.ok ? { message: '', excerpt: '' } : result.error;
    expect(`${message}${excerpt?.replaceAll('\n', '')}`).not.toMatch(/[\u0000-\u001f]/);
    await expectHealthy();
  });

  test.each([
    ['a mark of byte order', '\ufeff1 + 1', 2],
    ['ends of lines of Windows', 'const a = 1;\r\na + 1\r\n', 2],
    ['a line separator in a string', '"a\u2028b".length', 3],
    ['a line separator after a comment', '1; //\u20282', 2],
    ['a source map', '2 //# sourceMappingURL=data:application/json;base64,e30=', 2],
    ['the end of a script element', '"</script>".length', 9],
    ['an HTML comment', '<!-- hidden\n2', 2],
    ['a line for a shell', '#!/usr/bin/env node\nreturn 2;', 2],
    ['nothing', '', { $undefined: true }],
    ['white space', ' \n\t\n', { $undefined: true }],
    ['comments alone', '// one\n/* two */', { $undefined: true }],
    ['a whole pair of halves', '"😀".length', 2],
  ])('%s is read [SB-01] [SB-05]', async (_name, code, result) => {
    expect(await run(code)).toMatchObject({ ok: true, result });
  });

  test.each([
    ['brackets', '['.repeat(60_000), 'STACK'],
    ['parentheses', '('.repeat(60_000), 'STACK'],
    ['braces', '{'.repeat(60_000), 'STACK'],
    ['nested ifs', `${'if(1){'.repeat(1_000)}${'}'.repeat(1_000)}`, 'STACK'],
    ['nested templates', `${'`${'.repeat(5_000)}1${'}`'.repeat(5_000)}`, 'STACK'],
    ['arrows', `${'a=>'.repeat(20_000)}1`, 'STACK'],
    ['negations', `${'!'.repeat(60_000)}1`, 'STACK'],
    ['defaults that never close', '(a='.repeat(24), 'SYNTAX'],
    ['type arguments that never close', '<T>('.repeat(24), 'SYNTAX'],
    ['comments that never close', '/* '.repeat(20_000), 'SYNTAX'],
    ['quotes', "'\\".repeat(30_000), 'SYNTAX'],
    ['too much of it', `"${'x'.repeat(65_535)}"`, 'STATIC_REJECTED'],
    ['more brackets than a program may have', '['.repeat(200_000), 'STATIC_REJECTED'],
  ])(
    '%s are a typed error, and the next run is healthy [SB-02] [SB-05]',
    async (_name, code, expected) => {
      expect(await run(code, { timeoutMs: 30_000 })).toMatchObject({ ok: false, error: { code: expected } });
      await expectHealthy();
    },
    60_000,
  );

  test('brackets that only types could need are refused before the stripper sees them [SB-02] [SB-05]', async () => {
    const code = `const a: number = ${'['.repeat(300)}${']'.repeat(300)};`;
    expect(await run(code, { language: 'typescript' })).toMatchObject({
      ok: false,
      error: { code: 'STATIC_REJECTED', limit: { name: 'max_nesting', value: 200 } },
    });
    await expectHealthy();
  });

  test.each([
    ['type arguments', `x = ${'<T>('.repeat(24)}1${')'.repeat(24)}`],
    ['type arguments with spaces', `x = ${'<T> ('.repeat(24)}1${')'.repeat(24)}`],
    ['defaults that never close', `let x: number = ${'(a='.repeat(24)}`],
  ])('%s that would double the time of the stripper are refused at once [SB-02] [SB-05]', async (_name, code) => {
    for (const language of ['typescript', undefined] as const) {
      const result = await run(code, { timeoutMs: 30_000, ...(language === undefined ? {} : { language }) });
      expect(result).toMatchObject({ ok: false, killed: false });
      expect(['STATIC_REJECTED', 'SYNTAX']).toContain(result.ok ? '' : result.error.code);
    }
    await expectHealthy();
  });

  test('a line of 60 kB costs no more than its length [SB-05]', async () => {
    const line = '/* " \' ` '.repeat(6_000);
    const result = await run(`const a: number = 1;\n// ${line}\na`);
    expect(result).toMatchObject({ ok: true, result: 1 });
  });
});
