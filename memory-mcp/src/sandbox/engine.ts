// The engine: QuickJS in WebAssembly, one fresh instance per run. The only file that knows quickjs-emscripten.
// An instance is dropped, never disposed: after out of memory or a stack overflow its own clean-up aborts, and the
// garbage collector frees it as a whole either way.
import baseVariant from '@jitl/quickjs-wasmfile-release-sync';
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime, QuickJSSyncVariant } from 'quickjs-emscripten-core';
import { newQuickJSWASMModuleFromVariant, newVariant } from 'quickjs-emscripten-core';
import { GUEST_SOURCE } from './guest.ts';

const PAGES_PER_MB = 16;
const INITIAL_PAGES = 256;
const STACK_BYTES = 256 * 1024;
const RESERVE_BYTES = 128 * 1024;
const COMPILE_ONLY = 1 << 5;

/** How a source is read; the numbers are flags of the engine. */
export type SourceKind = 'script' | 'asyncScript' | 'module';

const FLAGS: Readonly<Record<SourceKind, number>> = { script: 0, asyncScript: 1 << 7, module: 1 };

/** The file name of the user's program in stack traces. */
export const USER_FILE = 'user.js';
const GUEST_FILE = 'sandbox.js';

/** What the guest asks of its surroundings while it runs. */
export interface EngineHooks {
  log(lines: string): void;
  /** False ends the program. */
  call(callId: number, method: string, argumentsText: string): boolean;
  /** Asked every few thousand instructions; true ends the program, whatever it catches. */
  shouldStop(): boolean;
  memoryGrew(sizeBytes: number): void;
}

/** What the guest is told before its program. */
export interface GuestConfig {
  /** JSON text. */
  readonly input: string | undefined;
  readonly methods: readonly string[] | undefined;
  readonly resultChars: number;
}

/** A thrown value as the guest's own code read it. */
export interface Described {
  /** Made by the engine itself: a program cannot make one. */
  readonly byEngine: boolean;
  /** Nothing in it, which is how the engine sometimes says that it is out of memory. */
  readonly empty: boolean;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** How code ended. */
export type Completion = { readonly value: QuickJSHandle } | { readonly thrown: QuickJSHandle };

/** Where a promise stands. */
export type PromiseState = Completion | 'pending' | 'notAPromise';

interface GuestControls {
  readonly begin: QuickJSHandle;
  readonly finish: QuickJSHandle;
  readonly describe: QuickJSHandle;
  readonly settle: QuickJSHandle;
  readonly flush: QuickJSHandle;
}

/** Opens a fresh instance with our own code in it and no program yet. Takes about 3 ms. */
export async function openEngine(wasmModule: WebAssembly.Module, memoryMb: number): Promise<Engine> {
  // The engine's own memory limit counts next to nothing in this build; the maximum of its memory is the limit.
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: memoryMb * PAGES_PER_MB });
  const variant = newVariant(syncVariant(), { wasmModule, wasmMemory: memory });
  const quickjs = await newQuickJSWASMModuleFromVariant(variant);
  const runtime = quickjs.newRuntime();
  // Refuses a single huge request before the memory is asked to grow.
  runtime.setMemoryLimit(memoryMb * 1024 * 1024);
  runtime.setMaxStackSize(STACK_BYTES);
  return new Engine(memory, runtime, runtime.newContext());
}

function syncVariant(): QuickJSSyncVariant {
  // Its types speak of the CommonJS build, where this would be one level deeper; Node loads the ES module.
  return baseVariant as unknown as QuickJSSyncVariant;
}

/** One instance. Every method that runs guest code may throw what WebAssembly throws; then the instance is spent. */
export class Engine {
  readonly #memory: WebAssembly.Memory;
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #controls: GuestControls;
  #reserve: QuickJSHandle | undefined;
  #hooks: EngineHooks | undefined;
  #memoryRefused = false;
  #importedModule: string | undefined;

