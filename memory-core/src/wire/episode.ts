// An episode and its steps as tools and terminal show them.
import {
  type CheckEvidence,
  type Episode,
  type Outcome,
  type Quality,
  qualityReasons,
  type Reflection,
  type SalientFeatures,
  type Step,
  type Summary,
} from '../episode.ts';
import { defined, type JsonObject } from '../json.ts';
import { rounded, roundedParts } from './shares.ts';

/** A reward and the parts that sum to it, outward. */
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
  readonly evidence?: readonly CheckEvidenceResult[];
  readonly reflection?: ReflectionResult;
  readonly quality?: QualityResult;
  readonly salient?: SalientResult;
  readonly summary?: SummaryResult;
  readonly steps: readonly StepResultShape[];
}

/** Without the ids of those that it speaks of, which are for forgetting. */
export type ReflectionResult = Omit<Reflection, 'of'>;

/** What a step showed of how well the work was done. */
export interface CheckEvidenceResult {
  readonly step_number: number;
  readonly kind: string;
  readonly tool: string;
  readonly is_passed: boolean;
  readonly passed?: number;
  readonly failed?: number;
}

/** How much can be learnt from an episode, outward. */
export interface QualityResult {
  readonly score: number;
  readonly flags: readonly string[];
  /** A sentence for each flag. */
  readonly reasons: readonly string[];
  /** The episode that says all of this already. */
  readonly duplicate_of?: string;
}

export interface SalientResult {
  readonly decisions: readonly string[];
  readonly tool_combinations: readonly (readonly string[])[];
  readonly insights: readonly string[];
}

export interface SummaryResult {
  readonly text: string;
  readonly concepts: readonly string[];
  readonly key_steps: readonly number[];
}

/** A step, outward. */
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

/** An episode without its steps, outward. */
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

/** An episode with its steps, outward. */
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
          ...defined({ evidence: episode.evidence?.map(evidenceResult) }),
          reflection: reflectionResult(episode.reflection),
          quality: qualityResult(episode.quality),
          ...defined({
            salient: episode.salient && salientResult(episode.salient),
            summary: episode.summary && summaryResult(episode.summary),
          }),
        }
      : {}),
    steps: steps.map(stepResult),
  };
}

/** A step, outward. */
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

/** What a check showed, outward. */
export function evidenceResult({ step, kind, tool, isPassed, passed, failed }: CheckEvidence): CheckEvidenceResult {
  return { step_number: step, kind, tool, is_passed: isPassed, ...defined({ passed, failed }) };
}

/** A reward, rounded so that its parts still sum to it. */
export function rewardResult(reward: RewardResult): RewardResult {
  return { total: rounded(reward.total), parts: roundedParts(reward.parts, reward) };
}

/** A reflection, outward: without whose words are in it. */
export function reflectionResult({ of: _of, ...told }: Reflection): ReflectionResult {
  return told;
}

/** How much can be learnt from an episode, outward. */
export function qualityResult(quality: Quality): QualityResult {
  const { score, flags, duplicateOf } = quality;
  return {
    score: rounded(score),
    flags,
    reasons: qualityReasons(quality),
    ...defined({ duplicate_of: duplicateOf }),
  };
}

function salientResult({ decisions, toolCombinations, insights }: SalientFeatures): SalientResult {
  return { decisions, tool_combinations: toolCombinations, insights };
}

/** A summary, outward. */
export function summaryResult({ text, concepts, keySteps }: Summary): SummaryResult {
  return { text, concepts, key_steps: keySteps };
}
