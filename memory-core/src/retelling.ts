// Reflections that hold words of other episodes: told anew without them when one of those is forgotten, and not stored
// once it is.
import { collect, someAtOnce } from './context.ts';
import type { CompletedEpisode, Step } from './episode.ts';
import { learn } from './learn/learn.ts';
import { withoutTwin } from './learn/quality.ts';
import type { CallOptions, MemoryStore, Put, Require } from './ports/store.ts';
import { episodeTerms } from './retrieve/index-terms.ts';
import { turns } from './turns.ts';

/** Demands that the episodes whose words are in a reflection are still there when it is stored. */
export function requireAll(ids: readonly string[] = []): readonly Require[] {
  return ids.map((id): Require => ({ op: 'require', kind: 'episode', id, status: 'completed' }));
}

/** Episodes that an episode cannot do without: those whose words it holds, and the one that it repeats. */
export function spokenOf({ reflection, quality }: CompletedEpisode): readonly string[] {
  return [...(reflection.of ?? []), ...(quality.duplicateOf === undefined ? [] : [quality.duplicateOf])];
}

/**
 * As if it had been compared with nobody, where it holds words of one that is gone; and no duplicate of one that is gone.
 * Outcome, reward and all else stay.
 */
export function retold(
  episode: CompletedEpisode,
  { steps, gone }: { readonly steps: readonly Step[]; readonly gone: ReadonlySet<string> },
): CompletedEpisode {
  const { description, outcome, quality } = episode;
  const isTwinGone = quality.duplicateOf !== undefined && gone.has(quality.duplicateOf);
  const left = isTwinGone ? { ...episode, quality: withoutTwin(quality) } : episode;
  if (!speaksOfAny(episode, gone)) return left;
  const { reflection, salient } = learn({ description, outcome, steps, similar: [] });
  return { ...left, reflection, ...(salient === undefined ? {} : { salient }) };
}

/** What must be written beside the deletion of others. */
export interface Retelling {
  /** None in a dry run. */
  readonly writes: readonly Put<'episode'>[];
  /** How many reflections are told anew. */
  readonly reflections: number;
}

/** Episodes whose steps are read at once, each to be dropped when it has been told anew. */
const READ_AT_ONCE = 10;

/** All episodes that stay and speak of what goes. Holds what is to be written, and the steps of few. */
export async function retelling(
  store: MemoryStore,
  gone: ReadonlySet<string>,
  options: CallOptions & { readonly dryRun?: boolean | undefined },
): Promise<Retelling> {
  const stepsOf = async ({ id }: CompletedEpisode): Promise<readonly Step[]> =>
    options.dryRun === true ? [] : collect(store.scan('step', { episodeIds: [id] }, options));
  const read = someAtOnce(speakingOf(store, gone, options), READ_AT_ONCE, async (episode) => ({
    episode,
    steps: await stepsOf(episode),
  }));
  const writes: Put<'episode'>[] = [];
  let reflections = 0;
  const turn = turns();
  for await (const { episode, steps } of read) {
    await turn();
    if (speaksOfAny(episode, gone)) reflections += 1;
    if (options.dryRun !== true) writes.push(retoldPut(episode, { steps, gone }));
  }
  return { writes, reflections };
}

/** Ids that are asked for at a time: more do not go well with a host. */
const ASKED_IDS = 10_000;

async function* speakingOf(
  store: MemoryStore,
  gone: ReadonlySet<string>,
  options: CallOptions,
): AsyncGenerator<CompletedEpisode> {
  const ids = [...gone];
  const known = new Set(gone);
  for (let start = 0; start < ids.length; start += ASKED_IDS) {
    const speaksOf = ids.slice(start, start + ASKED_IDS);
    for await (const episode of store.scan('episode', { speaksOf }, options)) {
      if (episode.status !== 'completed' || known.has(episode.id)) continue;
      known.add(episode.id);
      yield episode;
    }
  }
}

function retoldPut(
  episode: CompletedEpisode,
  words: { readonly steps: readonly Step[]; readonly gone: ReadonlySet<string> },
): Put<'episode'> {
  const value = { ...retold(episode, words), version: episode.version + 1 };
  const put = { op: 'put', kind: 'episode', value, ifVersion: episode.version } as const;
  // What rules say is not in the text index: it stays as it is.
  return episode.reflection.by === undefined ? put : { ...put, terms: episodeTerms(value, words.steps) };
}

function speaksOfAny({ reflection }: CompletedEpisode, ids: ReadonlySet<string>): boolean {
  return reflection.of?.some((id) => ids.has(id)) === true;
}
