// Getting experience back: search, hints for an error, recommendations and what came of them.
import type { TaskCluster } from './cluster.ts';
import { collect, type MemoryContext, retryingConflicts, timeOf } from './context.ts';
import type { CompletedEpisode } from './episode.ts';
import { MemoryError, refusedInput } from './errors.ts';
import { alikeTasks } from './gather/alike-tasks.ts';
import type { ExperienceIndex } from './gather/experience-index.ts';
import { gatherPatterns, withEvidenceIds } from './gather/gather.ts';
import { heldPatterns } from './gather/index-answer.ts';
import { parse } from './input.ts';
import { defined } from './json.ts';
import { nearestCluster } from './learn/clusters/nearest-cluster.ts';
import { attemptAt, isAlike, type SimilarAttempt } from './learn/fit-and-risk.ts';
import { citedEpisodes, citedPatterns, playbook, withPatternEvidence } from './learn/playbook.ts';
import { LIMITS } from './limits.ts';
import { MIN_SUPPORT, type Pattern } from './pattern.ts';
import type { CallOptions, EpisodeFilter, PatternFilter, Put } from './ports/store.ts';
import { type FeedbackInput, feedbackInput, type RecommendQuery, recommendQuery } from './query.ts';
import { existing } from './reading.ts';
import { type Feedback, type Playbook, type Recommendation, wentWell } from './recommendation.ts';
import { type Hint, hintsOfAll } from './retrieve/hints.ts';
import type { PatternHit } from './retrieve/rank.ts';
import { queryTerms } from './retrieve/tokenize.ts';
import { fixesOf, type SearchResult, search } from './search.ts';
import { matchesPattern } from './stores/filters.ts';

const DEFAULT_RECOMMENDED = 5;
/** Hits that say which patterns and areas of work have to do with the task, however few are shown. */
const CONSIDERED = 20;
/** Patterns looked at for a playbook where there is no index yet; and kinds of task. */
const MAX_PATTERNS = 1_000;
const MAX_CLUSTERS = 500;

/** Fixes of earlier errors like these, in this project and what belongs to none. */
export async function hintsForErrors(
  context: MemoryContext,
  errors: readonly string[],
  scope: { readonly project: string | undefined; readonly exceptEpisode: string },
  options: CallOptions,
): Promise<readonly Hint[]> {
  const filter: EpisodeFilter = { status: 'completed', visibleTo: defined({ project: scope.project }) };
  const byError = await Promise.all(errors.map((error) => fixesOf(context, { error, filter }, options)));
  return hintsOfAll(byError.map((fixes) => fixes.filter(({ episodeId }) => episodeId !== scope.exceptEpisode)));
}

/** What helps with a task. */
export interface Advised extends SearchResult {
  /** What all of it says about how to go about the task. */
  readonly playbook: Playbook;
}

/** What helps with a task, under an id that feedback can name. */
export interface Recommended extends Advised {
  /** To tell what came of it, with `recordFeedback`. */
  readonly recommendationId: string;
}

/** What helps with a task, kept so that feedback can name it. What may be chance is never all that is offered. */
export async function recommend(
  context: MemoryContext,
  query: RecommendQuery,
  options: CallOptions,
): Promise<Recommended> {
  const asked = parse(recommendQuery, query, 'task');
  const offered = await adviceOn(context, asked, options);
  const { description, domain, episodeId } = asked;
  const value: Recommendation = {
    id: context.newId(),
    version: 1,
    at: timeOf(context),
    description,
    ...defined({ project: asked.project ?? context.project, domain, episodeId }),
    episodeIds: shownEpisodes(offered),
    patternIds: [
      ...new Set([...offered.patterns.map(({ pattern }) => pattern.id), ...citedPatterns(offered.playbook)]),
    ],
  };
  await context.store.write([{ op: 'put', kind: 'recommendation', value, ifVersion: 0 }], {
    ...options,
    actor: context.actor,
  });
  return { ...offered, recommendationId: value.id };
}

