// What a store holds as records, one at a time.
import { collect, someAtOnce } from '../context.ts';
import type { Episode } from '../episode.ts';
import type { CallOptions, EpisodeFilter, MemoryStore } from '../ports/store.ts';
import { isAskedWithin } from '../recommendation.ts';
import { type CompanionRecord, recommendationRecord, tombstoneRecord } from './companion-record.ts';
import { type EpisodeRecord, toRecord } from './record.ts';

/** Episodes read ahead, each with all its steps: a store that is far away is waited for less often. */
const EPISODES_AT_ONCE = 8;

/**
 * Episodes in the order of their start, whatever order they came in, so that exporting twice gives the same text;
 * behind them recommendations, and tombstones where no filter narrows.
 *
 * While others write, every record is what was stored at one moment; an episode that is forgotten before its turn is
 * not told. What begins meanwhile may or may not be there.
 */
export async function* exportEpisodes(
  store: MemoryStore,
  filter: EpisodeFilter,
  options: CallOptions,
): AsyncGenerator<EpisodeRecord | CompanionRecord> {
  const changed = await changedEpisodes(store, options);
  const episodes = store.scan('episode', filter, options);
  const records = someAtOnce(episodes, EPISODES_AT_ONCE, (seen) => steadyRecord(store, { seen, changed }, options));
  for await (const record of records) if (record !== undefined) yield record;
  if (filter.limit !== undefined || filter.after !== undefined) return;
  for await (const recommendation of store.scan('recommendation', {}, options)) {
    if (isAskedWithin(recommendation, filter)) yield recommendationRecord(recommendation);
  }
  const { order: _order, ...narrowing } = filter;
  if (Object.values(narrowing).some((value) => value !== undefined)) return;
  for await (const tombstone of store.scan('tombstone', {}, options)) yield tombstoneRecord(tombstone);
}

interface ChangedEpisodes {
  /** Whether the episode was written since the last time that this was asked, or since the export began. */
  has(id: string): Promise<boolean>;
}

async function changedEpisodes(store: MemoryStore, options: CallOptions): Promise<ChangedEpisodes> {
  let { seq } = await store.changes(0, { ...options, limit: 1 });
  const ids = new Set<string>();
  return {
    async has(id) {
      for (;;) {
        const { entries, seq: newest } = await store.changes(seq, options);
        for (const entry of entries) if (entry.kind === 'episode') ids.add(entry.id);
        seq = entries.at(-1)?.seq ?? newest;
        if (seq >= newest) return ids.delete(id);
      }
    },
  };
}

/** The episode with its steps, as all were at one moment; none where it is forgotten by now. */
async function steadyRecord(
  store: MemoryStore,
  { seen, changed }: { readonly seen: Episode; readonly changed: ChangedEpisodes },
  options: CallOptions,
): Promise<EpisodeRecord | undefined> {
  for (let episode: Episode | undefined = seen; episode !== undefined; ) {
    const steps = await collect(store.scan('step', { episodeIds: [seen.id] }, options));
    if (!(await changed.has(seen.id))) return toRecord({ episode, steps });
    [episode] = await store.getMany('episode', [seen.id], options);
  }
  return undefined;
}
