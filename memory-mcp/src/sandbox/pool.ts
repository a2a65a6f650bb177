// Killable workers and the queue before them. Knows orders and outcomes, nothing of JavaScript or its values.
import { Worker } from 'node:worker_threads';
import { MemoryError } from '@episodica/memory-core';
import { compileEngine } from './engine-code.ts';
import { answerCall, type HostApi } from './host-calls.ts';
import { IDLE_WORKER_MS, KILL_GRACE_MS, LONG_RUN_MS, RECYCLE_BYTES } from './limits.ts';
import type { FromWorker, HostCall, RunOrder, RunOutcome, SandboxError, ToWorker, WorkerSetup } from './protocol.ts';
import { type RecordedLogs, Recorder, recorderMemory } from './recorder.ts';
import { timeoutCode, timeoutError } from './timeout.ts';

/** The pool's part of the sandbox's options. */
export interface PoolOptions {
  readonly warmWorkers: number;
  readonly maxWorkers: number;
  readonly maxQueue: number;
  readonly workerUrl: URL;
}

/** One call of the host, as it went. `pending`: the run ended first, and the call was told to abort. */
export interface HostCallRecord {
  readonly method: string;
  readonly status: 'answered' | 'failed' | 'pending';
}

/** A run that ended, well or not. */
export interface PoolResult {
  readonly outcome: RunOutcome;
  readonly logs: RecordedLogs;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly queuedMs: number;
  readonly memoryBytes: number;
  readonly hostCalls: number;
  readonly calls: readonly HostCallRecord[];
  /** Ended from outside, because it did not end by itself. */
  readonly killed: boolean;
}

/** One order with what stays on this side of it. */
export interface PoolRequest {
  readonly order: RunOrder;
  readonly host: HostApi | undefined;
  readonly signal: AbortSignal | undefined;
}

// A request on its way. `settled` guards against a second answer, such as one that races a kill.
interface Job extends PoolRequest {
  readonly queuedAt: number;
  readonly calls: { readonly method: string; status: HostCallRecord['status'] }[];
  readonly abort: AbortController;
  readonly resolve: (result: PoolResult) => void;
  readonly reject: (error: MemoryError) => void;
  startedAt: number;
  settled: boolean;
}

interface Member {
  readonly worker: Worker;
  readonly recorder: Recorder;
  state: 'starting' | 'idle' | 'busy' | 'stopped';
  job: Job | undefined;
  timers: readonly NodeJS.Timeout[];
}

const NO_LOGS: RecordedLogs = { lines: [], dropped: 0 };

