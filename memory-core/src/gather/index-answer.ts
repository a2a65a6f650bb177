// The answer by the index: candidates of every source, rated, the best of them read from the store.
import type { MemoryContext } from '../context.ts';
import { embeddedRecoveries } from '../embedding.ts';
import { isMemoryError } from '../errors.ts';
import { defined } from '../json.ts';
import { baselineId, MIN_SUPPORT, type Pattern, patternFigures, patternStatement } from '../pattern.ts';
import type { CallOptions, EpisodeFilter, PatternFilter } from '../ports/store.ts';
import { informationOf } from '../retrieve/bm25.ts';
import { differenceOf } from '../retrieve/difference.ts';
import { type Calibration, fuse, isRelevant } from '../retrieve/fuse.ts';
import { bestFixes, type Hint, type KnownFix } from '../retrieve/hints.ts';
import type { Here } from '../retrieve/place-and-time.ts';
import {
  type EpisodeHit,
  isFailed,
  type OtherAttempt,
  type PatternHit,
  rankPatterns,
  rated,
} from '../retrieve/rank.ts';
import { hasSlot, type SlotSet, slotsWhere, withoutSlots } from '../retrieve/slot-set.ts';
import { queryTerms } from '../retrieve/tokenize.ts';
import { matchesPattern } from '../stores/filters.ts';
import { turns } from '../turns.ts';
import type { Answer, Asked, Lack } from './asked.ts';
import { patternCandidates, type Question } from './candidates.ts';
import { type AskedError, errorCandidates } from './error-candidates.ts';
import type { ExperienceIndex } from './experience-index.ts';
import { FIX_EPISODES, withEvidenceIds } from './gather.ts';
import { type AskedOfIndex, type RankedEpisode, rankedEpisodes, standingAt } from './ranked-episodes.ts';

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
  const { text, patternFilter, here, limit } = asked;
  const among = amongOf(index, asked);
  if (text === undefined) {
    const slots = await slotsByStanding(index, { among, here, limit });
    const [episodes, patterns] = await Promise.all([
      hitsOf(context, { index, found: slots, attempts: [] }, options),
      patternFilter === undefined ? [] : patternsOf(context, { index, patternFilter, limit }, options),
    ]);
    return { episodes, patterns, fixes: [], lacks: [] };
  }
  const { vector, lacks } = await questionVector(context, { index, text }, options);
  const calibration = await calibrationOf(context, options);
  const question: Question = { text, terms: queryTerms(text), vector, calibration, here };
  const [episodes, patterns, fixes] = await Promise.all([
    episodesOf(context, { index, question, among, limit }, options),
    patternFilter === undefined ? [] : patternsOf(context, { index, patternFilter, question, limit }, options),
    fixesFor(context, { index, asked: { ...question, among } }, options),
  ]);
  return { episodes, patterns, fixes, lacks: [...lacks, ...lackOfText(context)] };
}

/** The slots that may be found; `undefined`: all of them. */
function amongOf({ episodes }: ExperienceIndex, { filter, except }: Asked): SlotSet | undefined {
  const selected = episodes.placeAndTime.select(filter);
  const slots = except.flatMap((id) => episodes.slots.slotOf(id) ?? []);
  if (slots.length === 0) return selected;
  return withoutSlots(selected ?? slotsWhere(episodes.slots.end, episodes.titles.has), slots);
}

/** Fixes of errors like this one among the episodes that the filter lets through, best first. */
export async function fixesInIndex(
  context: MemoryContext,
  { index, error, filter }: { readonly index: ExperienceIndex; readonly error: string; readonly filter: EpisodeFilter },
  options: CallOptions,
): Promise<readonly Hint[]> {
  // By its signature alone: what a step failed with is sent to nobody, and nobody is waited for.
  const among = index.episodes.placeAndTime.select(filter);
  const asked = { text: error, vector: undefined, calibration: { noise: 0, trust: 0 }, among };
  return fixesFor(context, { index, asked }, options);
}

async function fixesFor(
  { store }: MemoryContext,
  { index, asked }: { readonly index: ExperienceIndex; readonly asked: AskedError },
  options: CallOptions,
): Promise<readonly Hint[]> {
  const found = await errorCandidates(index, asked, options);
  const slots = [...new Set(found.map(({ episodeSlot }) => episodeSlot))].slice(0, FIX_EPISODES);
  if (slots.length === 0) return [];
  const ids = slots.map((slot) => index.episodes.slots.idOf(slot) ?? '');
  const read = await store.getMany('episode', ids, options);
  const best = found[0]?.relevance ?? 1;
  const known = found.flatMap(({ episodeSlot, number, relevance }): readonly KnownFix[] => {
    const episode = read[slots.indexOf(episodeSlot)];
    const recovery = episode && embeddedRecoveries(episode)[number];
    if (episode === undefined || recovery === undefined) return [];
    return [{ episodeId: episode.id, recovery, relevance: relevance / best }];
  });
  return bestFixes(asked.text, known);
}

