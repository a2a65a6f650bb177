// What one completed episode teaches by itself. Pure.
import type { Learning, Outcome, Step } from '../episode.ts';
import { quality } from './quality.ts';
import { recoveredSteps, recoveries } from './recovery.ts';
import { reflect } from './reflect.ts';
import { reward } from './reward.ts';
import { touched } from './touched.ts';

export function learn(description: string, outcome: Outcome, steps: readonly Step[]): Learning {
  const made = recoveries(steps);
  const recovered = recoveredSteps(steps);
  return {
    reward: reward(outcome, steps, recovered),
    reflection: reflect({ outcome, steps, recoveries: made, recoveredSteps: recovered }),
    recoveries: made,
    quality: quality(description, outcome, steps),
    ...touched(steps),
  };
}
