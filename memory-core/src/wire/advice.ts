// Recommendations, playbooks and feedback as tools and terminal show them. Knows no transport.
import * as z from 'zod';
import { oneLine } from '../clip.ts';
import type { TaskType } from '../episode.ts';
import { FIELDS, list } from '../input.ts';
import { defined } from '../json.ts';
import { LIMITS } from '../limits.ts';
import type { FeedbackInput, RecommendQuery } from '../query.ts';
import type { Advised, Recommended } from '../recall.ts';
import type { Playbook, PlaybookItem, Recommendation } from '../recommendation.ts';
import { estimatedTokens, fitting } from '../retrieve/pack.ts';
import { type Detail, type QueryResult, queryResult } from './hits.ts';
import { episodeIdField, idField, recommendationIdField } from './ids.ts';
import type { ShapeOf } from './shape.ts';
import { rounded } from './shares.ts';

/** A playbook as tools and terminal show it. */
export interface PlaybookResult {
  readonly kind_of_task?: {
    readonly cluster_id: string;
    readonly label: string;
    readonly size: number;
    readonly success_rate?: number;
  };
  readonly steps: readonly PlaybookItemResult[];
  /** Why there are no steps. */
  readonly no_steps?: string;
  readonly if_it_fails: readonly PlaybookItemResult[];
  readonly warnings: readonly PlaybookItemResult[];
  readonly when_not: readonly PlaybookItemResult[];
  readonly fit: Playbook['fit'];
  readonly risk: Playbook['risk'];
}

/** One piece of advice, outward. */
export interface PlaybookItemResult {
  readonly text: string;
  readonly standing: PlaybookItem['standing'];
  readonly episode_ids: readonly string[];
  readonly pattern_ids: readonly string[];
}

/** What helps with a task, as it is shown where nothing is kept of it. */
export interface AdviceResult extends QueryResult {
  readonly playbook: PlaybookResult;
}

/** A recommendation as tools and terminal show it. */
export interface RecommendationResult extends AdviceResult {
  readonly recommendation_id: string;
}

/** What came of a recommendation, as it was stored. */
export interface FeedbackResult {
  readonly recommendation_id: string;
  readonly episode_id?: string;
  readonly applied: readonly string[];
  /** What was named as ignored, and what was not named. */
  readonly ignored: readonly string[];
  readonly helped: readonly string[];
  readonly hindered: readonly string[];
  /** Absent where nobody knows how the attempt ended. */
  readonly is_success?: boolean;
}

interface AnswerSize {
  readonly detail: Detail;
  readonly maxTokens: number;
}

/** Of an answer's size, what is left to the first fix and the first hit, which are there whatever the playbook takes. */
const FOUND_TOKENS = 300;
/** In less there is no room for the fields of a playbook with one item, a fix and a hit. */
const MIN_ADVICE_TOKENS = 1_000;

/** As much as fits: the playbook first, then fixes, episodes and patterns. */
export function recommendationResult(recommended: Recommended, size: AnswerSize): RecommendationResult {
  return { recommendation_id: recommended.recommendationId, ...adviceResult(recommended, size) };
}

/** As `recommendationResult`, of what nothing is kept of. */
export function adviceResult(advised: Advised, size: AnswerSize): AdviceResult {
  const { playbook, leftOut } = packedPlaybook(playbookResult(advised.playbook), size.maxTokens - FOUND_TOKENS);
  const found = queryResult(advised, { ...size, maxTokens: size.maxTokens - estimatedTokens(playbook) });
  return { playbook, ...found, left_out: found.left_out + leftOut };
}

/** Lists of a playbook, that first which is needed most. */
const LISTS = ['steps', 'if_it_fails', 'warnings', 'when_not'] as const;
/** Episodes named with an item where not all fit. */
const FEW_EPISODES = 3;

