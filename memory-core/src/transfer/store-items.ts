// One batch of checked records into the store: looked up together, written together, and what became of each.
import { type MemoryContext, retryingConflicts } from '../context.ts';
import type { Episode, Step } from '../episode.ts';
import type { CallOptions, Write } from '../ports/store.ts';
import { utilityWrites } from '../recall.ts';
import { retold, spokenOf } from '../retelling.ts';
import { episodeTerms } from '../retrieve/index-terms.ts';
import { type RecommendationRecord, type TombstoneRecord, toRecommendation, toTombstone } from './companion-record.ts';

/** A checked record, with its place among the records and its size. */
export type Item = { readonly id: string; readonly position: number; readonly bytes: number } & (
  | EpisodeItem
  | { readonly kind: 'recommendation'; readonly record: RecommendationRecord }
  | { readonly kind: 'tombstone'; readonly record: TombstoneRecord }
);

interface EpisodeItem {
  readonly kind: 'episode';
  readonly episode: Episode;
  readonly steps: readonly Step[];
}

/** What became of a record. `nothing`: there already, of another kind than an episode. */
export type Fate = 'imported' | 'known' | 'forgotten' | 'recommendations' | 'tombstones' | 'nothing';

interface StoreOptions extends CallOptions {
  readonly force?: boolean | undefined;
  readonly project?: string | undefined;
}

/**
 * Stores items that are all of one kind, in one commit, and answers what became of each, in their order.
 * @throws what the store says when it turns the batch down; nothing is changed then
 */
export async function storeItems(
  context: MemoryContext,
  items: readonly Item[],
  options: StoreOptions,
): Promise<readonly Fate[]> {
  return retryingConflicts(async () => {
    const known = await lookedUp(context, items, options);
    const fresh = new Map<string, Item>();
    const fates: Fate[] = [];
    for (const item of items) {
      const fate = fresh.has(item.id) ? repeatOf(item) : fateOf(item, known, options.force === true);
      fates.push(fate);
      if (fate !== 'nothing' && fate !== 'known' && fate !== 'forgotten') fresh.set(item.id, item);
    }
    const writes = await writesOf(context, [...fresh.values()], known, options);
    if (writes.length > 0) await context.store.write(writes, { signal: options.signal, actor: context.actor });
    return fates;
  });
}

interface Known {
  readonly living: ReadonlySet<string>;
  /** Of the items, and of others that an item speaks of. */
  readonly buried: ReadonlySet<string>;
}

async function lookedUp(context: MemoryContext, items: readonly Item[], options: CallOptions): Promise<Known> {
  const { store } = context;
  const ids = [...new Set(items.map(({ id }) => id))];
  const living = new Set<string>();
  // By a scan and not one by one through a cache, which would keep what nobody is going to ask for.
  for await (const { id } of store.scan('episode', { ids }, options)) living.add(id);
  if (items.some(({ kind }) => kind !== 'episode')) {
    for (const found of await store.getMany('recommendation', ids, options)) if (found) living.add(found.id);
  }
  const spoken = items.flatMap((item) =>
    item.kind === 'episode' && item.episode.status === 'completed' ? spokenOf(item.episode) : [],
  );
  const tombstones = await store.getMany('tombstone', [...new Set([...ids, ...spoken])], options);
  return { living, buried: new Set(tombstones.flatMap((found) => (found === undefined ? [] : [found.id]))) };
}

function fateOf({ kind, id }: Item, { living, buried }: Known, isForced: boolean): Fate {
  const isBuried = buried.has(id);
  switch (kind) {
    case 'episode':
      if (living.has(id)) return 'known';
      return isBuried && !isForced ? 'forgotten' : 'imported';
    case 'recommendation':
      return living.has(id) || (isBuried && !isForced) ? 'nothing' : 'recommendations';
    case 'tombstone':
      // Never takes away what lives here.
      return living.has(id) || isBuried ? 'nothing' : 'tombstones';
  }
}

/** The same id again, in the same batch. */
function repeatOf({ kind }: Item): Fate {
  return kind === 'episode' ? 'known' : 'nothing';
}

/** Things of one kind stand together, so that the store can do them together. */
async function writesOf(
  context: MemoryContext,
  items: readonly Item[],
  { buried }: Known,
  options: StoreOptions,
): Promise<readonly Write[]> {
  const episodes = items.flatMap((item) => (item.kind === 'episode' ? [item] : []));
  const recommendations = items.flatMap((item) =>
    item.kind === 'recommendation' ? [toRecommendation(item.record, options.project)] : [],
  );
  const feedbacks = recommendations.flatMap(({ feedback }) => (feedback === undefined ? [] : [feedback]));
  const dug = items.filter(({ kind, id }) => kind !== 'tombstone' && buried.has(id));
  return [
    ...episodes.map(({ episode, steps }): Write => {
      // What was forgotten does not come back in the words of another.
      const isTold = episode.status === 'open' || options.force === true;
      const value = isTold ? episode : retold(episode, { steps, gone: buried });
      return { op: 'put', kind: 'episode', value, ifVersion: 0, terms: episodeTerms(value, steps) };
    }),
    ...episodes.flatMap(({ steps }) => steps.map((value): Write => ({ op: 'put', kind: 'step', value, ifVersion: 0 }))),
    ...recommendations.map((value): Write => ({ op: 'put', kind: 'recommendation', value, ifVersion: 0 })),
    ...(await utilityWrites(context, feedbacks, options)),
    ...items.flatMap((item): readonly Write[] =>
      item.kind === 'tombstone'
        ? [{ op: 'put', kind: 'tombstone', value: toTombstone(item.record), ifVersion: 0 }]
        : [],
    ),
    ...dug.map(({ id }): Write => ({ op: 'delete', kind: 'tombstone', id })),
  ];
}
