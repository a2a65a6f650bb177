// Counting what is stored: episodes, or their steps, in groups, with what is measured of each.
import { episodeValues, type FieldValue, isStepField, stepValues } from './aggregate/fields.ts';
import { type AggregateGroup, type Groups, groupsBy } from './aggregate/groups.ts';
import { countedEpisode, countedStep, needsSteps, type StepSums, withStep } from './aggregate/measures.ts';
import { type AggregateQuery, type CheckedAggregate, checkedAggregate } from './aggregate/query.ts';
import type { MemoryContext } from './context.ts';
import type { Episode, Step } from './episode.ts';
import { throwIfAborted } from './errors.ts';
import { defined } from './json.ts';
import type { CallOptions, EpisodeFilter } from './ports/store.ts';
import { episodeFilterOf } from './search.ts';
import { turns } from './turns.ts';

/** The groups that were asked for, and how much was looked at for them. */
export interface AggregateResult {
  readonly groups: readonly AggregateGroup[];
  /** Groups that were found and are not told: beyond `limit`, or of fewer than `minCount`. */
  readonly groupsLeftOut: number;
  /** Episodes that were looked at. */
  readonly scanned: number;
  /** Whether that was all there is; where it was not, the newest were looked at. */
  readonly isComplete: boolean;
}

/** Episodes whose steps are read together. */
const STEPS_EPISODES = 50;
const STOPPED = 'nothing was changed';

/**
 * One pass over the newest episodes. Steps are read where something that is asked for is told by them alone.
 * @throws `INVALID_INPUT`, `ABORTED`
 */
export async function aggregate(
  context: MemoryContext,
  query: AggregateQuery,
  options: CallOptions,
): Promise<AggregateResult> {
  const asked = checkedAggregate(query);
  const groups = groupsBy(asked.groupBy, asked.measures);
  const counted = countingOf(context, { asked, groups }, options);
  let batch: Episode[] = [];
  let scanned = 0;
  let isMore = false;
  for await (const episode of context.store.scan('episode', filterOf(context, asked), options)) {
    isMore = scanned === asked.maxEpisodes || groups.isFull;
    if (isMore) break;
    batch.push(episode);
    scanned += 1;
    if (batch.length < STEPS_EPISODES) continue;
    await counted(batch);
    batch = [];
  }
  await counted(batch);
  const { groups: told, leftOut } = groups.told(asked);
  return { groups: told, groupsLeftOut: leftOut, scanned, isComplete: !isMore && !groups.isFull };
}

interface Work {
  readonly asked: CheckedAggregate;
  readonly groups: Groups;
}

/** What counts some episodes, or their steps, and shares the thread. */
function countingOf(
  { store }: MemoryContext,
  { asked: { of, where, groupBy, measures }, groups }: Work,
  options: CallOptions,
): (episodes: readonly Episode[]) => Promise<void> {
  const turn = turns();
  const stepFields = groupBy.filter(isStepField);
  const saidByStep = stepValues(stepFields);
  const saidByEpisode = (episode: Episode): Said =>
    groupBy.map((field) => (isStepField(field) ? [] : episodeValues(episode, field)));

  async function* stepsOf(episodes: readonly Episode[]): AsyncGenerator<Step> {
    const episodeIds = episodes.map(({ id }) => id);
    for await (const step of store.scan('step', { episodeIds }, options)) {
      await pause();
      yield step;
    }
  }

  async function pause(): Promise<void> {
    await turn();
    throwIfAborted(options.signal, STOPPED);
  }

  async function countSteps(episodes: readonly Episode[]): Promise<void> {
    const said = new Map(episodes.map((episode) => [episode.id, saidByEpisode(episode)]));
    for await (const step of stepsOf(episodes)) {
      if (groups.isFull) return;
      if ((where.tool ?? step.tool) !== step.tool || (where.result ?? step.result.type) !== step.result.type) continue;
      const own = stepFields.length === 0 ? undefined : saidByStep(step);
      const known = said.get(step.episodeId) ?? [];
      groups.add(
        countedStep(step),
        groupBy.map((field, index) => (isStepField(field) ? [own?.[field] ?? null] : (known[index] ?? []))),
      );
    }
  }

  async function countEpisodes(episodes: readonly Episode[]): Promise<void> {
    const sums = new Map<string, StepSums>();
    if (measures.some(needsSteps)) {
      for (const { id } of episodes) sums.set(id, { steps: 0 });
      for await (const step of stepsOf(episodes)) {
        sums.set(step.episodeId, withStep(sums.get(step.episodeId) ?? { steps: 0 }, step));
      }
    }
    for (const episode of episodes) {
      await pause();
      groups.add(countedEpisode(episode, sums.get(episode.id)), saidByEpisode(episode));
    }
  }

  return of === 'steps' ? countSteps : countEpisodes;
}

type Said = readonly (readonly FieldValue[])[];

/** One more than is looked at: whether there are more is part of the answer. */
function filterOf(context: MemoryContext, { where, maxEpisodes }: CheckedAggregate): EpisodeFilter {
  const { status, agent } = where;
  const newest = { order: 'newest' as const, limit: maxEpisodes + 1 };
  return { ...episodeFilterOf(context, where), ...defined({ status, agent }), ...newest };
}
