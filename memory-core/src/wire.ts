// The one outward form of everything, in snake_case: arguments and results of the tools, JSON of the terminal
// program, lines of JSONL. Checks what comes in and shapes what goes out; knows no transport.
import { z } from 'zod';
import {
  type Complexity,
  type Episode,
  OUTCOME_KINDS,
  type Outcome,
  type OutcomeKind,
  type Quality,
  type Reflection,
  type Step,
  type TaskType,
} from './episode.ts';
import type { ForgetReceipt } from './forget.ts';
import { type EpisodeInput, FIELDS, type OutcomeInput, type StepInput, type StepResultInput, text } from './input.ts';
import { defined, type JsonObject } from './json.ts';
import { LIMITS } from './limits.ts';
import type { SearchQuery } from './query.ts';
import type { Hint } from './retrieve/hints.ts';
import { pack } from './retrieve/pack.ts';
import type { EpisodeHit, PatternHit, Why } from './retrieve/rank.ts';
import type { SearchResult } from './search.ts';

export const DETAILS = ['ids', 'summary', 'full'] as const;
export type Detail = (typeof DETAILS)[number];

/** A schema for each field of `T`. */
export type ShapeOf<T> = { readonly [K in keyof T]-?: z.ZodType<T[K]> };

/** Arguments of `create_episode`. */
export interface CreateEpisodeArguments {
  readonly task_description: string;
  readonly domain?: string | undefined;
  readonly task_type?: TaskType | undefined;
  readonly project?: string | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
  readonly complexity?: Complexity | undefined;
  readonly repo?: string | undefined;
  readonly branch?: string | undefined;
  readonly files?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly source?: SourceArguments | undefined;
}

export interface SourceArguments {
  readonly agent?: string | undefined;
  readonly session?: string | undefined;
  readonly captured_from?: string | undefined;
  readonly confidence?: number | undefined;
}

/** One step: arguments of `add_step` but for the episode. */
export interface StepArguments {
  readonly tool: string;
  readonly action: string;
  readonly parameters?: JsonObject | undefined;
  readonly result?: StepResultInput | undefined;
  readonly latency_ms?: number | undefined;
  readonly tokens_used?: number | undefined;
  readonly rationale?: string | undefined;
  readonly step_key?: string | undefined;
}

/** The `outcome` argument of `complete_episode`. Which fields go with which kind is checked behind it. */
export interface OutcomeArguments {
  readonly kind: OutcomeKind;
  readonly verdict?: string | undefined;
  readonly artifacts?: readonly string[] | undefined;
  readonly completed?: readonly string[] | undefined;
  readonly failed?: readonly string[] | undefined;
  readonly reason?: string | undefined;
  readonly details?: string | undefined;
}

/** Arguments of `query_memory`. */
export interface QueryArguments {
  readonly query?: string | undefined;
  readonly project?: string | undefined;
  readonly scope?: 'project' | 'all' | undefined;
  readonly domain?: string | undefined;
  readonly task_type?: TaskType | undefined;
  readonly outcome?: OutcomeKind | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly limit?: number | undefined;
  readonly max_tokens?: number | undefined;
  readonly detail?: Detail | undefined;
}

const sourceShape = z.strictObject({
  agent: FIELDS.name.optional(),
  session: FIELDS.name.optional(),
  captured_from: FIELDS.name.optional(),
  confidence: FIELDS.confidence.optional(),
});

export const createEpisodeShape: ShapeOf<CreateEpisodeArguments> = {
  task_description: FIELDS.description.describe('What is to be done, in your own words'),
  domain: FIELDS.name.optional().describe('Area of work, e.g. "auth" or "billing-api"'),
  task_type: FIELDS.taskType.optional(),
  project: FIELDS.name.optional().describe('Default: the project of the working folder'),
  language: FIELDS.name.optional(),
  framework: FIELDS.name.optional(),
  complexity: FIELDS.complexity.optional(),
  repo: FIELDS.name.optional(),
  branch: FIELDS.name.optional(),
  files: FIELDS.files.optional(),
  tags: FIELDS.tags.optional(),
  metadata: FIELDS.metadata.optional(),
  source: sourceShape.optional(),
};

export const stepShape: ShapeOf<StepArguments> = {
  tool: FIELDS.name.describe('Tool or command that was used'),
  action: FIELDS.action.describe('What was done with it'),
  parameters: FIELDS.parameters.optional(),
  result: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('success'), output: FIELDS.resultText.optional() }),
      z.strictObject({ type: z.enum(['error', 'timeout']), message: FIELDS.resultText.optional() }),
    ])
    .optional()
    .describe('How it went; put the error text into message'),
  latency_ms: FIELDS.count.optional(),
  tokens_used: FIELDS.count.optional(),
  rationale: FIELDS.action.optional().describe('Why this step'),
  step_key: FIELDS.name.optional().describe('Your own key: repeating a step with the same key stores it once'),
};