/** The same without keeping anything of it, so that no feedback can name it. */
export async function advise(context: MemoryContext, query: RecommendQuery, options: CallOptions): Promise<Advised> {
  return adviceOn(context, parse(recommendQuery, query, 'task'), options);
}

async function adviceOn(context: MemoryContext, asked: RecommendQuery, options: CallOptions): Promise<Advised> {
  const { description, project, episodeId, except: others = [], limit = DEFAULT_RECOMMENDED, ...situation } = asked;
  const own = episodeId === undefined ? [] : [(await existing(context, episodeId, options)).id];
  const except = [...new Set([...own, ...others])].slice(0, LIMITS.hits);
  const { domain } = situation;
  const wide = Math.max(limit, CONSIDERED);
  const filter = { visibleTo: defined({ project: project ?? context.project }), ...defined({ domain }) };
  // Side by side: a question to a store that is far away takes its time, and all four are of the same moment.
  const [found, attempts, index, kinds] = await Promise.all([
    search(context, { text: description, project, domain, situation, except, limit: wide }, options),
    alikeTasks(context, { description, filter, except }, options),
    context.index.current(options),
    collect(context.store.scan('cluster', filter, options), MAX_CLUSTERS),
  ]);
  const told = await playbookOf(context, { asked, found, attempts, index, kinds }, options);
  const patterns = found.patterns.filter(({ pattern }) => pattern.standing === 'confirmed' || isBacked(found));
  const offered = { ...found, episodes: found.episodes.slice(0, limit), patterns: patterns.slice(0, limit) };
  const isEmpty = [offered.episodes, offered.patterns, offered.fixes, told.steps].every(({ length }) => length === 0);
  return { ...offered, isAbstained: isEmpty, playbook: told };
}

/** Whatever is shown can be named in feedback: what was found, what it is borne out by, what the playbook cites. */
function shownEpisodes({ episodes, patterns, fixes, playbook: told }: Advised): readonly string[] {
  return [
    ...new Set([
      ...episodes.map(({ episode }) => episode.id),
      ...citedEpisodes(told),
      ...fixes.map(({ episodeId }) => episodeId),
      ...episodes.flatMap(({ attempts }) => attempts.map(({ episodeId }) => episodeId)),
      ...patterns.flatMap(({ evidence, against }) => [...evidence, ...against]),
    ]),
  ];
}

/** Whether something stands beside what may be chance. */
function isBacked({ episodes, patterns }: SearchResult): boolean {
  return episodes.length > 0 || patterns.some(({ pattern }) => pattern.standing === 'confirmed');
}

interface Known {
  readonly asked: RecommendQuery;
  readonly found: SearchResult;
  /** Chosen by likeness alone. */
  readonly attempts: readonly CompletedEpisode[];
  readonly index: ExperienceIndex | undefined;
  /** Those that the project sees; of the domain that was named. */
  readonly kinds: readonly TaskCluster[];
}

async function playbookOf(context: MemoryContext, known: Known, options: CallOptions): Promise<Playbook> {
  const { asked, found } = known;
  const words = queryTerms(asked.description);
  const attempts = known.attempts.map((episode) => attemptAt(words, episode)).sort(byLikeness);
  const foundIds = new Set(found.patterns.map(({ pattern }) => pattern.id));
  const patterns = (await confirmedPatterns(context, known, options)).map((confirmed) => {
    return { ...confirmed, isFound: foundIds.has(confirmed.pattern.id) };
  });
  const made = playbook({
    task: { ...asked, project: asked.project ?? context.project },
    attempts,
    patterns,
    kindOfTask: kindOfTask(known, attempts[0]),
  });
  const ids = citedPatterns(made);
  const cited = patterns.filter(({ pattern }) => ids.includes(pattern.id));
  const hits = cited.map((confirmed) => ({ ...confirmed, evidence: [], against: [], score: 0, why: {} }));
  const evidence = await withEvidenceIds(context.store, { hits }, options);
  return withPatternEvidence(made, new Map(evidence.map((hit) => [hit.pattern.id, hit.evidence])));
}

