// Where figures go: counts and durations, told by whoever does the work. What is made of them is somebody else's.
import type { CounterName, LabelsOf, TimerName } from '../metrics/catalogue.ts';

/** Takes figures. It never throws and never waits. */
export interface Metrics {
  /** Adds `by`, or 1, to a counter. Labels are left out where it has none. */
  count<N extends CounterName>(counter: N, labels?: LabelsOf<N>, by?: number): void;
  /** Notes how long something took, in milliseconds. */
  time<N extends TimerName>(timer: N, labels: LabelsOf<N>, ms: number): void;
}

/** For who does not measure. */
export const NO_METRICS: Metrics = Object.freeze({ count() {}, time() {} });
