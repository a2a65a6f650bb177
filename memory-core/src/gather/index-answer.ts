// The answer by the index: candidates of every source, rated, the best of them read from the store.
import type { MemoryContext } from '../context.ts';
import { isMemoryError } from '../errors.ts';
import { baselineId, MIN_SUPPORT, patternFigures, patternStatement } from '../pattern.ts';
import type { CallOptions, EpisodeFilter, PatternFilter } from '../ports/store.ts';
import { looksLikeError } from '../retrieve/error-signature.ts';
import { type Calibration, fuse, isRelevant } from '../retrieve/fuse.ts';
import { type Hint, hintsFor } from '../retrieve/hints.ts';
import type { Here } from '../retrieve/place-and-time.ts';
import { type EpisodeHit, isFailed, type PatternHit, rankPatterns, rated, type Standing, type Why } from '../retrieve/rank.ts';
import { hasSlot, type SlotSet } from '../retrieve/slot-set.ts';
import { queryTerms } from '../retrieve/tokenize.ts';
import { compareText, matchesPattern } from '../stores/filters.ts';
import { turns } from '../turns.ts';
import type { Answer, Asked } from './asked.ts';
import { type Candidate, episodeCandidates, errorRelevances, patternCandidates, type Question } from './candidates.ts';
import type { ExperienceIndex } from './experience-index.ts';
import { FIX_EPISODES, withEvidenceIds } from './gather.ts';

/** What a question waits for its vector: an embedder that hangs costs no more. */
const QUESTION_BUDGET_MS = 1_500;
/** Episodes without a vector of which nothing is said: those are the newest ones, on their way. */
const MAX_MISSING = 20;
const MAX_MISSING_SHARE = 0.05;
/** Slots weighed before the best of them are picked out. */
const POOL = 1_000;

export async function answerOfIndex(
  context: MemoryContext,
  { index, asked }: { readonly index: ExperienceIndex; readonly asked: Asked },
  options: CallOptions,
): Promise<Answer> {
  const { text, filter, patternFilter, here, limit } = asked;
  const among = index.episodes.placeAndTime.select(filter);
  if (text === undefined) {
    const slots = await slotsByStanding(index, { among, here, limit });
    const episodes = await hitsOf(context, { index, ranked: slots }, options);
    const patterns =
      patternFilter === undefined
        ? []
        : await patternsOf(context, { index, patternFilter, question: undefined, limit }, options);
    return { episodes, patterns, fixes: [], degraded: [] };
  }
  const { vector, degraded } = await questionVector(context, { index, text }, options);
  const question: Question = { text, terms: queryTerms(text), vector, here };
  const noise = (await context.embedding?.noise(options)) ?? 0;
  const [episodes, patterns, fixes] = await Promise.all([
    episodeCandidates(index, { question, among }, options).then((candidates) =>
      hitsOf(context, { index, ranked: ranked(index, { candidates, noise, here, limit }) }, options),
    ),
    patternFilter === undefined ? [] : patternsOf(context, { index, patternFilter, question, limit }, options),
    looksLikeError(text) ? fixesInIndex(context, { index, error: text, filter }, options) : [],
  ]);
  return { episodes, patterns, fixes, degraded };
}

export async function fixesInIndex(
  { store }: MemoryContext,
  asked: { readonly index: ExperienceIndex; readonly error: string; readonly filter: EpisodeFilter },
  options: CallOptions,
): Promise<readonly Hint[]> {
  const { index, error, filter } = asked;
  const among = index.episodes.placeAndTime.select(filter);
  const found = [...errorRelevances(index, { text: error, among })].sort((a, b) => b[1] - a[1]);
  const ids = found.slice(0, FIX_EPISODES).flatMap(([slot]) => index.episodes.slots.idOf(slot) ?? []);
  const episodes = await store.getMany('episode', ids, options);
  return hintsFor(
    error,
    episodes.filter((episode) => episode !== undefined),
  );
}

/** The question as a vector; without it, and why, where the embedder does not give one in time. */
async function questionVector(
  { embedding }: MemoryContext,
  { index, text }: { readonly index: ExperienceIndex; readonly text: string },
  options: CallOptions,
): Promise<{ readonly vector: Float32Array | undefined; readonly degraded: readonly string[] }> {
  const stored = index.vectors('episode')?.count ?? 0;
  if (embedding === undefined) return { vector: undefined, degraded: [] };
  const missing = index.episodes.slots.count - stored;
  const lack = missing > Math.max(MAX_MISSING, MAX_MISSING_SHARE * stored) ? [`${missing} episodes have no vector yet`] : [];
  if (stored === 0) return { vector: undefined, degraded: lack };
  try {
    return { vector: await embedding.embedQuery(text, { ...options, budgetMs: QUESTION_BUDGET_MS }), degraded: lack };
  } catch (error) {
    if (!isMemoryError(error) || error.code === 'ABORTED' || error.code === 'CLOSED') throw error;
    return { vector: undefined, degraded: [`only words were searched: ${error.message}`] };
  }
}

