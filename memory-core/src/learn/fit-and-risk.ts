// How well what is known suits a task, and how likely such tasks are to fail, in words. Pure.
import { oneLine } from '../clip.ts';
import type { TaskCluster } from '../cluster.ts';
import type { CompletedEpisode } from '../episode.ts';
import { wilsonInterval } from '../pattern.ts';
import type { Fit, Risk } from '../recommendation.ts';

export interface SimilarAttempt {
  readonly episode: CompletedEpisode;
  /** Of the telling words of both descriptions, the share that is in both, 0–1 (Jaccard 1901). */
  readonly likeness: number;
  /** Words that both descriptions have. */
  readonly sharedWords: readonly string[];
}

/** From this likeness on, an attempt counts as one at the same task: it has as much in common as apart. */
export const SAME_TASK_LIKENESS = 0.5;
/** From this likeness on, an attempt is at a related task. */
const RELATED_LIKENESS = SAME_TASK_LIKENESS / 2;
/** Below so many attempts that ended nothing is said of the risk. */
const MIN_ENDED = 3;
const MAX_WORDS = 5;
const WORD_CHARACTERS = 40;

/** `attempts`: the most alike first. */
export function fitOf({
  attempts,
  kindOfTask,
  hasSteps,
}: {
  readonly attempts: readonly SimilarAttempt[];
  readonly kindOfTask: TaskCluster | undefined;
  readonly hasSteps: boolean;
}): Fit {
  const same = attempts.filter(({ likeness }) => likeness >= SAME_TASK_LIKENESS);
  if (same.length > 0) return { level: 'close', reason: `${endText(same)} at what reads like the same task.` };
  if (kindOfTask !== undefined) {
    const kind = `It is of a known kind, "${oneLine(kindOfTask.label, 120)}", with ${kindOfTask.size} attempts`;
    return { level: 'related', reason: `${kind}; none of them reads like the same task.` };
  }
  const nearest = attempts.reduce<SimilarAttempt | undefined>(
    (best, attempt) => (best === undefined || attempt.likeness > best.likeness ? attempt : best),
    undefined,
  );
  if (nearest === undefined) {
    return hasSteps
      ? { level: 'little', reason: 'No attempt at such a task is known; only patterns of this project apply.' }
      : { level: 'none', reason: 'Nothing is known of such a task.' };
  }
  const words = nearest.sharedWords.slice(0, MAX_WORDS).map((word) => `"${oneLine(word, WORD_CHARACTERS)}"`);
  const shares = words.length === 0 ? 'no word' : words.join(', ');
  return nearest.likeness >= RELATED_LIKENESS
    ? { level: 'related', reason: `${endText(attempts)} at tasks like it; the nearest shares ${shares} with it.` }
    : { level: 'little', reason: `Little to go by: the nearest task shares only ${shares} with it.` };
}

/**
 * By the attempts at the same task, where enough of them have ended; else by the tasks of its kind; else by whatever is
 * alike. Low: the 95 % Wilson interval of the success rate (Wilson 1927) lies above one half; high: below.
 */
export function riskOf({
  attempts,
  kindOfTask,
}: {
  readonly attempts: readonly SimilarAttempt[];
  readonly kindOfTask: TaskCluster | undefined;
}): Risk {
  const same = attempts.filter(({ likeness }) => likeness >= SAME_TASK_LIKENESS);
  const { ended, successes, whose } = [
    { ...countsOf(same), whose: 'attempts at the same task' },
    { ended: kindOfTask?.ended ?? 0, successes: kindOfTask?.successes ?? 0, whose: 'attempts at this kind of task' },
    { ...countsOf(attempts), whose: 'attempts at tasks like it' },
  ].find((counts) => counts.ended >= MIN_ENDED) ?? { ended: attempts.length, successes: 0, whose: '' };
  if (whose === '') {
    return {
      level: 'unknown',
      reason: ended === 0 ? 'No such attempt has ended.' : `Only ${ended} such attempts have ended.`,
    };
  }
  const [low, high] = wilsonInterval(successes, ended);
  const level = low > 0.5 ? 'low' : high < 0.5 ? 'high' : 'medium';
  return { level, reason: `${successes} of ${ended} ${whose} succeeded.` };
}

function countsOf(attempts: readonly SimilarAttempt[]): { readonly ended: number; readonly successes: number } {
  return {
    ended: attempts.length,
    successes: attempts.filter(({ episode }) => episode.outcome.kind === 'success').length,
  };
}

function endText(attempts: readonly SimilarAttempt[]): string {
  const { ended, successes } = countsOf(attempts);
  if (ended === 1) return `1 attempt, which ${successes === 1 ? 'succeeded' : 'did not succeed'},`;
  return `${ended} attempts, ${successes} of which succeeded,`;
}
