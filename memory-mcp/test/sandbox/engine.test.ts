// What a run asks of an engine, over the build that is used and over another one: the port is what they share.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import otherBuild from '@jitl/quickjs-ng-wasmfile-release-sync';
import baseBuild from '@jitl/quickjs-wasmfile-release-sync';
import type { EmscriptenModuleLoader, QuickJSEmscriptenModule, QuickJSSyncVariant } from 'quickjs-emscripten-core';
import { describe, expect, test } from 'vitest';
import {
  type Completion,
  type Engine,
  type EngineHooks,
  type GuestConfig,
  type GuestValue,
  NoRoomError,
  type OpenEngine,
} from '../../src/sandbox/engine.ts';
import { compileEngine } from '../../src/sandbox/engine-code.ts';
import { enginesOf, quickJsEngines } from '../../src/sandbox/quickjs-engine.ts';

const MEMORY_MB = 32;

interface Build {
  readonly name: string;
  engines(wasmModule: WebAssembly.Module): OpenEngine;
  compile(): Promise<WebAssembly.Module>;
}

const BUILDS: readonly Build[] = [
  { name: 'quickjs', engines: quickJsEngines, compile: compileEngine },
  {
    name: 'quickjs-ng',
    // Its types speak of the CommonJS build.
    engines: (module) => enginesOf(otherBuild as unknown as QuickJSSyncVariant, module),
    compile: async () => {
      const path = createRequire(import.meta.url).resolve('@jitl/quickjs-ng-wasmfile-release-sync/wasm');
      return WebAssembly.compile(await readFile(path));
    },
  },
];

interface Opened {
  readonly engine: Engine;
  readonly lines: string[];
  readonly calls: { readonly id: number; readonly method: string; readonly text: string }[];
}

async function opened(
  build: Build,
  config: Partial<GuestConfig> = {},
  stopAfter = Number.POSITIVE_INFINITY,
): Promise<Opened> {
  const open = build.engines(await build.compile());
  // The first two read our own code, and the others start from what that left.
  await open(MEMORY_MB);
  await open(MEMORY_MB);
  const engine = await open(MEMORY_MB);
  const lines: string[] = [];
  const calls: { id: number; method: string; text: string }[] = [];
  let asked = 0;
  const hooks: EngineHooks = {
    log: (text) => lines.push(...text.split('\n')),
    call: (id, method, text) => calls.push({ id, method, text }) > 0,
    shouldStop: () => {
      asked += 1;
      return asked > stopAfter;
    },
    memoryGrew: () => {},
  };
  expect(engine.begin(hooks, { input: undefined, methods: undefined, resultChars: 10_000, ...config })).toBe(true);
  return { engine, lines, calls };
}

function valueIn(completion: Completion): GuestValue {
  if ('thrown' in completion) throw new Error('It was thrown.');
  return completion.value;
}

function thrownBy(engine: Engine, code: string): GuestValue {
  const completion = engine.evaluate(code, 'script');
  if ('value' in completion) throw new Error('Nothing was thrown.');
  return completion.thrown;
}

function resultOf(engine: Engine, value: GuestValue): unknown {
  const finished = engine.finish(value);
  return typeof finished === 'object' && 'text' in finished && finished.text.startsWith('R')
    ? JSON.parse(finished.text.slice(1))
    : finished;
}