/** What steps say is known from the text index of the store alone. */
function lackOfText({ store }: MemoryContext): readonly Lack[] {
  if (store.text !== undefined) return [];
  return [{ reason: `${store.name} has no text index: steps are not searched`, isPassing: false }];
}

/** The question as a vector; without it, and why, where the embedder does not give one in time. */
async function questionVector(
  { embedding }: MemoryContext,
  { index, text }: { readonly index: ExperienceIndex; readonly text: string },
  options: CallOptions,
): Promise<{ readonly vector: Float32Array | undefined; readonly lacks: readonly Lack[] }> {
  const stored = index.vectors('episode')?.count ?? 0;
  if (embedding === undefined) return { vector: undefined, lacks: [] };
  const missing = index.episodes.slots.count - stored;
  // Whoever stored them may be gone.
  if (missing > 0) embedding.soon();
  const failure = embedding.failure();
  const isLacking = missing > (failure === undefined ? Math.max(MAX_MISSING, MAX_MISSING_SHARE * stored) : 0);
  const why = failure === undefined ? '' : `: ${withoutStop(failure.message)}`;
  const lacks = isLacking
    ? [{ reason: `vectors are missing of ${missing} episodes${why}`, isPassing: true, ...defined({ failure }) }]
    : [];
  // With nothing to compare it with, nobody is asked for it.
  if (stored === 0) return { vector: undefined, lacks };
  try {
    const vector = await embedding.embedQuery(text, { ...options, budgetMs: QUESTION_BUDGET_MS });
    const dimensions = index.vectors('episode')?.dimensions;
    if (vector.length === dimensions) return { vector, lacks };
    const reason = `only words were searched: ${embedding.model} gives ${vector.length} numbers, and stored are ${dimensions}`;
    return { vector: undefined, lacks: [{ reason, isPassing: false }] };
  } catch (error) {
    if (!isMemoryError(error) || error.code === 'ABORTED' || error.code === 'CLOSED') throw error;
    return {
      vector: undefined,
      lacks: [{ reason: `only words were searched: ${withoutStop(error.message)}`, isPassing: true, failure: error }],
    };
  }
}

/** A message as the end of a reason. */
function withoutStop(message: string): string {
  return message.replace(/\.$/u, '');
}

/** Slots for which nothing was asked but filters: all of them are weighed by the rest, however many there are. */
async function slotsByStanding(
  index: ExperienceIndex,
  { among, here, limit }: { readonly among: SlotSet | undefined; readonly here: Here; readonly limit: number },
): Promise<readonly RankedEpisode[]> {
  const fused = { relevance: 1, parts: { filter: 1 } };
  const turn = turns();
  let kept: RankedEpisode[] = [];
  for (let slot = 0; slot < index.episodes.slots.end; slot += 1) {
    if (among === undefined ? !index.episodes.titles.has(slot) : !hasSlot(among, slot)) continue;
    kept.push({ slot, ...rated(fused, standingAt(index, slot, here)) });
    if (kept.length < POOL) continue;
    await turn();
    kept = kept.sort(byScore(index)).slice(0, limit);
  }
  return kept.sort(byScore(index)).slice(0, limit);
}

/** Equal ones by id, the newer first: slots depend on the order in which an index was made. */
function byScore({ episodes }: ExperienceIndex): (a: RankedEpisode, b: RankedEpisode) => number {
  return (a, b) => b.score - a.score || episodes.slots.compare(b.slot, a.slot);
}

async function episodesOf(
  context: MemoryContext,
  asked: AskedOfIndex,
  options: CallOptions,
): Promise<readonly EpisodeHit[]> {
  const { index, limit } = asked;
  const found = await rankedEpisodes(asked, options);
  return hitsOf(context, { index, found: found.slice(0, limit), attempts: found }, options);
}

