// The life of an episode: begun, recorded, ended, changed. Each verb is one write.
import { isDeepStrictEqual } from 'node:util';
import { collect, type MemoryContext, retryingConflicts, timeOf } from './context.ts';
import { toEpisode, toOutcome, toStep } from './entities.ts';
import {
  alreadyCompleted,
  type CompletedEpisode,
  change,
  complete,
  type Episode,
  type OpenEpisode,
  type Step,
} from './episode.ts';
import { isInDoubt, isMemoryError, MemoryError } from './errors.ts';
import type { IndexKeeper } from './gather/index-keeper.ts';
import { similarEpisodes } from './gather/similar-episodes.ts';
import {
  type EpisodeInput,
  episodeInput,
  type OutcomeInput,
  outcomeInput,
  parse,
  type StepInput,
  stepInput,
} from './input.ts';
import { defined } from './json.ts';
import { learn } from './learn/learn.ts';
import { LIMITS } from './limits.ts';
import { baselineId } from './pattern.ts';
import type { CallOptions, EpisodeFilter, Put, Write } from './ports/store.ts';
import { existing } from './reading.ts';
import { requireAll } from './retelling.ts';
import { episodeTerms } from './retrieve/index-terms.ts';
import { type EpisodeChangeInput, episodeChangeInput, metadataAfter, tagsAfter } from './revise.ts';
import { normaliseTag } from './tag.ts';
import { mapInTurns } from './turns.ts';

/** Begins episodes, all in one commit. */
export async function createEpisodes(
  context: MemoryContext,
  inputs: readonly EpisodeInput[],
  options: CallOptions,
): Promise<readonly OpenEpisode[]> {
  const episodes = await newEpisodes(context, inputs);
  await beginEpisodes(context, episodes, options);
  return episodes;
}

/** Episodes as they are asked for. Nothing is stored yet. */
export async function newEpisodes(
  context: MemoryContext,
  inputs: readonly EpisodeInput[],
): Promise<readonly OpenEpisode[]> {
  refuseLargeBatch(inputs.length, 'episodes');
  const at = timeOf(context);
  return mapInTurns(inputs, (input) => {
    const checked = parse(episodeInput, input, 'episode');
    const project = checked.project ?? context.project;
    return toEpisode({ ...checked, project }, { id: context.newId(), at });
  });
}

/** Begins these episodes, all in one commit. */
export async function beginEpisodes(
  context: MemoryContext,
  episodes: readonly OpenEpisode[],
  options: CallOptions,
): Promise<void> {
  const puts = await mapInTurns(episodes, (value): Write => {
    return { op: 'put', kind: 'episode', value, ifVersion: 0, terms: episodeTerms(value, []) };
  });
  await context.store.write(puts, { ...options, actor: context.actor });
}

/** Steps as they are stored, in the order of the call. */
export interface StoredSteps {
  readonly steps: readonly Step[];
  /** Numbers of those whose key the episode held already for something else, which stays as it was. */
  readonly differing: readonly number[];
}

/** Steps as they are asked for. Nothing is stored yet. */
export async function newSteps(
  context: MemoryContext,
  episodeId: string,
  inputs: readonly StepInput[],
): Promise<readonly Step[]> {
  refuseLargeBatch(inputs.length, 'steps');
  const at = timeOf(context);
  return mapInTurns(inputs, (input) => toStep(parse(stepInput, input, 'step'), { id: context.newId(), at, episodeId }));
}

/**
 * Appends these steps to an open episode, all in one commit. A step whose key the episode already holds is not stored
 * again: the one that is there is answered, also once the episode is completed.
 */
