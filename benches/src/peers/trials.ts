// What every subject is put through: the same attacks, the same harmless programs.
import type { Program } from './subject.ts';

/** One thing to compare. */
export interface Trial {
  readonly name: string;
  readonly program: Program;
}

/** The trial that measures how long a trivial run takes. */
export const TIMINGS = 'trivial run';

/** Programs that take, or give, more than they may. */
export const ATTACK_TRIALS: readonly Trial[] = [
  trial('while (true)', 'while (true) {}', '1'),
  trial('expression that backtracks', '/(a+)+$/.test("a".repeat(40) + "b");', '1'),
  trial('loop inside the engine', 'Array(4294967295).indexOf(1);', '1'),
  trial('endless chain of promises', 'for (;;) await 0;', '1'),
  trial('interruption swallowed', 'new Promise(() => { while (true) {} });', '"went on"'),
  trial('list of strings of 1 MB', 'const a = []; for (;;) a.push("x".repeat(1e6) + a.length);', '1'),
  trial('list of small objects', 'const a = []; for (;;) a.push({ a: 1, b: 2, c: {} });', '1'),
  trial('JSON nested 200,000 deep', 'let c = ""; try { JSON.parse("[".repeat(2e5)); } catch { c = "caught"; }', 'c'),
  trial('result with a cycle', 'const a = { name: "a" }; a.self = a;', 'a'),
  trial('result of 30 MB', '', '"x".repeat(30e6)'),
  trial('1,000,000 log lines', 'for (let i = 0; i < 1e6; i += 1) console.log("line " + i);', '"printed"'),
];

/** Programs as agents write them. */
export const HONEST_TRIALS: readonly Trial[] = [
  trial('error on line 3', 'const a = 1;\nconst b = 2;\nthrow new TypeError("no");', '1'),
  {
    name: 'TypeScript',
    program: {
      body: 'interface Sum { n: number }\nconst sum: Sum = { n: 41 };',
      result: 'sum.n + 1',
      isTypeScript: true,
    },
  },
];

/** The ways in which agents hand over a result; each should give 2. */
export const RESULT_FORMS: Readonly<Record<string, string>> = {
  'result as the last expression': 'const a = 1;\na + 1',
  'result by return': 'const a = 1;\nreturn a + 1;',
  'result by export default': 'const a = 1;\nexport default a + 1;',
};

function trial(name: string, body: string, result: string): Trial {
  return { name, program: { body, result } };
}
