// The engine: QuickJS in WebAssembly, one fresh instance per run. The only file that knows quickjs-emscripten.
// An instance is dropped, never disposed: after out of memory or a stack overflow its own clean-up aborts, and the
// garbage collector frees it as a whole either way.
import { randomBytes } from 'node:crypto';
import baseVariant from '@jitl/quickjs-wasmfile-release-sync';
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSSyncVariant } from 'quickjs-emscripten-core';
import { newQuickJSWASMModuleFromVariant, newVariant } from 'quickjs-emscripten-core';
import {
  type Completion,
  type Described,
  type Engine,
  type EngineHooks,
  type Finished,
  type GuestConfig,
  type GuestValue,
  NoRoomError,
  noModules,
  type OpenEngine,
  type PromiseState,
  type SourceKind,
  USER_FILE,
} from './engine.ts';
import { GUEST_SCRIPT } from './guest-script.ts';
import { GUEST_STACK_KB } from './limits.ts';
import { imageOf, type MemoryImage, restoreImage } from './memory-image.ts';
import type { RunFile } from './protocol.ts';

const PAGE_BYTES = 64 * 1024;
const PAGES_PER_MB = 16;
const INITIAL_PAGES = 256;
const RESERVE_BYTES = 128 * 1024;
const COMPILE_ONLY = 1 << 5;
/** The loader asks for a fifth more memory than there is, for a tenth and for a twentieth, or for what is needed. */
const GROWTH_TRIES = 3;
/** What is kept back of the memory until it is short for the first time: a little more than a twentieth. */
const KEPT_BACK = 0.055;

// Flags of its evaluation.
const FLAGS: Readonly<Record<SourceKind, number>> = { script: 0, asyncScript: 1 << 7, module: 1 };

const GUEST_FILE = 'sandbox.js';

interface GuestControls {
  readonly begin: QuickJSHandle;
  readonly finish: QuickJSHandle;
  readonly describe: QuickJSHandle;
  readonly settle: QuickJSHandle;
  readonly flush: QuickJSHandle;
  readonly files: QuickJSHandle;
  readonly own: QuickJSHandle;
}

/** Instances of the build that is used. */
export function quickJsEngines(wasmModule: WebAssembly.Module): OpenEngine {
  return enginesOf(syncVariant(), wasmModule);
}

/**
 * The same over any synchronous build of quickjs-emscripten, such as `@jitl/quickjs-ng-wasmfile-release-sync`. Reading
 * our own code takes 5 ms, so it is read once: every further instance is given what that changed in the memory.
 */
export function enginesOf(build: QuickJSSyncVariant, wasmModule: WebAssembly.Module): OpenEngine {
  let first: FirstInstance | undefined;
  return async (memoryMb) => {
    const instance = await openInstance({ build, wasmModule, memoryMb });
    const { memory, context, runtime, hostLog } = instance;
    const seedAt = first === undefined ? seedPlace(instance) : first.seedAt;
    // The same in all, so that they differ in nothing.
    writeSeed(memory, seedAt, NO_SEED);
    let controls: GuestControls;
    if (first?.image !== undefined && restoreImage(first.image, memory)) {
      controls = controlsOf(context, context.getProp(hostLog, CONTROLS));
    } else {
      const before = first === undefined ? memory.buffer.slice(0) : undefined;
      controls = evaluatedGuest(instance);
      if (before !== undefined) first ??= { seedAt, image: imageOf(memory, before) };
    }
    writeSeed(memory, seedAt, randomBytes(SEED_BYTES));
    // Refuses a single huge request before the memory is asked to grow.
    runtime.setMemoryLimit(memoryMb * 1024 * 1024);
    return new QuickJSEngine(instance, controls);
  };
}

// What the instances of a worker take over from the first.
interface FirstInstance {
  readonly image: MemoryImage | undefined;
  readonly seedAt: number | undefined;
}

function syncVariant(): QuickJSSyncVariant {
  // Its types speak of the CommonJS build, where this would be one level deeper; Node loads the ES module.
  return baseVariant as unknown as QuickJSSyncVariant;
}

