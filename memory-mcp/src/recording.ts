// Recording an episode, for the tools and for programs: what each call takes, does and answers.
import { type CompletedEpisode, LIMITS, MemoryError, type Step } from '@episodica/memory-core';
import type { CallOptions } from '@episodica/memory-core/ports';
import {
  type CreateEpisodeArguments,
  createEpisodeShape,
  episodeIdField,
  type FixItem,
  fixItem,
  type HitItem,
  hitsOf,
  type OutcomeArguments,
  outcomeShape,
  type QualityResult,
  qualityResult,
  queryResult,
  type RewardResult,
  reflectionResult,
  rewardResult,
  type StepArguments,
  stepShape,
  toEpisodeInput,
  toOutcomeInput,
  toStepInput,
} from '@episodica/memory-core/wire';
import * as z from 'zod';
import type { OpenEpisodes } from './connection.ts';
import type { Backend } from './services.ts';

/** On whose behalf something is recorded. */
export interface Recorder {
  readonly memory: Backend['memory'];
  readonly openEpisodes: OpenEpisodes | undefined;
  /** Where a record came from when the caller does not say. */
  readonly source: CreateEpisodeArguments['source'];
  /** How much prior experience comes with a new episode. */
  readonly relatedTokens: number;
}

const episodeId = episodeIdField.describe('As create_episode answered it');

/** What a new episode is made of. */
export const createEpisodeArguments: z.ZodType<CreateEpisodeArguments> = z.strictObject(createEpisodeShape);

/** An episode that has begun. */
export interface BegunEpisode {
  readonly episode_id: string;
  readonly status: 'open';
  readonly started_at: string;
  readonly fixes: readonly FixItem[];
  readonly related: readonly HitItem[];
  readonly degraded: readonly string[];
}

/** Begins an episode. */
export async function beginEpisode(
  given: CreateEpisodeArguments,
  { memory, openEpisodes, source, relatedTokens }: Recorder,
  options: CallOptions,
): Promise<BegunEpisode> {
  const input = toEpisodeInput({ ...given, source: { ...source, ...given.source } });
  const { episode, related } = await memory.createEpisode(input, { ...options, except: openEpisodes?.ids() });
  openEpisodes?.began(episode.id);
  const packed = queryResult(related, { detail: 'summary', maxTokens: relatedTokens });
  return {
    episode_id: episode.id,
    status: episode.status,
    started_at: episode.startedAt,
    fixes: packed.fixes,
    related: hitsOf(packed),
    degraded: packed.degraded,
  };
}

/** One step, or several in `steps`. */
export interface AddStepArguments extends Omit<StepArguments, 'tool' | 'action'> {
  readonly episode_id: string;
  readonly tool?: string | undefined;
  readonly action?: string | undefined;
  readonly steps?: readonly StepArguments[] | undefined;
}

const stepFields = z.strictObject(stepShape);

/** What a step is made of, and of which episode it is. */
export const addStepArguments: z.ZodType<AddStepArguments> = z.strictObject({
  episode_id: episodeId,
  ...stepShape,
  tool: stepShape.tool.optional(),
  action: stepShape.action.optional(),
  steps: z
    .array(stepFields)
    .min(1)
    .max(LIMITS.batch)
    .optional()
    .describe('Several steps in one commit, instead of the fields of one'),
});

/** Steps that are stored. */
export interface AddedStepsResult {
  readonly episode_id: string;
  /** Of the last one. */
  readonly step_number: number;
  /** Where several were given. */
  readonly step_numbers?: readonly number[];
  /** Numbers under whose key something else is stored. */
  readonly differing?: readonly number[];
  /** What is missing in what was stored. */
  readonly notes?: readonly string[];
  readonly hints: readonly FixItem[];
}

/** Appends one step or several. */
export async function appendSteps(
  given: AddStepArguments,
  { memory }: Pick<Recorder, 'memory'>,
  options: CallOptions,
): Promise<AddedStepsResult> {
  const added = await memory.addSteps(given.episode_id, stepsOf(given).map(toStepInput), options);
  const notes = stepNotes(added.steps);
  return {
    episode_id: given.episode_id,
    step_number: lastNumber(added.steps, given.episode_id),
    ...(given.steps === undefined ? {} : { step_numbers: added.steps.map((step) => step.number) }),
    ...(added.differing.length === 0 ? {} : { differing: added.differing }),
    ...(notes.length === 0 ? {} : { notes }),
    hints: added.hints.map(fixItem),
  };
}

/** An error that says nothing teaches nothing: whoever records the next one can do better. */
function stepNotes(steps: readonly Step[]): readonly string[] {
  const silent = steps.filter(({ result }) => result.type !== 'success' && !result.message?.trim());
  if (silent.length === 0) return [];
  const which = numbersText(silent.map(({ number }) => number));
  return [`${which} failed without a text: with the error text in result.message hints can name what fixed it before.`];
}

/** `Step 3`, `Steps 3, 5`, or `Steps 1 to 1000` where none is missing between them. */
export function numbersText(numbers: readonly number[]): string {
  const [first = 0, ...others] = numbers;
  const last = others.at(-1);
  if (last === undefined) return `Step ${first}`;
  const isRow = others.every((number, index) => number === first + index + 1);
  return `Steps ${isRow && others.length > 1 ? `${first} to ${last}` : numbers.join(', ')}`;
}

/** The steps of a call, in whichever of the two forms it gives them. */
function stepsOf(given: AddStepArguments): readonly StepArguments[] {
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

/** Which episode ends, and how. */
export interface CompleteEpisodeArguments {
  readonly episode_id: string;
  readonly outcome: OutcomeArguments;
}

/** What the end of an episode is told with. */
export const completeEpisodeArguments: z.ZodType<CompleteEpisodeArguments> = z.strictObject({
  episode_id: episodeId,
  outcome: z.strictObject(outcomeShape).describe('It is final'),
});

/** What an episode taught. */
export interface EndedEpisode {
  readonly episode_id: string;
  readonly reward: RewardResult;
  readonly reflection: ReturnType<typeof reflectionResult>;
  readonly quality: QualityResult;
}

/** Ends an episode. */
export async function endEpisode(
  given: CompleteEpisodeArguments,
  { memory, openEpisodes }: Pick<Recorder, 'memory' | 'openEpisodes'>,
  options: CallOptions,
): Promise<{ readonly episode: CompletedEpisode; readonly result: EndedEpisode }> {
  const episode = await memory.completeEpisode(given.episode_id, toOutcomeInput(given.outcome), options);
  openEpisodes?.ended(episode.id);
  const result = {
    episode_id: episode.id,
    reward: rewardResult(episode.reward),
    reflection: reflectionResult(episode.reflection),
    quality: qualityResult(episode.quality),
  };
  return { episode, result };
}
