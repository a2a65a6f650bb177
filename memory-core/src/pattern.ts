// A regularity that several episodes share, the evidence for it, and how sure it is. Pure.
import { contentId } from './id.ts';

/** Tools used one directly after the other, by episodes of one scope. Later kinds join this union. */
export interface ToolSequence {
  readonly kind: 'tool_sequence';
  readonly id: string;
  readonly version: number;
  readonly scope: Scope;
  /** In order, with repeats of one tool folded into one. */
  readonly tools: readonly string[];
  /** Episodes that hold it. */
  readonly support: number;
  /** How many of those succeeded. */
  readonly successes: number;
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** Times it was recommended and then applied, and how many of those succeeded. */
  readonly applied: number;
  readonly appliedSuccesses: number;
}

export type Pattern = ToolSequence;
export type PatternKind = Pattern['kind'];

/** Where a pattern holds. Episodes are only compared within their scope. */
export interface Scope {
  readonly project?: string;
  readonly domain?: string;
}

/** One episode that holds a pattern. Pattern × episode is unique. */
export interface PatternEvidence {
  readonly id: string;
  readonly version: number;
  readonly patternId: string;
  readonly episodeId: string;
  readonly isSuccess: boolean;
}

/** How the episodes of a scope end on the whole: what the success of a pattern is compared with. */
export interface Baseline {
  readonly id: string;
  readonly version: number;
  readonly scope: Scope;
  /** Completed episodes; abstentions don't count. */
  readonly episodes: number;
  readonly successes: number;
}

/** A scope has one baseline, with this id. */
export function baselineId(scope: Scope): string {
  return contentId(JSON.stringify(['baseline', scope.project ?? null, scope.domain ?? null]));
}

/** Episodes that a pattern needs before anybody is told of it. */
export const MIN_SUPPORT = 3;

/** The figures of a pattern beside those of its scope. */
export interface PatternFigures {
  readonly successRate: number;
  readonly baseRate: number;
  /** successRate / baseRate; absent where nothing in the scope ever succeeded. */
  readonly lift?: number;
  /** 95 % interval of the lift; absent like it. */
  readonly interval?: readonly [number, number];
}

/**
 * Lift over the base rate of the scope. The interval is the Wilson score interval of the success rate
 * (Wilson 1927, z = 1.96) divided by the base rate, which is taken as known.
 */
export function patternFigures(
  pattern: Pick<Pattern, 'support' | 'successes'>,
  baseline: Pick<Baseline, 'episodes' | 'successes'>,
): PatternFigures {
  const successRate = pattern.successes / pattern.support;
  const baseRate = baseline.successes / baseline.episodes;
  if (baseRate === 0) return { successRate, baseRate };
  const [low, high] = wilsonInterval(pattern.successes, pattern.support);
  return { successRate, baseRate, lift: successRate / baseRate, interval: [low / baseRate, high / baseRate] };
}

/** Wilson score interval of `successes` in `trials`, z = 1.96: [0, 1] where nothing was tried. */
export function wilsonInterval(successes: number, trials: number): readonly [number, number] {
  if (trials === 0) return [0, 1];
  const z = 1.96;
  const rate = successes / trials;
  const centre = rate + (z * z) / (2 * trials);
  const margin = z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return [Math.max(0, (centre - margin) / scale), Math.min(1, (centre + margin) / scale)];
}

/** What a pattern says, in a sentence that a person would act on. */
export function patternStatement(pattern: Pattern, figures: PatternFigures): string {
  const where = pattern.scope.domain === undefined ? '' : ` (${pattern.scope.domain})`;
  const often = `${pattern.successes} of ${pattern.support} attempts`;
  const base = `${Math.round(figures.baseRate * 100)} % of all`;
  return `${pattern.tools.join(' → ')}${where}: succeeded in ${often}, against ${base} in the same scope.`;
}
