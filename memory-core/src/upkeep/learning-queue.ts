// Which scopes are to be learnt from, and when: one at a time in this process, in the background, and never so often
// that it takes more than its share of the machine.
import { setTimeout as sleep } from 'node:timers/promises';
import { collect, timeOf } from '../context.ts';
import { eitherSignal } from '../either-signal.ts';
import type { Episode } from '../episode.ts';
import { isMemoryError, MemoryError, throwIfAborted } from '../errors.ts';
import { baselineId, type Scope } from '../pattern.ts';
import type { CallOptions } from '../ports/store.ts';
import { heldForMs } from './fence.ts';
import { LEFT_BY_STOPPED, type LearningContext, type RunOptions, runScope, type ScopeRun } from './learning-run.ts';
import { scopeKey, scopeOf, scopeText } from './scope-filter.ts';

export interface LearningQueue {
  /** Learns in the background: from this scope, or from all that owe it. */
  soon(scope?: Scope): void;
  /**
   * Learns from every scope that owes it, also where another process is at it, and answers from how many episodes.
   * @throws what went wrong first; the other scopes have been learnt from all the same
   */
  now(options: CallOptions): Promise<number>;
  health(options: CallOptions): Promise<LearningHealth>;
  /**
   * Learns a moment longer, also from small scopes for which it was too early, then stops: what is owed stays owed.
   * Idempotent.
   */
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
  /** A scope that episodes have owed for long, or many of them, and that nobody is at; absent where there is none. */
  readonly overdue?: Scope;
  /** Why the last attempt failed; absent when it did not. */
  readonly problem?: string;
}

export interface LearningQueueOptions {
  /** Called when something was learnt. */
  readonly onLearnt?: (() => void) | undefined;
  /** Closing also learns what others left owed, where that is little. @default false */
  readonly learnsOwed?: boolean | undefined;
  /** How long closing waits for a run. @default two seconds */
  readonly closeWaitMs?: number | undefined;
  /** Closed soon: a run that will not end within that wait is not begun in the background. @default only while closing */
  readonly isShortLived?: boolean | undefined;
}

const CLOSE_WAIT_MS = 2_000;
/** A scope that could not be learnt from is tried again after so long, if nothing else brings it up before. */
const RETRY_MS = 30_000;
/** What was written to while it was learnt from is learnt from again after so long. */
const OWING_MS = 1_000;
/** From when on episodes have owed their learning for long. */
const OVERDUE_MS = 3_600_000;
/** More of them than this, and than a share of their scope, are many. */
const OVERDUE_EPISODES = 50;
const OVERDUE_SHARE = 0.2;
/** Whether another process is still at a scope is looked at as often as this. */
const MAX_HELD_MS = 1_000;
const MAX_COUNTED = 1_000;
/** A scope of so many episodes is learnt from in well under a second: worth it also for a program that soon ends. */
const SMALL_EPISODES = 300;
const SMALL_RUN_MS = 300;

export function learningQueue(context: LearningContext, options: LearningQueueOptions = {}): LearningQueue {
  const { onLearnt, learnsOwed = false, closeWaitMs = CLOSE_WAIT_MS, isShortLived = false } = options;
  const stop = new AbortController();
  const state: State = {};
  let isClosing = isShortLived;
  const told = toldRuns(context, { state, onLearnt });
  const run: Run = async (scope, call) => {
    const ended = await told(scope, call);
    if (ended.kind === 'done' && ended.owing > 0) background.dueIn(scope, OWING_MS);
    return ended;
  };
  const maxMs = (): number | undefined => (isClosing ? closeWaitMs : undefined);
  const background = backgroundRuns(context, { run, learnsOwed, signal: stop.signal, maxMs });
  let isScheduled = false;
  let last: Promise<unknown> = Promise.resolve();

  /** What comes up while a run is under way is seen by the next one. */
  function schedule(): void {
    if (isScheduled || stop.signal.aborted) return;
    isScheduled = true;
    last = last.then(() => {
      isScheduled = false;
      return background.runDue();
    });
  }

  background.onDue(schedule);
  return {
    soon: background.due,
    now({ signal }) {
      const either = eitherSignal(signal, stop.signal);
      const before = last;
      const running = beforeAbort(before, either.signal)
        .then(() => runAll(context, { run, signal: either.signal }))
        .finally(either.end);
      // Who gives up while he waits lets nobody else begin sooner.
      last = Promise.allSettled([before, running]);
      return running;
    },
    async health(call) {
      const filter = { status: 'completed', learningPending: true, limit: MAX_COUNTED } as const;
      const pending = await collect(context.store.scan('episode', filter, call));
      const overdue = await overdueScope(context, { pending, running: state.running }, call);
      return { pending: pending.length, ...state, ...(overdue === undefined ? {} : { overdue }) };
    },
    async close() {
      isClosing = true;
      background.stop();
      last = last.then(() => background.runLast());
      const waiting = new AbortController();
      const pause = sleep(closeWaitMs, undefined, { signal: waiting.signal }).catch(() => undefined);
      await Promise.race([last, pause]);
      waiting.abort();
      stop.abort(new MemoryError('CLOSED', 'The memory was closed.'));
      await last;
    },
  };
}

