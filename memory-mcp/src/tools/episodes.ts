// create_episode, add_step, complete_episode: the life of one attempt at a task.
import { type CompletedEpisode, MemoryError, type Step } from '@episodica/memory-core';
import {
  createEpisodeShape,
  fixItem,
  fixLine,
  hitsOf,
  outcomeShape,
  qualityResult,
  queryResult,
  reflectionResult,
  rewardResult,
  type StepArguments,
  stepShape,
  toEpisodeInput,
  toOutcomeInput,
  toStepInput,
} from '@episodica/memory-core/wire';
import { z } from 'zod';
import { defineTool, type Tool } from '../tool.ts';
import { episodeItemSchema, fixItemSchema, foundText, patternItemSchema } from './hits.ts';

/** Tokens of prior experience that come with a new episode. */
const RELATED_TOKENS = 800;

/** Where a record came from when the caller does not say. */
const CAPTURED_FROM = 'mcp';

const episodeId = z.string().min(1).describe('As create_episode answered it');

/** Begins an episode. */
export const createEpisode: Tool = defineTool({
  name: 'create_episode',
  title: 'Create episode',
  description:
    'Begins an episode: the record of one attempt at one task. Call it once when you start a task, before the first ' +
    'change. The answer has the episode_id for add_step and complete_episode, and in related[] the best earlier ' +
    'attempts and patterns: read them before you plan.',
  input: z.strictObject(createEpisodeShape),
  output: z.object({
    episode_id: z.string(),
    status: z.literal('open'),
    started_at: z.string(),
    fixes: z.array(fixItemSchema),
    related: z.array(z.union([episodeItemSchema, patternItemSchema])),
    degraded: z.array(z.string()),
  }),
  effects: { isReadOnly: false, isIdempotent: false },
  async run(given, { services, signal, clientName }) {
    const { memory } = await services.backend.get();
    const source = { agent: clientName, captured_from: CAPTURED_FROM, ...given.source };
    const { episode, related } = await memory.createEpisode(toEpisodeInput({ ...given, source }), { signal });
    services.openEpisodes.began(episode.id);
    const packed = queryResult(related, { detail: 'summary', maxTokens: RELATED_TOKENS });
    const items = hitsOf(packed);
    return {
      structured: {
        episode_id: episode.id,
        status: episode.status,
        started_at: episode.startedAt,
        fixes: packed.fixes,
        related: items,
        degraded: packed.degraded,
      },
      text: [
        `Episode ${episode.id} is open.`,
        items.length + packed.fixes.length === 0 ? 'No related experience.' : 'Related experience:',
        ...foundText(packed, items),
        ...packed.degraded.map((reason) => `Less complete than it could be: ${reason}.`),
      ].join('\n'),
    };
  },
});

const stepFields = z.strictObject(stepShape);
const addStepFields = z.strictObject({
  episode_id: episodeId,
  ...stepShape,
  tool: stepShape.tool.optional(),
  action: stepShape.action.optional(),
  steps: z.array(stepFields).min(1).optional().describe('Several steps in one commit, instead of the fields of one'),
});

/** Appends one step or several. */
export const addStep: Tool = defineTool({
  name: 'add_step',
  title: 'Add step',
  description:
    'Appends a step to an open episode: a tool that was used, what was done with it and how it went. Call it after ' +
    'each notable action, and always after an error (result.type "error" with the error text in message): hints[] ' +
    'then tells what fixed such an error before. Give either tool and action, or steps[]. When unsure whether a call ' +
    'arrived, repeat it with the same step_key.',
  input: addStepFields,
  output: z.object({
    episode_id: z.string(),
    step_number: z.number(),
    step_numbers: z.array(z.number()).optional(),
    differing: z.array(z.number()).optional().describe('Something else is stored under their step_key'),
    hints: z.array(fixItemSchema),
  }),
  effects: { isReadOnly: false, isIdempotent: false },
  async run(given, { services, signal }) {
    const inputs = stepsOf(given).map(toStepInput);
    const { memory } = await services.backend.get();
    const added = await memory.addSteps(given.episode_id, inputs, { signal });
    const hints = added.hints.map(fixItem);
    const numbers = added.steps.map((step) => step.number);
    return {
      structured: {
        episode_id: given.episode_id,
        step_number: lastNumber(added.steps, given.episode_id),
        ...(given.steps === undefined ? {} : { step_numbers: numbers }),
        ...(added.differing.length === 0 ? {} : { differing: added.differing }),
        hints,
      },
      text: [
        numbers.length === 1 ? `Step ${numbers[0]} is stored.` : `Steps ${numbers.join(', ')} are stored.`,
        ...(added.differing.length === 0 ? [] : [differingText(added.differing)]),
        ...hints.map(fixLine),
      ].join('\n'),
    };
  },
});