interface Instance {
  readonly memory: WebAssembly.Memory;
  readonly memoryPages: number;
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  /** What the guest asks of us goes to the engine that is made of the instance. */
  readonly surroundings: { hooks: EngineHooks | undefined };
  readonly hostLog: QuickJSHandle;
  readonly hostCall: QuickJSHandle;
  /** When the context was made, in milliseconds of `Date`. */
  readonly contextFromMs: number;
  readonly contextToMs: number;
}

// Before our own code: everything that an instance is made of in the same order, so that the same things lie at the
// same places in the memory of each.
async function openInstance(order: {
  readonly build: QuickJSSyncVariant;
  readonly wasmModule: WebAssembly.Module;
  readonly memoryMb: number;
}): Promise<Instance> {
  const { build, wasmModule, memoryMb } = order;
  const memoryPages = memoryMb * PAGES_PER_MB;
  // The engine's own memory limit counts next to nothing in this build; the maximum of its memory is the limit.
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: memoryPages });
  const variant = newVariant(withCheckedRoom(build), {
    wasmMemory: memory,
    emscriptenModule: {
      // At once: in turn, it would wait for the threads that still improve what they compiled of the first.
      instantiateWasm: (imports, onSuccess) => {
        const instance = new WebAssembly.Instance(wasmModule, imports);
        onSuccess(instance);
        return instance.exports;
      },
    },
  });
  const quickjs = await newQuickJSWASMModuleFromVariant(variant);
  const runtime = quickjs.newRuntime();
  runtime.setMaxStackSize(GUEST_STACK_KB * 1024);
  const contextFromMs = Date.now();
  const context = runtime.newContext();
  const contextToMs = Date.now();
  const surroundings: Instance['surroundings'] = { hooks: undefined };
  const hostLog = context.newFunction('log', (lines) => {
    surroundings.hooks?.log(context.getString(lines));
  });
  const hostCall = context.newFunction('call', (callId, method, text) => {
    const { hooks } = surroundings;
    const accepted = hooks?.call(context.getNumber(callId), context.getString(method), context.getString(text));
    return accepted === true ? context.true : context.false;
  });
  return { memory, memoryPages, runtime, context, surroundings, hostLog, hostCall, contextFromMs, contextToMs };
}

// The engine's library writes text to where the allocator says, and that is 0 when there is no room: what lies there is
// the engine's own, and the text is anybody's.
function withCheckedRoom(build: QuickJSSyncVariant): QuickJSSyncVariant {
  const importModuleLoader: QuickJSSyncVariant['importModuleLoader'] = async () => {
    const imported = await build.importModuleLoader();
    const inner = typeof imported === 'function' ? imported : imported.default;
    const load = typeof inner === 'function' ? inner : inner.default;
    return async (options) => {
      const engine = await load(options);
      const allocate = engine._malloc;
      engine._malloc = (sizeBytes) => {
        const place = allocate(sizeBytes);
        if (place === 0) throw new NoRoomError(`There is no room for ${sizeBytes} bytes in the guest.`);
        return place;
      };
      return engine;
    };
  };
  return { ...build, importModuleLoader };
}

/** A property of our own function, which no program can reach: it lets the controls be found in a restored memory. */
const CONTROLS = 'controls';

function evaluatedGuest({ context, hostLog, hostCall }: Instance): GuestControls {
  const open = context.unwrapResult(context.evalCode(GUEST_SCRIPT, GUEST_FILE, 0));
  const controls = context.unwrapResult(context.callFunction(open, context.undefined, hostLog, hostCall));
  context.setProp(hostLog, CONTROLS, controls);
  return controlsOf(context, controls);
}

function controlsOf(context: QuickJSContext, controls: QuickJSHandle): GuestControls {
  const control = (name: keyof GuestControls): QuickJSHandle => context.getProp(controls, name);
  return {
    begin: control('begin'),
    finish: control('finish'),
    describe: control('describe'),
    settle: control('settle'),
    flush: control('flush'),
    files: control('files'),
    own: control('own'),
  };
}

const SEED_BYTES = 8;
const NO_SEED = new Uint8Array(SEED_BYTES);
/** How far from what is made next in a context its seed lies at most. */
const SEED_WITHIN_BYTES = 512 * 1024;

