// How search stands: what is in its index, and what has no vector yet.
import type { MemoryContext } from './context.ts';
import type { CallOptions } from './ports/store.ts';

/** How search stands in this process. */
export interface SearchHealth {
  /** `making`: questions are answered by words alone meanwhile. */
  readonly index: 'ready' | 'making';
  /** Episodes in the index, or read for it so far. */
  readonly episodes: number;
  /** Of vectors; absent where words alone are searched. */
  readonly embedder?: {
    readonly model: string;
    /** Episodes and patterns that have no vector yet; counted up to 1,000. */
    readonly pending: number;
    /** Of one over a network, whether it has answered in this process; absent where it runs in the process itself. */
    readonly hasAnswered?: boolean;
    /** Why the last attempt to give them one failed. */
    readonly problem?: string;
  };
}

/** Makes the index if it is not there yet. */
export async function searchHealth(context: MemoryContext, options: CallOptions): Promise<SearchHealth> {
  const { index: keeper, embedding } = context;
  const index = await keeper.current(options);
  const state =
    index === undefined
      ? ({ index: 'making', episodes: keeper.episodesRead() ?? 0 } as const)
      : ({ index: 'ready', episodes: index.episodes.slots.count } as const);
  if (embedding === undefined) return state;
  const { count, failure, hasAnswered } = await embedding.pending(options);
  const problem = failure === undefined ? {} : { problem: failure.message };
  const answered = hasAnswered === undefined ? {} : { hasAnswered };
  return { ...state, embedder: { model: embedding.model, pending: count, ...answered, ...problem } };
}

/** In a sentence, for people. */
export function searchHealthText({ index, episodes, embedder }: SearchHealth): string {
  const state =
    index === 'ready' ? `${episodes} episodes in the index` : `the index is being made, ${episodes} episodes read`;
  if (embedder === undefined) return `${state}, by words alone`;
  const { model, pending, hasAnswered, problem } = embedder;
  const debt = pending === 0 ? '' : `, ${pending} without vectors yet`;
  const silence = hasAnswered === false ? '; it has not answered in this process yet' : '';
  return `${state}, vectors by ${model}${debt}${problem === undefined ? silence : `; ${problem}`}`;
}
