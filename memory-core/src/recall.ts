// Getting experience back: search, hints for an error, recommendations and what came of them.
import { type MemoryContext, retryingConflicts, timeOf } from './context.ts';
import { MemoryError } from './errors.ts';
import { parse } from './input.ts';
import { defined } from './json.ts';
import type { CallOptions, EpisodeFilter, Put } from './ports/store.ts';
import { type FeedbackInput, feedbackInput, type RecommendQuery, recommendQuery } from './query.ts';
import type { Feedback, Recommendation } from './recommendation.ts';
import type { Hint } from './retrieve/hints.ts';
import { fixesOf, type SearchResult, search } from './search.ts';

const DEFAULT_RECOMMENDED = 5;

/** Fixes of earlier errors like this one, in this project and what belongs to none. */
export async function hintsForError(
  context: MemoryContext,
  error: string,
  scope: { readonly project: string | undefined; readonly exceptEpisode: string },
  options: CallOptions,
): Promise<readonly Hint[]> {
  const filter: EpisodeFilter = { status: 'completed', visibleTo: defined({ project: scope.project }) };
  const fixes = await fixesOf(context, { error, filter }, options);
  return fixes.filter(({ episodeId }) => episodeId !== scope.exceptEpisode);
}

export interface Recommended extends SearchResult {
  /** To tell what came of it, with `recordFeedback`. */
  readonly recommendationId: string;
}

/** What helps with a task, kept so that feedback can name it. */
export async function recommend(
  context: MemoryContext,
  query: RecommendQuery,
  options: CallOptions,
): Promise<Recommended> {
  const { description, project, limit = DEFAULT_RECOMMENDED, ...situation } = parse(recommendQuery, query, 'task');
  const found = await search(context, { text: description, project, limit, situation }, options);
  const value: Recommendation = {
    id: context.newId(),
    version: 1,
    at: timeOf(context),
    description,
    ...defined({ project: project ?? context.project, domain: situation.domain }),
    episodeIds: found.episodes.map(({ episode }) => episode.id),
    patternIds: found.patterns.map(({ pattern }) => pattern.id),
  };
  await context.store.write([{ op: 'put', kind: 'recommendation', value, ifVersion: 0 }], {
    ...options,
    actor: context.actor,
  });
  return { ...found, recommendationId: value.id };
}

/**
 * Records what came of a recommendation; patterns that were applied gain or lose utility in the same write.
 * @throws `NOT_FOUND`; `INVALID_STATE` when it has its feedback already; `INVALID_INPUT` for an id that was not offered.
 */
export async function recordFeedback(
  context: MemoryContext,
  input: FeedbackInput,
  options: CallOptions,
): Promise<Recommendation> {
  const { recommendationId, applied, isSuccess, note } = parse(feedbackInput, input, 'feedback');
  const feedback: Feedback = { at: timeOf(context), applied: [...new Set(applied)], isSuccess, ...defined({ note }) };
  return retryingConflicts(async () => {
    const [[offered], utility] = await Promise.all([
      context.store.getMany('recommendation', [recommendationId], options),
      utilityWrites(context, [feedback], options),
    ]);
    const open = acceptsFeedback(offered, recommendationId, feedback);
    const value: Recommendation = { ...open, version: open.version + 1, feedback };
    await context.store.write([{ op: 'put', kind: 'recommendation', value, ifVersion: open.version }, ...utility], {
      ...options,
      actor: context.actor,
    });
    return value;
  });
}

function acceptsFeedback(offered: Recommendation | undefined, id: string, feedback: Feedback): Recommendation {
  if (offered === undefined) throw new MemoryError('NOT_FOUND', `There is no recommendation ${id}; ask for one first.`);
  if (offered.feedback !== undefined) {
    throw new MemoryError('INVALID_STATE', `Recommendation ${id} already has its feedback; ask for a new one.`);
  }
  const known = new Set([...offered.episodeIds, ...offered.patternIds]);
  const stranger = feedback.applied.find((appliedId) => !known.has(appliedId));
  if (stranger !== undefined) {
    throw new MemoryError('INVALID_INPUT', `applied: ${stranger} was not part of recommendation ${id}.`);
  }
  return offered;
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
  return patterns.flatMap((pattern): readonly Put<'pattern'>[] => {
    if (pattern === undefined) return [];
    const told = feedbacks.filter(({ applied }) => applied.includes(pattern.id));
    const value = {
      ...pattern,
      version: pattern.version + 1,
      applied: pattern.applied + told.length,
      appliedSuccesses: pattern.appliedSuccesses + told.filter(({ isSuccess }) => isSuccess).length,
    };
    return [{ op: 'put', kind: 'pattern', value, ifVersion: pattern.version }];
  });
}
