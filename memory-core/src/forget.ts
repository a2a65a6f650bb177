// Forgetting: whatever matches goes with all that came of it, in one commit, and a receipt says what that was.
import { type MemoryContext, retryingConflicts, timeOf } from './context.ts';
import { embeddedTexts } from './embedding.ts';
import type { Episode } from './episode.ts';
import { MemoryError } from './errors.ts';
import { contentId } from './id.ts';
import type { CallOptions, Delete, EpisodeFilter, MemoryStore, Put, Write } from './ports/store.ts';
import { isAskedWithin, type Recommendation, withoutMentions } from './recommendation.ts';
import { type Retelling, retelling } from './retelling.ts';
import { type Unlearnt, unlearning } from './upkeep/unlearning.ts';

/** How `forget` goes about it. */
export interface ForgetOptions extends CallOptions {
  /** Says what would go, and changes nothing. @default false */
  readonly dryRun?: boolean | undefined;
  /** How many episodes somebody agreed to: when another number matches now, nothing is forgotten. */
  readonly expected?: number | undefined;
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
  /** Reflections of episodes that stay, told anew as they held words of what goes. */
  readonly reflections: number;
  /** Entries of the text index: those of episodes, and of patterns that are no longer shown. */
  readonly textEntries: number;
  /** Of episodes and patterns that go, by all models: as many as there were when it was looked at. */
  readonly vectors: number;
  readonly isDryRun: boolean;
}

const MAX_TOLD_IDS = 1_000;
/** Attempts before all is gathered again: the episodes themselves may have changed. */
const QUICK_ATTEMPTS = 5;
/** Episodes whose steps and evidence are counted at a time. */
const COUNTED_EPISODES = 100;

/**
 * Forgets every episode that matches: with them go their steps, text and evidence, what patterns and base rates owe
 * to them, recommendations asked for within the same bounds or in their words, and reflections of others that speak of
 * them, which are told anew; a tombstone of each stays, its id and time. All of it is one commit; what changed meanwhile is read again before. Holds ids and counts, and a few bodies at a time.
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
  const { receipt, writtenBetween, goneIds } = await retryingConflicts(async () => {
    const newest = newestSeq(context.store, options);
    newest.catch(() => undefined);
    const going = await gathered(context, filter, options);
    const words = forgottenWords(context.store, { filter, going }, options);
    words.catch(() => undefined);
    // Patterns and base rates are what others change all the time: they are read last, and read again alone.
    return retryingConflicts(() => takeOut(context, { going, words, newest }, options), QUICK_ATTEMPTS);
  });
  if (writtenBetween === 0) return receipt;
  const late = await retoldLate(context, goneIds, options);
  return { ...receipt, reflections: receipt.reflections + late };
}

/**
 * An episode that was completed while others were read may speak of what went, and was not seen. From the commit on
 * nobody can speak of it any more: so these are all. Answers how many there were.
 */
async function retoldLate(
  { store, actor }: MemoryContext,
  goneIds: ReadonlySet<string>,
  { signal }: CallOptions,
): Promise<number> {
  return retryingConflicts(async () => {
    const { writes, reflections } = await retelling(store, goneIds, { signal });
    if (writes.length > 0) await store.write(writes, { signal, actor });
    return reflections;
  });
}

async function newestSeq(store: MemoryStore, { signal }: CallOptions): Promise<number> {
  return (await store.changes(Number.MAX_SAFE_INTEGER, { signal, limit: 1 })).seq;
}

interface TakenOut {
  readonly receipt: ForgetReceipt;
  readonly goneIds: ReadonlySet<string>;
  /** Changes that others made since it was looked at. */
  readonly writtenBetween: number;
}

async function takeOut(
  context: MemoryContext,
  given: { readonly going: Going; readonly words: Promise<ForgottenWords>; readonly newest: Promise<number> },
  options: ForgetOptions,
): Promise<TakenOut> {
  const { going } = given;
  if (options.expected !== undefined && going.versions.size !== options.expected) {
    const what = `${going.versions.size} episodes match now, and not ${options.expected}`;
    throw new MemoryError('INVALID_STATE', `forget: ${what}; nothing was forgotten. Look again.`);
  }
  const goneIds = new Set(going.versions.keys());
  const [unlearnt, words, others, newest] = await Promise.all([
    going.unlearnt(),
    given.words,
    retelling(context.store, goneIds, options),
    given.newest,
  ]);
  const vectors = going.vectors + (await vectorCount(context.store, unlearnt.goneIds, options));
  const changed = withoutWhatIsGone(words.kept, going, unlearnt);
  const receipt = receiptOf(
    { going, unlearnt, words, others, changed: changed.length, vectors },
    options.dryRun === true,
  );
  const writes = [
    ...[...going.versions].map(([id, ifVersion]): Write => ({ op: 'delete', kind: 'episode', id, ifVersion })),
    ...unlearnt.writes,
    ...others.writes,
    ...words.deletes,
    ...changed,
    ...tombstones([...going.versions.keys(), ...words.deletes.map(({ id }) => id)], timeOf(context)),
  ];
  if (options.dryRun === true || writes.length === 0) return { receipt, goneIds, writtenBetween: 0 };
  const { seq } = await context.store.write(writes, { signal: options.signal, actor: context.actor });
  return { receipt, goneIds, writtenBetween: seq - writes.length - newest };
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
  /** Of the episodes. */
  readonly vectors: number;
  /** Whether a pattern rests on what goes. */
  touches(patternId: string): boolean;
  /** What patterns and base rates are to be now. */
  unlearnt(): Promise<Unlearnt>;
}

