// Reads episodes and steps as they are stored. It needs a store and nothing else: no index, no cache, no embedder.
import { collect, type MemoryContext } from './context.ts';
import { type Episode, episodeNotFound, type Step } from './episode.ts';
import { checkedFilter, checkedStepFilter } from './filter.ts';
import type { CallOptions, EpisodeFilter, MemoryStore, StepFilter } from './ports/store.ts';

/** The verbs of a memory that read episodes. */
export interface EpisodeReading {
  getEpisode(id: string, options?: CallOptions): Promise<Episode | undefined>;
  /** In the order of the ids; `undefined` where there is none. */
  getEpisodes(ids: readonly string[], options?: CallOptions): Promise<readonly (Episode | undefined)[]>;
  /** The steps of an episode in their order. @throws `NOT_FOUND` */
  getSteps(episodeId: string, options?: CallOptions): Promise<readonly Step[]>;
  /** Steps by episode id, then number; of ids that are not there, none. A stream: memory stays bounded. */
  listSteps(filter: StepFilter, options?: CallOptions): AsyncIterable<Step>;
  /** A stream: memory stays bounded. To page, hand the last episode's `startedAt` and `id` in as `after`. */
  listEpisodes(filter?: EpisodeFilter, options?: CallOptions): AsyncIterable<Episode>;
}

/** The reading verbs over `store`, for a program that opens no memory because it does nothing else. The store stays open. */
export function episodeReading(store: MemoryStore): EpisodeReading {
  return {
    async getEpisode(id, call = {}) {
      const [episode] = await store.getMany('episode', [id], call);
      return episode;
    },
    getEpisodes: (ids, call = {}) => store.getMany('episode', ids, call),
    getSteps: (episodeId, call = {}) => stepsOf(store, episodeId, call),
    async *listSteps(filter, call = {}) {
      yield* store.scan('step', checkedStepFilter(filter), call);
    },
    async *listEpisodes(filter = {}, call = {}) {
      yield* store.scan('episode', checkedFilter(filter), call);
    },
  };
}

async function stepsOf(store: MemoryStore, id: string, options: CallOptions): Promise<readonly Step[]> {
  const steps = await collect(store.scan('step', { episodeIds: [id] }, options));
  // Steps go with their episode: only where there are none, it may be missing.
  if (steps.length === 0) await existing({ store }, id, options);
  return steps;
}

/** The episode with this id. @throws `NOT_FOUND` */
export async function existing(
  { store }: Pick<MemoryContext, 'store'>,
  id: string,
  options: CallOptions,
): Promise<Episode> {
  const [episode] = await store.getMany('episode', [id], options);
  if (episode === undefined) throw episodeNotFound(id);
  return episode;
}
