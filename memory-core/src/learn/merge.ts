// What is stored of a pattern once its scope was mined anew: it gains, loses, fades, comes back or goes. Pure.
import { isDeepStrictEqual } from 'node:util';
import { MIN_SUPPORT, type Pattern, type PatternMoment } from '../pattern.ts';
import type { PatternContent } from './scope-learning.ts';

/** A pattern as it is to be stored, with the version that it has now; or that it goes, with its evidence. */
export type Merged =
  | { readonly kind: 'stays' }
  | { readonly kind: 'stored'; readonly value: Pattern }
  | { readonly kind: 'gone' };

export interface MergeInput {
  readonly known: Pattern | undefined;
  readonly mined: MinedContent | undefined;
  /** When it was mined. */
  readonly at: string;
  /** How often a pattern that is new was applied before it was there: feedback that was imported ahead of it. */
  readonly applied?: Applied | undefined;
  /** Whether it may stay as faded where it is mined no more. @default true */
  readonly mayFade?: boolean;
}

/** As mined, and what is kept of its evidence. */
export type MinedContent = PatternContent & Pick<Pattern, 'kept'>;

export type Applied = Pick<Pattern, 'applied' | 'appliedSuccesses'>;

/** Moments of its history: the first, and the last ones. */
export const MAX_MOMENTS = 32;
/** A moment is kept when the standing changed, or the support by this share of it, or the success rate by this much. */
const NOTABLE_SUPPORT = 0.2;
const NOTABLE_RATE = 0.1;
/** A corrected p-value alone is worth a write when it became this many times as large, or as small. */
const NOTABLE_P_VALUE = 2;
/** A faded pattern is kept for so long: evidence that turned may turn again, and its feedback would be lost. */
const FADED_KEPT_MS = 90 * 86_400_000;

/**
 * The known pattern and the mined one made one. The same input gives the same again, and what is merged twice stays.
 * A pattern that was never shown and is mined no more goes at once.
 */
export function merged({ known, mined, at, applied, mayFade = true }: MergeInput): Merged {
  if (mined !== undefined) return withEvidence(mined, known, { at, applied });
  if (known === undefined) return { kind: 'stays' };
  if (!mayFade || known.support < MIN_SUPPORT) return { kind: 'gone' };
  if (known.standing !== 'faded') return { kind: 'stored', value: faded(known, at) };
  return isKept(known, at) ? { kind: 'stays' } : { kind: 'gone' };
}

/** Feedback and history are the store's own; all else is as it was mined. */
function withEvidence(
  mined: MinedContent,
  known: Pattern | undefined,
  { at, applied }: Pick<MergeInput, 'at' | 'applied'>,
): Merged {
  if (known === undefined) {
    const own = { version: 0, history: [momentOf(mined, at)], ...(applied ?? { applied: 0, appliedSuccesses: 0 }) };
    return { kind: 'stored', value: { ...mined, ...own } };
  }
  const { version, history } = known;
  const own = { version, history, applied: known.applied, appliedSuccesses: known.appliedSuccesses };
  const value: Pattern = { ...mined, ...own };
  if (!isNews(known, value)) return { kind: 'stays' };
  const last = history.at(-1);
  const isNotable = last === undefined || isNotableChange(last, value);
  return { kind: 'stored', value: isNotable ? { ...value, history: withMoment(history, momentOf(value, at)) } : value };
}

function faded(known: Pattern, at: string): Pattern {
  const value: Pattern = { ...known, standing: 'faded' };
  return { ...value, history: withMoment(known.history, momentOf(value, at)) };
}

function isKept({ history, lastSeen }: Pattern, at: string): boolean {
  const since = history.at(-1)?.at ?? lastSeen;
  return Date.parse(at) - Date.parse(since) < FADED_KEPT_MS;
}

/** Whether more than how sure it is has changed, or that so much that a reader should see it. */
function isNews(known: Pattern, now: Pattern): boolean {
  const sureness = { pValue: 0, heldOut: undefined };
  if (!isDeepStrictEqual({ ...known, ...sureness }, { ...now, ...sureness })) return true;
  if (known.heldOut?.agrees !== now.heldOut?.agrees) return true;
  const [smaller, larger] = [Math.min(known.pValue, now.pValue), Math.max(known.pValue, now.pValue)];
  return larger > smaller * NOTABLE_P_VALUE;
}

function isNotableChange(last: PatternMoment, now: Pattern): boolean {
  const rate = ({ successes, support }: { readonly successes: number; readonly support: number }): number =>
    support === 0 ? 0 : successes / support;
  return (
    last.standing !== now.standing ||
    Math.abs(now.support - last.support) >= NOTABLE_SUPPORT * last.support ||
    Math.abs(rate(now) - rate(last)) >= NOTABLE_RATE
  );
}

function momentOf({ standing, support, successes, pValue }: Omit<PatternMoment, 'at'>, at: string): PatternMoment {
  return { at, standing, support, successes, pValue };
}

/** The first one says how it began; between it and the last ones, the oldest go. */
function withMoment(history: readonly PatternMoment[], moment: PatternMoment): readonly PatternMoment[] {
  const all = [...history, moment];
  return all.length <= MAX_MOMENTS ? all : [...all.slice(0, 1), ...all.slice(1 - MAX_MOMENTS)];
}