export const outcomeShape: ShapeOf<OutcomeArguments> = {
  kind: z.enum(OUTCOME_KINDS),
  verdict: FIELDS.outcomeText.optional().describe('success, partial: what was reached'),
  artifacts: FIELDS.outcomeItems.optional().describe('success: what was made'),
  completed: FIELDS.outcomeItems.optional().describe('partial'),
  failed: FIELDS.outcomeItems.optional().describe('partial'),
  reason: FIELDS.outcomeText.optional().describe('failure, abstained: why'),
  details: FIELDS.outcomeText.optional().describe('failure'),
};

export const queryShape: ShapeOf<QueryArguments> = {
  query: text(LIMITS.queryBytes)
    .optional()
    .describe('Task, question or error text; may be left out when a filter is given'),
  project: FIELDS.name.optional().describe('Default: the project of the working folder'),
  scope: z.enum(['project', 'all']).optional().describe('"all" looks into every project. Default "project"'),
  domain: FIELDS.name.optional(),
  task_type: FIELDS.taskType.optional(),
  outcome: z.enum(OUTCOME_KINDS).optional(),
  tags: FIELDS.tags.optional(),
  since: FIELDS.time.optional(),
  until: FIELDS.time.optional(),
  limit: z.int().min(1).max(LIMITS.hits).optional().describe('Hits of each kind. Default 10'),
  max_tokens: z.int().min(50).max(100_000).optional().describe('Size of the answer. Default 2000'),
  detail: z.enum(DETAILS).optional().describe('Default "summary"'),
};

export function toEpisodeInput(given: CreateEpisodeArguments): EpisodeInput {
  const { task_description, task_type, source, ...same } = given;
  const { captured_from, ...sameSource } = source ?? {};
  return {
    ...same,
    description: task_description,
    taskType: task_type,
    source: source && { ...sameSource, capturedFrom: captured_from },
  };
}

export function toStepInput(given: StepArguments): StepInput {
  const { latency_ms, tokens_used, step_key, ...same } = given;
  return { ...same, latencyMs: latency_ms, tokensUsed: tokens_used, key: step_key };
}

/** The outcome as the library wants it: a field that does not go with its kind is refused there, by name. */
export function toOutcomeInput(given: OutcomeArguments): OutcomeInput {
  // Which fields belong to which kind is exactly what the library checks next.
  return defined(given) as OutcomeInput;
}

export function toSearchQuery(given: QueryArguments): SearchQuery {
  const { query, task_type, max_tokens: _maxTokens, detail: _detail, ...same } = given;
  return { ...same, text: query, taskType: task_type };
}

/** What went, as tools and terminal show it. */
export interface ForgetResult {
  readonly dry_run: boolean;
  readonly episodes: number;
  /** Oldest first; the first 1,000. */
  readonly episode_ids: readonly string[];
  readonly steps: number;
  readonly evidence: number;
  readonly patterns_gone: number;
  /** The first 1,000. */
  readonly pattern_ids: readonly string[];
  readonly patterns_weakened: number;
  readonly recommendations_gone: number;
  readonly recommendations_changed: number;
  readonly text_entries: number;
  readonly vectors: number;
}

export function forgetResult(receipt: ForgetReceipt): ForgetResult {
  const { patterns, recommendations } = receipt;
  return {
    dry_run: receipt.isDryRun,
    episodes: receipt.episodes,
    episode_ids: receipt.episodeIds,
    steps: receipt.steps,
    evidence: receipt.evidence,
    patterns_gone: patterns.gone,
    pattern_ids: patterns.goneIds,
    patterns_weakened: patterns.weakened,
    recommendations_gone: recommendations.gone,
    recommendations_changed: recommendations.changed,
    text_entries: receipt.textEntries,
    vectors: receipt.vectors,
  };
}

/** The receipt in a sentence or two. */
export function forgetText(result: ForgetResult): string {
  if (result.episodes === 0 && result.recommendations_gone === 0) return 'Nothing matches; nothing was changed.';
  const parts = [
    counted(result.episodes, 'episode', 'episodes'),
    counted(result.steps, 'step', 'steps'),
    counted(result.evidence, 'piece of evidence', 'pieces of evidence'),
    counted(result.patterns_gone, 'pattern', 'patterns'),
    counted(result.recommendations_gone, 'recommendation', 'recommendations'),
    counted(result.text_entries, 'entry of the text index', 'entries of the text index'),
    counted(result.vectors, 'vector', 'vectors'),
  ];
  const rests = [
    ...(result.patterns_weakened === 0 ? [] : [`${result.patterns_weakened} more patterns lose support`]),
    ...(result.recommendations_changed === 0
      ? []
      : [`${result.recommendations_changed} more recommendations no longer name them`]),
  ];
  const rest = rests.length === 0 ? '' : `; ${rests.join(', ')}`;
  return `${result.dry_run ? 'Would forget' : 'Forgot'} ${parts.flat().join(', ')}${rest}.`;
}

