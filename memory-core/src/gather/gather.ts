// Candidates for a question from the store itself: from its text index, or a bounded scan.
import { collect, someAtOnce } from '../context.ts';
import type { Episode } from '../episode.ts';
import {
  baselineId,
  isHelpful,
  MIN_SUPPORT,
  type Pattern,
  patternFigures,
  patternStatement,
  type Standing,
} from '../pattern.ts';
import type { CallOptions, EpisodeFilter, MemoryStore, PatternFilter } from '../ports/store.ts';
import { rankByDescription } from '../retrieve/description.ts';
import type { Fused } from '../retrieve/fuse.ts';
import { type PatternHit, rankPatterns } from '../retrieve/rank.ts';

export interface Candidates<T> {
  readonly found: readonly T[];
  /** Why the answer may be less complete than it could be; empty when nothing stood in the way. */
  readonly degraded: readonly string[];
}

export type EpisodeCandidate = { readonly episode: Episode; readonly relevance: number };
export type PatternCandidate = Omit<PatternHit, 'score' | 'why'> & { readonly fused: Fused };

/** Candidates asked of the index for each hit wanted: later parts of the score reorder them. */
const OVERSAMPLING = 5;
const MIN_CANDIDATES = 50;
/** Episodes looked at where the store has no text index. */
const MAX_SCANNED = 5_000;
/** Episodes looked into for the fix of an error. */
export const FIX_EPISODES = 10;
/** Evidence for a pattern that is told in a search, and as much against it. */
const MAX_EVIDENCE = 20;
/** Patterns whose evidence is read at once. */
const EVIDENCE_AT_ONCE = 8;
/** What is told of without being asked for. */
const TOLD: readonly Standing[] = ['confirmed', 'candidate'];

/** Episodes that match any of `terms` within the filter; without terms the newest within it, all equally relevant. */
export async function gatherEpisodes(
  store: MemoryStore,
  asked: { readonly terms: readonly string[] | undefined; readonly filter: EpisodeFilter; readonly limit: number },
  options: CallOptions,
): Promise<Candidates<EpisodeCandidate>> {
  const { terms, filter } = asked;
  const limit = Math.max(MIN_CANDIDATES, asked.limit * OVERSAMPLING);
  if (terms === undefined) {
    const newest = await collect(store.scan('episode', { ...filter, order: 'newest', limit }, options));
    return { found: newest.map((episode) => ({ episode, relevance: 1 })), degraded: [] };
  }
  if (store.text === undefined) {
    const newest = await collect(store.scan('episode', { ...filter, order: 'newest', limit: MAX_SCANNED }, options));
    const degraded = [
      `${store.name} has no text index: only descriptions of the newest ${MAX_SCANNED} episodes were read`,
    ];
    return { found: rankByDescription(newest, terms).slice(0, limit), degraded };
  }
  const { hits } = await store.text.match({ kind: 'episode', terms, limit, filter }, options);
  const episodes = await store.getMany(
    'episode',
    hits.map((hit) => hit.id),
    options,
  );
  return { found: joined(hits, episodes, (episode, relevance) => ({ episode, relevance })), degraded: [] };
}

/** Patterns with enough support that match any of `terms`; without terms, those of the scope. Faded ones if asked for. */
export async function gatherPatterns(
  store: MemoryStore,
  asked: {
    readonly terms: readonly string[] | undefined;
    readonly filter: PatternFilter;
    readonly limit: number;
    readonly standings?: readonly Standing[] | undefined;
  },
  options: CallOptions,
): Promise<readonly PatternCandidate[]> {
  const filter = { ...asked.filter, minSupport: Math.max(MIN_SUPPORT, asked.filter.minSupport ?? 0) };
  const limit = Math.max(MIN_CANDIDATES, asked.limit * OVERSAMPLING);
  const matched = await matchedPatterns(store, { terms: asked.terms, filter, limit }, options);
  const standings = asked.standings ?? TOLD;
  return withFigures(
    store,
    matched.filter(({ pattern }) => standings.includes(pattern.standing)),
    options,
  );
}

