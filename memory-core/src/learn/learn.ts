// What one completed episode teaches by itself. Pure.
import type { CompletedEpisode, Learning, Outcome, Step } from '../episode.ts';
import type { Attempt } from './attempt.ts';
import { checkRuns, keptEvidence } from './check-evidence.ts';
import { quality } from './quality.ts';
import { readSteps } from './read-step.ts';
import { madeGood, recoveredSteps, recoveries } from './recovery.ts';
import { reflect } from './reflect.ts';
import { reward } from './reward.ts';
import { salient } from './salient.ts';
import { summary } from './summary.ts';
import { touched } from './touched.ts';
import { tracedSteps } from './trace-steps.ts';

/** An attempt that ends, and what is known of others. */
export interface LearnInput {
  readonly description: string;
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  /** Earlier attempts at such tasks, the most alike first. */
  readonly similar: readonly CompletedEpisode[];
  /** Share of steps that came to nothing in episodes of the scope that succeeded: quartiles. */
  readonly waste?: readonly [number, number, number] | undefined;
}

/** What one episode teaches by itself: reward, reflection, recoveries, quality. */
export function learn({ description, outcome, steps: told, similar, waste }: LearnInput): Learning {
  const steps = readSteps(told);
  const checks = checkRuns(steps);
  const evidence = keptEvidence(checks);
  const good = madeGood(steps);
  const made = recoveries(steps, good);
  const recovered = recoveredSteps(steps, good);
  const places = touched(steps);
  const trace = tracedSteps(steps, recovered);
  const attempt: Attempt = {
    description,
    outcome,
    steps,
    recoveries: made,
    recoveredSteps: recovered,
    evidence,
    trace,
    touched: places.touched,
  };
  const reflection = reflect(attempt, similar);
  return {
    evidence,
    reward: reward({ outcome, steps, checks, recoveredSteps: recovered, waste }),
    reflection,
    recoveries: made,
    quality: quality(attempt, similar),
    ...places,
    salient: salient(attempt, reflection),
    summary: summary(attempt),
    trace,
  };
}
