// Candidates to hits: how much each counts, and why. Pure.
import type { Episode, OutcomeKind } from '../episode.ts';
import { type Pattern, type PatternFigures, wilsonInterval } from '../pattern.ts';
import type { Fused } from './fuse.ts';

/** The parts of a score by name. They sum to the score. */
export type Why = Readonly<Record<string, number>>;

/** An episode that was found, with its score and the parts of it. */
export interface EpisodeHit {
  readonly episode: Episode;
  /** 0–1. */
  readonly score: number;
  readonly why: Why;
  /** It did not end well: experience of what not to do. */
  readonly isWarning: boolean;
  /** Other attempts at the same task, best first. */
  readonly attempts: readonly OtherAttempt[];
  /** What differed between the attempts that succeeded and those that did not, where that can be told. */
  readonly difference?: string | undefined;
}

export interface OtherAttempt {
  readonly episodeId: string;
  readonly outcome: OutcomeKind | undefined;
}

/** A pattern that was found, with its figures and who bears it out. */
export interface PatternHit {
  readonly pattern: Pattern;
  readonly figures: PatternFigures;
  readonly statement: string;
  /**
   * Ids of episodes that bear it out: held it and succeeded, or, where it does harm, did not. At most 20 in a search, 1,000
   * in a list: those with the highest ids, which are the newest where ids rise with time.
   */
  readonly evidence: readonly string[];
  /** Ids of the other episodes that held it, as many at most. */
  readonly against: readonly string[];
  readonly score: number;
  readonly why: Why;
}

/** What raises a relevant episode over another, as shares of its relevance. Success and failure lie 0.4 to 1 apart in reward. */
const EPISODE_BONUS = { reward: 0.15, recency: 0.05, context: 0.05 } as const;
const MOST_BONUS = EPISODE_BONUS.reward + EPISODE_BONUS.recency + EPISODE_BONUS.context;
const PATTERN_BONUS = { standing: 0.5, support: 0.2, utility: 0.2 } as const;
/** Whoever asks for what has faded finds it behind all others. */
const STANDING_ORDER = { confirmed: 0, candidate: 1, faded: 2 } as const;
/** Support at which a pattern's support counts one half. */
const HALF_SUPPORT = 10;

/** What is known of an episode beside how well it answers. */
export interface Standing {
  /** 0–1; of an open episode 0. */
  readonly reward: number;
  /** Nearness in time and in place, 0–1 each. */
  readonly time: number;
  readonly place: number;
}

/**
 * score = relevance · (1 + 0.15 · reward + 0.05 · recency + 0.05 · context) / 1.25, each in 0–1; recency and context are
 * nearness in time and in place. Relevance leads: what succeeded or is new goes before its equals and never before what fits much better.
 */
export function rated({ relevance, parts }: Fused, standing: Standing): { readonly score: number; readonly why: Why } {
  const { reward, time, place } = standing;
  const why = shares(parts, EPISODE_BONUS, { reward, recency: time, context: place });
  return { score: scoreOf(relevance, standing), why };
}

/** The score that `rated` gives, without its parts. Never above the relevance. */
export function scoreOf(relevance: number, { reward, time, place }: Standing): number {
  const bonus = EPISODE_BONUS.reward * reward + EPISODE_BONUS.recency * time + EPISODE_BONUS.context * place;
  return relevance * ((1 + bonus) / (1 + MOST_BONUS));
}

/**
 * What is confirmed first, then what may be chance, then what has faded; each best first. score = relevance ·
 * (1 + 0.5 · [confirmed] + 0.2 · support / (support + 10) + 0.2 · utility) / 1.9. Utility is the lower bound of the 95 %
 * Wilson interval (Wilson 1927) of how it went when it was applied, over one success and one failure that are taken as
 * seen already (Laplace's rule of succession): what was never applied has the same low utility, a success raises it, a
 * failure lowers it, and many count for more than one.
 */
export function rankPatterns<C extends Omit<PatternHit, 'score' | 'why'> & { readonly fused: Fused }>(
  candidates: readonly C[],
): readonly PatternHit[] {
  const hits = candidates.map(({ pattern, figures, statement, evidence, against, fused }) => {
    const why = shares(fused.parts, PATTERN_BONUS, {
      standing: pattern.standing === 'confirmed' ? 1 : 0,
      support: pattern.support / (pattern.support + HALF_SUPPORT),
      utility: utilityOf(pattern),
    });
    return { pattern, figures, statement, evidence, against, score: sum(why), why };
  });
  return hits.sort(
    (a, b) =>
      STANDING_ORDER[a.pattern.standing] - STANDING_ORDER[b.pattern.standing] ||
      b.score - a.score ||
      (a.pattern.id < b.pattern.id ? -1 : 1),
  );
}

/**
 * As a list tells those that nobody asked about in words: within a standing what one would act on first. That is what is
 * least likely to be chance, then that whose interval lies farthest from a lift of 1, then what was seen most.
 */
export function rankListed(hits: readonly PatternHit[]): readonly PatternHit[] {
  return [...hits].sort(
    (a, b) =>
      STANDING_ORDER[a.pattern.standing] - STANDING_ORDER[b.pattern.standing] ||
      a.pattern.pValue - b.pattern.pValue ||
      distanceFromOne(b.figures) - distanceFromOne(a.figures) ||
      b.pattern.support - a.pattern.support ||
      (a.pattern.id < b.pattern.id ? -1 : 1),
  );
}

/** By how much the nearer bound of the lift lies above or below 1, as a factor; not above 1 where the interval includes it. */
function distanceFromOne({ interval: [low, high] = [0, Number.POSITIVE_INFINITY] }: PatternFigures): number {
  return Math.max(low, 1 / high);
}

/** 0–1: see `rankPatterns`. Being shown is not being applied. */
export function utilityOf({ applied, appliedSuccesses }: Pick<Pattern, 'applied' | 'appliedSuccesses'>): number {
  return wilsonInterval(appliedSuccesses + 1, applied + 2)[0];
}

/**
 * The parts of `relevance · (1 + Σ weight · value) / (1 + Σ weight)`, by name, where the relevance is the sum of its own
 * parts: they sum to it and it stays in 0–1.
 */
function shares<W extends Readonly<Record<string, number>>>(
  relevant: Why,
  weights: W,
  values: Readonly<Record<keyof W, number>>,
): Why {
  const bonuses = Object.entries(weights);
  const relevance = sum(relevant);
  const whole = 1 + bonuses.reduce((total, [, weight]) => total + weight, 0);
  const parts = [
    ...Object.entries(relevant).map(([part, value]) => [part, value / whole] as const),
    ...bonuses.map(([part, weight]) => [part, (relevance * weight * (values[part] ?? 0)) / whole] as const),
  ];
  return Object.fromEntries(parts);
}

/** Whether it is no advice but a warning. */
export function isFailed(outcome: OutcomeKind | undefined): boolean {
  return outcome === 'failure';
}

function sum(why: Why): number {
  return Object.values(why).reduce((total, part) => total + part, 0);
}
