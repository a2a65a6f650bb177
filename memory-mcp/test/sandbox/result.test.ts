import { openSandbox, type RunRequest, type Sandbox } from '@episodica/memory-mcp/sandbox';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = openSandbox({ maxWorkers: 2 });
});
afterAll(() => sandbox.close());

async function resultOf(code: string, request: Partial<RunRequest> = {}): Promise<unknown> {
  const run = await sandbox.run({ code, ...request });
  expect(run.ok ? undefined : run.error).toBeUndefined();
  return run.ok ? run.result : undefined;
}

describe('where the result comes from', () => {
  test.each([
    ['the last expression', 'const a = 20;\na * 2 + 2', 42],
    ['the last expression in a block', 'let s = 0;\nfor (const n of [1, 2, 3]) { s += n; }\ns', 6],
    ['a top-level return', 'const a = 42;\nreturn a;', 42],
    ['a conditional return', 'if (1 < 2) { return "yes"; }\n"no"', 'yes'],
    ['export default', 'const a = 42;\nexport default { a };', { a: 42 }],
    ['a top-level await', 'const a = await Promise.resolve(41);\na + 1', 42],
    ['await and return', 'const a = await Promise.resolve(42);\nreturn a;', 42],
    ['await and export default', 'export default await Promise.resolve(42);', 42],
    ['an awaited promise', '(async () => 42)()', 42],
    ['await before a parenthesis', 'const r = await (async () => 42)(); r', 42],
    ['await before a parenthesis, with a return', 'const r = await (async () => 42)(); return r;', 42],
    ['await before a list and a minus', 'const [a] = await [40]; a - await -2', 42],
    ['a promise that is returned', 'return new Promise((resolve) => resolve(42));', 42],
    ['a promise that is exported', 'export default (async () => 42)();', 42],
    ['named exports', 'export const a = 1; export const b = 2;', { a: 1, b: 2 }],
    ['a program that ends in a comment', 'return 42; // done', 42],
    ['no expression', 'const a = 1;', { $undefined: true }],
    ['an empty program', '', { $undefined: true }],
  ])('%s gives the result [SB-07]', async (_name, code, expected) => {
    expect(await resultOf(code)).toEqual(expected);
  });

  test('work that nobody awaits is done before the run ends [SB-07]', async () => {
    expect(await resultOf('const seen = []; Promise.resolve().then(() => seen.push(1)); seen')).toEqual([1]);
  });

  test('the input is at hand as it was given [SB-01]', async () => {
    const input = { list: [1, null, 'ü\u0000\u2028'], nested: { deep: [{ a: true }] } };
    expect(await resultOf('input', { input })).toEqual(input);
    expect(await resultOf('typeof input')).toBe('undefined');
  });
});

