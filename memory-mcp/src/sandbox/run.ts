// One run of one program inside a worker: read it, evaluate it, wait for it, take its result, and name what went wrong.
import { resultNotes, thrownHint } from './advice.ts';
import { type Described, type Engine, type GuestValue, NoRoomError, type SourceKind } from './engine.ts';
import {
  hostBytesError,
  hostCallsError,
  inputMemoryError,
  memoryError,
  nestingError,
  resultDepthError,
  resultSizeError,
  stackError,
} from './limit-errors.ts';
import { type CompileProblem, located, type Program, placeInSource, readProgram } from './program.ts';
import type { HostAnswer, HostCall, RunFile, RunOrder, RunOutcome, SandboxError } from './protocol.ts';
import type { Recorder } from './recorder.ts';
import { evaluated, type Frame, framesInStack } from './source.ts';
import { type TimeoutCode, timeoutCode, timeoutError } from './timeout.ts';

const JOBS_PER_BATCH = 256;
const STACK_OVERFLOW = 'stack overflow';
/** Time that is given after the end to hand over log lines and files that still wait in the guest. */
const CLOSING_MS = 20;

// Why a run has to end, as this side of the boundary found it. Nothing in the guest sets it or takes it back.
type Stop = TimeoutCode | 'HOST_CALLS' | 'HOST_BYTES';