/** Where the whole does not fit: with less evidence, and as many items as then do, the first whatever its size. */
function packedPlaybook(
  whole: PlaybookResult,
  maxTokens: number,
): { readonly playbook: PlaybookResult; readonly leftOut: number } {
  if (estimatedTokens(whole) <= maxTokens) return { playbook: whole, leftOut: 0 };
  const kept = { ...whole, steps: [], if_it_fails: [], warnings: [], when_not: [] };
  const items = LISTS.flatMap((list) =>
    whole[list].map((item) => ({ list, item: { ...item, episode_ids: item.episode_ids.slice(-FEW_EPISODES) } })),
  );
  const fit = fitting(items, { maxTokens: maxTokens - estimatedTokens(kept), lesser: () => [] });
  const ofList = (name: (typeof LISTS)[number]) => fit.flatMap(({ list: of, item }) => (of === name ? [item] : []));
  const lists = Object.fromEntries(LISTS.map((name) => [name, ofList(name)]));
  return { playbook: { ...kept, ...lists }, leftOut: items.length - fit.length };
}

/** The playbook, outward. */
export function playbookResult({
  kindOfTask,
  steps,
  noSteps,
  ifItFails,
  warnings,
  whenNot,
  fit,
  risk,
}: Playbook): PlaybookResult {
  return {
    ...(kindOfTask === undefined
      ? {}
      : {
          kind_of_task: {
            cluster_id: kindOfTask.clusterId,
            label: kindOfTask.label,
            size: kindOfTask.size,
            ...(kindOfTask.successRate === undefined ? {} : { success_rate: rounded(kindOfTask.successRate) }),
          },
        }),
    steps: steps.map(itemResult),
    ...defined({ no_steps: noSteps }),
    if_it_fails: ifItFails.map(itemResult),
    warnings: warnings.map(itemResult),
    when_not: whenNot.map(itemResult),
    fit,
    risk,
  };
}

function itemResult({ text, standing, episodeIds, patternIds }: PlaybookItem): PlaybookItemResult {
  return { text, standing, episode_ids: episodeIds, pattern_ids: patternIds };
}

/** The recommendation with its feedback, outward. */
export function feedbackResult({ id, episodeId, episodeIds, patternIds, feedback }: Recommendation): FeedbackResult {
  const { applied = [], helped = [], hindered = [], isSuccess } = feedback ?? {};
  return {
    recommendation_id: id,
    ...defined({ episode_id: episodeId, is_success: isSuccess }),
    applied,
    ignored: [...episodeIds, ...patternIds].filter((offered) => !applied.includes(offered)),
    helped,
    hindered,
  };
}

/** What became of the feedback, in a sentence. */
export function feedbackText({
  recommendation_id,
  applied,
  ignored,
  helped,
  hindered,
  is_success,
}: FeedbackResult): string {
  const judged = [
    ...(helped.length === 0 ? [] : [`${helped.length} helped`]),
    ...(hindered.length === 0 ? [] : [`${hindered.length} hindered`]),
  ];
  const which = judged.length === 0 ? '' : ` (${judged.join(', ')})`;
  const end = is_success === undefined ? '' : `; the attempt ${is_success ? 'succeeded' : 'did not succeed'}`;
  return `Feedback on ${recommendation_id} is stored: ${applied.length} applied${which}, ${ignored.length} ignored${end}.`;
}

/** A playbook in words, each of them a line. */
export function playbookLines({
  kind_of_task,
  steps,
  no_steps,
  if_it_fails,
  warnings,
  when_not,
  fit,
  risk,
}: PlaybookResult): readonly string[] {
  const rate =
    kind_of_task?.success_rate === undefined ? '' : `, ${Math.round(kind_of_task.success_rate * 100)} % succeeded`;
  return [
    ...(kind_of_task === undefined
      ? []
      : [`Kind of task: ${lineOf(kind_of_task.label)} (${kind_of_task.size} attempts${rate})`]),
    `Fit: ${fit.level}. ${lineOf(fit.reason)}`,
    `Risk: ${risk.level}. ${lineOf(risk.reason)}`,
    ...section('Steps:', steps, (index) => `${index + 1}. `),
    ...(no_steps === undefined ? [] : [`No steps: ${lineOf(no_steps)}`]),
    ...section('If it fails:', if_it_fails, () => '- '),
    ...section('Warnings:', warnings, () => '- '),
    ...section('Not where:', when_not, () => '- '),
  ];
}

