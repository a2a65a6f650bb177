// What programs get, described: the rows that the outward forms of core become, field by field.
import {
  COMPLEXITIES,
  LIMITS,
  OUTCOME_KINDS,
  PATTERN_KINDS,
  QUALITY_FLAGS,
  STANDINGS,
  TASK_TYPES,
} from '@episodica/memory-core';
import * as z from 'zod';

/** An object of named fields, and none beside them. */
export type Row = z.ZodObject<z.ZodRawShape, z.core.$strict>;

const texts = z.array(z.string());
const time = z.string().describe('ISO time, UTC');
const share = z.number().min(0).max(1);
const count = z.int().min(0);
const jsonObject = z.record(z.string(), z.unknown());
const quality = z
  .strictObject({
    score: share,
    flags: z.array(z.enum(QUALITY_FLAGS)),
    reasons: texts,
    duplicate_of: z.string().optional(),
  })
  .meta({ id: 'Quality' });
const why = z.record(z.string(), z.number());

const rewardParts = z.record(z.string(), z.number()).describe('Of what the reward is made');

const reflection = z
  .strictObject({
    successes: texts,
    improvements: texts,
    insights: texts,
    by: z.string().optional().describe('The model that told it'),
  })
  .meta({ id: 'Reflection' });

const outcome = z
  .strictObject({
    kind: z.enum(OUTCOME_KINDS),
    verdict: z.string().optional(),
    artifacts: texts.optional(),
    completed: texts.optional(),
    failed: texts.optional(),
    reason: z.string().optional(),
    details: z.string().optional(),
  })
  .meta({ id: 'Outcome' });

const listed = {
  episode_id: z.string(),
  task_description: z.string(),
  project: z.string().optional(),
  domain: z.string().optional(),
  task_type: z.enum(TASK_TYPES),
  status: z.enum(['open', 'completed']),
  tags: texts,
  started_at: time,
  ended_at: time.optional(),
  outcome: z.enum(OUTCOME_KINDS).optional().describe('Absent while it is open'),
  reward: share.optional(),
};

/** What is told of an episode when `fields` names it, and always of one that is asked for by its id. */
const further = {
  outcome_details: outcome.optional(),
  reward_parts: rewardParts.optional(),
  language: z.string().optional(),
  framework: z.string().optional(),
  complexity: z.enum(COMPLEXITIES).optional(),
  repo: z.string().optional(),
  branch: z.string().optional(),
  files: texts.optional(),
  metadata: jsonObject,
  source: z.strictObject({
    agent: z.string().optional(),
    session: z.string().optional(),
    captured_from: z.string().optional(),
    confidence: share.optional(),
  }),
  evidence: z
    .array(
      z.strictObject({
        step_number: count,
        kind: z.string(),
        tool: z.string(),
        is_passed: z.boolean(),
        passed: count.optional(),
        failed: count.optional(),
      }),
    )
    .optional()
    .describe('Checks that steps ran'),
  reflection: reflection.optional(),
  quality: quality.optional(),
  salient: z.strictObject({ decisions: texts, tool_combinations: z.array(texts), insights: texts }).optional(),
  summary: z.strictObject({ text: z.string(), concepts: texts, key_steps: z.array(count) }).optional(),
};

/** An episode in a list. */
export const episodeRow: Row = z.strictObject(listed).meta({ id: 'Episode' });

/** All that rows of a list can be made of, by `fields`. */
export const episodeFields: Row = z.strictObject({ ...listed, ...further }).meta({ id: 'EpisodeFields' });

const stepFields = {
  step_number: count,
  at: time,
  tool: z.string(),
  action: z.string(),
  rationale: z.string().optional(),
  parameters: jsonObject,
  result: z
    .strictObject({
      type: z.enum(['success', 'error', 'timeout']),
      output: z.string().optional().describe('Of success'),
      message: z.string().optional().describe('Of error and timeout'),
      original_bytes: count.optional().describe('It was longer when it was recorded'),
    })
    .meta({ id: 'StepResult' }),
  latency_ms: z.number().optional(),
  tokens_used: z.number().optional(),
  step_key: z.string().optional(),
};

const stepRowOfEpisode = z.strictObject(stepFields).meta({ id: 'EpisodeStep' });

/** A step in a list over several episodes. */
export const stepRow: Row = z.strictObject({ episode_id: z.string(), ...stepFields }).meta({ id: 'Step' });

/** An episode with all that is known of it. */
export const episodeDetail: Row = z
  .strictObject({
    ...listed,
    ...further,
    steps: z.array(stepRowOfEpisode).max(LIMITS.steps),
  })
  .meta({ id: 'EpisodeDetail' });

const fix = z
  .strictObject({
    episode_id: z.string(),
    failed_step: count,
    fix_steps: z.array(count),
    text: z.string(),
    match: share.describe('How much the two errors are the same'),
  })
  .meta({ id: 'Fix' });

