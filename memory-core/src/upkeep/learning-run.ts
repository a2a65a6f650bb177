// One run of learning over the episodes of a scope: who may, what is read for it, and what is written of it. A run that
// is repeated writes nothing; one that ends anywhere leaves what the next one puts right.
import { collect, type MemoryContext, retryingConflicts, timeOf } from '../context.ts';
import type { CompletedEpisode, Step } from '../episode.ts';
import { isMemoryError, MemoryError, throwIfAborted } from '../errors.ts';
import type { ScopeInput, ScopeLearning } from '../learn/scope-learning.ts';
import { traceSteps } from '../learn/trace-steps.ts';
import { LEARNT_EPISODES } from '../limits.ts';
import type { Baseline, LearntState, Scope } from '../pattern.ts';
import { baselineId } from '../pattern.ts';
import type { CallOptions, Write } from '../ports/store.ts';
import { type Trace, type TraceStep, traceOf } from '../trace.ts';
import { turns } from '../turns.ts';
import { differences, goneScope } from './differences.ts';
import { type Fence, fenceOver, heldForMs } from './fence.ts';
import { completedIn, isInScope, scopeRows, scopeText } from './scope-filter.ts';

/** What of the world a run needs. */
export interface LearningContext extends Pick<MemoryContext, 'store' | 'clock' | 'newId' | 'logger' | 'actor'> {
  /** `learnScope`, wherever it is computed. */
  readonly learn: (input: ScopeInput, options: CallOptions) => Promise<ScopeLearning>;
}

export interface RunOptions extends CallOptions {
  /** Somebody waits for it: also when the scope was learnt from so lately that more would be too much in the background. */
  readonly isAsked: boolean;
  /** A run that will take longer, as far as is known, is not begun. @default any is */
  readonly maxMs?: number | undefined;
}

/**
 * `done`: `owing` episodes still owe it, as they were written to meanwhile. `held`: another process is at it. `early`: it
 * was learnt from lately. Both for so long yet, as far as is known. `long`: it would take too long, and was not begun.
 */
export type ScopeRun =
  | { readonly kind: 'done'; readonly episodes: number; readonly owing: number; readonly tookMs: number }
  | { readonly kind: 'held' | 'early'; readonly forMs: number }
  | { readonly kind: 'long' };

/** What a run leaves that is stopped. */
export const LEFT_BY_STOPPED = 'what was learnt and written stays, and the rest is learnt the next time';

/** So many are learnt from in so short a time that nobody needs to be kept away. */
const FEW_TRACES = 50;
/** A run that took less costs nothing to speak of. */
const SHORT_RUN_MS = 200;
/** Between two runs lies so many times what the first one took: learning takes a tenth of one core at most. */
const PAUSE_RUNS = 10;
/** What one episode takes at least, measured at 1 to 5: for scopes that were never learnt from, or have grown since. */
const EPISODE_MS = 1;
/** Episodes whose steps are read together. */
const STEPS_EPISODES = 50;
/** Operations of one write, but for a pattern whose evidence alone is more: a larger one would hold up the thread. */
const BATCH_WRITES = 200;
/** Episodes that lose their marker in one write. */
const BATCH_EPISODES = 64;
/** Times that what was computed is compared with the store anew, as others wrote there. */
const MAX_COMPARISONS = 40;

/**
 * Learns from the episodes of a scope, where some owe it or something was taken out; answers how many owed.
 * @throws what the store throws; `ABORTED` between two writes; `STORE_UNAVAILABLE`, to be repeated, where others are
 * always faster: nobody but this run can do anything about a conflict
 */
