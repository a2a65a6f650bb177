// What mining looks at: a regularity that some attempts hold, and those that they are compared with. Pure.
import { contentId } from '../../id.ts';
import type { ContextPattern, DecisionPoint, ErrorRecovery, Heuristic, Scope, ToolSequence } from '../../pattern.ts';
import { type Comparison, compare, type Group } from './comparison.ts';
import { type Corpus, order } from './corpus.ts';

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

export interface Proposal {
  readonly content: Content;
  /** What names it among those of its kind: no count, label or example. */
  readonly key: readonly string[];
  /** In the order of the corpus. */
  readonly holders: readonly number[];
  /** What it is made of, by number and in order. Empty where it is not made of acts. */
  readonly acts: readonly number[];
  readonly group: Group;
  /** The more is said, the higher: of two that say the same of the same attempts the simpler one is kept. */
  readonly complexity: number;
  /** Only the one of a set is shown that differs most; all of them are counted as looked at. */
  readonly rivals?: string;
}

export interface Hypothesis extends Proposal {
  readonly comparison: Comparison;
}

/** Hypotheses of one kind that are looked at in one run. */
const MAX_HYPOTHESES = 2_000;

/**
 * The proposals that most attempts hold, with what comparing shows. How many hold one is known before any outcome is
 * looked at: what is left out here needs no correction.
 */
export function hypotheses(proposals: readonly Proposal[], corpus: Corpus): readonly Hypothesis[] {
  const chosen = proposals.length <= MAX_HYPOTHESES ? proposals : mostHeld(proposals);
  return chosen.map((proposal) => ({ ...proposal, comparison: compare(proposal.holders, proposal.group, corpus) }));
}

function mostHeld(proposals: readonly Proposal[]): readonly Proposal[] {
  return [...proposals].sort((a, b) => b.holders.length - a.holders.length || byKey(a, b)).slice(0, MAX_HYPOTHESES);
}

/** An order that depends on what is said alone. */
export function byKey(a: Proposal, b: Proposal): number {
  const place = a.key.findIndex((part, at) => part !== b.key[at]);
  return place < 0 ? a.key.length - b.key.length : order(a.key[place] ?? '', b.key[place] ?? '');
}

/** The same for the same content in the same scope, whatever is counted. */
export function patternId(scope: Scope, kind: Content['kind'], key: readonly string[]): string {
  return contentId(JSON.stringify([kind, scope.project ?? null, scope.domain ?? null, ...key]));
}
