// Which kind of task one is that nobody has begun yet: by its words and circumstances alone. Pure.
import type { ClusterProfile, TaskCluster } from '../../cluster.ts';
import { type AskedTask, contextOf, wordsOf } from './task-features.ts';

/**
 * The kind whose profile fits best, and how well it does, 0–1; `undefined` where the task fits none as well as nine of
 * ten of its own episodes do.
 */
export function nearestCluster<C extends Pick<TaskCluster, 'profile'>>(
  task: AskedTask,
  clusters: readonly C[],
): { readonly cluster: C; readonly fit: number } | undefined {
  const asked = askedTerms(task);
  let best: { readonly cluster: C; readonly fit: number } | undefined;
  for (const cluster of clusters) {
    const fit = cluster.profile === undefined ? 0 : profileFit(asked, cluster.profile.terms);
    if (fit <= (best?.fit ?? 0) || fit < (cluster.profile?.reach ?? 0)) continue;
    best = { cluster, fit };
  }
  return best;
}

/** Distinct words and circumstances of a task. */
export function askedTerms(task: AskedTask): ReadonlySet<string> {
  return new Set([...wordsOf(task.description), ...contextOf(task)]);
}

/** The cosine of a task, each of its terms weighing the same, and a profile. */
export function profileFit(asked: ReadonlySet<string>, terms: ClusterProfile['terms']): number {
  const length = Math.sqrt(terms.reduce((sum, [, weight]) => sum + weight * weight, 0) * asked.size);
  const shared = terms.reduce((sum, [term, weight]) => (asked.has(term) ? sum + weight : sum), 0);
  return length === 0 ? 0 : shared / length;
}