/** Nothing is said of what there is none of. */
function counted(count: number, one: string, many: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
}

export interface RewardResult {
  readonly total: number;
  readonly parts: Readonly<Record<string, number>>;
}

/** What every listing of an episode shows. */
export interface EpisodeResult {
  readonly episode_id: string;
  readonly task_description: string;
  readonly project?: string;
  readonly domain?: string;
  readonly task_type: string;
  readonly status: string;
  readonly outcome?: string;
  readonly reward?: number;
  readonly tags: readonly string[];
  readonly started_at: string;
  readonly ended_at?: string;
}

/** An episode with all that is known of it. */
export interface EpisodeDetailResult extends Omit<EpisodeResult, 'outcome' | 'reward'> {
  readonly language?: string;
  readonly framework?: string;
  readonly complexity?: string;
  readonly repo?: string;
  readonly branch?: string;
  readonly files?: readonly string[];
  readonly metadata: JsonObject;
  readonly source: JsonObject;
  readonly outcome?: Outcome;
  readonly reward?: RewardResult;
  readonly reflection?: Reflection;
  readonly quality?: Quality;
  readonly steps: readonly StepResultShape[];
}

export interface StepResultShape {
  readonly step_number: number;
  readonly at: string;
  readonly tool: string;
  readonly action: string;
  readonly rationale?: string;
  readonly parameters: JsonObject;
  readonly result: JsonObject;
  readonly latency_ms?: number;
  readonly tokens_used?: number;
  readonly step_key?: string;
}

export interface EpisodeItem {
  readonly episode_id: string;
  readonly score: number;
  readonly why: Why;
  readonly [field: string]: unknown;
}

export interface PatternItem {
  readonly pattern_id: string;
  readonly score: number;
  readonly why: Why;
  readonly [field: string]: unknown;
}

/** What made an error good before. */
export interface FixItem {
  readonly episode_id: string;
  readonly failed_step: number;
  /** Empty where the record does not say. */
  readonly fix_steps: readonly number[];
  readonly text: string;
  /** How much the two errors are the same, 0–1. */
  readonly match: number;
}

/** A search result as tools and terminal show it. */
export interface QueryResult {
  /** Where the question held the text of an error. */
  readonly fixes: readonly FixItem[];
  readonly episodes: readonly EpisodeItem[];
  readonly patterns: readonly PatternItem[];
  readonly abstained: boolean;
  readonly degraded: readonly string[];
  /** Hits that the token budget kept out. */
  readonly left_out: number;
}

export function episodeResult(episode: Episode): EpisodeResult {
  const isCompleted = episode.status === 'completed';
  return {
    episode_id: episode.id,
    task_description: episode.description,
    ...defined({ project: episode.project, domain: episode.domain }),
    task_type: episode.taskType,
    status: episode.status,
    ...(isCompleted ? { outcome: episode.outcome.kind, reward: rounded(episode.reward.total) } : {}),
    tags: episode.tags,
    started_at: episode.startedAt,
    ...(isCompleted ? { ended_at: episode.endedAt } : {}),
  };
}

export function episodeDetailResult(episode: Episode, steps: readonly Step[]): EpisodeDetailResult {
  const { outcome: _outcome, reward: _reward, ...listed } = episodeResult(episode);
  const { capturedFrom, ...source } = episode.source;
  return {
    ...listed,
    ...episode.context,
    metadata: episode.metadata,
    source: { ...source, ...defined({ captured_from: capturedFrom }) },
    ...(episode.status === 'completed'
      ? {
          outcome: episode.outcome,
          reward: rewardResult(episode.reward),
          reflection: episode.reflection,
          quality: episode.quality,
        }
      : {}),
    steps: steps.map(stepResult),
  };
}

export function stepResult(step: Step): StepResultShape {
  const { originalBytes, ...result } = step.result;
  return {
    step_number: step.number,
    at: step.at,
    tool: step.tool,
    action: step.action,
    ...defined({ rationale: step.rationale }),
    parameters: step.parameters,
    result: { ...result, ...defined({ original_bytes: originalBytes }) },
    ...defined({ latency_ms: step.latencyMs, tokens_used: step.tokensUsed, step_key: step.key }),
  };
}

export function rewardResult(reward: RewardResult): RewardResult {
  return { total: rounded(reward.total), parts: roundedParts(reward.parts) };
}

