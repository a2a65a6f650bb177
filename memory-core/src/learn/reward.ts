// How good an episode was, as one number with named parts. Pure.
import type { Outcome, Reward } from '../episode.ts';
import type { CheckRun } from './check-evidence.ts';
import { type Coverage, coverageOf, coversAll } from './checks/coverage.ts';
import { isEdit, revertedSteps } from './checks/revert.ts';
import type { ReadStep } from './read-step.ts';
import { wasteOf } from './waste.ts';

/** The most that each part adds to what the outcome is worth. Together they are the height of a band. */
const MOST = { verification: 0.15, efficiency: 0.05, recovery: 0.1 } as const;

export interface RewardInput {
  readonly outcome: Outcome;
  readonly steps: readonly ReadStep[];
  /** What these show, from `checkRuns`. */
  readonly checks: readonly CheckRun[];
  /** Numbers of the failed steps that a later one made good. */
  readonly recoveredSteps: ReadonlySet<number>;
  /** Share of steps that came to nothing in episodes of the scope that succeeded: quartiles. */
  readonly waste?: readonly [number, number, number] | undefined;
}

/**
 * `total = outcome + verification + efficiency + recovery`. The outcome sets a band of 0.3, and what the steps show moves
 * the total within it: failure 0–0.3; partial 0.3–0.7, as 0.1 · the completed share is its own; success 0.7–1. Nobody
 * judged an abstained one, so that it lies in the middle, 0.35–0.65.
 * - verification = 0.15 · what the checks show, see `shownByChecks`.
 * - efficiency = 0.05 · how small the share of steps that came to nothing is beside that of comparable episodes, ½ where
 *   there is nothing to compare with. It is a share: that an episode took long does not count.
 * - recovery = 0.1 · (failed steps that were made good + 1) / (failed steps + 1), commands that only look left out.
 */
export function reward(input: RewardInput): Reward {
  const { outcome, steps, checks, recoveredSteps, waste: compared } = input;
  const waste = wasteOf(steps, recoveredSteps);
  const parts = {
    outcome: outcomeWorth(outcome),
    verification: MOST.verification * shownByChecks(checks, keptEdits(steps)),
    efficiency: MOST.efficiency * efficiency(waste, compared),
    recovery: MOST.recovery * recovery(steps, recoveredSteps),
  };
  return { total: parts.outcome + parts.verification + parts.efficiency + parts.recovery, parts, waste };
}

function outcomeWorth(outcome: Outcome): number {
  switch (outcome.kind) {
    case 'success':
      return 0.7;
    case 'partial': {
      const all = outcome.completed.length + outcome.failed.length;
      return 0.3 + 0.1 * (all === 0 ? 0.5 : outcome.completed.length / all);
    }
    case 'abstained':
      return 0.35;
    case 'failure':
      return 0;
  }
}

/**
 * How much a kind of check sees of the work, by halves: tests see what it does; types and a build all of it but not what
 * it does; a linter, one run of a program and that it was committed less. Work thrown away weighs like a failed test.
 */
const WEIGHTS: Readonly<Record<CheckRun['kind'], number>> = {
  test: 1,
  revert: 1,
  types: 0.5,
  build: 0.5,
  lint: 0.25,
  exit: 0.25,
  commit: 0.25,
};
/** What is believed before anything is seen, ½, weighs as much as this. */
const PRIOR_WEIGHT = 0.5;
const PASSED_BEFORE_EDIT = 0.75;

/** Numbers of the steps that changed something which was not thrown away later, the first and the last. */
interface Edits {
  readonly first: number;
  readonly last: number;
}

function keptEdits(steps: readonly ReadStep[]): Edits {
  const undone = new Set([...revertedSteps(steps).values()].flat());
  const isKept = (step: ReadStep): boolean =>
    step.result.type === 'success' && !undone.has(step.number) && isEdit(step);
  return {
    first: steps.find(isKept)?.number ?? Number.POSITIVE_INFINITY,
    last: steps.findLast(isKept)?.number ?? 0,
  };
}

/**
 * 0–1, ½ where nothing was checked: the mean of how each kind of check stands, weighed, with ½ for what is not known. A
 * kind stands as its weakest open check. What passed before the last change stands at ¾: halfway
 * to what is not known.
 */
