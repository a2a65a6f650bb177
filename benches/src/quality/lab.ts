// A store's index in memory, asked without the episode that asks: by the library's own ranking, or with a part of it left out.
import type { Episode } from '@episodica/memory-core';
import type { Embedder, MemoryStore } from '@episodica/memory-core/ports';
import {
  attemptsAmong,
  type Calibration,
  type Candidate,
  corroborated,
  describedAlike,
  diversify,
  type ExperienceIndex,
  episodeCandidates,
  fuse,
  groupsOf,
  informationOf,
  isRelevant,
  likenessAmong,
  newIndex,
  type Question,
  queryTerms,
  rankedEpisodes,
  rated,
  successFirst,
} from '@episodica/memory-core/retrieval';

/** What of the ranking is used. */
export interface Ingredients {
  readonly hasText: boolean;
  readonly hasMeaning: boolean;
  /** What attempts at one task say for each other. */
  readonly hasAttempts: boolean;
  readonly hasReward: boolean;
  readonly hasGroups: boolean;
  readonly hasDiversity: boolean;
}

export const ALL: Ingredients = {
  hasText: true,
  hasMeaning: true,
  hasAttempts: true,
  hasReward: true,
  hasGroups: true,
  hasDiversity: true,
};

/** A question, and the episode that asks it: as if it were not stored yet. */
export interface AskedInLab {
  readonly own: string | undefined;
  readonly text: string;
}

