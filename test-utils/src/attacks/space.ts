// Programs that take more room than they have: T8 to T11 and T14.
import type { Attack } from './attack.ts';

const MEMORY_MB = 32;
/** They end by themselves, when they have met their limit; this is for a machine that is ten times slower. */
const TIMEOUT_MS = 30_000;

type Bomb = readonly [name: string, code: string, about: string];

/** Memory bombs, recursion, results and logs without end. */
export const SPACE_ATTACKS: readonly Attack[] = [
  ...memoryBombs([
    ['huge string', '"x".repeat(1e9)', 'one string of a gigabyte'],
    ['huge typed array', 'new Uint8Array(2 ** 31 - 1)', 'one array of two gigabytes'],
    ['huge buffer', 'new ArrayBuffer(1e9)', 'one buffer of a gigabyte'],
    ['strings', 'const a = []; for (;;) a.push("x".repeat(1e6) + a.length);', 'a list of strings of 1 MB'],
    ['typed arrays', 'const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1));', 'a list of arrays of 1 MB'],
    ['objects', 'const a = []; for (;;) a.push({ a: 1, b: 2, c: {} });', 'a list of small objects'],
    ['nested arrays', 'let a = []; for (;;) a = [a, a];', 'an array in an array in an array'],
    ['map entries', 'const m = new Map(); for (let i = 0; ; i += 1) m.set(i, {});', 'a map that grows'],
    ['set values', 'const s = new Set(); for (let i = 0; ; i += 1) s.add("v" + i);', 'a set that grows'],
    ['closures', 'const a = []; for (;;) { const x = {}; a.push(() => x); }', 'a list of closures'],
    ['symbols', 'const a = []; for (;;) a.push(Symbol("x" + a.length));', 'a list of symbols'],
    ['promises', 'for (;;) Promise.resolve().then(() => {});', 'reactions that nobody lets run'],
    ['parsed text', 'JSON.parse("[" + "{},".repeat(1e6) + "1]")', 'a short text that is long when parsed'],
    ['filled array', 'Array(1e9).fill(1)', 'an array that is filled'],
    ['array from', 'Array.from({ length: 2 ** 32 - 1 })', 'an array of what is not there'],
    ['properties', 'const o = {}; for (let i = 0; ; i += 1) o["k" + i] = i;', 'an object that grows'],
    [
      'generators',
      'const a = []; for (;;) { const g = (function* () { yield 1; })(); g.next(); a.push(g); }',
      'suspended generators',
    ],
  ]),
  {
    threat: 'T8',
    name: 'bomb that catches',
    about: 'catches that there is no memory left and tries again, for ever',
    code: 'for (;;) { try { const a = []; for (;;) a.push("x".repeat(1e6) + a.length); } catch {} }',
    memoryMb: MEMORY_MB,
    timeoutMs: 500,
    outcome: ['MEMORY', 'TIMEOUT_CPU'],
  },
  {
    threat: 'T9',
    name: 'bomb that is caught',
    about: 'fills the memory, lets go and gives a result',
    code: 'let a = []; try { for (;;) a.push(new Uint8Array(1e6).fill(1)); } catch { a = undefined; } "went on"',
    memoryMb: MEMORY_MB,
    timeoutMs: TIMEOUT_MS,
    outcome: 'ok',
    result: 'went on',
  },
  ...recursions([
    ['plain recursion', 'const f = () => f() + 1; f();', 'calls itself'],
    ['getter', 'const o = { get a() { return this.a; } }; o.a;', 'a getter that reads itself'],
    ['proxy', 'const p = new Proxy({}, { get(t, k, r) { return r[k]; } }); p.x;', 'a trap that springs itself'],
    ['proxy tower', 'let p = {}; for (let i = 0; i < 2e5; i += 1) p = new Proxy(p, {}); p.x;', 'proxies of proxies'],
    ['text of nested arrays', 'let a = []; for (let i = 0; i < 2e5; i += 1) a = [a]; String(a);', 'nests 200,000 deep'],
    ['nested JSON', 'let a = []; for (let i = 0; i < 2e5; i += 1) a = [a]; JSON.stringify(a);', 'writes it as JSON'],
    ['parsed nested JSON', 'JSON.parse("[".repeat(2e5));', 'parses 200,000 brackets'],
    ['async recursion', 'const f = async () => await f(); await f();', 'calls itself and awaits'],
    ['toString', 'const o = { toString() { return "" + this; } }; String(o);', 'a text that asks for itself'],
    ['sort comparator', 'const f = () => [2, 1].sort(f)[0]; f();', 'sorts in its comparator'],
    ['destructuring', 'const f = ({ a = f({}) } = {}) => a; f();', 'a default that calls its function'],
    ['constructor', 'class A { constructor() { this.a = new A(); } } new A();', 'constructs itself'],
  ]),
  {
    threat: 'T10',
    name: 'nested expression',
    about: 'an expression of 100,000 groups, which its parser refuses as an error of syntax',
    code: 'new RegExp("(?:".repeat(1e5) + ")".repeat(1e5))',
    timeoutMs: TIMEOUT_MS,
    outcome: ['STACK', 'THROWN'],
    killed: false,
  },
  ...resultBombs([
    ['many objects', 'Array.from({ length: 201000 }, () => 1)', 'more than 200,000 values'],
    ['long string', '"x".repeat(3e7)', 'a string of 30 MB'],
    ['deep value', 'let o = {}; for (let i = 0; i < 1e5; i += 1) o = { o }; o', 'nests 100,000 deep'],
    ['sparse array', 'const a = []; a.length = 4294967295; a', 'four billion holes'],
    ['bytes of few characters', '"€".repeat(1e6)', 'a million characters, three million bytes'],
    ['map of strings', 'new Map([[1, "x".repeat(3e6)]])', 'a long string inside a map'],
    ['escapes', '"\\0".repeat(5e5)', 'characters that are six times as long when written'],
  ]),
  {
    threat: 'T11',
    name: 'shared graph',
    about: 'a million leaves that are one array, written once and referred to',
    code: 'let a = [1]; for (let i = 0; i < 20; i += 1) a = [a, a]; a',
    timeoutMs: TIMEOUT_MS,
    outcome: ['ok', 'RESULT_TOO_LARGE'],
  },
  ...floods([
    ['million lines', 'for (let i = 0; i < 1e6; i += 1) console.log("line " + i); "done"', 'a million lines'],
    ['empty lines', 'for (let i = 0; i < 2e5; i += 1) console.log(""); "done"', 'lines with nothing in them'],
    ['long lines', 'for (let i = 0; i < 100; i += 1) console.log("x".repeat(1e6)); "done"', '100 lines of 1 MB'],
    [
      'flood in reactions',
      'for (let i = 0; i < 2e4; i += 1) Promise.resolve().then(() => console.warn(i)); "done"',
      'lines printed by reactions',
    ],
    [
      'wide objects',
      'const a = Array(1e5).fill("wide"); for (let i = 0; i < 2e3; i += 1) console.log(a, i); "done"',
      'objects too large to print',
    ],
  ]),
  {
    threat: 'T14',
    name: 'one endless line',
    about: 'one line of 100 MB',
    code: 'console.log("x".repeat(1e8)); "done"',
    memoryMb: 256,
    timeoutMs: TIMEOUT_MS,
    outcome: 'ok',
    result: 'done',
    logs: { maxLines: 1, areDropped: false },
  },
];

function memoryBombs(bombs: readonly Bomb[]): readonly Attack[] {
  return attacks('T8', 'MEMORY', bombs).map((attack) => ({ ...attack, memoryMb: MEMORY_MB }));
}

function recursions(bombs: readonly Bomb[]): readonly Attack[] {
  return attacks('T10', 'STACK', bombs).map((attack) => ({ ...attack, killed: false }));
}

function resultBombs(bombs: readonly Bomb[]): readonly Attack[] {
  return attacks('T11', 'RESULT_TOO_LARGE', bombs);
}

function floods(bombs: readonly Bomb[]): readonly Attack[] {
  const logs = { maxLines: 2_000, areDropped: true };
  return attacks('T14', 'ok', bombs).map((attack) => ({ ...attack, result: 'done', logs }));
}

function attacks(threat: Attack['threat'], outcome: string, bombs: readonly Bomb[]): readonly Attack[] {
  return bombs.map(([name, code, about]) => ({ threat, name, about, code, timeoutMs: TIMEOUT_MS, outcome }));
}
