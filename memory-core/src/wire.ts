// The one outward form of everything, in snake_case: arguments and results of the tools, JSON of the terminal
// program, lines of JSONL. Checks what comes in and shapes what goes out; knows no transport.
import { z } from 'zod';
import { type Complexity, OUTCOME_KINDS, type OutcomeKind, type TaskType } from './episode.ts';
import { MemoryError } from './errors.ts';
import type { ForgetReceipt } from './forget.ts';
import { type EpisodeInput, FIELDS, type OutcomeInput, type StepInput, type StepResultInput, text } from './input.ts';
import { defined, type JsonObject } from './json.ts';
import { LIMITS } from './limits.ts';
import type { SearchQuery } from './query.ts';
import { DETAILS, type Detail } from './wire/hits.ts';
import type { ShapeOf } from './wire/shape.ts';

export { legible, oneLine } from './clip.ts';
export { estimatedTokens, fitting } from './retrieve/pack.ts';
export { unknownProjectText } from './unknown-project.ts';
export {
  type AdviceResult,
  adviceResult,
  type FeedbackArguments,
  type FeedbackResult,
  feedbackResult,
  feedbackShape,
  feedbackText,
  type PlaybookItemResult,
  type PlaybookResult,
  playbookLines,
  playbookResult,
  type RecommendationArguments,
  type RecommendationResult,
  recommendationResult,
  recommendationShape,
  toFeedbackInput,
  toRecommendQuery,
} from './wire/advice.ts';
export {
  type AggregateAnswer,
  type AggregateArguments,
  type AggregateFilterArguments,
  type AggregateGroupItem,
  aggregateAnswer,
  aggregateResult,
  aggregateShape,
  toAggregateQuery,
} from './wire/aggregate.ts';
export { type ClusterItem, clusterItem } from './wire/clusters.ts';
export {
  type EpisodeDetailResult,
  type EpisodeResult,
  episodeDetailResult,
  episodeResult,
  evidenceResult,
  type QualityResult,
  qualityResult,
  type RewardResult,
  reflectionResult,
  rewardResult,
  type StepResultShape,
  stepResult,
  summaryResult,
} from './wire/episode.ts';
export {
  type Detail,
  type EpisodeItem,
  type FixItem,
  fixItem,
  fixLine,
  type HitItem,
  hitLines,
  hitsOf,
  type PatternItem,
  patternItem,
  type QueryResult,
  queryResult,
  restLines,
} from './wire/hits.ts';
export { episodeIdField, patternIdField } from './wire/ids.ts';
export {
  type ListedArguments,
  listedEpisode,
  listedLine,
  listedShape,
  nameText,
  toEpisodeChange,
  toListedFilter,
  type UpdateArguments,
  updateShape,
} from './wire/listing.ts';
export type { ShapeOf } from './wire/shape.ts';
export { scoreText, sumText } from './wire/shares.ts';

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
  readonly files?: readonly string[] | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
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
  project: FIELDS.name.optional().describe("Default: that of the server's folder, over HTTP none"),
  language: FIELDS.name.optional(),
  framework: FIELDS.name.optional(),
  complexity: FIELDS.complexity.optional(),
  repo: FIELDS.name.optional(),
  branch: FIELDS.name.optional(),
  files: FIELDS.files.optional(),
  tags: FIELDS.tags.optional().describe('Of letters, digits, "_" and "-"'),
  metadata: FIELDS.metadata.optional(),
  source: sourceShape.optional(),
};

/** What a step answered is one text, whichever of its two names a caller thinks of. */
const stepResultSchema: z.ZodType<StepResultInput> = z
  .strictObject({
    type: z.enum(['success', 'error', 'timeout']),
    output: FIELDS.resultText.optional().describe('success: what it answered'),
    message: FIELDS.resultText.optional().describe('error, timeout: the whole error text'),
  })
  .transform(({ type, output, message }, context) => {
    if (output !== undefined && message !== undefined) {
      const [home, stranger] = type === 'success' ? ['output', 'message'] : ['message', 'output'];
      const what = `does not go with ${type} beside ${home}; put all of the text into ${home}`;
      context.addIssue({ code: 'custom', path: [stranger], message: what });
      return z.NEVER;
    }
    const said = message ?? output;
    return type === 'success' ? { type, ...defined({ output: said }) } : { type, ...defined({ message: said }) };
  });

export const stepShape: ShapeOf<StepArguments> = {
  tool: FIELDS.name.describe('Tool or command that was used'),
  action: FIELDS.action.describe('What was done with it'),
  parameters: FIELDS.parameters.optional(),
  result: stepResultSchema.optional().describe('How it went'),
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
  project: FIELDS.name.optional().describe("Default: that of the server's folder, over HTTP none"),
  scope: z.enum(['project', 'all']).optional().describe('"all" looks into every project. Default "project"'),
  domain: FIELDS.name.optional(),
  task_type: FIELDS.taskType.optional(),
  outcome: z.enum(OUTCOME_KINDS).optional(),
  tags: FIELDS.tags.optional(),
  since: FIELDS.time.optional(),
  until: FIELDS.time.optional(),
  files: FIELDS.files.optional().describe('What you work on: files, language and framework rank, and hide nothing'),
  language: FIELDS.name.optional(),
  framework: FIELDS.name.optional(),
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

/** What goes with each kind of outcome, the text that tells most first. */
const OUTCOME_FIELDS: {
  readonly [K in OutcomeKind]: readonly [keyof OutcomeArguments, ...(keyof OutcomeArguments)[]];
} = {
  success: ['verdict', 'artifacts'],
  partial: ['verdict', 'completed', 'failed'],
  failure: ['reason', 'details'],
  abstained: ['reason'],
};

/** The outcome as the library wants it. @throws `INVALID_INPUT` for a field that does not go with its kind, with the one to take */
export function toOutcomeInput(given: OutcomeArguments): OutcomeInput {
  const { kind, ...fields } = defined(given);
  const known = OUTCOME_FIELDS[kind];
  const stranger = Object.keys(fields).find((field) => !known.some((name) => name === field));
  if (stranger !== undefined) {
    const what = `does not go with ${kind}, which takes ${known.join(', ')}; say it in ${known[0]}`;
    throw new MemoryError('INVALID_INPUT', `outcome.${stranger}: ${what}.`);
  }
  // Which fields belong to which kind was checked just now.
  return { kind, ...fields } as OutcomeInput;
}

export function toSearchQuery(given: QueryArguments): SearchQuery {
  const { query, task_type, files, language, framework, max_tokens: _maxTokens, detail: _detail, ...same } = given;
  return { ...same, text: query, taskType: task_type, situation: { files, language, framework } };
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
  /** Of episodes that stay: told anew without words of what went. */
  readonly reflections_changed: number;
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
    reflections_changed: receipt.reflections,
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
    ...(result.reflections_changed === 0
      ? []
      : [`${result.reflections_changed} reflections of other episodes are told anew without their words`]),
  ];
  const rest = rests.length === 0 ? '' : `; ${rests.join(', ')}`;
  return `${result.dry_run ? 'Would forget' : 'Forgot'} ${parts.flat().join(', ')}${rest}.`;
}

/** Nothing is said of what there is none of. */
function counted(count: number, one: string, many: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
}
