// The host's side of `memory.<method>()`: text in, text out, within the budgets of one run, with a journal of what was
// done, and nothing of the host's inside in an error.
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import type { Json } from '@episodica/memory-core';
import { isInDoubt, isMemoryError, MemoryError } from '@episodica/memory-core/errors';
import { MAX_ANSWER_BYTES, MAX_CALLS_AT_ONCE, WRITE_FATE_MS } from './limits.ts';
import type { HostAnswer, HostCall, HostMethod, RunLimits } from './protocol.ts';

/**
 * Called with the program's arguments, as JSON. `signal` aborts when the call takes too long, or when the run ends
 * before the answer. What is thrown reaches the program as an `Error`: the code and message of a `MemoryError`, or a
 * general one.
 */
export type HostCallback = (args: readonly Json[], options: { readonly signal: AbortSignal }) => Promise<Json>;

/** One function of the host. */
export interface HostFunction {
  readonly answer: HostCallback;
  /** `write`: the journal tells whether it was committed. @default 'read' */
  readonly effect?: 'read' | 'write';
  /**
   * Answers `{items, next}`: the guest calls again with `[first argument, next]` until `next` is null, and the program
   * gets one array, or of one page its `items` as they are. Each page counts as a host call. @default false
   */
  readonly isPaged?: boolean;
  /** `false`: it can be called and is not listed, as one that only says why it is not to be had. @default true */
  readonly isOffered?: boolean;
}

/** What a program may call as `await memory.<method>(...)`. A bare function is a read without pages. */
export interface HostApi {
  readonly [method: string]: HostFunction | HostCallback;
}

/** One call of the host, as it went. */
export interface HostCallRecord {
  readonly method: string;
  readonly effect: 'read' | 'write';
  /**
   * `done` (a write: committed), `failed` (answered with an error; a write: nothing was changed), `aborted` (the run
   * ended first; a write: not committed), or `in_doubt` (a write whose fate is not known).
   */
  readonly status: 'done' | 'failed' | 'aborted' | 'in_doubt';
  readonly tookMs: number;
  /** Of the failure. */
  readonly code?: string;
  /** Of a write: the first 200 characters of its JSON. */
  readonly answer?: string;
}

/**
 * What the program's side has to know of a host.
 * @throws `INVALID_INPUT` for a member that is no host function, or has a name that means something to the language
 */
export function hostMethods(host: HostApi): readonly HostMethod[] {
  if (typeof host !== 'object' || host === null || Array.isArray(host)) {
    throw new MemoryError('INVALID_INPUT', 'host must be an object of functions.');
  }
  return Object.keys(host).map((name) => {
    // What an embedder gives is not checked by its types alone.
    const { answer, effect = 'read', isPaged = false, isOffered = true } = functionOf(host, name) ?? {};
    if (!/^[A-Za-z]\w{0,63}$/.test(name) || RESERVED_NAMES.has(name)) {
      const rule = 'is a word of letters, digits and _, and none of the language itself';
      throw new MemoryError('INVALID_INPUT', `host: ${JSON.stringify(name.slice(0, 100))} is no name; a name ${rule}.`);
    }
    if (typeof answer !== 'function' || (effect !== 'read' && effect !== 'write') || typeof isPaged !== 'boolean') {
      throw new MemoryError('INVALID_INPUT', `host.${name} must be a function, or {answer, effect, isPaged} with one.`);
    }
    return isOffered ? { name, isPaged } : { name, isPaged, isOffered: false };
  });
}

// Asked for by the language itself: `then` would make a promise of the memory.
const RESERVED_NAMES: ReadonlySet<string> = new Set(['constructor', 'name', 'then', 'toJSON', 'toString', 'valueOf']);

