// One episode as one line of JSONL: the arguments of `create_episode`, its steps, how it ended and what it taught.
import * as z from 'zod';
import { toEpisode, toOutcome, toStep } from '../entities.ts';
import { CHECK_KINDS, type Episode, type Learning, type Outcome, QUALITY_FLAGS, type Step } from '../episode.ts';
import { contentId, isId } from '../id.ts';
import { FIELDS, list, outcomeInput, parse } from '../input.ts';
import { defined } from '../json.ts';
import { learn } from '../learn/learn.ts';
import { LIMITS } from '../limits.ts';
import {
  type CreateEpisodeArguments,
  createEpisodeShape,
  type StepArguments,
  stepShape,
  toEpisodeInput,
  toStepInput,
} from '../wire.ts';

/** What `exportEpisodes` gives and `importEpisodes` takes. Absent: still open; derived anew on import. */
export interface EpisodeRecord extends CreateEpisodeArguments {
  readonly episode_id?: string | undefined;
  readonly started_at?: string | undefined;
  readonly steps?: readonly StepRecord[] | undefined;
  readonly outcome?: Outcome | undefined;
  readonly completed_at?: string | undefined;
  readonly reward?: Learning['reward'] | undefined;
  readonly evidence?: Learning['evidence'] | undefined;
  readonly reflection?: Learning['reflection'] | undefined;
  readonly recoveries?: Learning['recoveries'] | undefined;
  readonly quality?: Learning['quality'] | undefined;
  readonly touched?: Learning['touched'] | undefined;
  readonly tools?: Learning['tools'] | undefined;
  readonly salient?: Learning['salient'] | undefined;
  readonly summary?: Learning['summary'] | undefined;
}

export interface StepRecord extends StepArguments {
  readonly at?: string | undefined;
  /** Size of an output that was cut when it was first stored. */
  readonly original_bytes?: number | undefined;
}

const keysOf = (steps: readonly StepRecord[]): readonly string[] =>
  steps.flatMap(({ step_key }) => (step_key === undefined ? [] : [step_key]));

const texts = FIELDS.outcomeItems;
const episodeId = z.string().refine(isId, { message: 'is not a lower-case UUID' });
const share = z.number().min(0).max(1);

const recordSchema = z.strictObject({
  ...createEpisodeShape,
  episode_id: episodeId.optional(),
  started_at: FIELDS.time.optional(),
  steps: list(
    z.strictObject({ ...stepShape, at: FIELDS.time.optional(), original_bytes: FIELDS.count.optional() }),
    LIMITS.steps,
  )
    .refine((steps) => new Set(keysOf(steps)).size === keysOf(steps).length, { message: 'has a step_key twice' })
    .optional(),
  outcome: outcomeInput.optional(),
  completed_at: FIELDS.time.optional(),
  reward: z
    .strictObject({
      total: share,
      parts: z.strictObject({
        outcome: share,
        verification: share,
        efficiency: z.exactOptional(share),
        recovery: share,
      }),
      waste: z.exactOptional(share),
    })
    .refine(({ total, parts }) => Math.abs(total - Object.values(parts).reduce((sum, part) => sum + part, 0)) < 1e-9, {
      message: 'is not the sum of its parts',
    })
    .optional(),
  evidence: list(
    z.strictObject({
      step: z.int(),
      kind: z.enum(CHECK_KINDS),
      tool: FIELDS.name,
      isPassed: z.boolean(),
      passed: z.exactOptional(FIELDS.count),
      failed: z.exactOptional(FIELDS.count),
    }),
    LIMITS.outcomeItems,
  ).optional(),
  reflection: z
    .strictObject({
      successes: texts,
      improvements: texts,
      insights: texts,
      by: z.exactOptional(FIELDS.name),
      of: z.exactOptional(list(episodeId, LIMITS.outcomeItems)),
    })
    .optional(),
  recoveries: list(
    z.strictObject({
      failedStep: z.int(),
      fixedStep: z.int(),
      tool: FIELDS.name,
      action: FIELDS.action,
      error: FIELDS.outcomeText,
      fix: texts,
      fixSteps: z.exactOptional(list(z.int(), LIMITS.outcomeItems)),
    }),
    LIMITS.outcomeItems,
  ).optional(),
  quality: z
    .strictObject({
      score: share,
      flags: z.array(z.enum(QUALITY_FLAGS)),
      fingerprint: z.exactOptional(FIELDS.name),
      duplicateOf: z.exactOptional(episodeId),
    })
    .optional(),
  touched: FIELDS.files.optional(),
  tools: list(FIELDS.name, LIMITS.outcomeItems).optional(),
  salient: z
    .strictObject({
      decisions: texts,
      toolCombinations: list(list(FIELDS.name, LIMITS.outcomeItems), LIMITS.outcomeItems),
      insights: texts,
    })
    .optional(),
  summary: z
    .strictObject({ text: FIELDS.outcomeText, concepts: texts, keySteps: list(z.int(), LIMITS.outcomeItems) })
    .optional(),
});