/** Reads what was found. What was forgotten since is left out. `attempts`: among which others at the same task are. */
async function hitsOf(
  { store }: MemoryContext,
  asked: {
    readonly index: ExperienceIndex;
    readonly found: readonly RankedEpisode[];
    readonly attempts: readonly RankedEpisode[];
  },
  options: CallOptions,
): Promise<readonly EpisodeHit[]> {
  const { index, found } = asked;
  const groups = groupsOf(asked.attempts);
  const ids = found.map(({ slot }) => index.episodes.slots.idOf(slot) ?? '');
  const episodes = await store.getMany('episode', ids, options);
  const told = new Set<number>();
  return found.flatMap(({ slot, score, why, group }, place): readonly EpisodeHit[] => {
    const episode = episodes[place];
    if (episode === undefined) return [];
    const outcome = episode.status === 'completed' ? episode.outcome.kind : undefined;
    const hit = { episode, score, why, isWarning: isFailed(outcome), attempts: [] };
    // What attempts at one task have in common is said once, with the first of them.
    if (group === undefined || told.has(group)) return [hit];
    told.add(group);
    const others = (groups.get(group) ?? []).filter((other) => other !== slot);
    const read = found.flatMap((other, at) => (other.group === group ? (episodes[at] ?? []) : []));
    return [
      {
        ...hit,
        attempts: others.map((other) => attemptAt(index, other)),
        ...defined({ difference: differenceOf(read) }),
      },
    ];
  });
}

function groupsOf(found: readonly RankedEpisode[]): ReadonlyMap<number, readonly number[]> {
  const groups = new Map<number, number[]>();
  for (const { slot, group } of found) {
    if (group !== undefined) groups.set(group, [...(groups.get(group) ?? []), slot]);
  }
  return groups;
}

function attemptAt({ episodes }: ExperienceIndex, slot: number): OtherAttempt {
  return { episodeId: episodes.slots.idOf(slot) ?? '', outcome: episodes.placeAndTime.outcome(slot) };
}

/** What is known of the cosines of the embedder that is in use. */
async function calibrationOf({ embedding }: MemoryContext, options: CallOptions): Promise<Calibration> {
  return embedding === undefined
    ? { noise: 0, trust: 0 }
    : { noise: await embedding.noise(options), trust: embedding.trust };
}

/** Patterns with enough support: of a question those that answer it, without one those of most support. */
async function patternsOf(
  { store }: MemoryContext,
  asked: {
    readonly index: ExperienceIndex;
    readonly patternFilter: PatternFilter;
    readonly question?: Question;
    readonly limit: number;
  },
  options: CallOptions,
): Promise<readonly PatternHit[]> {
  const { index, patternFilter, question, limit } = asked;
  const { held, slots } = index.patterns;
  const filter = { ...patternFilter, minSupport: MIN_SUPPORT };
  const { bodies } = index.patterns;
  const scale = question && {
    ...question.calibration,
    documents: bodies.documents,
    information: informationOf(question.terms, bodies),
  };
  const among = slotsWhere(slots.end, (slot) => {
    const pattern = held.get(slots.idOf(slot) ?? '');
    return pattern !== undefined && isTold(pattern, filter);
  });
  const found =
    question === undefined || scale === undefined
      ? undefined
      : new Map(
          (await patternCandidates(index, { question, among }, options))
            .filter(({ signals }) => isRelevant(signals, scale))
            .map(({ slot, signals }) => [slots.idOf(slot), fuse(signals, scale)]),
        );
  const isWanted = ({ id }: Pattern): boolean => found === undefined || found.has(id);
  const hits = heldPatterns(index, (pattern) => isTold(pattern, filter) && isWanted(pattern)).map((known) => {
    const fused = found?.get(known.pattern.id) ?? { relevance: 1, parts: { filter: 1 } };
    return { ...known, fused, evidence: [], against: [] };
  });
  return withEvidenceIds(store, { hits: rankPatterns(hits).slice(0, limit) }, options);
}

/** The patterns that the filter lets through, as they are in the index; without their evidence. */
export function heldPatterns(
  { patterns, baselines }: ExperienceIndex,
  isWanted: (pattern: Pattern) => boolean,
): readonly Pick<PatternHit, 'pattern' | 'figures' | 'statement'>[] {
  return [...patterns.held.values()].filter(isWanted).flatMap((pattern) => {
    const baseline = baselines.get(baselineId(pattern.scope));
    if (baseline === undefined || baseline.episodes === 0) return [];
    const figures = patternFigures(pattern, baseline);
    return [{ pattern, figures, statement: patternStatement(pattern, figures) }];
  });
}

/** Nobody is told of what has faded. */
function isTold(pattern: Pattern, filter: PatternFilter): boolean {
  return pattern.standing !== 'faded' && matchesPattern(pattern, filter);
}