/** Of equals the newer first: ids rise with time. */
function byLikeness(a: SimilarAttempt, b: SimilarAttempt): number {
  return b.likeness - a.likeness || (a.episode.id < b.episode.id ? 1 : -1);
}

/** That of the attempt that reads like the same task, else the kind whose words and circumstances fit best. */
function kindOfTask({ asked, found, kinds }: Known, nearest: SimilarAttempt | undefined): TaskCluster | undefined {
  const domains = domainsOf({ asked, found });
  const clusters = kinds.filter(({ scope }) => domains.has(scope.domain));
  const same = nearest !== undefined && isAlike(nearest) ? nearest.episode.id : '';
  return (
    clusters.find(({ memberIds }) => memberIds.includes(same)) ??
    nearestCluster(
      {
        description: asked.description,
        ...defined({ taskType: asked.taskType, language: asked.language, framework: asked.framework }),
      },
      clusters,
    )?.cluster
  );
}

/** The domain that was named, else those that what was found is of. */
function domainsOf({ asked, found }: Pick<Known, 'asked' | 'found'>): ReadonlySet<string | undefined> {
  if (asked.domain !== undefined) return new Set([asked.domain]);
  return new Set([
    ...found.episodes.map(({ episode }) => episode.domain),
    ...found.patterns.map(({ pattern }) => pattern.scope.domain),
  ]);
}

/** Confirmed patterns of these domains. */
async function confirmedPatterns(
  { store, project: own }: MemoryContext,
  { asked, found, index }: Known,
  options: CallOptions,
): Promise<readonly Pick<PatternHit, 'pattern' | 'figures' | 'statement'>[]> {
  const domains = domainsOf({ asked, found });
  const filter: PatternFilter = { visibleTo: defined({ project: asked.project ?? own }), minSupport: MIN_SUPPORT };
  const isWanted = (pattern: Pattern): boolean =>
    pattern.standing === 'confirmed' && domains.has(pattern.scope.domain) && matchesPattern(pattern, filter);
  if (index !== undefined) return heldPatterns(index, isWanted);
  const gathered = await gatherPatterns(store, { terms: undefined, filter, limit: MAX_PATTERNS }, options);
  return gathered.filter(({ pattern }) => isWanted(pattern));
}

/**
 * Records what came of a recommendation; patterns that were applied gain or lose utility in the same write.
 * @throws `NOT_FOUND`; `INVALID_STATE` when it has its feedback already, or its episode is still open and nothing else says
 * how it ended; `INVALID_INPUT` for an id that was not offered, for one that is said to be two things at once, and when
 * something was applied and nobody says how it ended
 */
export async function recordFeedback(
  context: MemoryContext,
  input: FeedbackInput,
  options: CallOptions,
): Promise<Recommendation> {
  const given = parse(feedbackInput, input, 'feedback');
  const named = namedIn(given);
  return retryingConflicts(async () => {
    const [[offered], utility] = await Promise.all([
      context.store.getMany('recommendation', [given.recommendationId], options),
      context.store.getMany('pattern', named.applied, options),
    ]);
    const open = acceptsFeedback(offered, given, named);
    const episodeId = given.episodeId ?? open.episodeId;
    const isSuccess = given.isSuccess ?? (await outcomeOf(context, { episodeId, named }, options));
    const feedback: Feedback = { at: timeOf(context), ...named, ...defined({ isSuccess, note: given.note }) };
    const value: Recommendation = { ...open, ...defined({ episodeId }), version: open.version + 1, feedback };
    const writes = utility.flatMap((pattern) => (pattern === undefined ? [] : utilityWrite(pattern, [feedback])));
    await context.store.write([{ op: 'put', kind: 'recommendation', value, ifVersion: open.version }, ...writes], {
      ...options,
      actor: context.actor,
    });
    return value;
  });
}

type Named = Pick<Feedback, 'applied' | 'ignored' | 'helped' | 'hindered'>;