describe.each(BUILDS)('an engine of $name', (build) => {
  test('evaluates a script and hands over its result and its lines [SB-01]', async () => {
    const { engine, lines } = await opened(build, { input: '[1,2]' });
    const value = valueIn(
      engine.evaluate('console.log("seen"); ({ sum: input[0] + input[1], at: new Date(0) })', 'script'),
    );
    expect(resultOf(engine, value)).toEqual({ sum: 3, at: { $date: '1970-01-01T00:00:00.000Z' } });
    expect(lines).toEqual([expect.stringMatching(/^\[0,\d+,"seen"\]$/)]);
  });

  test('checks a source without running it, and says where it breaks [SB-01]', async () => {
    const { engine, lines } = await opened(build);
    expect(engine.check('console.log(1)', 'script')).toBeUndefined();
    const problem = engine.check('\nlet a = ;', 'script');
    expect(problem === undefined ? undefined : engine.describe(problem)).toMatchObject({
      name: 'SyntaxError',
      stack: expect.stringContaining('user.js:2'),
    });
    expect(lines).toEqual([]);
  });

  test('runs jobs in batches, and awaits at the top of a script [SB-01]', async () => {
    const { engine } = await opened(build);
    const value = valueIn(engine.evaluate('await 1; await 2; 40 + 2', 'asyncScript'));
    expect(engine.promiseState(value)).toBe('pending');
    while (engine.hasJobs()) engine.pump(1);
    const state = engine.promiseState(value);
    if (typeof state === 'string' || 'thrown' in state) throw new Error('It did not end.');
    expect(resultOf(engine, engine.property(state.value, 'value'))).toBe(42);
  });

  test('runs a module, and names the one that it imports [SB-01]', async () => {
    const { engine } = await opened(build);
    const value = valueIn(engine.evaluate('export default 42;', 'module'));
    const state = engine.promiseState(value);
    const module = typeof state === 'object' && 'value' in state ? state.value : value;
    expect(resultOf(engine, engine.property(module, 'default'))).toBe(42);
    expect(engine.check('import x from "some-module"; x', 'module')).toBeDefined();
    expect(engine.importedModule).toBe('some-module');
  });

  test('ends an endless loop when it is told to stop, whatever the program catches [SB-01] [SB-02]', async () => {
    const { engine } = await opened(build, {}, 10);
    const thrown = thrownBy(engine, 'for (;;) { try { for (;;); } catch {} finally { for (;;); } }');
    expect(engine.isUndefined(thrown)).toBe(false);
  });

  test('refuses memory above its limit with an error of its own [SB-01] [SB-02]', async () => {
    const { engine } = await opened(build);
    const thrown = thrownBy(engine, 'const a = []; for (;;) a.push({ a: 1, b: {} });');
    expect(engine.describe(thrown)).toMatchObject({
      byEngine: true,
      message: expect.stringContaining('out of memory'),
    });
  });

  test('refuses endless recursion, and the program can go on [SB-01] [SB-02]', async () => {
    const { engine } = await opened(build);
    expect(
      resultOf(engine, valueIn(engine.evaluate('const f = () => f() + 1; try { f(); } catch { "caught" }', 'script'))),
    ).toBe('caught');
    expect(engine.describe(thrownBy(engine, 'f()'))).toMatchObject({ message: expect.stringMatching(/stack/i) });
  });

  test('reads what is thrown, with the place in the program [SB-01] [SB-07]', async () => {
    const { engine } = await opened(build);
    expect(engine.describe(thrownBy(engine, '\nnull.x'))).toMatchObject({
      byEngine: false,
      name: 'TypeError',
      stack: expect.stringContaining('user.js:2'),
    });
    expect(engine.describe(thrownBy(engine, 'throw { a: 1 }'))).toMatchObject({ name: 'object', message: '{"a":1}' });
    expect(engine.describe(thrownBy(engine, 'throw null'))).toMatchObject({ empty: true });
  });

  test('calls the host and takes its answers, and lists the files that are left [SB-01] [SB-04]', async () => {
    const { engine, calls } = await opened(build, { methods: [{ name: 'find', isPaged: false }] });
    const value = valueIn(engine.evaluate('fs.writeFile("a.txt", "ü"); memory.find({ text: "x" })', 'script'));
    expect(calls).toEqual([{ id: 1, method: 'find', text: '[{"text":"x"}]' }]);
    engine.settle(1, true, '{"found":[1]}');
    while (engine.hasJobs()) engine.pump(10);
    const state = engine.promiseState(value);
    expect(typeof state === 'object' && 'value' in state ? resultOf(engine, state.value) : state).toEqual({
      found: [1],
    });
    expect(engine.files()).toEqual([{ path: '/a.txt', bytes: 2 }]);
  });

  test('has the language and nothing else [SB-01] [SB-04]', async () => {
    const { engine } = await opened(build);
    const value = valueIn(
      engine.evaluate(
        '["performance", "queueMicrotask", "navigator", "SharedArrayBuffer", "Atomics", "InternalError", "std", "os", "bjson"].filter((name) => name in globalThis)',
        'script',
      ),
    );
    expect(resultOf(engine, value)).toEqual([]);
  });

  test('begins every instance of a module alike, but for its random numbers, and with nothing of an earlier one [SB-01] [SB-04]', async () => {
    const open = build.engines(await build.compile());
    const seen: { readonly realm: unknown; readonly random: unknown }[] = [];
    for (let count = 0; count < 4; count += 1) {
      const engine = await open(MEMORY_MB);
      engine.begin(SILENT, { input: undefined, methods: undefined, resultChars: 10_000 });
      const realm = resultOf(engine, valueIn(engine.evaluate(REALM, 'script')));
      const random = resultOf(engine, valueIn(engine.evaluate('Math.random()', 'script')));
      seen.push({ realm, random });
    }
    const [first] = seen;
    expect(seen.map(({ realm }) => realm)).toEqual(seen.map(() => first?.realm));
    expect(new Set(seen.map(({ random }) => random)).size).toBe(seen.length);
  });

  test('draws other random numbers in each instance, also in those that are made at the same moment [SB-01]', async () => {
    const open = build.engines(await build.compile());
    const earlier = Date.now;
    const stoodStillAt = earlier();
    // The clock of the whole process, which is what the engine is seeded with.
    Date.now = () => stoodStillAt;
    try {
      const engines = [await open(MEMORY_MB), await open(MEMORY_MB), await open(MEMORY_MB), await open(2 * MEMORY_MB)];
      const drawn = engines.map((engine) => {
        engine.begin(SILENT, { input: undefined, methods: undefined, resultChars: 10_000 });
        return resultOf(engine, valueIn(engine.evaluate('Math.random()', 'script')));
      });
      expect(new Set(drawn).size).toBe(drawn.length);
    } finally {
      Date.now = earlier;
    }
  });
});