describe('values that JSON lacks', () => {
  test.each([
    ['undefined', '[undefined, { a: undefined }]', [{ $undefined: true }, { a: { $undefined: true } }]],
    [
      'numbers',
      '[NaN, Infinity, -Infinity, -0, 0, 1.5e300]',
      [{ $number: 'NaN' }, { $number: 'Infinity' }, { $number: '-Infinity' }, { $number: '-0' }, 0, 1.5e300],
    ],
    ['bigint', '[12345678901234567890n, -1n]', [{ $bigint: '12345678901234567890' }, { $bigint: '-1' }]],
    [
      'map',
      'new Map([["a", 1], [{ k: 1 }, new Map()]])',
      {
        $map: [
          ['a', 1],
          [{ k: 1 }, { $map: [] }],
        ],
      },
    ],
    ['set', 'new Set([1, "a", new Set()])', { $set: [1, 'a', { $set: [] }] }],
    ['date', '[new Date(0), new Date(NaN)]', [{ $date: '1970-01-01T00:00:00.000Z' }, { $date: 'Invalid Date' }]],
    [
      'typed arrays',
      '[new Uint8Array([1, 255]), new Float64Array([0.5, NaN]), new BigInt64Array([-1n])]',
      [
        { $typed: 'Uint8Array', values: [1, 255] },
        { $typed: 'Float64Array', values: [0.5, { $number: 'NaN' }] },
        { $typed: 'BigInt64Array', values: [{ $bigint: '-1' }] },
      ],
    ],
    ['array buffer', 'new Uint8Array([7]).buffer', { $typed: 'ArrayBuffer', values: [7] }],
    ['function', '[function named() {}, class Kind {}]', [{ $function: 'named' }, { $function: 'Kind' }]],
    ['symbol', 'Symbol("x")', { $symbol: 'Symbol(x)' }],
    ['error', 'new RangeError("far")', { $error: { name: 'RangeError', message: 'far' } }],
    ['regular expression', '/a\\/b/gi', { $regexp: '/a\\/b/gi' }],
    ['promise inside', '[Promise.resolve(1)]', [{ $object: 'Promise' }]],
    [
      'errors with what they have of their own',
      'new AggregateError([new Error("a"), 1], "all", { cause: { code: 5 } })',
      {
        $error: {
          name: 'AggregateError',
          message: 'all',
          cause: { code: 5 },
          errors: [{ $error: { name: 'Error', message: 'a' } }, 1],
        },
      },
    ],
    [
      'boxed values',
      '[new Number(1), new String("s"), new Boolean(false), Object(2n), Object(Symbol("y")), new Number(NaN)]',
      [1, 's', false, { $bigint: '2' }, { $symbol: 'Symbol(y)' }, { $number: 'NaN' }],
    ],
    ['instances of a class', 'new (class Point { #hidden = 1; x = 1; get y() { return 2; } })()', { x: 1 }],
    ['views', 'new DataView(new Uint8Array([1, 2, 3]).buffer, 1)', { $typed: 'DataView', values: [2, 3] }],
    [
      'a detached buffer',
      '(() => { const b = new ArrayBuffer(2); b.transfer?.(); return [b.byteLength <= 2]; })()',
      [true],
    ],
    ['a generator', '(function* () { yield 1; })()', { $object: 'Generator' }],
    ['weak collections', '[new WeakMap(), new WeakSet()]', [{ $object: 'WeakMap' }, { $object: 'WeakSet' }]],
    ['arguments', '(function () { return arguments; })(1, 2)', { 0: 1, 1: 2 }],
    ['holes', '[, 1]', [{ $undefined: true }, 1]],
    ['subclasses', 'new (class Names extends Map {})([[1, 2]])', { $map: [[1, 2]] }],
    ['no prototype', 'Object.assign(Object.create(null), { a: 1 })', { a: 1 }],
    ['lone surrogates', '"\\ud800!"', '\ud800!'],
  ])('%s are marked, not lost [SB-07]', async (_name, expression, expected) => {
    expect(await resultOf(`(${expression})`)).toEqual(expected);
  });

  test.each([
    '$map',
    '$set',
    '$date',
    '$bigint',
    '$number',
    '$undefined',
    '$function',
    '$symbol',
    '$error',
    '$ref',
    '$regexp',
    '$object',
    '$escaped',
  ])('an object that looks like the mark %s is escaped [SB-07]', async (mark) => {
    expect(await resultOf(`({ ${mark}: 1 })`)).toEqual({ $escaped: { [mark]: 1 } });
    expect(await resultOf(`({ ${mark}: 1, other: 2 })`)).toEqual({ [mark]: 1, other: 2 });
  });

  test('an object that looks like a typed array is escaped [SB-07]', async () => {
    expect(await resultOf('({ $typed: "a", values: [] })')).toEqual({ $escaped: { $typed: 'a', values: [] } });
  });

  test('a cycle is a reference to its path [SB-07]', async () => {
    const code =
      'const a = { list: [{}], "odd key": {} }; a.self = a; a.list[0].up = a.list; a["odd key"].me = a["odd key"]; a';
    expect(await resultOf(code)).toEqual({
      list: [{ up: { $ref: '$.list' } }],
      'odd key': { me: { $ref: '$["odd key"]' } },
      self: { $ref: '$' },
    });
  });

  test('a small shared object is repeated and a large one referred to [SB-07]', async () => {
    const code = 'const small = { a: 1 }; const large = { text: "x".repeat(300) }; [small, small, large, large]';
    expect(await resultOf(code)).toEqual([{ a: 1 }, { a: 1 }, { text: 'x'.repeat(300) }, { $ref: '$[2]' }]);
  });

  test('a graph that unfolds to a million leaves stays small [SB-03] [SB-07]', async () => {
    const result = await resultOf('let d = { v: 1 }; for (let i = 0; i < 20; i += 1) d = { a: d, b: d }; d');
    expect(JSON.stringify(result).length).toBeLessThan(10_000);
  });

  test('toJSON is not called and a getter that throws is marked in its place [SB-07]', async () => {
    const code = '({ a: { toJSON() { return 1; }, b: 2 }, get bad() { throw new Error("no"); }, c: 3 })';
    expect(await resultOf(code)).toEqual({
      a: { toJSON: { $function: 'toJSON' }, b: 2 },
      bad: { $error: { name: 'Error', message: 'no' } },
      c: 3,
    });
  });

  test('an error that is its own cause, and one whose cause throws, are shown all the same [SB-07]', async () => {
    expect(await resultOf('const e = new Error("x"); e.cause = e; e')).toEqual({
      $error: { name: 'Error', message: 'x', cause: { $ref: '$' } },
    });
    const code = 'Object.defineProperty(new Error("x"), "cause", { get() { throw new TypeError("no"); } })';
    expect(await resultOf(code)).toEqual({ $error: { name: 'TypeError', message: 'no' } });
  });

  test('a value that changes while it is read is shown as it is read [SB-07]', async () => {
    const code = `const list = [1, { get a() { list.length = 1; return 2; } }, 3]; const map = new Map([[1, { get b() { map.clear(); return 1; } }], [2, 2]]); [list, map]`;
    expect(await resultOf(code)).toEqual([[1, { a: 2 }, { $undefined: true }], { $map: [[1, { b: 1 }]] }]);
  });

  test('a proxy whose traps throw is marked and its neighbours are kept [SB-07]', async () => {
    const code = 'const p = new Proxy({}, { ownKeys() { throw new TypeError("trap"); } }); [1, p, 2]';
    expect(await resultOf(code)).toEqual([1, { $error: { name: 'TypeError', message: 'trap' } }, 2]);
  });
});