export async function runScope(context: LearningContext, scope: Scope, options: RunOptions): Promise<ScopeRun> {
  const startedMs = performance.now();
  const tookMs = (): number => performance.now() - startedMs;
  const holder = context.newId();
  let attempts = 0;
  const attempt = async (): Promise<ScopeRun> => {
    attempts += 1;
    // The baseline first: whatever changes behind this read changes it too, and then nothing of this run is written.
    const [found] = await context.store.getMany('baseline', [baselineId(scope)], options);
    const wait = waitFor(found, { nowMs: context.clock(), holder, isAsked: options.isAsked });
    if (wait !== undefined) return wait;
    const owed = await owedBy(context, scope, options);
    if (owed.size === 0 && found?.learnt?.isStale !== true) {
      return { kind: 'done', episodes: 0, owing: 0, tookMs: tookMs() };
    }
    if (expectedMs(found, owed.size) > (options.maxMs ?? Number.POSITIVE_INFINITY)) return { kind: 'long' };
    const size = (found?.episodes ?? 0) + owed.size;
    const fence = fenceOver(context, { scope, found, holder });
    try {
      // Who was overtaken once keeps the others away, so that one of two that learn at once gets on.
      await fence.begin(size > FEW_TRACES || attempts > 1);
      const gathered = await gather(context, { scope, owed }, options);
      const episodes = await learnFrom(context, { scope, gathered, fence, tookMs }, options);
      return { kind: 'done', episodes, owing: gathered.owed.size - episodes, tookMs: tookMs() };
    } finally {
      await fence.release();
    }
  };
  try {
    return await retryingConflicts(attempt);
  } catch (cause) {
    if (!isMemoryError(cause) || cause.code !== 'CONFLICT') throw cause;
    const what = `Others kept changing ${scopeText(scope)} while it was learnt from`;
    throw new MemoryError('STORE_UNAVAILABLE', `${what}; what is owed stays owed, try again.`, {
      cause,
      retryable: true,
    });
  }
}

/** Why it is not yet time, if it is not. */
function waitFor(
  found: Baseline | undefined,
  { nowMs, holder, isAsked }: { readonly nowMs: number; readonly holder: string; readonly isAsked: boolean },
): ScopeRun | undefined {
  const heldMs = heldForMs(found, { nowMs, holder });
  if (heldMs > 0) return { kind: 'held', forMs: heldMs };
  const { at, tookMs = 0 } = found?.learnt ?? {};
  if (isAsked || at === undefined || found?.learnt?.isStale) return undefined;
  const earlyMs = Date.parse(at) + PAUSE_RUNS * tookMs - nowMs;
  // A clock that was set back does not keep anybody waiting for long.
  return earlyMs > 0 && tookMs > 0 ? { kind: 'early', forMs: Math.min(earlyMs, PAUSE_RUNS * tookMs) } : undefined;
}

/** How long a run will take at least, by what the last one took and by what there is. */
function expectedMs(found: Baseline | undefined, owed: number): number {
  const episodes = Math.min(LEARNT_EPISODES, (found?.episodes ?? 0) + owed);
  return Math.max(found?.learnt?.tookMs ?? 0, EPISODE_MS * episodes);
}

/** Versions of the episodes that bear the debt marker, by id. */
type Owed = ReadonlyMap<string, number>;

async function owedBy({ store }: LearningContext, scope: Scope, options: CallOptions): Promise<Owed> {
  const owed = new Map<string, number>();
  for await (const episode of store.scan('episode', { ...completedIn(scope), learningPending: true }, options)) {
    if (isInScope(episode, scope)) owed.set(episode.id, episode.version);
  }
  return owed;
}

interface Gathered {
  readonly traces: readonly Trace[];
  /** Those whose marker goes: the ones that are learnt from, and those that are too old for it. */
  readonly owed: Owed;
  /** Of those that owe and keep no trace of their own. */
  readonly steps: ReadonlyMap<string, readonly TraceStep[]>;
}

/** The newest episodes of the scope as traces. All that is kept of them is small. */
async function gather(
  context: LearningContext,
  { scope, owed: owedBefore }: { readonly scope: Scope; readonly owed: Owed },
  options: CallOptions,
): Promise<Gathered> {
  const owed = new Map(owedBefore);
  const traces: Trace[] = [];
  const steps = new Map<string, readonly TraceStep[]>();
  let untraced: CompletedEpisode[] = [];
  const readSteps = async (): Promise<void> => {
    const found = await stepsOf(context, untraced, options);
    for (const episode of untraced) {
      const made = found.get(episode.id) ?? [];
      if (episode.learningPending) steps.set(episode.id, made);
      const trace = traceOf(episode, made);
      if (trace !== undefined) traces.push(trace);
    }
    untraced = [];
  };
  const turn = turns();
  const newest = context.store.scan('episode', { ...completedIn(scope), order: 'newest' }, options);
  for await (const episode of newest) {
    await turn();
    if (!isInScope(episode, scope)) continue;
    if (episode.learningPending) owed.set(episode.id, episode.version);
    const trace = traceOf(episode);
    if (trace !== undefined) traces.push(trace);
    else untraced.push(episode);
    if (untraced.length >= STEPS_EPISODES) await readSteps();
    if (traces.length + untraced.length >= LEARNT_EPISODES) break;
  }
  if (untraced.length > 0) await readSteps();
  return { traces, owed, steps };
}