const episodeHit = z
  .strictObject({
    ...listed,
    score: z.number(),
    why,
    warning: z.string().optional().describe('It did not end well'),
    summary: z.string(),
    difference: z.string().optional(),
    attempts: z
      .array(z.strictObject({ episode_id: z.string(), outcome: z.enum(OUTCOME_KINDS).optional() }))
      .optional()
      .describe('Others at the same task'),
    more_attempts: count.optional(),
    lessons: texts,
    reflection: reflection.optional(),
    outcome_details: outcome.optional(),
    metadata: jsonObject.optional(),
  })
  .meta({ id: 'EpisodeHit' });

const countFields = { episodes: count, successes: count, tasks: count };
const counts = z.strictObject(countFields).meta({ id: 'Counts' });

/** A pattern, in a list with all that is known of it. */
export const patternRow: Row = z
  .strictObject({
    pattern_id: z.string(),
    kind: z.enum(PATTERN_KINDS),
    statement: z.string(),
    advice: z.enum(['do', 'avoid', 'unclear']),
    standing: z.enum(STANDINGS),
    tools: texts,
    scope: z.strictObject({ project: z.string().optional(), domain: z.string().optional() }),
    support: count,
    tasks: count,
    success_rate: share,
    base_rate: share,
    other_rate: share.optional(),
    lift: z.number().optional(),
    interval: z.array(z.number()).length(2).optional(),
    p_value: share,
    evidence: texts.describe('Episodes that bear it out'),
    against: texts,
    first_seen: time,
    last_seen: time,
    applied: count,
    applied_successes: count,
    is_contiguous: z.boolean().optional(),
    after: texts.optional(),
    action: z.string().optional(),
    alternatives: z.array(z.strictObject({ ...countFields, action: z.string() })).optional(),
    signature: z.string().optional(),
    error: z.string().optional(),
    fix: z.string().optional(),
    example: z.string().optional(),
    where: z.record(z.string(), z.string()).optional(),
    approach: texts.optional(),
    condition: z.string().optional(),
    situation: counts.optional(),
    held_out: z.strictObject({ with: counts, without: counts, agrees: z.boolean() }).optional(),
    history: z
      .array(
        z.strictObject({
          at: time,
          standing: z.enum(STANDINGS),
          support: count,
          successes: count,
          p_value: share,
        }),
      )
      .optional(),
    score: z.number(),
    why,
  })
  .meta({ id: 'Pattern' });

const found = {
  fixes: z.array(fix).describe('Of the error in the question'),
  episodes: z.array(episodeHit),
  patterns: z.array(patternRow),
  abstained: z.boolean().describe('Nothing stored matches'),
  degraded: texts,
  notes: texts,
  left_out: count,
};

/** What a search found. */
export const foundRow: Row = z.strictObject(found).meta({ id: 'Found' });

const playbookItem = z
  .strictObject({
    text: z.string(),
    standing: z.enum([...STANDINGS, 'observed']),
    episode_ids: texts,
    pattern_ids: texts,
  })
  .meta({ id: 'PlaybookItem' });

const appraised = (levels: readonly [string, ...string[]]) =>
  z.strictObject({ level: z.enum(levels), reason: z.string() });

/** A playbook, with what it rests on. */
export const adviceRow: Row = z
  .strictObject({
    playbook: z.strictObject({
      kind_of_task: z
        .strictObject({ cluster_id: z.string(), label: z.string(), size: count, success_rate: share.optional() })
        .optional(),
      steps: z.array(playbookItem),
      no_steps: z.string().optional(),
      if_it_fails: z.array(playbookItem),
      warnings: z.array(playbookItem),
      when_not: z.array(playbookItem),
      fit: appraised(['close', 'related', 'little', 'none']),
      risk: appraised(['low', 'medium', 'high', 'unknown']),
    }),
    ...found,
  })
  .meta({ id: 'Advice' });

/** An episode that a program began. */
export const begunEpisode: Row = z
  .strictObject({
    episode_id: z.string(),
    status: z.literal('open'),
    started_at: time,
    fixes: z.array(fix),
    related: z.array(z.union([episodeHit, patternRow])),
    degraded: texts,
  })
  .meta({ id: 'BegunEpisode' });

/** Steps that a program added. */
export const addedSteps: Row = z
  .strictObject({
    episode_id: z.string(),
    step_number: count.describe('Of the last one'),
    step_numbers: z.array(count).optional().describe('Where several were given'),
    differing: z.array(count).optional().describe('Something else is stored under their step_key'),
    notes: texts.optional().describe('What is missing in what was stored'),
    hints: z.array(fix),
  })
  .meta({ id: 'AddedSteps' });

/** An episode that a program ended. */
export const endedEpisode: Row = z
  .strictObject({ episode_id: z.string(), reward: share, reward_parts: rewardParts, reflection, quality })
  .meta({ id: 'EndedEpisode' });
