// What mining looks at: a regularity that some attempts hold, and those that they are compared with. Pure.
import { contentId } from '../../id.ts';
import type { ContextPattern, DecisionPoint, ErrorRecovery, Heuristic, Scope, ToolSequence } from '../../pattern.ts';
import { type Comparison, compare, type Group } from './comparison.ts';
import type { Corpus } from './corpus.ts';

type PatternContent<P> = P extends unknown
  ? Omit<
      P,
      | 'id'
      | 'version'
      | 'scope'
      | 'support'
      | 'successes'
      | 'tasks'
      | 'situation'
      | 'standing'
      | 'pValue'
      | 'heldOut'
      | 'firstSeen'
      | 'lastSeen'
      | 'history'
      | 'applied'
      | 'appliedSuccesses'
    >
  : never;

/** What a pattern says, without what is known of it. */
export type Content = PatternContent<ToolSequence | DecisionPoint | ErrorRecovery | ContextPattern | Heuristic>;

export interface Hypothesis {
  readonly content: Content;
  /** What names it among those of its kind: no count, label or example. */
  readonly key: readonly string[];
  /** In the order of the corpus. */
  readonly holders: readonly number[];
  readonly group: Group;
  /** The more is said, the higher: of two that say the same of the same attempts the simpler one is kept. */
  readonly complexity: number;
  /** Only the one of a set is shown that differs most; all of them are counted as looked at. */
  readonly rivals?: string;
  readonly comparison: Comparison;
}

/** A hypothesis with what comparing shows. */
export function hypothesis(proposed: Omit<Hypothesis, 'comparison'>, corpus: Corpus): Hypothesis {
  return { ...proposed, comparison: compare(proposed.holders, proposed.group, corpus) };
}

/** The same for the same content in the same scope, whatever is counted. */
export function patternId(scope: Scope, kind: Content['kind'], key: readonly string[]): string {
  return contentId(JSON.stringify([kind, scope.project ?? null, scope.domain ?? null, ...key]));
}