// The build that is used, with a look at each instance as it is loaded.
function watched(look: (engine: QuickJSEmscriptenModule) => void): QuickJSSyncVariant {
  // Its types speak of the CommonJS build.
  const build = baseBuild as unknown as QuickJSSyncVariant;
  return {
    ...build,
    importModuleLoader: async () => {
      const load = (await build.importModuleLoader()) as EmscriptenModuleLoader<QuickJSEmscriptenModule>;
      return async (options) => {
        const engine = await load(options);
        look(engine);
        return engine;
      };
    },
  };
}

describe('an instance', () => {
  test('takes over what the first made of our code, and reads it where it was built in another way [SB-01] [SB-04]', async () => {
    const evaluated: number[] = [];
    const build = watched((engine) => {
      const index = evaluated.push(0) - 1;
      // Everything that comes after lies elsewhere.
      if (index === 2) engine._malloc(1_000);
      const own = engine as unknown as { _QTS_Eval: (...values: unknown[]) => unknown };
      const evaluate = own._QTS_Eval;
      own._QTS_Eval = (...values) => {
        evaluated[index] = (evaluated[index] ?? 0) + 1;
        return evaluate(...values);
      };
    });
    const open = enginesOf(build, await compileEngine());
    const results: unknown[] = [];
    for (let count = 0; count < 4; count += 1) {
      const engine = await open(MEMORY_MB);
      engine.begin(SILENT, { input: '[1]', methods: undefined, resultChars: 10_000 });
      results.push(
        resultOf(engine, valueIn(engine.evaluate('fs.writeFile("a", "x"); [input, fs.readdir("/")]', 'script'))),
      );
    }
    expect(results).toEqual(results.map(() => [[1], ['a']]));
    const [first = 0] = evaluated;
    expect(evaluated).toEqual([first, first - 1, first, first - 1]);
  });

  test('writes no text where there is no room for it, and says so [SB-02]', async () => {
    let isFull = false;
    const build = watched((engine) => {
      const allocate = engine._malloc;
      engine._malloc = (sizeBytes) => (isFull && sizeBytes > 500 ? 0 : allocate(sizeBytes));
    });
    const engine = await enginesOf(build, await compileEngine())(MEMORY_MB);
    const text = JSON.stringify('x'.repeat(1_000));
    engine.begin({ ...SILENT, call: () => true }, { input: undefined, methods: METHODS, resultChars: 10_000 });
    const value = valueIn(engine.evaluate('memory.find().catch((error) => error.message)', 'script'));
    isFull = true;
    expect(() => engine.evaluate(text, 'script')).toThrow(NoRoomError);
    engine.settle(1, true, text);
    while (engine.hasJobs()) engine.pump(10);
    const state = engine.promiseState(value);
    expect(typeof state === 'object' && 'value' in state ? resultOf(engine, state.value) : state).toBe('out of memory');
  });

  test("reads only what is a value's own [SB-04]", async () => {
    const engine = await quickJsEngines(await compileEngine())(MEMORY_MB);
    engine.begin(SILENT, { input: undefined, methods: undefined, resultChars: 10_000 });
    const value = valueIn(engine.evaluate('Object.prototype.given = 1; ({ own: 2 })', 'script'));
    expect(engine.isUndefined(engine.property(value, 'given'))).toBe(true);
    expect(resultOf(engine, engine.property(value, 'own'))).toBe(2);
  });
});

const METHODS = [{ name: 'find', isPaged: false }];

// What there is, in a realm that is spoilt when it has been looked at.
const REALM = `
  const names = [globalThis, Object.prototype, Array.prototype, Function.prototype, fs].map((value) => Reflect.ownKeys(value).map(String));
  fs.writeFile('/left.txt', 'a');
  Object.prototype.left = Array.prototype.map = globalThis.left = 1;
  names`;

const SILENT: EngineHooks = {
  log: () => undefined,
  call: () => false,
  shouldStop: () => false,
  memoryGrew: () => undefined,
};