type Run = (scope: Scope, options: RunOptions) => Promise<ScopeRun>;

interface State {
  running?: Scope;
  last?: NonNullable<LearningHealth['last']>;
  problem?: string;
}

/** Runs that tell how they went. */
function toldRuns(
  context: LearningContext,
  { state, onLearnt }: { readonly state: State; readonly onLearnt: (() => void) | undefined },
): Run {
  return async (scope, options) => {
    state.running = scope;
    try {
      const ended = await runScope(context, scope, options);
      delete state.problem;
      if (ended.kind === 'done' && ended.episodes > 0) {
        state.last = { at: timeOf(context), episodes: ended.episodes, tookMs: Math.round(ended.tookMs) };
        onLearnt?.();
      }
      return ended;
    } catch (error) {
      if (options.signal?.aborted !== true) state.problem = isMemoryError(error) ? error.message : String(error);
      throw error;
    } finally {
      delete state.running;
    }
  };
}

interface BackgroundRuns {
  /** This scope is to be learnt from, or all that owe it. */
  due(scope?: Scope): void;
  /** Likewise after a pause. */
  dueIn(scope: Scope, pauseMs: number): void;
  /** Called whenever something is due. */
  onDue(schedule: () => void): void;
  /** Learns from what is due, one scope after the other. Never rejects. */
  runDue(): Promise<void>;
  /** Learns from small scopes for which it was too early, and from such that others left owing. Never rejects. */
  runLast(): Promise<void>;
  /** Nothing becomes due any more. */
  stop(): void;
}

interface BackgroundOptions {
  readonly run: Run;
  /** As `LearningQueueOptions` says. */
  readonly learnsOwed: boolean;
  readonly signal: AbortSignal;
  /** How long a run may take that is begun now. */
  readonly maxMs: () => number | undefined;
}

function backgroundRuns(
  context: LearningContext,
  { run, learnsOwed, signal, maxMs }: BackgroundOptions,
): BackgroundRuns {
  const scopes = new Map<string, Scope>();
  const later = laterRuns(due);
  let isSearchDue = false;
  let schedule = (): void => {};

  function due(scope?: Scope): void {
    if (scope === undefined) isSearchDue = true;
    else scopes.set(scopeKey(scope), scopeOf(scope));
    schedule();
  }

  async function search(): Promise<void> {
    if (!isSearchDue) return;
    try {
      for (const [key, scope] of await owingScopes(context, { signal })) scopes.set(key, scope);
      isSearchDue = false;
    } catch (error) {
      if (!signal.aborted) context.logger.warn({ error }, 'what is owed to learning could not be looked up');
    }
  }

  async function runOne(scope: Scope): Promise<void> {
    try {
      const ended = await run(scope, { signal, isAsked: false, maxMs: maxMs() });
      if (ended.kind === 'held') later.tryIn(scope, Math.min(ended.forMs, MAX_HELD_MS));
      if (ended.kind === 'early') later.tryIn(scope, ended.forMs);
    } catch (error) {
      if (signal.aborted) return;
      // The marker stays on the episodes, so nothing is lost.
      context.logger.warn({ error }, 'a scope could not be learnt from; it is tried again');
      later.tryIn(scope, RETRY_MS);
    }
  }

  return {
    due,
    dueIn: later.tryIn,
    onDue(wanted) {
      schedule = wanted;
    },
    async runDue() {
      await search();
      for (const [key, scope] of scopes) {
        if (signal.aborted) return;
        scopes.delete(key);
        if (!later.isWaiting(scope)) await runOne(scope);
      }
    },
    async runLast() {
      const asked = { signal, isAsked: true, maxMs: SMALL_RUN_MS };
      try {
        const others = learnsOwed ? await owingScopes(context, { signal, maxEpisodes: SMALL_EPISODES }) : [];
        for (const scope of new Map([...others, ...later.waiting()]).values()) {
          await untilDone(() => run(scope, asked), { signal });
        }
      } catch (error) {
        if (!signal.aborted) context.logger.warn({ error }, 'a scope could not be learnt from; it stays owed');
      }
    },
    stop: later.stop,
  };
}