async function gathered(
  { store, embedding }: MemoryContext,
  filter: EpisodeFilter,
  options: ForgetOptions,
): Promise<Going> {
  const versions = new Map<string, number>();
  const asked = new Set<string>();
  const learnt = unlearning(store, options);
  let steps = 0;
  let evidence = 0;
  let vectors = 0;
  let uncounted: Episode[] = [];
  const countSteps = async (): Promise<void> => {
    const episodeIds = uncounted.map(({ id }) => id);
    for await (const _step of store.scan('step', { episodeIds }, options)) steps += 1;
  };
  const countVectors = async (): Promise<void> => {
    const found = await vectorCount(
      store,
      uncounted.map(({ id }) => id),
      options,
    );
    vectors += found;
  };
  // At once, and not when they have gone: their texts are at hand, and whoever keeps their episode pays no more than again.
  const forgetTexts = async (): Promise<void> => {
    if (options.dryRun !== true) await embedding?.forget(uncounted.flatMap(embeddedTexts));
  };
  const count = async (): Promise<void> => {
    const [found] = await Promise.all([learnt.add(uncounted), countSteps(), countVectors(), forgetTexts()]);
    evidence += found;
    uncounted = [];
  };
  for await (const episode of store.scan('episode', filter, options)) {
    versions.set(episode.id, episode.version);
    asked.add(digestOf(episode));
    uncounted.push(episode);
    if (uncounted.length >= COUNTED_EPISODES) await count();
  }
  if (uncounted.length > 0) await count();
  return { versions, asked, steps, evidence, vectors, touches: learnt.touches, unlearnt: learnt.writes };
}

/** Vectors of these owners, by all models. */
async function vectorCount(store: MemoryStore, ids: readonly string[], options: CallOptions): Promise<number> {
  let count = 0;
  for (let start = 0; start < ids.length; start += COUNTED_EPISODES) {
    const ownerIds = ids.slice(start, start + COUNTED_EPISODES);
    for await (const { vectors } of store.scan('embedding', { ownerIds }, options)) count += vectors.length;
  }
  return count;
}

/** The same for an episode and a recommendation that was asked for with the same task in the same project. */
function digestOf({ project, description }: Pick<Recommendation, 'project' | 'description'>): string {
  return contentId(JSON.stringify([project ?? null, description]));
}

interface ForgottenWords {
  /** Recommendations that hold words of what is forgotten. */
  readonly deletes: readonly Delete<'recommendation'>[];
  /** The others that name what is forgotten, or a pattern that may be gone with it. */
  readonly kept: readonly Recommendation[];
}

async function forgottenWords(
  store: MemoryStore,
  { filter, going }: { readonly filter: EpisodeFilter; readonly going: Going },
  options: CallOptions,
): Promise<ForgottenWords> {
  const deletes: Delete<'recommendation'>[] = [];
  const kept: Recommendation[] = [];
  const mayBeGone = (id: string): boolean => going.versions.has(id) || going.touches(id);
  for await (const recommendation of store.scan('recommendation', {}, options)) {
    const { id, version } = recommendation;
    if (isAskedWithin(recommendation, filter) || going.asked.has(digestOf(recommendation))) {
      deletes.push({ op: 'delete', kind: 'recommendation', id, ifVersion: version });
    } else if (withoutMentions(recommendation, mayBeGone) !== recommendation) kept.push(recommendation);
  }
  return { deletes, kept };
}

/** Those that only name what is gone lose the name. */
function withoutWhatIsGone(
  kept: readonly Recommendation[],
  going: Going,
  { goneIds }: Unlearnt,
): readonly Put<'recommendation'>[] {
  const gonePatterns = new Set(goneIds);
  return kept.flatMap((recommendation) => {
    const value = withoutMentions(recommendation, (id) => going.versions.has(id) || gonePatterns.has(id));
    if (value === recommendation) return [];
    return [{ op: 'put', kind: 'recommendation', value, ifVersion: recommendation.version } as const];
  });
}

function tombstones(ids: readonly string[], at: string): readonly Write[] {
  return ids.map((id): Write => ({ op: 'put', kind: 'tombstone', value: { id, version: 1, at } }));
}

function receiptOf(
  gone: {
    readonly going: Going;
    readonly unlearnt: Unlearnt;
    readonly words: ForgottenWords;
    readonly others: Retelling;
    readonly changed: number;
    readonly vectors: number;
  },
  isDryRun: boolean,
): ForgetReceipt {
  const { going, unlearnt, words, others, changed, vectors } = gone;
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
    recommendations: { gone: words.deletes.length, changed },
    reflections: others.reflections,
    textEntries: versions.size + unlearnt.textEntries,
    vectors,
    isDryRun,
  };
}