/** What the calls of one run need from its surroundings. */
export interface HostCallsOptions {
  readonly host: HostApi;
  readonly limits: RunLimits;
  post(answer: HostAnswer): void;
  /** Takes bytes from the run's budget; false when they are not there any more. */
  spend(sizeBytes: number): boolean;
  /** Before an answer is written out; shared by all runs. */
  takeTurn(): Promise<void>;
}

/**
 * Lets callers go on one at a time, each in a turn of the event loop of its own: large answers that are written out
 * together hold it for as long as all of them take.
 */
export function turnTaker(): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.then(() => turnOfLoop());
    return last;
  };
}

// A call on its way. What is not under way waits for one that is. Settled is what the host has answered, answered what
// the program has been told.
interface Entry {
  readonly call: HostCall;
  readonly target: HostFunction;
  readonly effect: 'read' | 'write';
  readonly abort: AbortController;
  readonly receivedAt: number;
  status: HostCallRecord['status'] | 'open';
  isSettled: boolean;
  isAnswered: boolean;
  tookMs: number;
  code: string | undefined;
  answer: string | undefined;
}

// What a program is told of a call that was not done.
interface Refusal {
  readonly code: string;
  readonly message: string;
}

type Settled =
  // The text is undefined for what is not JSON.
  | { readonly ok: true; readonly text: () => string | undefined }
  // Untouched: the call certainly changed nothing.
  | ({ readonly ok: false; readonly isUntouched: boolean } & Refusal);

const TOLD_ANSWER_CHARACTERS = 200;
const MAX_MESSAGE_CHARACTERS = 2_000;

/** The calls of one run. */
export class HostCalls {
  readonly #options: HostCallsOptions;
  readonly #entries: Entry[] = [];
  readonly #underWay = new Set<Entry>();
  /** The first entries; those after them wait in order. */
  #begunCount = 0;
  #openCount = 0;
  #hasEnded = false;
  #ending: Promise<void> | undefined;
  #busySince = 0;
  #busyMs = 0;
  #writesSettled: (() => void) | undefined;

  constructor(options: HostCallsOptions) {
    this.#options = options;
  }

  /** Time in which at least one call was open. */
  get hostMs(): number {
    return this.#busyMs + (this.#busySince === 0 ? 0 : performance.now() - this.#busySince);
  }

  /** Calls that the program made so far. */
  get count(): number {
    return this.#entries.length;
  }

