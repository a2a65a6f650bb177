// Which entities a filter lets through, and the order they come in. Pure; a store with a query language says the same in it.
import type { TaskCluster } from '../cluster.ts';
import type { Embedding } from '../embedding.ts';
import type { CompletedEpisode, Episode, Step } from '../episode.ts';
import type { Pattern, PatternEvidence, Scope } from '../pattern.ts';
import type {
  ClusterFilter,
  EmbeddingFilter,
  EpisodeFilter,
  Filters,
  PatternFilter,
  StepFilter,
} from '../ports/store.ts';

/**
 * Whether the filter lets the episode through. `order`, `after` and `limit` say which part of the matches is wanted,
 * and in what order, and `embeddingDue` asks for what the episode does not know: they are not looked at.
 */
export function matchesEpisode(episode: Episode, filter: EpisodeFilter): boolean {
  const { source } = episode;
  return (
    isIn(filter.ids, episode.id) &&
    (filter.idPrefix === undefined || episode.id.startsWith(filter.idPrefix)) &&
    isSame(filter.project, episode.project) &&
    isVisible(filter.visibleTo, episode.project) &&
    isSame(filter.domain, episode.domain) &&
    isSame(filter.taskType, episode.taskType) &&
    isSame(filter.status, episode.status) &&
    isSame(filter.agent, source.agent) &&
    isSame(filter.session, source.session) &&
    isSame(filter.capturedFrom, source.capturedFrom) &&
    (filter.tagsAll === undefined || filter.tagsAll.every((tag) => episode.tags.includes(tag))) &&
    (filter.tagsAny === undefined || filter.tagsAny.some((tag) => episode.tags.includes(tag))) &&
    (filter.since === undefined || episode.startedAt >= filter.since) &&
    (filter.until === undefined || episode.startedAt < filter.until) &&
    isAtLeast(filter.minConfidence, source.confidence) &&
    matchesEnd(episode, filter)
  );
}

/** Orders episodes by start, then id: the oldest or the newest first. */
export function compareEpisodes(order: EpisodeFilter['order'] = 'oldest'): (a: EpisodeKey, b: EpisodeKey) => number {
  const sign = order === 'oldest' ? 1 : -1;
  return (a, b) => sign * (compareText(a.startedAt, b.startedAt) || compareText(a.id, b.id));
}

/** What the place of an episode in a list depends on. */
export type EpisodeKey = Pick<Episode, 'startedAt' | 'id'>;

/** Whether the filter lets the step through. */
export function matchesStep(step: Step, filter: StepFilter): boolean {
  return (
    isIn(filter.episodeIds, step.episodeId) &&
    isSame(filter.key, step.key) &&
    (filter.afterNumber === undefined || step.number > filter.afterNumber)
  );
}

/** Orders steps by episode id, then number. */
export function compareSteps(a: Step, b: Step): number {
  return compareText(a.episodeId, b.episodeId) || a.number - b.number;
}

/** Whether the filter lets the pattern through. `embeddingDue` is not looked at. */
export function matchesPattern(pattern: Pattern, filter: PatternFilter): boolean {
  return (
    (filter.idPrefix === undefined || pattern.id.startsWith(filter.idPrefix)) &&
    isSame(filter.kind, pattern.kind) &&
    matchesScope(pattern.scope, filter) &&
    isAtLeast(filter.minSupport, pattern.support)
  );
}

/** Whether the filter lets the kind of task through. */
export function matchesCluster(cluster: TaskCluster, filter: ClusterFilter): boolean {
  return matchesScope(cluster.scope, filter);
}

/** Whether the filter lets the evidence through. */
export function matchesEvidence(evidence: PatternEvidence, filter: Filters['evidence']): boolean {
  return isSame(filter.patternId, evidence.patternId) && isIn(filter.episodeIds, evidence.episodeId);
}

/** Whether the filter lets the embedding through. */
export function matchesEmbedding(embedding: Embedding, filter: EmbeddingFilter): boolean {
  return (
    isSame(filter.ownerKind, embedding.ownerKind) &&
    isIn(filter.ownerIds, embedding.ownerId) &&
    isSame(filter.model, embedding.model)
  );
}

/** The order of evidence: the newest episode first, where ids rise with time. */
export function compareEvidence(a: PatternEvidence, b: PatternEvidence): number {
  return compareText(b.episodeId, a.episodeId) || compareText(b.patternId, a.patternId);
}

/** By code units: the same everywhere, unlike a locale's order. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** An open episode has no outcome and no reward, and owes no learning. */
function matchesEnd(episode: Episode, filter: EpisodeFilter): boolean {
  const end = episode.status === 'completed' ? episode : undefined;
  const reward = end?.reward.total;
  return (
    isSame(filter.outcome, end?.outcome.kind) &&
    isAtLeast(filter.minReward, reward) &&
    (filter.maxReward === undefined || (reward !== undefined && reward <= filter.maxReward)) &&
    isSame(filter.learningPending, end?.learningPending ?? false) &&
    (filter.speaksOf === undefined || (end !== undefined && speaksOf(end, filter.speaksOf)))
  );
}

function speaksOf({ id, reflection, quality }: CompletedEpisode, ids: readonly string[]): boolean {
  const named = [...(reflection.of ?? []), ...(quality.duplicateOf === undefined ? [] : [quality.duplicateOf])];
  return named.some((other) => ids.includes(other)) && !ids.includes(id);
}

/** Whether what the scope holds is let through. */
export function matchesScope({ project, domain }: Scope, filter: ClusterFilter): boolean {
  return isSame(filter.project, project) && isVisible(filter.visibleTo, project) && isSame(filter.domain, domain);
}

function isIn(wanted: readonly string[] | undefined, value: string): boolean {
  return wanted === undefined || wanted.includes(value);
}

function isSame<T>(wanted: T | undefined, value: T | undefined): boolean {
  return wanted === undefined || wanted === value;
}

function isAtLeast(least: number | undefined, value: number | undefined): boolean {
  return least === undefined || (value !== undefined && value >= least);
}

function isVisible(reader: { readonly project?: string } | undefined, project: string | undefined): boolean {
  return reader === undefined || project === undefined || project === reader.project;
}
