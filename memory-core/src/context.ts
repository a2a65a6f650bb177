// What every verb is given: the store and the world.
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
export const MAX_CONFLICT_ATTEMPTS = 8;

export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