function differingText(numbers: readonly number[]): string {
  return `Something else was stored before under the step_key of ${numbers.join(', ')} and stays. Use another key.`;
}

/** The steps of a call, in whichever of the two forms it gives them. */
function stepsOf(given: z.output<typeof addStepFields>): readonly StepArguments[] {
  const { episode_id: _episodeId, steps, tool, action, ...rest } = given;
  const named = Object.entries({ tool, action, ...rest }).filter(([, value]) => value !== undefined);
  if (steps !== undefined) {
    const [field] = named[0] ?? [];
    if (field === undefined) return steps;
    throw new MemoryError('INVALID_INPUT', `${field}: stands beside steps[]; move it into an entry of steps[].`);
  }
  if (tool === undefined) {
    throw new MemoryError('INVALID_INPUT', 'tool: is missing; give the tool that was used, or steps[].');
  }
  if (action === undefined) {
    throw new MemoryError('INVALID_INPUT', 'action: is missing; give what was done with the tool, or steps[].');
  }
  return [{ tool, action, ...rest }];
}

function lastNumber(steps: readonly Step[], id: string): number {
  const last = steps.at(-1);
  if (last === undefined) throw new MemoryError('STORE_FAILED', `The store did not answer with the steps of ${id}.`);
  return last.number;
}

/** Ends an episode. */
export const completeEpisode: Tool = defineTool({
  name: 'complete_episode',
  title: 'Complete episode',
  description:
    'Ends an episode with its outcome and answers with reward, reflection and quality. Call it once when the task is ' +
    'done, given up or handed over, and be honest: a failure with its reason teaches as much as a success. success: ' +
    'verdict, artifacts. partial: verdict, completed, failed. failure: reason, details. abstained: reason.',
  input: z.strictObject({ episode_id: episodeId, outcome: z.strictObject(outcomeShape) }),
  output: z.object({
    episode_id: z.string(),
    reward: z.object({ total: z.number(), parts: z.record(z.string(), z.number()) }),
    reflection: z.object({
      successes: z.array(z.string()),
      improvements: z.array(z.string()),
      insights: z.array(z.string()),
    }),
    quality: z.object({ score: z.number(), flags: z.array(z.string()), reasons: z.array(z.string()) }),
  }),
  effects: { isReadOnly: false, isIdempotent: false },
  async run(given, { services, signal }) {
    const { memory } = await services.backend.get();
    const episode = await memory.completeEpisode(given.episode_id, toOutcomeInput(given.outcome), { signal });
    services.openEpisodes.ended(episode.id);
    const quality = qualityResult(episode.quality);
    return {
      structured: {
        episode_id: episode.id,
        reward: rewardResult(episode.reward),
        reflection: reflectionResult(episode.reflection),
        quality,
      },
      text: completedText(episode),
    };
  },
});

function completedText({ id, outcome, reward, reflection, quality }: CompletedEpisode): string {
  const { successes, improvements, insights } = reflection;
  const flags = quality.flags.length === 0 ? '' : ` (${quality.flags.join(', ')})`;
  return [
    `Episode ${id} is completed: ${outcome.kind}, reward ${rewardResult(reward).total}, quality ${quality.score}${flags}.`,
    ...insights.map((text) => `Insight: ${text}`),
    ...improvements.map((text) => `To improve: ${text}`),
    ...successes.map((text) => `Went well: ${text}`),
  ].join('\n');
}
