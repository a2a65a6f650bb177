// What every verb is given: the store and the world.
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddingQueue } from './embed/drain.ts';
import { isMemoryError } from './errors.ts';
import type { IndexKeeper } from './gather/index-keeper.ts';
import type { RememberedAnswers } from './gather/remembered-answers.ts';
import type { Clock, IdSource, Logger } from './ports/runtime.ts';
import type { MemoryStore } from './ports/store.ts';

export interface MemoryContext {
  readonly store: MemoryStore;
  readonly clock: Clock;
  readonly newId: IdSource;
  readonly logger: Logger;
  /** Who writes, for the journal. */
  readonly actor: string;
  /** The project that counts where a call names none. */
  readonly project: string | undefined;
  /** What is searched. */
  readonly index: IndexKeeper;
  readonly answers: RememberedAnswers;
  /** Vectors of what is stored and of what is asked; absent where words alone are searched. */
  readonly embedding: EmbeddingQueue | undefined;
}

/** Now, as it is stored. */
export function timeOf(context: Pick<MemoryContext, 'clock'>): string {
  return new Date(context.clock()).toISOString();
}

/** Attempts at a change that another process may have made first: each that fails means that it came further. */
const MAX_CONFLICT_ATTEMPTS = 40;
const MAX_PAUSE_MS = 50;

/** The first `maxItems` of a stream; of one that is bounded by itself, all. */
export async function collect<T>(items: AsyncIterable<T>, maxItems: number = Number.POSITIVE_INFINITY): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
    if (all.length >= maxItems) break;
  }
  return all;
}

/** What `work` answers for each item, in their order, while it is under way for some of them at once. */
export async function* someAtOnce<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const underWay: Promise<R>[] = [];
  for await (const item of items) {
    const working = work(item);
    // Who fails is heard in turn, if anybody still listens.
    working.catch(() => undefined);
    underWay.push(working);
    if (underWay.length >= atOnce) yield* underWay.splice(0, 1);
  }
  yield* underWay;
}

/** Runs again, from a fresh read, what another process was faster with. The pauses differ, so that they get apart. */
export async function retryingConflicts<T>(
  attempt: () => Promise<T>,
  maxAttempts: number = MAX_CONFLICT_ATTEMPTS,
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isMemoryError(error) || error.code !== 'CONFLICT' || count === maxAttempts) throw error;
    }
    await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 2 * count));
  }
}
