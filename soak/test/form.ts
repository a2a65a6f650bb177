// How long the proofs run: briefly with every `npm test`, in full with `npm run test:soak`. The counts are data, and
// the tests are the same.
import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Set by the configuration. */
    form: 'short' | 'long';
  }
}

const COUNTS = {
  /** Rounds of `kill -9`. */
  kills: { short: 6, long: 200 },
  /** Time that the processes run side by side, for each load. */
  neighboursMs: { short: 1_500, long: 60_000 },
  /** Runs with faults injected at random, of each store. */
  faultRuns: { short: 12, long: 500 },
  /** Runs over a network that fails at random, half of them over each transport. */
  wireRuns: { short: 12, long: 500 },
  /** Completions that meet a step of another process. */
  races: { short: 20, long: 1_000 },
  /** Time that processes on several machines work on one database behind a network that fails. */
  remoteMs: { short: 2_000, long: 60_000 },
  /** How many of a hundred questions go wrong there: more in a short time, so that each kind comes up. */
  faultPercent: { short: 5, long: 1 },
  /** The same with one of two machines cut off for a third of the time. */
  cutOffMs: { short: 2_400, long: 30_000 },
  /** The same with replicas on some of the machines. */
  replicasMs: { short: 2_000, long: 60_000 },
  /** Steps of a store that is moved, and how often that is killed. */
  moveSteps: { short: 2_000, long: 100_000 },
  moveKills: { short: 4, long: 60 },
  /** Steps exported and imported. */
  transferSteps: { short: 3_000, long: 100_000 },
  /** Programs in the sandbox, one after another; rounds of all attacks; rounds of twenty stuck callers. */
  sandboxRuns: { short: 100, long: 10_000 },
  attackRounds: { short: 1, long: 10 },
  stuckRounds: { short: 1, long: 10 },
} as const;

const form = inject('form');

/** How many, or how long. */
export function countOf(what: keyof typeof COUNTS): number {
  return COUNTS[what][form];
}

/** A seed for this run. A failure tells it; to repeat that run, put it here. */
export function newSeed(): number {
  return Math.floor(Math.random() * 1_000_000);
}

/** Says a figure, where there is time to read it. */
export function report(text: string): void {
  if (form === 'long') process.stdout.write(`${text}\n`);
}

/** Whether there is time for what is spared in the short form. */
export function isLong(): boolean {
  return form === 'long';
}
