// Forgetting: whatever matches goes with all that came of it, in one commit, and a receipt says what that was.
import { type MemoryContext, retryingConflicts, timeOf } from './context.ts';
import type { CompletedEpisode, Episode } from './episode.ts';
import { MemoryError } from './errors.ts';
import { contentId } from './id.ts';
import { type Unlearnt, unlearning } from './learn/extract.ts';
import type { CallOptions, EpisodeFilter, MemoryStore, Write } from './ports/store.ts';
import { isAskedWithin, type Recommendation, withoutMentions } from './recommendation.ts';

export interface ForgetOptions extends CallOptions {
  /** Says what would go, and changes nothing. @default false */
  readonly dryRun?: boolean | undefined;
}

/** What went, or with `dryRun` would go. */
export interface ForgetReceipt {
  readonly episodes: number;
  /** Oldest first: the first 1,000 of them. */
  readonly episodeIds: readonly string[];
  readonly steps: number;
  readonly evidence: number;
  readonly patterns: {
    /** Patterns that no other episode bears out. */
    readonly gone: number;
    /** The first 1,000 of those. */
    readonly goneIds: readonly string[];
    /** Patterns that lost some of their support. */
    readonly weakened: number;
  };
  readonly recommendations: {
    readonly gone: number;
    /** Kept, without the ids of what went. */
    readonly changed: number;
  };
  /** Entries of the text index: those of episodes, and of patterns that are no longer shown. */
  readonly textEntries: number;
  readonly isDryRun: boolean;
}

const MAX_TOLD_IDS = 1_000;
/** Episodes whose steps are counted in one read. */
const COUNTED_EPISODES = 100;

/**
 * Forgets every episode that matches: with them go their steps, text and evidence, what patterns and base rates owe
 * to them, and recommendations asked for within the same bounds or in their words; a tombstone of each stays, its id and time. All of
 * it is one commit; what changed meanwhile is read again before. Holds ids and counts, no bodies.
 * @throws `INVALID_INPUT` for a filter that does not narrow: nobody forgets everything by accident. `CONFLICT` when
 * others are always faster; nothing is forgotten then.
 */
export async function forget(
  context: MemoryContext,
  filter: EpisodeFilter,
  options: ForgetOptions,
): Promise<ForgetReceipt> {
  if (!narrows(filter)) {
    throw new MemoryError('INVALID_INPUT', 'forget: name what to forget: ids, a project, a source or a time.');
  }
  return retryingConflicts(async () => {
    const { store } = context;
    const going = await gathered(store, filter, options);
    const unlearnt = await going.unlearnt();
    const said = await forgottenWords(store, { filter, going, goneIds: unlearnt.goneIds }, options);
    const receipt = receiptOf(going, unlearnt, said, options.dryRun === true);
    const writes = [
      ...[...going.versions].map(([id, ifVersion]): Write => ({ op: 'delete', kind: 'episode', id, ifVersion })),
      ...unlearnt.writes,
      ...said.writes,
      ...tombstones([...going.versions.keys(), ...said.goneIds], timeOf(context)),
    ];
    if (options.dryRun !== true && writes.length > 0) {
      await store.write(writes, { signal: options.signal, actor: context.actor });
    }
    return receipt;
  });
}

/** Whether a filter names some episodes: how many, in which order and whose to see does not. */
function narrows({
  order: _order,
  after: _after,
  limit: _limit,
  visibleTo: _visibleTo,
  ...filter
}: EpisodeFilter): boolean {
  const { tagsAll, tagsAny, ...others } = filter;
  const named = [tagsAll, tagsAny].some((tags) => tags !== undefined && tags.length > 0);
  return named || Object.values(others).some((value) => value !== undefined);
}

interface Going {
  /** The version of each episode, by its id, oldest first. */
  readonly versions: ReadonlyMap<string, number>;
  /** Digests of what the episodes were asked to do. */
  readonly asked: ReadonlySet<string>;
  readonly steps: number;
  readonly evidence: number;
  unlearnt(): Promise<Unlearnt>;
}

async function gathered(store: MemoryStore, filter: EpisodeFilter, options: CallOptions): Promise<Going> {
  const versions = new Map<string, number>();
  const asked = new Set<string>();
  const learnt = unlearning(store, options);
  let steps = 0;
  let evidence = 0;
  let uncounted: string[] = [];
  const count = async (): Promise<void> => {
    for await (const _step of store.scan('step', { episodeIds: uncounted }, options)) steps += 1;
    uncounted = [];
  };
  for await (const episode of store.scan('episode', filter, options)) {
    versions.set(episode.id, episode.version);
    asked.add(digestOf(episode));
    if (isCompleted(episode)) evidence += await learnt.add(episode);
    uncounted.push(episode.id);
    if (uncounted.length >= COUNTED_EPISODES) await count();
  }
  if (uncounted.length > 0) await count();
  return { versions, asked, steps, evidence, unlearnt: () => learnt.writes() };
}

function isCompleted(episode: Episode): episode is CompletedEpisode {
  return episode.status === 'completed';
}

/** The same for an episode and a recommendation that was asked for with the same task in the same project. */
function digestOf({ project, description }: Pick<Recommendation, 'project' | 'description'>): string {
  return contentId(JSON.stringify([project ?? null, description]));
}

interface ForgottenWords {
  readonly writes: readonly Write[];
  readonly goneIds: readonly string[];
  readonly changed: number;
}

/** Recommendations that hold words of what is forgotten go; those that only name it lose the name. */
async function forgottenWords(
  store: MemoryStore,
  {
    filter,
    going,
    goneIds,
  }: { readonly filter: EpisodeFilter; readonly going: Going; readonly goneIds: readonly string[] },
  options: CallOptions,
): Promise<ForgottenWords> {
  const gonePatterns = new Set(goneIds);
  const isGone = (id: string): boolean => going.versions.has(id) || gonePatterns.has(id);
  const deletes: Write[] = [];
  const goneRecommendations: string[] = [];
  const puts: Write[] = [];
  for await (const recommendation of store.scan('recommendation', {}, options)) {
    const { id, version } = recommendation;
    if (isAskedWithin(recommendation, filter) || going.asked.has(digestOf(recommendation))) {
      deletes.push({ op: 'delete', kind: 'recommendation', id, ifVersion: version });
      goneRecommendations.push(id);
      continue;
    }
    const value = withoutMentions(recommendation, isGone);
    if (value !== recommendation) puts.push({ op: 'put', kind: 'recommendation', value, ifVersion: version });
  }
  return { writes: [...deletes, ...puts], goneIds: goneRecommendations, changed: puts.length };
}

function tombstones(ids: readonly string[], at: string): readonly Write[] {
  return ids.map((id): Write => ({ op: 'put', kind: 'tombstone', value: { id, version: 1, at } }));
}

function receiptOf(going: Going, unlearnt: Unlearnt, said: ForgottenWords, isDryRun: boolean): ForgetReceipt {
  const { versions, steps, evidence } = going;
  return {
    episodes: versions.size,
    episodeIds: [...versions.keys()].slice(0, MAX_TOLD_IDS),
    steps,
    evidence,
    patterns: {
      gone: unlearnt.goneIds.length,
      goneIds: unlearnt.goneIds.slice(0, MAX_TOLD_IDS),
      weakened: unlearnt.weakened,
    },
    recommendations: { gone: said.goneIds.length, changed: said.changed },
    textEntries: versions.size + unlearnt.textEntries,
    isDryRun,
  };
}