/** One pattern as hits tell it, of any standing and support; `undefined` where there is none. */
export async function gatherPattern(
  store: MemoryStore,
  { id, maxEvidence }: { readonly id: string; readonly maxEvidence: number },
  options: CallOptions,
): Promise<PatternHit | undefined> {
  const [pattern] = await store.getMany('pattern', [id], options);
  if (pattern === undefined) return undefined;
  const hits = rankPatterns(await withFigures(store, [{ pattern, relevance: 1 }], options));
  const [hit] = await withEvidenceIds(store, { hits, maxEvidence }, options);
  return hit;
}

async function withFigures(
  store: MemoryStore,
  matched: readonly { readonly pattern: Pattern; readonly relevance: number }[],
  options: CallOptions,
): Promise<readonly PatternCandidate[]> {
  const baselines = await store.getMany(
    'baseline',
    matched.map(({ pattern }) => baselineId(pattern.scope)),
    options,
  );
  return matched.flatMap(({ pattern, relevance }, index) => {
    const baseline = baselines[index];
    if (baseline === undefined || baseline.episodes === 0) return [];
    const figures = patternFigures(pattern, baseline);
    const fused = { relevance, parts: { text: relevance } };
    return [{ pattern, fused, figures, statement: patternStatement(pattern, figures), evidence: [], against: [] }];
  });
}

/**
 * The hits with the ids of the newest episodes for them and of the newest against them, `maxEvidence` of each. Asked for
 * last, for the few that are shown.
 */
export async function withEvidenceIds(
  store: MemoryStore,
  { hits, maxEvidence = MAX_EVIDENCE }: { readonly hits: readonly PatternHit[]; readonly maxEvidence?: number },
  options: CallOptions,
): Promise<readonly PatternHit[]> {
  const told = someAtOnce(hits, EVIDENCE_AT_ONCE, async (hit): Promise<PatternHit> => {
    const sides = await evidenceBySide(store, { pattern: hit.pattern, maxEvidence }, options);
    const [evidence, against] = isHelpful(hit.figures)
      ? [sides.successes, sides.failures]
      : [sides.failures, sides.successes];
    return { ...hit, evidence, against };
  });
  return collect(told);
}

/** Ids of the newest episodes that hold a pattern, the newest last: those that count as successes apart from the others. */
async function evidenceBySide(
  store: MemoryStore,
  { pattern, maxEvidence }: { readonly pattern: Pattern; readonly maxEvidence: number },
  options: CallOptions,
): Promise<{ readonly successes: readonly string[]; readonly failures: readonly string[] }> {
  const { episodes, successes: good } = pattern.kept ?? { episodes: pattern.support, successes: pattern.successes };
  const [successes, failures]: [string[], string[]] = [[], []];
  for await (const { episodeId, isSuccess } of store.scan('evidence', { patternId: pattern.id }, options)) {
    const side = isSuccess ? successes : failures;
    if (side.length < maxEvidence) side.push(episodeId);
    const isWhole = successes.length >= Math.min(maxEvidence, good);
    if (isWhole && failures.length >= Math.min(maxEvidence, episodes - good)) break;
  }
  return { successes: successes.reverse(), failures: failures.reverse() };
}

async function matchedPatterns(
  store: MemoryStore,
  asked: { readonly terms: readonly string[] | undefined; readonly filter: PatternFilter; readonly limit: number },
  options: CallOptions,
): Promise<readonly { readonly pattern: Pattern; readonly relevance: number }[]> {
  const { terms, filter, limit } = asked;
  if (terms === undefined || store.text === undefined) {
    const all = await collect(store.scan('pattern', filter, options), MAX_SCANNED);
    const strongest = all.sort((a, b) => b.support - a.support).slice(0, limit);
    return strongest.map((pattern) => ({ pattern, relevance: 1 }));
  }
  const { hits } = await store.text.match({ kind: 'pattern', terms, limit, filter }, options);
  const patterns = await store.getMany(
    'pattern',
    hits.map((hit) => hit.id),
    options,
  );
  return joined(hits, patterns, (pattern, relevance) => ({ pattern, relevance }));
}

/** Hits with their entities. One that was forgotten since the index answered is left out. */
function joined<T, R>(
  hits: readonly { readonly relevance: number }[],
  entities: readonly (T | undefined)[],
  join: (entity: T, relevance: number) => R,
): readonly R[] {
  return hits.flatMap(({ relevance }, index) => {
    const entity = entities[index];
    return entity === undefined ? [] : [join(entity, relevance)];
  });
}
