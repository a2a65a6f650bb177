// What a store holds as records, one at a time.
import { collect, someAtOnce } from '../context.ts';
import type { Episode } from '../episode.ts';
import type { CallOptions, EpisodeFilter, MemoryStore } from '../ports/store.ts';
import { isAskedWithin } from '../recommendation.ts';
import {
  type CompanionRecord,
  type LearningRecord,
  recommendationRecord,
  tombstoneRecord,
} from './companion-record.ts';
import { type EpisodeRecord, toRecord } from './record.ts';

export interface ExportOptions extends CallOptions {
  /** Also what each episode counts for in patterns and base rates, behind the episode. @default false */
  readonly withLearning?: boolean | undefined;
}

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
  options: ExportOptions,
): AsyncGenerator<EpisodeRecord | CompanionRecord> {
  const changed = await changedEpisodes(store, options);
  const episodes = store.scan('episode', filter, options);
  const records = someAtOnce(episodes, EPISODES_AT_ONCE, (seen) => steadyRecords(store, { seen, changed }, options));
  for await (const ofOne of records) yield* ofOne;
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

/** The episode with its steps and what it counts for, as all were at one moment; none where it is forgotten by now. */
async function steadyRecords(
  store: MemoryStore,
  { seen, changed }: { readonly seen: Episode; readonly changed: ChangedEpisodes },
  options: ExportOptions,
): Promise<readonly (EpisodeRecord | CompanionRecord)[]> {
  for (let episode: Episode | undefined = seen; episode !== undefined; ) {
    const steps = await collect(store.scan('step', { episodeIds: [seen.id] }, options));
    const isLearnt = episode.status === 'completed' && !episode.learningPending;
    const learnt = options.withLearning && isLearnt ? [await learningRecord(store, seen.id, options)] : [];
    if (!(await changed.has(seen.id))) return [toRecord({ episode, steps }), ...learnt];
    [episode] = await store.getMany('episode', [seen.id], options);
  }
  return [];
}

async function learningRecord(store: MemoryStore, id: string, options: CallOptions): Promise<LearningRecord> {
  const evidence = await collect(store.scan('evidence', { episodeIds: [id] }, options));
  const patterns = await store.getMany(
    'pattern',
    evidence.map(({ patternId }) => patternId),
    options,
  );
  return {
    type: 'learning',
    episode_id: id,
    patterns: patterns.flatMap((pattern) =>
      pattern?.kind === 'tool_sequence' ? [{ kind: pattern.kind, tools: pattern.tools }] : [],
    ),
  };
}
