// How good an episode was, as one number with named parts. Pure.
import type { Outcome, Reward, Step } from '../episode.ts';
import { isVerification } from './verification.ts';

const OUTCOME_WEIGHT = 0.8;
const VERIFICATION_WEIGHT = 0.1;
const RECOVERY_WEIGHT = 0.1;

/**
 * `total = outcome + verification + recovery`, with o = the worth of the outcome:
 * - outcome = 0.8 · o. Success 1, partial 0.25 + 0.5 · the completed share, abstained 0.2, failure 0.
 * - verification = 0.1 · o · (1 if the last step that checked something succeeded, else 0).
 * - recovery = 0.1 · o · (1 − failed steps that were never made good / all steps).
 *
 * So it lies in 0–1, success ≥ partial ≥ failure for the same steps, more verification never lowers it, and an
 * episode that took longer is not worth less. What the steps show can strengthen an outcome, never replace it.
 */
export function reward(outcome: Outcome, steps: readonly Step[], recoveredSteps: ReadonlySet<number>): Reward {
  const worth = outcomeWorth(outcome);
  const parts = {
    outcome: OUTCOME_WEIGHT * worth,
    verification: VERIFICATION_WEIGHT * worth * (endsVerified(steps) ? 1 : 0),
    recovery: RECOVERY_WEIGHT * worth * (1 - unrecoveredShare(steps, recoveredSteps)),
  };
  return { total: parts.outcome + parts.verification + parts.recovery, parts };
}

function outcomeWorth(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'success':
      return 1;
    case 'partial': {
      const all = outcome.completed.length + outcome.failed.length;
      return 0.25 + 0.5 * (all === 0 ? 0.5 : outcome.completed.length / all);
    }
    case 'abstained':
      return 0.2;
    case 'failure':
      return 0;
  }
}

function endsVerified(steps: readonly Step[]): boolean {
  return steps.findLast(isVerification)?.result.type === 'success';
}

function unrecoveredShare(steps: readonly Step[], recoveredSteps: ReadonlySet<number>): number {
  if (steps.length === 0) return 0;
  const unrecovered = steps.filter((step) => step.result.type !== 'success' && !recoveredSteps.has(step.number));
  return unrecovered.length / steps.length;
}
