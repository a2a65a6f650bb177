// One run of one program inside a worker: read it, evaluate it, wait for it, take its result, and name what went wrong.
import type { QuickJSHandle } from 'quickjs-emscripten-core';
import { type Described, type Engine, noModules, USER_FILE } from './engine.ts';
import type { HostAnswer, HostCall, RunOrder, RunOutcome, SandboxError, SandboxErrorCode } from './protocol.ts';
import type { Recorder } from './recorder.ts';
import {
  excerpt,
  hasTypeArguments,
  looksLikeTypeScript,
  nestsTooDeep,
  type Place,
  placeInStack,
  placeOfImport,
  type Reading,
  readings,
  stripTypes,
  unstrippedPlace,
  withinSource,
} from './source.ts';
import { timeoutCode, timeoutError } from './timeout.ts';

const JOBS_PER_BATCH = 256;
const STACK_OVERFLOW = 'stack overflow';
/** Time that is given after the end to hand over log lines that still wait in the guest. */
const CLOSING_MS = 20;

// A program as it will be evaluated: `code` is the user's, without types.
interface Program {
  readonly code: string;
  readonly reading: Reading;
}

// How the run ends when it does not end well; caught in `outcome`, nowhere else.
class RunFailed extends Error {
  readonly failure: SandboxError;

  constructor(failure: SandboxError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** One run. `outcome` is called once; host answers may come at any time while it is pending. */
export class ProgramRun {
  readonly #order: RunOrder;
  readonly #engine: Engine;
  readonly #recorder: Recorder;
  readonly #callHost: (call: HostCall) => void;
  readonly #answers: HostAnswer[] = [];
  #program: Program | undefined;
  #stop: 'DEADLINE' | 'HOST_CALL_LIMIT' | undefined;
  #stopAtMs: number;
  #pendingCalls = 0;
  #wake: (() => void) | undefined;

  constructor(order: RunOrder, engine: Engine, recorder: Recorder, callHost: (call: HostCall) => void) {
    this.#order = order;
    this.#engine = engine;
    this.#recorder = recorder;
    this.#callHost = callHost;
    this.#stopAtMs = order.limits.timeoutMs;
  }

  /** The host's answer to a call of this run. */
  answer(answer: HostAnswer): void {
    if (answer.runId !== this.#order.id) return;
    this.#answers.push(answer);
    this.#wake?.();
  }

  /** Runs the program to its end. Never rejects. */
  async outcome(): Promise<RunOutcome> {
    this.#recorder.enter();
    const outcome = await this.#guarded();
    this.#handOverLogs();
    this.#recorder.leave();
    return outcome;
  }

  async #guarded(): Promise<RunOutcome> {
    try {
      return { ok: true, result: await this.#execute() };
    } catch (error) {
      return { ok: false, error: (error instanceof RunFailed ? error : this.#engineFailure(error)).failure };
    }
  }

  async #execute(): Promise<string> {
    const { input, hostMethods, limits } = this.#order;
    this.#engine.begin(
      {
        log: (lines) => this.#recorder.append(lines),
        call: (callId, method, text) => this.#call(callId, method, text),
        shouldStop: () => this.#shouldStop(),
        memoryGrew: (sizeBytes) => {
          this.#recorder.memoryBytes = sizeBytes;
        },
      },
      { input, methods: hostMethods, resultChars: limits.maxResultBytes },
    );
    const program = await this.#read();
    this.#program = program;
    return this.#finish(await this.#value(program));
  }

  async #read(): Promise<Program> {
    const { code, language } = this.#order;
    if (language !== 'typescript' || !hasTypeArguments(code)) {
      const plain = this.#plainProgram(code);
      if ('reading' in plain) return plain;
      if (language !== 'typescript') throw this.#syntaxError(plain);
    }
    if (nestsTooDeep(code)) {
      throw new RunFailed({
        code: 'STATIC_REJECTED',
        name: 'SyntaxError',
        message: 'The program nests more than 200 brackets; flatten it before types can be taken off.',
      });
    }
    const stripped = await stripTypes(code);
    this.#checkStop();
    if (!('code' in stripped)) throw this.#failed('TYPESCRIPT', 'SyntaxError', stripped.message, stripped.place);
    const plain = this.#plainProgram(stripped.code);
    if ('reading' in plain) return plain;
    throw this.#syntaxError({ ...plain, place: this.#unstripped(stripped.code, plain.place) });
  }

  // The first reading that compiles, or the problem that lies furthest into the source: the reading that fits best.
  #plainProgram(code: string): Program | SyntaxProblem {
    let furthest: SyntaxProblem | undefined;
    for (const reading of readings(code)) {
      const thrown = this.#engine.check(reading.before + code + reading.after, reading.kind);
      this.#checkStop();
      if (thrown === undefined) return { code, reading };
      // Nothing has run yet, so it was a static import that asked for a module.
      const imported = this.#engine.importedModule;
      if (imported !== undefined)
        return { message: noModules(imported), place: placeOfImport(code, imported), imported };
      const described = this.#engine.describe(thrown);
      if (described === undefined || described.byEngine) throw this.#thrownFailure(described, undefined);
      // No program has run that could have made this up.
      if (described.message === STACK_OVERFLOW) throw this.#thrownFailure({ ...described, byEngine: true }, undefined);
      const place = placeInStack(described.stack, USER_FILE, reading);
      const problem = {
        message: described.message.replace(/: ''$/, ': the program ends here'),
        place: place === undefined ? undefined : withinSource(code, place),
      };
      if (furthest === undefined || isAfter(problem.place, furthest.place)) furthest = problem;
    }
    return furthest ?? { message: 'The program cannot be read.', place: undefined };
  }

  #syntaxError(problem: SyntaxProblem): RunFailed {
    if (problem.imported !== undefined) {
      return this.#failed('STATIC_REJECTED', 'SyntaxError', problem.message, problem.place);
    }
    const hint =
      this.#order.language === 'javascript' && looksLikeTypeScript(this.#order.code)
        ? '. If this is TypeScript, run it with language "typescript".'
        : '';
    return this.#failed('SYNTAX', 'SyntaxError', `${problem.message}${hint}`, problem.place);
  }

