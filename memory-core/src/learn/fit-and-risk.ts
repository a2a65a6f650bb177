// How well what is known suits a task, and how likely such tasks are to fail, in words. Pure.
import { oneLine } from '../clip.ts';
import type { TaskCluster } from '../cluster.ts';
import type { CompletedEpisode } from '../episode.ts';
import { wilsonInterval } from '../pattern.ts';
import type { Fit, Risk } from '../recommendation.ts';
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
/** From this likeness on, an attempt is at a related task. */
const RELATED = ALIKE / 2;
/** Below so many attempts, or tasks, that ended nothing is said of the risk. */
const MIN_ENDED = 3;
const MAX_WORDS = 5;
const WORD_CHARACTERS = 40;
const LABEL_CHARACTERS = 120;

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
  const alike = attempts.filter(({ likeness }) => likeness >= ALIKE);
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
  return nearest.likeness >= RELATED
    ? { level: 'related', reason: `${endText(attempts)} at tasks like it; the nearest shares ${shares} with it.` }
    : { level: 'little', reason: `Little to go by: the nearest task shares only ${shares} with it.` };
}

/** Attempts that ended, how many succeeded, and how many count as independent of each other. */
interface Counts {
  readonly ended: number;
  readonly successes: number;
  readonly tasks: number;
  readonly units: number;
  readonly whose: string;
}

/**
 * By the attempts at the same task, where enough of them have ended; else by those at tasks that read like it, those of its
 * kind, or whatever is like it. Low: the 95 % Wilson interval of the success rate (Wilson 1927) lies above one half; high:
 * below. Attempts at one other task say the same thing again, so that of several tasks each counts once: the counts are
 * divided by the mean number of attempts at a task, the design effect of clusters whose members are all alike (Kish 1965).
 */
export function riskOf({
  attempts,
  kindOfTask,
}: {
  readonly attempts: readonly SimilarAttempt[];
  readonly kindOfTask: TaskCluster | undefined;
}): Risk {
  const alike = countsOf(attempts.filter(({ likeness }) => likeness >= ALIKE));
  const found = countsOf(attempts);
  const { ended: inKind = 0, successes = 0 } = kindOfTask ?? {};
  const perTask = found.tasks === 0 ? 1 : found.ended / found.tasks;
  const kind = { ended: inKind, successes, tasks: inKind / perTask, units: inKind / perTask };
  const sources: readonly Counts[] = [
    alike.tasks === 1
      ? { ...alike, units: alike.ended, whose: 'attempts at what reads like the same task' }
      : { ...alike, whose: `attempts at ${alike.tasks} tasks that read like it` },
    { ...kind, whose: 'attempts at this kind of task' },
    { ...found, whose: `attempts at ${found.tasks} tasks like it` },
  ];
  const chosen = sources.find(({ units }) => units >= MIN_ENDED);
  if (chosen === undefined) {
    const few = found.ended === 1 ? 'Only 1 such attempt has ended.' : `Only ${found.ended} such attempts have ended.`;
    return { level: 'unknown', reason: found.ended === 0 ? 'No such attempt has ended.' : few };
  }
  const effect = chosen.ended / chosen.units;
  const [low, high] = wilsonInterval(chosen.successes / effect, chosen.units);
  const level = low > 0.5 ? 'low' : high < 0.5 ? 'high' : 'medium';
  return { level, reason: `${chosen.successes} of ${chosen.ended} ${chosen.whose} succeeded.` };
}

function countsOf(attempts: readonly SimilarAttempt[]): Omit<Counts, 'whose'> {
  const tasks = new Set(attempts.map(({ episode }) => taskOf(episode))).size;
  return {
    ended: attempts.length,
    successes: attempts.filter(({ episode }) => episode.outcome.kind === 'success').length,
    tasks,
    units: tasks,
  };
}

function endText(attempts: readonly SimilarAttempt[]): string {
  const { ended, successes } = countsOf(attempts);
  if (ended === 1) return `1 attempt, which ${successes === 1 ? 'succeeded' : 'did not succeed'},`;
  return `${ended} attempts, ${successes} of which succeeded,`;
}
