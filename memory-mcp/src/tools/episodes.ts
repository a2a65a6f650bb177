// create_episode, add_step, complete_episode: the life of one attempt at a task.
import type { Outcome } from '@episodica/memory-core';
import { fixLine } from '@episodica/memory-core/wire';
import * as z from 'zod';
import { shortened } from '../fit.ts';
import {
  addStepArguments,
  appendSteps,
  beginEpisode,
  completeEpisodeArguments,
  createEpisodeArguments,
  type EndedEpisode,
  endEpisode,
  numbersText,
} from '../recording.ts';
import { defineTool, type Tool } from '../tool.ts';
import { episodeItemSchema, fixItemSchema, foundText, patternItemSchema } from './hits.ts';

/** Where a record came from when the caller does not say. */
export const CAPTURED_FROM = 'mcp';

/** Of each known fix that comes with a step; the episode it is of has the rest. */
const MAX_HINT_CHARACTERS = 2_000;

/** Tokens of prior experience that come with a new episode. */
const RELATED_TOKENS = 800;

/** Begins an episode. */
export const createEpisode: Tool = defineTool({
  name: 'create_episode',
  title: 'Create episode',
  description:
    'Begins an episode: the record of one attempt at one task. Call it once when you start a task, before the first ' +
    'change. The answer has the episode_id for add_step and complete_episode, and in related[] the best earlier ' +
    'attempts and patterns: read them before you plan.',
  input: createEpisodeArguments,
  output: z.object({
    episode_id: z.string(),
    status: z.literal('open'),
    started_at: z.string(),
    fixes: z.array(fixItemSchema),
    related: z.array(z.union([episodeItemSchema, patternItemSchema])),
    degraded: z.array(z.string()),
  }),
  effects: { isReadOnly: false, isIdempotent: false },
  changesHolding: true,
  async run(given, { services, connection, signal, clientName }) {
    const { memory } = await services.backend.get();
    const source = { agent: clientName, captured_from: CAPTURED_FROM };
    const recorder = { memory, openEpisodes: connection.openEpisodes, source, relatedTokens: RELATED_TOKENS };
    const structured = await beginEpisode(given, recorder, { signal });
    const { episode_id, fixes, related, degraded } = structured;
    return {
      structured,
      text: [
        `Episode ${episode_id} is open.`,
        related.length + fixes.length === 0 ? 'No related experience.' : 'Related experience:',
        ...foundText(structured, related),
        ...degraded.map((reason) => `Less complete than it could be: ${reason}.`),
      ].join('\n'),
    };
  },
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
  input: addStepArguments,
  output: z.object({
    episode_id: z.string(),
    step_number: z.number(),
    step_numbers: z.array(z.number()).optional(),
    differing: z.array(z.number()).optional().describe('Something else is stored under their step_key'),
    notes: z.array(z.string()).optional(),
    hints: z.array(fixItemSchema),
  }),
  effects: { isReadOnly: false, isIdempotent: false },
  async run(given, { services, signal }) {
    const { memory } = await services.backend.get();
    const added = await appendSteps(given, { memory }, { signal });
    const structured = {
      ...added,
      hints: added.hints.map((hint) => ({ ...hint, text: shortened(hint.text, MAX_HINT_CHARACTERS) })),
    };
    const { step_number, step_numbers: numbers = [step_number], differing, notes = [], hints } = structured;
    return {
      structured,
      text: [
        `${numbersText(numbers)} ${numbers.length === 1 ? 'is' : 'are'} stored.`,
        ...(differing === undefined ? [] : [differingText(differing)]),
        ...notes,
        ...hints.map(fixLine),
      ].join('\n'),
    };
  },
});

function differingText(numbers: readonly number[]): string {
  return `Something else was stored before under the step_key of ${numbers.join(', ')} and stays. Use another key.`;
}

/** Ends an episode. */
export const completeEpisode: Tool = defineTool({
  name: 'complete_episode',
  title: 'Complete episode',
  description:
    'Ends an episode with its outcome and answers with reward, reflection and quality. Call it once when the task is ' +
    'done, given up or handed over, and be honest: a failure with its reason teaches as much as a success. success: ' +
    'verdict, artifacts. partial: verdict, completed, failed. failure: reason, details. abstained: reason.',
  input: completeEpisodeArguments,
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
  changesHolding: true,
  async run(given, { services, connection, signal }) {
    const { memory } = await services.backend.get();
    const recorder = { memory, openEpisodes: connection.openEpisodes };
    const { episode, result } = await endEpisode(given, recorder, { signal });
    return { structured: result, text: completedText(result, episode.outcome) };
  },
});

const NO_REASON =
  'It says no reason, and that is final: a later attempt only learns that this one failed. Say next time why in outcome.reason.';

function completedText({ episode_id, reward, reflection, quality }: EndedEpisode, outcome: Outcome): string {
  const { successes, improvements, insights } = reflection;
  const flags = quality.flags.length === 0 ? '' : ` (${quality.flags.join(', ')})`;
  return [
    `Episode ${episode_id} is completed: ${outcome.kind}, reward ${reward.total}, quality ${quality.score}${flags}.`,
    ...(outcome.kind === 'failure' && !outcome.reason?.trim() ? [NO_REASON] : []),
    ...insights.map((text) => `Insight: ${text}`),
    ...improvements.map((text) => `To improve: ${text}`),
    ...successes.map((text) => `Went well: ${text}`),
  ].join('\n');
}
