// The port to the engine: what a run asks of one instance. Knows no engine; `quickjs-engine.ts` is the one that is used.
import type { HostMethod, RunFile } from './protocol.ts';

declare const held: unique symbol;

/** A value inside the guest. Only the engine that gave it can do anything with it. */
export interface GuestValue {
  readonly [held]: never;
}

/** How a source is read: a plain script, one in which `await` may stand at the top, or a module. */
export type SourceKind = 'script' | 'asyncScript' | 'module';

/** The file name of the user's program in stack traces. */
export const USER_FILE = 'user.js';

/** What the guest asks of its surroundings while it runs. */
export interface EngineHooks {
  /** One line `[level, atMs, text]` of JSON, or several with newlines between them. */
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
  readonly methods: readonly HostMethod[] | undefined;
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
export type Completion = { readonly value: GuestValue } | { readonly thrown: GuestValue };

/** Where a promise stands. */
export type PromiseState = Completion | 'pending' | 'notAPromise';

/** A result as text, or what a getter in it threw; `noRoom` where memory was refused while it was read. */
export type Finished = { readonly text: string } | { readonly thrown: GuestValue } | 'noRoom';

/** There is no room in the guest for what it is given: thrown before anything of it is written there. */
export class NoRoomError extends Error {}

/**
 * One instance. Every method that runs guest code may throw what WebAssembly throws, or `NoRoomError`; then the instance
 * is spent.
 */
export interface Engine {
  /**
   * Whether the program had all the memory there is and was refused more, so that even an error may have had no room.
   * Set from outside the guest, so nothing in it can fake or hide it.
   */
  readonly memoryRefused: boolean;
  /** The last module that the program asked for, by a static import as soon as it is checked. */
  readonly importedModule: string | undefined;

  /** Gives the guest its input and its host. False: there was no room for them. Called once, before everything else. */
  begin(hooks: EngineHooks, config: GuestConfig): boolean;
  /** Compiles without running; the thrown value when that fails. */
  check(source: string, kind: SourceKind): GuestValue | undefined;
  evaluate(source: string, kind: SourceKind): Completion;
  hasJobs(): boolean;
  /** Runs at most `maxJobs` queued jobs; the thrown value when one could not end. */
  pump(maxJobs: number): GuestValue | undefined;
  promiseState(value: GuestValue): PromiseState;
  /** An own property of an object that our code or the engine made, undefined where it has none of the name. */
  property(value: GuestValue, name: string): GuestValue;
  isUndefined(value: GuestValue): boolean;
  /** `R` and the result's JSON text, or `L` (too large) or `D` (too deep) and a description. */
  finish(value: GuestValue): Finished;
  /** Gives the guest the answer to one of its calls. One that there is no room for rejects the call. */
  settle(callId: number, succeeded: boolean, text: string): void;
  /** Hands over log lines that wait for their batch to fill. */
  flush(): void;
  /** The files that the program left, sorted by path. None when the guest has no strength left to say. */
  files(): readonly RunFile[];
  /** Reads a thrown value; undefined when the guest has no strength left to say what it is. */
  describe(thrown: GuestValue): Described | undefined;
}

/** Opens a fresh instance with our own code in it and no program yet. */
export type OpenEngine = (memoryMb: number) => Promise<Engine>;

/** What a program is told that asks for a module. */
export function noModules(name: string): string {
  return `There are no modules in the sandbox, so "${name}" cannot be imported. Use the globals: input, console, fs (files in memory) and, where the host gives it, memory.`;
}
