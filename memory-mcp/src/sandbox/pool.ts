// Killable workers and the queue before them. Knows orders and outcomes, nothing of JavaScript or its values.
import { availableParallelism, constants, getPriority, setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { MemoryError } from '@episodica/memory-core/errors';
import { compileEngine } from './engine-code.ts';
import { type HostApi, type HostCallRecord, HostCalls, turnTaker } from './host-calls.ts';
import {
  GIVE_WAY_MS,
  IDLE_WORKER_MS,
  KILL_GRACE_MS,
  LONG_RUN_MS,
  RECYCLE_BYTES,
  REPLACE_AFTER_MS,
  START_MS,
  STARTS_AT_ONCE,
  STOP_WAIT_MS,
  WATCH_MS,
} from './limits.ts';
import type { FromWorker, RunOrder, RunOutcome, SandboxError, ToWorker, WorkerSetup } from './protocol.ts';
import { type RecordedLogs, Recorder, recorderMemory } from './recorder.ts';
import { timeoutCode, timeoutError } from './timeout.ts';

/** The pool's part of the sandbox's options. */
export interface PoolOptions {
  readonly warmWorkers: number;
  readonly maxWorkers: number;
  readonly maxQueue: number;
  readonly maxTotalMemoryMb: number;
  readonly workerUrl: URL;
  /** How long a worker may take to be ready. @default START_MS */
  readonly startMs?: number;
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
  readonly hostBytes: number;
  readonly hostMs: number;
  readonly calls: readonly HostCallRecord[];
  /** Ended from outside, because it did not end by itself. */
  readonly killed: boolean;
}

/** One order with what stays on this side of it. */
export interface PoolRequest {
  readonly order: RunOrder;
  readonly host: HostApi | undefined;
  readonly signal: AbortSignal | undefined;
  /** Called when the run has a worker. */
  readonly onStart?: ((started: StartedRun) => void) | undefined;
}

/** A run that has a worker. */
export interface StartedRun {
  readonly timeoutMs: number;
  /** Calls of the host so far. */
  hostCallCount(): number;
}

// A request on its way. `settled` guards against a second answer, such as one that races a kill.
interface Job extends PoolRequest {
  readonly queuedAt: number;
  readonly stopListening: AbortController;
  readonly resolve: (result: PoolResult) => void;
  readonly reject: (error: MemoryError) => void;
  startedAt: number;
  /** From its start on: what was done is told, though the worker is gone. */
  calls: HostCalls | undefined;
  settled: boolean;
}

interface Member {
  readonly worker: Worker;
  readonly recorder: Recorder;
  /** Renewing: without a run, and getting its next engine ready. */
  state: 'starting' | 'idle' | 'busy' | 'renewing' | 'stopped';
  job: Job | undefined;
  /** At work for longer than `LONG_RUN_MS`. */
  isLong: boolean;
  /** The system's number of its thread, while it can be asked to let others go first. */
  threadId: number | undefined;
  /** Others go before it. Nothing but its end takes that back. */
  hasGivenWay: boolean;
  /** Past its deadline for longer than `REPLACE_AFTER_MS`: likely to be killed. */
  isOverdue: boolean;
  /** Of the newest run: also what arrives of it after its end is written down. */
  calls: HostCalls | undefined;
  timers: readonly NodeJS.Timeout[];
}

// How a run ended, and when that was seen if the recorder cannot say.
interface RunEnd {
  readonly outcome: RunOutcome;
  readonly killed: boolean;
  readonly wallMs?: number;
}

// A third of the processor time of an equal: with less, other processes could keep it from its end.
const LESS_PRIORITY = 5;
const NO_LOGS: RecordedLogs = { lines: [], dropped: 0 };

/** The pool. Starts no worker before the first run, and keeps no process alive that has nothing to run. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #members = new Set<Member>();
  readonly #queue: Job[] = [];
  readonly #takeTurn = turnTaker();
  #wasmModule: Promise<WebAssembly.Module> | undefined;
  #opening = 0;
  /** Workers that are to be there beside those at work for long, because of runs that stayed. */
  #sought = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Runs one order. Rejects with `ABORTED` or `CLOSED` only; everything else is an outcome. */
  async run(request: PoolRequest): Promise<PoolResult> {
    if (this.#closed) throw closedError();
    return new Promise((resolve, reject) => {
      const job: Job = {
        ...request,
        queuedAt: performance.now(),
        stopListening: new AbortController(),
        resolve,
        reject,
        startedAt: 0,
        calls: undefined,
        settled: false,
      };
      request.signal?.addEventListener('abort', () => this.#aborted(job), {
        once: true,
        signal: job.stopListening.signal,
      });
      this.#queue.push(job);
      if (this.#queue.length - this.#startable() > this.#options.maxQueue) this.#refuse(job);
      else this.#dispatch();
    });
  }

  /** What there is now. */
  counts(): { readonly running: number; readonly waiting: number; readonly workers: number } {
    return { running: this.#busy().length, waiting: this.#queue.length, workers: this.#members.size };
  }

  /** Ends all runs with `CLOSED` and stops the workers. Closing twice is allowed. */
  async close(): Promise<void> {
    this.#closed = true;
    const rejecting = this.#queue.splice(0).map((job) => this.#reject(job, closedError));
    const stopping = [...this.#members].map((member) => {
      if (member.job !== undefined) rejecting.push(this.#reject(member.job, closedError));
      return this.#stop(member);
    });
    await Promise.all([...stopping, ...rejecting]);
  }

  #refuse(job: Job): void {
    this.#queue.pop();
    this.#settle(job);
    const { maxQueue } = this.#options;
    job.resolve(
      emptyResult({
        code: 'QUEUE_FULL',
        name: 'Error',
        message: `${maxQueue} programs are waiting already.`,
        hint: 'Try again in a moment.',
        limit: { name: 'max_queue', value: maxQueue },
      }),
    );
  }

  // Waiting runs for which there is room, though a worker may still have to start or to get ready. In order: none passes another, so
  // a run that asks for much memory is not put off for ever.
  #startable(): number {
    const busy = this.#busy();
    let freeMb = this.#options.maxTotalMemoryMb;
    for (const { job } of busy) freeMb -= job?.order.limits.memoryMb ?? 0;
    let count = 0;
    for (const { order } of this.#queue.slice(0, this.#options.maxWorkers - busy.length)) {
      freeMb -= order.limits.memoryMb;
      if (freeMb < 0) break;
      count += 1;
    }
    return count;
  }

  // Gives waiting jobs to idle workers, and sees to it that there are as many as are kept warm beside those at work
  // for long: short runs are faster on few workers, and nobody waits for a worker to start after a kill.
  #dispatch(): void {
    for (let count = this.#startable(); count > 0; count -= 1) {
      const member = this.#idle();
      const job = member === undefined ? undefined : this.#queue.shift();
      if (member === undefined || job === undefined) break;
      this.#start(member, job);
    }
    this.#grow();
  }

  #start(member: Member, job: Job): void {
    this.#release(member);
    member.state = 'busy';
    member.job = job;
    member.worker.ref();
    job.startedAt = performance.now();
    const calls = this.#hostCalls(member, job);
    job.calls = calls;
    member.calls = calls;
    // The worker may be slow to begin, and until then these would be the figures of the run before.
    member.recorder.reset();
    const longTimer = setTimeout(() => this.#ranLong(member), LONG_RUN_MS);
    member.timers = [longTimer];
    this.#watch(member, job);
    const message: ToWorker = { kind: 'run', order: job.order };
    member.worker.postMessage(message);
    job.onStart?.({ timeoutMs: job.order.limits.timeoutMs, hostCallCount: () => calls.count });
  }

  #hostCalls({ worker, recorder }: Member, { order, host = {} }: Job): HostCalls {
    return new HostCalls({
      host,
      limits: order.limits,
      post: (answer) => worker.postMessage(answer),
      takeTurn: this.#takeTurn,
      spend: (sizeBytes) => recorder.addHostBytes(sizeBytes) <= order.limits.maxHostBytes,
    });
  }

  // Ends a run that does not end by itself. Computing stands still while the program waits for the host, so this
  // looks again when the next limit could have been met.
  #watch(member: Member, job: Job): void {
    const { timeoutMs, cpuMs } = job.order.limits;
    const wallLeftMs = timeoutMs - (performance.now() - job.startedAt);
    const spentMs = member.recorder.cpuMs();
    const leftMs = Math.min(wallLeftMs, cpuMs - spentMs);
    if (leftMs + KILL_GRACE_MS <= 0) {
      void this.#kill(member, job);
      return;
    }
    if (leftMs + REPLACE_AFTER_MS <= 0 && !member.isOverdue) {
      member.isOverdue = true;
      this.#grow();
    }
    const untilGiveWayMs = spentMs < GIVE_WAY_MS ? GIVE_WAY_MS - spentMs : GIVE_WAY_MS;
    // One that has a processor for itself takes nothing from anybody.
    if (spentMs >= GIVE_WAY_MS && this.#busy().length >= availableParallelism()) letOthersGoFirst(member);
    const endMs = leftMs + (member.isOverdue ? KILL_GRACE_MS : REPLACE_AFTER_MS);
    const nextMs = member.threadId === undefined ? endMs : Math.min(endMs, untilGiveWayMs);
    const timer = setTimeout(() => this.#watch(member, job), Math.max(nextMs, WATCH_MS));
    member.timers = [...member.timers.slice(0, 1), timer];
  }

  // Runs that stay make the pool grow, twice as many at a time: starting a worker costs more than a short run.
  #ranLong(member: Member): void {
    member.isLong = true;
    this.#sought = Math.max(this.#sought, Math.min(this.#queue.length + 1, this.#members.size));
    this.#dispatch();
  }

  // Starts workers until as many as are wanted are not at work for long; few at a time, because of those that start
  // together none is ready before nearly all are. One that is about to be killed gives its place away before
  // it is gone; should it end by itself all the same, there is one too many for a while, which is idle.
  #grow(): void {
    // Those who waited may have been served since.
    this.#sought = Math.min(this.#sought, this.#queue.length + 1);
    const { warmWorkers, maxWorkers } = this.#options;
    const stayingCount = [...this.#members].filter(({ isOverdue }) => !isOverdue).length;
    const room = maxWorkers - stayingCount - this.#opening;
    const missing = Math.max(warmWorkers, this.#sought) - this.#shortCount() - this.#opening;
    const starts = STARTS_AT_ONCE - this.#starting() - this.#opening;
    for (let count = Math.min(missing, room, starts); count > 0; count -= 1) {
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
    const member: Member = {
      worker,
      recorder: new Recorder(memory),
      state: 'starting',
      job: undefined,
      isLong: false,
      threadId: undefined,
      hasGivenWay: false,
      isOverdue: false,
      calls: undefined,
      timers: [],
    };
    this.#members.add(member);
    this.#awaitReady(member);
    // Nothing in a worker may reach the process's own output, which carries a protocol.
    worker.stdout.resume();
    worker.stderr.resume();
    worker.on('message', (message: FromWorker) => this.#receive(member, message));
    worker.on('error', (error) => this.#lost(member, error));
    worker.on('exit', () => this.#lost(member, undefined));
  }

  // One that is never ready would let runs wait for ever.
  #awaitReady(member: Member): void {
    const { startMs = START_MS } = this.#options;
    const late = Object.assign(new Error(`A worker was not ready after ${startMs} ms.`), { code: 'ETIMEDOUT' });
    member.timers = [setTimeout(() => this.#lost(member, late), startMs)];
  }

  #receive(member: Member, message: FromWorker): void {
    if (message.kind === 'ready') this.#ready(member, message.threadId);
    else if (message.kind === 'call') member.calls?.receive(message);
    else this.#done(member, message.runId, message.outcome);
  }

  #ready(member: Member, threadId: number | undefined): void {
    if (member.state === 'stopped') return;
    this.#release(member);
    member.state = 'idle';
    member.threadId = threadId;
    // Nothing more of the last run can arrive, and its calls hold their arguments.
    member.calls = undefined;
    member.worker.unref();
    this.#dispatch();
    if (member.state !== 'idle') return;
    const timer = setTimeout(() => {
      if (this.#shortCount() > this.#options.warmWorkers) void this.#stop(member);
    }, IDLE_WORKER_MS);
    timer.unref();
    member.timers = [timer];
  }

  #done(member: Member, runId: number, outcome: RunOutcome): void {
    const job = member.job;
    if (job === undefined || job.order.id !== runId) return;
    this.#release(member);
    member.state = 'renewing';
    void this.#conclude(job, member, { outcome, killed: false });
    if (member.recorder.memoryBytes <= RECYCLE_BYTES && !member.hasGivenWay) {
      this.#awaitReady(member);
      return;
    }
    void this.#stop(member);
    this.#dispatch();
  }

  // The worker did not answer in time: it is stuck where only a kill reaches it.
  async #kill(member: Member, job: Job): Promise<void> {
    const { recorder } = member;
    const { limits } = job.order;
    const wallMs = performance.now() - job.startedAt;
    const code = timeoutCode({ cpuMs: recorder.cpuMs(), wallMs }, limits) ?? 'TIMEOUT_WALL';
    const error = timeoutError(code, limits);
    // Told at once, while the worker still ends.
    void member.calls?.end();
    await Promise.race([this.#stop(member), afterMs(STOP_WAIT_MS)]);
    void this.#conclude(job, member, { outcome: { ok: false, error }, killed: true, wallMs });
    this.#dispatch();
  }

  #lost(member: Member, error: unknown): void {
    if (member.state === 'stopped') return;
    const hadStarted = member.state !== 'starting';
    const job = member.job;
    void this.#stop(member);
    if (job !== undefined) {
      void this.#conclude(job, member, { outcome: { ok: false, error: crashError() }, killed: true });
    }
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
    const cause: unknown = job.signal?.reason;
    void this.#reject(job, (writes) => new MemoryError('ABORTED', `The run was cancelled${writes}.`, { cause }));
    if (member !== undefined) void this.#stop(member).then(() => this.#dispatch());
  }

  // The answer goes out when the fate of the writes under way is known, or the short time for that is over.
  async #conclude(job: Job, { recorder }: Member, end: RunEnd): Promise<void> {
    if (job.settled) return;
    const { calls } = job;
    this.#settle(job);
    const { outcome, killed, wallMs = recorder.wallMs() } = end;
    // Read before the wait: the next run of this worker begins meanwhile.
    const seen = {
      outcome,
      killed,
      wallMs,
      logs: recorder.logs(),
      cpuMs: Math.min(recorder.cpuMs(), wallMs),
      queuedMs: job.startedAt - job.queuedAt,
      memoryBytes: recorder.memoryBytes,
      hostCalls: recorder.hostCalls,
      hostBytes: recorder.hostBytes,
    };
    await calls?.end();
    job.resolve({ ...seen, hostMs: calls?.hostMs ?? 0, calls: calls?.records() ?? [] });
  }

  async #reject(job: Job, error: (writes: string) => MemoryError): Promise<void> {
    if (job.settled) return;
    this.#settle(job);
    await job.calls?.end();
    job.reject(error(writesText(job.calls?.records() ?? [])));
  }

  #settle(job: Job): void {
    job.settled = true;
    job.stopListening.abort();
  }

  #release(member: Member): void {
    for (const timer of member.timers) clearTimeout(timer);
    member.timers = [];
    member.job = undefined;
    member.isLong = false;
    member.isOverdue = false;
  }

  async #stop(member: Member): Promise<void> {
    this.#release(member);
    member.state = 'stopped';
    this.#members.delete(member);
    await member.worker.terminate();
  }

  #shortCount(): number {
    return [...this.#members].filter(({ isLong }) => !isLong).length;
  }

  #starting(): number {
    return [...this.#members].filter(({ state }) => state === 'starting').length;
  }

  #busy(): readonly Member[] {
    return [...this.#members].filter(({ state }) => state === 'busy');
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
    hostBytes: 0,
    hostMs: 0,
    calls: [],
    killed: false,
  };
}