// The engine seeds its random numbers with the time at which a context is made: whole milliseconds, written as
// microseconds. Runs that begin together would draw the same numbers. Undefined where it cannot be told for sure.
function seedPlace({ memory, hostLog, contextFromMs, contextToMs }: Instance): number | undefined {
  const start = Math.max(0, hostLog.value - SEED_WITHIN_BYTES);
  const bytes = Buffer.from(memory.buffer).subarray(start, hostLog.value + SEED_WITHIN_BYTES);
  const seed = Buffer.alloc(SEED_BYTES);
  for (let ms = contextFromMs; ms <= contextToMs; ms += 1) {
    seed.writeBigUInt64LE(BigInt(ms) * 1000n);
    const place = bytes.indexOf(seed);
    if (place >= 0) return bytes.includes(seed, place + 1) ? undefined : start + place;
  }
  return undefined;
}

function writeSeed(memory: WebAssembly.Memory, place: number | undefined, seed: Uint8Array): void {
  if (place !== undefined) new Uint8Array(memory.buffer).set(seed, place);
}

class QuickJSEngine implements Engine {
  readonly #memory: WebAssembly.Memory;
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #controls: GuestControls;
  #reserve: QuickJSHandle | undefined;
  readonly #surroundings: Instance['surroundings'];
  readonly #memoryPages: number;
  #refusedTries = 0;
  #refusals = 0;
  #isShort = false;
  #memoryRefused = false;
  #importedModule: string | undefined;

