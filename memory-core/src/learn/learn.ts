// What one completed episode teaches by itself. Pure.
import type { CompletedEpisode, Learning, Outcome, Step } from '../episode.ts';
import { checkEvidence } from './check-evidence.ts';
import { quality } from './quality.ts';
import { recoveredSteps, recoveries } from './recovery.ts';
import { reflect } from './reflect.ts';
import { reward } from './reward.ts';
import { touched } from './touched.ts';
import { traceSteps } from './trace-steps.ts';

export interface LearnInput {
  readonly description: string;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  /** Earlier attempts at such tasks, the most alike first. */
  readonly similar: readonly CompletedEpisode[];
  /** Share of steps that came to nothing in episodes of the scope that succeeded: quartiles. */
  readonly waste?: readonly [number, number, number] | undefined;
}

export function learn({ description, outcome, steps, waste }: LearnInput): Learning {
  const made = recoveries(steps);
  const recovered = recoveredSteps(steps);
  return {
    evidence: checkEvidence(steps),
    reward: reward({ outcome, steps, recoveredSteps: recovered, waste }),
    reflection: reflect({ outcome, steps, recoveries: made, recoveredSteps: recovered }),
    recoveries: made,
    quality: quality(description, outcome, steps),
    ...touched(steps),
    trace: traceSteps(steps),
  };
}