function shownByChecks(runs: readonly CheckRun[], edits: Edits): number {
  let sum = PRIOR_WEIGHT / 2;
  let weight = PRIOR_WEIGHT;
  for (const [kind, { open, lastPassed }] of standings(runs, edits)) {
    const passed = lastPassed === undefined ? [] : [lastPassed < edits.last ? PASSED_BEFORE_EDIT : 1];
    sum += WEIGHTS[kind] * Math.min(...passed, ...open.map(({ stands }) => stands));
    weight += WEIGHTS[kind];
  }
  return sum / weight;
}

/** How a kind of check stands. */
interface Standing {
  /** Checks that failed, and have not passed since as a whole. */
  readonly open: readonly OpenCheck[];
  /** The step that passed last. */
  readonly lastPassed?: number | undefined;
}

interface OpenCheck {
  readonly coverage: Coverage;
  readonly isScript: boolean;
  /** Below 1. ½: it failed, and a part of it passed since. 0: it failed. */
  readonly stands: number;
  /** Tests that there were when some of them failed. */
  readonly owed: number;
}

/** Kept open of one kind: the newest. */
const MAX_OPEN = 64;

function standings(runs: readonly CheckRun[], edits: Edits): ReadonlyMap<CheckRun['kind'], Standing> {
  const found = new Map<CheckRun['kind'], Standing>();
  for (const run of runs) {
    found.set(run.kind, afterRun(found.get(run.kind) ?? { open: [] }, run));
    // What is tested or committed behind it was made anew, where anything is left or was made at all.
    if (run.isPassed && (run.kind === 'test' || run.kind === 'commit') && run.step >= edits.first) {
      found.delete('revert');
    }
  }
  return found;
}

/**
 * A check settles what it checked before, and if it passes a part of what checked more. Where tests failed, as many must
 * pass as there were: of tests that are taken out or skipped nobody knows.
 */
function afterRun({ open, lastPassed }: Standing, run: CheckRun): Standing {
  const check = { coverage: coverageOf(run), isScript: run.isScript };
  const covers = run.kind === 'exit' ? isSame : looksAtAll;
  const settled = open.filter((other) => covers(check, other));
  const others = open.filter((other) => !settled.includes(other));
  const owed = Math.max(0, ...settled.map((other) => other.owed));
  if (!run.isPassed) {
    const all = Math.max(owed, (run.passed ?? 0) + (run.failed ?? 0));
    return { open: [...others, { ...check, stands: 0, owed: all }].slice(-MAX_OPEN), lastPassed };
  }
  const share = owed === 0 || run.passed === undefined ? 1 : Math.min(1, run.passed / owed);
  const stands = Math.max(share, settled.length === 0 ? 0 : Math.min(...settled.map((other) => other.stands)));
  const partly = others.map((other) =>
    covers(other, check) ? { ...other, stands: Math.max(0.5, other.stands) } : other,
  );
  if (stands === 1) return { open: partly, lastPassed: run.step };
  return { open: [...partly, { ...check, stands, owed }], lastPassed };
}

type Checked = Pick<OpenCheck, 'coverage' | 'isScript'>;

/** A script or a named tool that did not say what it ran may have run anything of its kind. */
function looksAtAll(check: Checked, other: Checked): boolean {
  const isSameTool = check.coverage.tool === other.coverage.tool || check.isScript || other.isScript;
  return isSameTool && coversAll(check.coverage, other.coverage);
}

/** Of a program of the work nobody knows which words leave something out. */
function isSame(check: Checked, other: Checked): boolean {
  return (
    check.coverage.tool === other.coverage.tool &&
    coversAll(check.coverage, other.coverage) &&
    coversAll(other.coverage, check.coverage)
  );
}

/** Quartiles that lie nearer are taken as this far apart: a tenth of the steps is no difference worth telling. */
const MIN_SPREAD = 0.1;

/** ½ at the median of the others, 0 and 1 one interquartile range away from it. */
function efficiency(waste: number, compared: readonly [number, number, number] | undefined): number {
  if (compared === undefined) return 0.5;
  const [low, median, high] = compared;
  return Math.min(1, Math.max(0, 0.5 + (median - waste) / (2 * Math.max(MIN_SPREAD, high - low))));
}

/** Laplace's rule of succession, with nothing failed as good as all of it made good. */
function recovery(steps: readonly ReadStep[], recoveredSteps: ReadonlySet<number>): number {
  const failed = steps.filter((step) => step.result.type !== 'success' && !hasFoundNothing(step));
  const recovered = failed.filter(({ number }) => recoveredSteps.has(number));
  return (recovered.length + 1) / (failed.length + 1);
}

/** A command that looks fails where there is nothing to be found. */
function hasFoundNothing({ commands, isLooking }: ReadStep): boolean {
  return commands.length > 0 && isLooking;
}