describe('a program that patches the built-ins', () => {
  test.each([
    ['JSON', 'JSON.stringify = () => "{}"; JSON.parse = () => 1;'],
    ['Object', 'Object.keys = () => []; Reflect.ownKeys = () => []; Object.prototype.toJSON = () => 1;'],
    ['Object.prototype.then', 'Object.prototype.then = function (resolve) { resolve("hijacked"); };'],
    [
      'Object.prototype fields',
      'Object.prototype.get = () => 5; Object.prototype.value = 6; Object.prototype.path = 7;',
    ],
    [
      'Array.prototype',
      'Array.prototype.push = () => { throw 1; }; Array.prototype.join = () => "x"; Array.prototype.map = () => [];',
    ],
    ['an index setter', 'Object.defineProperty(Array.prototype, "0", { set() { throw 1; }, configurable: true });'],
    [
      'iteration',
      'Array.prototype[Symbol.iterator] = () => { throw 1; }; Map.prototype[Symbol.iterator] = () => { throw 1; };',
    ],
    [
      'Map and Set',
      'Map.prototype.get = () => 1; Map.prototype.set = () => 1; Map.prototype.forEach = () => {}; globalThis.Map = null;',
    ],
    ['String and RegExp', 'String.prototype.slice = () => "x"; RegExp.prototype.exec = () => null; String = null;'],
    [
      'Function.prototype',
      'Function.prototype.call = () => 1; Function.prototype.apply = () => 1; Function.prototype.bind = () => 1;',
    ],
  ])('%s still has the right result [SB-04] [SB-07]', async (_name, patch) => {
    const code = `const value = { a: [1, "two"], m: new Map([[1, { k: 2 }]]), d: new Date(0) };\n${patch}\nvalue`;
    expect(await resultOf(code)).toEqual({
      a: [1, 'two'],
      m: { $map: [[1, { k: 2 }]] },
      d: { $date: '1970-01-01T00:00:00.000Z' },
    });
  });

  test('its errors are still read [SB-07]', async () => {
    const run = await sandbox.run({ code: 'JSON.stringify = () => "x"; globalThis.Error = null; null.field' });
    expect(run).toMatchObject({ ok: false, error: { code: 'THROWN', name: 'TypeError', line: 1 } });
  });
});

// A value as the program makes it, and what the host should see of it once the marks are read.
interface Sample {
  readonly code: string;
  readonly value: unknown;
}

const scalar: fc.Arbitrary<Sample> = fc.oneof(
  fc.string({ unit: 'binary' }).map((value) => ({ code: JSON.stringify(value), value })),
  fc.double().map((value) => ({ code: Object.is(value, -0) ? '-0' : String(value), value })),
  fc.bigInt().map((value) => ({ code: `${value}n`, value })),
  fc.boolean().map((value) => ({ code: String(value), value })),
  fc.constantFrom({ code: 'null', value: null }, { code: 'undefined', value: undefined }),
  fc.date({ noInvalidDate: true }).map((value) => ({ code: `new Date(${value.getTime()})`, value })),
  fc
    .array(fc.nat(255), { maxLength: 5 })
    .map((bytes) => ({ code: `new Uint8Array([${bytes}])`, value: Uint8Array.from(bytes) })),
);

