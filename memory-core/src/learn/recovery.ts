// Errors that an episode made good, and how. Pure.
import { oneLine } from '../clip.ts';
import { type Recovery, resultText, type Step } from '../episode.ts';
import { errorExcerpt } from '../error-text.ts';

/** Recoveries kept of one episode. */
const MAX_RECOVERIES = 20;
/** Steps told of one fix. */
const MAX_FIX_STEPS = 8;

/**
 * Each error of an action that later succeeded, with what was done in between. The same action is the same tool with
 * the same command, or where it has none the same words. An error that came several times counts from its last time
 * on: what was tried before did not help. Of errors that followed each other each one counts: a change may only have
 * turned the one into the other.
 */
export function recoveries(steps: readonly Step[]): readonly Recovery[] {
  const found: Recovery[] = [];
  const unrecovered = new Map<string, Map<string, number>>();
  steps.forEach((step, index) => {
    const doing = signature(step);
    const errors = unrecovered.get(doing) ?? new Map<string, number>();
    if (step.result.type !== 'success') {
      unrecovered.set(doing, errors.set(errorExcerpt(resultText(step.result)), index));
      return;
    }
    unrecovered.delete(doing);
    for (const [error, failure] of errors) {
      const failed = steps[failure];
      if (failed === undefined) continue;
      found.push(toRecovery({ failed, fixed: step, error, between: steps.slice(failure + 1, index) }));
    }
  });
  return found.slice(0, MAX_RECOVERIES);
}

/** Numbers of the failed steps that a later success of the same action made good. */
export function recoveredSteps(steps: readonly Step[]): ReadonlySet<number> {
  const recovered = new Set<number>();
  const succeededLater = new Set<string>();
  for (const step of steps.toReversed()) {
    if (step.result.type === 'success') succeededLater.add(signature(step));
    else if (succeededLater.has(signature(step))) recovered.add(step.number);
  }
  return recovered;
}

/** A step in words, short enough for a list. */
export function stepText(step: Step): string {
  const why = step.rationale === undefined ? '' : ` (${oneLine(step.rationale, 160)})`;
  return `${step.tool}: ${oneLine(step.action, 200)}${why}`;
}

function signature(step: Step): string {
  const command = step.parameters.command;
  return `${step.tool}\n${typeof command === 'string' ? command : step.action}`;
}

function toRecovery(made: {
  readonly failed: Step;
  readonly fixed: Step;
  readonly error: string;
  readonly between: readonly Step[];
}): Recovery {
  const { failed, fixed, error, between } = made;
  const fix = between.filter((step) => step.result.type === 'success').slice(-MAX_FIX_STEPS);
  return {
    failedStep: failed.number,
    fixedStep: fixed.number,
    tool: failed.tool,
    action: oneLine(failed.action, 200),
    error,
    fix: fix.map(stepText),
    fixSteps: fix.map(({ number }) => number),
  };
}
