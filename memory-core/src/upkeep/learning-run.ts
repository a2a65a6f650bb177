// One run of learning over the episodes of a scope: what they are read for, who may, and what is written of it. A run
// that is repeated writes nothing; one that ends anywhere leaves what the next one puts right.
import { collect, type MemoryContext, retryingConflicts, timeOf } from '../context.ts';
import type { Lease } from '../embedding.ts';
import type { CompletedEpisode, Episode } from '../episode.ts';
import { isMemoryError, throwIfAborted } from '../errors.ts';
import { defined } from '../json.ts';
import type { ScopeInput, ScopeLearning } from '../learn/scope-learning.ts';
import { traceSteps } from '../learn/trace-steps.ts';
import { type Baseline, baselineId, type Scope } from '../pattern.ts';
import type { CallOptions, EpisodeFilter, MemoryStore, Write } from '../ports/store.ts';
import { type Trace, type TraceStep, traceOf } from '../trace.ts';
import { turns } from '../turns.ts';
import { differences, writesIn } from './differences.ts';

/** What of the world a run needs. */
export interface LearningContext extends Pick<MemoryContext, 'store' | 'clock' | 'newId' | 'logger' | 'actor'> {
  /** `learnScope`, wherever it is computed. */
  learn(input: ScopeInput, options: CallOptions): Promise<ScopeLearning>;
}

export interface RunOptions extends CallOptions {
  /** Also when the scope was learnt from so lately that it would take more than its share of the machine. */
  readonly isAsked: boolean;
}

/** `held`: another process is at it. `early`: it was learnt from lately. Both for so long yet, by what is known now. */
export type ScopeRun =
  | { readonly kind: 'done'; readonly episodes: number; readonly tookMs: number }
  | { readonly kind: 'held' | 'early'; readonly forMs: number };

/** Episodes of a scope that are learnt from: the newest. What is older has had its say. */
export const MAX_TRACES = 10_000;
/** As many are computed where the rest of the program runs, and written at once: nobody needs to be kept away. */
const FEW_TRACES = 50;
/** How long nobody else learns from a scope, from the last sign of life of whoever does. */
const LEASE_MS = 30_000;
/** A run that took less costs nothing to speak of. */
const SHORT_RUN_MS = 200;
/** Between two runs lies so many times what the first one took: learning takes a tenth of one core at most. */
const PAUSE_RUNS = 10;
/** Episodes whose steps are read together. */
const STEPS_EPISODES = 50;
/** Operations of one write, but for a pattern whose evidence alone is more. */
const BATCH_WRITES = 1_000;
/** Episodes that lose their marker in one write. */
const BATCH_EPISODES = 64;
/** Times that what was computed is compared with the store anew, as others wrote there. */
const MAX_COMPARISONS = 40;

/**
 * Learns from the episodes of a scope, where some owe it or something was taken out; answers how many owed.
 * @throws what the store throws; `ABORTED` between two writes; `CONFLICT` when others are always faster
 */
export async function runScope(context: LearningContext, scope: Scope, options: RunOptions): Promise<ScopeRun> {
  const startedMs = performance.now();
  return retryingConflicts(async () => {
    const found = await baselineOf(context.store, scope, options);
    const wait = waitFor(found, { context, options });
    if (wait !== undefined) return wait;
    const owed = await owedBy(context.store, scope, options);
    const took = (): number => performance.now() - startedMs;
    if (owed.size === 0 && (found === undefined || found.learnt?.isStale === false)) {
      return { kind: 'done', episodes: 0, tookMs: took() };
    }
    const gathered = await gatheredFrom(context.store, { scope, owed }, options);
    const fence = fenceOver(context, scope, found);
    try {
      if (gathered.traces.length > FEW_TRACES) await fence.take();
      const known = await collectClusters(context.store, scope, options);
      const { traces } = gathered;
      const clustered = found?.learnt?.clustered ?? 0;
      const learning = await context.learn({ scope, traces, clusters: known, clustered }, options);
      const work = { scope, gathered, learning, fence, took };
      return { kind: 'done', episodes: await storedUntilDone(context, work, options), tookMs: took() };
    } finally {
      await fence.release();
    }
  });
}
