// Programs that reach for what they were not given: T19 to T22, T26 and T27.
import type { Attack } from './attack.ts';

type Reaching = readonly [name: string, code: string, about: string, result?: unknown];

/** Ambient authority, code from text, other runs, clocks, files of the host. */
export const REACH_ATTACKS: readonly Attack[] = [
  ...finds('T19', [
    [
      'names of the host',
      '[typeof process, typeof require, typeof module, typeof fetch, typeof WebAssembly, typeof Buffer, typeof std, typeof os, typeof setTimeout, typeof Deno, typeof Worker].filter((type) => type !== "undefined")',
      'asks for process, require, fetch, WebAssembly …',
      [],
    ],
    [
      'constructor chains',
      'const found = []; let v = console.log; for (let i = 0; i < 50 && v; i += 1) { if (v.mainModule || v.binding || v.env) found.push(i); v = v.constructor; } found',
      'climbs from constructor to constructor',
      [],
    ],
    [
      'stack frames',
      'let text = ""; try { null.x; } catch (error) { text = error.stack; } /node_modules|file:|\\/home|\\.ts\\b|wasm/.test(text)',
      'looks for files of the host in a stack trace',
      false,
    ],
    [
      'prepareStackTrace',
      'let seen = "nothing"; Error.prepareStackTrace = (error, frames) => { seen = String(frames.map((f) => typeof f.getThis === "function" && typeof f.getThis())); return ""; }; try { null.x; } catch (error) { error.stack; } /object|function/.test(seen.replace("undefined", ""))',
      'asks the frames of a trace for their functions',
      false,
    ],
    [
      'caller and arguments',
      '"use strict"; const f = () => { try { return [typeof f.caller, typeof f.arguments]; } catch { return []; } }; f().filter((type) => type === "function" || type === "object")',
      'asks a function who called it',
      [],
    ],
    [
      'this of a loose function',
      '(function () { return [typeof this.process, typeof this.require]; })()',
      'looks at the global object',
      ['undefined', 'undefined'],
    ],
  ]),
  fails('T19', 'dynamic import', 'await import("node:fs")', 'imports a module while it runs', [
    'THROWN',
    'STATIC_REJECTED',
  ]),
  fails('T19', 'static import', 'import fs from "node:fs"; fs', 'imports a module', ['STATIC_REJECTED']),
  fails('T19', 'import in a promise', 'import("./worker.js").then((m) => m)', 'imports a file of the host', [
    'THROWN',
    'STATIC_REJECTED',
  ]),
  ...[
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
    'Object.freeze(Function)("return 1")',
    'Function.prototype.constructor("return 1")',
    'new (class extends Function {})("return 1")',
    '[].map.constructor("return 1")',
    'console.log.constructor("return 1")',
    'fs.readFile.constructor("return 1")',
    'eval.constructor("return 1")',
    'eval?.("1")',
    'eval`1`',
    'Function.prototype.constructor = 1; (() => {}).constructor("return 1")',
  ].map((code) => fails('T20', code, code, 'makes code from text', ['THROWN', 'STATIC_REJECTED'])),
  ...finds('T21', [
    [
      'changed realm',
      'globalThis.left = 1; var declared = 1; Array.prototype.left = 1; Object.prototype.left = 1; console.log = null; JSON.parse = null; input = 5; 1',
      'changes prototypes and globals for whoever comes next',
      1,
    ],
    ['files left behind', 'fs.writeFile("left", "x"); fs.writeFile("a/b", "y"); 1', 'leaves files', 1],
    [
      'finalisers left behind',
      'const registry = new FinalizationRegistry(() => { globalThis.left = 1; }); registry.register({}, 1); new WeakRef({}); 1',
      'leaves a finaliser',
      1,
    ],
    [
      'prototype frozen',
      'Object.freeze(Object.prototype); Object.freeze(Array.prototype); 1',
      'freezes what others need',
      1,
    ],
    [
      'global taken away',
      'delete globalThis.JSON; delete globalThis.Map; Object.defineProperty(globalThis, "fs", { value: null }); 1',
      'takes globals away',
      1,
    ],
  ]),
  ...finds('T22', [
    [
      'shared memory',
      '[typeof SharedArrayBuffer, typeof Atomics]',
      'asks for shared memory',
      ['undefined', 'undefined'],
    ],
    [
      'fine clocks',
      '[typeof performance, Number.isInteger(Date.now())]',
      'asks for a clock finer than 1 ms',
      ['undefined', true],
    ],
    ['shared buffer by WebAssembly', 'typeof WebAssembly', 'asks for shared memory in another way', 'undefined'],
  ]),
  fails('T26', 'name put together', 'globalThis["ev" + "al"]("1")', 'hides a name in pieces', [
    'THROWN',
    'STATIC_REJECTED',
  ]),
  fails('T26', 'escaped name', '\\u0065val("1")', 'hides a name in escapes', ['THROWN', 'STATIC_REJECTED']),
  fails('T26', 'name in a proxy', 'new Proxy(globalThis, {})["eval"]("1")', 'asks through a proxy', [
    'THROWN',
    'STATIC_REJECTED',
  ]),
  fails('T26', 'import between comments', 'await import/* */("node:" + "fs")', 'hides an import in comments', [
    'THROWN',
    'STATIC_REJECTED',
  ]),
  fails(
    'T26',
    'name by destructuring',
    'const { [["ev", "al"].join("")]: run } = globalThis; run("1")',
    'takes it out of the global object',
    ['THROWN', 'STATIC_REJECTED'],
  ),
  fails('T26', 'process by reflection', 'Reflect.get(globalThis, "proc" + "ess").exit(1)', 'asks by reflection', [
    'THROWN',
    'STATIC_REJECTED',
  ]),
  ...[
    '/etc/passwd',
    '../../../../etc/passwd',
    '/proc/self/environ',
    'package.json',
    '__proto__',
    'C:\\\\Windows\\\\win.ini',
  ].map((path) => fails('T27', `read ${path}`, `fs.readFile("${path}")`, 'reads a file of the host', ['THROWN'])),
  ...finds('T27', [
    [
      'path out of the root',
      'fs.writeFile("a/../../../b", "x"); fs.writeFile("__proto__", "y"); [fs.readFile("/b"), ({}).b === undefined]',
      'climbs out of the root',
      ['x', true],
    ],
    ['path with NUL', refusal('fs.writeFile("a\\0b", "")'), 'a path with NUL', 'EINVAL'],
    ['endless path', refusal('fs.writeFile("a".repeat(10000), "")'), 'a path of 10,000 characters', 'EINVAL'],
    [
      'million files',
      refusal('for (let i = 0; i < 1e6; i += 1) fs.writeFile("f" + i, "")'),
      'writes a million files',
      'ENOSPC',
    ],
    ['huge file', refusal('fs.writeFile("a", "x".repeat(3e7))'), 'writes a file of 30 MB', 'EFBIG'],
    [
      'many large files',
      refusal('for (let i = 0; ; i += 1) fs.writeFile("f" + i, "x".repeat(1e6))'),
      'writes files of 1 MB for ever',
      'ENOSPC',
    ],
    [
      'case',
      'fs.writeFile("a", "1"); fs.writeFile("A", "2"); [fs.readFile("a"), fs.readFile("A")]',
      'names that differ in case',
      ['1', '2'],
    ],
  ]),
];

function finds(threat: Attack['threat'], list: readonly Reaching[]): readonly Attack[] {
  return list.map(([name, code, about, result]) => ({ threat, name, about, code, outcome: 'ok', result }));
}

function fails(
  threat: Attack['threat'],
  ...[name, code, about, outcome]: readonly [string, string, string, readonly string[]]
): Attack {
  return { threat, name, about, code, outcome };
}

/** A program whose result is the code of the error that `statements` meet. */
function refusal(statements: string): string {
  return `let met = "nothing"; try { ${statements}; } catch (error) { met = error.code; } met`;
}