/** Hits in the detail asked for, as many as fit: fixes of the asked error first, then episodes and patterns by score. */
export function queryResult(
  found: SearchResult,
  asked: { readonly detail: Detail; readonly maxTokens: number },
): QueryResult {
  const hits = [
    ...found.episodes.map((hit) => ({ kind: 'episode' as const, item: episodeItem(hit, asked.detail) })),
    ...found.patterns.map((hit) => ({ kind: 'pattern' as const, item: patternItem(hit, asked.detail) })),
  ].sort((a, b) => b.item.score - a.item.score);
  const items = [...found.fixes.map((fix) => ({ kind: 'fix' as const, item: fixItem(fix) })), ...hits];
  const packed = pack(items, asked.maxTokens);
  return {
    fixes: packed.flatMap((entry) => (entry.kind === 'fix' ? [entry.item] : [])),
    episodes: packed.flatMap((entry) => (entry.kind === 'episode' ? [entry.item] : [])),
    patterns: packed.flatMap((entry) => (entry.kind === 'pattern' ? [entry.item] : [])),
    abstained: found.isAbstained,
    degraded: found.degraded,
    left_out: items.length - packed.length,
  };
}

export function fixItem({ episodeId, failedStep, fixSteps, text: told, match }: Hint): FixItem {
  return { episode_id: episodeId, failed_step: failedStep, fix_steps: fixSteps, text: told, match: rounded(match) };
}

export function episodeItem(hit: EpisodeHit, detail: Detail): EpisodeItem {
  const { episode, score, why, isWarning, attempts, difference } = hit;
  const rated = {
    score: rounded(score),
    why: roundedParts(why),
    ...(isWarning ? { warning: 'This attempt failed: do not repeat it as it was.' } : {}),
    ...(attempts.length === 0
      ? {}
      : { attempts: attempts.map(({ episodeId, outcome }) => defined({ episode_id: episodeId, outcome })) }),
    ...defined({ difference }),
  };
  if (detail === 'ids') return { episode_id: episode.id, ...rated };
  const listed = episodeResult(episode);
  const description = detail === 'full' ? listed.task_description : shortened(listed.task_description, 300);
  return {
    ...listed,
    task_description: description,
    ...rated,
    summary: episodeSummary(episode),
    lessons: episode.status === 'completed' ? lessons(episode.reflection, detail) : [],
    ...(detail === 'full' && episode.status === 'completed'
      ? { reflection: episode.reflection, outcome_details: episode.outcome, metadata: episode.metadata }
      : {}),
  };
}

export function patternItem(
  { pattern, figures, statement, evidence, score, why }: PatternHit,
  detail: Detail,
): PatternItem {
  const rated = { score: rounded(score), why: roundedParts(why) };
  if (detail === 'ids') return { pattern_id: pattern.id, ...rated };
  return {
    pattern_id: pattern.id,
    kind: pattern.kind,
    statement,
    tools: pattern.tools,
    scope: pattern.scope,
    support: pattern.support,
    success_rate: rounded(figures.successRate),
    base_rate: rounded(figures.baseRate),
    ...(figures.lift === undefined ? {} : { lift: rounded(figures.lift) }),
    ...(figures.interval === undefined ? {} : { interval: figures.interval.map(rounded) }),
    evidence: detail === 'full' ? evidence : evidence.slice(-5),
    first_seen: pattern.firstSeen,
    last_seen: pattern.lastSeen,
    ...rated,
  };
}

/** How it ended, in a sentence. */
function episodeSummary(episode: Episode): string {
  if (episode.status === 'open') return 'Still open.';
  const { outcome } = episode;
  switch (outcome.kind) {
    case 'success':
      return outcome.verdict === undefined ? 'Succeeded.' : `Succeeded: ${shortened(outcome.verdict, 300)}`;
    case 'partial':
      return `Partly done: ${outcome.completed.length} completed, ${outcome.failed.length} failed.`;
    case 'failure':
      return outcome.reason === undefined ? 'Failed.' : `Failed: ${shortened(outcome.reason, 300)}`;
    case 'abstained':
      return outcome.reason === undefined ? 'Abstained.' : `Abstained: ${shortened(outcome.reason, 300)}`;
  }
}

/** What a later attempt wants to read first: fixes, then what went wrong. */
function lessons(reflection: Reflection, detail: Detail): readonly string[] {
  const all = [...reflection.insights, ...reflection.improvements, ...reflection.successes];
  return detail === 'full' ? all : all.slice(0, 3).map((lesson) => shortened(lesson, 600));
}

function shortened(value: string, maxCharacters: number): string {
  const characters = [...value];
  return characters.length <= maxCharacters ? value : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

function roundedParts(parts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(parts).map(([part, value]) => [part, rounded(value)]));
}