  constructor({ memory, memoryPages, runtime, context, surroundings }: Instance, controls: GuestControls) {
    this.#memory = memory;
    this.#memoryPages = memoryPages;
    this.#runtime = runtime;
    this.#context = context;
    this.#surroundings = surroundings;
    this.#controls = controls;
    this.#watchMemory();
    // Freed when something failed, so that a full memory still has room to say what.
    this.#reserve = context.unwrapResult(context.evalCode(`new ArrayBuffer(${RESERVE_BYTES})`, GUEST_FILE, 0));
    const refuse = (name: string): { readonly error: Error } => {
      this.#importedModule = name;
      return { error: new Error(noModules(name)) };
    };
    // Names stay as the program wrote them.
    runtime.setModuleLoader(refuse, (_importer, name) => name);
    runtime.setInterruptHandler(() => this.#surroundings.hooks?.shouldStop() ?? false);
  }

  get memoryRefused(): boolean {
    return this.#memoryRefused;
  }

  get importedModule(): string | undefined {
    return this.#importedModule;
  }

  begin(hooks: EngineHooks, config: GuestConfig): boolean {
    this.#surroundings.hooks = hooks;
    hooks.memoryGrew(this.#memory.buffer.byteLength);
    const fields = [`"resultChars":${config.resultChars}`];
    if (config.methods !== undefined) fields.push(`"methods":${JSON.stringify(config.methods)}`);
    if (config.input !== undefined) fields.push(`"input":${config.input}`);
    try {
      return this.#withText(`{${fields.join(',')}}`, (text) => this.#control('begin', text)) !== undefined;
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error;
      return false;
    }
  }

  check(source: string, kind: SourceKind): GuestValue | undefined {
    const result = this.#context.evalCode(source, USER_FILE, FLAGS[kind] | COMPILE_ONLY);
    if (result.error !== undefined) return given(result.error);
    result.value.dispose();
    return undefined;
  }

  evaluate(source: string, kind: SourceKind): Completion {
    return completion(this.#context.evalCode(source, USER_FILE, FLAGS[kind]));
  }

  hasJobs(): boolean {
    return this.#runtime.hasPendingJob();
  }

  pump(maxJobs: number): GuestValue | undefined {
    const { error } = this.#runtime.executePendingJobs(maxJobs);
    return error === undefined ? undefined : given(error);
  }

  promiseState(value: GuestValue): PromiseState {
    const state = this.#context.getPromiseState(handleOf(value));
    if (state.type === 'pending') return 'pending';
    if (state.type === 'rejected') return { thrown: given(state.error) };
    return state.notAPromise === true ? 'notAPromise' : { value: given(state.value) };
  }

  property(value: GuestValue, name: string): GuestValue {
    const context = this.#context;
    return this.#withText(name, (key) => {
      const ended = context.callFunction(this.#controls.own, context.undefined, handleOf(value), key);
      return given(ended.error === undefined ? ended.value : context.undefined);
    });
  }

  isUndefined(value: GuestValue): boolean {
    return this.#context.typeof(handleOf(value)) === 'undefined';
  }

  finish(value: GuestValue): Finished {
    const { finish } = this.#controls;
    // What a getter throws is a mark in the result, and where there is no room for an error the engine throws null.
    const wasRefused = this.#memoryRefused;
    this.#memoryRefused = false;
    const ended = completion(this.#context.callFunction(finish, this.#context.undefined, handleOf(value)));
    if (this.#memoryRefused) return 'noRoom';
    this.#memoryRefused = wasRefused;
    return 'thrown' in ended ? ended : { text: this.#context.getString(handleOf(ended.value)) };
  }

  settle(callId: number, succeeded: boolean, text: string): void {
    const context = this.#context;
    const id = context.newNumber(callId);
    const state = succeeded ? context.true : context.false;
    try {
      this.#withText(text, (answer) => this.#control('settle', id, state, answer));
    } catch (error) {
      if (!(error instanceof NoRoomError)) throw error;
      this.#control('settle', id, context.false, context.undefined);
    }
  }

  flush(): void {
    this.#control('flush');
  }

  files(): readonly RunFile[] {
    this.#freeReserve();
    const text = this.#control('files');
    // Written by our own guest code: an array of exactly these fields.
    return text === undefined ? [] : (JSON.parse(text) as readonly RunFile[]);
  }

  describe(thrown: GuestValue): Described | undefined {
    this.#freeReserve();
    const text = this.#control('describe', handleOf(thrown));
    // Written by our own guest code, with exactly these fields.
    return text === undefined ? undefined : (JSON.parse(text) as Described);
  }

  // Gives a text to the guest for as long as `use` takes.
  #withText<Result>(text: string, use: (handle: QuickJSHandle) => Result): Result {
    const handle = this.#context.newString(text);
    // The engine has no room for its own copy of it.
    if (this.#context.typeof(handle) !== 'string') throw new NoRoomError('There is no room for a text in the guest.');
    const result = use(handle);
    handle.dispose();
    return result;
  }

  #freeReserve(): void {
    this.#reserve?.dispose();
    this.#reserve = undefined;
  }

  // The text that our code answers; undefined when it could not: the memory is full or the time is up, and the run's
  // own checks tell of both.
  #control(name: keyof GuestControls, ...values: readonly QuickJSHandle[]): string | undefined {
    const ended = completion(this.#context.callFunction(this.#controls[name], this.#context.undefined, ...values));
    if ('thrown' in ended) return undefined;
    const handle = handleOf(ended.value);
    const text = this.#context.getString(handle);
    handle.dispose();
    return text;
  }

  // The engine's loader grows the memory through this method, and only through it. The last of it is kept back for
  // after the first refusal, so that there is room for the error that says so; without, the engine throws null.
  #watchMemory(): void {
    const grow = this.#memory.grow.bind(this.#memory);
    this.#memory.grow = (pages) => {
      const before = this.#memory.buffer.byteLength / PAGE_BYTES;
      const mostPages = Math.floor(this.#memoryPages * (1 - KEPT_BACK));
      const isGranted = before + pages <= (this.#isShort ? this.#memoryPages : mostPages);
      if (isGranted) {
        grow(pages);
        this.#refusedTries = 0;
        this.#surroundings.hooks?.memoryGrew(this.#memory.buffer.byteLength);
        return before;
      }
      this.#refusedTries += 1;
      if (this.#refusedTries % GROWTH_TRIES === 0) {
        this.#refusals += 1;
        if (this.#isShort && before >= mostPages) this.#memoryRefused = true;
        // The first time, the allocator asks once more in another way before it gives up.
        this.#isShort = this.#refusals > 1;
      }
      throw new RangeError('The memory of the engine is at its limit.');
    };
  }
}

function completion(result: ReturnType<QuickJSContext['evalCode']>): Completion {
  return result.error === undefined ? { value: given(result.value) } : { thrown: given(result.error) };
}

// A handle is what stands for a value of the guest; outside of this file nothing can look into it.
function given(handle: QuickJSHandle): GuestValue {
  // The brand is only for the compiler.
  return handle as unknown as GuestValue;
}

function handleOf(value: GuestValue): QuickJSHandle {
  // Every value came out of `given`.
  return value as unknown as QuickJSHandle;
}
