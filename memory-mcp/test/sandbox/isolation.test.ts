import { openSandbox, type RunResult, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = openSandbox({ warmWorkers: 1, maxWorkers: 1 });
});
afterAll(() => sandbox.close());

const run = (code: string): Promise<RunResult> => sandbox.run({ code });

const LANGUAGE_GLOBALS = [
  'AggregateError',
  'Array',
  'ArrayBuffer',
  'BigInt',
  'BigInt64Array',
  'BigUint64Array',
  'Boolean',
  'DataView',
  'Date',
  'Error',
  'EvalError',
  'FinalizationRegistry',
  'Float16Array',
  'Float32Array',
  'Float64Array',
  'Function',
  'Infinity',
  'Int16Array',
  'Int32Array',
  'Int8Array',
  'Iterator',
  'JSON',
  'Map',
  'Math',
  'NaN',
  'Number',
  'Object',
  'Promise',
  'Proxy',
  'RangeError',
  'ReferenceError',
  'Reflect',
  'RegExp',
  'Set',
  'String',
  'Symbol',
  'SyntaxError',
  'TypeError',
  'URIError',
  'Uint16Array',
  'Uint32Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'WeakMap',
  'WeakRef',
  'WeakSet',
  'decodeURI',
  'decodeURIComponent',
  'encodeURI',
  'encodeURIComponent',
  'escape',
  'eval',
  'globalThis',
  'isFinite',
  'isNaN',
  'parseFloat',
  'parseInt',
  'undefined',
  'unescape',
];

describe('what a program can reach', () => {
  test('the globals are the language, console, fs and input [SB-04]', async () => {
    const names = await run('Reflect.ownKeys(globalThis).map(String).sort()');
    const own = new Set(['console', 'fs', 'input']);
    const found = names.ok ? (names.result as string[]) : [];
    expect(found.filter((name) => own.has(name))).toEqual(['console', 'fs', 'input']);
    const unknown = found.filter(
      (name) => !own.has(name) && !name.startsWith('Symbol(') && !LANGUAGE_GLOBALS.includes(name),
    );
    expect(unknown).toEqual([]);
  });

  test.each([
    'process',
    'require',
    'module',
    'fetch',
    'XMLHttpRequest',
    'WebSocket',
    'WebAssembly',
    'SharedArrayBuffer',
    'Atomics',
    'setTimeout',
    'Buffer',
    'Deno',
    'std',
    'os',
    'global',
    'window',
    'self',
    'memory',
    'performance',
    'InternalError',
  ])('%s is not there [SB-04]', async (name) => {
    expect(await run(`typeof ${name}`)).toMatchObject({ ok: true, result: 'undefined' });
  });

  test.each([
    'eval("1")',
    '(0, eval)("1")',
    'globalThis["ev" + "al"]("1")',
    'new Function("return 1")()',
    'Function("return 1")()',
    '(() => {}).constructor("return 1")()',
    '(async () => {}).constructor("return 1")()',
    '(function* () {}).constructor("yield 1")()',
    '(async function* () {}).constructor("yield 1")()',
    'Object.getPrototypeOf(async () => {}).constructor("return 1")',
    'Reflect.construct(Function, ["return 1"])',
    'Reflect.construct((() => {}).constructor, ["return 1"], Object)',
    'Reflect.apply(Function, null, ["return 1"])',
    'Function.bind(null, "return 1")()',
    'Function.prototype.constructor("return 1")',
    'new (class extends Function {})("return 1")',
    '[].map.constructor("return 1")',
    'console.log.constructor("return 1")',
    'fs.readFile.constructor("return 1")',
    'eval.constructor("return 1")',
    'eval?.("1")',
    'eval`1`',
    'Function.prototype.constructor = 1; "use"; (() => {}).constructor("return 1")',
  ])('%s does not make code from text [SB-04]', async (code) => {
    // In a function that may be called within a `try`, so that the look before the run lets it through.
    const result = await run(`const hidden = () => { ${code}; };\ntry { hidden(); } catch (error) { throw error; }`);
    expect(result).toMatchObject({ ok: false, error: { code: 'THROWN' } });
    expect(result.ok ? '' : result.error.message).toMatch(/eval and Function are off|not a function/);
  });

  test('functions are still functions [SB-04]', async () => {
    expect(
      await run(
        '[(() => {}) instanceof Function, typeof Function, Function.prototype === Object.getPrototypeOf(() => {})]',
      ),
    ).toMatchObject({
      result: [true, 'function', true],
    });
  });

  test('stack traces name no file of the host [SB-04]', async () => {
    const result = await run('try { null.x } catch (e) { e.stack }');
    expect(result.ok ? result.result : '').not.toMatch(/node_modules|file:|\/work|\.ts/);
  });
});

