// Which scopes are to be learnt from, and when: one at a time in this process, in the background, and never so often
// that it takes more than its share of the machine.
import { setTimeout as sleep } from 'node:timers/promises';
import { collect, timeOf } from '../context.ts';
import { eitherSignal } from '../either-signal.ts';
import { isMemoryError, MemoryError, throwIfAborted } from '../errors.ts';
import type { Scope } from '../pattern.ts';
import type { CallOptions } from '../ports/store.ts';
import { type LearningContext, runScope, type ScopeRun } from './learning-run.ts';
import { scopeKey, scopeOf } from './scope-filter.ts';

export interface LearningQueue {
  /** Learns in the background: from this scope, or from all that owe it. */
  soon(scope?: Scope): void;
  /**
   * Learns from every scope that owes it, also where another process is at it, and answers from how many episodes.
   * @throws what went wrong first; the other scopes have been learnt from all the same
   */
  now(options: CallOptions): Promise<number>;
  health(options: CallOptions): Promise<LearningHealth>;
  /** Waits a moment for the run that has begun, then stops it: what is owed stays owed. Idempotent. */
  close(): Promise<void>;
}

/** How learning from many episodes stands. */
export interface LearningHealth {
  /** Completed episodes that have yet to be learnt from; counted up to 1,000. */
  readonly pending: number;
  /** What is learnt from here now. */
  readonly running?: Scope;
  /** The last time that something was learnt here. */
  readonly last?: { readonly at: string; readonly episodes: number; readonly tookMs: number };
  /** Why the last attempt failed; absent when it did not. */
  readonly problem?: string;
}

export interface LearningQueueOptions {
  /** Called when something was learnt. */
  readonly onLearnt?: (() => void) | undefined;
  /** How long closing waits for a run. @default two seconds */
  readonly closeWaitMs?: number | undefined;
}

const CLOSE_WAIT_MS = 2_000;
/** A scope that could not be learnt from is tried again after so long, if nothing else brings it up before. */
const RETRY_MS = 30_000;
/** Whether another process is still at a scope is looked at as often as this. */
const MAX_HELD_MS = 1_000;
const MAX_COUNTED = 1_000;