export async function addSteps(
  context: MemoryContext,
  episodeId: string,
  steps: readonly Step[],
  options: CallOptions,
): Promise<StoredSteps> {
  if (steps.length === 0) await existing(context, episodeId, options);
  let known: ReadonlyMap<string, Step> = new Map();
  for (;;) {
    const fresh = withoutRepeats(steps, known);
    try {
      const numbered = fresh.length === 0 ? [] : await writeSteps(context, episodeId, fresh, options);
      const stored = answered(steps, new Map([...known, ...byKey(numbered)]), numbered);
      return { steps: stored, differing: differingNumbers(steps, stored) };
    } catch (error) {
      const stored = await storedByKey(context, episodeId, steps, options).catch((cause: unknown) => {
        throw isInDoubt(error) ? error : cause;
      });
      // Nothing new is known, so the refusal stands; every other round knows at least one key more.
      if (stored.size <= known.size) throw error;
      known = stored;
    }
  }
}

/** Ends an episode and derives what it taught, in one atomic write. */
export async function completeEpisode(
  context: MemoryContext,
  id: string,
  input: OutcomeInput,
  options: CallOptions,
): Promise<CompletedEpisode> {
  const outcome = toOutcome(parse(outcomeInput, input, 'outcome'));
  return retryingConflicts(async () => {
    // Read side by side; what does not belong together is turned down by the write.
    const reading = collect(context.store.scan('step', { episodeIds: [id] }, options));
    const index = context.index.current(options);
    for (const asked of [reading, index]) asked.catch(() => undefined);
    const episode = await existing(context, id, options);
    if (episode.status === 'completed') throw alreadyCompleted(id);
    const [steps, similar, [baseline]] = await Promise.all([
      reading,
      comparable(context, { episode, index }, options),
      context.store.getMany('baseline', [baselineId(episode)], options),
    ]);
    const waste = baseline?.learnt?.waste;
    const learning = learn({ description: episode.description, outcome, steps, similar, waste });
    const now = timeOf(context);
    // A clock that was set back does not make an episode end before it began.
    const at = now < episode.startedAt ? episode.startedAt : now;
    const completed = complete(episode, { outcome, learning, at });
    await context.store.write(
      [
        { op: 'require', kind: 'episode', id, status: 'open', stepCount: steps.length },
        // Nothing of what was forgotten meanwhile is told: it is read again without it.
        ...requireAll(learning.reflection.of),
        putEpisode(completed, episode.version, steps),
      ],
      { ...options, actor: context.actor },
    );
    return completed;
  });
}

/** Earlier attempts at such tasks. Without them the episode ends all the same, and is compared with none. */
async function comparable(
  context: MemoryContext,
  { episode, index }: { readonly episode: Episode; readonly index: ReturnType<IndexKeeper['current']> },
  options: CallOptions,
): Promise<readonly CompletedEpisode[]> {
  try {
    return await similarEpisodes(context, { episode, index }, options);
  } catch (error) {
    if (!isMemoryError(error) || error.code === 'ABORTED') throw error;
    context.logger.warn({ code: error.code, episodeId: episode.id }, 'earlier attempts could not be looked up');
    return [];
  }
}

export async function updateEpisode(
  context: MemoryContext,
  id: string,
  input: EpisodeChangeInput,
  options: CallOptions,
): Promise<Episode> {
  const { description, metadata, metadataKeys, tags } = parse(episodeChangeInput, input, 'change');
  return retryingConflicts(async () => {
    const episode = await existing(context, id, options);
    const changes = defined({
      description,
      metadata: metadataKeys === undefined ? metadata : metadataAfter(metadata ?? episode.metadata, metadataKeys),
      tags: tags && tagsAfter(episode.tags, tags),
    });
    const changed = change(episode, changes);
    const steps =
      episode.status === 'open' ? [] : await collect(context.store.scan('step', { episodeIds: [id] }, options));
    await context.store.write([putEpisode(changed, episode.version, steps)], { ...options, actor: context.actor });
    return changed;
  });
}