interface Rated {
  readonly slot: number;
  readonly score: number;
  readonly why: Why;
}

/** The best candidates, best first. */
function ranked(
  index: ExperienceIndex,
  asked: {
    readonly candidates: readonly Candidate[];
    readonly noise: number;
    readonly here: Here;
    readonly limit: number;
  },
): readonly Rated[] {
  const { candidates, noise, here, limit } = asked;
  return candidates
    .filter(({ signals }) => isRelevant(signals, { noise }))
    .map(({ slot, signals }) => ({ slot, ...rated(fuse(signals, { noise }), standingAt(index, slot, here)) }))
    .sort(byScore(index))
    .slice(0, limit);
}

/** Slots for which nothing was asked but filters: all of them are weighed by the rest, however many there are. */
async function slotsByStanding(
  index: ExperienceIndex,
  { among, here, limit }: { readonly among: SlotSet | undefined; readonly here: Here; readonly limit: number },
): Promise<readonly Rated[]> {
  const fused = { relevance: 1, parts: { filter: 1 } };
  const turn = turns();
  let best: Rated[] = [];
  for (let slot = 0; slot < index.episodes.slots.end; slot += 1) {
    if (among === undefined ? !index.episodes.titles.has(slot) : !hasSlot(among, slot)) continue;
    best.push({ slot, ...rated(fused, standingAt(index, slot, here)) });
    if (best.length < POOL) continue;
    await turn();
    best = best.sort(byScore(index)).slice(0, limit);
  }
  return best.sort(byScore(index)).slice(0, limit);
}

/** Equal ones by id, the newer first: slots depend on the order in which an index was made. */
function byScore({ episodes }: ExperienceIndex): (a: Rated, b: Rated) => number {
  return (a, b) => b.score - a.score || compareText(episodes.slots.idOf(b.slot) ?? '', episodes.slots.idOf(a.slot) ?? '');
}

function standingAt({ episodes }: ExperienceIndex, slot: number, here: Here): Standing {
  return { reward: episodes.placeAndTime.reward(slot) ?? 0, ...episodes.placeAndTime.nearness(slot, here) };
}

/** Reads what was found. What was forgotten since is left out. */
async function hitsOf(
  { store }: MemoryContext,
  { index, ranked: found }: { readonly index: ExperienceIndex; readonly ranked: readonly Rated[] },
  options: CallOptions,
): Promise<readonly EpisodeHit[]> {
  const known = found.flatMap((hit) => {
    const id = index.episodes.slots.idOf(hit.slot);
    return id === undefined ? [] : [{ ...hit, id }];
  });
  const episodes = await store.getMany(
    'episode',
    known.map(({ id }) => id),
    options,
  );
  return known.flatMap(({ score, why }, place): readonly EpisodeHit[] => {
    const episode = episodes[place];
    if (episode === undefined) return [];
    const outcome = episode.status === 'completed' ? episode.outcome.kind : undefined;
    return [{ episode, score, why, isWarning: isFailed(outcome), attempts: [] }];
  });
}

/** Patterns with enough support: of a question those that answer it, without one those of most support. */
async function patternsOf(
  { store, embedding }: MemoryContext,
  asked: {
    readonly index: ExperienceIndex;
    readonly patternFilter: PatternFilter;
    readonly question: Question | undefined;
    readonly limit: number;
  },
  options: CallOptions,
): Promise<readonly PatternHit[]> {
  const { index, patternFilter, question, limit } = asked;
  const { held, slots } = index.patterns;
  const filter = { ...patternFilter, minSupport: MIN_SUPPORT };
  const noise = (await embedding?.noise(options)) ?? 0;
  const candidates =
    question === undefined
      ? [...held.values()].map((pattern) => ({ pattern, fused: { relevance: 1, parts: { filter: 1 } } }))
      : (await patternCandidates(index, question, options)).flatMap(({ slot, signals }) => {
          const pattern = held.get(slots.idOf(slot) ?? '');
          if (pattern === undefined || !isRelevant(signals, { noise })) return [];
          return [{ pattern, fused: fuse(signals, { noise }) }];
        });
  const hits = candidates.flatMap(({ pattern, fused }) => {
    const baseline = index.baselines.get(baselineId(pattern.scope));
    if (!matchesPattern(pattern, filter) || baseline === undefined || baseline.episodes === 0) return [];
    const figures = patternFigures(pattern, baseline);
    return [{ pattern, fused, figures, statement: patternStatement(pattern, figures), evidence: [] }];
  });
  return withEvidenceIds(store, rankPatterns(hits).slice(0, limit), options);
}