// So that the caller's own thread, workers that start and short runs find a processor beside programs that compute for
// long.
function letOthersGoFirst(member: Member): void {
  const { threadId } = member;
  if (threadId === undefined) return;
  member.threadId = undefined;
  try {
    setPriority(threadId, Math.min(getPriority() + LESS_PRIORITY, constants.priority.PRIORITY_LOW));
    member.hasGivenWay = true;
  } catch {
    // Not allowed here: then all go on as equals.
  }
}

function afterMs(waitMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, waitMs));
}

function crashError(): SandboxError {
  const message = 'The worker of this program stopped; other runs are not affected. Try a smaller program.';
  return { code: 'ENGINE_CRASH', name: 'Error', message };
}

function closedError(writes = ''): MemoryError {
  return new MemoryError('CLOSED', `The sandbox is closed${writes}; open another one.`);
}

// What a run that has no answer had done in the memory, and perhaps done.
function writesText(records: readonly HostCallRecord[]): string {
  const writes = records.filter(({ effect }) => effect === 'write');
  const done = writes.filter(({ status }) => status === 'done').length;
  const inDoubt = writes.filter(({ status }) => status === 'in_doubt').length;
  if (done + inDoubt === 0) return '';
  return `; ${done} of its writes had been done${inDoubt === 0 ? '' : ` and ${inDoubt} perhaps`}`;
}