  /** Calls in the order in which the program made them. */
  records(): readonly HostCallRecord[] {
    return this.#entries.map(({ call, effect, status, tookMs, code, answer }) => ({
      method: call.method,
      effect,
      status: status === 'open' ? unsettled(effect) : status,
      tookMs,
      ...(code === undefined ? {} : { code }),
      ...(answer === undefined ? {} : { answer }),
    }));
  }

  /** A call of the program. One that comes after the end is written down and not begun. */
  receive(call: HostCall): void {
    const target = functionOf(this.#options.host, call.method) ?? missing(call.method);
    const entry: Entry = {
      call,
      target,
      effect: target.effect ?? 'read',
      abort: new AbortController(),
      receivedAt: performance.now(),
      status: this.#hasEnded ? 'aborted' : 'open',
      isSettled: false,
      isAnswered: false,
      tookMs: 0,
      code: undefined,
      answer: undefined,
    };
    this.#entries.push(entry);
    if (this.#hasEnded) return;
    if (this.#busySince === 0) this.#busySince = entry.receivedAt;
    this.#openCount += 1;
    this.#begin();
  }

  /**
   * The run is over: what waits is not begun any more, what is under way is told to abort. Resolves when the fate of
   * every write is known, or `WRITE_FATE_MS` later. Idempotent.
   */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#hasEnded = true;
    for (const entry of this.#entries.slice(this.#begunCount)) this.#close(entry, 'aborted');
    for (const entry of this.#underWay) {
      if (entry.isSettled) continue;
      if (entry.effect === 'read' && entry.status === 'open') this.#close(entry, 'aborted');
      entry.abort.abort();
    }
    if (!this.#hasOpenWrites()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, WRITE_FATE_MS);
      this.#writesSettled = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #begin(): void {
    while (!this.#hasEnded && this.#underWay.size < MAX_CALLS_AT_ONCE) {
      const entry = this.#entries[this.#begunCount];
      if (entry === undefined) return;
      this.#begunCount += 1;
      this.#underWay.add(entry);
      void this.#perform(entry);
    }
  }

  // Never rejects. Work that goes on after its time keeps its place, so that no more is under way than is allowed.
  async #perform(entry: Entry): Promise<void> {
    const timer = setTimeout(() => void this.#overdue(entry), this.#options.limits.hostCallMs);
    const settled = await settle(entry);
    clearTimeout(timer);
    // At once: should the run end now, the fate of a write is known, however many answers wait to be written out.
    this.#settled(entry, settled);
    await this.#options.takeTurn();
    this.#reply(entry, settled);
    this.#underWay.delete(entry);
    this.#begin();
  }

  #settled(entry: Entry, settled: Settled): void {
    entry.isSettled = true;
    if (settled.ok && entry.effect === 'write') entry.answer = beginningOf(settled.text());
    if (entry.status === 'open' || entry.status === 'in_doubt') this.#close(entry, this.#fate(entry, settled));
    if (!settled.ok) entry.code ??= settled.code;
    if (this.#hasEnded && !this.#hasOpenWrites()) this.#writesSettled?.();
  }

  #fate(entry: Entry, settled: Settled): HostCallRecord['status'] {
    if (settled.ok) return 'done';
    if (entry.effect === 'write' && !settled.isUntouched) return 'in_doubt';
    return this.#hasEnded ? 'aborted' : 'failed';
  }

  // The call had its time. A write may still say how it ended, which is worth a moment; then the program is told.
  async #overdue(entry: Entry): Promise<void> {
    const { hostCallMs } = this.#options.limits;
    entry.abort.abort();
    if (entry.effect === 'write') await new Promise((resolve) => setTimeout(resolve, WRITE_FATE_MS));
    if (entry.isSettled || this.#hasEnded) return;
    entry.code = 'TIMEOUT';
    this.#close(entry, entry.effect === 'write' ? 'in_doubt' : 'failed');
    const doubt = entry.effect === 'write' ? ' It may have been done all the same: look before you do it again.' : '';
    const message = `memory.${entry.call.method} took longer than ${hostCallMs} ms. Ask for less in one call.${doubt}`;
    this.#reply(entry, { ok: false, code: 'TIMEOUT', message, isUntouched: false });
  }

  #reply(entry: Entry, settled: Settled): void {
    if (entry.isAnswered || this.#hasEnded) return;
    entry.isAnswered = true;
    const answer = settled.ok ? this.#handedOver(entry.call.method, settled.text()) : settled;
    if ('text' in answer) {
      this.#post(entry.call, true, answer.text);
      return;
    }
    const { code, message } = answer;
    entry.code ??= code;
    // A write that was done stays done, though its answer cannot be handed over.
    if (entry.status === 'done' && entry.effect === 'read') entry.status = 'failed';
    this.#post(entry.call, false, JSON.stringify({ code, message }));
  }

  #handedOver(method: string, text: string | undefined): { readonly text: string } | Refusal {
    if (text === undefined) return { code: 'HOST_FAILED', message: `The answer of memory.${method} is not JSON.` };
    const sizeBytes = Buffer.byteLength(text);
    if (sizeBytes > MAX_ANSWER_BYTES) {
      const message = `The answer of memory.${method} is larger than ${MAX_ANSWER_BYTES} bytes. Ask for less.`;
      return { code: 'LIMIT_EXCEEDED', message };
    }
    // The worker finds the budget spent when it reads this, and ends the run.
    if (this.#options.spend(sizeBytes)) return { text };
    return { code: 'LIMIT_EXCEEDED', message: 'The calls of memory took too many bytes.' };
  }

  #post({ runId, callId }: HostCall, ok: boolean, text: string): void {
    this.#options.post({ kind: 'answer', runId, callId, ok, text });
  }

  #close(entry: Entry, status: HostCallRecord['status']): void {
    if (entry.status === 'open') {
      entry.tookMs = performance.now() - entry.receivedAt;
      this.#openCount -= 1;
    }
    entry.status = status;
    if (this.#busySince === 0 || this.#openCount > 0) return;
    this.#busyMs += performance.now() - this.#busySince;
    this.#busySince = 0;
  }

  #hasOpenWrites(): boolean {
    for (const entry of this.#underWay) {
      if (entry.effect === 'write' && !entry.isSettled) return true;
    }
    return false;
  }
}