/** An episode with its steps, numbered as in the record. */
export interface EpisodeWithSteps {
  readonly episode: Episode;
  readonly steps: readonly Step[];
}

/**
 * A record as entities. Without an id of its own, its content gives it one, so that importing twice meets itself.
 * @throws `INVALID_INPUT` that names the field, `LIMIT_EXCEEDED`
 */
export function fromRecord(
  value: unknown,
  made: { readonly at: string; readonly newId: () => string; readonly project: string | undefined },
): EpisodeWithSteps {
  const {
    episode_id,
    started_at,
    steps: stepRecords = [],
    outcome,
    completed_at,
    ...rest
  } = parse(recordSchema, value, 'record');
  const { reward, evidence, reflection, recoveries, quality, touched, tools, salient, summary, ...task } = rest;
  const id = episode_id ?? contentId(JSON.stringify(value));
  const startedAt = started_at ?? completed_at ?? made.at;
  const input = toEpisodeInput(task);
  const opened = toEpisode({ ...input, project: input.project ?? made.project }, { id, at: startedAt });
  const steps = stepRecords.map(({ at, original_bytes, ...step }, index): Step => {
    const stored = toStep(toStepInput(step), { id: made.newId(), at: at ?? startedAt, episodeId: id });
    const result = { ...stored.result, ...defined({ originalBytes: original_bytes ?? stored.result.originalBytes }) };
    return { ...stored, result, number: index + 1 };
  });
  if (outcome === undefined) return { episode: opened, steps };
  const ended = toOutcome(outcome);
  const derived = learn({ description: opened.description, outcome: ended, steps, similar: [] });
  return {
    steps,
    episode: {
      ...opened,
      status: 'completed',
      endedAt: completed_at ?? steps.at(-1)?.at ?? startedAt,
      outcome: ended,
      reward: reward ?? derived.reward,
      ...defined({ evidence: evidence ?? derived.evidence }),
      reflection: reflection ?? derived.reflection,
      recoveries: recoveries ?? derived.recoveries,
      quality: quality ?? derived.quality,
      ...defined({
        touched: touched ?? derived.touched,
        tools: tools ?? derived.tools,
        salient: salient ?? derived.salient,
        summary: summary ?? derived.summary,
        trace: derived.trace,
      }),
      learningPending: true,
    },
  };
}

/** An episode as a record; `fromRecord` gives the same episode again. */
export function toRecord({ episode, steps }: EpisodeWithSteps): EpisodeRecord {
  const { capturedFrom, ...source } = episode.source;
  return {
    episode_id: episode.id,
    task_description: episode.description,
    ...defined({ project: episode.project, domain: episode.domain }),
    task_type: episode.taskType,
    ...episode.context,
    tags: episode.tags,
    metadata: episode.metadata,
    source: { ...source, ...defined({ captured_from: capturedFrom }) },
    started_at: episode.startedAt,
    steps: steps.map(stepRecord),
    ...(episode.status === 'completed'
      ? {
          outcome: episode.outcome,
          completed_at: episode.endedAt,
          reward: episode.reward,
          ...defined({ evidence: episode.evidence }),
          reflection: episode.reflection,
          recoveries: episode.recoveries,
          quality: episode.quality,
          ...defined({
            touched: episode.touched,
            tools: episode.tools,
            salient: episode.salient,
            summary: episode.summary,
          }),
        }
      : {}),
  };
}

function stepRecord(step: Step): StepRecord {
  const { originalBytes, ...result } = step.result;
  return {
    at: step.at,
    tool: step.tool,
    action: step.action,
    ...defined({ rationale: step.rationale }),
    parameters: step.parameters,
    result,
    ...defined({
      latency_ms: step.latencyMs,
      tokens_used: step.tokensUsed,
      step_key: step.key,
      original_bytes: originalBytes,
    }),
  };
}