/** Renames a tag wherever it stands; answers how many episodes bore it. */
export async function renameTag(
  context: MemoryContext,
  names: { readonly from: string; readonly to: string },
  options: CallOptions,
): Promise<number> {
  const from = normaliseTag(names.from);
  const to = normaliseTag(names.to);
  let renamed = 0;
  if (from === to) return renamed;
  for await (const { id } of context.store.scan('episode', { tagsAll: [from] }, options)) {
    await updateEpisode(context, id, { tags: { remove: [from], add: [to] } }, options);
    renamed += 1;
  }
  return renamed;
}

/** How many episodes bear each tag, most frequent first. */
export async function tagStats(
  context: MemoryContext,
  filter: EpisodeFilter,
  options: CallOptions,
): Promise<readonly { readonly tag: string; readonly count: number }[]> {
  const counts = new Map<string, number>();
  for await (const { tags } of context.store.scan('episode', filter, options)) {
    for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return [...counts]
    .map(([tag, count]) => ({ tag, count }))
    .sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
}

async function writeSteps(
  context: MemoryContext,
  episodeId: string,
  steps: readonly Step[],
  options: CallOptions,
): Promise<readonly Step[]> {
  const guard = { op: 'require', kind: 'episode', id: episodeId, status: 'open' } as const;
  const { stepNumbers } = await context.store.write(
    [
      guard,
      ...steps.map((value): Put<'step'> => ({ op: 'put', kind: 'step', value, ifVersion: 0 })),
      { ...guard, maxSteps: LIMITS.steps, maxBytes: LIMITS.episodeBytes },
    ],
    { ...options, actor: context.actor },
  );
  return steps.map((step, index) => ({ ...step, number: stepNumbers[index] ?? 0 }));
}

/** The steps that are neither stored yet nor a repeat of one before them in the same call. */
function withoutRepeats(steps: readonly Step[], known: ReadonlyMap<string, Step>): readonly Step[] {
  const seen = new Set(known.keys());
  return steps.filter(({ key }) => {
    if (key === undefined) return true;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** The stored form of each step asked for, in the order of the call. */
function answered(
  asked: readonly Step[],
  known: ReadonlyMap<string, Step>,
  numbered: readonly Step[],
): readonly Step[] {
  const byId = new Map(numbered.map((step) => [step.id, step]));
  return asked.map((step) => (step.key === undefined ? undefined : known.get(step.key)) ?? byId.get(step.id) ?? step);
}

/** Steps that say something else than what is stored under their key. */
function differingNumbers(asked: readonly Step[], stored: readonly Step[]): readonly number[] {
  const said = ({ tool, action, parameters, result }: Step): unknown[] => [tool, action, parameters, result];
  return stored.flatMap((step, index) => {
    const given = asked[index];
    return given === undefined || isDeepStrictEqual(said(given), said(step)) ? [] : [step.number];
  });
}

function byKey(steps: readonly Step[]): readonly (readonly [string, Step])[] {
  return steps.flatMap((step) => (step.key === undefined ? [] : [[step.key, step] as const]));
}

async function storedByKey(
  context: MemoryContext,
  episodeId: string,
  steps: readonly Step[],
  options: CallOptions,
): Promise<ReadonlyMap<string, Step>> {
  const stored = new Map<string, Step>();
  for (const key of new Set(steps.map((step) => step.key))) {
    if (key === undefined) continue;
    for await (const step of context.store.scan('step', { episodeIds: [episodeId], key }, options))
      stored.set(key, step);
  }
  return stored;
}

function putEpisode(value: Episode, ifVersion: number, steps: readonly Step[]): Put<'episode'> {
  return { op: 'put', kind: 'episode', value, ifVersion, terms: episodeTerms(value, steps) };
}

function refuseLargeBatch(count: number, what: string): void {
  if (count > LIMITS.batch) {
    throw new MemoryError(
      'LIMIT_EXCEEDED',
      `${what}: at most ${LIMITS.batch} in one call, not ${count}; split the call.`,
    );
  }
}