describe('one run and the next', () => {
  test('nothing that a program changes is seen by the next [SB-01] [SB-04]', async () => {
    const change = `globalThis.left = 1; var declared = 1; Array.prototype.left = 1; Object.prototype.left = 1;
      console.log = null; JSON.parse = null; Math.random = () => 4; fs.writeFile("left", "x"); input = 5; 1`;
    expect(await run(change)).toMatchObject({ ok: true });
    const look = `[typeof left, typeof declared, [].left, ({}).left, typeof console.log, typeof JSON.parse, Math.random() === 4, fs.readdir("/"), typeof input]`;
    expect(await run(look)).toMatchObject({
      result: [
        'undefined',
        'undefined',
        { $undefined: true },
        { $undefined: true },
        'function',
        'function',
        false,
        [],
        'undefined',
      ],
    });
  });

  test('a run after a failure of each kind is clean [SB-03]', async () => {
    for (const code of [
      'null.x',
      'const f = () => f() + 1; f();',
      'const a = []; for (;;) a.push({});',
      '"x".repeat(1e9)',
      'let a = ;',
    ]) {
      expect((await run(code)).ok).toBe(false);
      expect(await run('typeof a + typeof f')).toMatchObject({ ok: true, result: 'undefinedundefined' });
    }
  });
});

describe('what an engine of its own would leak', () => {
  test('a program is not called with the frames of our functions [SB-04]', async () => {
    const code = `Error.prepareStackTrace = (error, frames) => frames;
      try { fs.readFile("missing"); } catch (error) { [typeof error.stack, typeof Error.prepareStackTrace] }`;
    expect(await run(code)).toMatchObject({ ok: true, result: ['string', 'undefined'] });
  });

  test('what a program puts on all objects does not answer in place of a promise [SB-04]', async () => {
    const hijack = 'Object.prototype.then = function (resolve) { resolve("hijacked"); };';
    expect(await run(`${hijack}\nawait 1;\n({ a: 1 })`)).toMatchObject({ ok: true, result: { a: 1 } });
    expect(await run(`${hijack}\nreturn await (async () => ({ a: 1 }))();`)).toMatchObject({ result: { a: 1 } });
  });

  test('an object still has its own then, set or written [SB-04]', async () => {
    const code = `const set = {}; set.then = (resolve) => resolve(1);
      class Later { then(resolve) { resolve(2); } }
      [await set, await new Later(), await { then: (resolve) => resolve(3) }, Object.keys(set)]`;
    expect(await run(code)).toMatchObject({ ok: true, result: [1, 2, 3, ['then']] });
  });

  test('time is counted in whole milliseconds and nothing counts finer [SB-04]', async () => {
    const code = `const seen = new Set(); const until = Date.now() + 20; while (Date.now() < until) seen.add(Date.now());
      [[...seen].every(Number.isInteger), seen.size <= 21, typeof performance, typeof SharedArrayBuffer, typeof Atomics]`;
    expect(await run(code)).toMatchObject({ result: [true, true, 'undefined', 'undefined', 'undefined'] });
  });
});