export interface Lab {
  /** Ids, best first, as a whole search of the library orders them. */
  ranked(asked: AskedInLab, limit: number): Promise<readonly string[]>;
  /** The same candidates with ingredients left out, one answer for each. */
  rankedWithout(asked: AskedInLab, variants: readonly Ingredients[]): Promise<readonly (readonly string[])[]>;
  isAnswered(text: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Candidates among which attempts at one task are looked for, terms by which they are compared, weight of diversity. */
const COMPARED = 50;
const TELLING_TERMS = 12;
const LAMBDA = 0.95;

/** Of a store that holds vectors of the embedder for all that is in it. */
export async function openLab(
  store: MemoryStore,
  { ids, embedder, calibration }: { ids: readonly string[]; embedder: Embedder; calibration: Calibration },
): Promise<Lab> {
  const { index } = await newIndex(store, { model: embedder.model });
  const episodes = new Map<string, Episode>();
  for (const episode of await store.getMany('episode', ids)) if (episode) episodes.set(episode.id, episode);
  const removal = await removalOf(store, { index, episodes, model: embedder.model });

  async function questionOf(text: string): Promise<Question> {
    const [vector] = await embedder.embed([text], { purpose: 'query' });
    return { text, terms: queryTerms(text), vector, calibration, here: { places: [], nowMs: Date.now() } };
  }

  return {
    async ranked({ own, text }, limit) {
      const question = await questionOf(text);
      return removal(own, async () => {
        const found = await rankedEpisodes({ index, question, among: undefined, limit }, {});
        return found.slice(0, limit).map(({ slot }) => index.episodes.slots.idOf(slot) ?? '');
      });
    },
    async rankedWithout({ own, text }, variants) {
      const question = await questionOf(text);
      return removal(own, async () => {
        const candidates = await episodeCandidates(index, { question, among: undefined }, {});
        const known = {
          index,
          episodes,
          calibration,
          information: informationOf(question.terms, index.episodes.bodies),
        };
        return variants.map((variant) => rank(candidates, { ...known, variant }));
      });
    },
    async isAnswered(text) {
      const question = await questionOf(text);
      return (await rankedEpisodes({ index, question, among: undefined, limit: 1 }, {})).length > 0;
    },
    close: () => index.close(),
  };
}

type Removal = <T>(id: string | undefined, work: () => Promise<T>) => Promise<T>;

/** Does work while an episode is not in the index, with its terms, vectors and errors. */
async function removalOf(
  store: MemoryStore,
  { index, episodes, model }: { index: ExperienceIndex; episodes: ReadonlyMap<string, Episode>; model: string },
): Promise<Removal> {
  const ids = [...episodes.keys()];
  const stored = (await store.text?.terms('episode', ids)) ?? [];
  const terms = new Map(ids.map((id, place) => [id, stored[place]]));
  const embeddings = new Map<string, Parameters<ExperienceIndex['putEmbedding']>[0]>();
  for await (const embedding of store.scan('embedding', { model })) embeddings.set(embedding.ownerId, embedding);
  return async (id, work) => {
    if (id === undefined) return work();
    const [episode, said, embedding] = [episodes.get(id), terms.get(id), embeddings.get(id)];
    if (!episode || !said || !embedding) throw new Error(`Episode ${id} is not stored with its terms and its vector.`);
    index.deleteEpisode(id);
    try {
      return await work();
    } finally {
      index.putEpisode(episode, said);
      index.putEmbedding(embedding);
    }
  };
}

interface Known {
  readonly index: ExperienceIndex;
  readonly episodes: ReadonlyMap<string, Episode>;
  readonly calibration: Calibration;
  readonly information: number;
  readonly variant: Ingredients;
}

function rank(candidates: readonly Candidate[], known: Known): readonly string[] {
  const { index, episodes, calibration, information, variant } = known;
  const { slots, bodies } = index.episodes;
  const scale = { ...calibration, information, documents: bodies.documents };
  const fused = candidates
    .filter(({ signals }) => isRelevant(signals, scale))
    .map(({ slot, signals: { text, meaning, error } }) => {
      const used = { error, text: variant.hasText ? text : 0, meaning: variant.hasMeaning ? meaning : 0 };
      return { slot, ...fuse(used, scale) };
    })
    .filter((candidate) => candidate.relevance > 0)
    .sort((a, b) => b.relevance - a.relevance);
  const compared = fused.slice(0, COMPARED);
  const likeness = likenessAmong(compared.map(({ slot }) => bodies.tellingTerms(slot, TELLING_TERMS)));
  const places = new Map(compared.map(({ slot }, place) => [slot, place]));
  const alike = (one: { readonly slot: number }, other: { readonly slot: number }) =>
    likeness(places.get(one.slot) ?? compared.length, places.get(other.slot) ?? compared.length);
  const slotAt = (place: number): number => compared[place]?.slot ?? 0;
  const { noise } = calibration;
  const sameTask = attemptsAmong(compared.length, {
    alike: likeness,
    described: (one, other) => describedAlike(index, { slot: slotAt(one), other: slotAt(other), noise }),
  });
  const attempts = (one: { readonly slot: number }, other: { readonly slot: number }) =>
    sameTask(places.get(one.slot) ?? compared.length, places.get(other.slot) ?? compared.length);
  const hits = (variant.hasAttempts ? corroborated(compared, attempts) : compared)
    .map((candidate) => {
      const { slot, relevance } = candidate;
      const id = slots.idOf(slot) ?? '';
      const episode = episodes.get(id);
      const reward = episode?.status === 'completed' ? episode.reward.total : 0;
      const score = variant.hasReward ? rated(candidate, { reward, time: 0, place: 0 }).score : relevance;
      return { id, slot, score, isSuccess: episode?.status === 'completed' && episode.outcome.kind === 'success' };
    })
    .sort((a, b) => b.score - a.score);
  const groups = groupsOf(hits, attempts);
  const rivals = (one: (typeof hits)[number], other: (typeof hits)[number]): number =>
    groups.get(one) === groups.get(other) ? 0 : alike(one, other);
  const spread = variant.hasDiversity ? diversify(hits, { alike: rivals, lambda: LAMBDA }) : hits;
  return (variant.hasGroups ? successFirst(spread, groups) : spread).map(({ id }) => id);
}