// How the run ends when it does not end well; caught in `#guarded`, nowhere else.
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
  #stop: Stop | undefined;
  #closesAtMs: number | undefined;
  #pendingCalls = 0;
  #wake: (() => void) | undefined;

  constructor(order: RunOrder, engine: Engine, recorder: Recorder, callHost: (call: HostCall) => void) {
    this.#order = order;
    this.#engine = engine;
    this.#recorder = recorder;
    this.#callHost = callHost;
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
    const files = this.#handOver();
    this.#recorder.leave();
    return files.length === 0 ? outcome : { ...outcome, files };
  }

  async #guarded(): Promise<RunOutcome> {
    try {
      const { program, result } = await this.#execute();
      const notes = resultNotes(program, result);
      return { ok: true, result, ...(notes.length === 0 ? {} : { notes }) };
    } catch (error) {
      return { ok: false, error: (error instanceof RunFailed ? error : this.#engineFailure(error)).failure };
    }
  }

  async #execute(): Promise<{ readonly program: Program; readonly result: string }> {
    this.#begin();
    const read = await readProgram({ code: this.#order.code, language: this.#order.language }, (text, kind) =>
      this.#compile(text, kind),
    );
    this.#shouldStop();
    this.#checkStop();
    if (!('reading' in read)) throw new RunFailed(read);
    this.#program = read;
    return { program: read, result: this.#finish(await this.#value(read)) };
  }

  #begin(): void {
    const { input, hostMethods, limits } = this.#order;
    const hasRoom = this.#engine.begin(
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
    this.#checkStop();
    if (!hasRoom) throw new RunFailed(inputMemoryError(limits));
  }

  #compile(text: string, kind: SourceKind): CompileProblem | undefined {
    // What came before, the stripper above all, may have taken all of the time.
    this.#shouldStop();
    this.#checkStop();
    const thrown = this.#engine.check(text, kind);
    this.#checkStop();
    if (thrown === undefined) return undefined;
    // Nothing has run yet, so it was a static import that asked for a module.
    const imported = this.#engine.importedModule;
    const described = this.#engine.describe(thrown);
    // No program has run that could have made this up.
    if (described?.message === STACK_OVERFLOW) throw new RunFailed(nestingError());
    if (described === undefined || (described.byEngine && imported === undefined)) {
      throw this.#thrownFailure(described, []);
    }
    return { message: described.message, stack: described.stack, imported };
  }

  async #value({ code, reading }: Program): Promise<GuestValue> {
    const completion = this.#engine.evaluate(evaluated(code, reading), reading.kind);
    this.#checkStop();
    if ('thrown' in completion) throw this.#userFailure(completion.thrown);
    const first = await this.#awaited(completion.value);
    if (reading.kind === 'script') return first;
    if (reading.kind === 'asyncScript') return this.#awaited(this.#engine.property(first, 'value'));
    const byDefault = await this.#awaited(this.#engine.property(first, 'default'));
    return this.#engine.isUndefined(byDefault) ? first : byDefault;
  }

  // Runs until nothing is left to do: the value is there, the queue of jobs is empty, no host call is pending.
  async #awaited(handle: GuestValue): Promise<GuestValue> {
    for (;;) {
      this.#pump();
      const state = this.#engine.promiseState(handle);
      if (typeof state === 'object' && 'thrown' in state) throw this.#userFailure(state.thrown);
      if (this.#pendingCalls === 0) {
        if (state === 'notAPromise') return handle;
        if (state !== 'pending') return state.value;
        throw new RunFailed(UNSETTLED);
      }
      await this.#nextAnswer();
      this.#isOverHostBytes();
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
    const remainingMs = Math.max(0, this.#order.limits.timeoutMs - this.#recorder.wallMs());
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      timer = setTimeout(resolve, remainingMs);
    });
    clearTimeout(timer);
    this.#wake = undefined;
    this.#recorder.enter();
    if (this.#answers.length > 0) return;
    this.#stop ??= 'TIMEOUT_WALL';
    this.#checkStop();
  }

  #finish(value: GuestValue): string {
    const finished = this.#engine.finish(value);
    this.#checkStop();
    if (finished === 'noRoom') throw new RunFailed(memoryError(this.#order.limits));
    if ('thrown' in finished) throw this.#userFailure(finished.thrown);
    const kind = finished.text[0];
    const text = finished.text.slice(1);
    if (kind === 'D') throw new RunFailed(resultDepthError(text));
    const { limits } = this.#order;
    const { maxResultBytes } = limits;
    if (kind !== 'R') {
      const what = `${text}, more than ${maxResultBytes} bytes of JSON or 200,000 values`;
      throw new RunFailed(resultSizeError(what, limits));
    }
    const sizeBytes = Buffer.byteLength(text);
    if (sizeBytes <= maxResultBytes) return text;
    throw new RunFailed(resultSizeError(`it is ${sizeBytes} bytes of JSON, the limit is ${maxResultBytes}`, limits));
  }

  #call(callId: number, method: string, text: string): boolean {
    if (this.#recorder.hostCalls >= this.#order.limits.maxHostCalls) this.#stop ??= 'HOST_CALLS';
    if (this.#stop !== undefined) return false;
    this.#recorder.hostCalls += 1;
    this.#recorder.addHostBytes(Buffer.byteLength(text));
    if (this.#isOverHostBytes()) return false;
    this.#pendingCalls += 1;
    this.#callHost({ kind: 'call', runId: this.#order.id, callId, method, arguments: text });
    return true;
  }

  // The pool counts answers into the same sum, and hands over none that is beyond it.
  #isOverHostBytes(): boolean {
    if (this.#recorder.hostBytes > this.#order.limits.maxHostBytes) this.#stop ??= 'HOST_BYTES';
    return this.#stop !== undefined;
  }

  #shouldStop(): boolean {
    const spent = { cpuMs: this.#recorder.cpuMs(), wallMs: this.#recorder.wallMs() };
    if (this.#closesAtMs !== undefined) return spent.wallMs >= this.#closesAtMs;
    this.#stop ??= timeoutCode(spent, this.#order.limits);
    return this.#stop !== undefined;
  }

  // The flag decides, never the error: a promise or a catch may have swallowed the interruption.
  #checkStop(): void {
    const { limits } = this.#order;
    switch (this.#stop) {
      case undefined:
        return;
      case 'HOST_CALLS':
        throw new RunFailed(hostCallsError(limits));
      case 'HOST_BYTES':
        throw new RunFailed(hostBytesError(limits));
      default:
        throw new RunFailed(timeoutError(this.#stop, limits));
    }
  }

  // The run is over: what is still in the guest has a short time of its own to get out.
  #handOver(): readonly RunFile[] {
    this.#closesAtMs = this.#recorder.wallMs() + CLOSING_MS;
    try {
      this.#engine.flush();
      return this.#engine.files();
    } catch (error) {
      // The instance may be spent, and it is dropped now in any case. Anything else is ours.
      const isSpent = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
      if (!isSpent && !(error instanceof NoRoomError)) throw error;
      return [];
    }
  }

  #userFailure(thrown: GuestValue): RunFailed {
    const described = this.#engine.describe(thrown);
    this.#checkStop();
    const program = this.#program;
    if (described === undefined || program === undefined) return this.#thrownFailure(described, []);
    const frames = framesInStack(described.stack, program.code, program.reading).map((frame) => {
      return { ...frame, ...placeInSource(program, frame) };
    });
    return this.#thrownFailure(described, frames);
  }

  #thrownFailure(described: Described | undefined, frames: readonly Frame[]): RunFailed {
    const wasRefused = this.#engine.memoryRefused;
    const isOutOfMemory = described?.byEngine === true && described.message.startsWith('out of memory');
    if (isOutOfMemory || (wasRefused && (described === undefined || described.empty))) {
      return this.#failed(memoryError(this.#order.limits), frames);
    }
    if (described?.byEngine === true && described.message === STACK_OVERFLOW) {
      return this.#failed(stackError(), frames);
    }
    if (described === undefined) return this.#engineFailure(undefined);
    const { name, message } = described;
    const hint = this.#program === undefined ? undefined : thrownHint(this.#program, described);
    return this.#failed({ code: 'THROWN', name, message, ...(hint === undefined ? {} : { hint }) }, frames);
  }

  // What WebAssembly or the engine's host side threw; the instance is spent.
  #engineFailure(error: unknown): RunFailed {
    if (error instanceof RangeError) return new RunFailed(nestingError());
    if (error instanceof NoRoomError || this.#engine.memoryRefused) {
      return new RunFailed(memoryError(this.#order.limits));
    }
    return new RunFailed({
      code: 'ENGINE_CRASH',
      name: 'Error',
      message: 'The engine stopped working on this program; other runs are not affected.',
      hint: 'Try a smaller program.',
    });
  }

  #failed(error: SandboxError, frames: readonly Frame[]): RunFailed {
    const [first] = frames;
    const stack = frames.map(({ name, line, column }) => `at ${name === undefined ? '' : `${name} `}${line}:${column}`);
    const told = stack.length < 2 ? error : { ...error, stack };
    return new RunFailed(first === undefined ? told : located(this.#program?.source ?? '', told, first));
  }
}

const UNSETTLED: SandboxError = {
  code: 'TIMEOUT_WALL',
  name: 'Error',
  message: 'The program waits for a promise that nothing can settle any more.',
  hint: 'There are no timers here, and every call of memory is answered: look for a promise whose resolve is never called.',
};