export function learningQueue(context: LearningContext, options: LearningQueueOptions = {}): LearningQueue {
  const { onLearnt, closeWaitMs = CLOSE_WAIT_MS } = options;
  const stop = new AbortController();
  const later = laterRuns((scope) => soon(scope));
  const state: State = {};
  const due = new Map<string, Scope>();
  let isSearchDue = false;
  let isScheduled = false;
  let last: Promise<unknown> = Promise.resolve();

  async function run(scope: Scope, call: CallOptions & { readonly isAsked: boolean }): Promise<ScopeRun> {
    state.running = scope;
    try {
      const ended = await runScope(context, scope, call);
      delete state.problem;
      if (ended.kind === 'done' && ended.episodes > 0) {
        state.last = { at: timeOf(context), episodes: ended.episodes, tookMs: Math.round(ended.tookMs) };
        onLearnt?.();
      }
      return ended;
    } catch (error) {
      if (!stop.signal.aborted && call.signal?.aborted !== true) {
        state.problem = isMemoryError(error) ? error.message : String(error);
      }
      throw error;
    } finally {
      delete state.running;
    }
  }

  async function inBackground(): Promise<void> {
    isScheduled = false;
    try {
      if (isSearchDue) for (const [key, scope] of await owingScopes(context, stop)) due.set(key, scope);
      isSearchDue = false;
    } catch (error) {
      if (!stop.signal.aborted) context.logger.warn({ error }, 'what is owed to learning could not be looked up');
    }
    for (const [key, scope] of due) {
      if (stop.signal.aborted) return;
      due.delete(key);
      if (later.isWaiting(scope)) continue;
      try {
        const ended = await run(scope, { signal: stop.signal, isAsked: false });
        if (ended.kind !== 'done')
          later.tryIn(scope, ended.kind === 'held' ? Math.min(ended.forMs, MAX_HELD_MS) : ended.forMs);
      } catch (error) {
        if (stop.signal.aborted) return;
        // The marker stays on the episodes, so nothing is lost.
        context.logger.warn({ error }, 'a scope could not be learnt from; it is tried again');
        later.tryIn(scope, RETRY_MS);
      }
    }
  }

  function soon(scope?: Scope): void {
    if (stop.signal.aborted) return;
    if (scope === undefined) isSearchDue = true;
    else due.set(scopeKey(scope), scopeOf(scope));
    if (isScheduled) return;
    isScheduled = true;
    last = last.then(inBackground);
  }

  async function all(call: CallOptions): Promise<number> {
    const scopes = await owingScopes(context, call);
    let episodes = 0;
    let failure: unknown;
    for (const scope of scopes.values()) {
      throwIfAborted(call.signal);
      try {
        episodes += await untilDone(() => run(scope, { ...call, isAsked: true }), call);
      } catch (error) {
        throwIfAborted(call.signal);
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
    return episodes;
  }

  return {
    soon,
    now({ signal }) {
      const either = eitherSignal(signal, stop.signal);
      const running = last.then(() => all({ signal: either.signal })).finally(either.end);
      last = running.catch(() => undefined);
      return running;
    },
    async health(call) {
      const filter = { status: 'completed', learningPending: true, limit: MAX_COUNTED } as const;
      return { pending: (await collect(context.store.scan('episode', filter, call))).length, ...state };
    },
    async close() {
      later.stop();
      const waiting = new AbortController();
      const pause = sleep(closeWaitMs, undefined, { signal: waiting.signal }).catch(() => undefined);
      await Promise.race([last, pause]);
      waiting.abort();
      stop.abort(new MemoryError('CLOSED', 'The memory was closed.'));
      await last;
    },
  };
}

interface State {
  running?: Scope;
  last?: NonNullable<LearningHealth['last']>;
  problem?: string;
}

/** Scopes with episodes that owe, or that something was taken out of, by their keys. */
async function owingScopes({ store }: LearningContext, { signal }: CallOptions): Promise<ReadonlyMap<string, Scope>> {
  const scopes = new Map<string, Scope>();
  for await (const episode of store.scan('episode', { status: 'completed', learningPending: true }, { signal })) {
    const key = scopeKey(episode);
    if (!scopes.has(key)) scopes.set(key, scopeOf(episode));
  }
  for await (const { scope, learnt } of store.scan('baseline', {}, { signal })) {
    if (learnt?.isStale) scopes.set(scopeKey(scope), scope);
  }
  return scopes;
}

/** Who asked for it waits for another process that is at it: it ends, or its lease does. */
async function untilDone(run: () => Promise<ScopeRun>, { signal }: CallOptions): Promise<number> {
  for (;;) {
    const ended = await run();
    if (ended.kind === 'done') return ended.episodes;
    await sleep(Math.min(ended.forMs, MAX_HELD_MS), undefined, signal === undefined ? {} : { signal });
  }
}

interface LaterRuns {
  tryIn(scope: Scope, pauseMs: number): void;
  isWaiting(scope: Scope): boolean;
  stop(): void;
}

/** A scope for which it is too early waits on its own. */
function laterRuns(attempt: (scope: Scope) => void): LaterRuns {
  const timers = new Map<string, NodeJS.Timeout>();
  let isStopped = false;
  return {
    tryIn(scope, pauseMs) {
      const key = scopeKey(scope);
      if (isStopped || timers.has(key)) return;
      const timer = setTimeout(() => {
        timers.delete(key);
        attempt(scope);
      }, pauseMs);
      // A process is not kept alive by what the next one can do as well.
      timer.unref();
      timers.set(key, timer);
    },
    isWaiting: (scope) => timers.has(scopeKey(scope)),
    stop() {
      isStopped = true;
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}

/** In a sentence, for people. */
export function learningHealthText({ pending, running, last, problem }: LearningHealth): string {
  const amount = `${pending}${pending === MAX_COUNTED ? ' or more' : ''}`;
  const debt =
    pending === 0
      ? 'every completed episode has been learnt from'
      : `${amount} completed episodes have yet to be learnt from`;
  const now = running === undefined ? '' : `; learning from ${scopeText(running)}`;
  const before =
    last === undefined
      ? ''
      : `; last at ${last.at}, from ${last.episodes} episodes in ${(last.tookMs / 1_000).toFixed(1)} s`;
  return `${debt}${now}${before}${problem === undefined ? '' : `; ${problem}`}`;
}

function scopeText({ project, domain }: Scope): string {
  return `${project ?? 'what belongs to no project'}${domain === undefined ? '' : ` (${domain})`}`;
}
