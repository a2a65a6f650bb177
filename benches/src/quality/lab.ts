// The pure functions of retrieval over signals made in memory, with any of them left out: what does each contribute?
import type { Episode, Step } from '@episodica/memory-core';
import type { Embedder, MemoryStore } from '@episodica/memory-core/ports';
import {
  type Calibration,
  corroborated,
  diversify,
  documentRelevance,
  episodeTerms,
  fuse,
  groupAttempts,
  informationOf,
  isRelevant,
  LEXICAL_NOISE,
  LEXICAL_TRUST,
  lexicalEmbedder,
  likenessAmong,
  queryTerms,
  rated,
  relevance,
  type Signals,
  scores,
  type TermIndex,
  termIndex,
  type WeightedTerm,
} from '@episodica/memory-core/retrieval';

/** What of the pipeline is used. All of it is what the library does. */
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

export interface Lab {
  /** What the sources find for a text among all but one episode. */
  signalsOf(asked: { readonly own: string | undefined; readonly text: string }): Promise<readonly Found[]>;
  /** Ids, best first. */
  rank(found: readonly Found[], ingredients: Ingredients): readonly string[];
  isAnswered(found: readonly Found[]): boolean;
}

export interface Found {
  readonly slot: number;
  readonly episode: Episode;
  readonly signals: Signals;
  readonly information: number;
}

const CANDIDATES = 100;
/** Candidates among which attempts at one task are looked for. */
const COMPARED = 50;
const TELLING_TERMS = 12;
const LAMBDA = 0.95;
const CALIBRATION: Calibration = { noise: LEXICAL_NOISE, trust: LEXICAL_TRUST };

interface Held {
  readonly episode: Episode;
  readonly vector: Float32Array;
  readonly terms: ReturnType<typeof episodeTerms>;
}

export async function openLab(store: MemoryStore, ids: readonly string[]): Promise<Lab> {
  const embedder = lexicalEmbedder();
  const held: Held[] = [];
  for (const id of ids) held.push(await heldOf(store, { id, embedder }));
  const title = termIndex();
  const body = termIndex();
  for (const [slot, { terms }] of held.entries()) {
    title.put(slot, terms.title);
    body.put(slot, terms.body);
  }
  const slots = new Map(ids.map((id, slot) => [id, slot]));
  const tellings = ids.map((_, slot) => body.tellingTerms(slot, TELLING_TERMS));

  return {
    async signalsOf({ own, text }) {
      const ownSlot = own === undefined ? undefined : slots.get(own);
      if (ownSlot !== undefined) for (const index of [title, body]) index.delete(ownSlot);
      const [inTitle, inBody] = [fieldRelevance(title, text), fieldRelevance(body, text)];
      const ownTerms = ownSlot === undefined ? undefined : held[ownSlot]?.terms;
      if (ownSlot !== undefined && ownTerms !== undefined) {
        title.put(ownSlot, ownTerms.title);
        body.put(ownSlot, ownTerms.body);
      }
      const information = informationOf(queryTerms(text), body);
      const [asked] = await embedder.embed([text], { purpose: 'query' });
      return held.flatMap(({ episode, vector }, slot) => {
        if (slot === ownSlot || asked === undefined) return [];
        const fields = { title: inTitle(slot), body: inBody(slot) };
        return [
          { slot, episode, information, signals: { text: documentRelevance(fields), meaning: cosine(asked, vector) } },
        ];
      });
    },
    rank: (found, ingredients) => rank(found, { ingredients, tellings }),
    isAnswered: (found) => found.some(({ signals }) => isRelevant(signals, CALIBRATION)),
  };
}

async function heldOf(
  store: MemoryStore,
  { id, embedder }: { readonly id: string; readonly embedder: Embedder },
): Promise<Held> {
  const [episode] = await store.getMany('episode', [id]);
  if (episode === undefined) throw new Error(`Episode ${id} was not stored.`);
  const steps: Step[] = [];
  for await (const step of store.scan('step', { episodeIds: [id] })) steps.push(step);
  const [vector] = await embedder.embed([episode.description], { purpose: 'document' });
  if (vector === undefined) throw new Error(`Episode ${id} has no vector.`);
  return { episode, vector, terms: episodeTerms(episode, steps) };
}

function fieldRelevance(index: TermIndex, text: string): (slot: number) => number {
  const terms = queryTerms(text);
  const found = scores();
  index.score(
    terms.map((term) => ({ term, weight: 1 })),
    { scores: found },
  );
  return (slot) => relevance(found.of(slot), terms, index);
}

function rank(
  found: readonly Found[],
  {
    ingredients,
    tellings,
  }: { readonly ingredients: Ingredients; readonly tellings: readonly (readonly WeightedTerm[])[] },
): readonly string[] {
  const { hasText, hasMeaning, hasAttempts, hasReward, hasGroups, hasDiversity } = ingredients;
  const fused = found
    .map(({ slot, episode, information, signals: { text, meaning } }) => {
      const used = { text: hasText ? text : undefined, meaning: hasMeaning ? meaning : undefined };
      return { slot, episode, ...fuse(used, { ...CALIBRATION, information }) };
    })
    .filter((candidate) => candidate.relevance > 0)
    .sort((a, b) => b.relevance - a.relevance)
    .slice(0, CANDIDATES);
  const compared = fused.slice(0, COMPARED);
  const likeness = likenessAmong(compared.map(({ slot }) => tellings[slot] ?? []));
  const places = new Map(compared.map(({ slot }, place) => [slot, place]));
  const alike = (one: { readonly slot: number }, other: { readonly slot: number }) =>
    likeness(places.get(one.slot) ?? compared.length, places.get(other.slot) ?? compared.length);
  const supported = hasAttempts ? corroborated(compared, alike) : compared;
  const hits = [...supported, ...fused.slice(COMPARED)]
    .map((candidate) => {
      const { episode, slot, relevance: own } = candidate;
      const reward = episode.status === 'completed' ? episode.reward.total : 0;
      const score = hasReward ? rated(candidate, { reward, time: 0, place: 0 }).score : own;
      const isSuccess = episode.status === 'completed' && episode.outcome.kind === 'success';
      return { id: episode.id, slot, score, isSuccess };
    })
    .sort((a, b) => b.score - a.score);
  const groups = hasGroups ? groupAttempts(hits, alike) : hits.map((hit) => [hit] as const);
  const ordered = hasDiversity ? diversify(groups, { alike, lambda: LAMBDA }) : groups;
  return ordered.flat().map(({ id }) => id);
}

function cosine(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}
