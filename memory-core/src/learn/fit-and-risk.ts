// How well what is known suits a task, and how likely such tasks are to fail, in words. Pure.
import { oneLine } from '../clip.ts';
import type { TaskCluster } from '../cluster.ts';
import type { CompletedEpisode } from '../episode.ts';
import { wilsonInterval } from '../pattern.ts';
import type { Fit, Risk } from '../recommendation.ts';
import { queryTerms } from '../retrieve/tokenize.ts';
import { taskOf } from '../trace.ts';

export interface SimilarAttempt {
  readonly episode: CompletedEpisode;
  /** Of the telling words of both descriptions, the share that is in both, 0–1 (Jaccard 1901). */
  readonly likeness: number;
  /** Words that both descriptions have. */
  readonly sharedWords: readonly string[];
}

/** From this likeness on, an attempt is taken for one at such a task: it has more in common than apart, or as much. */
export const ALIKE = 0.5;
/** From this likeness on, and with so many words in common, an attempt is at a related task: one word is no task. */
const RELATED = ALIKE / 2;
const MIN_SHARED_WORDS = 2;
/** Below so many attempts at the task, or tasks alike, that ended nothing is said of the risk. */
const MIN_ENDED = 3;
const MAX_WORDS = 5;
const WORD_CHARACTERS = 40;
const LABEL_CHARACTERS = 120;

/** The attempt with how much its description says the same as these telling words of another. */
export function attemptAt(words: readonly string[], episode: CompletedEpisode): SimilarAttempt {
  return { episode, ...sharedTerms(words, queryTerms(episode.description)) };
}

/** Words that both have, of all that either has. Each is given once. */
export function sharedTerms(
  words: readonly string[],
  others: readonly string[],
): Pick<SimilarAttempt, 'likeness' | 'sharedWords'> {
  const held = new Set(others);
  const sharedWords = words.filter((word) => held.has(word));
  const all = words.length + held.size - sharedWords.length;
  return { likeness: all === 0 ? 0 : sharedWords.length / all, sharedWords };
}

export function isAlike({ likeness }: SimilarAttempt): boolean {
  return likeness >= ALIKE;
}

/**
 * The attempts that everything is counted over: those that read like the task, and where these are too few to say anything
 * those at related tasks as well. The others have a word in common by chance.
 */
export function baseOf(attempts: readonly SimilarAttempt[]): readonly SimilarAttempt[] {
  const alike = attempts.filter(isAlike);
  if (alike.length >= MIN_ENDED) return alike;
  return attempts.filter((attempt) => isAlike(attempt) || isRelated(attempt));
}

function isRelated({ likeness, sharedWords }: SimilarAttempt): boolean {
  return likeness >= RELATED && sharedWords.length >= MIN_SHARED_WORDS;
}

/**
 * `attempts`: the most alike first. Close is only what is alike and all of one task: where tasks that differ read alike, the
 * words do not tell which of them it is.
 */
export function fitOf({
  attempts,
  kindOfTask,
  hasSteps,
}: {
  readonly attempts: readonly SimilarAttempt[];
  readonly kindOfTask: TaskCluster | undefined;
  readonly hasSteps: boolean;
}): Fit {
  const [nearest] = attempts;
  if (nearest === undefined) {
    return hasSteps
      ? { level: 'little', reason: 'No attempt at such a task is known; only patterns apply.' }
      : { level: 'none', reason: 'Nothing is known of such a task.' };
  }
  const alike = attempts.filter(isAlike);
  const tasks = countsOf(alike).tasks;
  if (tasks === 1) return { level: 'close', reason: `${endText(alike)} at what reads like the same task.` };
  if (tasks > 1) {
    return { level: 'related', reason: `${endText(alike)} at ${tasks} tasks that differ and read like it.` };
  }
  if (kindOfTask !== undefined) {
    const kind = `It is of a known kind, "${oneLine(kindOfTask.label, LABEL_CHARACTERS)}", with ${kindOfTask.size} attempts`;
    return { level: 'related', reason: `${kind}; none of them reads like the same task.` };
  }
  const words = nearest.sharedWords.slice(0, MAX_WORDS).map((word) => `"${oneLine(word, WORD_CHARACTERS)}"`);
  const shares = words.length === 0 ? 'no word' : words.join(', ');
  return isRelated(nearest)
    ? {
        level: 'related',
        reason: `${endText(baseOf(attempts))} at tasks like it; the nearest shares ${shares} with it.`,
      }
    : { level: 'little', reason: `Little to go by: the nearest task shares only ${shares} with it.` };
}

/** Attempts that ended, how many succeeded, and how many tasks they were at. */
interface Counts {
  readonly ended: number;
  readonly successes: number;
  readonly tasks: number;
}

/**
 * By the attempts at the same task, or at those that read like it. Low: the 95 % Wilson interval of the success rate (Wilson
 * 1927) lies above one half; high: below. Attempts at one other task say the same thing again, so that of several tasks each
 * counts once: the counts are divided by the mean number of attempts at a task, the design effect of clusters whose members
 * are all alike (Kish 1965). Where nothing alike was tried there is no word, as what is only related said it wrongly more
 * often than not: the reason tells how it went.
 */
export function riskOf({
  attempts,
  kindOfTask,
}: {
  readonly attempts: readonly SimilarAttempt[];
  readonly kindOfTask: TaskCluster | undefined;
}): Risk {
  const alike = countsOf(attempts.filter(isAlike));
  const isSame = alike.tasks === 1;
  const units = isSame ? alike.ended : alike.tasks;
  if (units < MIN_ENDED)
    return { level: 'unknown', reason: unknownRisk({ alike, found: countsOf(baseOf(attempts)), kindOfTask }) };
  const effect = alike.ended / units;
  const [low, high] = wilsonInterval(alike.successes / effect, units);
  const level = low > 0.5 ? 'low' : high < 0.5 ? 'high' : 'medium';
  const whose = isSame
    ? 'attempts at what reads like the same task'
    : `attempts at ${alike.tasks} tasks that read like it`;
  return { level, reason: `${alike.successes} of ${alike.ended} ${whose} succeeded.` };
}

function unknownRisk({
  alike,
  found,
  kindOfTask,
}: {
  readonly alike: Counts;
  readonly found: Counts;
  readonly kindOfTask: TaskCluster | undefined;
}): string {
  if (found.ended === 0 && (kindOfTask?.ended ?? 0) === 0) return 'No such attempt has ended.';
  const tried = alike.ended === 0 ? 'Nothing that reads like it was tried' : 'Too little that reads like it was tried';
  const [successes, ended, whose] =
    kindOfTask !== undefined && kindOfTask.ended > 0
      ? [kindOfTask.successes, kindOfTask.ended, 'attempts at this kind of task']
      : [found.successes, found.ended, 'related attempts'];
  return `${tried}; ${successes} of ${ended} ${whose} succeeded.`;
}

function countsOf(attempts: readonly SimilarAttempt[]): Counts {
  const tasks = new Set(attempts.map(({ episode }) => taskOf(episode))).size;
  return {
    ended: attempts.length,
    successes: attempts.filter(({ episode }) => episode.outcome.kind === 'success').length,
    tasks,
  };
}

function endText(attempts: readonly SimilarAttempt[]): string {
  const { ended, successes } = countsOf(attempts);
  if (ended === 1) return `1 attempt, which ${successes === 1 ? 'succeeded' : 'did not succeed'},`;
  return `${ended} attempts, ${successes} of which succeeded,`;
}