function section(
  heading: string,
  items: readonly PlaybookItemResult[],
  mark: (index: number) => string,
): readonly string[] {
  if (items.length === 0) return [];
  return [heading, ...items.map((item, index) => `${mark(index)}${lineOf(item.text)}${evidenceText(item)}`)];
}

/** Ids of the evidence that are told in words. */
const TOLD_IDS = 3;

function evidenceText({ standing, episode_ids, pattern_ids }: PlaybookItemResult): string {
  const ids = [
    ...pattern_ids.map((id) => `pattern ${id}`),
    ...episode_ids.slice(-TOLD_IDS).map((id) => `episode ${id}`),
    ...(episode_ids.length > TOLD_IDS ? [`${episode_ids.length - TOLD_IDS} more`] : []),
  ];
  return ` [${[standing, ...ids].join(', ')}]`;
}

function lineOf(text: string): string {
  return oneLine(text, Number.POSITIVE_INFINITY);
}

/** Arguments of `get_recommendation`. */
export interface RecommendationArguments {
  readonly task_description: string;
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
  readonly task_type?: TaskType | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
  readonly files?: readonly string[] | undefined;
  readonly episode_id?: string | undefined;
  readonly limit?: number | undefined;
  readonly max_tokens?: number | undefined;
}

/** Arguments of `record_feedback`. */
export interface FeedbackArguments {
  readonly recommendation_id: string;
  readonly applied?: readonly string[] | undefined;
  readonly ignored?: readonly string[] | undefined;
  readonly helped?: readonly string[] | undefined;
  readonly hindered?: readonly string[] | undefined;
  readonly is_success?: boolean | undefined;
  readonly episode_id?: string | undefined;
  readonly note?: string | undefined;
}

const offered = list(idField('get_recommendation answers those it offers'), 2 * LIMITS.hits).optional();

/** What `get_recommendation` takes. */
export const recommendationShape: ShapeOf<RecommendationArguments> = {
  task_description: FIELDS.description,
  project: FIELDS.name.optional().describe("Default: that of the server's folder, over HTTP none"),
  domain: FIELDS.name.optional().describe('What is of another domain is left out'),
  task_type: FIELDS.taskType.optional(),
  language: FIELDS.name.optional(),
  framework: FIELDS.name.optional(),
  files: FIELDS.files.optional(),
  episode_id: episodeIdField.optional().describe('Your open episode: its outcome then counts as feedback'),
  limit: z.int().min(1).max(LIMITS.hits).optional().describe('Default 5'),
  max_tokens: z.int().min(MIN_ADVICE_TOKENS).max(100_000).optional().describe('Size of the answer. Default 3000'),
};

/** What `record_feedback` takes. */
export const feedbackShape: ShapeOf<FeedbackArguments> = {
  recommendation_id: recommendationIdField,
  applied: offered.describe('Ids of episodes and patterns, of those offered, that you followed'),
  ignored: offered.describe('Default: all others'),
  helped: offered.describe('Followed, and it did good'),
  hindered: offered.describe('Followed, and it did harm'),
  is_success: z.boolean().optional().describe('How the attempt ended. Default: the outcome of its episode'),
  episode_id: episodeIdField.optional().describe('The attempt, if get_recommendation was not given it'),
  note: FIELDS.outcomeText.optional(),
};

/** Arguments of `get_recommendation` as the library takes them. */
export function toRecommendQuery(given: RecommendationArguments): RecommendQuery {
  const { task_description, task_type, episode_id, max_tokens: _maxTokens, ...same } = given;
  return { ...same, description: task_description, taskType: task_type, episodeId: episode_id };
}

/** Arguments of `record_feedback` as the library takes them. */
export function toFeedbackInput({
  recommendation_id,
  is_success,
  episode_id,
  ...same
}: FeedbackArguments): FeedbackInput {
  return { ...same, recommendationId: recommendation_id, isSuccess: is_success, episodeId: episode_id };
}