function functionOf(host: HostApi, name: string): HostFunction | undefined {
  const given = Object.hasOwn(host, name) ? host[name] : undefined;
  return typeof given === 'function' ? { answer: given } : given;
}

function missing(name: string): HostFunction {
  return {
    answer: () => Promise.reject(new MemoryError('NOT_FOUND', `memory.${name} does not exist.`)),
  };
}

function unsettled(effect: 'read' | 'write'): HostCallRecord['status'] {
  return effect === 'write' ? 'in_doubt' : 'aborted';
}

async function settle({ call, target, effect, abort }: Entry): Promise<Settled> {
  try {
    const value = (await target.answer(parseArguments(call.arguments), { signal: abort.signal })) ?? null;
    if (effect === 'read') return { ok: true, text: () => textOf(value) };
    // The journal has it already, when it is handed over.
    const text = textOf(value);
    return { ok: true, text: () => text };
  } catch (error) {
    const isUntouched = isMemoryError(error) && !isInDoubt(error);
    return { ok: false, isUntouched, ...refusalOf(call.method, error) };
  }
}

// A program is told what it can act on. Of the store it cannot mend, it is told no more than that.
function refusalOf(method: string, error: unknown): Refusal {
  const failed = `memory.${method} could not be done`;
  if (!isMemoryError(error)) return { code: 'HOST_FAILED', message: `${failed}.` };
  const { code, message, retryable } = error;
  if (!INNER_CODES.has(code)) return { code, message: withoutPaths(message.slice(0, MAX_MESSAGE_CHARACTERS)) };
  return {
    code,
    message: `${failed}; ${retryable ? 'try again in a moment' : 'the health of the memory tells more'}.`,
  };
}

// Their messages tell of files, addresses and statements.
const INNER_CODES: ReadonlySet<string> = new Set([
  'STORE_UNAVAILABLE',
  'STORE_FAILED',
  'STORE_CORRUPT',
  'EMBEDDER_FAILED',
  'REFLECTOR_FAILED',
]);

function textOf(value: Json): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

// A copy: a slice of a text would keep all of it.
function beginningOf(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text.slice(0, TOLD_ANSWER_CHARACTERS)).toString();
}

const HAS_TRAP = /__proto__|"prototype"|\\u00/;

// Keys that are inert until somebody merges the object are left out before anybody can.
function parseArguments(text: string): readonly Json[] {
  const parsed: unknown = HAS_TRAP.test(text) ? JSON.parse(text, withoutTraps) : JSON.parse(text);
  // The guest's encoder writes the array of arguments, and JSON text has JSON in it.
  return parsed as readonly Json[];
}

function withoutTraps(key: string, value: unknown): unknown {
  if (key === '__proto__') return undefined;
  const isTrap =
    key === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
  return isTrap ? undefined : value;
}

function withoutPaths(message: string): string {
  return message.replace(/(?:file:\/\/|[A-Za-z]:\\|\\\\|(?<![\w.:/])\/)[^\s"'`,;)]*[\\/.][^\s"'`,;)]*/g, '(path)');
}
