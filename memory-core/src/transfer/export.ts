// Episodes out of a store, one record at a time.
import { collect } from '../context.ts';
import type { CallOptions, EpisodeFilter, MemoryStore } from '../ports/store.ts';
import { type EpisodeRecord, toRecord } from './record.ts';

/** In the order of their start, whatever order they came in: exporting twice gives the same text. */
export async function* exportEpisodes(
  store: MemoryStore,
  filter: EpisodeFilter,
  options: CallOptions,
): AsyncGenerator<EpisodeRecord> {
  for await (const episode of store.scan('episode', filter, options)) {
    const steps = await collect(store.scan('step', { episodeIds: [episode.id] }, options));
    yield toRecord({ episode, steps });
  }
}