/** Learns from every scope that owes; the first failure is told when all have had their turn. */
async function runAll(
  context: LearningContext,
  { run, signal }: { readonly run: Run; readonly signal: AbortSignal },
): Promise<number> {
  let episodes = 0;
  const failures: unknown[] = [];
  for (const scope of (await owingScopes(context, { signal })).values()) {
    throwIfAborted(signal, LEFT_BY_STOPPED);
    try {
      episodes += await untilDone(() => run(scope, { signal, isAsked: true }), { signal });
    } catch (error) {
      throwIfAborted(signal, LEFT_BY_STOPPED);
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return episodes;
}

/** Scopes with episodes that owe, or that something was taken out of, by their keys. None where more owe than were asked for. */
async function owingScopes(
  { store }: LearningContext,
  { signal, maxEpisodes }: CallOptions & { readonly maxEpisodes?: number },
): Promise<ReadonlyMap<string, Scope>> {
  const scopes = new Map<string, Scope>();
  const limit = maxEpisodes === undefined ? {} : { limit: maxEpisodes + 1 };
  let count = 0;
  const owing = store.scan('episode', { status: 'completed', learningPending: true, ...limit }, { signal });
  for await (const episode of owing) {
    count += 1;
    if (maxEpisodes !== undefined && count > maxEpisodes) return new Map();
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
    // Only where it is told how long a run may take.
    if (ended.kind === 'long') return 0;
    await sleep(Math.min(ended.forMs, MAX_HELD_MS), undefined, signal === undefined ? {} : { signal });
  }
}

/** Waits for what is under way; who gives up while it is, is answered at once. `underWay` does not reject. */
function beforeAbort(underWay: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener('abort', settle);
      try {
        throwIfAborted(signal);
        resolve();
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener('abort', settle);
    if (signal.aborted) settle();
    void underWay.then(settle);
  });
}

/** The first scope that is behind for long, or by much, and that nobody learns from now. */
async function overdueScope(
  { store, clock }: LearningContext,
  { pending, running }: { readonly pending: readonly Episode[]; readonly running: Scope | undefined },
  call: CallOptions,
): Promise<Scope | undefined> {
  const nowMs = clock();
  const isOld = (at: string): boolean => Date.parse(at) < nowMs - OVERDUE_MS;
  const owing = new Map<string, Episode[]>();
  for (const episode of pending) {
    const own = owing.get(scopeKey(episode)) ?? [];
    own.push(episode);
    owing.set(scopeKey(episode), own);
  }
  if (running !== undefined) owing.delete(scopeKey(running));
  for (const episodes of owing.values()) {
    const [first] = episodes;
    if (first === undefined) continue;
    const [found] = await store.getMany('baseline', [baselineId(scopeOf(first))], call);
    if (heldForMs(found, { nowMs, holder: '' }) > 0) continue;
    const isLong = episodes.some((episode) => episode.status === 'completed' && isOld(episode.endedAt));
    const isBehind = isLong && (found?.learnt === undefined || isOld(found.learnt.at));
    const many = Math.max(OVERDUE_EPISODES, OVERDUE_SHARE * (found?.episodes ?? 0));
    if (isBehind || episodes.length > Math.min(many, MAX_COUNTED - 1)) return scopeOf(first);
  }
  return undefined;
}

interface LaterRuns {
  tryIn(scope: Scope, pauseMs: number): void;
  isWaiting(scope: Scope): boolean;
  waiting(): ReadonlyMap<string, Scope>;
  /** None is tried by itself any more; they still wait. */
  stop(): void;
}

/** A scope for which it is too early waits on its own. */
function laterRuns(attempt: (scope: Scope) => void): LaterRuns {
  const scopes = new Map<string, Scope>();
  const timers = new Set<NodeJS.Timeout>();
  let isStopped = false;
  return {
    tryIn(scope, pauseMs) {
      const key = scopeKey(scope);
      if (scopes.has(key)) return;
      scopes.set(key, scope);
      if (isStopped) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        scopes.delete(key);
        attempt(scope);
      }, pauseMs);
      // A process is not kept alive by what the next one can do as well.
      timer.unref();
      timers.add(timer);
    },
    isWaiting: (scope) => scopes.has(scopeKey(scope)),
    waiting: () => scopes,
    stop() {
      isStopped = true;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}

/** In a sentence, for people. */
export function learningHealthText({ pending, running, last, overdue, problem }: LearningHealth): string {
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
  const late =
    overdue === undefined
      ? ''
      : `; ${scopeText(overdue)} has waited for long: "memory-cli pattern extract" learns from it now`;
  return `${debt}${now}${before}${late}${problem === undefined ? '' : `; ${problem}`}`;
}