  async #value({ code, reading }: Program): Promise<QuickJSHandle> {
    const completion = this.#engine.evaluate(reading.before + code + reading.after, reading.kind);
    this.#checkStop();
    if ('thrown' in completion) throw this.#userFailure(completion.thrown);
    const first = await this.#awaited(completion.value);
    if (reading.kind === 'script') return first;
    if (reading.kind === 'asyncScript') return this.#awaited(this.#engine.property(first, 'value'));
    const byDefault = await this.#awaited(this.#engine.property(first, 'default'));
    return this.#engine.isUndefined(byDefault) ? first : byDefault;
  }

  // Runs until nothing is left to do: the value is there, the queue of jobs is empty, no host call is pending.
  async #awaited(handle: QuickJSHandle): Promise<QuickJSHandle> {
    for (;;) {
      this.#pump();
      const state = this.#engine.promiseState(handle);
      if (typeof state === 'object' && 'thrown' in state) throw this.#userFailure(state.thrown);
      if (this.#pendingCalls === 0) {
        if (state === 'notAPromise') return handle;
        if (state !== 'pending') return state.value;
        throw this.#failed(
          'TIMEOUT_WALL',
          'Error',
          'The program waits for a promise that nothing can settle any more; there are no timers in the sandbox.',
          undefined,
        );
      }
      await this.#nextAnswer();
      this.#checkStop();
      for (const answer of this.#answers.splice(0)) {
        this.#pendingCalls -= 1;
        this.#engine.settle(answer.callId, answer.ok, answer.text);
      }
    }
  }

  #pump(): void {
    while (this.#engine.hasJobs()) {
      const thrown = this.#engine.pump(JOBS_PER_BATCH);
      // An endless chain of short jobs may never meet the engine's own check.
      this.#shouldStop();
      this.#checkStop();
      if (thrown !== undefined) throw this.#userFailure(thrown);
    }
  }

  async #nextAnswer(): Promise<void> {
    if (this.#answers.length > 0) return;
    this.#recorder.leave();
    const remainingMs = Math.max(0, this.#stopAtMs - this.#recorder.wallMs());
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, remainingMs);
    });
    clearTimeout(timer);
    this.#wake = undefined;
    this.#recorder.enter();
    if (this.#answers.length === 0) throw this.#timedOut('TIMEOUT_WALL');
  }

  #finish(value: QuickJSHandle): string {
    const finished = this.#engine.finish(value);
    this.#checkStop();
    if ('thrown' in finished) throw this.#userFailure(finished.thrown);
    const kind = finished.text[0];
    const text = finished.text.slice(1);
    const { maxResultBytes } = this.#order.limits;
    if (kind === 'R') {
      const sizeBytes = Buffer.byteLength(text);
      if (sizeBytes <= maxResultBytes) return text;
      throw this.#tooLarge(`it is ${sizeBytes} bytes of JSON, the limit is ${maxResultBytes}`);
    }
    if (kind === 'D') throw this.#tooLarge(`${text} that nests more than 200 levels`);
    throw this.#tooLarge(`${text}, more than ${maxResultBytes} bytes of JSON or 200,000 values`);
  }

  #tooLarge(what: string): RunFailed {
    const message = `The result is too large: ${what}. Return a count, a slice or a summary instead.`;
    return this.#failed('RESULT_TOO_LARGE', 'RangeError', message, undefined);
  }

  #call(callId: number, method: string, text: string): boolean {
    if (this.#recorder.hostCalls >= this.#order.limits.maxHostCalls) this.#stop ??= 'HOST_CALL_LIMIT';
    if (this.#stop !== undefined) return false;
    this.#recorder.hostCalls += 1;
    this.#pendingCalls += 1;
    this.#callHost({ kind: 'call', runId: this.#order.id, callId, method, arguments: text });
    return true;
  }

  #shouldStop(): boolean {
    if (this.#recorder.wallMs() >= this.#stopAtMs) this.#stop ??= 'DEADLINE';
    return this.#stop !== undefined;
  }

  // The flag decides, never the error: a promise or a catch may have swallowed the interruption.
  #checkStop(): void {
    if (this.#stop === 'DEADLINE') {
      throw this.#timedOut(timeoutCode(this.#recorder.cpuMs(), this.#recorder.wallMs()));
    }
    if (this.#stop === 'HOST_CALL_LIMIT') {
      const { maxHostCalls } = this.#order.limits;
      const message = `The program made more than ${maxHostCalls} calls of memory. Ask for more in one call.`;
      throw this.#failed('HOST_CALL_LIMIT', 'Error', message, undefined);
    }
  }

  #timedOut(code: 'TIMEOUT_CPU' | 'TIMEOUT_WALL'): RunFailed {
    return new RunFailed(timeoutError(code, this.#order.limits.timeoutMs));
  }

  #handOverLogs(): void {
    this.#stop = undefined;
    this.#stopAtMs = this.#recorder.wallMs() + CLOSING_MS;
    try {
      this.#engine.flush();
    } catch (error) {
      // The instance may be spent, and it is dropped now in any case. Anything else is ours.
      if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
    }
  }

  #userFailure(thrown: QuickJSHandle): RunFailed {
    const described = this.#engine.describe(thrown);
    this.#checkStop();
    const program = this.#program;
    if (described === undefined || program === undefined) return this.#thrownFailure(described, undefined);
    const place = placeInStack(described.stack, USER_FILE, program.reading);
    return this.#thrownFailure(described, this.#unstripped(program.code, place));
  }

  #thrownFailure(described: Described | undefined, place: Place | undefined): RunFailed {
    const { memoryMb } = this.#order.limits;
    const wasRefused = this.#engine.memoryRefused;
    const isOutOfMemory = described?.byEngine === true && described.message.startsWith('out of memory');
    if (isOutOfMemory || (wasRefused && (described === undefined || described.empty))) {
      const message = `The program needs more than ${memoryMb} MB of memory. Work in smaller pieces or raise the limit.`;
      return this.#failed('MEMORY', 'RangeError', message, place);
    }
    if (described?.byEngine === true && described.message === STACK_OVERFLOW) {
      const message = 'The program calls itself too deeply. Use a loop, or a list of what is left to do.';
      return this.#failed('STACK', 'RangeError', message, place);
    }
    if (described === undefined) return this.#engineFailure(undefined, place);
    return this.#failed('THROWN', described.name, described.message + missingHint(described.message), place);
  }

  // What WebAssembly or the engine's host side threw; the instance is spent.
  #engineFailure(error: unknown, place?: Place): RunFailed {
    if (error instanceof RangeError) {
      const message = 'The program nests too deeply for the engine. Use a loop, or a flatter structure.';
      return this.#failed('STACK', 'RangeError', message, place);
    }
    if (this.#engine.memoryRefused) return this.#thrownFailure(undefined, place);
    const message = 'The engine stopped working on this program; other runs are not affected.';
    return this.#failed('ENGINE_CRASH', 'Error', message, place);
  }

  #unstripped(code: string, place: Place | undefined): Place | undefined {
    return place === undefined ? undefined : unstrippedPlace(this.#order.code, code, place);
  }

  #failed(code: SandboxErrorCode, name: string, message: string, place: Place | undefined): RunFailed {
    const failure = { code, name, message };
    if (place === undefined) return new RunFailed(failure);
    const shown = excerpt(this.#order.code, place);
    return new RunFailed({ ...failure, ...place, ...(shown === undefined ? {} : { excerpt: shown }) });
  }
}

interface SyntaxProblem {
  /** The module that a static import names. */
  readonly imported?: string;
  readonly message: string;
  readonly place: Place | undefined;
}

function isAfter(place: Place | undefined, other: Place | undefined): boolean {
  if (place === undefined) return false;
  if (other === undefined) return true;
  return place.line > other.line || (place.line === other.line && place.column > other.column);
}

const MISSING =
  /^'(?:require|process|fetch|XMLHttpRequest|WebSocket|setTimeout|setInterval|setImmediate|Buffer|WebAssembly|Deno|Bun|window|document)' is not defined$/;

// Says what is there instead, when a program reaches for what a sandbox does not have.
function missingHint(message: string): string {
  if (!MISSING.test(message)) return '';
  return ' in the sandbox: no network, processes, modules or timers. It has the language, input, console, fs (files in memory) and, where the server gives it, memory.';
}
