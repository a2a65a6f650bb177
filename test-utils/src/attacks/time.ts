// Programs that never end by themselves: T3 to T7.
import type { Attack } from './attack.ts';

/** Long enough that a slow machine has begun the program, short enough to wait for. */
const TIMEOUT_MS = 200;
/** That a program is killed shows only when it has begun: longer, for a machine that is slow to read it. */
const KILLED_MS = 400;

type Loop = readonly [name: string, code: string, about: string];

/** Chains of promises, swallowed interruptions, loops in the engine, expressions that backtrack. */
export const TIME_ATTACKS: readonly Attack[] = [
  ...stopped('T3', [
    ['promise chain', 'const f = () => Promise.resolve().then(f); f(); 1', 'a promise whose reaction makes the next'],
    ['endless await', 'for (;;) await 0;', 'awaits a number for ever'],
    ['rejections caught', 'for (;;) { try { await Promise.reject(1); } catch {} }', 'awaits and catches for ever'],
    ['unawaited await', '(async () => { for (;;) await 0; })(); 1', 'the same where nobody waits for it'],
    ['thenable chain', 'const t = { then(resolve) { resolve(t); } }; await t;', 'a thenable that resolves with itself'],
    [
      'async generator',
      'async function* g() { for (;;) yield 1; } for await (const _ of g());',
      'an endless asynchronous generator',
    ],
    [
      'two chains',
      'const f = () => Promise.all([0, 1]).then(f); f(); await new Promise(() => {});',
      'a chain behind a promise that is never settled',
    ],
  ]),
  ...stopped('T4', [
    ['loop in an executor', 'new Promise(() => { while (true) {} }); 1', 'loops inside the executor of a promise'],
    ['loop in an async function', '(async () => { while (true) {} })(); 1', 'loops where an error becomes a rejection'],
    ['loop in a reaction', 'Promise.resolve().then(() => { for (;;); }).catch(() => {}); 1', 'loops in a reaction'],
    [
      'loop in an awaited executor',
      'try { await new Promise(() => { for (;;); }); } catch {} "went on"',
      'catches the rejection and returns a result',
    ],
  ]),
  ...stopped('T5', [
    ['loop in finally', 'for (;;) { try { throw 1; } catch {} finally { for (;;); } }', 'loops in finally'],
    ['loop that catches', 'for (;;) { try { for (;;); } catch {} }', 'catches whatever ends its loop'],
    [
      'nested finally',
      'const f = (n) => { try { for (;;); } finally { if (n > 0) f(n - 1); else for (;;); } }; f(50);',
      'goes on in fifty nested finally blocks',
    ],
    [
      'generator return',
      'function* g() { try { yield 1; } finally { for (;;); } } for (const _ of g()) break;',
      'loops when its generator is closed',
    ],
    ['endless generator', 'function* g() { for (;;) yield 1; } for (const _ of g());', 'an endless generator'],
    ['plain loop', 'while (true) {}', 'loops'],
  ]),
  ...stopped('T7', [
    ['nested quantifier', '/(a+)+$/.test("a".repeat(40) + "b")', 'backtracks over nested quantifiers'],
    ['word list', '/^(\\w+\\s?)*$/.test("word ".repeat(20) + "!")', 'backtracks over words'],
    ['stars in a row', '/.*.*.*.*=.*/.test("x".repeat(20000))', 'tries every way to share out a long line'],
    ['alternation', '/^(a|aa)+$/.test("a".repeat(60) + "b")', 'backtracks over alternatives'],
    ['caught expression', 'for (;;) { try { /(a+)+$/.test("a".repeat(40) + "b"); } catch {} }', 'repeats it for ever'],
  ]),
  ...killedFromOutside([
    ['indexOf', 'Array(4294967295).indexOf(1)', 'looks through four billion holes'],
    ['includes', 'Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)', 'the same on an array-like'],
    ['lastIndexOf', 'Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)', 'from the end'],
    ['every', 'Array(4294967295).every((value) => value)', 'asks for each of four billion holes'],
    ['join', 'Array.prototype.join.call({ length: 2 ** 53 - 1 }, "")', 'joins what is not there'],
    ['join of holes', 'new Array(4294967295).join("")', 'joins four billion holes'],
    ['unshift', 'Array.prototype.unshift.call({ length: 2 ** 53 - 2 }, 1)', 'moves what is not there'],
    ['copyWithin', 'Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1)', 'copies what is not there'],
    ['splice', 'Array.prototype.splice.call({ length: 2 ** 53 - 1 }, 0, 1)', 'cuts one of very many'],
    ['reverse', 'Array.prototype.reverse.call({ length: 2 ** 53 - 1 })', 'turns what is not there'],
    ['concat', '[].concat({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true })', 'spreads what is not there'],
    ['flat', '[Array(4294967295)].flat()', 'flattens holes'],
    ['string search', '"a".repeat(4e6).indexOf("a".repeat(2e6) + "b")', 'the worst case of a search'],
    ['search from the end', '"a".repeat(4e6).lastIndexOf("a".repeat(2e6) + "b")', 'the same from the end'],
    ['locale comparison', 'const s = "a".repeat(1e6); for (;;) s.localeCompare(s + "b")', 'compares long texts'],
    ['parsing JSON', 'const s = "[" + "1,".repeat(3e5) + "1]"; for (;;) JSON.parse(s)', 'parses for ever'],
    ['writing JSON', 'const a = Array(3e5).fill(1); for (;;) JSON.stringify(a)', 'writes for ever'],
    ['split and join', 'const s = ",".repeat(1e5); for (;;) s.split(",").join(";")', 'takes apart and puts together'],
    ['replaceAll', 'const s = "ab".repeat(2e5); for (;;) s.replaceAll("a", "c")', 'replaces for ever'],
    ['typed array fill', 'const t = new Uint8Array(16e6); for (;;) t.fill(1)', 'fills 16 MB for ever'],
    ['typed array sort', 'const t = new Float64Array(1e6).fill(1); for (;;) t.sort()', 'sorts numbers'],
    ['normalize', 'const s = "\\u0344".repeat(1e5); for (;;) s.normalize("NFD")', 'normalises text'],
    ['big integers', 'const n = 3n ** (2n ** 17n); for (;;) n * n', 'multiplies long numbers'],
    ['upper case', 'const s = "ß".repeat(1e6); for (;;) s.toUpperCase()', 'changes case'],
    ['encodeURIComponent', 'const s = "ü".repeat(3e5); for (;;) encodeURIComponent(s)', 'escapes text'],
  ]),
];

function stopped(threat: Attack['threat'], loops: readonly Loop[]): readonly Attack[] {
  return loops.map(([name, code, about]) => ({
    threat,
    name,
    about,
    code,
    timeoutMs: TIMEOUT_MS,
    outcome: 'TIMEOUT_CPU',
  }));
}

function killedFromOutside(loops: readonly Loop[]): readonly Attack[] {
  return stopped('T6', loops).map((attack) => ({ ...attack, timeoutMs: KILLED_MS, killed: true }));
}