const { sample } = fc.letrec<{ sample: Sample }>((tie) => {
  const list = fc.array(tie('sample'), { maxLength: 4 });
  // Names of marks among the keys: what looks like a mark must come back as what it was.
  const key = fc.oneof(fc.constantFrom('$map', '$date', '$typed', 'values', '$escaped', '__proto__'), fc.string());
  const fields = fc.uniqueArray(fc.tuple(key, tie('sample')), { maxLength: 4, selector: ([name]) => name });
  return {
    sample: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'sample' },
      scalar,
      list.map((items) => ({ code: `[${items.map(({ code }) => code)}]`, value: items.map(({ value }) => value) })),
      list.map((items) => ({
        code: `new Set([${items.map(({ code }) => code)}])`,
        value: new Set(items.map(({ value }) => value)),
      })),
      fields.map((entries) => ({
        code: `new Map([${entries.map(([name, { code }]) => `[${JSON.stringify(name)}, ${code}]`)}])`,
        value: new Map(entries.map(([name, { value }]) => [name, value])),
      })),
      fields.map((entries) => ({
        code: `({${entries.map(([name, { code }]) => `[${JSON.stringify(name)}]: ${code}`)}})`,
        value: Object.fromEntries(entries.map(([name, { value }]) => [name, value])),
      })),
    ),
  };
});

interface Marked {
  readonly [mark: string]: unknown;
  readonly values: unknown;
}

// Reads the marks back, as their description says.
function decoded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value);
  const marked = value as Marked;
  if (keys.length === 2 && keys[0] === '$typed' && keys[1] === 'values') return Uint8Array.from(marked.values as never);
  const [mark] = keys;
  if (keys.length !== 1 || mark === undefined) return fieldsOf(value);
  if (mark === '$escaped') return fieldsOf(marked[mark] as never);
  if (mark === '$map') return new Map(decoded(marked[mark]) as [unknown, unknown][]);
  if (mark === '$set') return new Set(decoded(marked[mark]) as unknown[]);
  if (mark === '$date') return new Date(marked[mark] as never);
  if (mark === '$bigint') return BigInt(marked[mark] as never);
  if (mark === '$number') return Number(marked[mark]);
  return mark === '$undefined' ? undefined : fieldsOf(value);
}

function fieldsOf(value: object): unknown {
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, decoded(field)]));
}

test('what a program makes comes back as it was, through the marks [SB-07]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sample, { maxLength: 6 }), async (samples) => {
      const result = await resultOf(`([${samples.map(({ code }) => code)}])`);
      expect(decoded(result)).toStrictEqual(samples.map(({ value }) => value));
    }),
    { numRuns: 100 },
  );
});

test('what is handed in as input comes back as it was [SB-07]', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (input) => {
      expect(decoded(await resultOf('input', { input }))).toStrictEqual(JSON.parse(JSON.stringify(input)));
    }),
    { numRuns: 100 },
  );
});

describe('TypeScript', () => {
  const TYPED = `interface Box<T> { readonly value: T }
type Name = string | undefined;
enum Color { Red = 1, Green }
function open<T>(box: Box<T>): T { return box.value; }
const name: Name = undefined;
class Counter { private count = 0; add(by: number): this { this.count += by; return this; } get total(): number { return this.count; } }
`;

  test('generics, interfaces, enums and classes run [SB-01]', async () => {
    const code = `${TYPED}({ a: open<number>({ value: Color.Green }), b: name as unknown, c: new Counter().add(2).add(3)!.total })`;
    expect(await resultOf(code, { language: 'typescript' })).toEqual({ a: 2, b: { $undefined: true }, c: 5 });
  });

  test('a call with a type argument is not taken for two comparisons [SB-01]', async () => {
    expect(await resultOf('const same = (a) => a;\nsame<number>(7)', { language: 'typescript' })).toBe(7);
  });

  test('plain JavaScript runs as TypeScript, with return and await too [SB-01]', async () => {
    expect(await resultOf('return await Promise.resolve(1 < 2)', { language: 'typescript' })).toBe(true);
  });

  test('an error names the line and the word in the source as written [SB-07]', async () => {
    const code = `${TYPED}const box: Box<string | null> = { value: null };\nconst size: number = box.value.length;`;
    const run = await sandbox.run({ code, language: 'typescript' });
    expect(run).toMatchObject({ ok: false, error: { code: 'THROWN', name: 'TypeError', line: 8 } });
    expect(run.ok ? '' : run.error.excerpt).toContain('8 | const size: number = box.value.length;');
  });

  test('what is not TypeScript is refused with its place [SB-02] [SB-07]', async () => {
    const run = await sandbox.run({ code: 'const a: number = 1;\nconst b: = 2;', language: 'typescript' });
    expect(run).toMatchObject({ ok: false, error: { code: 'TYPESCRIPT', line: 2 } });
  });

  test('types in a JavaScript program are a syntax error that names the way out [SB-07]', async () => {
    const run = await sandbox.run({ code: 'const a: number = 1;', language: 'javascript' });
    expect(run).toMatchObject({ ok: false, error: { code: 'SYNTAX', hint: expect.stringContaining('typescript') } });
  });
});
