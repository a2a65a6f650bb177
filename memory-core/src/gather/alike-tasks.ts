// Completed episodes whose tasks read most like one that somebody is at, however they ended. Nobody is asked for a vector.
import { collect, type MemoryContext } from '../context.ts';
import type { CompletedEpisode, Episode } from '../episode.ts';
import type { CallOptions, EpisodeFilter } from '../ports/store.ts';
import { best } from '../retrieve/best.ts';
import { slotsWhere, withoutSlots } from '../retrieve/slot-set.ts';
import { queryTerms } from '../retrieve/tokenize.ts';
import type { ExperienceIndex } from './experience-index.ts';

/** Episodes that are read. How such tasks ended is counted over them. */
const MAX_NEAREST = 100;
/** The newest ones, looked through while there is no index. */
const MAX_WITHOUT_INDEX = 500;

export interface AlikeAsked {
  readonly description: string;
  readonly filter: Omit<EpisodeFilter, 'order' | 'limit' | 'after'>;
  /** Ids that are left out. */
  readonly except: readonly string[];
}

/**
 * The nearest by the words of their descriptions, of equals the newest, in no order. Search puts what succeeded first and
 * then cuts, so what it finds says nothing of how often such tasks succeed; here the end of an attempt has no say.
 */
export async function alikeTasks(
  context: MemoryContext,
  asked: AlikeAsked,
  options: CallOptions,
): Promise<readonly CompletedEpisode[]> {
  const filter = { ...asked.filter, status: 'completed' } as const;
  const index = await context.index.current(options);
  const found =
    index === undefined
      ? await collect(context.store.scan('episode', { ...filter, order: 'newest', limit: MAX_WITHOUT_INDEX }, options))
      : await context.store.getMany('episode', nearestIds(index, { ...asked, filter }), options);
  const isLeft = (episode: Episode | undefined): episode is CompletedEpisode =>
    episode?.status === 'completed' && !asked.except.includes(episode.id);
  return found.filter(isLeft);
}

function nearestIds({ episodes, scored }: ExperienceIndex, { description, filter, except }: AlikeAsked): string[] {
  const { slots, titles, placeAndTime } = episodes;
  const { learningPending: _pending, embeddingDue: _due, ...bounds } = filter;
  const visible = placeAndTime.select(bounds) ?? slotsWhere(slots.end, titles.has);
  const among = withoutSlots(
    visible,
    except.flatMap((id) => slots.slotOf(id) ?? []),
  );
  const terms = queryTerms(description).map((term) => ({ term, weight: 1 }));
  return scored((scores) => {
    titles.score(terms, { scores, among });
    const nearest = best(MAX_NEAREST);
    // Of equals the lowest stays, which is the newest counted from the end.
    for (const slot of scores.touched()) nearest.offer(slots.end - 1 - slot, scores.of(slot));
    return [...nearest.take().slots].map((fromEnd) => slots.idOf(slots.end - 1 - fromEnd) ?? '');
  });
}
