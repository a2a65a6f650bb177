// What every verb is given: the store and the world.
import { isMemoryError } from './errors.ts';
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
}

/** Now, as it is stored. */
export function timeOf(context: MemoryContext): string {
  return new Date(context.clock()).toISOString();
}

/** Attempts at a change that another process may have made first. */
const MAX_CONFLICT_ATTEMPTS = 8;

/** The first `maxItems` of a stream; of one that is bounded by itself, all. */
export async function collect<T>(items: AsyncIterable<T>, maxItems: number = Number.POSITIVE_INFINITY): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) {
    all.push(item);
    if (all.length >= maxItems) break;
  }
  return all;
}

/** Runs again what another process was faster with, from a fresh read. */
export async function retryingConflicts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isMemoryError(error) || error.code !== 'CONFLICT' || count === MAX_CONFLICT_ATTEMPTS) throw error;
    }
  }
}