/** The pool. Starts no worker before the first run, and keeps no process alive that has nothing to run. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #members = new Set<Member>();
  readonly #queue: Job[] = [];
  #wasmModule: Promise<WebAssembly.Module> | undefined;
  #opening = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Runs one order. Rejects with `ABORTED` or `CLOSED` only; everything else is an outcome. */
  async run(request: PoolRequest): Promise<PoolResult> {
    if (this.#closed) throw closedError();
    // Workers that are still to be started count as room, so that a burst at the start is not refused.
    const busyCount = [...this.#members].filter(({ state }) => state === 'busy').length;
    if (this.#queue.length >= this.#options.maxQueue + this.#options.maxWorkers - busyCount) {
      return emptyResult({
        code: 'QUEUE_FULL',
        name: 'Error',
        message: `There are ${this.#queue.length} programs waiting already. Try again in a moment.`,
      });
    }
    return new Promise((resolve, reject) => {
      const job: Job = {
        ...request,
        queuedAt: performance.now(),
        calls: [],
        abort: new AbortController(),
        resolve,
        reject,
        startedAt: 0,
        settled: false,
      };
      request.signal?.addEventListener('abort', () => this.#aborted(job), { once: true, signal: job.abort.signal });
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  /** Ends all runs with `CLOSED` and stops the workers. Closing twice is allowed. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) this.#reject(job, closedError());
    const stopping = [...this.#members].map((member) => {
      if (member.job !== undefined) this.#reject(member.job, closedError());
      return this.#stop(member);
    });
    await Promise.all(stopping);
  }

  // Gives waiting jobs to idle workers, and starts the warm ones that are missing.
  #dispatch(): void {
    for (let member = this.#idle(); member !== undefined && this.#queue.length > 0; member = this.#idle()) {
      const job = this.#queue.shift();
      if (job !== undefined) this.#start(member, job);
    }
    this.#grow(this.#options.warmWorkers - this.#members.size - this.#opening);
  }

  #start(member: Member, job: Job): void {
    this.#release(member);
    member.state = 'busy';
    member.job = job;
    member.worker.ref();
    job.startedAt = performance.now();
    const killAfterMs = job.order.limits.timeoutMs + KILL_GRACE_MS;
    member.timers = [
      setTimeout(() => void this.#kill(member, job), killAfterMs),
      setTimeout(() => this.#makeRoom(), LONG_RUN_MS),
    ];
    this.#post(member, { kind: 'run', order: job.order });
  }

  // Short runs are faster on few workers; only runs that stay make the pool grow.
  #makeRoom(): void {
    const free = [...this.#members].filter(({ state }) => state === 'idle' || state === 'starting').length;
    this.#grow(this.#queue.length + 1 - free - this.#opening);
  }

  #grow(wanted: number): void {
    const room = this.#options.maxWorkers - this.#members.size - this.#opening;
    for (let count = Math.min(wanted, room); count > 0; count -= 1) {
      this.#opening += 1;
      void this.#open();
    }
  }

  async #open(): Promise<void> {
    this.#wasmModule ??= compileEngine();
    let wasmModule: WebAssembly.Module;
    try {
      wasmModule = await this.#wasmModule;
    } catch (error) {
      this.#wasmModule = undefined;
      this.#failOldest(error);
      return;
    } finally {
      this.#opening -= 1;
    }
    if (!this.#closed) this.#addMember(wasmModule);
  }

  #addMember(wasmModule: WebAssembly.Module): void {
    const memory = recorderMemory();
    const setup: WorkerSetup = { wasmModule, recorder: memory };
    const worker = new Worker(this.#options.workerUrl, {
      workerData: setup,
      // The engine's stack checks need room beneath them; its own memory is not V8's and has its own maximum.
      resourceLimits: { stackSizeMb: 16, maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
      env: {},
      argv: [],
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
    });
    const member: Member = { worker, recorder: new Recorder(memory), state: 'starting', job: undefined, timers: [] };
    this.#members.add(member);
    // Nothing in a worker may reach the process's own output, which carries a protocol.
    worker.stdout.resume();
    worker.stderr.resume();
    worker.on('message', (message: FromWorker) => this.#receive(member, message));
    worker.on('error', (error) => this.#lost(member, error));
    worker.on('exit', () => this.#lost(member, undefined));
  }

  #receive(member: Member, message: FromWorker): void {
    if (message.kind === 'ready') this.#ready(member);
    else if (message.kind === 'call') void this.#call(member, message);
    else this.#done(member, message.runId, message.outcome);
  }

  #ready(member: Member): void {
    if (member.state === 'stopped') return;
    member.state = 'idle';
    member.worker.unref();
    this.#dispatch();
    if (member.state !== 'idle' || this.#members.size <= this.#options.warmWorkers) return;
    const timer = setTimeout(() => {
      if (member.state === 'idle' && this.#members.size > this.#options.warmWorkers) void this.#stop(member);
    }, IDLE_WORKER_MS);
    timer.unref();
    member.timers = [timer];
  }

  async #call(member: Member, call: HostCall): Promise<void> {
    const job = member.job;
    if (job === undefined || job.settled || job.order.id !== call.runId) return;
    const entry: Job['calls'][number] = { method: call.method, status: 'pending' };
    job.calls.push(entry);
    const answer = await answerCall(job.host ?? {}, call, job.abort.signal);
    if (job.settled) return;
    entry.status = answer.ok ? 'answered' : 'failed';
    this.#post(member, answer);
  }

  #done(member: Member, runId: number, outcome: RunOutcome): void {
    const job = member.job;
    if (job === undefined || job.order.id !== runId) return;
    this.#release(member);
    this.#resolve(job, member, outcome, false);
    if (member.recorder.memoryBytes <= RECYCLE_BYTES) return;
    void this.#stop(member);
    this.#dispatch();
  }

  // The worker did not answer by its deadline: it is stuck where only a kill reaches it.
  async #kill(member: Member, job: Job): Promise<void> {
    if (member.job !== job) return;
    const { recorder } = member;
    const code = timeoutCode(recorder.cpuMs(), recorder.wallMs());
    const wallMs = performance.now() - job.startedAt;
    await this.#stop(member);
    const error = timeoutError(code, job.order.limits.timeoutMs);
    this.#resolve(job, member, { ok: false, error }, true, wallMs);
    this.#dispatch();
  }

  #lost(member: Member, error: unknown): void {
    if (member.state === 'stopped') return;
    const hadStarted = member.state !== 'starting';
    const job = member.job;
    void this.#stop(member);
    if (job !== undefined) this.#resolve(job, member, { ok: false, error: crashError() }, true);
    // A worker that cannot even start must not be started again without end: each try costs one waiting run.
    else if (!hadStarted) this.#failOldest(error);
    if (!this.#closed && this.#queue.length > 0) this.#dispatch();
  }

  #failOldest(cause: unknown): void {
    const job = this.#queue.shift();
    if (job === undefined || job.settled) return;
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    const error: SandboxError = {
      code: 'ENGINE_CRASH',
      name: 'Error',
      message: `The sandbox could not start${reason}. Reinstall the package if this happens again.`,
    };
    this.#settle(job);
    job.resolve(emptyResult(error));
  }

  #aborted(job: Job): void {
    const waiting = this.#queue.indexOf(job);
    if (waiting >= 0) this.#queue.splice(waiting, 1);
    const member = [...this.#members].find((candidate) => candidate.job === job);
    this.#reject(job, new MemoryError('ABORTED', 'The run was cancelled.', { cause: job.signal?.reason }));
    if (member !== undefined) void this.#stop(member).then(() => this.#dispatch());
  }

  #resolve(job: Job, member: Member, outcome: RunOutcome, killed: boolean, wallMs?: number): void {
    if (job.settled) return;
    this.#settle(job);
    const { recorder } = member;
    job.resolve({
      outcome,
      logs: recorder.logs(),
      wallMs: wallMs ?? recorder.wallMs(),
      cpuMs: Math.min(recorder.cpuMs(), wallMs ?? Number.POSITIVE_INFINITY),
      queuedMs: job.startedAt - job.queuedAt,
      memoryBytes: recorder.memoryBytes,
      hostCalls: recorder.hostCalls,
      calls: job.calls.map(({ method, status }) => ({ method, status })),
      killed,
    });
  }

  #reject(job: Job, error: MemoryError): void {
    if (job.settled) return;
    this.#settle(job);
    job.reject(error);
  }

  #settle(job: Job): void {
    job.settled = true;
    job.abort.abort();
  }

  #release(member: Member): void {
    for (const timer of member.timers) clearTimeout(timer);
    member.timers = [];
    member.job = undefined;
  }

  async #stop(member: Member): Promise<void> {
    this.#release(member);
    member.state = 'stopped';
    this.#members.delete(member);
    await member.worker.terminate();
  }

  #post(member: Member, message: ToWorker): void {
    member.worker.postMessage(message);
  }

  #idle(): Member | undefined {
    for (const member of this.#members) if (member.state === 'idle') return member;
    return undefined;
  }
}

/** A run that never came to a worker. */
export function emptyResult(error: SandboxError): PoolResult {
  return {
    outcome: { ok: false, error },
    logs: NO_LOGS,
    wallMs: 0,
    cpuMs: 0,
    queuedMs: 0,
    memoryBytes: 0,
    hostCalls: 0,
    calls: [],
    killed: false,
  };
}

function crashError(): SandboxError {
  const message = 'The worker of this program stopped; other runs are not affected. Try a smaller program.';
  return { code: 'ENGINE_CRASH', name: 'Error', message };
}

function closedError(): MemoryError {
  return new MemoryError('CLOSED', 'The sandbox is closed; open another one.');
}
