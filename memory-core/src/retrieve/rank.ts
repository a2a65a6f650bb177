// Candidates to hits: how much each counts, and why. Pure.
import type { Episode } from '../episode.ts';
import type { Pattern, PatternFigures } from '../pattern.ts';
import type { Parts } from './fuse.ts';

/** The parts of a score by name. They sum to the score. */
export type Why = Readonly<Record<string, number>>;

export interface EpisodeHit {
  readonly episode: Episode;
  /** 0–1. */
  readonly score: number;
  readonly why: Why;
  /** It did not end well: experience of what not to do. */
  readonly isWarning: boolean;
}

export interface EpisodeCandidate {
  readonly episode: Episode;
  /** 0–1. */
  readonly relevance: number;
  /** What the relevance is made of, by source: they sum to it. Without it the relevance is told as one part. */
  readonly parts?: Parts | undefined;
}

export interface PatternHit {
  readonly pattern: Pattern;
  readonly figures: PatternFigures;
  readonly statement: string;
  /** Ids of episodes it rests on, at most 20: those with the highest ids, which are the newest where ids rise with time. */
  readonly evidence: readonly string[];
  readonly score: number;
  readonly why: Why;
}

/** What the asker is doing, where it is known: nearness to it ranks, and never hides. */
export interface Situation {
  readonly domain?: string | undefined;
  readonly taskType?: string | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
}

/** What raises a relevant episode over another, as shares of its relevance. */
const EPISODE_BONUS = { reward: 0.1, recency: 0.05, context: 0.05 } as const;
const PATTERN_BONUS = { support: 0.2, utility: 0.1 } as const;
/** Age at which recency has fallen to one half. */
const RECENCY_HALF_LIFE_DAYS = 30;
/** Support at which a pattern's support counts one half. */
const HALF_SUPPORT = 10;

/**
 * Best first. score = relevance · (1 + 0.1 · reward + 0.05 · recency + 0.05 · context) / 1.2, each in 0–1;
 * recency = ½^(age / 30 days), context = the share of the known situation that is the same. Relevance leads: what
 * succeeded or is new goes before its equals and never before what fits much better.
 */
export function rankEpisodes(
  candidates: readonly EpisodeCandidate[],
  asked: { readonly situation: Situation; readonly nowMs: number },
): readonly EpisodeHit[] {
  const hits = candidates.map(({ episode, relevance, parts = { relevance } }) => {
    const why = shares(parts, EPISODE_BONUS, {
      reward: episode.status === 'completed' ? episode.reward.total : 0,
      recency: recency(asked.nowMs - Date.parse(episode.startedAt)),
      context: sharedContext(episode, asked.situation),
    });
    return { episode, score: sum(why), why, isWarning: isFailed(episode) };
  });
  return hits.sort((a, b) => b.score - a.score || (a.episode.id < b.episode.id ? 1 : -1));
}

/**
 * Best first. score = relevance · (1 + 0.2 · support / (support + 10) + 0.1 · utility) / 1.3, with
 * utility = (successes when applied + 1) / (times applied + 2), Laplace's rule of succession.
 */
export function rankPatterns<C extends Omit<PatternHit, 'score' | 'why'> & { readonly relevance: number }>(
  candidates: readonly C[],
): readonly PatternHit[] {
  const hits = candidates.map(({ pattern, figures, statement, evidence, relevance }) => {
    const why = shares({ relevance }, PATTERN_BONUS, {
      support: pattern.support / (pattern.support + HALF_SUPPORT),
      utility: (pattern.appliedSuccesses + 1) / (pattern.applied + 2),
    });
    return { pattern, figures, statement, evidence, score: sum(why), why };
  });
  return hits.sort((a, b) => b.score - a.score || (a.pattern.id < b.pattern.id ? -1 : 1));
}

function recency(ageMs: number): number {
  const ageDays = Math.max(0, ageMs) / 86_400_000;
  return 0.5 ** (ageDays / RECENCY_HALF_LIFE_DAYS);
}

function sharedContext(episode: Episode, situation: Situation): number {
  const pairs = [
    [situation.domain, episode.domain],
    [situation.taskType, episode.taskType],
    [situation.language, episode.context.language],
    [situation.framework, episode.context.framework],
  ].filter(([asked]) => asked !== undefined);
  return pairs.length === 0 ? 0 : pairs.filter(([asked, found]) => asked === found).length / pairs.length;
}

function isFailed(episode: Episode): boolean {
  return episode.status === 'completed' && episode.outcome.kind === 'failure';
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

function sum(why: Why): number {
  return Object.values(why).reduce((total, part) => total + part, 0);
}
