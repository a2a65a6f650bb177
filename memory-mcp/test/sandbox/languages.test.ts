import { openSandbox, type RunRequest, type RunResult, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = openSandbox({ maxWorkers: 2 });
});
afterAll(() => sandbox.close());

async function run(code: string, request: Partial<RunRequest> = {}): Promise<RunResult> {
  return sandbox.run({ code, ...request });
}

const UNDEFINED = { $undefined: true };

describe('the result of a program', () => {
  test.each([
    // the last expression
    ['1 + 1', 2],
    ['1; 2; 3', 3],
    ['let a = 1; a += 2; a', 3],
    ['let a = 1;\na = 5', 5],
    ['if (true) { 6 } else { 7 }', 6],
    ['for (const n of [1, 2]) { n * 10 }', 20],
    ['"text"', 'text'],
    ['`a` + 1', 'a1'],
    ['null', null],
    ['[1, [2]]', [1, [2]]],
    ['x = 3; x', 3],
    ['// only this', UNDEFINED],
    ['function main() { return 4; }\nmain()', 4],
    ['async function main() { return 4; }\nmain()', 4],
    ['(() => 5)()', 5],
    ['(async () => 5)()', 5],
    // an object
    ['{ a: 1 }', { a: 1 }],
    ['{ a: 1, b: [2] }', { a: 1, b: [2] }],
    ['{ "a": 1, "b": { "c": null } }', { a: 1, b: { c: null } }],
    ['  {\n    a: 1,\n  };\n', { a: 1 }],
    ['{}', {}],
    ['{ a: await Promise.resolve(1) }', { a: 1 }],
    ['({ a: 1 })', { a: 1 }],
    ['{ const a = 1; a }', 1],
    ['{ let a = 2; { a } }', 2],
    // return
    ['return 1;', 1],
    ['return { a: 1 }', { a: 1 }],
    ['if (input === undefined) return "none"; return input.a;', 'none'],
    ['if (false) return 1;\n"the end"', 'the end'],
    ['if (true) return 1;\n"the end"', 1],
    ['for (const n of [1, 2, 3]) if (n === 2) return n;\n0', 2],
    ['const a = [3, 1, 2];\nif (a.length === 0) return [];\na.sort()', [1, 2, 3]],
    ['return', UNDEFINED],
    // await
    ['await 1', 1],
    ['const a = await Promise.all([1, 2]); a', [1, 2]],
    ['const a = await 1; return a + 1;', 2],
    ['if (!(await 0)) return await 2;\n3', 2],
    ['if (await 0) return 2;\nawait 3', 3],
    ['let s = 0; for await (const n of [1, 2]) s += n; s', 3],
    ['const f = async () => { await null; return 7; };\nawait f()', 7],
    // exports
    ['export default 1', 1],
    ['export default { a: 1 };', { a: 1 }],
    ['export default function () {}', { $function: 'default' }],
    ['const a = await 2;\nexport default a;', 2],
    ['export const a = 1; export function b() {}', { a: 1, b: { $function: 'b' } }],
    ['export const a = 1;\nexport default a + 1;', 2],
    ['export default 1;\n"not this"', 1],
    ['const a = 1;\nexport { a as b };', { b: 1 }],
  ])('of %j is %j, as JavaScript and as TypeScript [SB-01] [SB-07]', async (code, result) => {
    for (const language of [undefined, 'javascript', 'typescript'] as const) {
      expect(await run(code, language === undefined ? {} : { language })).toMatchObject({ ok: true, result });
    }
  });
});

