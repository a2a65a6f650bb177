// The answer while there is no index yet: by words alone, as the text index of the store finds them.
import type { MemoryContext } from '../context.ts';
import type { CallOptions, EpisodeFilter } from '../ports/store.ts';
import { episodeFacts } from '../retrieve/episode-facts.ts';
import { type Hint, hintsFor } from '../retrieve/hints.ts';
import { type Facts, HALF_LIFE_MS, type Here } from '../retrieve/place-and-time.ts';
import { type EpisodeHit, isFailed, rankPatterns, rated } from '../retrieve/rank.ts';
import { queryTerms } from '../retrieve/tokenize.ts';
import type { Answer, Asked } from './asked.ts';
import { FIX_EPISODES, gatherEpisodes, gatherPatterns, withEvidenceIds } from './gather.ts';

export async function answerOfStore(context: MemoryContext, asked: Asked, options: CallOptions): Promise<Answer> {
  const { store } = context;
  const { text, filter, patternFilter, here, limit, except } = asked;
  const terms = text === undefined ? undefined : queryTerms(text);
  const [{ found: gathered, degraded }, patterns] = await Promise.all([
    gatherEpisodes(store, { terms, filter, limit: limit + except.length }, options),
    patternFilter === undefined ? [] : gatherPatterns(store, { terms, filter: patternFilter, limit }, options),
  ]);
  const found = gathered.filter(({ episode }) => !except.includes(episode.id));
  const hits = found.map(({ episode, relevance }): EpisodeHit => {
    const facts = episodeFacts(episode);
    const standing = { reward: facts.reward ?? 0, time: timeNearness(facts, here), place: sharedPlace(facts, here) };
    const rating = rated({ relevance, parts: { text: relevance } }, standing);
    return { episode, ...rating, isWarning: isFailed(facts.outcome), attempts: [] };
  });
  const episodes = found.slice(0, FIX_EPISODES).map(({ episode }) => episode);
  return {
    episodes: hits.sort((a, b) => b.score - a.score || (a.episode.id < b.episode.id ? 1 : -1)).slice(0, limit),
    patterns: await withEvidenceIds(store, { hits: rankPatterns(patterns).slice(0, limit) }, options),
    fixes: text !== undefined ? hintsFor(text, episodes) : [],
    lacks: [
      ...degraded.map((reason) => ({ reason, isPassing: false })),
      { reason: stateText(context.index.episodesRead()), isPassing: true },
    ],
  };
}

export async function fixesInStore(
  { store }: MemoryContext,
  { error, filter }: { readonly error: string; readonly filter: EpisodeFilter },
  options: CallOptions,
): Promise<readonly Hint[]> {
  const terms = queryTerms(error);
  if (terms.length === 0) return [];
  const { found } = await gatherEpisodes(store, { terms, filter, limit: FIX_EPISODES }, options);
  return hintsFor(
    error,
    found.slice(0, FIX_EPISODES).map(({ episode }) => episode),
  );
}

/** Without an index nobody knows what tells most: each thing that is known of the asker's place counts the same. */
function sharedPlace(facts: Facts, here: Here): number {
  const known = (['domain', 'taskType', 'language', 'framework'] as const).filter((field) => here[field] !== undefined);
  return known.length === 0 ? 0 : known.filter((field) => here[field] === facts[field]).length / known.length;
}

function timeNearness({ startedAtMs }: Facts, { nowMs }: Here): number {
  return 0.5 ** (Math.max(0, nowMs - startedAtMs) / HALF_LIFE_MS);
}

function stateText(episodesRead: number | undefined): string {
  const how = episodesRead === undefined ? '' : ` (${episodesRead} episodes read)`;
  return `the index of this memory is being made${how}: words alone were searched`;
}
