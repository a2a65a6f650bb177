// What was forgotten, in its outward form.
import type { ForgetReceipt } from '../forget.ts';

/** What went, as tools and terminal show it. */
export interface ForgetResult {
  readonly dry_run: boolean;
  readonly episodes: number;
  /** Oldest first; the first 1,000. */
  readonly episode_ids: readonly string[];
  readonly steps: number;
  readonly evidence: number;
  readonly patterns_gone: number;
  /** The first 1,000. */
  readonly pattern_ids: readonly string[];
  readonly patterns_weakened: number;
  readonly recommendations_gone: number;
  readonly recommendations_changed: number;
  /** Of episodes that stay: told anew without words of what went. */
  readonly reflections_changed: number;
  readonly text_entries: number;
  readonly vectors: number;
}

/** What went, as tools and terminal show it. */
export function forgetResult(receipt: ForgetReceipt): ForgetResult {
  const { patterns, recommendations } = receipt;
  return {
    dry_run: receipt.isDryRun,
    episodes: receipt.episodes,
    episode_ids: receipt.episodeIds,
    steps: receipt.steps,
    evidence: receipt.evidence,
    patterns_gone: patterns.gone,
    pattern_ids: patterns.goneIds,
    patterns_weakened: patterns.weakened,
    recommendations_gone: recommendations.gone,
    recommendations_changed: recommendations.changed,
    reflections_changed: receipt.reflections,
    text_entries: receipt.textEntries,
    vectors: receipt.vectors,
  };
}

/** The receipt in a sentence or two. */
export function forgetText(result: ForgetResult): string {
  if (result.episodes === 0 && result.recommendations_gone === 0) return 'Nothing matches; nothing was changed.';
  const parts = [
    counted(result.episodes, 'episode', 'episodes'),
    counted(result.steps, 'step', 'steps'),
    counted(result.evidence, 'piece of evidence', 'pieces of evidence'),
    counted(result.patterns_gone, 'pattern', 'patterns'),
    counted(result.recommendations_gone, 'recommendation', 'recommendations'),
    counted(result.text_entries, 'entry of the text index', 'entries of the text index'),
    counted(result.vectors, 'vector', 'vectors'),
  ];
  const rests = [
    ...(result.patterns_weakened === 0 ? [] : [`${result.patterns_weakened} more patterns lose support`]),
    ...(result.recommendations_changed === 0
      ? []
      : [`${result.recommendations_changed} more recommendations no longer name them`]),
    ...(result.reflections_changed === 0
      ? []
      : [`${result.reflections_changed} reflections of other episodes are told anew without their words`]),
  ];
  const rest = rests.length === 0 ? '' : `; ${rests.join(', ')}`;
  return `${result.dry_run ? 'Would forget' : 'Forgot'} ${parts.flat().join(', ')}${rest}.`;
}

/** Nothing is said of what there is none of. */
function counted(count: number, one: string, many: string): readonly string[] {
  return count === 0 ? [] : [`${count} ${count === 1 ? one : many}`];
}