  constructor(memory: WebAssembly.Memory, runtime: QuickJSRuntime, context: QuickJSContext) {
    this.#memory = memory;
    this.#runtime = runtime;
    this.#context = context;
    this.#watchMemory();
    this.#controls = this.#openGuest();
    // Freed when something failed, so that a full memory still has room to say what.
    this.#reserve = context.unwrapResult(context.evalCode(`new ArrayBuffer(${RESERVE_BYTES})`, GUEST_FILE, 0));
    const refuse = (name: string): { readonly error: Error } => {
      this.#importedModule = name;
      return { error: new Error(noModules(name)) };
    };
    // Names stay as the program wrote them.
    runtime.setModuleLoader(refuse, (_importer, name) => name);
    runtime.setInterruptHandler(() => this.#hooks?.shouldStop() ?? false);
  }

  /** Whether the program was ever refused memory. Set from outside the guest, so nothing in it can fake or hide it. */
  get memoryRefused(): boolean {
    return this.#memoryRefused;
  }

  /** The size of the engine's memory: it never shrinks, so this is the peak. */
  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** The last module that the program asked for, by a static import as soon as it is checked. */
  get importedModule(): string | undefined {
    return this.#importedModule;
  }

  begin(hooks: EngineHooks, config: GuestConfig): void {
    this.#hooks = hooks;
    hooks.memoryGrew(this.memoryBytes);
    const fields = [`"resultChars":${config.resultChars}`];
    if (config.methods !== undefined) fields.push(`"methods":${JSON.stringify(config.methods)}`);
    if (config.input !== undefined) fields.push(`"input":${config.input}`);
    this.#control('begin', this.#context.newString(`{${fields.join(',')}}`));
  }

  /** Compiles without running; the thrown value when that fails. */
  check(source: string, kind: SourceKind): QuickJSHandle | undefined {
    const result = this.#context.evalCode(source, USER_FILE, FLAGS[kind] | COMPILE_ONLY);
    if (result.error !== undefined) return result.error;
    result.value.dispose();
    return undefined;
  }

  evaluate(source: string, kind: SourceKind): Completion {
    const result = this.#context.evalCode(source, USER_FILE, FLAGS[kind]);
    return result.error === undefined ? { value: result.value } : { thrown: result.error };
  }

  hasJobs(): boolean {
    return this.#runtime.hasPendingJob();
  }

  /** Runs at most `maxJobs` queued jobs; the thrown value when one could not end. */
  pump(maxJobs: number): QuickJSHandle | undefined {
    const result = this.#runtime.executePendingJobs(maxJobs);
    return result.error === undefined ? undefined : result.error;
  }

  promiseState(handle: QuickJSHandle): PromiseState {
    const state = this.#context.getPromiseState(handle);
    if (state.type === 'pending') return 'pending';
    if (state.type === 'rejected') return { thrown: state.error };
    return state.notAPromise === true ? 'notAPromise' : { value: state.value };
  }

  /** An own property of an object that our code or the engine made. */
  property(handle: QuickJSHandle, name: string): QuickJSHandle {
    return this.#context.getProp(handle, name);
  }

  isUndefined(handle: QuickJSHandle): boolean {
    return this.#context.typeof(handle) === 'undefined';
  }

  /** `R` and the result's JSON text, or `L` (too large) or `D` (too deep) and a description. */
  finish(handle: QuickJSHandle): { readonly text: string } | { readonly thrown: QuickJSHandle } {
    const result = this.#context.callFunction(this.#controls.finish, this.#context.undefined, handle);
    if (result.error !== undefined) return { thrown: result.error };
    return { text: this.#context.getString(result.value) };
  }

  settle(callId: number, succeeded: boolean, text: string): void {
    const context = this.#context;
    this.#control(
      'settle',
      context.newNumber(callId),
      succeeded ? context.true : context.false,
      context.newString(text),
    );
  }

  /** Hands over log lines that wait for their batch to fill. */
  flush(): void {
    this.#control('flush');
  }

  /** Reads a thrown value; undefined when the guest has no strength left to say what it is. */
  describe(thrown: QuickJSHandle): Described | undefined {
    this.#reserve?.dispose();
    this.#reserve = undefined;
    const result = this.#context.callFunction(this.#controls.describe, this.#context.undefined, thrown);
    if (result.error !== undefined) return undefined;
    const text = this.#context.getString(result.value);
    try {
      // Written by our own guest code, with exactly these fields.
      return JSON.parse(text) as Described;
    } catch {
      return undefined;
    }
  }

  #control(name: keyof GuestControls, ...values: readonly QuickJSHandle[]): void {
    const result = this.#context.callFunction(this.#controls[name], this.#context.undefined, ...values);
    // What our code throws here comes from a full memory or a spent deadline; the run's own checks tell of both.
    result.dispose();
  }

  // The engine's loader grows the memory through this method, and only through it.
  #watchMemory(): void {
    const grow = this.#memory.grow.bind(this.#memory);
    this.#memory.grow = (pages) => {
      try {
        const before = grow(pages);
        this.#hooks?.memoryGrew(this.memoryBytes);
        return before;
      } catch (error) {
        this.#memoryRefused = true;
        throw error;
      }
    };
  }

  #openGuest(): GuestControls {
    const context = this.#context;
    const hostLog = context.newFunction('log', (lines) => {
      this.#hooks?.log(context.getString(lines));
    });
    const hostCall = context.newFunction('call', (callId, method, text) => {
      const hooks = this.#hooks;
      const accepted = hooks?.call(context.getNumber(callId), context.getString(method), context.getString(text));
      return accepted === true ? context.true : context.false;
    });
    const open = context.unwrapResult(context.evalCode(GUEST_SOURCE, GUEST_FILE, 0));
    const controls = context.unwrapResult(context.callFunction(open, context.undefined, hostLog, hostCall));
    const control = (name: keyof GuestControls): QuickJSHandle => context.getProp(controls, name);
    return {
      begin: control('begin'),
      finish: control('finish'),
      describe: control('describe'),
      settle: control('settle'),
      flush: control('flush'),
    };
  }
}

/** What a program is told that asks for a module. */
export function noModules(name: string): string {
  return `There are no modules in the sandbox, so "${name}" cannot be imported. Use the globals: input, console, fs (files in memory) and, where the host gives it, memory.`;
}
