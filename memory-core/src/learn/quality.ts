// How much an episode can be learnt from. Flags and weighs, never rejects. Pure.
import type { Outcome, Quality, QualityFlag, Step } from '../episode.ts';
import { isVerification } from './verification.ts';

/** `score` is the share of the four checks below that hold. */
export function quality(description: string, outcome: Outcome, steps: readonly Step[]): Quality {
  const checks: Readonly<Record<QualityFlag, boolean>> = {
    no_steps: steps.length > 0,
    no_evidence: steps.some(isVerification),
    unexplained_outcome: isExplained(outcome),
    short_description: description.trim().split(/\s+/u).length >= 3 || [...description].length >= 20,
  };
  // `Object.entries` widens the keys that the record above names.
  const entries = Object.entries(checks) as [QualityFlag, boolean][];
  const flags = entries.filter(([, holds]) => !holds).map(([flag]) => flag);
  return { score: 1 - flags.length / entries.length, flags };
}

function isExplained(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case 'success':
      return outcome.verdict !== undefined || outcome.artifacts.length > 0;
    case 'partial':
      return outcome.completed.length + outcome.failed.length > 0;
    case 'failure':
    case 'abstained':
      return outcome.reason !== undefined;
  }
}