/** @throws `INVALID_INPUT` for an id that is said to be two things that exclude each other */
function namedIn({ applied = [], ignored = [], helped = [], hindered = [] }: FeedbackInput): Named {
  const followed = new Set([...applied, ...helped, ...hindered]);
  const both = helped.find((id) => hindered.includes(id));
  if (both !== undefined) {
    throw refusedInput([{ path: 'helped', problem: `${both} is in hindered as well; leave it in one of them` }]);
  }
  const left = ignored.find((id) => followed.has(id));
  if (left !== undefined) {
    const problem = `${left} is among what was applied as well; leave it in one of them`;
    throw refusedInput([{ path: 'ignored', problem }]);
  }
  const listed = (ids: readonly string[]): readonly string[] | undefined =>
    ids.length === 0 ? undefined : [...new Set(ids)];
  return {
    applied: [...followed],
    ...defined({ ignored: listed(ignored), helped: listed(helped), hindered: listed(hindered) }),
  };
}

function acceptsFeedback(offered: Recommendation | undefined, given: FeedbackInput, named: Named): Recommendation {
  const { recommendationId: id, episodeId } = given;
  if (offered === undefined) throw new MemoryError('NOT_FOUND', `There is no recommendation ${id}; ask for one first.`);
  if (offered.feedback !== undefined) {
    throw new MemoryError('INVALID_STATE', `Recommendation ${id} already has its feedback; ask for a new one.`);
  }
  if (episodeId !== undefined && offered.episodeId !== undefined && episodeId !== offered.episodeId) {
    const what = `recommendation ${id} was asked for episode ${offered.episodeId}; leave the other out`;
    throw new MemoryError('INVALID_INPUT', `feedback: ${what}.`);
  }
  const known = new Set([...offered.episodeIds, ...offered.patternIds]);
  for (const [field, ids] of Object.entries(named)) {
    const stranger = ids?.find((one: string) => !known.has(one));
    if (stranger === undefined) continue;
    throw refusedInput([{ path: field, problem: `${stranger} was not part of recommendation ${id}` }]);
  }
  return offered;
}

/** How the attempt ended, by its episode. An abstention says nothing. */
async function outcomeOf(
  context: MemoryContext,
  { episodeId, named }: { readonly episodeId: string | undefined; readonly named: Named },
  options: CallOptions,
): Promise<boolean | undefined> {
  const isNeeded = named.applied.some((id) => !named.helped?.includes(id) && !named.hindered?.includes(id));
  if (episodeId === undefined) {
    if (!isNeeded) return undefined;
    const what = 'nobody says how the attempt ended; give its outcome, or name its episode';
    throw new MemoryError('INVALID_INPUT', `feedback: ${what}.`);
  }
  const episode = await existing(context, episodeId, options);
  if (episode.status === 'completed') {
    return episode.outcome.kind === 'abstained' ? undefined : episode.outcome.kind === 'success';
  }
  if (!isNeeded) return undefined;
  throw new MemoryError('INVALID_STATE', `Episode ${episodeId} is still open; complete it first, or say how it ended.`);
}

/** What patterns gain or lose by feedback that is stored in the same write. */
export async function utilityWrites(
  context: MemoryContext,
  feedbacks: readonly Feedback[],
  options: CallOptions,
): Promise<readonly Put<'pattern'>[]> {
  const ids = [...new Set(feedbacks.flatMap(({ applied }) => applied))];
  if (ids.length === 0) return [];
  const patterns = await context.store.getMany('pattern', ids, options);
  return patterns.flatMap((pattern) => (pattern === undefined ? [] : utilityWrite(pattern, feedbacks)));
}

function utilityWrite(pattern: Pattern, feedbacks: readonly Feedback[]): readonly Put<'pattern'>[] {
  const told = feedbacks.flatMap((feedback) => wentWell(feedback, pattern.id) ?? []);
  if (told.length === 0) return [];
  const value = {
    ...pattern,
    version: pattern.version + 1,
    applied: pattern.applied + told.length,
    appliedSuccesses: pattern.appliedSuccesses + told.filter((isGood) => isGood).length,
  };
  return [{ op: 'put', kind: 'pattern', value, ifVersion: pattern.version }];
}
