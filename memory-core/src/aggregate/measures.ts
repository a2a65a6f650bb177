// What is measured of a group, and the tally that it is computed from. Pure.
import type { Episode, Step } from '../episode.ts';
import { wilsonInterval } from '../pattern.ts';
import { type Sample, sample } from './sample.ts';

const STATISTICS = ['mean', 'median', 'p95', 'total'] as const;
type Statistic = (typeof STATISTICS)[number];

/** What has an amount: of an episode `reward`, `steps`, `duration_ms` and `tokens`, of a step `latency_ms` and `tokens`. */
export type Quantity = 'reward' | 'steps' | 'duration_ms' | 'tokens' | 'latency_ms';

/**
 * Of a group of episodes. `ended`: those with a verdict, abstentions left out; `successes` of them, and their rate with
 * the ends of its 95 % Wilson interval. Amounts are of the episodes that have them.
 */
export const EPISODE_MEASURES = [
  'ended',
  'successes',
  'success_rate',
  'success_rate_low',
  'success_rate_high',
  'mean_reward',
  'median_reward',
  'mean_steps',
  'median_steps',
  'p95_steps',
  'total_steps',
  'mean_duration_ms',
  'median_duration_ms',
  'p95_duration_ms',
  'total_duration_ms',
  'mean_tokens',
  'median_tokens',
  'p95_tokens',
  'total_tokens',
] as const;
export type EpisodeMeasure = (typeof EPISODE_MEASURES)[number];

/**
 * Of a group of steps. `episodes` that they are in; `errors`: those that failed or timed out, and their rate with the
 * ends of its 95 % Wilson interval. Amounts are of the steps that have them.
 */
export const STEP_MEASURES = [
  'episodes',
  'errors',
  'error_rate',
  'error_rate_low',
  'error_rate_high',
  'mean_latency_ms',
  'median_latency_ms',
  'p95_latency_ms',
  'total_latency_ms',
  'mean_tokens',
  'median_tokens',
  'p95_tokens',
  'total_tokens',
] as const;
export type StepMeasure = (typeof STEP_MEASURES)[number];

/** What may be measured of a group: `EPISODE_MEASURES` and `STEP_MEASURES`. */
export type Measure = EpisodeMeasure | StepMeasure;

/** Measured where nothing is asked for. */
export const DEFAULT_MEASURES: {
  readonly episodes: readonly EpisodeMeasure[];
  readonly steps: readonly StepMeasure[];
} = Object.freeze({
  episodes: ['ended', 'successes', 'success_rate', 'success_rate_low', 'success_rate_high'],
  steps: ['episodes', 'errors', 'error_rate', 'median_latency_ms', 'p95_latency_ms'],
});

/** One thing that is counted. */
export interface Counted {
  readonly episodeId: string;
  /** Of an episode whether it succeeded, of a step whether it failed; absent where nobody knows. */
  readonly isHit?: boolean;
  readonly amounts: { readonly [Q in Quantity]?: number | undefined };
}

/** What the steps of an episode have together. */
export interface StepSums {
  readonly steps: number;
  /** Absent where no step tells it. */
  readonly tokens?: number;
}

/** The steps of one episode taken together, one by one. */
export function withStep({ steps, tokens }: StepSums, { tokensUsed }: Step): StepSums {
  return {
    steps: steps + 1,
    ...(tokens === undefined && tokensUsed === undefined ? {} : { tokens: (tokens ?? 0) + (tokensUsed ?? 0) }),
  };
}

/** An episode to be counted; `sums` where its steps were read. Abstaining is no verdict. */
export function countedEpisode(episode: Episode, sums?: StepSums): Counted {
  const own = { steps: sums?.steps, tokens: sums?.tokens };
  if (episode.status === 'open') return { episodeId: episode.id, amounts: own };
  const { kind } = episode.outcome;
  const tookMs = Date.parse(episode.endedAt) - Date.parse(episode.startedAt);
  return {
    episodeId: episode.id,
    ...(kind === 'abstained' ? {} : { isHit: kind === 'success' }),
    // A clock that was set back measured nothing.
    amounts: { ...own, reward: episode.reward.total, duration_ms: tookMs >= 0 ? tookMs : undefined },
  };
}

export function countedStep({ episodeId, result, latencyMs, tokensUsed }: Step): Counted {
  return { episodeId, isHit: result.type !== 'success', amounts: { latency_ms: latencyMs, tokens: tokensUsed } };
}

/** What is kept of a group while it is counted. */
export interface Tally {
  count: number;
  /** Those of which it is known whether they are hits. */
  trials: number;
  hits: number;
  episodes: number;
  /** Things of one episode come one after the other. */
  lastEpisodeId: string | undefined;
  /** Of what is measured, and nothing else. */
  readonly samples: { readonly [Q in Quantity]?: Sample };
}

export function tallyFor(measures: readonly Measure[]): Tally {
  const quantities = new Set(measures.flatMap((measure) => amountIn(measure)?.quantity ?? []));
  const samples = Object.fromEntries([...quantities].map((quantity) => [quantity, sample()]));
  return { count: 0, trials: 0, hits: 0, episodes: 0, lastEpisodeId: undefined, samples };
}

export function count(tally: Tally, { episodeId, isHit, amounts }: Counted): void {
  tally.count += 1;
  if (isHit !== undefined) tally.trials += 1;
  if (isHit === true) tally.hits += 1;
  if (episodeId !== tally.lastEpisodeId) tally.episodes += 1;
  tally.lastEpisodeId = episodeId;
  for (const [quantity, of] of Object.entries(tally.samples)) {
    // The samples are made under the names of quantities.
    const amount = amounts[quantity as Quantity];
    if (amount !== undefined) of.add(amount);
  }
}

/** `null` where nothing in the group tells it. */
export function measured(tally: Tally, measure: Measure): number | null {
  const { trials, hits } = tally;
  switch (measure) {
    case 'ended':
      return trials;
    case 'successes':
    case 'errors':
      return hits;
    case 'success_rate':
    case 'error_rate':
      return trials === 0 ? null : hits / trials;
    case 'success_rate_low':
    case 'error_rate_low':
      return trials === 0 ? null : wilsonInterval(hits, trials)[0];
    case 'success_rate_high':
    case 'error_rate_high':
      return trials === 0 ? null : wilsonInterval(hits, trials)[1];
    case 'episodes':
      return tally.episodes;
    default: {
      const amount = amountIn(measure);
      const of = amount && tally.samples[amount.quantity];
      return amount === undefined || of === undefined ? null : statisticOf(of, amount.statistic);
    }
  }
}

/** Whether the measure is of what only the steps of an episode tell. */
export function needsSteps(measure: Measure): boolean {
  const quantity = amountIn(measure)?.quantity;
  return quantity === 'steps' || quantity === 'tokens';
}

interface Amount {
  readonly statistic: Statistic;
  readonly quantity: Quantity;
}

/** `p95_latency_ms` is the statistic `p95` of the quantity `latency_ms`. */
function amountIn(measure: Measure): Amount | undefined {
  const statistic = STATISTICS.find((each) => measure.startsWith(`${each}_`));
  if (statistic === undefined) return undefined;
  // The lists above name quantities behind each statistic.
  return { statistic, quantity: measure.slice(statistic.length + 1) as Quantity };
}

function statisticOf(of: Sample, statistic: Statistic): number | null {
  if (of.count === 0) return null;
  switch (statistic) {
    case 'mean':
      return of.sum / of.count;
    case 'median':
      return of.quantile(0.5);
    case 'p95':
      return of.quantile(0.95);
    case 'total':
      return of.sum;
  }
}