async function stepsOf(
  { store }: LearningContext,
  episodes: readonly CompletedEpisode[],
  options: CallOptions,
): Promise<ReadonlyMap<string, readonly TraceStep[]>> {
  const made = new Map<string, readonly TraceStep[]>();
  const episodeIds = episodes.map(({ id }) => id);
  let own: Step[] = [];
  const put = (): void => {
    const [first] = own;
    if (first !== undefined) made.set(first.episodeId, traceSteps(own));
  };
  // Outputs can be large: those of one episode at a time.
  for await (const step of store.scan('step', { episodeIds }, options)) {
    if (own[0] !== undefined && own[0].episodeId !== step.episodeId) {
      put();
      own = [];
    }
    own.push(step);
  }
  put();
  return made;
}

interface Work {
  readonly scope: Scope;
  readonly gathered: Gathered;
  readonly fence: Fence;
  readonly tookMs: () => number;
}

/** Answers how many episodes lost their marker. */
async function learnFrom(context: LearningContext, work: Work, options: CallOptions): Promise<number> {
  const { scope, gathered, fence } = work;
  const clusters = await scopeRows(context.store, 'cluster', scope, options);
  const clustered = fence.baseline.learnt?.clustered ?? 0;
  const learning = await context.learn({ scope, traces: gathered.traces, clusters, clustered }, options);
  for (let comparison = 1; ; comparison += 1) {
    try {
      return await store(context, { ...work, learning }, options);
    } catch (error) {
      if (!isMemoryError(error) || error.code !== 'CONFLICT' || comparison === MAX_COMPARISONS) throw error;
      // Feedback to a pattern, say, was faster. What was computed holds as long as nothing was learnt or forgotten.
      if (!(await fence.isWhole(options))) throw error;
    }
  }
}

/** Writes what differs from what is stored, in batches that are valid each by itself; the markers go last. */
async function store(
  context: LearningContext,
  { scope, gathered, learning, fence, tookMs }: Work & { readonly learning: ScopeLearning },
  options: CallOptions,
): Promise<number> {
  const at = timeOf(context);
  const { traces, owed } = gathered;
  let batch: Write[] = [];
  const add = async (writes: readonly Write[]): Promise<void> => {
    throwIfAborted(options.signal, LEFT_BY_STOPPED);
    if (batch.length > 0 && batch.length + writes.length > BATCH_WRITES) {
      await fence.write(batch);
      batch = [];
    }
    batch.push(...writes);
  };
  const turn = turns();
  const isEmpty = traces.length === 0;
  const isForgetting = fence.baseline.learnt?.isStale === true;
  const changes = isEmpty
    ? goneScope(context.store, scope, options)
    : differences(context.store, { scope, traces, learning, at, isForgetting }, options);
  for await (const writes of changes) {
    await turn();
    await add(writes);
  }
  let episodes = 0;
  const ids = [...owed.keys()];
  for (let start = 0; start < ids.length; start += BATCH_EPISODES) {
    await turn();
    const markers = await settled(context, { ids: ids.slice(start, start + BATCH_EPISODES), gathered }, options);
    await add(markers);
    episodes += markers.length;
  }
  const { counts, clustered, waste } = learning;
  const took = Math.round(tookMs());
  const learnt: LearntState = {
    at,
    ...(took < SHORT_RUN_MS ? {} : { tookMs: took }),
    clustered,
    ...(waste === undefined ? {} : { waste }),
  };
  await fence.finish(batch, isEmpty ? undefined : { ...counts, learnt });
  return episodes;
}

/** Those of the episodes that are still as they were read lose their marker; the others are told as owing. */
async function settled(
  { store }: LearningContext,
  { ids, gathered }: { readonly ids: readonly string[]; readonly gathered: Gathered },
  options: CallOptions,
): Promise<readonly Write[]> {
  const episodes = await collect(store.scan('episode', { ids, learningPending: true }, options));
  return episodes.flatMap((episode): readonly Write[] => {
    if (episode.status === 'open' || episode.version !== gathered.owed.get(episode.id)) return [];
    const trace = episode.trace ?? gathered.steps.get(episode.id);
    const value: CompletedEpisode = {
      ...episode,
      version: episode.version + 1,
      learningPending: false,
      ...(trace === undefined ? {} : { trace }),
    };
    return [{ op: 'put', kind: 'episode', value, ifVersion: episode.version }];
  });
}