describe('TypeScript', () => {
  const TYPED: readonly (readonly [string, unknown])[] = [
    ['const a: number = 1; a', 1],
    ['let a!: number; a = 2; a', 2],
    ['const a = 3 as const; a', 3],
    ['const a = <number>(4 as unknown); a', 4],
    ['const a = { n: 5 } satisfies { n: number }; a.n', 5],
    ['type T = { readonly a?: number };\nconst t: T = { a: 6 };\nt.a', 6],
    ['interface I<T> { v: T }\nconst i: I<number> = { v: 7 };\ni.v', 7],
    ['enum Color { Red = 3, Green }\nColor.Green', 4],
    ['const enum Flag { On = 8 }\nFlag.On', 8],
    ['declare const outer: number;\n9', 9],
    ['function f<T>(value: T): T { return value; }\nf<number>(10)', 10],
    ['new Map<string, number>([["a", 11]]).get("a")', 11],
    ['class A { constructor(private readonly n: number) {} get() { return this.n; } }\nnew A(12).get()', 12],
    ['abstract class A { abstract f(): number }\nclass B extends A { f() { return 13; } }\nnew B().f()', 13],
    ['const f = (a?: number, ...rest: string[]): number => rest.length; f(1, "a")', 1],
    ['const a = (null as { n: number } | null)?.n ?? 14; a', 14],
    ['const a: { n?: number } = { n: 15 }; a.n!', 15],
    ['import type { Episode } from "./types";\nconst e: Episode = 16;\ne', 16],
    ['import { Episode } from "./types";\nconst e: Episode = 17;\ne', 17],
    ['export const a: number = 18;\nexport default a;', 18],
    ['const a: number = await Promise.resolve(19);\nreturn a;', 19],
    ['const a: number = 20;\nif (a < 0) return 0;\na', 20],
    ['function isText(a: unknown): a is string { return typeof a === "string"; }\nisText("x")', true],
    ['function f(this: void, a: number): asserts a { }\nf(1); 21', 21],
  ];

  test.each(TYPED)('%j gives %j where the language is left out or named [SB-01]', async (code, result) => {
    expect(await run(code)).toMatchObject({ ok: true, result });
    expect(await run(code, { language: 'typescript' })).toMatchObject({ ok: true, result });
  });

  test.each([
    ['const a: number = 1;\na', 1, 'with language "typescript"'],
    ['enum Color { Red }\nColor.Red', 1, 'with language "typescript"'],
    ['interface I { a: string }\n1', 1, 'with language "typescript"'],
  ])('%j is a syntax error as JavaScript, which never strips [SB-01]', async (code, line, hint) => {
    const result = await run(code, { language: 'javascript' });
    expect(result).toMatchObject({ ok: false, error: { code: 'SYNTAX', line, hint: expect.stringContaining(hint) } });
  });

  test.each([
    ['class A {\n  @logged run() {}\n}', 2, 'Decorators'],
    ['namespace N {\n  export const a = 1;\n}\nN.a', 1, 'Namespaces'],
    ['const a = 1;\nconst b = <div className="x">{a}</div>;', 2, 'JSX'],
  ])('what is not supported in %j is named [SB-01] [SB-07]', async (code, line, hint) => {
    const result = await run(code);
    expect(result).toMatchObject({ ok: false, error: { line, hint: expect.stringContaining(hint) } });
    expect(['SYNTAX', 'TYPESCRIPT']).toContain(result.ok ? '' : result.error.code);
  });

  test('of two readings, the error of the one that came further is told [SB-01] [SB-07]', async () => {
    const typed = await run('const a: number = 1;\nconst b: string = ;');
    expect(typed).toMatchObject({ ok: false, error: { code: 'TYPESCRIPT', line: 2 } });
    const plain = await run('const a = 1;\nconst b = ;');
    expect(plain).toMatchObject({ ok: false, error: { code: 'SYNTAX', line: 2 } });
  });

  test.each([
    ['const e: Episode[] = []; fetch("x")', 'fetch (1:26)'],
    ['const f = (a) => a; f(process as any)', 'process (1:23)'],
    ['const f = (e: Episode) => setTimeout(e, 1); f(1)', 'setTimeout (1:27)'],
    ['class A { private x = 1; readonly y = fetch }', 'fetch (1:39)'],
  ])('what %j lacks is told, not its types [SB-01] [SB-05]', async (code, what) => {
    const result = await run(code);
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'STATIC_REJECTED', message: expect.stringContaining(what) },
    });
  });

  test.each([
    ['return 1\n}', 2, 1],
    ["return 1})(),(()=>{for(const k of [1]) return 'broke'", 1, 9],
    ["await 1; return 1}, async () => {return 'broke'", 1, 18],
    ["return 1}\nfunction body() {return 'broke'", 1, 9],
  ])('%j cannot close what is around it [SB-01] [SB-07]', async (code, line, column) => {
    for (const language of ['javascript', undefined] as const) {
      const result = await run(code, language === undefined ? {} : { language });
      expect(result).toMatchObject({ ok: false, error: { code: 'SYNTAX', line, column } });
      expect(result.ok ? '' : result.error.message).toContain("unexpected '}'");
    }
  });

  test('an error keeps its line and its word [SB-01] [SB-07]', async () => {
    const code =
      'interface Row {\n  name: string;\n}\nconst rows: Row[] = [];\nconst first = (rows as Row[])[0]!.name.length as number;';
    const result = await run(code);
    expect(result).toMatchObject({ ok: false, error: { code: 'THROWN', name: 'TypeError', line: 5 } });
    expect(result.ok ? 0 : result.error.column).toBe((code.split('\n')[4] ?? '').indexOf('.name') + 1);
  });

  test('a broken program costs one answer, however it is read [SB-01] [SB-03]', async () => {
    for (const code of ['(a='.repeat(24), '<T>('.repeat(24), 'const a = [1, 2', 'def f(x):\n  return x']) {
      const result = await run(code, { timeoutMs: 20_000 });
      expect(result).toMatchObject({ ok: false, killed: false, error: { code: 'SYNTAX' } });
    }
  });
});
