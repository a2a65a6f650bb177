// Earlier attempts at tasks like that of an episode, to compare it with. Nobody is asked for a vector.
import type { MemoryContext } from '../context.ts';
import type { CompletedEpisode, Episode } from '../episode.ts';
import { defined } from '../json.ts';
import type { CallOptions } from '../ports/store.ts';
import { slotsWhere, withoutSlots } from '../retrieve/slot-set.ts';
import { queryTerms } from '../retrieve/tokenize.ts';
import type { ExperienceIndex } from './experience-index.ts';
import type { IndexKeeper } from './index-keeper.ts';
import { describedAlike, rankedEpisodes } from './ranked-episodes.ts';

/** Episodes that one is compared with, and of the end that fewer of them had: what ended otherwise tells most. */
const MAX_SIMILAR = 5;
const MAX_OF_RARER_END = 2;
/**
 * Alikeness from which on two tasks are described alike: their descriptions have more in common than apart. A sentence is
 * made of it that somebody may act on, so the bound lies above that of search, which only orders by it.
 */
const DESCRIBED_ALIKE = 0.5;
/** Episodes that the index finds, of which the most alike are taken. */
const MAX_FOUND = 20;
/** Characters of a description that are searched with. */
const QUERY_CHARACTERS = 2_000;

/**
 * Completed episodes that the project sees and whose tasks were described alike, the most alike first; where there are
 * both, those that succeeded and those that did not. None while the index is being made. `index`: as it is after the
 * episode was begun.
 */
export async function similarEpisodes(
  context: MemoryContext,
  { episode, index: current }: { readonly episode: Episode; readonly index: ReturnType<IndexKeeper['current']> },
  options: CallOptions,
): Promise<readonly CompletedEpisode[]> {
  const index = await current;
  const own = index?.episodes.slots.slotOf(episode.id);
  if (index === undefined || own === undefined) return [];
  const noise = (await context.embedding?.noise(options)) ?? 0;
  const { episodes } = index;
  const visible = episodes.placeAndTime.select({
    status: 'completed',
    visibleTo: defined({ project: episode.project }),
  });
  const among = withoutSlots(visible ?? slotsWhere(episodes.slots.end, episodes.titles.has), [own]);
  const text = episode.description.slice(0, QUERY_CHARACTERS);
  const here = { ...defined({ project: episode.project, domain: episode.domain }), places: [], nowMs: context.clock() };
  const question = { text, terms: queryTerms(text), vector: undefined, calibration: { noise, trust: 0 }, here };
  const found = await rankedEpisodes({ index, question, among, limit: MAX_FOUND }, options);
  const chosen = mostAlike(
    index,
    found
      .slice(0, MAX_FOUND)
      .map(({ slot }) => ({ slot, likeness: describedAlike(index, { slot: own, other: slot, noise }) })),
  );
  const ids = chosen.map((slot) => episodes.slots.idOf(slot) ?? '');
  const read = await context.store.getMany('episode', ids, options);
  return read.filter((other): other is CompletedEpisode => other?.status === 'completed');
}

function mostAlike(
  { episodes }: ExperienceIndex,
  found: readonly { readonly slot: number; readonly likeness: number }[],
): readonly number[] {
  const alike = found.filter(({ likeness }) => likeness >= DESCRIBED_ALIKE).sort((a, b) => b.likeness - a.likeness);
  const succeeded = alike.filter(({ slot }) => episodes.placeAndTime.outcome(slot) === 'success');
  const others = alike.filter((each) => !succeeded.includes(each));
  const [few, many] = succeeded.length < others.length ? [succeeded, others] : [others, succeeded];
  const kept = few.slice(0, MAX_OF_RARER_END);
  const rest = many.slice(0, MAX_SIMILAR - kept.length);
  const taken = new Set([...kept, ...rest]);
  return alike.filter((each) => taken.has(each)).map(({ slot }) => slot);
}
